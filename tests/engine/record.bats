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
    run -0 diff -r "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
    run -0 cri-fixture check "$BATS_TEST_TMPDIR/one"
    run -0 cri-fixture serve "$BATS_TEST_TMPDIR/one" -- "$ROOT/tools/examples/pod-life.sh"
}

@test "two recordings of one session through cri-gateway are the same, and play" {
    run -0 cri-fixture record "$BATS_TEST_TMPDIR/one" -- "$ROOT/tools/examples/pod-life-grpc.py"
    remove_all_containers
    run -0 cri-fixture record "$BATS_TEST_TMPDIR/two" -- "$ROOT/tools/examples/pod-life-grpc.py"
    run -0 diff -r "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
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
