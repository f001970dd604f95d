#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file makes pods as cri-dockerd does, without the label that holds our JSON, and has each call work on them; and it reads a pod
# of ours as cri-dockerd does.

load lib.bash

# A JSON annotation and a label with commas; HARD cannot be told apart in docker ps's one list of labels.
NOTE='{"a": "b", "c": ["d", "e"]}'
COMMAS='one,two, three'
HARD='one,app=web,two'

setup_file() {
    engine_up
}

setup() {
    SANDBOX=$(dockerd_sandbox web)
    docker start "$SANDBOX"
    APP=$(dockerd_container "$SANDBOX" web app --label=commas="$COMMAS" --label=hard="$HARD")
    docker start "$APP"
}

teardown() {
    remove_all_containers
}

teardown_file() {
    engine_down
}

# dockerd_sandbox POD [NAME-SUFFIX]: cri-dockerd's docker create of a sandbox; prints the id.
dockerd_sandbox() {
    docker create --name="k8s_POD_$1_shop_uid-$1_3${2-}" --restart=no --no-healthcheck --cpu-shares=2 --security-opt=no-new-privileges \
        --ipc=shareable --hostname="$1" \
        --label=app="$1" --label=io.kubernetes.pod.name="$1" --label=io.kubernetes.pod.namespace=shop \
        --label=io.kubernetes.pod.uid="uid-$1" --label=annotation.kubernetes.io/config.source=api --label=annotation.note="$NOTE" \
        --label=io.kubernetes.docker.type=podsandbox --label=io.kubernetes.container.name=POD registry.k8s.io/pause:3.9
}

# dockerd_container SANDBOX POD NAME [OPTION...]: cri-dockerd's docker create of a container.
dockerd_container() {
    local sandbox=$1 pod=$2 name=$3
    shift 3
    docker create --name="k8s_${name}_${pod}_shop_uid-${pod}_5" --restart=no --no-healthcheck --security-opt=seccomp=unconfined \
        --network="container:$sandbox" --ipc="container:$sandbox" \
        --label=io.kubernetes.container.name="$name" --label=io.kubernetes.pod.name="$pod" --label=annotation.io.kubernetes.container.hash=77 \
        --label=annotation.note="$NOTE" --label=io.kubernetes.docker.type=container --label=io.kubernetes.sandbox.id="$sandbox" \
        --label=io.kubernetes.container.logpath="/var/log/pods/$pod/$name/5.log" "$@" --entrypoint=sleep "$IMAGE" 1000
}

# ids MEMBER FIELD: of the answer on standard input, sorted.
ids() {
    json "' '.join(sorted(x$2 for x in d.get('$1', [])))"
}

@test "ListPodSandbox and PodSandboxStatus: metadata from the name, labels and annotations from the labels" {
    cri ListPodSandbox >"$BATS_TEST_TMPDIR/list.json"
    cri PodSandboxStatus "pod_sandbox_id=$SANDBOX" verbose=true >"$BATS_TEST_TMPDIR/status.json"
    check "$BATS_TEST_TMPDIR"/{list,status}.json <<END
wanted = {"id": "$SANDBOX", "metadata": {"name": "web", "namespace": "shop", "uid": "uid-web", "attempt": 3},
          "labels": {"app": "web", "io.kubernetes.pod.name": "web", "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.uid": "uid-web"},
          "annotations": {"kubernetes.io/config.source": "api", "note": '$NOTE'}}
[item] = a["items"]
contains(item, wanted)
contains(b["status"], wanted)
for seen in (item, b["status"]):
    same(seen.get("state", "SANDBOX_READY"), "SANDBOX_READY")
    assert int(seen["created_at"]) > 10**18
assert b["status"]["network"]["ip"]
assert json.loads(b["info"]["info"])["pid"] > 1
END
}

@test "ListContainers and ContainerStatus: metadata, labels, annotations, the sandbox, the log path" {
    cri ListContainers "{\"filter\": {\"id\": \"$APP\"}}" >"$BATS_TEST_TMPDIR/list.json"
    cri ContainerStatus "container_id=$APP" >"$BATS_TEST_TMPDIR/status.json"
    check "$BATS_TEST_TMPDIR"/{list,status}.json <<END
labels = {"io.kubernetes.container.name": "app", "io.kubernetes.pod.name": "web", "commas": "$COMMAS"}
wanted = {"id": "$APP", "metadata": {"name": "app", "attempt": 5}, "state": "CONTAINER_RUNNING",
          "annotations": {"io.kubernetes.container.hash": "77", "note": '$NOTE'}}
[item] = a["containers"]
contains(item, dict(wanted, pod_sandbox_id="$SANDBOX"))
contains(item["labels"], labels)
same(item["image"]["image"], "$IMAGE")
contains(b["status"], dict(wanted, labels=dict(labels, hard="$HARD"), log_path="/var/log/pods/web/app/5.log"))
same(b["status"]["image"]["image"], "$IMAGE")
assert b["status"]["image_ref"].startswith("sha256:")
END
}

@test "filters find them, by labels with commas, too" {
    other=$(dockerd_sandbox other)
    for filter in '{}' "{\"id\": \"${APP:0:13}\"}" "{\"pod_sandbox_id\": \"$SANDBOX\"}" "{\"pod_sandbox_id\": \"${SANDBOX:0:13}\"}" \
        '{"state": {"state": "CONTAINER_RUNNING"}}' "{\"label_selector\": {\"commas\": \"$COMMAS\"}}" \
        "{\"label_selector\": {\"hard\": \"$HARD\", \"io.kubernetes.container.name\": \"app\"}}"; do
        [ "$(cri ListContainers "{\"filter\": $filter}" | ids containers "['id']")" = "$APP" ]
    done
    # The value of "hard" looks like a label "app", and is none.
    for filter in '{"label_selector": {"app": "web"}}' '{"label_selector": {"commas": "one"}}' '{"label_selector": {"annotation.note": "x"}}' \
        "{\"pod_sandbox_id\": \"$other\"}" '{"state": {"state": "CONTAINER_EXITED"}}'; do
        [ "$(cri ListContainers "{\"filter\": $filter}" | ids containers "['id']")" = "" ]
    done
    [ "$(cri ListPodSandbox '{"filter": {"label_selector": {"app": "web"}}}' | ids items "['id']")" = "$SANDBOX" ]
    [ "$(cri ListPodSandbox '{"filter": {"state": {"state": "SANDBOX_NOTREADY"}}}' | ids items "['id']")" = "$other" ]
}

@test "a name with the random part that follows a conflict is read as well; other names are nobody's" {
    docker rm --force "$APP" "$SANDBOX"
    again=$(dockerd_sandbox again _9f3a0b1c)
    docker create --name=k8s_POD_broken --label=io.kubernetes.docker.type=podsandbox registry.k8s.io/pause:3.9
    docker create --name=foreign registry.k8s.io/pause:3.9
    [ "$(cri ListPodSandbox | json "[(x['id'], x['metadata']) for x in d['items']]")" = \
        "[[\"$again\", {\"attempt\": 3, \"name\": \"again\", \"namespace\": \"shop\", \"uid\": \"uid-again\"}]]" ]
    [ "$(cri PodSandboxStatus "pod_sandbox_id=$again" | json "d['status']['metadata']['name']")" = again ]
}

@test "statistics and metrics of them" {
    [ "$(cri ContainerStats "container_id=$APP" | json "int(d['stats']['cpu']['usage_core_nano_seconds']['value']) > 0")" = true ]
    [ "$(cri ListContainerStats | ids stats "['attributes']['id']")" = "$APP" ]
    cri PodSandboxStats "pod_sandbox_id=$SANDBOX" >"$BATS_TEST_TMPDIR/stats.json"
    check "$BATS_TEST_TMPDIR/stats.json" <<END
same(a["stats"]["attributes"]["metadata"]["name"], "web")
same([c["attributes"]["id"] for c in a["stats"]["linux"]["containers"]], ["$APP"])
same(a["stats"]["linux"]["process"]["process_count"]["value"], "2")
END
    [ "$(cri ListPodSandboxStats '{"filter": {"label_selector": {"app": "web"}}}' | ids stats "['attributes']['id']")" = "$SANDBOX" ]
    [ "$(cri ListPodSandboxMetrics | json "[[c['container_id'] for c in p['container_metrics']] for p in d['pod_metrics']]")" = "[[\"$APP\"]]" ]
}

# listening: makes events until one is told.
listening() {
    docker rm "$(dockerd_container "$SANDBOX" web probe)"
    [ -s "$BATS_TEST_TMPDIR/events" ]
}

@test "events of them" {
    "$CRI_FRAME" call GetContainerEvents --compact --timeout=60 >"$BATS_TEST_TMPDIR/events" 2>/dev/null 3>&- &
    client=$!
    wait_until 20 listening
    cri StopContainer "container_id=$APP" timeout=0
    wait_until 10 grep -q STOPPED "$BATS_TEST_TMPDIR/events"
    kill "$client"
    wait "$client" || true
    grep -m 1 STOPPED "$BATS_TEST_TMPDIR/events" >"$BATS_TEST_TMPDIR/event.json"
    check "$BATS_TEST_TMPDIR/event.json" <<END
contains(a, {"container_id": "$APP", "container_event_type": "CONTAINER_STOPPED_EVENT"})
assert "pod_sandbox_status" not in a  # whose state docker does not say
same(a["containers_statuses"][0]["metadata"], {"name": "app", "attempt": 5})
contains(a["containers_statuses"][0]["labels"], {"commas": "$COMMAS", "hard": "$HARD"})
END
}

@test "ExecSync, UpdateContainerResources, StartContainer, and a container of ours in their pod" {
    [ "$(cri ExecSync "container_id=$APP" cmd=hostname | json "__import__('base64').b64decode(d['stdout']).decode().strip()")" = web ]
    cri UpdateContainerResources "{\"container_id\": \"$APP\", \"linux\": {\"cpu_shares\": \"333\"}}"
    [ "$(docker inspect --format '{{.HostConfig.CpuShares}}' "$APP")" = 333 ]
    second=$(dockerd_container "$SANDBOX" web second)
    [ "$(cri ContainerStatus "container_id=$second" | json "d['status'].get('state', 'CONTAINER_CREATED')")" = CONTAINER_CREATED ]
    cri StartContainer "container_id=$second"
    pod_json web >"$BATS_FILE_TMPDIR/pod-web.json"
    ours=$(started_container "$SANDBOX" web ours '["sleep", "1000"]')
    [ "$(cri ListContainers "{\"filter\": {\"pod_sandbox_id\": \"$SANDBOX\"}}" | ids containers "['id']")" = \
        "$(printf '%s\n' "$APP" "$second" "$ours" | sort | paste -sd' ')" ]
}

@test "StopContainer, RemoveContainer, StopPodSandbox, RemovePodSandbox: and nothing is left" {
    cri StopContainer "container_id=$APP" timeout=0
    [ "$(cri ContainerStatus "container_id=$APP" | json "d['status']['state'], d['status']['exit_code']")" = '["CONTAINER_EXITED", 137]' ]
    [ "$(cri ListContainers | json "d['containers'][0]['state']")" = CONTAINER_EXITED ]
    cri RemoveContainer "container_id=$APP"
    cri StopPodSandbox "pod_sandbox_id=$SANDBOX"
    [ "$(cri PodSandboxStatus "pod_sandbox_id=$SANDBOX" | json "d['status']['state']")" = SANDBOX_NOTREADY ]
    cri RemovePodSandbox "pod_sandbox_id=$SANDBOX"
    [ -z "$(docker ps --all --quiet)" ]
}

# What cri-dockerd makes of docker's containers, by its rules alone: the name's six or seven parts, the labels' prefix and its own keys.
dockerd_reader() {
    cat <<'END'
def read(inspected):
    parts = inspected["Name"].lstrip("/").split("_")
    assert parts[0] == "k8s" and len(parts) in (6, 7), parts
    seen = {"name": parts[1:5], "attempt": int(parts[5]), "labels": {}, "annotations": {}, "internal": {}}
    labels = inspected["Config"]["Labels"]
    for key, value in labels.items():
        if key.startswith("cri-oneshot.v1"):
            continue
        if key in ("io.kubernetes.docker.type", "io.kubernetes.container.logpath", "io.kubernetes.sandbox.id"):
            seen["internal"][key] = value
        elif key == "io.kubernetes.container.name" and labels["io.kubernetes.docker.type"] == "podsandbox":
            same(value, "POD")
        elif key.startswith("annotation."):
            seen["annotations"][key[len("annotation."):]] = value
        else:
            seen["labels"][key] = value
    return seen
END
}

@test "cri-dockerd reads a pod of ours whole" {
    docker rm --force "$APP" "$SANDBOX"
    labels='"labels": {"app": "a,b", "io.kubernetes.pod.name": "mine"}, "annotations": {"note": "x, \"y\"=z", "kubernetes.io/config.hash": "1"}'
    sandbox=$(new_pod mine ", $labels, \"log_directory\": \"$BATS_TEST_TMPDIR/log\"")
    mkdir -p "$BATS_TEST_TMPDIR/log"
    container=$(started_container "$sandbox" mine app '["sleep", "1000"]' ", \"log_path\": \"app.log\",
        \"labels\": {\"io.kubernetes.container.name\": \"app\", \"c\": \"d,e=f\"}, \"annotations\": {\"io.kubernetes.container.hash\": \"77\"}")
    inspect "$sandbox" >"$BATS_TEST_TMPDIR/sandbox.json"
    inspect "$container" >"$BATS_TEST_TMPDIR/container.json"
    {
        dockerd_reader
        cat <<END
same(read(a), {"name": ["POD", "mine", "test", "uid-mine"], "attempt": 0, "labels": {"app": "a,b", "io.kubernetes.pod.name": "mine"},
               "annotations": {"note": 'x, "y"=z', "kubernetes.io/config.hash": "1"},
               "internal": {"io.kubernetes.docker.type": "podsandbox"}})
same(read(b), {"name": ["app", "mine", "test", "uid-mine"], "attempt": 0,
               "labels": {"io.kubernetes.container.name": "app", "c": "d,e=f"}, "annotations": {"io.kubernetes.container.hash": "77"},
               "internal": {"io.kubernetes.docker.type": "container", "io.kubernetes.sandbox.id": "$sandbox",
                            "io.kubernetes.container.logpath": "$BATS_TEST_TMPDIR/log/app.log"}})
same([a["HostConfig"]["IpcMode"], b["HostConfig"]["NetworkMode"], b["HostConfig"]["IpcMode"]],
     ["shareable", "container:$sandbox", "container:$sandbox"])
END
    } >"$BATS_TEST_TMPDIR/check.py"
    check "$BATS_TEST_TMPDIR"/{sandbox,container}.json <"$BATS_TEST_TMPDIR/check.py"
    # Its own questions to docker find them: by type, and the pod's containers by the whole id of the sandbox.
    [ "$(docker ps --all --quiet --no-trunc --filter=label=io.kubernetes.docker.type=podsandbox)" = "$sandbox" ]
    [ "$(docker ps --all --quiet --no-trunc --filter=label=io.kubernetes.docker.type=container \
        --filter=label=io.kubernetes.sandbox.id="$sandbox")" = "$container" ]
    # And the names are those that it would give: a pod that it makes again meets a conflict.
    run -1 docker rename "$container" "k8s_POD_mine_test_uid-mine_0"
}
