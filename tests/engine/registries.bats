#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file meets registries that do not do as they should, on a real engine: what docker says of each has the code that a client needs,
# and no credentials in it. It also meets images that are more than one name.

load lib.bash

AUTH='{"username": "user", "password": "not-a-secret"}'

setup_file() {
    engine_up
    export ODD=$BATS_FILE_TMPDIR/odd PROXY
    mkdir "$ODD"
    /usr/bin/python3 "$ROOT/tests/engine/odd_registry.py" "$ODD" >"$ODD.log" 2>&1 </dev/null 3>&- 4>&- &
    PROXY=$!
    for _ in $(seq 200); do
        [ ! -s "$ODD/address" ] || break
        sleep 0.1
    done
    ADDRESS=$(cat "$ODD/address")
    export ADDRESS
}

teardown_file() {
    kill "$PROXY"
    engine_down
}

# odd REPOSITORY CODE TEXT...: the pull fails so.
odd() {
    local repository=$1 code=$2
    shift 2
    fails "$code" PullImage "{\"image\": {\"image\": \"$ADDRESS/$repository:1\"}, \"auth\": $AUTH}"
    says "$@"
}

@test "a registry that refuses is PERMISSION_DENIED or UNAUTHENTICATED" {
    odd denied PERMISSION_DENIED denied
    odd forbidden PERMISSION_DENIED 'access forbidden'
    odd html-forbidden PERMISSION_DENIED 'HTTP 403 response'
    odd unauthorized UNAUTHENTICATED unauthorized
}

@test "a rate limit is RESOURCE_EXHAUSTED" {
    odd limited RESOURCE_EXHAUSTED toomanyrequests
    odd html-limited RESOURCE_EXHAUSTED 'HTTP 429 response'
}

@test "a registry that is down or hangs up is UNAVAILABLE" {
    odd unavailable UNAVAILABLE 503
    odd down UNAVAILABLE 502
    odd closed UNAVAILABLE EOF
    odd reset UNAVAILABLE 'connection reset by peer'
}

@test "a repository, platform or layer that there is not is NOT_FOUND, and what is no image INVALID_ARGUMENT" {
    odd nameless NOT_FOUND 'name unknown'
    odd foreign NOT_FOUND 'no matching manifest for linux/amd64'
    odd lost NOT_FOUND 'unknown blob'
    odd chart INVALID_ARGUMENT 'Encountered remote "application/vnd.cncf.helm.config.v1+json"'
}

@test "a layer that is not what was promised is DATA_LOSS" {
    odd changed DATA_LOSS 'filesystem layer verification failed'
}

@test "credentials that a registry repeats are not in the status, the trace and a recording" {
    export CRI_ONESHOT_TRACE=$BATS_TEST_TMPDIR/trace
    odd telltale PERMISSION_DENIED 'the header is Basic <redacted>'
    cat >"$BATS_TEST_TMPDIR/client" <<'END'
"$CRI_FRAME" call PullImage "{\"image\": {\"image\": \"$ADDRESS/telltale:1\"}, \"auth\": $AUTH}" || true
END
    AUTH=$AUTH "$BUILD/bin/cri-fixture" record "$BATS_TEST_TMPDIR/session" -- env PATH="$BUILD/bin:$PATH" bash "$BATS_TEST_TMPDIR/client"
    grep -q '<redacted>' "$BATS_TEST_TMPDIR/session"/*/docker.stderr
    run -1 grep -rE 'not-a-secret|dXNlcjpub3QtYS1zZWNyZXQ' "$BATS_TEST_TMPDIR/session" "$CRI_ONESHOT_TRACE"
}

# ---- images

# has_names NAME...: the names of the images that a list has, by itself and as a stream.
has_names() {
    local filter=$1 method names
    shift
    for method in ListImages StreamImages; do
        names=$(cri "$method" "{\"filter\": {\"image\": {\"image\": \"$filter\"}}}" | /usr/bin/python3 -c '
import json, sys
text, at, names = sys.stdin.read().strip(), 0, []
while at < len(text):
    document, end = json.JSONDecoder().raw_decode(text[at:])
    at += end + len(text[at + end:]) - len(text[at + end:].lstrip())
    names += [name for image in document.get("images", []) for name in image.get("repo_tags", [])]
print(*sorted(names))')
        [ "$names" = "$*" ] || {
            echo "$method of $filter: $names, and not $*"
            return 1
        }
    done
}

@test "a repository lists all that it has, a tag one image" {
    for tag in 1 2; do
        echo "$tag" >"$BATS_TEST_TMPDIR/file"
        tar -C "$BATS_TEST_TMPDIR" -c file | docker import - "team/app:$tag" >/dev/null
    done
    has_names team/app team/app:1 team/app:2
    has_names docker.io/team/app team/app:1 team/app:2
    has_names team/app:2 team/app:2
    has_names 'team/*'
    has_names team
    docker image rm team/app:1 team/app:2
}

@test "an image that others were built from: by id FAILED_PRECONDITION, by its names it goes" {
    id=$(echo base | tar -c -f - --files-from=/dev/null | docker import -c 'CMD ["true"]' - base:1)
    docker tag base:1 base:2
    container=$(docker create base:1)
    docker commit "$container" child:1 >/dev/null
    docker rm "$container" >/dev/null
    fails FAILED_PRECONDITION RemoveImage "{\"image\": {\"image\": \"$id\"}}"
    says 'dependent child images'
    cri RemoveImage '{"image": {"image": "base:1"}}'
    cri RemoveImage '{"image": {"image": "base:2"}}'
    has_names base
    cri RemoveImage '{"image": {"image": "child:1"}}'
    [ -z "$(docker images -aq "$id")" ]
}

@test "ImageFsInfo has the bytes of the layers, and of each once" {
    docker tag "$IMAGE" again:1
    wanted=$(docker system df --format '{{json .}}' | /usr/bin/python3 -c '
import json, sys
print(next(json.loads(line)["Size"] for line in sys.stdin if json.loads(line)["Type"] == "Images"))')
    cri ImageFsInfo >"$BATS_TEST_TMPDIR/info"
    docker image rm again:1
    check "$BATS_TEST_TMPDIR/info" <<END
images, containers = (int(a[name][0]["used_bytes"]["value"]) for name in ("image_filesystems", "container_filesystems"))
units = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}
wanted = "$wanted"
number = wanted.rstrip("kMGB")
wanted = float(number) * units[wanted[len(number):]]
same(abs(images - wanted) < wanted / 100 + 1, True)
same(images < containers, True)
END
}

@test "a pod on a network that is not there names the setting" {
    CRI_ONESHOT_NETWORK=nowhere fails NOT_FOUND RunPodSandbox "{\"config\": $(pod_json nowhere)}"
    says CRI_ONESHOT_NETWORK 'network nowhere not found'
    remove_all_containers
}

@test "kubeadm finds the pause image" {
    [ "$(cri Status '{"verbose": true}' | json "json.loads(d['info']['config'])['sandboxImage']")" = registry.k8s.io/pause:3.9 ]
}
