#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# This script is a client of the CRI, as a CI job may have one: a pod's whole life, with an assertion at each step.
#
#   cri-fixture serve fixtures/sessions/pod-life -- tools/examples/pod-life.sh     without docker, from the recording
#   cri-fixture record fixtures/sessions/pod-life -- tools/examples/pod-life.sh    anew, on the engine of DOCKER_HOST
#
# It knows cri-frame alone, and neither docker nor the recording. The engine must have the image busybox:test and the pause image
# (tools/engine images).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
configs=$here

step=0

# seen WANTED EXPRESSION: the value, in Python's words, of the JSON document "d" on standard input must be this.
seen() {
    python3 -c '
import base64, json, sys
wanted, expression = sys.argv[1:]
d = json.load(sys.stdin)
text = lambda value: base64.b64decode(value).decode()
found = eval(expression)
if str(found) != wanted:
    sys.exit(f"{expression} is {found!r}, and not {wanted!r}")' "$1" "$2"
}

# value EXPRESSION: prints it.
value() {
    python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

ok() {
    step=$((step + 1))
    echo "ok $step - $1"
}

fails() {
    local wanted=$1 message
    shift
    if message=$(cri-frame call "$@" 2>&1); then
        echo "$1 did not fail" >&2
        return 1
    fi
    case $message in
    "$1: $wanted: "*) ;;
    *)
        echo "$1: $wanted was expected: $message" >&2
        return 1
        ;;
    esac
}

is_running() {
    cri-frame call ContainerStatus container_id="$1" | value 'd["status"].get("state")' | grep -qx CONTAINER_RUNNING
}

pod_is_made() {
    pod=$(cri-frame call RunPodSandbox config="@$configs/pod.json" | value 'd["pod_sandbox_id"]')
    cri-frame call PodSandboxStatus pod_sandbox_id="$pod" | seen "shop web 1" \
        '" ".join((d["status"]["metadata"]["namespace"], d["status"]["metadata"]["name"], str(d["status"]["metadata"]["attempt"])))'
    cri-frame call ListPodSandbox | seen "['$pod']" '[pod["id"] for pod in d["items"]]'
    ok "a pod runs"
    fails ALREADY_EXISTS RunPodSandbox config="@$configs/pod.json"
    ok "a second one of its name is refused"
}

container_is_made() {
    container=$(cri-frame call CreateContainer pod_sandbox_id="$pod" config="@$configs/container.json" \
        sandbox_config="@$configs/pod.json" | value 'd["container_id"]')
    cri-frame call ContainerStatus container_id="$container" | seen None 'd["status"].get("state")'
    cri-frame call StartContainer container_id="$container" >/dev/null
    is_running "$container"
    cri-frame call ListContainers filter="{\"pod_sandbox_id\": \"$pod\"}" |
        seen "[('app', 'CONTAINER_RUNNING')]" '[(c["metadata"]["name"], c["state"]) for c in d["containers"]]'
    ok "a container runs in it"
}

commands_run() {
    cri-frame call ExecSync container_id="$container" cmd=sh cmd=-c 'cmd=echo out; echo error >&2; exit 3' |
        seen "('out\\n', 'error\\n', 3)" '(text(d["stdout"]), text(d["stderr"]), d["exit_code"])'
    cri-frame call ExecSync container_id="$container" cmd=sh cmd=-c 'cmd=test "${#GREETING}" = 12' | seen '{}' d
    ok "commands run in it, with its environment"
    cri-frame call UpdateContainerResources container_id="$container" linux='{"cpu_shares": 512}' >/dev/null
    cri-frame call ContainerStatus container_id="$container" | seen 512 'd["status"]["resources"]["linux"]["cpu_shares"]'
    ok "its share of the processors is changed"
}

all_is_ended() {
    cri-frame call StopContainer container_id="$container" timeout=1 >/dev/null
    cri-frame call ContainerStatus container_id="$container" | seen CONTAINER_EXITED 'd["status"]["state"]'
    fails FAILED_PRECONDITION ExecSync container_id="$container" cmd=true
    ok "the container is stopped"
    cri-frame call RemoveContainer container_id="$container" >/dev/null
    fails NOT_FOUND ContainerStatus container_id="$container"
    ok "and removed"
    cri-frame call StopPodSandbox pod_sandbox_id="$pod" >/dev/null
    cri-frame call PodSandboxStatus pod_sandbox_id="$pod" | seen SANDBOX_NOTREADY 'd["status"]["state"]'
    cri-frame call RemovePodSandbox pod_sandbox_id="$pod" >/dev/null
    cri-frame call ListPodSandbox | seen '{}' d
    ok "the pod is stopped and removed"
}

cri-frame call Version | seen docker 'd["runtime_name"]'
cri-frame call ImageStatus image='{"image": "busybox:test"}' | seen "['busybox:test']" 'd["image"]["repo_tags"]'
ok "the runtime answers, and has the image"
pod_is_made
container_is_made
commands_run
all_is_ended
echo "1..$step"
