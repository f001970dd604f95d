#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file reads the streaming RPCs' answers as they come, from stand-ins for docker: many, slow, broken and endless ones.
# No engine.

bats_require_minimum_version 1.5.0

setup_file() {
    ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    BUILD=$(realpath -m "${BUILD:-$ROOT/build}")
    export CRI_ONESHOT=$BUILD/bin/cri-oneshot CRI_FRAME=$BUILD/bin/cri-frame
    export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
    export PYTHONPATH=$BATS_FILE_TMPDIR/modules
    unset CRI_ONESHOT_TRACE CRI_ONESHOT_MAX_REQUEST CRI_ONESHOT_READ_TIMEOUT
    mkdir "$PYTHONPATH"
    protoc --proto_path="$ROOT/proto" --python_out="$PYTHONPATH" runtime/v1/api.proto oneshot/v1/oneshot.proto
    write_client
    write_lines 40000
    for count in 1000 10000; do
        for name in containers pods; do
            head -n "$count" "$BATS_FILE_TMPDIR/$name.40000" >"$BATS_FILE_TMPDIR/$name.$count"
        done
    done
}

# A client that reads one response at a time.
write_client() {
    cat >"$PYTHONPATH/client.py" <<'END'
import json, os, re, select, socket, subprocess, sys, time
from google.protobuf import json_format
from google.protobuf.internal.encoder import _VarintBytes
from oneshot.v1 import oneshot_pb2

FOLDER = os.environ["BATS_TEST_TMPDIR"]
PROMPT = 3  # seconds in which something must happen that takes no time: the machine may be busy


def same(seen, wanted):
    if seen != wanted:
        sys.exit(f"seen:   {seen!r}\nwanted: {wanted!r}")


class Stream:
    def __init__(self, method, request=None, over="pipe", timeout_ms=0):
        self.field = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", method).lower()
        message = oneshot_pb2.Request(timeout_ms=timeout_ms)
        json_format.Parse(json.dumps({self.field: request or {}}), message)
        body = message.SerializeToString()
        if over == "pipe":
            self.fd, theirs = os.pipe()
            self.process = subprocess.Popen([os.environ["CRI_ONESHOT"]], stdin=subprocess.PIPE, stdout=theirs)
            os.close(theirs)
            self.process.stdin.write(_VarintBytes(len(body)) + body)
            self.process.stdin.close()
        else:
            ours, theirs = socket.socketpair()
            self.process = subprocess.Popen([os.environ["CRI_ONESHOT"]], stdin=theirs, stdout=theirs, stderr=theirs)
            theirs.close()
            ours.sendall(_VarintBytes(len(body)) + body)
            self.fd = ours.detach()
        self.data = b""

    def fill(self, count, within=60):
        """False at the end."""
        until = time.monotonic() + within
        while len(self.data) < count:
            if not select.select([self.fd], [], [], max(0, until - time.monotonic()))[0]:
                sys.exit(f"nothing came in {within} seconds")
            part = os.read(self.fd, 65536)
            if not part:
                return False
            self.data += part
        return True

    def next(self, within=60):
        length = shift = 0
        while True:
            if not self.fill(1, within):
                return None
            byte, self.data = self.data[0], self.data[1:]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        if not self.fill(length, within):
            sys.exit("a response is cut off")
        body, self.data = self.data[:length], self.data[length:]
        return oneshot_pb2.Response.FromString(body)

    def item(self, within=60):
        """The result of a response that has one."""
        response = self.next(within)
        if response is None or response.WhichOneof("result") != self.field or response.HasField("outcome"):
            sys.exit(f"no result: {response}")
        return getattr(response, self.field)

    def rest(self):
        """All the results, and the closing outcome, after which nothing may come."""
        results = []
        while True:
            response = self.next()
            if response is None:
                sys.exit(f"no closing outcome after {len(results)} results")
            if response.WhichOneof("result") is None:
                same(self.next(), None)
                same(self.process.wait(PROMPT), 0)
                return results, response.outcome
            same(response.HasField("outcome"), False)
            results.append(getattr(response, self.field))


def processes():
    """Those that the stand-in of this test has left."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            environ = open(f"/proc/{pid}/environ", "rb").read()
            state = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if f"STANDIN={FOLDER}\0".encode() in environ and state != "Z":
            found.append(int(pid))
    return found


def wait_until(what, within=PROMPT):
    until = time.monotonic() + within
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
END
}

# write_lines COUNT: what docker ps prints for as many containers, and pods, in the columns that are asked for.
write_lines() {
    /usr/bin/python3 - "$1" "$BATS_FILE_TMPDIR" <<'END'
import json, sys
count, folder = int(sys.argv[1]), sys.argv[2]
with open(f"{folder}/containers.{count}", "w") as containers, open(f"{folder}/pods.{count}", "w") as pods:
    for i in range(count):
        record = {"pod": {"name": f"pod{i}", "namespace": "default", "uid": f"u{i}"},
                  "labels": {"app": f"app{i % 10}"}, "annotations": {"example.org/note": "n" * 200}}
        line = lambda id, name, sandbox, record: json.dumps([
            "%064x" % id, "running", "2026-11-24 12:00:00 +0000 UTC", "busybox:test", f"k8s_{name}_pod{i}_default_u{i}_0", "",
            sandbox, json.dumps(record)] + [""] * 7) + "\n"
        pods.write(line(i + 1, "POD", "", record))
        sandbox = "%064x" % (i + 1)
        containers.write(line(i + 2**32, "app", sandbox, dict(record, container={"name": "app"}, sandbox=sandbox)))
END
}

# stand_in: the shell script on standard input is docker from here on; all its processes carry STANDIN.
stand_in() {
    {
        echo '#!/bin/sh'
        echo "[ -n \"\$STANDIN\" ] || STANDIN=$BATS_TEST_TMPDIR exec \"\$0\" \"\$@\""
        cat
    } >"$BATS_TEST_TMPDIR/docker"
    chmod +x "$BATS_TEST_TMPDIR/docker"
    export CRI_ONESHOT_DOCKER=$BATS_TEST_TMPDIR/docker
}

# run_client: the Python on standard input, with client.py's names.
run_client() {
    {
        echo 'from client import *'
        cat
    } >"$BATS_TEST_TMPDIR/test.py"
    timeout 120 /usr/bin/python3 "$BATS_TEST_TMPDIR/test.py" "$@"
}

# printing FILE: a docker that prints it, and then writes the peak memory of its parent, in KiB.
printing() {
    stand_in <<END
cat "$1"
sleep 0.2
sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/\$PPID/status" >"$BATS_TEST_TMPDIR/peak"
END
}

# peak METHOD FILE FIELD COUNT: all of a stream, and the peak memory of cri-oneshot, in KiB, on standard output.
peak() {
    printing "$2"
    run_client "$1" "$3" "$4" <<'END'
method, field, count = sys.argv[1:]
stream = Stream(method)
time.sleep(0.3)  # a client that is slow to start keeps docker waiting, and costs no memory
results, outcome = stream.rest()
same([outcome.code, outcome.message], [0, ""])
same(len(results), int(count))
same([len(getattr(result, field)) for result in results], [1] * int(count))
items = [getattr(result, field)[0] for result in results]
same(len({item.id for item in items}), int(count))
same([item.metadata.name for item in items][:2], {"containers": ["app", "app"]}.get(field, ["pod0", "pod1"]))
same(items[-1].labels["app"], "app9")
same(len(items[-1].annotations["example.org/note"]), 200)
END
    cat "$BATS_TEST_TMPDIR/peak"
}

# bounded METHOD NAME FIELD: what is read from docker at a time is 2 MiB at most; beyond that nothing may grow.
bounded() {
    small=$(peak "$1" "$BATS_FILE_TMPDIR/$2.1000" "$3" 1000)
    large=$(peak "$1" "$BATS_FILE_TMPDIR/$2.10000" "$3" 10000)
    huge=$(peak "$1" "$BATS_FILE_TMPDIR/$2.40000" "$3" 40000)
    echo "# peak: $small KiB for 1,000, $large KiB for 10,000, $huge KiB for 40,000" >&3
    case $CRI_ONESHOT in *sanitize*) return 0 ;; esac # a sanitizer keeps what is freed
    [ "$large" -lt 8192 ]
    [ "$large" -le $((small + 2048 + 512)) ]
    [ "$huge" -le $((small + 2048 + 512)) ]
}

@test "StreamContainers gives 10,000 responses and the outcome 0 in bounded memory" {
    bounded StreamContainers containers containers
}

@test "StreamPodSandboxes gives 10,000 responses and the outcome 0 in bounded memory" {
    bounded StreamPodSandboxes pods pod_sandboxes
}

@test "a stream gives what the list gives" {
    for pair in "StreamContainers ListContainers containers containers" "StreamPodSandboxes ListPodSandbox pods pod_sandboxes"; do
        read -r stream list name field <<<"$pair"
        printing "$BATS_FILE_TMPDIR/$name.1000"
        run_client "$stream" "$list" "$field" <<'END'
streaming, listing, field = sys.argv[1:]
for request in ({}, {"filter": {"label_selector": {"app": "app3"}}}):
    results, outcome = Stream(streaming, request).rest()
    same(outcome.code, 0)
    answer = Stream(listing, request).item()
    listed = getattr(answer, "items" if field == "pod_sandboxes" else field)
    same(len(listed), 1000 if not request else 100)
    same([getattr(result, field)[0].SerializeToString(deterministic=True) for result in results],
         [item.SerializeToString(deterministic=True) for item in listed])
END
    done
}

@test "nothing to list is the outcome 0 alone; a last line needs no line break" {
    stand_in <<<'exit 0'
    run_client <<'END'
for method in ("StreamContainers", "StreamPodSandboxes", "StreamImages", "StreamContainerStats", "StreamPodSandboxStats",
               "StreamPodSandboxMetrics", "GetContainerEvents"):
    results, outcome = Stream(method).rest()
    same([method, results, outcome.code], [method, [], 0])
END
    stand_in <<<"head -n 3 '$BATS_FILE_TMPDIR/containers.10000' | head -c -1"
    run_client <<'END'
results, outcome = Stream("StreamContainers").rest()
same([len(results), outcome.code], [3, 0])
END
}

@test "a client that hangs up after 10 responses ends docker promptly, and no process is left" {
    for then in 'sleep 1000' "while :; do cat '$BATS_FILE_TMPDIR/containers.1000'; done" 'sleep 1000 & wait'; do
        stand_in <<<"head -n 50 '$BATS_FILE_TMPDIR/containers.10000'; $then"
        for over in pipe socket; do
            run_client "$over" <<'END'
stream = Stream("StreamContainers", over=sys.argv[1])
for _ in range(10):
    stream.item()
assert wait_until(processes)
began = time.monotonic()
os.close(stream.fd)
stream.process.wait(PROMPT)
if not wait_until(lambda: not processes(), max(0, began + PROMPT - time.monotonic())):
    sys.exit(f"left: {processes()}")
END
        done
    done
}

@test "a docker that does not end when it is told to is killed after the grace" {
    stand_in <<<"trap '' TERM; head -n 50 '$BATS_FILE_TMPDIR/containers.10000'; while :; do sleep 0.1; done"
    run_client <<'END'
stream = Stream("StreamContainers")
stream.item()
os.close(stream.fd)
stream.process.wait(2 + PROMPT)
same(processes(), [])
END
}

@test "a docker that fails half way gives the responses so far, and then its failure" {
    stand_in <<<"head -n 500 '$BATS_FILE_TMPDIR/containers.10000'; echo 'Error response from daemon: something broke' >&2; exit 1"
    run_client <<'END'
results, outcome = Stream("StreamContainers").rest()
same([len(results), outcome.code, outcome.message], [500, 2, "something broke"])
END
    stand_in <<<"head -n 500 '$BATS_FILE_TMPDIR/containers.10000'; kill -KILL \$\$"
    run_client <<'END'
results, outcome = Stream("StreamContainers").rest()
same([len(results), outcome.code], [500, 13])
END
    stand_in <<<"echo 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?' >&2; exit 1"
    run_client <<'END'
for method in ("StreamContainers", "StreamPodSandboxes", "StreamImages", "StreamPodSandboxStats", "GetContainerEvents"):
    results, outcome = Stream(method).rest()
    same([method, len(results), outcome.code], [method, 0, 14])
END
}

@test "garbage in the middle is INTERNAL after the responses so far, and docker is ended" {
    for garbage in 'garbage' '["half a line' '[]' '{}' '["0123", "running"]' 'null'; do
        stand_in <<<"head -n 100 '$BATS_FILE_TMPDIR/containers.10000'; echo '$garbage'; while :; do cat '$BATS_FILE_TMPDIR/containers.1000'; done"
        run_client <<'END'
results, outcome = Stream("StreamContainers").rest()
same([len(results), outcome.code], [100, 13])
assert outcome.message
assert wait_until(lambda: not processes()), processes()
END
    done
}

@test "on the deadline the outcome is DEADLINE_EXCEEDED after the responses so far" {
    stand_in <<<"head -n 20 '$BATS_FILE_TMPDIR/containers.10000'; sleep 1000"
    run_client <<'END'
results, outcome = Stream("StreamContainers", timeout_ms=700).rest()
same([len(results), outcome.code], [20, 4])
assert wait_until(lambda: not processes()), processes()
END
}

@test "a stream whose request is refused is an outcome alone" {
    stand_in <<<'exit 1'
    run_client <<'END'
results, outcome = Stream("StreamContainers", {"filter": {"id": "NOT-AN-ID"}}).rest()
same([results, outcome.code], [[], 0])
results, outcome = Stream("StreamImages", {"filter": {"image": {"image": "--flag"}}}).rest()
same([results, outcome.code], [[], 3])
END
}

# What docker 20.10 printed for the life of a container, its ids and times made round.
write_events() {
    /usr/bin/python3 - "$BATS_TEST_TMPDIR" <<'END'
import json, sys
id, sandbox = "a" * 64, "b" * 64
record = {"pod": {"name": "web", "namespace": "shop", "uid": "u1"}, "container": {"name": "app"}, "sandbox": sandbox,
          "labels": {"app": "shop"}, "image": {"image": "busybox:test"}}
attributes = {"app": "shop", "cri-oneshot.v1": json.dumps(record), "image": "busybox:test", "io.kubernetes.docker.type": "container",
              "io.kubernetes.sandbox.id": sandbox, "name": "k8s_app_web_shop_u1_0"}
for i, action in enumerate(["create", "start", "die", "destroy"]):
    more = {"exitCode": "3"} if action == "die" else {}
    event = {"status": action, "id": id, "from": "busybox:test", "Type": "container", "Action": action,
             "Actor": {"ID": id, "Attributes": dict(attributes, **more)}, "scope": "local", "time": 1764000000 + i,
             "timeNano": (1764000000 + i) * 10**9 + 7}
    open(f"{sys.argv[1]}/event.{i}", "w").write(json.dumps(event) + "\n")
END
}

@test "each event arrives before the next one is printed" {
    write_events
    stand_in <<END
for i in 0 1 2 3; do
    while [ ! -e "$BATS_TEST_TMPDIR/go.\$i" ]; do sleep 0.02; done
    cat "$BATS_TEST_TMPDIR/event.\$i"
done
sleep 1000
END
    run_client <<'END'
stream = Stream("GetContainerEvents", over="socket")
for i, name in enumerate(["CREATED", "STARTED", "STOPPED", "DELETED"]):
    open(f"{FOLDER}/go.{i}", "w").close()
    event = json_format.MessageToDict(stream.item(PROMPT), preserving_proto_field_name=True)
    same([event["container_id"], event.get("container_event_type", "CONTAINER_CREATED_EVENT"), event["created_at"]],
         ["a" * 64, f"CONTAINER_{name}_EVENT", str((1764000000 + i) * 10**9 + 7)])
    assert "pod_sandbox_status" not in event, event  # whose state docker does not say
    [status] = event["containers_statuses"]
    same([status["metadata"]["name"], status["labels"]], ["app", {"app": "shop"}])
    same(status.get("exit_code", 0), 3 if name == "STOPPED" else 0)
assert wait_until(processes)
os.close(stream.fd)
stream.process.wait(PROMPT)
assert wait_until(lambda: not processes()), processes()
END
}

@test "cri-frame prints each event as it comes, too" {
    write_events
    stand_in <<END
cat "$BATS_TEST_TMPDIR/event.0"
while [ ! -e "$BATS_TEST_TMPDIR/go" ]; do sleep 0.02; done
cat "$BATS_TEST_TMPDIR/event.1"
END
    run_client <<'END'
process = subprocess.Popen([os.environ["CRI_FRAME"], "call", "GetContainerEvents", "--compact"], stdout=subprocess.PIPE, text=True)
same(json.loads(process.stdout.readline())["container_id"], "a" * 64)
open(f"{FOLDER}/go", "w").close()
same(json.loads(process.stdout.readline())["container_event_type"], "CONTAINER_STARTED_EVENT")
same([process.stdout.read(), process.wait(PROMPT)], ["", 0])
END
}

# image_line ID REPOSITORY TAG DIGEST
image_line() {
    printf '["sha256:%s","%s","%s","%s","1.5MB"]\n' "$1" "$2" "$3" "$4"
}

@test "StreamImages gives each image once, with all its tags and digests, as ListImages does" {
    a=$(printf 'a%.0s' {1..64})
    b=$(printf 'b%.0s' {1..64})
    c=$(printf 'c%.0s' {1..64})
    {
        image_line "$a" busybox one sha256:"$c"
        image_line "$a" busybox two sha256:"$c"
        image_line "$a" other.example/box three '<none>'
        image_line "$b" '<none>' '<none>' '<none>'
        image_line "$c" last v1 '<none>'
    } >"$BATS_TEST_TMPDIR/images"
    stand_in <<<"cat '$BATS_TEST_TMPDIR/images'"
    run_client <<'END'
results, outcome = Stream("StreamImages").rest()
same(outcome.code, 0)
same([len(result.images) for result in results], [1, 1, 1])
images = [result.images[0] for result in results]
same([list(image.repo_tags) for image in images], [["busybox:one", "busybox:two", "other.example/box:three"], [], ["last:v1"]])
same([list(image.repo_digests) for image in images], [["busybox@sha256:" + "c" * 64], [], []])
same([image.size for image in images], [1500000] * 3)
same([i.SerializeToString() for i in images], [i.SerializeToString() for i in Stream("ListImages").item().images])
END
}

@test "an image is given as soon as the next one's line comes" {
    a=$(printf 'a%.0s' {1..64})
    b=$(printf 'b%.0s' {1..64})
    stand_in <<END
echo '$(image_line "$a" busybox one '<none>')'
echo '$(image_line "$b" busybox two '<none>')'
while [ ! -e "$BATS_TEST_TMPDIR/go" ]; do sleep 0.02; done
END
    run_client <<'END'
stream = Stream("StreamImages")
same(list(stream.item(PROMPT).images[0].repo_tags), ["busybox:one"])
open(f"{FOLDER}/go", "w").close()
results, outcome = stream.rest()
same([[list(r.images[0].repo_tags) for r in results], outcome.code], [[["busybox:two"]], 0])
END
}

# By then docker has often ended by itself, and often it has not.
@test "garbage that docker prints last is the error after the responses so far, however soon docker ends" {
    { head -n 2 "$BATS_FILE_TMPDIR/pods.1000" && echo garbage; } >"$BATS_TEST_TMPDIR/lines"
    stand_in <<<"exec cat '$BATS_TEST_TMPDIR/lines'"
    run_client <<'END'
for _ in range(40):
    stream = Stream("StreamPodSandboxes")
    same([stream.item().pod_sandboxes[0].metadata.name for _ in range(2)], ["pod0", "pod1"])
    results, outcome = stream.rest()
    same([results, outcome.code], [[], 13])
END
}

@test "a line that takes more memory than a call may have is RESOURCE_EXHAUSTED, and docker is ended" {
    stand_in <<<"printf '{\"a\":[0'; head -c 9000000 /dev/zero | sed 's/\\x00/,0/g'; echo ']}'; exec sleep 77"
    run_client <<'END'
results, outcome = Stream("GetContainerEvents").rest()  # ends with status 0: this answer is a whole one, too
same([results, outcome.code], [[], 8])
assert "of memory" in outcome.message, outcome.message
assert wait_until(lambda: not processes()), processes()
END
}

@test "a frame that was cut off is the last thing written, and the exit code is 1" {
    /usr/bin/python3 - "$BATS_FILE_TMPDIR/containers.1000" >"$BATS_TEST_TMPDIR/lines" <<'END'
import json, sys
for line in list(open(sys.argv[1]))[:200]:
    columns = json.loads(line)
    columns[7] = json.dumps(dict(json.loads(columns[7]), annotations={"example.org/note": "n" * 5000}))
    print(json.dumps(columns))
END
    stand_in <<<"cat '$BATS_TEST_TMPDIR/lines'"
    CRI_ONESHOT_READ_TIMEOUT=1000 run_client <<'END'
def all_of(method, over, stall):
    stream = Stream(method, over=over)
    time.sleep(stall)
    while stream.fill(len(stream.data) + 1):
        pass
    return stream.data, stream.process.wait(PROMPT)


for method in ("StreamContainers", "ListContainers"):
    for over in ("pipe", "socket"):
        whole, status = all_of(method, over, 0)
        same([method, over, status], [method, over, 0])
        torn, status = all_of(method, over, 1.6)
        same([method, over, status], [method, over, 1])
        same([method, over, 0 < len(torn) < len(whole) and whole.startswith(torn)], [method, over, True])
        assert wait_until(lambda: not processes()), processes()
END
}
