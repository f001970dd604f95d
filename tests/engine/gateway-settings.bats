#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file gives cri-gateway wrong settings, translators that do not do what they should, and requests as other stacks make them.
# No engine: docker is a stand-in.

load lib.bash
load gateway.bash

setup_file() {
    client_up
}

setup() {
    export SOCKET=$BATS_TEST_TMPDIR/cri.sock
    stand_in "$BATS_TEST_TMPDIR/docker" <<'END'
case $1 in
version) echo '{"Server": {"Version": "1.2.3"}}' ;;
*) printf 'Error response from daemon: 100%% "sch\303\266n" \342\202\254\n' >&2; exit 1 ;;
esac
END
}

teardown() {
    servers_down
}

# translator: the shell script on standard input is the translator of the listener that is then started.
translator() {
    export CRI_GATEWAY_TRANSLATOR=$BATS_TEST_TMPDIR/translator BYTES=$BATS_TEST_TMPDIR/bytes
    {
        echo '#!/bin/sh'
        cat
    } >"$CRI_GATEWAY_TRANSLATOR"
    chmod +x "$CRI_GATEWAY_TRANSLATOR"
    listening "$SOCKET"
}

frames() {
    {
        cat <<'END'
import h2_client
from google.protobuf.internal.encoder import _VarintBytes
from oneshot.v1 import oneshot_pb2 as oneshot
SOCKET = os.environ["SOCKET"]

def frame(**fields):
    body = oneshot.Response(**fields).SerializeToString()
    return _VarintBytes(len(body)) + body

def answering(data):
    with open(os.environ["BYTES"] + ".new", "wb") as file:
        file.write(data)
    os.rename(os.environ["BYTES"] + ".new", os.environ["BYTES"])

VERSION = frame(version=api.VersionResponse(runtime_name="fake"))
END
        cat
    } | scenario "$@"
}

# ---- settings

@test "a setting that cannot be one is FAILED_PRECONDITION in every RPC, and names the variable" {
    for setting in CRI_GATEWAY_CHILDREN=0 CRI_GATEWAY_CHILDREN=x CRI_GATEWAY_CHILDREN=1025 CRI_GATEWAY_ALL_CHILDREN=0 CRI_GATEWAY_IDLE_TIMEOUT=0 \
        CRI_GATEWAY_IDLE_TIMEOUT=soon CRI_ONESHOT_MAX_REQUEST=x CRI_ONESHOT_DOCKER_VERSION=new CRI_ONESHOT_DOCKER_ROOT=relative; do
        rm -f "$SOCKET"
        export "${setting?}"
        listening "$SOCKET"
        frames "${setting%%=*}" <<'END'
with Cri(SOCKET) as cri:
    refused(Code.FAILED_PRECONDITION, cri.Version, sys.argv[1])
    refused(Code.FAILED_PRECONDITION, lambda: cri.StopContainer(container_id=UNKNOWN), sys.argv[1])
    refused(Code.FAILED_PRECONDITION, cri.GetContainerEvents, sys.argv[1])
END
        unset "${setting%%=*}"
        servers_down
    done
}

@test "settings of the translator reach it, and those of docker's, docker" {
    export CRI_ONESHOT_TRACE=$BATS_TEST_TMPDIR/trace DOCKER_HOST=unix:///no/such.sock
    stand_in "$BATS_TEST_TMPDIR/docker" <<<'echo "Error response from daemon: host $DOCKER_HOST" >&2; exit 1'
    for server in listening behind_systemd behind_inetd; do
        rm -f "$SOCKET" "$CRI_ONESHOT_TRACE"
        "$server" "$SOCKET"
        frames <<'END'
with Cri(SOCKET) as cri:
    refused(Code.UNKNOWN, cri.Version, "host unix:///no/such.sock")
END
        [ "$(json "d['method']" <"$CRI_ONESHOT_TRACE")" = Version ]
        servers_down
    done
}

@test "the translator is the one beside cri-gateway, else the one on PATH, unless a setting names it" {
    mkdir "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/path"
    cp "$CRI_GATEWAY" "$BATS_TEST_TMPDIR/bin/"
    for place in path bin; do
        ANSWER=$BATS_TEST_TMPDIR/$place.answer
        printf '#!/bin/sh\nexec cat %s\n' "$ANSWER" >"$BATS_TEST_TMPDIR/$place/cri-oneshot"
        chmod +x "$BATS_TEST_TMPDIR/$place/cri-oneshot"
        BYTES=$ANSWER PLACE=$place frames <<'END'
answering(frame(version=api.VersionResponse(runtime_name=os.environ["PLACE"])))
END
    done
    for wanted in bin path docker; do
        CRI_GATEWAY=$BATS_TEST_TMPDIR/bin/cri-gateway
        PATH=$BATS_TEST_TMPDIR/path:$PATH listening "$SOCKET"
        WANTED=$wanted frames <<'END'
with Cri(SOCKET) as cri:
    same(cri.Version().runtime_name, os.environ["WANTED"])
END
        servers_down
        [ "$wanted" != bin ] || rm "$BATS_TEST_TMPDIR/bin/cri-oneshot"
        [ "$wanted" != path ] || export CRI_GATEWAY_TRANSLATOR=$CRI_ONESHOT
    done
}

# ---- translators

@test "a translator that is missing or cannot run is UNAVAILABLE and named, and the connection goes on" {
    translator <<<'exec cat "$BYTES"'
    frames <<'END'
translator = os.environ["CRI_GATEWAY_TRANSLATOR"]
answering(VERSION)
with Cri(SOCKET) as cri:
    same(cri.Version().runtime_name, "fake")
    os.rename(translator, translator + ".away")
    for _ in range(3):
        refused(Code.UNAVAILABLE, cri.Version, translator, "No such file or directory")
        refused(Code.UNAVAILABLE, cri.GetContainerEvents, translator)
        refused(Code.UNAVAILABLE, lambda: cri.StopContainer(container_id=UNKNOWN), translator)
    os.rename(translator + ".away", translator)
    os.chmod(translator, 0o644)
    refused(Code.UNAVAILABLE, cri.Version, translator, "Permission denied")
    os.chmod(translator, 0o755)
    same(cri.Version().runtime_name, "fake")
END
}

@test "a translator whose answer is none, garbage, half or another's is INTERNAL, and the connection goes on" {
    translator <<<'cat >/dev/null; exec cat "$BYTES"'
    frames <<'END'
status = frame(container_status=api.ContainerStatusResponse(status={"id": UNKNOWN}))
wrong = {
    "nothing": b"",
    "text": b"Error: no\n",
    "zeros": bytes(100),
    "ones": b"\xff" * 100,
    "an empty frame": b"\0",
    "no result": frame(outcome=oneshot.Outcome(code=0)),
    "a length that is too long": b"\x7f" + VERSION[1:],
    "a length that is too short": b"\x01" + VERSION[1:],
    "a length beyond bounds": b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + VERSION,
    "another method's": status,
    "a long outcome": frame(outcome=oneshot.Outcome(code=5, message="x" * 100000)),
    "an outcome that is none": b"\x04\x0a\x02\xff\xff",
    "a result after an outcome": b"\x04" + oneshot.Response(outcome=oneshot.Outcome()).SerializeToString() + b"\x52\0",
    **{f"{n} bytes of it": VERSION[:n] for n in range(1, len(VERSION))},
}
with Cri(SOCKET) as cri:
    answering(VERSION)
    same(cri.Version().runtime_name, "fake")
    pid = connection_of(int(os.environ["SERVER"]))
    for what, data in wrong.items():
        answering(data)
        print(what, data[:40])
        refused(Code.INTERNAL, cri.Version, "translator")
        if data != status:
            refused(Code.INTERNAL, lambda: cri.StopContainer(container_id=UNKNOWN), "ContainerStatus: ")
        same(connection_of(int(os.environ["SERVER"])), pid)
    # The step's answer is well, the call's own is not.
    answering(status)
    refused(Code.INTERNAL, lambda: cri.StopContainer(container_id=UNKNOWN), "translator")
    answering(frame(container_status=api.ContainerStatusResponse(status={"id": "short"})))
    refused(Code.INTERNAL, lambda: cri.StopContainer(container_id=UNKNOWN), "has no id")
    answering(frame(container_status=api.ContainerStatusResponse()))
    refused(Code.INTERNAL, lambda: cri.RemoveContainer(container_id=UNKNOWN), "has no id")
    # What comes after a whole answer does not matter.
    answering(VERSION + b"more words")
    same(cri.Version().runtime_name, "fake")
    # Codes that are none of gRPC's, and words that are no text.
    answering(frame(outcome=oneshot.Outcome(code=99, message="odd")))
    same(refused(Code.UNKNOWN, cri.Version), "odd")
    answering(frame(outcome=oneshot.Outcome(code=-1, message="odd")))
    refused(Code.UNKNOWN, cri.Version)
    for code in Code:
        if code is not Code.OK:
            answering(frame(outcome=oneshot.Outcome(code=code.value[0], message=f"it is {code.name}")))
            same(refused(code, cri.Version), f"it is {code.name}")
END
}

@test "a stream whose translator ends without an outcome is INTERNAL, after the messages that came" {
    translator <<<'cat >/dev/null; exec cat "$BYTES"'
    frames <<'END'
event = frame(get_container_events=api.ContainerEventResponse(container_id=UNKNOWN))
with Cri(SOCKET) as cri:
    for ending, code in ((b"", Code.INTERNAL), (event[:10], Code.INTERNAL), (b"\0", Code.INTERNAL), (VERSION, Code.INTERNAL),
                         (frame(outcome=oneshot.Outcome(code=14, message="gone")), Code.UNAVAILABLE), (b"\x02\x0a\x00", Code.OK)):
        answering(event * 3 + ending)
        seen, ended = [], Code.OK
        try:
            for message in cri.GetContainerEvents():
                seen.append(message.container_id)
        except grpc.RpcError as error:
            ended = error.code()
        same([seen, ended], [[UNKNOWN] * 3, code], ending)
END
}

@test "a translator that is killed in its middle is INTERNAL, and the connection goes on" {
    translator <<<'head -c 5 "$BYTES"; sleep 0.1; kill -KILL $$'
    frames <<'END'
answering(VERSION)
with Cri(SOCKET) as cri:
    for _ in range(3):
        refused(Code.INTERNAL, cri.Version, "translator")
END
}

@test "a translator that answers without having read its request, and lives on: the answer comes at once" {
    translator <<<'cat "$BYTES"; exec sleep 5'
    frames <<'END'
answering(VERSION)
with Cri(SOCKET) as cri, Within(5):
    for _ in range(3):
        same(cri.Version(b"\xc2\x3e\x80\x80\x80\x04" + bytes(8 * 2**20)).runtime_name, "fake")
END
}

@test "a translator that answers and ends without having read its request: the answer is the client's" {
    translator <<<'exec <&-; exec cat "$BYTES"'
    frames <<'END'
answering(VERSION)
with Cri(SOCKET) as cri:
    for _ in range(10):
        same(cri.Version(b"\xc2\x3e\x80\x80\x80\x04" + bytes(8 * 2**20)).runtime_name, "fake")
    same(len(connections(int(os.environ["SERVER"]))), 1)
END
}

@test "an answer that comes a byte at a time is whole" {
    translator <<'END'
cat >/dev/null
i=0
while [ $i -lt "$(stat -c %s "$BYTES")" ]; do
    tail -c +$((i + 1)) "$BYTES" | head -c 1
    i=$((i + 1))
done
END
    frames <<'END'
answering(VERSION)
with Cri(SOCKET) as cri:
    same(cri.Version().runtime_name, "fake")
    answering(frame(outcome=oneshot.Outcome(code=5, message="slow")))
    same(refused(Code.NOT_FOUND, cri.Version), "slow")
END
}

# ---- what other stacks send

@test "an authority that is the socket's path, as grpc-go sends it, or anything else, is accepted" {
    listening "$SOCKET"
    frames <<'END'
for authority in (SOCKET, "localhost", "", "%2Frun%2Fcri.sock", "unix:///run/x", "a b", "\u00fc", None):
    connection = h2_client.Connection(SOCKET, authority=authority)
    answer = connection.answer(connection.call("Version"))
    same([answer.headers.get(":status"), answer.status()], ["200", 0], authority)
    connection.close()
for authority in (SOCKET, "localhost"):
    with Cri(SOCKET, [("grpc.default_authority", authority)]) as cri:
        same(cri.Version().runtime_version, "1.2.3")
END
}

@test "docker's words reach the client letter by letter" {
    listening "$SOCKET"
    frames <<'END'
with Cri(SOCKET) as cri:
    same(refused(Code.UNKNOWN, cri.ListContainers), '100% "schön" €')
END
}

@test "compressed requests are UNIMPLEMENTED, naming what is not, and saying what is; the next call is well" {
    listening "$SOCKET"
    frames <<'END'
with Cri(SOCKET, [("grpc.default_compression_algorithm", 2)]) as cri:
    refused(Code.UNIMPLEMENTED, lambda: cri.Version(version="v" * 10000), "gzip")
with Cri(SOCKET) as cri:
    same(cri.Version().runtime_version, "1.2.3")
connection = h2_client.Connection(SOCKET)
answer = connection.answer(connection.call("Version", grpc_encoding="gzip"))
same([answer.status(), answer.headers["grpc-accept-encoding"]], [12, "identity"])
same(connection.answer(connection.call("Version", grpc_encoding="identity")).status(), 0)
END
}

@test "unknown services and methods are UNIMPLEMENTED, wrong HTTP is told, metadata is no matter" {
    listening "$SOCKET"
    frames <<'END'
with Cri(SOCKET) as cri:
    for path in ("/runtime.v1.RuntimeService/NoSuch", "/runtime.v1alpha2.RuntimeService/Version", "/runtime.v1.ImageService/Version",
                 "/grpc.health.v1.Health/Check", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "/x", "/runtime.v1.RuntimeService/"):
        refused(Code.UNIMPLEMENTED, lambda: cri.channel.unary_unary(path)(b""), "unknown" if path.count("/") == 2 else "malformed")
    version = cri.channel.unary_unary("/runtime.v1.RuntimeService/Version")
    assert version(b"", metadata=[("authorization", "Bearer x"), ("x-bin", b"\0\xff"), ("traceparent", "00-1")])
connection = h2_client.Connection(SOCKET)
for more, status, http in (({":method": "GET"}, 13, "405"), ({"content_type": "application/json"}, 13, "415"), ({"content_type": None}, 13, "415"),
                           ({"content_type": "application/grpc+proto"}, 0, "200"), ({"content_type": "application/grpc;charset=utf-8"}, 0, "200"),
                           ({"te": None}, 0, "200"), ({":path": None}, 13, "400"), ({"content_type": "application/grpc+json"}, 13, "415")):
    answer = connection.answer(connection.call("Version", **more))
    same([answer.status(), answer.headers[":status"]], [status, http], (more, answer.text()))
def sent(*parts, ends=True):
    stream = connection.call_headers("Version")
    for part in parts:
        connection.send(stream, part)
    connection.send(stream, b"", end=ends)
    return connection.answer(stream)
same(sent(b"\0\0\0\0\0").status(), 0)
same(sent(b"\0", b"\0\0", b"\0\0").status(), 0)
same(sent(b"\0\0\0\0\2", b"\x0a", b"\0").status(), 0)
same(sent().status(), 12)
same(sent(b"\0\0\0").status(), 13)
same(sent(b"\0\0\0\0\5abc").status(), 13)
same(sent(b"\1\0\0\0\0").status(), 13)
same(sent(b"\0\0\0\0\0\0\0\0\0\0").status(), 12)
same(sent(b"\0\xff\xff\xff\xff").status(), 8)
same(connection.answer(connection.call("Version")).status(), 0)
END
}

@test "a connection that is no client's: a stream where an answer was asked for, and the other way round" {
    listening "$SOCKET"
    frames <<'END'
with Cri(SOCKET) as cri:
    same(len(list(cri.channel.unary_stream("/runtime.v1.RuntimeService/Version")(b""))), 1)
    # A client that goes on to send: with a request that is a stream.
    same(api.VersionResponse.FromString(cri.channel.stream_unary("/runtime.v1.RuntimeService/Version")(iter([b""]))).runtime_version, "1.2.3")
    refused(Code.UNIMPLEMENTED, lambda: cri.channel.stream_unary("/runtime.v1.RuntimeService/Version")(iter([b"", b""])), "more than one message")
END
}
