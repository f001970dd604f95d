#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file ends calls through cri-gateway in their middle, in each way that there is, on a real engine: the client hears of it at
# once, and no process is left, neither ours nor docker's nor the command's in the container.

load lib.bash
load gateway.bash

setup_file() {
    engine_up
    client_up
    export SOCKET=$BATS_FILE_TMPDIR/cri.sock SLOW=$BATS_FILE_TMPDIR/slow
    listening "$SOCKET"
    export SERVER REGISTRY
    REGISTRY=$(engine_registry)
    mkdir "$SLOW"
    /usr/bin/python3 "$ROOT/tests/engine/slow_registry.py" "$REGISTRY" "$SLOW" >"$SLOW.log" 2>&1 </dev/null 3>&- 4>&- &
    PROXY=$!
    export PROXY
    wait_until 20 test -s "$SLOW/address"
    export SLOW_IMAGE
    SLOW_IMAGE=$(cat "$SLOW/address")/slow/image:v1
    # A layer that the engine does not have.
    head -c 300000 /dev/urandom >"$BATS_FILE_TMPDIR/random"
    tar -C "$BATS_FILE_TMPDIR" -c random | docker import - "$REGISTRY/slow/image:v1" >/dev/null
    docker push --quiet "$REGISTRY/slow/image:v1" >/dev/null
    docker image rm "$REGISTRY/slow/image:v1" >/dev/null
}

teardown_file() {
    kill "$SERVER" "$PROXY"
    engine_down
}

teardown() {
    servers_down
    remove_all_containers
}

# ending: a scenario. A Pull and an Exec have a request, are in their middle when begun() has something, and have left nothing behind
# when left() has nothing.
ending() {
    {
        cat <<'END'
import h2_client
SOCKET, SERVER, SLOW = os.environ["SOCKET"], int(os.environ["SERVER"]), os.environ["SLOW"]

class Pull:
    rpc, request = "PullImage", {"image": {"image": os.environ["SLOW_IMAGE"]}}
    def begun(self):
        return glob.glob(f"{SLOW}/layer.*")
    def left(self):
        return glob.glob(f"{SLOW}/layer.*")

class Exec:
    rpc = "ExecSync"
    def __init__(self, cri):
        self.app = Pod(cri, f"exec{time.monotonic_ns()}").start("app")
        self.before = self.processes()
        self.request = {"container_id": self.app[:13],
                        "cmd": ["sh", "-c", "trap '' TERM; sleep 4242 & setsid sh -c 'sleep 4243; sleep 4244' & sleep 4245; sleep 4246"]}
    def processes(self):
        return [line for line in docker("top", self.app, "-o", "pid,args").splitlines()[1:]]
    def begun(self):
        return sum("sleep 42" in line for line in self.processes()) >= 4
    def left(self):
        return self.processes() != self.before

def in_its_middle(call):
    eventually(call.begun, f"{call.rpc} in its middle", 20)
    names = sorted(process.name for process in workers())
    assert "cri-oneshot" in names and "docker" in names, names

def nothing_left(call):
    eventually(lambda: not workers(), "the end of all of ours: " + repr(workers()))
    eventually(lambda: not call.left(), f"the end of {call.rpc}")

def both(cri):
    return Exec(cri), Pull()
END
        cat
    } | scenario "$@"
}

@test "a client that cancels gets CANCELLED at once, nothing is left, and its connection goes on" {
    ending <<'END'
with Cri(SOCKET) as cri:
    pid = connection_of(SERVER) if cri.Version() else None
    for call in both(cri):
        future = getattr(cri, call.rpc)(call.request, future=True, deadline=None)
        in_its_middle(call)
        with Within(5):
            future.cancel()
            same(future.code(), Code.CANCELLED)
        nothing_left(call)
    same(cri.Version().runtime_name, "docker")
    same(connection_of(SERVER), pid)
END
}

@test "a client whose deadline passes gets DEADLINE_EXCEEDED at once, and nothing is left" {
    ending <<'END'
with Cri(SOCKET) as cri:
    calls = both(cri)
    with Within(8):
        futures = [getattr(cri, call.rpc)(call.request, deadline=3, future=True) for call in calls]
        for call in calls:
            in_its_middle(call)
        same([future.code() for future in futures], [Code.DEADLINE_EXCEEDED] * 2)
    for call in calls:
        nothing_left(call)
    same(cri.Version().runtime_name, "docker")
END
}

@test "a client that only waits is told DEADLINE_EXCEEDED by the gateway, and nothing is left" {
    ending <<'END'
connection = h2_client.Connection(SOCKET)
with Cri(SOCKET) as cri:
    calls = both(cri)
streams = []
for call in calls:
    message = json_format.ParseDict(call.request, getattr(api, call.rpc + "Request")())
    streams.append(connection.call(call.rpc, message, grpc_timeout="3S"))
for call in calls:
    in_its_middle(call)
with Within(8):
    for stream in streams:
        answer = connection.answer(stream)
        same([answer.status(), answer.headers[":status"]], [4, "200"], answer.text())
for call in calls:
    nothing_left(call)
END
}

@test "ExecSync's own timeout: DEADLINE_EXCEEDED, and nothing is left" {
    ending <<'END'
with Cri(SOCKET) as cri:
    call = Exec(cri)
    with Within(6):
        refused(Code.DEADLINE_EXCEEDED, lambda: cri.ExecSync(call.request, timeout=2))
    nothing_left(call)
END
}

@test "a client that is killed, or that closes its connection: nothing is left, nor the connection's process" {
    ending <<'END'
with Cri(SOCKET) as cri:
    calls = both(cri)
eventually(lambda: not connections(SERVER), "no connection")
for call in calls:
    for how in ("killed", "closed"):
        if how == "killed":
            client = subprocess.Popen([sys.executable, os.environ["ROOT"] + "/tests/engine/grpc_client.py", SOCKET, call.rpc, json.dumps(call.request)])
            in_its_middle(call)
            client.kill()
            client.wait()
        else:
            cri = Cri(SOCKET)
            future = getattr(cri, call.rpc)(call.request, future=True, deadline=None)
            in_its_middle(call)
            cri.channel.close()
            same(future.code(), Code.CANCELLED)
        nothing_left(call)
        eventually(lambda: not connections(SERVER), "the end of the connection's process")
END
}

@test "a connection's process that is killed: the client gets UNAVAILABLE at once, nothing is left, and the next call is well" {
    ending <<'END'
with Cri(SOCKET) as cri:
    for call in both(cri):
        future = getattr(cri, call.rpc)(call.request, future=True, deadline=None)
        in_its_middle(call)
        with Within(5):
            os.kill(connection_of(SERVER), signal.SIGKILL)
            same(future.code(), Code.UNAVAILABLE)
        nothing_left(call)
        same(cri.Version().runtime_name, "docker")
END
}

@test "a composed call that is cancelled begins no further step" {
    export CALLS=$BATS_TEST_TMPDIR/calls
    stand_in "$BATS_TEST_TMPDIR/docker" <<'END'
echo "$*" >>"$CALLS"
exec sleep 1000
END
    listening "$BATS_TEST_TMPDIR/cri.sock"
    ending "$BATS_TEST_TMPDIR/cri.sock" <<'END'
with Cri(sys.argv[1]) as cri:
    for rpc, request in (("RemovePodSandbox", {"pod_sandbox_id": UNKNOWN}), ("RemoveImage", {"image": {"image": "a:b"}}),
                         ("PullImage", {"image": {"image": "a:b"}})):
        open(os.environ["CALLS"], "w").close()
        future = getattr(cri, rpc)(request, future=True)
        eventually(lambda: os.path.getsize(os.environ["CALLS"]), "docker")
        future.cancel()
        eventually(lambda: not workers(), "the end of all of ours")
        same(len(open(os.environ["CALLS"], encoding="utf-8").readlines()), 1)
END
}

@test "a composed call whose deadline passes in its second step: the error names it, and nothing is left" {
    stand_in "$BATS_TEST_TMPDIR/docker" <<'END'
case $1 in ps) exec sleep 1000 ;; esac
exec docker "$@"
END
    listening "$BATS_TEST_TMPDIR/cri.sock"
    ending "$BATS_TEST_TMPDIR/cri.sock" <<'END'
with Cri(SOCKET) as cri:
    pod = Pod(cri, "deadline")
connection = h2_client.Connection(sys.argv[1])
with Within(5):
    answer = connection.answer(connection.call("RemovePodSandbox", api.RemovePodSandboxRequest(pod_sandbox_id=pod.id), grpc_timeout="1S"))
same(answer.status(), 4)
says(answer.text(), "ListContainers: ")
eventually(lambda: not workers(), "the end of all of ours")
same(all_ids(), [pod.id])
END
}

# ---- grpc-timeout

# A translator that keeps its request, and does not answer.
keeping_translator() {
    export CRI_GATEWAY_TRANSLATOR=$BATS_TEST_TMPDIR/translator REQUESTS=$BATS_TEST_TMPDIR/requests
    mkdir "$REQUESTS"
    cat >"$CRI_GATEWAY_TRANSLATOR" <<'END'
#!/bin/sh
cat >"$REQUESTS/.$$"
mv "$REQUESTS/.$$" "$REQUESTS/$$"
END
    chmod +x "$CRI_GATEWAY_TRANSLATOR"
}

@test "grpc-timeout is the translator's timeout_ms, in each of its units; without one there is none" {
    keeping_translator
    listening "$BATS_TEST_TMPDIR/cri.sock"
    ending "$BATS_TEST_TMPDIR/cri.sock" <<'END'
from google.protobuf.internal.decoder import _DecodeVarint32
from oneshot.v1 import oneshot_pb2
REQUESTS = os.environ["REQUESTS"]
connection = h2_client.Connection(sys.argv[1])
def timeout_of(text):
    names = []
    while not names:  # a short time may be over before it begins, on a busy machine
        connection.answer(connection.call("ContainerStatus", api.ContainerStatusRequest(container_id="abc"), grpc_timeout=text))
        names = os.listdir(REQUESTS)
    (name,) = names
    with open(f"{REQUESTS}/{name}", "rb") as file:
        data = file.read()
    os.remove(f"{REQUESTS}/{name}")
    length, at = _DecodeVarint32(data, 0)
    same(len(data), at + length)
    request = oneshot_pb2.Request.FromString(data[at:])
    same(request.container_status.container_id, "abc")
    return request.timeout_ms
same(timeout_of(None), 0)
for text, wanted in (("1500m", 1500), ("2S", 2000), ("1M", 60000), ("1H", 3600000), ("3000000u", 3000), ("99999999n", 100),
                     ("99999999H", 99999999 * 3600000), ("99999999m", 99999999), ("00000700m", 700)):
    seen = timeout_of(text)
    assert max(1, wanted - 300) <= seen <= wanted, (text, seen)
for text in ("", "1", "m", "S", "1x", "1s", "-1m", "1 m", "123456789m", "1.5S", "1mm", "0x1m"):
    answer = connection.answer(connection.call("Version", grpc_timeout=text))
    assert answer.status() not in (None, 0, 4), (text, answer.status(), answer.text())
    assert "grpc-timeout" in answer.text(), (text, answer.status(), answer.text())
same(os.listdir(REQUESTS), [])
# What is over before it begins.
for text in ("0m", "1n", "0S"):
    answer = connection.answer(connection.call("Version", grpc_timeout=text))
    assert answer.status() in (4, 13), (text, answer.text())
END
}

@test "a composed call's second step gets what its first has left of the time" {
    export TIMES=$BATS_TEST_TMPDIR/times CRI_GATEWAY_TRANSLATOR=$BATS_TEST_TMPDIR/translator
    cat >"$CRI_GATEWAY_TRANSLATOR" <<'END'
#!/bin/sh
cat >"$TIMES.$$"
echo "$TIMES.$$" >>"$TIMES"
sleep 0.7
# A status with an id.
exec "$CRI_ONESHOT" <"$TIMES.$$"
END
    chmod +x "$CRI_GATEWAY_TRANSLATOR"
    listening "$BATS_TEST_TMPDIR/cri.sock"
    ending "$BATS_TEST_TMPDIR/cri.sock" <<'END'
from google.protobuf.internal.decoder import _DecodeVarint32
from oneshot.v1 import oneshot_pb2
with Cri(SOCKET) as cri:
    app = Pod(cri, "share").start("app")
connection = h2_client.Connection(sys.argv[1])
answer = connection.answer(connection.call("StopContainer", api.StopContainerRequest(container_id=app[:13]), grpc_timeout="10S"))
same(answer.status(), 0, answer.text())
times = []
for path in open(os.environ["TIMES"], encoding="utf-8").read().split():
    with open(path, "rb") as file:
        data = file.read()
    times.append(oneshot_pb2.Request.FromString(data[_DecodeVarint32(data, 0)[1]:]).timeout_ms)
same(len(times), 2)
assert 9000 <= times[0] <= 10000 and 0 < times[1] <= times[0] - 700, times
END
}

# ---- the end of the server

@test "TERM to a connection's process: calls are finished, streams end as UNAVAILABLE, then it is gone, and the next call is well" {
    ending <<'END'
with Cri(SOCKET) as cri:
    app = Pod(cri, "term").start("app")
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"):
        events = Events(cri)
        future = cri.ExecSync(container_id=app[:13], cmd=["sh", "-c", "until [ -e /go ]; do sleep 0.1; done; rm /go; echo done"], future=True)
        eventually(lambda: "until" in docker("top", app, "-o", "pid,args"), "the command")
        pid = connection_of(SERVER)
        os.kill(pid, getattr(signal, name))
        same(events.end(), Code.UNAVAILABLE)
        says(events.text, "told to end")
        same(future.done(), False)
        # New calls go elsewhere.
        same(cri.Version().runtime_name, "docker")
        same([alive(pid), future.done()], [True, False])
        docker("exec", app, "touch", "/go")
        same(future.result().stdout, b"done\n")
        eventually(lambda: not alive(pid), "the end of the connection's process")
    eventually(lambda: len(connections(SERVER)) == 1, "one connection")
END
}

@test "a second TERM ends a connection's process at once, and nothing is left" {
    ending <<'END'
with Cri(SOCKET) as cri:
    call = Exec(cri)
    future = cri.ExecSync(call.request, future=True, deadline=None)
    in_its_middle(call)
    pid = connection_of(SERVER)
    os.kill(pid, signal.SIGTERM)
    time.sleep(0.3)
    same([alive(pid), future.done()], [True, False])
    os.kill(pid, signal.SIGTERM)
    with Within(5):
        same(future.code(), Code.UNAVAILABLE)
    nothing_left(call)
    eventually(lambda: not alive(pid), "the end of the connection's process")
END
}

@test "TERM to a connection's process with calls that wait for their turn: they are finished, too" {
    export CRI_GATEWAY_CHILDREN=1
    stand_in "$BATS_TEST_TMPDIR/docker" <<'END'
sleep 0.2
echo '{"Server": {"Version": "1.2.3"}}'
END
    listening "$BATS_TEST_TMPDIR/cri.sock"
    LISTENER=$SERVER ending "$BATS_TEST_TMPDIR/cri.sock" <<'END'
with Cri(sys.argv[1]) as cri:
    futures = [cri.Version(future=True) for _ in range(5)]
    eventually(workers, "the first one")
    os.kill(connection_of(int(os.environ["LISTENER"])), signal.SIGTERM)
    same([future.result().runtime_version for future in futures], ["1.2.3"] * 5)
END
}

@test "no server has written a word" {
    said_nothing "$SOCKET.log"
}
