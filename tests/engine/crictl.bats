#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file runs crictl's session against cri-gateway: with crictl itself where it is on PATH, else with its stand-in (crictl.py).

load lib.bash

setup_file() {
    engine_up
    client_up
    export REGISTRY
    REGISTRY=$(engine_registry)
    # An image of its own: removing it takes all its tags.
    "$ROOT/tools/engine" rootfs busybox | docker import -c 'ENV PATH=/bin' - "$REGISTRY/busybox:1" >/dev/null
    docker push --quiet "$REGISTRY/busybox:1" >/dev/null
    docker image rm "$REGISTRY/busybox:1" >/dev/null
}

teardown_file() {
    engine_down
}

# readme_json NAME: the file of that name that the README prints.
readme_json() {
    sed -n "/^\`$1\`\$/,/^\`\`\`\$/p" "$ROOT/README.md" | sed '1,/^```json$/d; /^```$/d'
}

setup() {
    SOCKET=$BATS_TEST_TMPDIR/cri.sock
    mkdir "$BATS_TEST_TMPDIR/logs"
    readme_json pod.json | sed "s|/var/log/pods/demo|$BATS_TEST_TMPDIR/logs|" >"$BATS_TEST_TMPDIR/pod.json"
    readme_json container.json | sed "s|127.0.0.1:5000|$REGISTRY|; s|echo hello;|& echo oops >\&2;|" >"$BATS_TEST_TMPDIR/container.json"
    grep -q oops "$BATS_TEST_TMPDIR/container.json"
}

teardown() {
    [ -z "${EVENTS-}" ] || kill "$EVENTS" || true
    [ -z "${SERVER-}" ] || kill "$SERVER"
    remove_all_containers
}

crictl() {
    local program
    program=$(type -P crictl) || program=
    if [ -n "$program" ]; then
        "$program" --runtime-endpoint "unix://$SOCKET" --image-endpoint "unix://$SOCKET" --timeout 30s "$@"
    else
        PYTHONPATH=$CLIENT_MODULES /usr/bin/python3 "$ROOT/tests/engine/crictl.py" --runtime-endpoint "unix://$SOCKET" "$@"
    fi
}

serve() {
    "$@" >"$BATS_TEST_TMPDIR/server.log" 2>&1 3>&- 4>&- &
    SERVER=$!
    wait_until 5 "$ROOT/tests/listening" "$SOCKET"
}

# json_of EXPRESSION VERB...: the value of what crictl prints with "-o json".
json_of() {
    local expression=$1 verb=$2
    shift 2
    crictl "$verb" -o json "$@" >"$BATS_TEST_TMPDIR/output.json"
    json "$expression" <"$BATS_TEST_TMPDIR/output.json"
}

has_events() {
    [ "$(grep -cE 'CONTAINER_(CREATED|STARTED|STOPPED|DELETED)_EVENT' "$BATS_TEST_TMPDIR/events")" -ge "$1" ]
}

session() {
    local pod container short

    crictl events >"$BATS_TEST_TMPDIR/events" 2>&1 3>&- 4>&- &
    EVENTS=$!
    [[ $(crictl version) == *20.10* ]]
    [ "$(json_of "all(c['status'] for c in d['status']['conditions'])" info)" = true ]

    run -0 crictl pull "$REGISTRY/busybox:1"
    [[ $output == "Image is up to date for sha256:"* ]]
    [ "$output" = "Image is up to date for $(docker image inspect --format '{{.Id}}' "$REGISTRY/busybox:1")" ]
    [ "$(json_of "sum('$REGISTRY/busybox:1' in i.get('repoTags', []) for i in d['images'])" images)" = 1 ]

    pod=$(crictl runp "$BATS_TEST_TMPDIR/pod.json")
    container=$(crictl create "${pod:0:13}" "$BATS_TEST_TMPDIR/container.json" "$BATS_TEST_TMPDIR/pod.json")
    short=${container:0:13}
    [ "$(crictl start "$short")" = "$short" ]
    [ "$(json_of "[c['id'] for c in d['containers']] == ['$container']" ps)" = true ]
    [ "$(json_of "[(p['id'], p['metadata']['name']) for p in d['items' if 'items' in d else 'podSandboxes']] == [('$pod', 'demo')]" pods)" = true ]
    [ "$(json_of "d['status']['state']" inspect "$short")" = CONTAINER_RUNNING ]
    [ "$(json_of "d['status']['id'] == '$pod'" inspectp "${pod:0:13}")" = true ]
    [ "$(json_of "int(d['stats'][0]['cpu']['usageCoreNanoSeconds']['value']) > 0" stats "$short")" = true ]
    [ "$(json_of "int(d['stats'][0]['linux']['memory']['workingSetBytes']['value']) > 0" statsp "${pod:0:13}")" = true ]
    [ "$(crictl logs "$short" 2>/dev/null)" = hello ]
    [ "$(crictl logs "$short" 2>&1 >/dev/null)" = oops ]
    # shellcheck disable=SC2016 # the container's shell expands it
    [ "$(crictl exec -s "$short" sh -c 'echo "$GREETING"')" = "hello, world" ]
    run -1 crictl exec -s "$short" sh -c 'exit 3'
    [[ $output == *'exit code 3'* ]]

    run -1 crictl rm "$short"
    [ "$(crictl stop "$short")" = "$short" ]
    [ "$(json_of "d['status']['exitCode'] != 0" inspect "$short")" = true ]
    [ -L "$BATS_TEST_TMPDIR/logs/app.log" ]
    [ "$(crictl rm "$short" 2>&1)" = "$short" ]
    [ ! -L "$BATS_TEST_TMPDIR/logs/app.log" ]
    crictl stopp "${pod:0:13}"
    crictl rmp "${pod:0:13}"
    [ -z "$(docker ps --all --quiet)" ]
    docker tag "$REGISTRY/busybox:1" "$REGISTRY/busybox:2"
    crictl rmi "$REGISTRY/busybox:1"
    [ -z "$(docker images --quiet "$REGISTRY/busybox")" ]
    run -1 crictl rmi "$REGISTRY/busybox:1"
    wait_until 5 has_events 8 || { cat "$BATS_TEST_TMPDIR/events"; return 1; }
}

@test "crictl's session through cri-gateway --listen" {
    serve "$BUILD/bin/cri-gateway" --listen="$SOCKET"
    session
}

@test "crictl's session through systemd's socket activation" {
    serve systemd-socket-activate --accept --inetd --listen="$SOCKET" --setenv=DOCKER_HOST --setenv=PATH \
        --setenv=CRI_ONESHOT_DOCKER_ROOT --setenv=ASAN_OPTIONS "$BUILD/bin/cri-gateway"
    session
}
