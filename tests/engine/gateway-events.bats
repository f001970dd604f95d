#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file holds streams of events open through cri-gateway, and leaves connections idle, for longer than an idle connection lives.

load lib.bash
load gateway.bash

setup_file() {
    engine_up
    client_up
    export SOCKET=$BATS_FILE_TMPDIR/cri.sock BY_SYSTEMD=$BATS_FILE_TMPDIR/systemd.sock
    export CRI_GATEWAY_IDLE_TIMEOUT=1000
    listening "$SOCKET"
    LISTENER=$SERVER
    behind_systemd "$BY_SYSTEMD"
    export LISTENER SYSTEMD=$SERVER
}

teardown_file() {
    kill "$LISTENER" "$SYSTEMD"
    engine_down
}

teardown() {
    servers_down
    remove_all_containers
}

events() {
    {
        cat <<'END'
import h2_client
SOCKET, LISTENER, BY_SYSTEMD = os.environ["SOCKET"], int(os.environ["LISTENER"]), os.environ["BY_SYSTEMD"]
LIFE = ["created", "started", "stopped", "deleted"]
def life(pod, name):
    id = pod.start(name)
    pod.cri.StopContainer(container_id=id[:13])
    pod.cri.RemoveContainer(container_id=id[:13])
    return id
END
        cat
    } | scenario "$@"
}

@test "a pod's events come in their order, of its containers and of itself, with what is known of the pod" {
    events <<'END'
with Cri(SOCKET) as cri:
    events = Events(cri)
    pod = Pod(cri, "events", labels={"app": "events"})
    id = life(pod, "app")
    ends = pod.start("ends", "true")
    eventually(lambda: "stopped" in events.of(ends), "the end of a container that ends by itself")
    cri.StopPodSandbox(pod_sandbox_id=pod.id[:13])
    cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])
    eventually(lambda: events.of(pod.id) == LIFE, "the pod's events")
    same([events.of(id), events.of(ends)], [LIFE, LIFE])
    order = [of for of, what in events.seen if what == "created" and of in (pod.id, id, ends)]
    same(order, [pod.id, id, ends])
    same(events.cancel(), Code.CANCELLED)
END
}

@test "containers that are not the CRI's have no events" {
    events <<'END'
with Cri(SOCKET) as cri:
    events = Events(cri)
    foreign = docker("run", "--detach", "--network=none", IMAGE, "sleep", "1000")
    docker("rm", "--force", foreign)
    id = life(Pod(cri, "known"), "app")
    eventually(lambda: events.of(id) == LIFE, "the events of a container of ours")
    same(events.of(foreign), [])
END
}

@test "a stream that lives longer than an idle connection may goes on, silent or not, and other calls beside it" {
    events <<'END'
with Cri(SOCKET) as cri:
    events = Events(cri)
    pod = Pod(cri, "long")
    pid = connection_of(LISTENER)
    for round in range(3):
        time.sleep(1.5)
        same([events.code, connection_of(LISTENER)], [None, pid])
        id = life(pod, f"app{round}")
        eventually(lambda: events.of(id) == LIFE, f"the events of round {round}")
    same(events.cancel(), Code.CANCELLED)
    eventually(lambda: not workers(), "the end of docker events")
END
}

@test "a call that takes longer than an idle connection may is not ended" {
    events <<'END'
with Cri(SOCKET) as cri:
    app = Pod(cri, "slow").start("app")
    same(cri.ExecSync(container_id=app[:13], cmd=["sh", "-c", "sleep 2.5; echo done"]).stdout, b"done\n")
END
}

@test "an idle connection is ended with GOAWAY in its time, and the same channel's next call is well, whenever it comes" {
    events <<'END'
from concurrent.futures import ThreadPoolExecutor
# One that does not go by itself is left in the end.
stubborn = h2_client.Connection(SOCKET)
same(stubborn.answer(stubborn.call("Version")).status(), 0)
began = time.monotonic()
assert stubborn.wait(lambda: stubborn.goaway, 3)
took = time.monotonic() - began
assert 0.9 < took < 4, took
same([stubborn.goaway.error_code, stubborn.goaway.last_stream_id], [0, 1])
# One that goes is gone.
connection = h2_client.Connection(BY_SYSTEMD)
same(connection.answer(connection.call("Version")).status(), 0)
assert connection.wait(lambda: connection.goaway, 3)
connection.close()
eventually(lambda: not connections(int(os.environ["SYSTEMD"])), "the end of the idle connection")
# A stock client's channel that nobody uses looks only now and then (each 5 seconds) at what has come.
def now_and_then(socket, server):
    with Cri(socket) as cri:
        seen = []
        for pause in (0.95, 1, 1.05, 2, 0):
            same(cri.Version().runtime_name, "docker")
            seen += [process.pid for process in connections(server)]
            time.sleep(pause)
        assert len(set(seen)) >= 3, seen
with ThreadPoolExecutor(2) as pool:
    list(pool.map(now_and_then, (SOCKET, BY_SYSTEMD), (LISTENER, int(os.environ["SYSTEMD"]))))
stubborn.wait(lambda: stubborn.closed, 20)
took = time.monotonic() - began
assert stubborn.closed and 10 < took < 18, took
eventually(lambda: not connections(LISTENER), "the end of all connections")
END
}

@test "calls in a row keep a connection, and pings alone do not" {
    events <<'END'
connection = h2_client.Connection(SOCKET)
pid = connection_of(LISTENER)
for _ in range(7):
    same(connection.answer(connection.call("Version")).status(), 0)
    time.sleep(0.3)
same(connection_of(LISTENER), pid)
until = time.monotonic() + 3
while not connection.goaway and time.monotonic() < until:
    connection.http2.ping(b"01234567")
    connection.flush()
    connection.wait(lambda: connection.goaway, 0.3)
assert connection.goaway and connection.pongs >= 1, connection.pongs
END
}

@test "two streams of one connection each have all events, and one's end leaves the other" {
    events <<'END'
with Cri(SOCKET) as cri:
    pod = Pod(cri, "two")
    one, two = Events(cri), Events(cri)
    same(len(connections(LISTENER)), 1)
    id = life(pod, "first")
    eventually(lambda: one.of(id) == two.of(id) == LIFE, "the events by both")
    same(one.cancel(), Code.CANCELLED)
    eventually(lambda: len([p for p in workers() if p.name == "docker"]) == 1, "one docker events")
    id = life(pod, "second")
    eventually(lambda: two.of(id) == LIFE, "the events by the other")
    same(one.of(id), [])
END
}

@test "hang-up ends docker events, behind systemd, too: a client that is killed" {
    events <<'END'
for socket in (SOCKET, BY_SYSTEMD):
    client = subprocess.Popen([sys.executable, os.environ["ROOT"] + "/tests/engine/grpc_client.py", socket, "GetContainerEvents"])
    eventually(lambda: [p for p in workers() if p.name == "docker"], "docker events")
    client.kill()
    client.wait()
    eventually(lambda: not workers(), "the end of docker events")
eventually(lambda: not connections(LISTENER) and not connections(int(os.environ["SYSTEMD"])), "the end of the connections' processes")
END
}

@test "a deadline ends a stream as DEADLINE_EXCEEDED" {
    events <<'END'
connection = h2_client.Connection(SOCKET)
stream = connection.call("GetContainerEvents", grpc_timeout="700m")
with Within(3):
    same(connection.answer(stream).status(), 4)
eventually(lambda: not workers(), "the end of docker events")
with Cri(SOCKET) as cri:
    refused(Code.DEADLINE_EXCEEDED, lambda: cri.GetContainerEvents(deadline=0.5))
eventually(lambda: not workers(), "the end of docker events")
END
}

@test "docker events that ends by itself ends the stream with an error, after what it has said" {
    EVENT='{"status":"start","id":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","Type":"container","Action":"start",'
    EVENT+='"Actor":{"ID":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","Attributes":{"name":"k8s_app_p_n_u_0",'
    EVENT+='"io.kubernetes.docker.type":"container"}},"scope":"local","time":1795645802,"timeNano":1795645802111914220}'
    stand_in "$BATS_TEST_TMPDIR/docker" <<END
printf '%s\n' '$EVENT'
sleep 0.5
echo 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?' >&2
exit 1
END
    listening "$BATS_TEST_TMPDIR/cri.sock"
    events "$BATS_TEST_TMPDIR/cri.sock" <<'END'
with Cri(sys.argv[1]) as cri:
    stream = cri.GetContainerEvents()
    same(next(stream).container_id, UNKNOWN)
    refused(Code.UNAVAILABLE, lambda: stream, "Cannot connect to the Docker daemon")
END
}

@test "no server has written a word" {
    said_nothing "$SOCKET.log"
}
