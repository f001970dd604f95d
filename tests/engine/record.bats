#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file records sessions on an engine: the same client gives the same recording, and no secret is in it.

load lib.bash

setup_file() {
    engine_up
}

teardown_file() {
    engine_down
}

teardown() {
    remove_all_containers
}

setup() {
    PATH=$BUILD/bin:$PATH
}

@test "two recordings of one session are the same, and play" {
    run -0 cri-fixture record "$BATS_TEST_TMPDIR/one" -- "$ROOT/tools/examples/pod-life.sh"
    remove_all_containers
    run -0 cri-fixture record "$BATS_TEST_TMPDIR/two" -- "$ROOT/tools/examples/pod-life.sh"
    diff -r "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
    run -0 cri-fixture check "$BATS_TEST_TMPDIR/one"
    run -0 cri-fixture serve "$BATS_TEST_TMPDIR/one" -- "$ROOT/tools/examples/pod-life.sh"
}

@test "two recordings of one session through cri-gateway are the same, and play" {
    run -0 cri-fixture record "$BATS_TEST_TMPDIR/one" -- "$ROOT/tools/examples/pod-life-grpc.py"
    remove_all_containers
    run -0 cri-fixture record "$BATS_TEST_TMPDIR/two" -- "$ROOT/tools/examples/pod-life-grpc.py"
    diff -r "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
    run -0 cri-fixture check "$BATS_TEST_TMPDIR/one"
    run -0 cri-fixture serve "$BATS_TEST_TMPDIR/one" -- "$ROOT/tools/examples/pod-life-grpc.py"
}

@test "recording a session anew replaces its cases, and keeps its README.md" {
    run -0 cri-fixture record "$BATS_TEST_TMPDIR/one" -- "$ROOT/tools/examples/pod-life.sh"
    echo kept >"$BATS_TEST_TMPDIR/one/README.md"
    run -0 cri-fixture record "$BATS_TEST_TMPDIR/one" -- cri-frame call Version
    [ "$(ls "$BATS_TEST_TMPDIR/one")" = "001 version
README.md" ]
}

@test "no secret is in a recording" {
    cat >"$BATS_TEST_TMPDIR/client" <<'END'
set -e
pod='{"metadata": {"name": "s", "namespace": "s", "uid": "s"}}'
id=$(cri-frame call RunPodSandbox "config=$pod" | sed -n 's/.*"pod_sandbox_id": "\(.*\)".*/\1/p')
container=$(cri-frame call CreateContainer "pod_sandbox_id=$id" "sandbox_config=$pod" config='{"metadata": {"name": "c"},
    "image": {"image": "busybox:test"}, "envs": [{"key": "A", "value": "aHVudGVyMg=="}, {"key": "B", "value": "aHVudGVyMgo="}]}' |
    sed -n 's/.*"container_id": "\(.*\)".*/\1/p')
cri-frame call ContainerStatus "container_id=$container" verbose=true
cri-frame call PullImage image='{"image": "127.0.0.1:1/a:b"}' \
    auth='{"username": "me", "password": "hunter2", "auth": "bWU6aHVudGVyMg=="}' || :
END
    run -0 cri-fixture record "$BATS_TEST_TMPDIR/one" -- bash "$BATS_TEST_TMPDIR/client"
    run -0 cri-fixture check "$BATS_TEST_TMPDIR/one"
    run -0 cat "$BATS_TEST_TMPDIR/one/004 pull image/fd.3"
    [[ $output == *'<redacted>'* ]]
    [ -s "$BATS_TEST_TMPDIR/one/002 create container/environ" ]
    run -1 grep -rE 'hunter2|aHVudGVyM|bWU6aHVu' "$BATS_TEST_TMPDIR/one"
}

@test "what a recording leaves behind is the session alone" {
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    mkdir "$TMPDIR"
    run -0 cri-fixture record "$BATS_TEST_TMPDIR/one" -- cri-frame call Version
    run -3 cri-fixture record "$BATS_TEST_TMPDIR/one" -- sh -c 'cri-frame call Version; exit 3'
    [ -z "$(ls -A "$TMPDIR")" ]
}

@test "calls at once, one too late, one given up, and events until their client goes: recorded, played, served, and nothing is left" {
    cat >"$BATS_TEST_TMPDIR/client" <<'END'
set -e
pod='{"metadata": {"name": "m", "namespace": "m", "uid": "m"}}'
id=$(cri-frame call RunPodSandbox "config=$pod" | sed -n 's/.*"pod_sandbox_id": "\(.*\)".*/\1/p')
exec 5< <(exec cri-frame call GetContainerEvents --compact)
events=$!
container=$(cri-frame call CreateContainer "pod_sandbox_id=$id" "sandbox_config=$pod" config='{"metadata": {"name": "c"},
    "image": {"image": "busybox:test"}, "command": ["sleep", "1000"]}' | sed -n 's/.*"container_id": "\(.*\)".*/\1/p')
cri-frame call StartContainer "container_id=$container"
seq 32 | xargs -P 32 -I{} cri-frame call ExecSync "container_id=$container" cmd=echo cmd={} --compact | sort | tee /dev/stderr | wc -l | grep -qx 32
cri-frame call ExecSync "container_id=$container" cmd=sleep cmd=1000 timeout=1 2>&1 | grep -q DEADLINE_EXCEEDED
exec 6< <(exec cri-frame call ExecSync "container_id=$container" cmd=sleep cmd=1001)
sleep 0.3
kill "$!"
exec 6<&-
cri-frame call StopContainer "container_id=$container" timeout=0
read -r -t 20 line <&5
[[ $line = *container_id* ]]
kill "$events"
exec 5<&-
END
    local one=$BATS_TEST_TMPDIR/one pid
    run -0 cri-fixture record "$one" -- bash "$BATS_TEST_TMPDIR/client"
    [ "$(find "$one" -mindepth 1 -maxdepth 1 | wc -l)" = 39 ]
    [ "$(cat "$one"/*/docker.exit | sort | tr '\n' ' ')" = "deadline hang-up hang-up " ]
    for pid in $(pgrep -x 'docker|cri-oneshot'); do
        run ! grep -qsF "$ENGINE" "/proc/$pid/environ"
    done
    run -0 cri-fixture check "$one"
    run -0 cri-fixture serve "$one" -- bash "$BATS_TEST_TMPDIR/client"
}
