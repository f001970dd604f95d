#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file compares the programs with one another: what they say of themselves, and what they do at a terminal.

bats_require_minimum_version 1.5.0
ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
BUILD=$(realpath -m "${BUILD:-$ROOT/build}")
PROGRAMS="cri-oneshot cri-frame cri-fixture cri-gateway"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

setup() {
    export PATH=$BUILD/bin:$PATH
}

# at_terminal COMMAND: a shell command whose descriptors are a terminal, where nobody types.
at_terminal() {
    /usr/bin/python3 -c '
import os, pty, select, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", sys.argv[1]])
seen, until = b"", time.monotonic() + 10
while time.monotonic() < until and select.select([terminal], [], [], until - time.monotonic())[0]:
    try:
        got = os.read(terminal, 4096)
    except OSError:
        break
    if not got:
        break
    seen += got
else:
    os.kill(pid, 9)
sys.stdout.write(seen.decode().replace("\r\n", "\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))' "$1"
}

@test "each program tells its version, the same for all, and its usage, on standard output" {
    local name version
    version=$(cri-oneshot --version)
    for name in $PROGRAMS; do
        run -0 --separate-stderr "$name" --version
        [ "$output" = "$name ${version#cri-oneshot }" ]
        run -0 --separate-stderr "$name" --help
        [[ $output == "usage: $name "*"$name"*--version*--help* ]]
        [ -z "$stderr" ]
        help=$output
        run -0 --separate-stderr "$name" -h
        [ "$output" = "$help" ]
    done
    for name in check record serve; do
        run -0 --separate-stderr cri-fixture "$name" --help
        [[ $output == "usage: cri-fixture $name "* ]]
    done
    for name in encode decode call list describe; do
        run -0 --separate-stderr cri-frame "$name" --help
        [[ $output == "usage: cri-frame "* ]]
    done
}

@test "wrong usage is exit status 2, on standard error, for all" {
    local name
    for name in $PROGRAMS; do
        run -2 --separate-stderr "$name" --no-such-option
        [ -z "$output" ]
        [[ $stderr == *"$name"* ]]
    done
}

@test "at a terminal a program that wants bytes says what it expects, and does not wait" {
    run -2 at_terminal cri-oneshot
    [[ $output == 'cri-oneshot: a framed Request is expected on standard input'*'cri-frame call Version'* ]]
    run -2 at_terminal 'cri-oneshot --explain'
    [[ $output == 'cri-oneshot: a framed Request is expected on standard input'* ]]
    run -2 at_terminal 'cri-frame encode Version'
    [[ $output == 'cri-frame: a frame is bytes for a program: standard output is to be a pipe'* ]]
    run -2 at_terminal 'cri-frame decode'
    [[ $output == 'cri-frame: frames are expected on standard input'* ]]
    run -2 at_terminal 'cri-gateway'
    [[ $output == 'cri-gateway: a client is expected on standard input; --listen=SOCKET waits for them'* ]]
    # In a pipe they work there.
    run -0 at_terminal 'cri-frame encode Version | cri-oneshot --explain'
    [[ $output == 'docker version '* ]]
}

@test "a gateway that listens says so, and on what" {
    cri-gateway --listen="$BATS_TEST_TMPDIR/cri.sock" --mode=0660 2>"$BATS_TEST_TMPDIR/log" 3>&- 4>&- &
    for _ in {1..100}; do
        [ ! -s "$BATS_TEST_TMPDIR/log" ] || break
        sleep 0.05
    done
    [ -S "$BATS_TEST_TMPDIR/cri.sock" ]
    kill %1
    wait %1
    [ "$(<"$BATS_TEST_TMPDIR/log")" = "cri-gateway: listens on \"$BATS_TEST_TMPDIR/cri.sock\", mode 0660" ]
}

# ---- settings that there are not

@test "a variable that is misspelt is told by the call, with the one that there is" {
    export CRI_ONESHOT_DOCKER=/bin/false
    CRI_ONESHOT_NETWROK=none run -1 cri-frame call Version
    [ "$output" = 'Version: FAILED_PRECONDITION: setting CRI_ONESHOT_NETWROK: there is none of this name (did you mean CRI_ONESHOT_NETWORK?)' ]
    CRI_ONESHOT_NETWROK=none run -1 bash -c 'cri-frame encode Version | cri-oneshot --explain'
    [[ $output == 'FAILED_PRECONDITION: setting CRI_ONESHOT_NETWROK: '* ]]
    CRI_FRAME_SOKET=/x run -2 cri-frame call Version
    [ "$output" = 'cri-frame: setting CRI_FRAME_SOKET: there is none of this name (did you mean CRI_FRAME_SOCKET?)' ]
    # One that is empty is none, and the gateway's are not the translator's to judge.
    CRI_ONESHOT_NETWROK= CRI_GATEWAY_CHILDRN=1 run -1 cri-frame call Version
    [[ $output != *'none of this name'* ]]
}

@test "a variable of the gateway's or the translator's that is misspelt is told to a client of gRPC" {
    local name
    protoc --proto_path="$ROOT/proto" --python_out="$BATS_TEST_TMPDIR" runtime/v1/api.proto
    for name in CRI_GATEWAY_CHILDRN CRI_ONESHOT_PAUS_IMAGE; do
        env "$name=1" cri-gateway --listen="$BATS_TEST_TMPDIR/$name" 2>"$BATS_TEST_TMPDIR/log" 3>&- 4>&- &
        for _ in {1..100}; do
            [ ! -S "$BATS_TEST_TMPDIR/$name" ] || break
            sleep 0.05
        done
        PYTHONPATH=$BATS_TEST_TMPDIR run /usr/bin/python3 "$ROOT/tests/engine/grpc_client.py" "$BATS_TEST_TMPDIR/$name" Version
        kill %%
        wait %% || true
        [[ $output == *"FAILED_PRECONDITION"*"setting $name: there is none of this name (did you mean CRI_"* ]]
    done
}
