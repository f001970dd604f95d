#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file meets each failure that a user would meet, on a real engine: the code is exact, the text must help.

load lib.bash

UNKNOWN=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

setup_file() {
    engine_up
}

teardown() {
    remove_all_containers
}

teardown_file() {
    engine_down
}

# image_at REGISTRY [USER PASSWORD]: pushes the test image there and forgets it here; prints its name.
image_at() {
    local ref=$1/private/image:v1 config
    config=$(mktemp -d "$BATS_TEST_TMPDIR/config.XXXXXX")
    docker tag "$IMAGE" "$ref"
    [ $# = 1 ] || docker --config="$config" login --username="$2" --password-stdin "$1" <<<"$3" >/dev/null 2>&1
    docker --config="$config" push --quiet "$ref" >/dev/null
    docker image rm "$ref" >/dev/null
    echo "$ref"
}

pull_as() {
    printf '{"image": {"image": "%s"}, "auth": %s}' "$1" "$2" >"$BATS_TEST_TMPDIR/pull.json"
    cri PullImage "$(cat "$BATS_TEST_TMPDIR/pull.json")"
}

# ---- images

@test "an image that the registry does not have is NOT_FOUND" {
    registry=$(engine_registry)
    fails NOT_FOUND PullImage "{\"image\": {\"image\": \"$registry/no/such:image\"}}"
    says "$registry/no/such:image"
}

@test "a registry that does not answer is UNAVAILABLE" {
    fails UNAVAILABLE PullImage '{"image": {"image": "127.0.0.1:1/no/such:image"}}'
}

@test "no credentials and wrong ones are refused, right ones pull, in each of their forms" {
    registry=$(engine_registry --htpasswd user 'pass:w0rd')
    ref=$(image_at "$registry" user 'pass:w0rd')
    fails UNAUTHENTICATED PullImage "{\"image\": {\"image\": \"$ref\"}}"
    fails UNAUTHENTICATED PullImage "{\"image\": {\"image\": \"$ref\"}, \"auth\": {\"username\": \"user\", \"password\": \"wrong\"}}"
    if docker image inspect -- "$ref"; then false; fi
    for auth in '{"username": "user", "password": "pass:w0rd"}' "{\"auth\": \"$(printf 'user:pass:w0rd' | base64)\"}" \
        "{\"username\": \"user\", \"password\": \"pass:w0rd\", \"server_address\": \"$registry\"}"; do
        pull_as "$ref" "$auth"
        docker image rm "$ref"
    done
}

@test "credentials for another registry than the image's are refused" {
    fails INVALID_ARGUMENT PullImage '{"image": {"image": "127.0.0.1:1/a:b"},
        "auth": {"username": "user", "password": "pass", "server_address": "registry.example.org"}}'
}

@test "image names that are flags, ids, empty or broken are INVALID_ARGUMENT" {
    for ref in --help -q '' 'a b' 'UPPER/case' "$UNKNOWN" "sha256:$UNKNOWN" $'a\nb'; do
        ref=$(printf '%s' "$ref" | /usr/bin/python3 -c 'import json, sys; print(json.dumps(sys.stdin.read()))')
        fails INVALID_ARGUMENT PullImage "{\"image\": {\"image\": $ref}}"
    done
}

@test "an unknown image: ImageStatus answers none, RemoveImage is OK" {
    [ "$(cri ImageStatus '{"image": {"image": "no/such:image"}}' | json "d.get('image')")" = null ]
    cri RemoveImage '{"image": {"image": "no/such:image"}}'
    cri RemoveImage "{\"image\": {\"image\": \"sha256:$UNKNOWN\"}}"
}

@test "an image in use by a running container is FAILED_PRECONDITION" {
    sandbox=$(new_pod user)
    started_container "$sandbox" user app '["sleep", "1000"]'
    fails FAILED_PRECONDITION RemoveImage "{\"image\": {\"image\": \"$(docker image inspect --format '{{.Id}}' "$IMAGE")\"}}"
    docker image inspect -- "$IMAGE"
}

# ---- pods

@test "a pod of a name that is taken is ALREADY_EXISTS, naming the holder" {
    first=$(new_pod twin)
    fails ALREADY_EXISTS RunPodSandbox "config=@$BATS_FILE_TMPDIR/pod-twin.json"
    says 'the sandbox of pod "test/twin" (uid "uid-twin", attempt 0) is there already: ' "$first"
    [ "$(docker ps --quiet --no-trunc)" = "$first" ]
}

@test "a container of a name that is taken is ALREADY_EXISTS, naming the holder" {
    sandbox=$(new_pod twins)
    first=$(new_container "$sandbox" twins app '["sleep", "1000"]')
    fails ALREADY_EXISTS CreateContainer "pod_sandbox_id=$sandbox" "config=@$BATS_FILE_TMPDIR/container-app.json" \
        "sandbox_config=@$BATS_FILE_TMPDIR/pod-twins.json"
    says 'container "app" (attempt 0) of pod "test/twins" (uid "uid-twins") is there already: ' "$first"
}

@test "a host port that is taken is FAILED_PRECONDITION, and the error names what is left" {
    port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    ports=", \"port_mappings\": [{\"container_port\": 80, \"host_port\": $port, \"host_ip\": \"127.0.0.1\"}]"
    new_pod first "$ports"
    pod_json second "$ports" >"$BATS_TEST_TMPDIR/pod.json"
    fails FAILED_PRECONDITION RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json"
    left=$(docker ps --all --quiet --filter=status=created)
    [ -n "$left" ]
    says "$port" k8s_POD_second_test_uid-second_0 "$left"
    fails ALREADY_EXISTS RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json"
    cri RemovePodSandbox "pod_sandbox_id=$left"
}

@test "a container in an unknown or a short-named sandbox is refused, and nothing is created" {
    pod_json lost >"$BATS_TEST_TMPDIR/pod.json"
    container_json app '["sleep", "1000"]' >"$BATS_TEST_TMPDIR/container.json"
    configs=("config=@$BATS_TEST_TMPDIR/container.json" "sandbox_config=@$BATS_TEST_TMPDIR/pod.json")
    fails NOT_FOUND CreateContainer "pod_sandbox_id=$UNKNOWN" "${configs[@]}"
    sandbox=$(new_pod short)
    fails INVALID_ARGUMENT CreateContainer "pod_sandbox_id=${sandbox:0:13}" "${configs[@]}"
    [ "$(docker ps --all --quiet --no-trunc)" = "$sandbox" ]
}

@test "a container of an image that is not there is NOT_FOUND, and is not pulled" {
    sandbox=$(new_pod imageless)
    IMAGE=127.0.0.1:1/no/such:image
    container_json app '["sleep", "1000"]' >"$BATS_TEST_TMPDIR/container.json"
    fails NOT_FOUND CreateContainer "pod_sandbox_id=$sandbox" "config=@$BATS_TEST_TMPDIR/container.json" \
        "sandbox_config=@$BATS_FILE_TMPDIR/pod-imageless.json"
    says "$IMAGE"
}

@test "status of what is not there is NOT_FOUND, whatever the id looks like" {
    for id in "$UNKNOWN" "${UNKNOWN:0:13}" --help '' ABC 'a b'; do
        fails NOT_FOUND ContainerStatus "container_id=$id"
        fails NOT_FOUND PodSandboxStatus "pod_sandbox_id=$id"
        fails NOT_FOUND StartContainer "container_id=$id"
        fails NOT_FOUND UpdateContainerResources "container_id=$id"
        fails NOT_FOUND ExecSync "{\"container_id\": \"$id\", \"cmd\": [\"true\"]}"
    done
}

@test "stopping and removing what is not there is OK, whatever the id looks like" {
    for id in "$UNKNOWN" "${UNKNOWN:0:13}" --help '' ABC; do
        cri StopContainer "container_id=$id"
        cri RemoveContainer "container_id=$id"
        cri StopPodSandbox "pod_sandbox_id=$id"
        cri RemovePodSandbox "pod_sandbox_id=$id"
    done
}

@test "a container that nobody made for a pod is never listed, and has no status" {
    foreign=$(docker run --detach "$IMAGE" sleep 1000)
    sandbox=$(new_pod known)
    [ "$(cri ListContainers | json "d.get('containers', [])")" = '[]' ]
    [ "$(cri ListPodSandbox | json "[item['id'] for item in d['items']]")" = "[\"$sandbox\"]" ]
    fails NOT_FOUND ContainerStatus "container_id=$foreign"
    fails NOT_FOUND PodSandboxStatus "pod_sandbox_id=$foreign"
    # A sandbox is no container, and a container no sandbox.
    fails NOT_FOUND ContainerStatus "container_id=$sandbox"
}

# ---- commands

@test "a command that is not there: created, not started, and the status says why" {
    sandbox=$(new_pod bad)
    id=$(new_container "$sandbox" bad app '["/no/such/program"]')
    run -1 cri StartContainer "container_id=$id"
    [[ $output == StartContainer:\ *no\ such\ file* || $output == StartContainer:\ *executable\ file\ not\ found* ]]
    cri ContainerStatus "container_id=$id" >"$BATS_TEST_TMPDIR/status.json"
    check "$BATS_TEST_TMPDIR/status.json" <<'END'
status = a["status"]
contains(status, {"state": "CONTAINER_EXITED", "reason": "ContainerCannotRun"})
assert status["exit_code"] != 0 and "/no/such/program" in status["message"], status
same([status["started_at"], status["finished_at"]], [status["created_at"]] * 2)
END
}

@test "a working directory that is a file, and a directory mounted on one, are INVALID_ARGUMENT" {
    sandbox=$(new_pod files)
    echo text >"$BATS_TEST_TMPDIR/file"
    # Where docker looks at the directory is its own affair: at the creation or at the start.
    for more in ', "working_dir": "/bin/sh"' ', "working_dir": "/bin/sh/below"' \
        ", \"mounts\": [{\"host_path\": \"$BATS_TEST_TMPDIR\", \"container_path\": \"/bin/sh\"}]" \
        ", \"mounts\": [{\"host_path\": \"$BATS_TEST_TMPDIR/file\", \"container_path\": \"/bin\"}]"; do
        container_json app '["true"]' "$more" >"$BATS_TEST_TMPDIR/container.json"
        if id=$(cri CreateContainer "pod_sandbox_id=$sandbox" "config=@$BATS_TEST_TMPDIR/container.json" \
            "sandbox_config=@$BATS_FILE_TMPDIR/pod-files.json" 2>/dev/null); then
            id=$(json "d['container_id']" <<<"$id")
            fails INVALID_ARGUMENT StartContainer "container_id=$id"
            cri RemoveContainer "container_id=$id"
        else
            fails INVALID_ARGUMENT CreateContainer "pod_sandbox_id=$sandbox" "config=@$BATS_TEST_TMPDIR/container.json" \
                "sandbox_config=@$BATS_FILE_TMPDIR/pod-files.json"
        fi
        echo "$message"
    done
}

@test "a command line that the engine does not take, too new or too old, is FAILED_PRECONDITION" {
    DOCKER_API_VERSION=1.99 fails FAILED_PRECONDITION ContainerStatus "container_id=$UNKNOWN"
    says 'too new'
    DOCKER_API_VERSION=1.10 fails FAILED_PRECONDITION ContainerStatus "container_id=$UNKNOWN"
    says 'too old'
}

@test "a container whose sandbox has stopped does not start: FAILED_PRECONDITION" {
    sandbox=$(new_pod stopped)
    id=$(new_container "$sandbox" stopped app '["sleep", "1000"]')
    cri StopPodSandbox "pod_sandbox_id=$sandbox"
    fails FAILED_PRECONDITION StartContainer "container_id=$id"
    cri RemovePodSandbox "pod_sandbox_id=$sandbox"
    fails FAILED_PRECONDITION StartContainer "container_id=$id"
}

@test "an exec of a missing program is an error with docker's text, not an exit code" {
    sandbox=$(new_pod exec)
    id=$(started_container "$sandbox" exec app '["sleep", "1000"]')
    run -1 cri ExecSync "{\"container_id\": \"$id\", \"cmd\": [\"no-such-program\", \"--help\"]}"
    [[ $output == ExecSync:\ *no-such-program* ]]
}

@test "a command's own 125, 126, 127 and words like docker's are its own" {
    sandbox=$(new_pod own)
    id=$(started_container "$sandbox" own app '["sleep", "1000"]')
    for code in 125 126 127; do
        [ "$(cri ExecSync "{\"container_id\": \"$id\", \"cmd\": [\"sh\", \"-c\", \"exit $code\"]}" | json "d['exit_code']")" = "$code" ]
    done
    cri ExecSync "{\"container_id\": \"$id\", \"cmd\": [\"sh\", \"-c\", \"echo Error response from daemon: no >&2; exit 1\"]}" |
        json "d['exit_code']"
}

@test "an exec in a container that does not run is FAILED_PRECONDITION" {
    sandbox=$(new_pod idle)
    id=$(new_container "$sandbox" idle app '["sleep", "1000"]')
    fails FAILED_PRECONDITION ExecSync "{\"container_id\": \"$id\", \"cmd\": [\"true\"]}"
    says "not running"
}

@test "an exec that takes too long is DEADLINE_EXCEEDED and leaves no process behind, children included" {
    sandbox=$(new_pod slow)
    id=$(started_container "$sandbox" slow app '["sleep", "1000"]')
    before=$(docker top "$id" -o pid | sort)
    fails DEADLINE_EXCEEDED ExecSync "{\"container_id\": \"$id\", \"timeout\": 1, \"cmd\": [\"sh\", \"-c\",
        \"trap '' TERM; sleep 4242 & setsid sh -c 'sleep 4243; sleep 4244' & sleep 4245; sleep 4246\"]}"
    wait_until 5 only_left "$id" "$before" || {
        docker top "$id"
        false
    }
    [ "$(docker inspect --format '{{.State.Running}}' "$id")" = true ]
}

only_left() {
    [ "$(docker top "$1" -o pid | sort)" = "$2" ]
}

@test "a deadline of the caller ends a call: DEADLINE_EXCEEDED" {
    sandbox=$(new_pod late)
    id=$(started_container "$sandbox" late app '["sh", "-c", "trap : TERM; while :; do sleep 1; done"]')
    began=$(date +%s)
    fails DEADLINE_EXCEEDED ExecSync "{\"container_id\": \"$id\", \"cmd\": [\"sleep\", \"4242\"]}" --timeout=500ms
    [ $(($(date +%s) - began)) -le 5 ]
}

# ---- the engine

@test "an engine that is down is UNAVAILABLE, and Status says so calmly" {
    export DOCKER_HOST=unix://$BATS_TEST_TMPDIR/no.sock
    pod_json down >"$BATS_TEST_TMPDIR/pod.json"
    fails UNAVAILABLE RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json"
    fails UNAVAILABLE ListContainers
    fails UNAVAILABLE Version
    fails UNAVAILABLE PullImage '{"image": {"image": "a:b"}}'
    fails UNAVAILABLE StopContainer "container_id=$UNKNOWN"
    fails UNAVAILABLE ExecSync "{\"container_id\": \"$UNKNOWN\", \"cmd\": [\"true\"]}"
    cri Status >"$BATS_TEST_TMPDIR/status.json"
    DOCKER_HOST=tcp://127.0.0.1:1 fails UNAVAILABLE ListPodSandbox
    check "$BATS_TEST_TMPDIR/status.json" <<'END'
runtime = [c for c in a["status"]["conditions"] if c["type"] == "RuntimeReady"][0]
same([runtime.get("status", False), runtime["reason"]], [False, "DockerDaemonNotReady"])
END
}

@test "a docker program that is missing or cannot run is UNAVAILABLE, one that dies is INTERNAL" {
    CRI_ONESHOT_DOCKER=/no/such/docker fails UNAVAILABLE Version
    says /no/such/docker
    : >"$BATS_TEST_TMPDIR/plain"
    CRI_ONESHOT_DOCKER=$BATS_TEST_TMPDIR/plain fails UNAVAILABLE Version
    printf '#!/bin/sh\nkill -SEGV $$\n' >"$BATS_TEST_TMPDIR/dies"
    chmod +x "$BATS_TEST_TMPDIR/dies"
    CRI_ONESHOT_DOCKER=$BATS_TEST_TMPDIR/dies fails INTERNAL Version
}

@test "what is not supported says so: UNIMPLEMENTED" {
    fails UNIMPLEMENTED CheckpointContainer "container_id=$UNKNOWN"
    fails UNIMPLEMENTED ReopenContainerLog "container_id=$UNKNOWN"
    fails UNIMPLEMENTED Attach "container_id=$UNKNOWN"
}
