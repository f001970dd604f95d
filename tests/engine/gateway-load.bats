#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file asks much of one connection of cri-gateway: many calls at once, big messages both ways, and clients that do not read.

load lib.bash
load gateway.bash

setup_file() {
    engine_up
    client_up
    # A docker whose answers are files, or else the engine's.
    export ANSWER=$BATS_FILE_TMPDIR/answer
    stand_in "$BATS_FILE_TMPDIR/docker-or-answer" <<'END'
[ ! -e "$ANSWER" ] || exec "$ANSWER" "$@"
exec docker "$@"
END
    export SOCKET=$BATS_FILE_TMPDIR/cri.sock
    listening "$SOCKET"
    export SERVER
}

teardown_file() {
    kill "$SERVER"
    engine_down
}

setup() {
    export CRI_ONESHOT_DOCKER=$BATS_FILE_TMPDIR/docker-or-answer
}

teardown() {
    rm -f "$ANSWER"
    servers_down
}

# answering: the shell script on standard input is docker until the end of the test.
answering() {
    {
        echo '#!/bin/sh'
        cat
    } >"$ANSWER.new"
    chmod +x "$ANSWER.new"
    mv "$ANSWER.new" "$ANSWER"
}

# load_of: a scenario; SERVER is the listener's number.
load_of() {
    {
        cat <<'END'
from concurrent.futures import ThreadPoolExecutor
import hashlib
import h2_client
SOCKET, SERVER = os.environ["SOCKET"], int(os.environ["SERVER"])

def padded(size):
    """A message whose only field is none of the CRI's, of this many bytes in all."""
    head = b"\xc2\x3e"  # field 1000
    for digits in range(1, 6):
        length = size - len(head) - digits
        varint = b"".join(bytes([length >> 7 * i & 127 | (128 if i < digits - 1 else 0)]) for i in range(digits))
        if length >> 7 * digits == 0:
            return head + varint + b"x" * length
END
        cat
    } | scenario "$@"
}

# ---- many calls

@test "200 calls on one connection with 32 in flight: each gets its own answer" {
    load_of <<'END'
with Cri(SOCKET) as cri:
    pod = Pod(cri, "many")
    app = pod.start("app")
    def call(i):
        if i % 4 == 0:
            return same(cri.Version().runtime_name, "docker")
        if i % 4 == 1:
            return same([c.id for c in cri.ListContainers(filter={"pod_sandbox_id": pod.id}).containers], [app])
        if i % 4 == 2:
            return same(cri.ContainerStatus(container_id=app[:13]).status.id, app)
        return same(cri.ExecSync(container_id=app[:13], cmd=["echo", str(i)]).stdout, b"%d\n" % i)
    with ThreadPoolExecutor(32) as pool:
        same(len(list(pool.map(call, range(200)))), 200)
    same(len(connections(SERVER)), 1)
    same(len(children(connection_of(SERVER))), 0)
    cri.RemovePodSandbox(pod_sandbox_id=pod.id)
END
}

@test "translators at once are never more than CRI_GATEWAY_CHILDREN, and 300 calls all get through" {
    export COUNTS=$BATS_TEST_TMPDIR/counts RUNNING=$BATS_TEST_TMPDIR/running CRI_GATEWAY_CHILDREN=4
    mkdir "$RUNNING"
    export CRI_GATEWAY_TRANSLATOR=$BATS_TEST_TMPDIR/translator
    cat >"$CRI_GATEWAY_TRANSLATOR" <<'END'
#!/bin/sh
: >"$RUNNING/$$"
set -- "$RUNNING"/*
echo $# >>"$COUNTS"
"$CRI_ONESHOT"
rm "$RUNNING/$$"
END
    chmod +x "$CRI_GATEWAY_TRANSLATOR"
    answering <<<'echo "{\"Server\": {\"Version\": \"1.2.3\"}}"'
    listening "$BATS_TEST_TMPDIR/cri.sock"
    load_of "$BATS_TEST_TMPDIR/cri.sock" <<'END'
with Cri(sys.argv[1]) as cri:
    futures = [cri.Version(future=True) for _ in range(300)]
    same({future.result().runtime_version for future in futures}, {"1.2.3"})
counts = [int(line) for line in open(os.environ["COUNTS"], encoding="utf-8")]
same([len(counts), max(counts)], [300, 4])
END
}

@test "steps of composed calls count as translators, too" {
    export COUNTS=$BATS_TEST_TMPDIR/counts RUNNING=$BATS_TEST_TMPDIR/running CRI_GATEWAY_CHILDREN=2
    mkdir "$RUNNING"
    stand_in "$BATS_TEST_TMPDIR/docker" <<'END'
verb=$1
: >"$RUNNING/$$"
set -- "$RUNNING"/*
echo $# >>"$COUNTS"
sleep 0.02
rm "$RUNNING/$$"
[ "$verb" != ps ] || exit 0
echo "Error response from daemon: No such container: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" >&2
exit 1
END
    listening "$BATS_TEST_TMPDIR/cri.sock"
    load_of "$BATS_TEST_TMPDIR/cri.sock" <<'END'
with Cri(sys.argv[1]) as cri:
    futures = [cri.RemovePodSandbox(pod_sandbox_id=UNKNOWN, future=True) for _ in range(30)]
    futures += [cri.StartContainer(container_id=UNKNOWN, future=True) for _ in range(30)]
    for future in futures[:30]:
        same(document(future.result()), {})
    for future in futures[30:]:
        refused(Code.NOT_FOUND, future.result, "ContainerStatus: ")
same(max(int(line) for line in open(os.environ["COUNTS"], encoding="utf-8")), 2)
END
}

# one_child: one translator at once; docker notes its calls in $CALLS, and docker info takes until there is a file $GO.
one_child() {
    export CALLS=$BATS_TEST_TMPDIR/calls GO=$BATS_TEST_TMPDIR/go CRI_GATEWAY_CHILDREN=1
    stand_in "$BATS_TEST_TMPDIR/docker" <<'END'
echo "$1" >>"$CALLS"
while [ "$1" = info ] && [ ! -e "$GO" ]; do
    sleep 0.05
done
echo '{"Server": {"Version": "1.2.3"}}'
END
}

@test "a call that waits for its turn past its deadline is DEADLINE_EXCEEDED, and no docker runs for it" {
    one_child
    listening "$BATS_TEST_TMPDIR/cri.sock"
    load_of "$BATS_TEST_TMPDIR/cri.sock" <<'END'
connection = h2_client.Connection(sys.argv[1])
first = connection.call("RuntimeConfig")
eventually(lambda: os.path.exists(os.environ["CALLS"]), "the first call's docker")
late = [connection.call("Version", grpc_timeout="200m") for _ in range(3)]
patient = connection.call("Version", grpc_timeout="30S")
for stream in late:
    answer = connection.answer(stream, PROMPT)
    same([answer.status(), answer.messages()], [4, []], answer.text())
    says(answer.text(), "too many calls")
same([connection.answers[stream].ended for stream in (first, patient)], [False, False])
open(os.environ["GO"], "w").close()
same(connection.answer(patient).status(), 0)
same(connection.answers[first].ended, True)
same(open(os.environ["CALLS"], encoding="utf-8").read().split(), ["info", "version"])
END
}

@test "a call that waits and is cancelled never runs" {
    one_child
    listening "$BATS_TEST_TMPDIR/cri.sock"
    load_of "$BATS_TEST_TMPDIR/cri.sock" <<'END'
with Cri(sys.argv[1]) as cri:
    first = cri.RuntimeConfig(future=True)
    eventually(lambda: os.path.exists(os.environ["CALLS"]), "the first call's docker")
    waiting = [cri.ListImages(future=True) for _ in range(5)]
    time.sleep(0.1)
    for future in waiting:
        future.cancel()
    last = cri.Version(future=True)
    time.sleep(0.1)
    open(os.environ["GO"], "w").close()
    same(last.result().runtime_version, "1.2.3")
    first.result()
same(open(os.environ["CALLS"], encoding="utf-8").read().split(), ["info", "version"])
END
}

# ---- big answers

@test "10 MiB of a command's output through small windows, byte for byte" {
    load_of <<'END'
count = 1500000
wanted = b"".join(b"%d\n" % i for i in range(1, count + 1))
assert len(wanted) > 10 * 2**20
with Cri(SOCKET, [("grpc.http2.lookahead_bytes", 4096), ("grpc.http2.bdp_probe", 0), ("grpc.http2.max_frame_size", 16384)]) as cri:
    pod = Pod(cri, "big")
    app = pod.start("app")
    answer = cri.ExecSync(container_id=app[:13], cmd=["seq", "1", str(count)])
    same([len(answer.stdout), answer.stderr, answer.exit_code], [len(wanted), b"", 0])
    assert answer.stdout == wanted
    answer = cri.ExecSync(container_id=app[:13], cmd=["sh", "-c", "seq 1 1500000 >&2; exit 3"])
    assert answer.stderr == wanted
    same([answer.stdout, answer.exit_code], [b"", 3])
    # A client that holds to its window whatever comes.
    connection = h2_client.Connection(SOCKET, window=10000)
    stream = connection.call("ExecSync", api.ExecSyncRequest(container_id=app[:13], cmd=["seq", "1", str(count)]))
    answer = connection.answer(stream)
    same([answer.status(), answer.headers[":status"], answer.headers["content-type"]], [0, "200", "application/grpc"])
    same(len(answer.messages()), 1)
    assert api.ExecSyncResponse.FromString(answer.messages()[0]).stdout == wanted
    # What is too much for a message is cut off, as the CRI says.
    answer = cri.ExecSync(container_id=app[:13], cmd=["seq", "1", "3000000"])
    assert 15 * 2**20 < len(answer.stdout) < 16 * 2**20, len(answer.stdout)
    cri.RemovePodSandbox(pod_sandbox_id=pod.id)
END
}

@test "a list of 10,000 containers, and the stream of them; the gateway's process stays below 8 MiB" {
    /usr/bin/python3 - >"$BATS_TEST_TMPDIR/lines" <<'END'
import json
for i in range(10000):
    record = {"pod": {"name": f"pod{i}", "namespace": "default", "uid": f"u{i}"}, "labels": {"app": f"app{i}"},
              "annotations": {"note": "n" * 300}, "container": {"name": "app"}, "sandbox": "%064x" % i}
    print(json.dumps(["%064x" % (i + 2**32), "running", "2026-11-24 12:00:00 +0000 UTC", "busybox:test", f"k8s_app_pod{i}_default_u{i}_0",
                      "", "%064x" % i, json.dumps(record)] + [""] * 7))
END
    answering <<<"exec cat $BATS_TEST_TMPDIR/lines"
    load_of <<'END'
with Cri(SOCKET) as cri:
    listed = list(cri.ListContainers().containers)
    same(len(listed), 10000)
    same(sorted(c.id for c in listed), ["%064x" % (i + 2**32) for i in range(10000)])
    streamed = [c for part in cri.StreamContainers() for c in part.containers]
    assert streamed == listed
    peak = kib(connection_of(SERVER), "VmHWM")
    print(f"# peak of the connection's process: {peak} KiB")
    assert peak < MOST_KIB, peak
END
}

@test "a client that does not read does not make the gateway grow, and its other calls are answered" {
    cat >"$BATS_TEST_TMPDIR/answer" <<'END'
case $1 in
version) echo '{"Server": {"Version": "1.2.3"}}' ;;
exec) exec head -c 16000000 /dev/zero ;;
events) while :; do printf '%s\n' "$EVENT"; done ;;
esac
END
    EVENT='{"status":"start","id":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","Type":"container","Action":"start",'
    EVENT+='"Actor":{"ID":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","Attributes":{"name":"k8s_app_p_n_u_0",'
    EVENT+='"io.kubernetes.docker.type":"container"}},"scope":"local","time":1795645802,"timeNano":1795645802111914220}'
    export EVENT
    sed -i "s|^events.*|events) while :; do printf '%s\\\\n' '$EVENT'; done ;;|" "$BATS_TEST_TMPDIR/answer"
    answering <"$BATS_TEST_TMPDIR/answer"
    load_of <<'END'
connection = h2_client.Connection(SOCKET, connection_window=2**20, patient=True)
big = connection.call("ExecSync", api.ExecSyncRequest(container_id=UNKNOWN, cmd=["x"]))
events = connection.call("GetContainerEvents")
answers = [connection.answers[stream] for stream in (big, events)]
assert connection.wait(lambda: all(len(answer.body) == 65535 for answer in answers)), [len(a.body) for a in answers]
assert len(answers[1].messages()) > 50
pid = connection_of(SERVER)
time.sleep(1)
before = kib(pid, "VmRSS")
for _ in range(5):
    answer = connection.answer(connection.call("Version"))
    same([answer.status(), api.VersionResponse.FromString(answer.messages()[0]).runtime_version], [0, "1.2.3"])
time.sleep(1)
print(f"# the connection's process, resident: {before} KiB, then {kib(pid, 'VmRSS')} KiB, at the most {kib(pid, 'VmHWM')} KiB")
assert kib(pid, "VmHWM") < MOST_KIB
assert kib(pid, "VmRSS") - before < 512
# Now it reads.
connection.patient = False
for answer in answers:
    connection.http2.acknowledge_received_data(len(answer.body), big if answer is answers[0] else events)
connection.flush()
answer = connection.answer(big)
same([answer.status(), len(api.ExecSyncResponse.FromString(answer.messages()[0]).stdout)], [0, 16000000])
assert kib(pid, "VmHWM") < MOST_KIB, kib(pid, "VmHWM")
connection.close()
eventually(lambda: not workers(), "the end of docker events")
END
}

@test "a client that does not even read its socket does not make the gateway grow" {
    answering <<<'exec head -c 12000000 /dev/zero'
    load_of <<'END'
connection = h2_client.Connection(SOCKET, window=2**31 - 1, connection_window=2**31 - 1)
streams = [connection.call("ExecSync", api.ExecSyncRequest(container_id=UNKNOWN, cmd=["x"])) for _ in range(2)]
pid = connection_of(SERVER)
eventually(lambda: [process.name for process in workers()] == ["cri-oneshot"] * 2, "two translators that have all of docker's output", 20)
time.sleep(1)
print(f"# the connection's process, at the most: {kib(pid, 'VmHWM')} KiB")
assert kib(pid, "VmHWM") < MOST_KIB
for stream in streams:
    answer = connection.answer(stream)
    same([answer.status(), len(api.ExecSyncResponse.FromString(answer.messages()[0]).stdout)], [0, 12000000])
assert kib(pid, "VmHWM") < MOST_KIB, kib(pid, "VmHWM")
END
}

# ---- big requests

@test "a request of 10 MiB and one of almost 16 MiB are read; over 16 MiB is RESOURCE_EXHAUSTED; the connection goes on" {
    answering <<<'echo "{\"Server\": {\"Version\": \"1.2.3\"}}"'
    load_of <<'END'
with Cri(SOCKET) as cri:
    for size in (10 * 2**20, 16 * 2**20 - 100):
        same(cri.Version(padded(size)).runtime_version, "1.2.3")
    for size in (16 * 2**20, 16 * 2**20 + 1, 20 * 2**20, 40 * 2**20):
        refused(Code.RESOURCE_EXHAUSTED, lambda: cri.Version(padded(size)))
        same(cri.Version().runtime_version, "1.2.3")
    # A message of 16 MiB that is composed of several: each of its steps is small, but for the last.
    refused(Code.NOT_FOUND, lambda: cri.StartContainer(padded(10 * 2**20)))
    pid = connection_of(SERVER)
    print(f"# the connection's process, resident: {kib(pid, 'VmRSS')} KiB")
    assert SANITIZED or kib(pid, "VmRSS") < 8192, kib(pid, "VmRSS")
END
}

@test "many big requests at once do not make the gateway grow without bounds" {
    answering <<<'sleep 0.2; echo "{\"Server\": {\"Version\": \"1.2.3\"}}"'
    load_of <<'END'
with Cri(SOCKET) as cri:
    futures = [cri.Version(padded(15 * 2**20), future=True) for _ in range(20)]
    codes = [future.code() for future in futures]
    assert set(codes) <= {Code.OK, Code.RESOURCE_EXHAUSTED} and Code.OK in codes, codes
    pid = connection_of(SERVER)
    print(f"# {codes.count(Code.OK)} of 20 well; the connection's process, at the most: {kib(pid, 'VmHWM')} KiB")
    assert SANITIZED or kib(pid, "VmHWM") < 200 * 1024, kib(pid, "VmHWM")
    same(cri.Version().runtime_version, "1.2.3")
END
}

# ---- a long life

@test "after 2,000 calls the connection's process is as big as after 500, and has no more descriptors" {
    export CRI_GATEWAY_TRANSLATOR=$BATS_TEST_TMPDIR/translator
    # Half of the calls are well, half fail.
    printf '#!/bin/sh\nread -r x\nprintf "\\\\002\\\\122\\\\000"\n' >"$CRI_GATEWAY_TRANSLATOR"
    chmod +x "$CRI_GATEWAY_TRANSLATOR"
    listening "$BATS_TEST_TMPDIR/cri.sock"
    export LISTENER=$SERVER
    load_of "$BATS_TEST_TMPDIR/cri.sock" <<'END'
with Cri(sys.argv[1]) as cri:
    pid = None
    def round(count):
        for _ in range(count // 20):
            for future in [cri.Version(future=True) if i % 2 else cri.StopContainer(container_id=UNKNOWN, future=True) for i in range(20)]:
                future.exception()
        return kib(pid, "VmRSS"), len(os.listdir(f"/proc/{pid}/fd"))
    cri.Version(future=True).exception()
    pid = connection_of(int(os.environ["LISTENER"]))
    (before, fds), (after, fds_after) = round(500), round(1500)
    print(f"# resident after 500 calls {before} KiB, after 2,000 {after} KiB")
    assert after - before < 256 or SANITIZED, (before, after)
    same(fds_after, fds)
END
}

@test "no server has written a word" {
    said_nothing "$SOCKET.log"
}
