#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file compares before and after: no file, process or descriptor of ours outlives a call, however it ends.
# No engine: docker is a stand-in that succeeds, fails, or hangs.

load lib.bash

setup_file() {
    client_up
    private_view
}

teardown_file() {
    kill "$VIEW"
}

setup() {
    export TMPDIR=$BATS_TEST_TMPDIR/tmp DOCKER_PID=$BATS_TEST_TMPDIR/docker.pid
    mkdir "$TMPDIR"
    valid_requests >"$BATS_TEST_TMPDIR/requests"
}

# private_view: a mount namespace, that of the process $VIEW, in which /tmp, /run and /dev/shm hold nothing but what the tests need of
# them: whatever else comes there was made by a call.
private_view() {
    # shellcheck disable=SC2016 # the inner shell expands it
    unshare --mount --propagation private bash -euc '
        number=0
        mount -t tmpfs tmpfs /mnt
        for path; do
            mkdir "/mnt/$((number += 1))"
            mount --rbind "$path" "/mnt/$number"
        done
        for folder in /tmp /run /dev/shm; do
            mount -t tmpfs tmpfs "$folder"
        done
        number=0
        for path; do
            mkdir -p "$path"
            mount --rbind "/mnt/$((number += 1))" "$path"
        done
        : >"$BATS_FILE_TMPDIR/ready"
        exec sleep 3600' bash "$ROOT" "$BUILD" "$BATS_RUN_TMPDIR" </dev/null >"$BATS_FILE_TMPDIR/view.log" 2>&1 3>&- 4>&- &
    export VIEW=$!
    wait_until 10 test -e "$BATS_FILE_TMPDIR/ready" || {
        cat "$BATS_FILE_TMPDIR/view.log"
        return 1
    }
}

# inside COMMAND...: in the private view; the process is the command's own.
inside() {
    nsenter --mount="/proc/$VIEW/ns/mnt" "$@"
}

cri() {
    inside "$CRI_FRAME" call "$@"
}

snapshot() {
    find "$TMPDIR"
    inside find /tmp /run /dev/shm -path "$BATS_RUN_TMPDIR" -prune -o -path "$ROOT" -prune -o -path "$BUILD" -prune -o -print
    # A pipe's number is new each time, also that of the one which this text goes through.
    readlink "/proc/$$/fd"/* 2>/dev/null | sed 's/:\[[0-9]*\]$//' || true
}

# leaves_nothing FUNCTION: calls it as "FUNCTION METHOD JSON" for each request.
leaves_nothing() {
    local before after method request
    before=$(snapshot)
    while read -r method request <&5; do
        "$1" "$method" "$request" 5<&- || {
            echo "$method $request"
            return 1
        }
    done 5<"$BATS_TEST_TMPDIR/requests"
    [ -z "$(find "$TMPDIR" -mindepth 1)" ]
    after=$(snapshot)
    [ "$after" = "$before" ] || {
        diff <(echo "$before") <(echo "$after")
        return 1
    }
}

one_call() {
    cri "$1" "$2" >/dev/null 2>&1 || true
}

@test "nothing is left by calls that succeed or cannot be understood" {
    stand_in "$BATS_TEST_TMPDIR/docker" <<<'echo "[]"'
    leaves_nothing one_call
}

@test "nothing is left by calls that fail" {
    stand_in "$BATS_TEST_TMPDIR/docker" <<<'echo "Error response from daemon: stand-in" >&2; exit 1'
    leaves_nothing one_call
}

@test "nothing is left by calls whose docker is missing" {
    export CRI_ONESHOT_DOCKER=/no/such/docker
    leaves_nothing one_call
}

# ---- calls that are ended: docker hangs, with a child of its own

hanging_docker() {
    stand_in "$BATS_TEST_TMPDIR/docker" <<'END'
sleep 4242 &
echo $$ $! >"$DOCKER_PID.new"
mv "$DOCKER_PID.new" "$DOCKER_PID"
exec sleep 4242
END
}

docker_runs() {
    [ -s "$DOCKER_PID" ]
}

none_alive() {
    local pid
    for pid in "$@"; do
        # A zombie has ended: its parent has not looked yet.
        case $(sed 's/.*) //; s/ .*//' "/proc/$pid/stat" 2>/dev/null) in '' | Z | X) ;; *) return 1 ;; esac
    done
}

docker_is_gone() {
    local pids
    read -ra pids <"$DOCKER_PID"
    wait_until 5 none_alive "${pids[@]}" || {
        echo "docker still runs: ${pids[*]}"
        kill -KILL "${pids[@]}"
        return 1
    }
    rm -f "$DOCKER_PID"
}

# killed_call SIGNAL METHOD JSON
killed_call() {
    local pid
    client encode "$2" "$3" >"$BATS_TEST_TMPDIR/frame"
    nsenter --mount="/proc/$VIEW/ns/mnt" "$CRI_ONESHOT" <"$BATS_TEST_TMPDIR/frame" >"$BATS_TEST_TMPDIR/answer" 2>&1 3>&- &
    pid=$!
    wait_until 10 docker_runs
    kill "-$1" "$pid"
    wait "$pid" || true
    docker_is_gone
}

term_call() {
    killed_call TERM "$@"
}

int_call() {
    killed_call INT "$@"
}

@test "nothing is left, and docker is ended, by calls that are ended by TERM" {
    hanging_docker
    leaves_nothing term_call
}

@test "nothing is left, and docker is ended, by a pull that is ended by INT or HUP" {
    hanging_docker
    grep '^PullImage .*auth' "$BATS_TEST_TMPDIR/requests" >"$BATS_TEST_TMPDIR/pulls"
    mv "$BATS_TEST_TMPDIR/pulls" "$BATS_TEST_TMPDIR/requests"
    # A background job of a shell without job control ignores INT, so give it its own.
    set -m
    leaves_nothing int_call
    set +m
}

late_call() {
    cri "$1" "$2" --timeout=100ms >/dev/null 2>"$BATS_TEST_TMPDIR/error" && return 1
    # Status tells that the engine does not answer, and ExecSync has limits of its own.
    grep -q "DEADLINE_EXCEEDED" "$BATS_TEST_TMPDIR/error" || {
        cat "$BATS_TEST_TMPDIR/error"
        return 1
    }
    docker_is_gone
}

@test "nothing is left, and docker is ended, by calls whose deadline passes" {
    hanging_docker
    leaves_nothing late_call
}

hung_up_call() {
    client encode "$1" "$2" >"$BATS_TEST_TMPDIR/frame"
    # The reader goes as soon as docker runs.
    inside "$CRI_ONESHOT" <"$BATS_TEST_TMPDIR/frame" 2>/dev/null 3>&- | wait_until 10 docker_runs || true
    docker_is_gone
}

@test "nothing is left, and docker is ended, when the client hangs up" {
    hanging_docker
    leaves_nothing hung_up_call
}

@test "a child that keeps docker's output open does not hold the call" {
    stand_in "$BATS_TEST_TMPDIR/docker" <<'END'
sleep 4242 &
echo $! >"$DOCKER_PID"
echo "Error response from daemon: stand-in" >&2
exit 1
END
    run inside timeout 20 "$CRI_FRAME" call Version
    [ "$status" = 1 ]
    kill "$(cat "$DOCKER_PID")" 2>/dev/null || true
}
