#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file runs the tests as on a machine that has no docker, or no root: those of the fixtures pass, and those that need an engine
# fail with a plain sentence, and are not passed over.

bats_require_minimum_version 1.5.0
ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
BUILD=$(realpath -m "${BUILD:-$ROOT/build}")
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

setup() {
    unset SUITES CRI_ONESHOT_DOCKER
    export BUILD TMPDIR=$BATS_TEST_TMPDIR
    # All of the machine's programs but docker's; of one name, that which PATH has first.
    mkdir "$BATS_TEST_TMPDIR/bin"
    for folder in /usr/sbin /usr/bin /usr/local/bin; do
        find "$folder" -mindepth 1 -maxdepth 1 ! -name 'docker*' ! -name 'containerd*' ! -name runc ! -name nologin \
            -exec ln -sf -t "$BATS_TEST_TMPDIR/bin" -- {} +
    done
}

@test "without docker the corpus, the cases and a replay pass, and the engine tests say what they need" {
    export PATH=$BATS_TEST_TMPDIR/bin
    run ! command -v docker
    JOBS=1 run -1 "$ROOT/tests/run" fixtures cases failures responses engine/record
    [[ $output == *'ok      fixtures '*'ok      cases '*'ok      failures '*'ok      responses '* ]]
    [[ $output == *'FAILED  engine/record'*'the engine tests need docker, and root to start its engine:'* ]]
    [[ ${lines[-1]} == *' passed, '[1-9]*' failed' ]]
    run -0 "$BUILD/bin/cri-fixture" serve "$ROOT/fixtures/sessions/pod-life" -- \
        env "PATH=$BUILD/bin:$PATH" "$ROOT/tools/examples/pod-life.sh"
}

# engine_up: of the engine tests' own.
engine_up() {
    # shellcheck disable=SC2016 # the inner shell's own
    bash -c 'bats_require_minimum_version() { :; }; '"$1"' BATS_TEST_DIRNAME='"$ROOT"'/tests/engine; . '"$ROOT"'/tests/engine/lib.bash; engine_up'
}

@test "without root the engine tests say what they need" {
    run engine_up 'id() { echo 65534; };'
    [ "$status" != 0 ]
    [ "$output" = "the engine tests need docker, and root to start its engine: this is not root; the other tests do without (tools/install-deps docker)" ]
}

@test "where dockerd does not start the engine tests say so, and leave nothing" {
    cd "$BATS_TEST_TMPDIR" && mkdir tmp
    printf '#!/bin/sh\necho "no cgroups here" >&2\nexit 1\n' >bin/dockerd
    printf '#!/bin/sh\nexit 1\n' >bin/docker
    printf '#!/bin/sh\nexit 1\n' >bin/containerd
    chmod +x bin/dockerd bin/docker bin/containerd
    export PATH=$BATS_TEST_TMPDIR/bin TMPDIR=$BATS_TEST_TMPDIR/tmp
    run engine_up 'id() { echo 0; };'
    [ "$status" != 0 ]
    [[ $output == *'no cgroups here'*'the engine tests need docker, and root to start its engine: dockerd does not start here;'* ]]
    [ -z "$(ls -A "$TMPDIR")" ]
}
