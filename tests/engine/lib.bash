# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# This file holds what the engine tests share: a private engine, calls of the translator, and a look at JSON.
# It knows no RPC's rules.

bats_require_minimum_version 1.5.0
ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BUILD=$(realpath -m "${BUILD:-$ROOT/build}")
export CRI_FRAME=$BUILD/bin/cri-frame
export CRI_ONESHOT=$BUILD/bin/cri-oneshot
unset DOCKER_CONTEXT DOCKER_TLS DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_API_VERSION DOCKER_CONFIG
unset CRI_ONESHOT_DOCKER CRI_ONESHOT_TRACE CRI_ONESHOT_PAUSE_IMAGE CRI_ONESHOT_NETWORK
export IMAGE=busybox:test
# One arena a call, given back by the end of the process: no leak.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

# ---- the engine: no root or no docker is a failure, never a skip

# engine_lacks WHAT: what this machine lacks; the one sentence that a person needs.
engine_lacks() {
    echo "the engine tests need docker, and root to start its engine: $1; the other tests do without (tools/install-deps docker)" >&2
    return 1
}

engine_up() {
    [ "$(id -u)" = 0 ] || engine_lacks "this is not root" || return 1
    command -v docker >/dev/null || engine_lacks "there is no docker on PATH" || return 1
    PATH=$PATH:/usr/sbin:/sbin command -v dockerd >/dev/null || engine_lacks "there is no dockerd on PATH" || return 1
    ENGINE=$(mktemp -d "${TMPDIR:-/tmp}/cri-engine.XXXXXX")
    export ENGINE DOCKER_HOST=unix://$ENGINE/docker.sock CRI_ONESHOT_DOCKER_ROOT=$ENGINE/data
    "$ROOT/tools/engine" start "$ENGINE" 3>&- 4>&- || engine_lacks "dockerd does not start here" || return 1
    "$ROOT/tools/engine" images "$ENGINE" 3>&- 4>&-
}

engine_down() {
    [ -z "${ENGINE-}" ] || "$ROOT/tools/engine" stop "$ENGINE"
}

engine_registry() {
    "$ROOT/tools/engine" registry "$ENGINE" "$@" 3>&- 4>&-
}

# ---- calls

cri() {
    "$CRI_FRAME" call "$@"
}

# fails CODE METHOD [ARGUMENT...]: the call must fail with this code; the error text is left in $message.
fails() {
    local code=$1 status=0
    shift
    message=$(cri "$@" 2>&1 >"$BATS_TEST_TMPDIR/fails.out") || status=$?
    if [ "$status" != 1 ] || [ -s "$BATS_TEST_TMPDIR/fails.out" ]; then
        echo "$1 should have failed with $code; status $status, $message"
        cat "$BATS_TEST_TMPDIR/fails.out"
        return 1
    fi
    case $message in
    "$1: $code: "*) ;;
    *)
        echo "$1 should have failed with $code: $message"
        return 1
        ;;
    esac
}

# says TEXT...: the last error text holds each of these, case ignored.
says() {
    local text
    for text in "$@"; do
        case ${message,,} in
        *"${text,,}"*) ;;
        *)
            echo "\"$text\" is not in: $message"
            return 1
            ;;
        esac
    done
}

# ---- JSON

# json EXPRESSION: the value, in Python's words, of the JSON document "d" on standard input; text as it is.
json() {
    /usr/bin/python3 -c '
import json, sys
d = json.load(sys.stdin)
value = eval(sys.argv[1])
print(value if isinstance(value, str) else json.dumps(value, sort_keys=True))' "$1"
}

# check FILE...: runs the Python on standard input; a, b, c… are the JSON documents in the files; same(x, y) shows both.
check() {
    /usr/bin/python3 -c '
import base64, json, os, sys
def same(seen, wanted):
    if seen != wanted:
        sys.exit("seen:   %s\nwanted: %s" % (json.dumps(seen, sort_keys=True), json.dumps(wanted, sort_keys=True)))
def contains(seen, wanted):
    same({key: seen.get(key) for key in wanted}, wanted)
def text(base64_text):
    return base64.b64decode(base64_text or "").decode()
documents = {chr(ord("a") + i): json.load(open(name)) for i, name in enumerate(sys.argv[1:])}
exec(compile(sys.stdin.read(), "check", "exec"), dict(globals(), **documents))' "$@"
}

inspect() {
    docker inspect --type=container --format '{{json .}}' -- "$1"
}

# ---- pods

# pod_json NAME [MORE]: a sandbox's configuration; MORE is JSON members with a leading comma.
pod_json() {
    printf '{"metadata": {"name": "%s", "namespace": "test", "uid": "uid-%s"}%s}' "$1" "$1" "${2-}"
}

# container_json NAME COMMAND_JSON [MORE]
container_json() {
    printf '{"metadata": {"name": "%s"}, "image": {"image": "%s"}, "command": %s%s}' "$1" "$IMAGE" "$2" "${3-}"
}

# new_pod NAME [MORE]: runs it, prints its id; its configuration stays in pod-NAME.json of the test file's folder.
new_pod() {
    pod_json "$@" >"$BATS_FILE_TMPDIR/pod-$1.json"
    cri RunPodSandbox "config=@$BATS_FILE_TMPDIR/pod-$1.json" | json "d['pod_sandbox_id']"
}

# new_container SANDBOX POD NAME COMMAND_JSON [MORE]: creates it, prints its id.
new_container() {
    local sandbox=$1 pod=$2
    shift 2
    container_json "$@" >"$BATS_FILE_TMPDIR/container-$1.json"
    cri CreateContainer "pod_sandbox_id=$sandbox" "config=@$BATS_FILE_TMPDIR/container-$1.json" \
        "sandbox_config=@$BATS_FILE_TMPDIR/pod-$pod.json" | json "d['container_id']"
}

# started_container: new_container, and starts it.
started_container() {
    local id
    id=$(new_container "$@")
    cri StartContainer "container_id=$id" >/dev/null
    echo "$id"
}

# All containers of the engine, for a clean start of the next test.
remove_all_containers() {
    local ids
    ids=$(docker ps --all --quiet)
    # shellcheck disable=SC2086 # one id each
    [ -z "$ids" ] || docker rm --force --volumes -- $ids >/dev/null
}

# wait_until SECONDS COMMAND...
wait_until() {
    local twentieths=$(($1 * 20))
    shift
    until "$@"; do
        [ $((twentieths -= 1)) -gt 0 ] || return 1
        sleep 0.05
    done
}

# ---- stand-ins for docker

# stand_in FILE: makes the shell script on standard input the docker of the calls that follow, behind a program file of this name: a
# docker that is a script gets no variable of two lines.
stand_in() {
    cat >"$1.sh"
    [ -x "$BATS_RUN_TMPDIR/shell" ] || cc -x c -o "$BATS_RUN_TMPDIR/shell" - <<'END'
#include <stdio.h>
#include <unistd.h>
int main(int count, char **words)
{
    char script[4096], *list[count + 2];

    snprintf(script, sizeof(script), "%s.sh", words[0]);
    list[0] = "/bin/sh";
    list[1] = script;
    for (int i = 1; i <= count; i++)
        list[i + 1] = words[i];
    return execv(list[0], list);
}
END
    rm -f "$1"
    cp "$BATS_RUN_TMPDIR/shell" "$1"
    export CRI_ONESHOT_DOCKER=$1
}

# A request of each kind that becomes a docker command: the method, a blank, and its JSON, a line each.
valid_requests() {
    local id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef pod container
    pod=$(pod_json stand-in)
    container=$(container_json app '["true"]' ', "envs": [{"key": "A", "value": "eA=="}, {"key": "B", "value": "eAp5"}]')
    cat <<END
Version {}
Status {}
RuntimeConfig {}
UpdateRuntimeConfig {"runtime_config": {"network_config": {"pod_cidr": "10.99.0.0/24"}}}
RunPodSandbox {"config": $pod}
StopPodSandbox {"pod_sandbox_id": "$id"}
RemovePodSandbox {"pod_sandbox_id": "$id"}
PodSandboxStatus {"pod_sandbox_id": "$id", "verbose": true}
ListPodSandbox {}
ListPodSandbox {"filter": {"id": "$id", "state": {"state": "SANDBOX_READY"}, "label_selector": {"a": "b"}}}
CreateContainer {"pod_sandbox_id": "$id", "config": $container, "sandbox_config": $pod}
StartContainer {"container_id": "$id"}
StopContainer {"container_id": "$id", "timeout": "1"}
RemoveContainer {"container_id": "$id"}
ListContainers {}
ContainerStatus {"container_id": "$id", "verbose": true}
UpdateContainerResources {"container_id": "$id", "linux": {"cpu_shares": "512"}}
UpdateContainerResources {"container_id": "$id"}
ExecSync {"container_id": "$id", "cmd": ["true"], "timeout": "30"}
PullImage {"image": {"image": "registry.example.org/a/b:c"}}
PullImage {"image": {"image": "registry.example.org/a/b:c"}, "auth": {"username": "user", "password": "pass"}}
ListImages {}
ListImages {"filter": {"image": {"image": "a:b"}}}
ImageStatus {"image": {"image": "a:b"}, "verbose": true}
RemoveImage {"image": {"image": "a:b"}}
RemoveImage {"image": {"image": "sha256:$id"}}
ImageFsInfo {}
END
}

# ---- a client that is not ours (client.py, with the modules that protoc makes)

client_up() {
    export CLIENT_MODULES=$BATS_FILE_TMPDIR/modules
    mkdir -p "$CLIENT_MODULES"
    protoc --proto_path="$ROOT/proto" --python_out="$CLIENT_MODULES" \
        runtime/v1/api.proto oneshot/v1/oneshot.proto
}

client() {
    PYTHONPATH=$CLIENT_MODULES /usr/bin/python3 "$ROOT/tests/engine/client.py" "$@"
}
