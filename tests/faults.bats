#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file kills the real program, takes descriptors and limits from it and floods it, with a stand-in for docker: no engine.

bats_require_minimum_version 1.5.0

setup_file() {
    export MODULES=$BATS_FILE_TMPDIR/modules
    mkdir "$MODULES"
    protoc --proto_path=proto --python_out="$MODULES" runtime/v1/api.proto oneshot/v1/oneshot.proto
}

setup() {
    BUILD=$(realpath -m "${BUILD:-build}")
    export CRI_ONESHOT=$BUILD/bin/cri-oneshot
    export CRI_ONESHOT_DOCKER=$PWD/tests/standin-docker
    export STANDIN_LOG=$BATS_TEST_TMPDIR/log
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
    unset CRI_ONESHOT_TRACE
    mkdir "$TMPDIR"
}

# No call leaves a file behind.
teardown() {
    [ -z "$(ls -A "$TMPDIR")" ]
}

faults() {
    PYTHONPATH=$MODULES /usr/bin/python3 tests/faults.py "$@"
}

# ---- the end of the translator

@test "one that is killed, or crashes, takes docker and all of its group with it, and leaves no folder" {
    # The sanitizers report a crash themselves, and exit.
    case $BUILD in *sanitize*) faults killed SIGKILL ;; *) faults killed SIGKILL SIGSEGV SIGBUS SIGFPE SIGILL SIGABRT ;; esac
}

@test "any signal that can be caught ends docker, and the client is told" {
    # HUP INT QUIT USR1 USR2 ALRM TERM STKFLT XCPU VTALRM PROF IO PWR, and real-time ones
    faults caught 1 2 3 10 12 14 15 16 24 26 27 29 30 34 35 50 64
}

# ---- a trace that nobody reads

@test "a trace to a pipe that nobody reads loses lines, and no call" {
    faults unread_trace pipe
}

@test "nor does one to a socket" {
    faults unread_trace socket
}
