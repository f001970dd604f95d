#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file replays a recorded session on a machine without docker, as a CI job would, and sees that a change of it is found.

bats_require_minimum_version 1.5.0
ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
BUILD=$(realpath -m "${BUILD:-$ROOT/build}")
SESSION=$ROOT/fixtures/sessions/pod-life
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

# The docker that is found here must not be asked.
setup() {
    export PATH=$BUILD/bin:$BATS_TEST_TMPDIR/bin:$PATH TMPDIR=$BATS_TEST_TMPDIR DOCKER_HOST=unix:///nowhere
    unset CRI_ONESHOT_DOCKER CRI_ONESHOT_TRACE CRI_ONESHOT_PAUSE_IMAGE CRI_ONESHOT_NETWORK CRI_ONESHOT_DOCKER_VERSION
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\n: >"%s/docker was asked"\nexit 99\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/bin/docker"
    chmod +x "$BATS_TEST_TMPDIR/bin/docker"
}

teardown() {
    [ ! -e "$BATS_TEST_TMPDIR/docker was asked" ]
}

copy_session() {
    cp -r "$SESSION" "$BATS_TEST_TMPDIR/session"
    COPY=$BATS_TEST_TMPDIR/session
}

# changed_lines: the lines of the diffs in $output, without their heads.
changed_lines() {
    grep -E '^# [-+]' <<<"$output" | grep -vE '^# (---|\+\+\+) '
}

@test "a client runs a pod's whole life from the recording" {
    run -0 cri-fixture serve "$SESSION" -- "$ROOT/tools/examples/pod-life.sh"
    [[ $output == *$'\n1..9'* ]]
}

@test "a gRPC client runs a pod's whole life from the recording, through cri-gateway" {
    run -0 cri-fixture serve "$ROOT/fixtures/sessions/pod-life-grpc" -- "$ROOT/tools/examples/pod-life-grpc.py"
    [[ $output == *$'\n1..9'* ]]
}

@test "recording the gRPC client's replay gives the recording" {
    local session=$ROOT/fixtures/sessions/pod-life-grpc about
    about=$(sed -n 1p "$session/001 version/about")
    run -0 cri-fixture serve "$session" -- cri-fixture record --about="$about" \
        "$BATS_TEST_TMPDIR/again" -- "$ROOT/tools/examples/pod-life-grpc.py"
    run -0 diff -r "$session" "$BATS_TEST_TMPDIR/again"
}

@test "the configuration of docker that a machine has makes no difference to a replay" {
    mkdir "$BATS_TEST_TMPDIR/docker"
    printf '{"proxies": {"default": {"httpProxy": "http://user:secret@proxy.corp:3128"}}}' >"$BATS_TEST_TMPDIR/docker/config.json"
    DOCKER_CONFIG=$BATS_TEST_TMPDIR/docker run -0 cri-fixture serve "$SESSION" -- "$ROOT/tools/examples/pod-life.sh"
    [[ $output == *$'\n1..9'* ]]
}

@test "a client runs several times, each time from the start" {
    run -0 cri-fixture serve "$SESSION" -- "$ROOT/tools/examples/pod-life.sh"
    run -0 cri-fixture serve "$SESSION" -- "$ROOT/tools/examples/pod-life.sh"
}

@test "recording the replay gives the recording" {
    local about
    about=$(sed -n 1p "$SESSION/001 version/about")
    run -0 cri-fixture serve "$SESSION" -- cri-fixture record --about="$about" \
        "$BATS_TEST_TMPDIR/again" -- "$ROOT/tools/examples/pod-life.sh"
    run -0 diff -r "$SESSION" "$BATS_TEST_TMPDIR/again"
}

@test "the same command is answered in the order of its cases" {
    cat >"$BATS_TEST_TMPDIR/client" <<'END'
for i in 1 2 3; do
    cri-frame call ListPodSandbox --compact
done
END
    run -0 cri-fixture serve "$SESSION" -- sh "$BATS_TEST_TMPDIR/client"
    [[ ${lines[0]} == *'"web"'* ]]
    [ "${lines[1]}" = '{}' ]
    [ "${lines[2]}" = '{}' ]
}

@test "without a folder to count in, the first case answers" {
    export CRI_ONESHOT_DOCKER=$BUILD/bin/cri-fixture-docker CRI_FIXTURE_SESSION=$SESSION
    run -0 cri-frame call ListPodSandbox --compact
    [[ $output == *'"web"'* ]]
    run -0 cri-frame call ListPodSandbox --compact
    [[ $output == *'"web"'* ]]
}

@test "a folder to count in that cannot be written is told" {
    export CRI_FIXTURE_SESSION=$SESSION CRI_FIXTURE_STATE=$BATS_TEST_TMPDIR/nowhere
    mapfile -t words < <(sed 1d "$SESSION/001 version/argv")
    run -125 cri-fixture-docker "${words[@]}"
    [[ $output == "cri-fixture: CRI_FIXTURE_STATE: $BATS_TEST_TMPDIR/nowhere/asked.0: No such file or directory" ]]
}

@test "a session of one case, named as it stands, and cases that are wrong" {
    copy_session
    cd "$COPY"
    export CRI_FIXTURE_SESSION="001 version"
    run -125 cri-fixture-docker ps
    [[ $output == *'not in the session "001 version": docker ps'*'the nearest is case "001 version"'* ]]
    echo '99999' >"001 version/docker.exit"
    mapfile -t words < <(sed 1d "001 version/argv")
    run -125 cri-fixture-docker "${words[@]}"
    [[ $output == *'001 version: docker.exit: is not a line with an exit status'* ]]
    # Also where the client passes over it, serve tells it.
    run -1 cri-fixture serve "$COPY" -- sh -c 'cri-frame call Version 2>/dev/null || :'
    [[ $output == *'001 version: docker.exit: is not a line with an exit status'* ]]
    rm "001 version/docker.exit" "001 version/docker.stdout"
    mkfifo "001 version/docker.stdout"
    run -125 timeout 5 cri-fixture-docker "${words[@]}"
    [[ $output == *'docker.stdout: is not a file'* ]]
    CRI_FIXTURE_SESSION= run -125 cri-fixture-docker ps
    CRI_FIXTURE_MATCH=exactly run -125 cri-fixture-docker ps
    [[ $output == *'CRI_FIXTURE_MATCH is not strict or lenient'* ]]
}

@test "32 that ask at once get the answers of the cases in turn, each once" {
    local i
    for i in $(seq 10 41); do
        cp -r "$SESSION/001 version" "$BATS_TEST_TMPDIR/0$i version"
        sed -i "s/\"Version\":\"[^\"]*\"/\"Version\":\"$i\"/g" "$BATS_TEST_TMPDIR/0$i version/docker.stdout"
    done
    mkdir "$BATS_TEST_TMPDIR/many" && mv "$BATS_TEST_TMPDIR"/0* "$BATS_TEST_TMPDIR/many"
    cat >"$BATS_TEST_TMPDIR/client" <<'END'
seq 32 | xargs -P 32 -I{} cri-frame call Version --compact
cri-frame call Version --compact
END
    run -0 cri-fixture serve "$BATS_TEST_TMPDIR/many" -- sh "$BATS_TEST_TMPDIR/client"
    [ "$(grep -o '"runtime_version":"[0-9]*"' <<<"$output" | sort | uniq -c | awk '{ print $1 }' | sort -n | uniq -c | tr -s ' ')" = " 31 1
 1 2" ]
    [[ ${lines[32]} == *'"runtime_version":"41"'* ]]
}

@test "a whole pod's life is replayed in less than two seconds" {
    local began most=2000
    [[ $BUILD != *sanitize* ]] || most=10000
    began=$(date +%s%3N)
    export PATH=$BUILD/bin:/usr/bin:/bin # the system's python3, and no wrapper of it
    run -0 cri-fixture serve "$SESSION" -- "$ROOT/tools/examples/pod-life.sh"
    echo "$(($(date +%s%3N) - began)) ms"
    [ $(($(date +%s%3N) - began)) -lt "$most" ]
}

@test "a command that was not recorded fails, and shows the nearest" {
    run -1 cri-fixture serve "$SESSION" -- cri-frame call StopContainer container_id=1d000000000b timeout=7
    [[ $output == *'not in the session'*'docker stop -t=7 -- 1d000000000b'* ]]
    [[ $output == *'the nearest is case "021 stop pod sandbox"'* ]] ||
        [[ $output == *'the nearest is case "016 stop container"'* ]]
    [[ $output == *'-t=7'* ]]
}

@test "serve fails when a client swallows that a command was not recorded" {
    run -1 cri-fixture serve "$SESSION" -- sh -c 'cri-frame call ImageStatus image="{\"image\": \"other\"}" >/dev/null 2>&1 || :'
    [[ $output == *'docker was asked what the session cannot answer:'*'other'* ]]
    [[ $output == *'-busybox:test +other'* ]]
}

@test "a lenient session looks at the verb and its operands only" {
    local id
    id=$(sed -n 's/^--name=.*//; /^1d/p' "$SESSION/016 stop container/argv")
    run -1 cri-fixture serve "$SESSION" -- cri-frame call StopContainer "container_id=$id" timeout=7
    run -0 cri-fixture serve --lenient "$SESSION" -- cri-frame call StopContainer "container_id=$id" timeout=7
}

@test "serve says what was answered and what was not asked for, and strictly that is a failure" {
    run -0 cri-fixture serve "$SESSION" -- cri-frame call Version
    [[ $output == *'1 commands were answered; of 24 cases 23 were not asked for'* ]]
    run -1 cri-fixture serve --strict "$SESSION" -- cri-frame call Version
    [[ $output == *"not asked for: "*"002 image status"*"024 list pod sandbox"* ]]
    [[ $output != *"not asked for: "*"001 version"* ]]
    run -0 cri-fixture serve --strict "$SESSION" -- "$ROOT/tools/examples/pod-life.sh"
    [[ $output == *'24 commands were answered; of 24 cases 0 were not asked for'* ]]
}

@test "docker's folder and the logs' are in a host of the replay's own, and nothing is left of it" {
    local id folder=/no/such/docker logs=$BATS_TEST_TMPDIR/logs/of/a/pod
    mkdir -p "$logs" "$BATS_TEST_TMPDIR/session"
    for case in "004 create" "005 info"; do mkdir "$BATS_TEST_TMPDIR/session/$case"; done
    cd "$BATS_TEST_TMPDIR/session"
    id=$(cat "$SESSION/007 create container/docker.stdout")
    cri-frame encode ImageFsInfo | cri-frame decode --request >"005 info/request.json"
    printf '{"DockerRootDir":"%s"}\n' "$folder" >"005 info/docker.stdout"
    cat >"004 create/request.json" <<END
{"create_container": {"pod_sandbox_id": "$id", "config": {"metadata": {"name": "c"}, "image": {"image": "a:b"}, "log_path": "c/0.log"},
 "sandbox_config": {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "log_directory": "$logs"}}}
END
    echo "$id" >"004 create/docker.stdout"
    for case in *; do echo made by hand >"$case/about"; done
    run -1 cri-fixture check --update .
    run -0 cri-fixture check .
    cat >"$BATS_TEST_TMPDIR/client" <<'END'
cri-frame call --request - <"004 create/request.json" || exit 1
cri-frame call ImageFsInfo || exit 2
[ -L "$CRI_ONESHOT_HOST_ROOT$LOGS/c/0.log" ] || exit 3
echo "$CRI_ONESHOT_HOST_ROOT" >"$OUT"
END
    export LOGS=$logs OUT=$BATS_TEST_TMPDIR/root
    run cri-fixture serve . -- sh "$BATS_TEST_TMPDIR/client"; echo "$output"; [ $status = 0 ]
    [[ $output == *'"mountpoint": "/no/such/docker"'* ]]
    [ -z "$(ls -A "$logs")" ]
    [ ! -e "$(cat "$OUT")" ]
}

@test "a flag that the command lost is what check shows, and all that it shows" {
    copy_session
    sed -i '/^--cpu-shares=512$/d' "$COPY/014 update container resources/argv"
    run -1 cri-fixture check "$COPY"
    [ "$(changed_lines)" = "# +--cpu-shares=512" ]
    [ "$(grep -c '^not ok ' <<<"$output")" = 1 ]
    [[ $output == *'not ok 14 - '* ]]
}

@test "a field that the response lost is what check shows, and all that it shows" {
    copy_session
    sed -i '/"started_at"/d' "$COPY/017 container status/response.json"
    run -1 cri-fixture check "$COPY"
    [ "$(changed_lines | grep -c .)" = 1 ]
    [[ $(changed_lines) == *'"started_at"'* ]]
    [ "$(grep -c '^not ok ' <<<"$output")" = 1 ]
}

@test "the help and wrong usage" {
    run -0 cri-fixture --help
    [[ $output == *'cri-fixture record'*'cri-fixture serve'* ]]
    run -2 cri-fixture serve "$SESSION"
    run -2 cri-fixture record
    run -1 cri-fixture serve "$BATS_TEST_TMPDIR/nothing" -- true
}

@test "cri-frame calls a port of this machine, and no other" {
    export CRI_ONESHOT_DOCKER=$BUILD/bin/cri-fixture-docker CRI_FIXTURE_SESSION=$SESSION CRI_ONESHOT_ALLOW_TCP=yes
    cat >"$BATS_TEST_TMPDIR/listen.py" <<'END'
import os, socket, subprocess, sys
family, host = (socket.AF_INET6, "::1") if sys.argv[1] == "6" else (socket.AF_INET, "127.0.0.1")
listener = socket.create_server((host, 0), family=family)
port = listener.getsockname()[1]
client = subprocess.Popen(["cri-frame", "call", "Version", "--compact",
                           f"--tcp=[::1]:{port}" if sys.argv[1] == "6" else f"--tcp={host}:{port}"])
connection, _ = listener.accept()
subprocess.run(["cri-oneshot"], stdin=connection, stdout=connection, check=True)
connection.close()
sys.exit(client.wait(timeout=10))
END
    run -0 /usr/bin/python3 "$BATS_TEST_TMPDIR/listen.py" 4
    [[ $output == *'"runtime_name":"docker"'* ]]
    run -3 cri-frame call Version --tcp=192.0.2.1:80
    run -3 cri-frame call Version --tcp=localhost:80
    run -3 cri-frame call Version --tcp=127.0.0.1:70000
    run -2 cri-frame call Version --tcp=127.0.0.1:80 --socket=/nowhere
}
