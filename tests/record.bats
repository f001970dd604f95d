#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file records clients of every manner around a docker that is a script: many calls at once, clients that go, calls that take too
# long, and frames that are none. Where no case can be made, the client sees what it sees without a recording.

bats_require_minimum_version 1.5.0
ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
BUILD=$(realpath -m "${BUILD:-$ROOT/build}")
# As the recorder names the first id, so that a client finds it again in the recording.
ID=1d00000000011d00000000011d00000000011d00000000011d00000000011d00
EVENT='{"status":"start","id":"'$ID'","from":"busybox:test","Type":"container","Action":"start","Actor":{"ID":"'$ID'","Attributes":{"image":"busybox:test","io.kubernetes.docker.type":"podsandbox","io.kubernetes.container.name":"POD","name":"k8s_POD_web_shop_uid-1_0"}},"scope":"local","time":1795529377,"timeNano":1795529377000000001}'
# What a crash of the programs would leave is told; that they leave their memory to the system is meant.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

setup() {
    export PATH=$BUILD/bin:$PATH TMPDIR=$BATS_TEST_TMPDIR/tmp
    unset CRI_ONESHOT_TRACE CRI_ONESHOT_PAUSE_IMAGE CRI_ONESHOT_NETWORK CRI_ONESHOT_DOCKER_VERSION
    mkdir "$TMPDIR"
    S=$BATS_TEST_TMPDIR/session
    # A word that no other process has on its command line.
    MARK=left-$$-$BATS_TEST_NUMBER
}

# Neither a process nor a file is left.
teardown() {
    run ! pgrep -f "$MARK"
    run ! pgrep -f "$TMPDIR/cri-fixture"
    [ -z "$(ls -A "$TMPDIR")" ]
    [ -z "$(compgen -G "$S.*")" ]
}

# docker_is: makes the shell script on standard input docker.
docker_is() {
    {
        echo '#!/bin/bash'
        cat
    } >"$BATS_TEST_TMPDIR/docker"
    chmod +x "$BATS_TEST_TMPDIR/docker"
    export CRI_ONESHOT_DOCKER=$BATS_TEST_TMPDIR/docker MARK
}

# docker_is_a_program: the docker that is a script gets a program file in front of it.
docker_is_a_program() {
    mv "$BATS_TEST_TMPDIR/docker" "$BATS_TEST_TMPDIR/docker.sh"
    printf '#include <unistd.h>\nint main(int c, char **v) { return c > 0 && execv("%s", v); }\n' "$BATS_TEST_TMPDIR/docker.sh" |
        cc -x c -o "$BATS_TEST_TMPDIR/docker" -
}

# record COMMAND...: to $S.
record() {
    cri-fixture record --about="a script" "$S" -- "$@"
}

# client: makes the bash script on standard input a client.
client() {
    {
        echo "ID=$ID"
        cat
    } >"$BATS_TEST_TMPDIR/client"
    CLIENT=$BATS_TEST_TMPDIR/client
}

cases() {
    find "$S" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort
}

@test "how long a caller would wait is no part of a recording" {
    docker_is <<'END'
echo '{"Client":{"Version":"9"},"Server":{"Version":"9"}}'
END
    run -0 record cri-frame call Version --timeout=5
    run -1 grep -r timeout "$S"
}

# ---- many at once

@test "32 calls at once are 32 cases, and play" {
    docker_is <<'END'
case $* in
version*) sleep 0.05; printf '{"Client":{"Version":"9"},"Server":{"Version":"%s"}}\n' "$BASHPID" ;;
stop*) echo "${*: -1}" ;;
exec*) sleep 0.0"$((RANDOM % 9))"; echo "${*: -1}" ;;
esac
END
    client <<'END'
pids=()
for i in $(seq 32); do
    case $((i % 3)) in
    0) cri-frame call Version --compact ;;
    1) cri-frame call StopContainer container_id="$ID" timeout="$i" --compact ;;
    2) cri-frame call ExecSync container_id="$ID" cmd=echo cmd="$i" --compact ;;
    esac >"$TMPDIR/out.$i" & pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || exit 1; done
for i in $(seq 32); do [ -s "$TMPDIR/out.$i" ] || exit 2; done
sort "$TMPDIR"/out.* >"$OUT"
rm "$TMPDIR"/out.*
END
    export OUT=$BATS_TEST_TMPDIR/recorded
    run -0 record bash "$CLIENT"
    [ "$(cases | wc -l)" = 32 ]
    [ "$(cases | cut -c1-3)" = "$(printf '%03d\n' {1..32})" ]
    [ "$(cases | grep -c version)" = 10 ]
    run -0 cri-fixture check "$S"
    # Served to as many at once, each of the answers is given once.
    export OUT=$BATS_TEST_TMPDIR/served
    run cri-fixture serve "$S" -- bash "$CLIENT"; echo "$output"; [ $status = 0 ]
    diff "$BATS_TEST_TMPDIR/recorded" "$BATS_TEST_TMPDIR/served"
}

@test "a gateway with 32 calls in flight, one given up, one too late, and a stream that its client leaves" {
    docker_is <<END
case \$1 in
events) echo '$EVENT'; exec -a "\$MARK" sleep 300 ;;
exec) [ "\${*: -1}" != for-ever ] || exec -a "\$MARK" sleep 300; sleep 0.0\$((RANDOM % 9)); echo "\${*: -1}" ;;
esac
END
    cat >"$BATS_TEST_TMPDIR/client.py" <<'END'
import os, subprocess, sys, tempfile, time
import grpc
work = tempfile.mkdtemp()
subprocess.run(["protoc", f"--proto_path={sys.argv[1]}/proto", f"--python_out={work}", "runtime/v1/api.proto"], check=True)
sys.path.insert(0, work)
from runtime.v1 import api_pb2 as api
gateway = subprocess.Popen(["cri-gateway", f"--listen={work}/s"])
while not os.path.exists(f"{work}/s"):
    time.sleep(0.01)
channel = grpc.insecure_channel(f"unix:{work}/s")
def method(make, name, answer):
    return make(f"/runtime.v1.RuntimeService/{name}", request_serializer=lambda m: m.SerializeToString(), response_deserializer=answer.FromString)
execute = method(channel.unary_unary, "ExecSync", api.ExecSyncResponse)
events = method(channel.unary_stream, "GetContainerEvents", api.ContainerEventResponse)
def request(word):
    return api.ExecSyncRequest(container_id=sys.argv[2], cmd=["echo", word])
calls = [execute.future(request(str(i)), timeout=60) for i in range(32)]
words = [call.result().stdout.decode() for call in calls]
assert words == [f"{i}\n" for i in range(32)], words
stream = events(api.GetEventsRequest())
assert next(stream).container_id == sys.argv[2]
given_up = execute.future(request("for-ever"), timeout=60)
time.sleep(0.3)
given_up.cancel()
try:
    execute(request("for-ever"), timeout=0.5)
    sys.exit("it should be too late")
except grpc.RpcError as error:
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
stream.cancel()
time.sleep(0.3)
channel.close()
gateway.terminate()
gateway.wait(20)
subprocess.run(["rm", "-rf", work], check=True)
END
    run -0 record /usr/bin/python3 "$BATS_TEST_TMPDIR/client.py" "$ROOT" "$ID"
    [ "$(cases | wc -l)" = 35 ]
    [ "$(cases | grep -c 'exec sync')" = 34 ]
    [ "$(cat "$S"/*/docker.exit | sort | uniq -c | tr -s ' ')" = " 1 deadline
 2 hang-up" ] || [ "$(cat "$S"/*/docker.exit | sort | uniq -c | tr -s ' ')" = " 3 hang-up" ]
    run -0 cri-fixture check "$S"
    run -0 cri-fixture serve "$S" -- /usr/bin/python3 "$BATS_TEST_TMPDIR/client.py" "$ROOT" "$ID"
}

@test "a call is recorded however the translator is started" {
    docker_is <<'END'
echo '{"Client":{"Version":"9"},"Server":{"Version":"9"}}'
END
    client <<'END'
cri-frame call Version
cri-frame encode Version | cri-oneshot | cri-frame decode
cri-frame encode Version | env -i CRI_ONESHOT_RECORD="$CRI_ONESHOT_RECORD" CRI_ONESHOT_DOCKER="$CRI_ONESHOT_DOCKER" "$(command -v cri-oneshot)" |
    cri-frame decode
cri-oneshot --methods >/dev/null
cri-frame encode Version | cri-oneshot --explain >/dev/null
END
    run -0 record bash "$CLIENT"
    [ "$(cases)" = "001 version
002 version
003 version" ]
    [[ $output == *"of 3 calls 3 are cases in $S"* ]]
}

@test "of more calls than have numbers the first ones are kept, and all are served" {
    docker_is <<'END'
echo "$@"
END
    client <<'END'
cri-frame call StopContainer container_id="$ID" timeout=1
head -c 997 /dev/zero >>"$CRI_ONESHOT_RECORD/.calls"
for i in 2 3 4; do cri-frame call StopContainer container_id="$ID" timeout="$i" --compact || exit 1; done
END
    run -1 record bash "$CLIENT"
    [[ $output == *'the calls after number 999 are left out'* ]]
    [ "$(cases)" = "001 stop container
999 stop container" ]
    [ "$(grep -cx '{}' <<<"$output")" = 4 ]
}

# ---- clients that go

@test "a client that goes ends docker, and the case says so" {
    docker_is <<'END'
exec -a "$MARK" sleep 300
END
    client <<'END'
exec 5< <(cri-frame encode ContainerStatus container_id="$ID" | cri-oneshot)
until pgrep -f "$MARK" >/dev/null; do sleep 0.02; done
exec 5<&-
END
    run -0 record bash "$CLIENT"
    [ "$(cases)" = "001 container status" ]
    [ "$(cat "$S/001 container status/docker.exit")" = hang-up ]
    grep -q 'Its client hung up' "$S/001 container status/about"
    grep -q '"code": 1' "$S/001 container status/response.json"
    run -0 cri-fixture check "$S"
}

@test "clients that go all at once leave nothing" {
    docker_is <<'END'
exec -a "$MARK" sleep 300
END
    client <<'END'
pids=()
for i in $(seq 32); do
    cri-frame call ContainerStatus container_id="$ID" >/dev/null 2>&1 & pids+=($!)
done
until [ "$(pgrep -cf "^$MARK")" = 32 ]; do sleep 0.02; done
kill "${pids[@]}"
wait
END
    run -0 record bash "$CLIENT"
    [ "$(cases | wc -l)" = 32 ]
    [ "$(sort -u "$S"/*/docker.exit)" = hang-up ]
}

@test "events until the client hangs up are recorded, served, and end when it hangs up again" {
    printf '%s\n' "$EVENT" "$EVENT" >"$BATS_TEST_TMPDIR/events"
    docker_is <<END
cat "$BATS_TEST_TMPDIR/events"
exec -a "\$MARK" sleep 300
END
    client <<'END'
exec 5< <(exec cri-frame call GetContainerEvents --compact)
read -r one <&5 && read -r two <&5 || exit 1
[[ $one = *CONTAINER_STARTED_EVENT* && $two = *CONTAINER_STARTED_EVENT* ]] || exit 2
! read -t 0.2 -r three <&5 || exit 3
kill $!
END
    run -0 record bash "$CLIENT"
    [ "$(cases)" = "001 get container events" ]
    [ "$(cat "$S/001 get container events/docker.exit")" = hang-up ]
    [ "$(wc -l <"$S/001 get container events/response.json")" = 3 ]
    run -0 cri-fixture check "$S"
    run cri-fixture serve "$S" -- bash "$CLIENT"; echo "$output"; [ $status = 0 ]
}

@test "a client that has gone before the answer" {
    docker_is <<'END'
echo '{"Client":{"Version":"9"},"Server":{"Version":"9"}}'
END
    client <<'END'
cri-frame encode Version >"$FRAME"
cri-oneshot <"$FRAME" >/dev/full
true
END
    export FRAME=$BATS_TEST_TMPDIR/frame
    run -0 record bash "$CLIENT"
    [ "$(cases | wc -l)" = 1 ]
    run -0 cri-fixture check "$S"
}

@test "a stream whose client goes in the middle of a flood has what was printed until then" {
    docker_is <<END
exec -a "\$MARK" yes '$EVENT'
END
    client <<'END'
cri-frame encode GetContainerEvents | cri-oneshot | head -c 100000 >/dev/null
END
    run -0 record bash "$CLIENT"
    [ "$(cat "$S/001 get container events/docker.exit")" = hang-up ]
    run -0 cri-fixture check "$S"
}

# ---- calls that take too long

@test "calls ended by their deadline are cases, and served they end by it, too" {
    docker_is <<'END'
[ "$1" != events ] || exec -a "$MARK" sleep 300
[ "$1" != exec ] || { echo half; exec -a "$MARK" sleep 300; }
exec -a "$MARK" sleep 300
END
    client <<'END'
cri-frame call ContainerStatus container_id="$ID" --timeout=100ms 2>&1 | grep -q 'ContainerStatus: DEADLINE_EXCEEDED: not done in time' || exit 1
cri-frame call ExecSync container_id="$ID" cmd=sleep cmd=300 timeout=1 2>&1 | grep -q 'ExecSync: DEADLINE_EXCEEDED: not done in time' || exit 2
cri-frame call GetContainerEvents --timeout=100ms 2>&1 | grep -q 'GetContainerEvents: DEADLINE_EXCEEDED: not done in time' || exit 3
END
    run -0 record bash "$CLIENT"
    [ "$(cases)" = "001 container status
002 exec sync
003 get container events" ]
    [ "$(sort -u "$S"/*/docker.exit)" = deadline ]
    [ "$(cat "$S/002 exec sync/docker.stdout")" = half ]
    run -0 cri-fixture check "$S"
    run cri-fixture serve "$S" -- bash "$CLIENT"; echo "$output"; [ $status = 0 ]
}

@test "a docker that is killed is killed in the case, too" {
    docker_is <<'END'
kill -KILL $$
END
    client <<'END'
cri-frame call Version 2>&1 | grep -qxF "Version: INTERNAL: docker's command line was killed by signal 9"
END
    run -0 bash -c "ID=; . $CLIENT"
    run -0 record bash "$CLIENT"
    [ "$(cat "$S/001 version/docker.exit")" = "signal 9" ]
    run -0 cri-fixture check "$S"
    run cri-fixture serve "$S" -- bash "$CLIENT"; echo "$output"; [ $status = 0 ]
}

@test "a call that is still going on when the client ends is left out" {
    docker_is <<'END'
exec -a "$MARK" sleep 300
END
    client <<'END'
cri-frame call StopContainer container_id=none
setsid cri-frame call ContainerStatus container_id="$ID" >/dev/null 2>&1 </dev/null &
echo "$!" >"$PIDFILE"
until pgrep -f "^$MARK" >/dev/null; do sleep 0.02; done
END
    export PIDFILE=$BATS_TEST_TMPDIR/pid
    run -1 record bash "$CLIENT"
    echo "$output"
    [[ $output == *'call 2, container status is left out: it was still going on when the client ended'* ]]
    [ "$(cases)" = "001 stop container" ]
    kill "$(cat "$PIDFILE")"
    for _ in {1..200}; do pgrep -f "^$MARK" || break; sleep 0.05; done
}

# ---- what is passed through

# both COMMAND: runs a bash command that uses $T, the translator, bare and recorded; exit status and output must be the same.
both() {
    local bare recorded
    export CRI_ONESHOT_MAX_REQUEST=1000 CRI_ONESHOT_READ_TIMEOUT=200 T=cri-oneshot
    bare=$(bash -c "$1" 2>&1 | od -c; echo "${PIPESTATUS[0]}")
    recorded=$(CRI_ONESHOT_RECORD=$S bash -c "$1" 2>&1 | od -c; echo "${PIPESTATUS[0]}")
    [ "$bare" = "$recorded" ] || {
        printf '%s\nbare     %s\nrecorded %s\n' "$1" "$bare" "$recorded"
        return 1
    }
}

@test "frames that are none, half ones and those with more behind pass through as they are" {
    docker_is <<'END'
echo '{"Client":{"Version":"9"},"Server":{"Version":"9"}}'
END
    F=$BATS_TEST_TMPDIR/frames
    cri-frame encode Version >"$F.one"
    cat "$F.one" "$F.one" "$F.one" >"$F.three"
    head -c 1 "$F.one" >"$F.half"
    printf '\377\377\377\377\377\377\377\377\377\377\377' >"$F.garbage"
    printf '\200' >"$F.length"
    printf '\003abc' >"$F.protobuf"
    printf '\000' >"$F.empty"
    cri-frame encode ExecSync container_id="$ID" cmd="$(printf 'x%.0s' {1..2000})" >"$F.large"
    for name in one three half garbage length protobuf empty large; do
        both "\$T <$F.$name"
        both "cat $F.$name | \$T"
        both "{ cat $F.$name; echo more; } | { \$T; cat; }"
        both "{ cat $F.$name; sleep 0.4; } | \$T"
    done
    both '$T </dev/null'
    both '$T <&-'
    both '$T <&- >&-'
    both "\$T <$F.one >&-"
    both "\$T <$F.one >/dev/full"
    both "{ \$T; \$T; \$T; \$T; } <$F.three"
    # A gateway may have told the system to forget its children.
    both "/usr/bin/python3 -c 'import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execvp(sys.argv[1], sys.argv[1:])' \$T <$F.one"
    both "\$T --explain <$F.one"
}

@test "nothing asked is no call; what is no request is left out with a word" {
    docker_is <<'END'
END
    client <<'END'
cri-oneshot </dev/null
cri-frame call StopContainer container_id=none
END
    run -0 record bash "$CLIENT"
    [ "$(cases)" = "001 stop container" ]
    client <<'END'
printf '\005abc' | cri-oneshot >/dev/null
printf '\003abc' | cri-oneshot >/dev/null
cri-frame call StopContainer container_id=none
END
    run -1 record bash "$CLIENT"
    [[ $output == *'call 1 is left out: it is no request'*'call 2 is left out: it is no request'*'of 3 calls 1 are cases'* ]]
    [ "$(cases)" = "003 stop container" ]
}

@test "what JSON cannot say of a request is a frame, without what is in fields that nobody knows" {
    docker_is <<'END'
echo '{"Client":{"Version":"9"},"Server":{"Version":"9"}}'
END
    client <<'END'
printf '\017\122\015\372\001\007hunter2\220\003\177' | cri-oneshot >/dev/null
printf '\012\302\076\007hunter2' | cri-oneshot >/dev/null
END
    run -0 record bash "$CLIENT"
    [ "$(cases)" = "001 version
002 no call" ]
    grep -q '^version.#31$' "$S/001 version/ignored"
    grep -q 'is not known here' "$S/002 no call/response.json"
    run -0 cri-fixture check "$S"
    run -1 grep -r hunter2 "$S"
}

@test "the translator is the one beside cri-fixture, else on PATH" {
    mkdir "$BATS_TEST_TMPDIR/alone" "$BATS_TEST_TMPDIR/bin"
    cp "$BUILD/bin/cri-fixture" "$BATS_TEST_TMPDIR/alone"
    PATH=$BATS_TEST_TMPDIR/alone:/usr/bin:/bin run -1 timeout 20 cri-fixture record --about=x "$S" -- true
    [[ $output == *'no call of the translator was seen'* ]]
    [ ! -e "$S" ]
    cp "$BUILD/bin/cri-oneshot" "$BUILD/bin/cri-frame" "$BATS_TEST_TMPDIR/bin"
    PATH=$BATS_TEST_TMPDIR/alone:$BATS_TEST_TMPDIR/bin:/usr/bin:/bin run -0 timeout 20 \
        cri-fixture record --about=x "$S" -- cri-frame call StopContainer container_id=none
    [ "$(cases)" = "001 stop container" ]
}

@test "a client that fails leaves the recording as it is, and its exit code is ours" {
    docker_is <<'END'
echo '{"Client":{"Version":"9"},"Server":{"Version":"9"}}'
END
    run -7 record sh -c 'cri-frame call Version; exit 7'
    [ ! -e "$S" ]
    run -0 record sh -c 'cri-frame call Version; cri-frame call StopContainer container_id=none'
    echo kept >"$S/README.md"
    cp -r "$S" "$BATS_TEST_TMPDIR/before"
    run -7 record sh -c 'cri-frame call Version; exit 7'
    [[ $output == *"the client failed: $S stays as it is"* ]]
    run -127 record no-such-client
    run -1 record true
    diff -r "$BATS_TEST_TMPDIR/before" "$S"
    run -0 record cri-frame call Version
    [ "$(cases)" = "001 version
README.md" ]
}

# ---- by the setting alone

@test "a script, a gateway and a unit are recorded by the setting, and what they leave plays" {
    docker_is <<'END'
case $* in
version*) echo '{"Client":{"Version":"9"},"Server":{"Version":"9"}}' ;;
exec*) echo "$*"; exit 3 ;;
events*) ;;
info*) echo '{"DockerRootDir":"/usr"}' ;;
pull*) env; cat /dev/fd/3; exit 1 ;;
esac
END
    export CRI_ONESHOT_RECORD=$S CRI_ONESHOT_PAUSE_IMAGE=pause:x
    cri-frame call Version
    cri-frame call ExecSync container_id="$ID" cmd=true || true
    cri-frame call GetContainerEvents
    cri-frame call ImageFsInfo
    cri-frame call ImageStatus || true
    run -1 cri-frame call PullImage image='{"image": "h:5/a:b"}' auth='{"username": "me", "password": "hunter2"}'
    cri-frame encode Version >"$BATS_TEST_TMPDIR/frame"
    systemd-socket-activate --accept --inetd --listen="$TMPDIR/s" --setenv=CRI_ONESHOT_DOCKER --setenv=CRI_ONESHOT_RECORD cri-oneshot 3>&- &
    until "$ROOT/tests/listening" "$TMPDIR/s"; do sleep 0.02; done
    cri-frame call Version --socket="$TMPDIR/s"
    kill $!
    rm "$TMPDIR/s"
    [ "$(cases)" = ".calls
001 version
002 exec sync
003 get container events
004 image fs info
005 image status
006 pull image
007 version" ]
    run cri-fixture check "$S"; echo "$output"; [ $status = 0 ]
    grep -qx CRI_ONESHOT_PAUSE_IMAGE=pause:x "$S/001 version/settings"
    grep -q '^now_ns=' "$S/004 image fs info/surroundings"
    grep -q '^filesystem=' "$S/004 image fs info/surroundings"
    run -1 grep -r hunter2 "$S"
}

@test "a killed call leaves no case, and the next ones go on" {
    docker_is <<'END'
[ "$1" != inspect ] || exec -a "$MARK" sleep 300
echo '{"Client":{"Version":"9"},"Server":{"Version":"9"}}'
END
    export CRI_ONESHOT_RECORD=$S
    cri-frame encode ContainerStatus container_id="$ID" >"$BATS_TEST_TMPDIR/frame"
    cri-oneshot <"$BATS_TEST_TMPDIR/frame" >/dev/null &
    until pgrep -f "^$MARK" >/dev/null; do sleep 0.02; done
    kill -KILL $!
    while pgrep -f "^$MARK" >/dev/null; do sleep 0.02; done
    cri-frame call Version
    [ "$(cases)" = ".calls
.new.001
002 version" ]
    run -0 cri-fixture check "$S"
    unset CRI_ONESHOT_RECORD
    client <<'END'
cri-oneshot <"$FRAME" >/dev/null &
until pgrep -f "^$MARK" >/dev/null; do sleep 0.02; done
kill -KILL $!
while pgrep -f "^$MARK" >/dev/null; do sleep 0.02; done
cri-frame call Version
END
    rm -r "$S"
    export FRAME=$BATS_TEST_TMPDIR/frame
    run -1 record bash "$CLIENT"
    [[ $output == *'call 1, container status is left out: the translator did not end well'* ]]
    [ "$(cases)" = "002 version" ]
}

@test "a folder that cannot be written is told by the call, and docker is not asked" {
    docker_is <<'END'
touch "$BATS_TEST_TMPDIR/asked"
END
    for folder in /proc/nowhere "$BATS_TEST_TMPDIR/no/where" "$BATS_TEST_TMPDIR/docker" relative; do
        CRI_ONESHOT_RECORD=$folder run -1 cri-frame call Version
        [[ $output == *'FAILED_PRECONDITION: setting CRI_ONESHOT_RECORD: "'"$folder"'"'* ]]
    done
    mkdir "$S"
    ln -s /dev/full "$S/.calls"
    CRI_ONESHOT_RECORD=$S run -1 cri-frame call Version
    [[ $output == *'FAILED_PRECONDITION: setting CRI_ONESHOT_RECORD'* ]]
    rm "$S/.calls"
    mkfifo "$S/.calls"
    CRI_ONESHOT_RECORD=$S run -1 timeout 10 cri-frame call Version
    [[ $output == *'FAILED_PRECONDITION: setting CRI_ONESHOT_RECORD: "'"$S"'": '* ]]
    [ ! -e relative ]
    [ ! -e "$BATS_TEST_TMPDIR/asked" ]
}

# ---- secrets

@test "a secret is replaced by one that goes the same way" {
    docker_is <<END
case \$1 in
create) echo "$ID" ;;
*) echo 'Digest: sha256:$ID'; echo 'docker.io/library/a:b' ;;
esac
END
    docker_is_a_program
    cat >"$BATS_TEST_TMPDIR/values.py" <<'END'
import base64, json, sys
word = b"hunter2"
values = {
    "plain": word, "empty": b"", "newline": word + b"\nmore", "return": word + b"\r", "return inside": word + b"\rmore",
    "nul": word + b"\0", "latin": word + b"\xfc", "cut": word + b"\xc3", "umlaut": (word.decode() + "\u00fc").encode(),
    "59k": word * 8700, "61k": word * 8900, "126k": word * 18400, "130k": word * 19000, "line of 126k": word * 18400 + b"\n",
}
pod = {"metadata": {"name": "p", "namespace": "n", "uid": "u"}}
for name in ["A", "#A", "with blank", "GOPATH"]:
    for value in values.values():
        config = {"metadata": {"name": "c"}, "image": {"image": "a:b"},
                  "envs": [{"key": "FIRST", "value": ""}, {"key": name, "value": base64.b64encode(value).decode()}]}
        print(json.dumps({"create_container": {"pod_sandbox_id": sys.argv[1], "config": config, "sandbox_config": pod}}))
pair = base64.b64encode(b"me:hunter2").decode()
for auth in [{"username": "me", "password": "hunter2"}, {"auth": pair}, {"auth": pair.rstrip("=")}, {"auth": "aHVudGVyMg=="},
             {"auth": "hunter2"}, {"auth": "====="}, {"identity_token": "hunter2"}, {"registry_token": "hunter2"}, {"auth": "", "password": "hunter2"},
             {"auth": pair, "server_address": "https://elsewhere.example"},
             {"auth": pair, "server_address": "https://me:hunter2@docker.io"}, {"auth": pair, "server_address": "me:hunt/hunter2@h"}]:
    print(json.dumps({"pull_image": {"image": {"image": "a:b"}, "auth": auth}}))
END
    client <<'END'
/usr/bin/python3 "$VALUES" "$ID" | while read -r request; do
    cri-frame call --request - <<<"$request"
done >"$OUT" 2>&1
true
END
    export VALUES=$BATS_TEST_TMPDIR/values.py OUT=$BATS_TEST_TMPDIR/out
    run -0 record bash "$CLIENT"
    [ "$(cases | wc -l)" = $((4 * 14 + 12)) ]
    # Each of the ways and refusals is there.
    [[ $(cat "$OUT") == *'has a NUL byte or is not UTF-8'*'is longer than the'*'would steer'*'is not the base64 of USER:PASSWORD'* ]]
    [ "$(cat "$S"/*/environ | sort -u | grep -c .)" -ge 3 ]
    run -0 cri-fixture check "$S"
    run -1 grep -rlE 'hunter2|aHVudGVyM|h1bnRlcj|odW50ZXIy' "$S"
}

@test "secrets that docker repeats in its own words are in no case, answer and trace" {
    docker_is <<'END'
for word; do
    case $word in
    --config=*) tee /dev/stderr <"${word#--config=}/config.json" ;;
    --env-file=*) tee /dev/stderr <"${word#--env-file=}" ;;
    esac
done
echo 'Error response from daemon: denied: {"Authorization": "Basic bWU6aHVudGVyIHR3bw=="}, hunter+two, hunter%20two' >&2
exit 1
END
    client <<'END'
call() {
    cri-frame call "$@" || true
}
{
    call PullImage image='{"image": "a:b"}' auth='{"username": "me", "password": "hunter two"}'
    call PullImage image='{"image": "a:b"}' auth='{"auth": "bWU6aHVudGVyIHR3bw=="}'
    call CreateContainer pod_sandbox_id="$ID" sandbox_config='{"metadata": {"name": "p", "namespace": "n", "uid": "u"}}' \
        config='{"metadata": {"name": "c"}, "image": {"image": "a:b"}, "envs": [{"key": "A", "value": "aHVudGVyIHR3bw=="}]}'
} >"$OUT" 2>&1
END
    export OUT=$BATS_TEST_TMPDIR/out CRI_ONESHOT_TRACE=$BATS_TEST_TMPDIR/trace
    run -0 record bash "$CLIENT"
    [ "$(cases | wc -l)" = 3 ]
    grep -q 'denied: .*<redacted>' "$OUT"
    grep -q '<redacted>' "$S"/*/docker.stderr
    grep -q 'denied: .*<redacted>' "$CRI_ONESHOT_TRACE"
    run -0 cri-fixture check "$S"
    run -1 grep -rlE 'hunter|bWU6aHVudGVyIHR3bw|aHVudGVyIHR3bw' "$S" "$OUT" "$CRI_ONESHOT_TRACE"
}

@test "what a command prints is kept as it is, also where it looks like docker's" {
    docker_is <<'END'
printf '{"Env":["A=b"]}\n'
END
    client <<'END'
cri-frame call ExecSync container_id="$ID" cmd=true
cri-frame call ContainerStatus container_id="$ID" || true
END
    run -0 record bash "$CLIENT"
    [ "$(cat "$S/001 exec sync/docker.stdout")" = '{"Env":["A=b"]}' ]
    [ "$(cat "$S/002 container status/docker.stdout")" = '{"Env":["A=<redacted>"]}' ]
}

@test "what docker repeats of a secret, in whatever form, is in no file" {
    docker_is <<'END'
exec 2>&1
env
[ ! -e /dev/fd/3 ] || cat /dev/fd/3
for word in "$(env)" "$([ ! -e /dev/fd/3 ] || cat /dev/fd/3)"; do
    base64 -w0 <<<"$word"; base64 -w0 <<<" $word"; base64 -w0 <<<"  $word"
    python3 -c 'import json, sys; print(json.dumps(sys.argv[1]))' "$word"
done
echo "Error response from daemon: $(env | grep hunter2 | head -1) is denied"
exit 1
END
    docker_is_a_program
    client <<'END'
run() { cri-frame call "$@" >>"$OUT" 2>&1; }
run CreateContainer pod_sandbox_id="$ID" sandbox_config='{"metadata": {"name": "p", "namespace": "n", "uid": "u"}}' config='{
    "metadata": {"name": "c"}, "image": {"image": "a:b"}, "envs": [{"key": "A", "value": "aHVudGVyMg=="},
    {"key": "B", "value": "aHVudGVyMiJxdW90ZWQ8dGFnPlwK"}, {"key": "C", "value": "MTI="}, {"key": "D", "value": "aHVudGVyMgptb3JlIG9mIGh1bnRlcjI="}]}'
for auth in '"username": "me", "password": "hunter2"' '"auth": "bWU6aHVudGVyMg=="' '"identity_token": "hunter2"' '"registry_token": "hunter2"'; do
    run PullImage image='{"image": "h:5/a:b"}' auth="{$auth}"
done
true
END
    export OUT=$BATS_TEST_TMPDIR/out
    run -0 record bash "$CLIENT"
    [ "$(cases | wc -l)" = 5 ]
    grep -q '^A=<redacted>$' "$S/001 create container/docker.stdout"
    run -0 cri-fixture check "$S"
    run -1 grep -rlE 'hunter2|aHVudGVyM|h1bnRlcj|odW50ZXIy|bWU6aHVu' "$S"
    export CRI_ONESHOT_RECORD=$BATS_TEST_TMPDIR/raw
    run -0 bash -c "ID=$ID; . $CLIENT"
    run cri-fixture check "$CRI_ONESHOT_RECORD"; echo "$output"; [ $status = 0 ]
    run -1 grep -rlE 'hunter2|aHVudGVyM|h1bnRlcj|odW50ZXIy|bWU6aHVu' "$CRI_ONESHOT_RECORD"
}
