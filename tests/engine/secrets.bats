#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file looks for secrets where they must not be: command lines, environments, files, traces, explanations, errors.

load lib.bash

PASSWORD='hunter2-passw0rd'
ENV_SECRET='env-s3cr3t'
TWO_LINES='env-2nd-s3cr3t'

setup_file() {
    engine_up
    REGISTRY=$(engine_registry --htpasswd user "$PASSWORD")
    export REGISTRY
    REF=$REGISTRY/private/image:v1
    export REF
    docker tag "$IMAGE" "$REF"
    docker --config="$BATS_FILE_TMPDIR/config" login --username=user --password-stdin "$REGISTRY" <<<"$PASSWORD"
    docker --config="$BATS_FILE_TMPDIR/config" push --quiet "$REF"
    docker image rm "$REF"
}

setup() {
    export SEEN=$BATS_TEST_TMPDIR/seen TMPDIR=$BATS_TEST_TMPDIR/tmp CRI_ONESHOT_TRACE=$BATS_TEST_TMPDIR/trace
    mkdir "$SEEN" "$TMPDIR"
    # What any user could see while docker runs, and what docker itself was given.
    stand_in "$BATS_TEST_TMPDIR/docker" <<'END'
cat /proc/[0-9]*/cmdline >"$SEEN/cmdlines" 2>/dev/null
tr '\0' '\n' </proc/$$/cmdline >"$SEEN/cmdline"
tr '\0' '\n' </proc/$$/environ >"$SEEN/environ"
find "$TMPDIR" >"$SEEN/files"
find "$TMPDIR" -type f -exec cat {} + >"$SEEN/contents"
exec docker "$@"
END
    printf '{"image": {"image": "%s"}, "auth": {"username": "user", "password": "%s"}}' "$REF" "$PASSWORD" \
        >"$BATS_TEST_TMPDIR/pull.json"
    printf '{"image": {"image": "%s"}, "auth": {"auth": "%s"}}' "$REF" "$(printf 'user:%s' "$PASSWORD" | base64)" \
        >"$BATS_TEST_TMPDIR/pull-auth.json"
    client_up
}

teardown() {
    remove_all_containers
}

teardown_file() {
    engine_down
}

# call_from FILE METHOD: the request goes by a frame made from a file, so that no command line of the test holds it.
call_from() {
    client encode "$2" - <"$1" >"$BATS_TEST_TMPDIR/frame"
    "$CRI_ONESHOT" <"$BATS_TEST_TMPDIR/frame" >"$BATS_TEST_TMPDIR/answer"
    client decode <"$BATS_TEST_TMPDIR/answer"
}

# never TEXT FILE...: neither the text nor its base64, alone or after "user:", is in any of the files.
never() {
    local secret=$1 form
    shift
    for form in "$secret" "$(printf %s "$secret" | base64 -w 0)" "$(printf 'user:%s' "$secret" | base64 -w 0)"; do
        if grep -laF -e "${form%%=*}" -- "$@" 2>/dev/null; then
            echo "there is \"$form\""
            return 1
        fi
    done
}

@test "a pull's credentials are in no command line, environment, file, trace or answer" {
    for request in pull pull-auth; do
        answer=$(call_from "$BATS_TEST_TMPDIR/$request.json" PullImage)
        [[ $answer == *image_ref* ]]
        echo "$answer" >"$SEEN/answer"
        grep -q '^pull$' "$SEEN/cmdline"
        never "$PASSWORD" "$SEEN"/* "$CRI_ONESHOT_TRACE"
        [ -s "$CRI_ONESHOT_TRACE" ]
        [ -z "$(find "$TMPDIR" -mindepth 1)" ]
        docker image rm "$REF"
    done
}

@test "a refused pull's credentials are in no error, trace or file" {
    sed -i 's#private/image#private/other#' "$BATS_TEST_TMPDIR/pull.json"
    call_from "$BATS_TEST_TMPDIR/pull.json" PullImage >"$SEEN/answer"
    grep -q '"outcome"' "$SEEN/answer"
    never "$PASSWORD" "$SEEN"/* "$CRI_ONESHOT_TRACE"
    [ -z "$(find "$TMPDIR" -mindepth 1)" ]
}

@test "the caller's own docker configuration is still used, and is not changed" {
    export DOCKER_CONFIG=$BATS_FILE_TMPDIR/config
    before=$(find "$DOCKER_CONFIG" -type f -exec sha256sum {} +)
    printf '{"image": {"image": "%s"}}' "$REF" >"$BATS_TEST_TMPDIR/plain.json"
    [[ $(call_from "$BATS_TEST_TMPDIR/plain.json" PullImage) == *image_ref* ]]
    docker image rm "$REF"
    [ "$(find "$DOCKER_CONFIG" -type f -exec sha256sum {} +)" = "$before" ]
}

@test "environment values are in no command line, trace or file; only what a file cannot hold goes by docker's environment" {
    sandbox=$(new_pod secret)
    cat >"$BATS_TEST_TMPDIR/create.json" <<END
{"pod_sandbox_id": "$sandbox", "sandbox_config": $(pod_json secret), "config": $(container_json app '["true"]' ", \"envs\": [
  {\"key\": \"ONE\", \"value\": \"$(printf %s "$ENV_SECRET" | base64)\"},
  {\"key\": \"TWO\", \"value\": \"$(printf '%s\nlines' "$TWO_LINES" | base64)\"}]")}
END
    answer=$(call_from "$BATS_TEST_TMPDIR/create.json" CreateContainer)
    [[ $answer == *container_id* ]]
    never "$ENV_SECRET" "$SEEN"/* "$CRI_ONESHOT_TRACE"
    grep -q "$TWO_LINES" "$SEEN/environ"
    never "$TWO_LINES" "$SEEN/cmdline" "$SEEN/cmdlines" "$SEEN/contents" "$CRI_ONESHOT_TRACE"
    [ -z "$(find "$TMPDIR" -mindepth 1)" ]
    id=$(json "d['create_container']['container_id']" <<<"$answer")
    docker inspect --format '{{json .Config.Env}}' "$id" | grep -q "$ENV_SECRET"
    cri ContainerStatus "{\"container_id\": \"$id\", \"verbose\": true}" >"$SEEN/status"
    never "$ENV_SECRET" "$SEEN/status" "$CRI_ONESHOT_TRACE"
    never "$TWO_LINES" "$SEEN/status" "$CRI_ONESHOT_TRACE"
}

@test "an explanation shows no secret" {
    call_from "$BATS_TEST_TMPDIR/pull.json" PullImage
    rm "$SEEN"/*
    "$CRI_ONESHOT" --explain <"$BATS_TEST_TMPDIR/frame" >"$SEEN/explained" 2>&1
    grep -q pull "$SEEN/explained"
    never "$PASSWORD" "$SEEN/explained"
    # It ran nothing.
    [ ! -e "$SEEN/cmdline" ]
    cri PullImage "$(cat "$BATS_TEST_TMPDIR/pull.json")" --show >"$SEEN/shown" 2>&1
    never "$PASSWORD" "$SEEN/shown"
}
