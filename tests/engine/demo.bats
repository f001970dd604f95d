#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file runs the demo on an engine: what it tells, what it claims, and that nothing of it stays.

load lib.bash

setup_file() {
    engine_up
}

teardown_file() {
    engine_down
}

setup() {
    mkdir "$BATS_TEST_TMPDIR/tmp"
    docker ps --all --quiet | sort >"$BATS_TEST_TMPDIR/containers"
    docker images --quiet | sort >"$BATS_TEST_TMPDIR/images"
}

teardown() {
    docker ps --all --quiet | sort | diff "$BATS_TEST_TMPDIR/containers" -
    docker images --quiet | sort | diff "$BATS_TEST_TMPDIR/images" -
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/tmp")" ]
}

demo() {
    TMPDIR=$BATS_TEST_TMPDIR/tmp "$ROOT/tools/demo"
}

@test "each step has a sentence, what to type, the docker command and the answer, in few lines" {
    run -0 demo
    [[ ${lines[0]} == "demo: the engine is yours, by $DOCKER_HOST (docker "* ]]
    [ "$(grep -cE '^ ?[0-9]+\. ' <<<"$output")" = 18 ]
    [ "$(grep -c '^     \$ cri-frame call ' <<<"$output")" = 18 ]
    [ "$(grep -c '^       → docker ' <<<"$output")" = 18 ]
    [ "$(wc -l <<<"$output")" -lt 145 ]
    [ "$(awk '{ if (length($0) > most) most = length($0) } END { print most }' <<<"$output")" -lt 130 ]
    # shellcheck disable=SC2016 # as it is printed
    [[ $output == *'{ "stdout": "demo\nhello, world\n" }'* ]]
}

@test "the table has every call with its docker command and milliseconds, and the three claims are shown" {
    run -0 demo
    [ "$(grep -cE '^    [A-Z][A-Za-z]+ +docker [a-z ]+ [0-9]+\.[0-9]{2} +[0-9]+\.[0-9]{2}$' <<<"$output")" = 18 ]
    [[ $output == *$'\ndemo: 1. nothing is left running: 0 processes of ours, 0 containers of this demo\'s\n'* ]]
    [[ $output == *$'\ndemo: 2. each call has left a line in the trace (CRI_ONESHOT_TRACE; 18 lines), such as\n'*'"method":"StartContainer"'* ]]
    [[ $output == *$'\ndemo: 3. the same session, recorded and replayed without docker: 18 of 18 steps OK in '* ]]
    [[ $output == *$'\ndemo: 18 of 18 steps OK, and all that they made is removed\n'* ]]
    [[ ${lines[-1]} == "demo: to go on by hand: export PATH=$BUILD/bin:"* ]]
}

@test "a demo that is told to end leaves nothing behind" {
    TMPDIR=$BATS_TEST_TMPDIR/tmp run -124 timeout --foreground 3 "$ROOT/tools/demo"
}

@test "a demo whose step fails says which, and leaves nothing behind" {
    local docker
    docker=$(command -v docker)
    mkdir "$BATS_TEST_TMPDIR/bin"
    # A pod is made, and its docker fails all the same.
    cat >"$BATS_TEST_TMPDIR/bin/docker" <<END
#!/bin/sh
for word; do [ "\$word" != start ] || exit 1; done
exec '$docker' "\$@"
END
    chmod +x "$BATS_TEST_TMPDIR/bin/docker"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH run -1 demo
    [[ ${lines[-1]} == *"demo: step 8, StartContainer, failed"* ]]
}
