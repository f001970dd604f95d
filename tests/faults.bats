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

# ---- descriptors and limits

@test "where no file may have a byte (ulimit -f 0) the call is told so, and docker is not ended by our signals' state" {
    export SIGNALS=$BATS_TEST_TMPDIR/docker
    # shellcheck disable=SC2016 # the stand-in's shell expands it
    printf '#!/bin/sh\ngrep SigIgn /proc/self/status | grep -q "[02468ace]......$" && echo XFSZ is at its default >&2\nexit 1\n' >"$SIGNALS"
    chmod +x "$SIGNALS"
    faults files_of_no_bytes
}

@test "without a standard output docker is not run" {
    faults nobody_to_hear
}

@test "docker is not spared when memory is short, where we are" {
    faults spared
}

# ---- floods

# floods_with COMMAND: a docker that fails, and prints this on standard error.
floods_with() {
    export CRI_ONESHOT_DOCKER=$BATS_TEST_TMPDIR/docker
    printf '#!/bin/sh\n{ %s; } >&2\nexit 1\n' "$1" >"$CRI_ONESHOT_DOCKER"
    chmod +x "$CRI_ONESHOT_DOCKER"
}

@test "30 MB of standard error, in one line or many, take a moment" {
    case $BUILD in *sanitize*) export SANITIZE=1 ;; esac
    id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    floods_with 'printf "docker: Error"; head -c 30000000 /dev/zero | tr "\\0" e'
    faults flooded Version '{}' UNKNOWN
    faults flooded PullImage '{"image": {"image": "a:b"}, "auth": {"username": "u", "password": "eeeeeeeee"}}' UNKNOWN
    for flood in 'head -c 30000000 /dev/zero | tr "\\0" e' 'yes eeeeeeeee | head -c 30000000' \
        'yes | head -c 30000000' 'yes "Error: " | head -c 30000000 | tr -d "\\n"' 'yes | head -c 30000000 | tr "\\n" "\\r"'; do
        floods_with "$flood; echo; echo Error: no space left on device"
        echo "$flood"
        faults flooded Version '{}' RESOURCE_EXHAUSTED
        floods_with "printf Error:; $flood; echo; echo Error: no space left on device"
        faults flooded StopContainer "{\"container_id\": \"$id\"}" RESOURCE_EXHAUSTED
        faults flooded PullImage '{"image": {"image": "a:b"}, "auth": {"username": "u", "password": "password1234"}}' RESOURCE_EXHAUSTED
    done
}
