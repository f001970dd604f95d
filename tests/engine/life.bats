#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file runs the whole life of a pod with two containers, and checks it with docker's own eyes.
# Names and labels are cri-dockerd's, field by field.

load lib.bash

POD_LABELS='"app": "shop", "io.kubernetes.pod.name": "web", "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.uid": "1f0c-77"'

write_configs() {
    cat >"$BATS_FILE_TMPDIR/pod-web.json" <<END
{
  "metadata": {"name": "web", "namespace": "shop", "uid": "1f0c-77", "attempt": 2},
  "hostname": "web-host",
  "log_directory": "$BATS_FILE_TMPDIR/log",
  "dns_config": {"servers": ["192.0.2.53"], "searches": ["shop.example"], "options": ["ndots:3"]},
  "port_mappings": [{"protocol": "TCP", "container_port": 8080, "host_port": $PORT, "host_ip": "127.0.0.1"}],
  "labels": {$POD_LABELS},
  "annotations": {"kubernetes.io/config.source": "api", "note": "a, b"}
}
END
    container_json app '["sh", "-c"]' ', "args": ["echo out; echo err >&2; mkdir /tmp/w; echo served >/tmp/w/index.html; exec httpd -f -p 8080 -h /tmp/w"],
      "labels": {"io.kubernetes.container.name": "app"}, "annotations": {"io.kubernetes.container.hash": "77"},
      "log_path": "app/2.log", "working_dir": "/tmp",
      "linux": {"resources": {"cpu_shares": "512", "memory_limit_in_bytes": "67108864"}, "security_context": {"seccomp": {}}}' \
        >"$BATS_FILE_TMPDIR/container-app.json"
}

create_app() {
    cri CreateContainer "pod_sandbox_id=$SANDBOX" "config=@$BATS_FILE_TMPDIR/container-app.json" \
        "sandbox_config=@$BATS_FILE_TMPDIR/pod-web.json" | json "d['container_id']"
}

free_port() {
    /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

setup_file() {
    engine_up
    PORT=$(free_port)
    mkdir -p "$BATS_FILE_TMPDIR/log/app"
    write_configs
    SANDBOX=$(cri RunPodSandbox "config=@$BATS_FILE_TMPDIR/pod-web.json" | json "d['pod_sandbox_id']")
    export PORT SANDBOX
    APP=$(create_app)
    SIDE=$(new_container "$SANDBOX" web side '["sh", "-c", "trap : TERM; while :; do sleep 1; done"]')
    export APP SIDE
    cri StartContainer "container_id=$APP"
    cri StartContainer "container_id=$SIDE"
    inspect "$SANDBOX" >"$BATS_FILE_TMPDIR/sandbox.json"
    inspect "$APP" >"$BATS_FILE_TMPDIR/app.json"
}

teardown_file() {
    engine_down
}

@test "Version, Status, RuntimeConfig and ImageFsInfo tell of this engine" {
    [ "$(cri Version | json "d['runtime_name'], d['runtime_version'], d['runtime_api_version']")" = \
        "[\"docker\", \"$(docker version --format '{{.Server.Version}}')\", \"v1\"]" ]
    cri Status >"$BATS_TEST_TMPDIR/status.json"
    check "$BATS_TEST_TMPDIR/status.json" <<'END'
ready = {c["type"]: c.get("status", False) for c in a["status"]["conditions"]}
same(ready, {"RuntimeReady": True, "NetworkReady": True})
END
    driver=$(docker info --format '{{.CgroupDriver}}')
    # SYSTEMD is the enumeration's 0, which JSON may leave out.
    [ "$(cri RuntimeConfig | json "d.get('linux', {}).get('cgroup_driver', 'SYSTEMD').lower()")" = "$driver" ]
    [ "$(cri ImageFsInfo | json "d['image_filesystems'][0]['fs_id']['mountpoint']")" = "$ENGINE/data" ]
}

@test "UpdateRuntimeConfig is accepted" {
    cri UpdateRuntimeConfig '{"runtime_config": {"network_config": {"pod_cidr": "10.99.0.0/24"}}}'
}

@test "the sandbox has the name and the labels that cri-dockerd gives it" {
    check "$BATS_FILE_TMPDIR/sandbox.json" <<'END'
same(a["Name"], "/k8s_POD_web_shop_1f0c-77_2")
labels = {k: v for k, v in a["Config"]["Labels"].items() if not k.startswith("cri-oneshot.v1")}
same(labels, {
    "app": "shop",
    "io.kubernetes.pod.name": "web",
    "io.kubernetes.pod.namespace": "shop",
    "io.kubernetes.pod.uid": "1f0c-77",
    "annotation.kubernetes.io/config.source": "api",
    "annotation.note": "a, b",
    "io.kubernetes.docker.type": "podsandbox",
    "io.kubernetes.container.name": "POD",
})
END
}

@test "the sandbox has the host settings that cri-dockerd gives it" {
    check "$BATS_FILE_TMPDIR/sandbox.json" <<END
host, config = a["HostConfig"], a["Config"]
contains(host, {"CpuShares": 2, "IpcMode": "shareable", "PidMode": "", "Privileged": False, "CapDrop": None,
                "Dns": ["192.0.2.53"], "DnsSearch": ["shop.example"], "DnsOptions": ["ndots:3"],
                "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "$PORT"}]}})
same(host["RestartPolicy"]["Name"], "no")
same([o.split(":")[0] for o in host["SecurityOpt"]], ["no-new-privileges"])
same(config["Hostname"], "web-host")
same(config["Image"], "registry.k8s.io/pause:3.9")
same(config["Healthcheck"]["Test"], ["NONE"])
END
}

@test "a container has the name and the labels that cri-dockerd gives it" {
    check "$BATS_FILE_TMPDIR/app.json" <<END
same(a["Name"], "/k8s_app_web_shop_1f0c-77_0")
labels = {k: v for k, v in a["Config"]["Labels"].items() if not k.startswith("cri-oneshot.v1")}
same(labels, {
    "io.kubernetes.container.name": "app",
    "annotation.io.kubernetes.container.hash": "77",
    "io.kubernetes.docker.type": "container",
    "io.kubernetes.sandbox.id": "$SANDBOX",
    "io.kubernetes.container.logpath": "$BATS_FILE_TMPDIR/log/app/2.log",
})
END
}

@test "a container joins its sandbox and has what was asked for" {
    check "$BATS_FILE_TMPDIR/app.json" "$BATS_FILE_TMPDIR/container-app.json" <<END
host, config = a["HostConfig"], a["Config"]
contains(host, {"NetworkMode": "container:$SANDBOX", "IpcMode": "container:$SANDBOX", "CpuShares": 512,
                "Memory": 67108864, "MemorySwap": 67108864, "Privileged": False})
same(host["RestartPolicy"]["Name"], "no")
same(host["LogConfig"]["Type"], "json-file")
same(host["SecurityOpt"] or [], [])
same(config["Entrypoint"], ["sh"])
same(config["Cmd"], ["-c"] + b["args"])
same(config["WorkingDir"], "/tmp")
same(config["Healthcheck"]["Test"], ["NONE"])
END
}

@test "PodSandboxStatus tells what docker knows" {
    cri PodSandboxStatus "pod_sandbox_id=$SANDBOX" >"$BATS_TEST_TMPDIR/status.json"
    check "$BATS_TEST_TMPDIR/status.json" "$BATS_FILE_TMPDIR/sandbox.json" "$BATS_FILE_TMPDIR/pod-web.json" <<END
status = a["status"]
same(status["id"], "$SANDBOX")
same(status.get("state", "SANDBOX_READY"), "SANDBOX_READY")
same(status["metadata"], c["metadata"])
same(status["labels"], c["labels"])
same(status["annotations"], c["annotations"])
same(status["network"]["ip"], b["NetworkSettings"]["Networks"]["bridge"]["IPAddress"])
import datetime
seconds = datetime.datetime.strptime(b["Created"][:19] + "+0000", "%Y-%m-%dT%H:%M:%S%z").timestamp()
same(int(status["created_at"]) // 10**9, int(seconds))
END
}

@test "PodSandboxStatus is found by 13 digits, as crictl prints them" {
    [ "$(cri PodSandboxStatus "pod_sandbox_id=${SANDBOX:0:13}" | json "d['status']['id']")" = "$SANDBOX" ]
}

@test "ListPodSandbox lists the pod whole, by every filter that fits" {
    for filter in '{}' "{\"id\": \"$SANDBOX\"}" "{\"id\": \"${SANDBOX:0:13}\"}" '{"state": {"state": "SANDBOX_READY"}}' \
        '{"label_selector": {"app": "shop", "io.kubernetes.pod.name": "web"}}'; do
        cri ListPodSandbox "{\"filter\": $filter}" >"$BATS_TEST_TMPDIR/list.json"
        check "$BATS_TEST_TMPDIR/list.json" "$BATS_FILE_TMPDIR/pod-web.json" <<END
same([item["id"] for item in a["items"]], ["$SANDBOX"])
contains(a["items"][0], {key: b[key] for key in ("metadata", "labels", "annotations")})
END
    done
}

@test "ListPodSandbox lists nothing by a filter that does not fit" {
    for filter in '{"state": {"state": "SANDBOX_NOTREADY"}}' '{"label_selector": {"app": "shop", "no": "such"}}' \
        "{\"id\": \"$APP\"}"; do
        [ "$(cri ListPodSandbox "{\"filter\": $filter}" | json "d.get('items', [])")" = '[]' ]
    done
}

@test "ListContainers lists both containers, and by filters one" {
    [ "$(cri ListContainers | json "sorted(c['id'] for c in d['containers']) == sorted(['$APP', '$SIDE'])")" = true ]
    [ "$(cri ListContainers "{\"filter\": {\"pod_sandbox_id\": \"${SANDBOX:0:13}\"}}" | json "len(d['containers'])")" = 2 ]
    for filter in "{\"id\": \"$APP\"}" '{"label_selector": {"io.kubernetes.container.name": "app"}}' \
        "{\"id\": \"$APP\", \"state\": {\"state\": \"CONTAINER_RUNNING\"}, \"pod_sandbox_id\": \"$SANDBOX\"}"; do
        cri ListContainers "{\"filter\": $filter}" >"$BATS_TEST_TMPDIR/list.json"
        check "$BATS_TEST_TMPDIR/list.json" "$BATS_FILE_TMPDIR/container-app.json" <<END
same([item["id"] for item in a["containers"]], ["$APP"])
contains(a["containers"][0], {"pod_sandbox_id": "$SANDBOX", "state": "CONTAINER_RUNNING", "labels": b["labels"],
                              "annotations": b["annotations"]})
same(a["containers"][0]["metadata"]["name"], "app")
same(a["containers"][0]["image"]["image"], b["image"]["image"])
END
    done
    [ "$(cri ListContainers '{"filter": {"state": {"state": "CONTAINER_EXITED"}}}' | json "d.get('containers', [])")" = '[]' ]
}

@test "ContainerStatus tells what docker knows" {
    cri ContainerStatus "container_id=$APP" >"$BATS_TEST_TMPDIR/status.json"
    check "$BATS_TEST_TMPDIR/status.json" "$BATS_FILE_TMPDIR/app.json" "$BATS_FILE_TMPDIR/container-app.json" <<END
status = a["status"]
contains(status, {"id": "$APP", "state": "CONTAINER_RUNNING", "labels": c["labels"], "annotations": c["annotations"],
                  "image_ref": b["Image"], "image_id": b["Image"], "log_path": "$BATS_FILE_TMPDIR/log/app/2.log"})
same(status["image"]["image"], c["image"]["image"])
same(status["metadata"]["name"], "app")
same(status.get("finished_at", "0"), "0")
assert int(status["started_at"]) >= int(status["created_at"]) > 10**18
same(str(status["resources"]["linux"]["memory_limit_in_bytes"]), "67108864")
same(str(status["resources"]["linux"]["cpu_shares"]), "512")
END
}

@test "ExecSync tells standard output, standard error and the exit code apart" {
    cri ExecSync "{\"container_id\": \"$APP\", \"cmd\": [\"sh\", \"-c\", \"echo out; echo err >&2; pwd; exit 7\"]}" \
        >"$BATS_TEST_TMPDIR/exec.json"
    check "$BATS_TEST_TMPDIR/exec.json" <<'END'
same([text(a["stdout"]), text(a["stderr"]), a["exit_code"]], ["out\n/tmp\n", "err\n", 7])
END
}

@test "the containers of a pod share its network and its host name, and the pod's DNS" {
    cri ExecSync "{\"container_id\": \"$SIDE\", \"cmd\": [\"sh\", \"-c\",
        \"wget -q -O - http://127.0.0.1:8080/; hostname; cat /etc/resolv.conf\"]}" >"$BATS_TEST_TMPDIR/exec.json"
    check "$BATS_TEST_TMPDIR/exec.json" <<'END'
lines = text(a["stdout"]).split("\n")
same(lines[:2], ["served", "web-host"])
for line in ("nameserver 192.0.2.53", "search shop.example", "options ndots:3"):
    assert line in lines, lines
END
}

@test "the published port answers on the host" {
    [ "$(/usr/bin/python3 -c "import urllib.request as r; print(r.urlopen('http://127.0.0.1:$PORT/', timeout=5).read().decode(), end='')")" = served ]
}

@test "the log path leads to what the container wrote" {
    link=$BATS_FILE_TMPDIR/log/app/2.log
    [ -L "$link" ]
    [ "$(readlink "$link")" = "$ENGINE/data/containers/$APP/$APP-json.log" ]
    [ "$(/usr/bin/python3 -c 'import json, sys
print(sorted((r["stream"], r["log"]) for r in map(json.loads, open(sys.argv[1]))))' "$link")" = "[('stderr', 'err\\n'), ('stdout', 'out\\n')]" ]
}

@test "UpdateContainerResources changes the limits of a running container" {
    cri UpdateContainerResources "{\"container_id\": \"$APP\", \"linux\":
        {\"cpu_period\": \"100000\", \"cpu_quota\": \"50000\", \"cpu_shares\": \"256\", \"memory_limit_in_bytes\": \"134217728\"}}"
    inspect "$APP" >"$BATS_TEST_TMPDIR/inspect.json"
    check "$BATS_TEST_TMPDIR/inspect.json" <<'END'
contains(a["HostConfig"], {"CpuPeriod": 100000, "CpuQuota": 50000, "CpuShares": 256, "Memory": 134217728,
                           "MemorySwap": 134217728})
END
}

@test "a container that ends tells how: Completed, Error" {
    for code in 0 3; do
        id=$(started_container "$SANDBOX" web "ends-$code" "[\"sh\", \"-c\", \"sleep 0.3; exit $code\"]")
        docker wait "$id"
        cri ContainerStatus "container_id=$id" >"$BATS_TEST_TMPDIR/status.json"
        check "$BATS_TEST_TMPDIR/status.json" <<END
contains(a["status"], {"state": "CONTAINER_EXITED", "reason": "Completed" if $code == 0 else "Error"})
same(a["status"].get("exit_code", 0), $code)
assert int(a["status"]["finished_at"]) >= int(a["status"]["started_at"]) > 10**18
END
        cri RemoveContainer "container_id=$id"
    done
}

@test "StopContainer stops after the grace, and is then a matter of course" {
    cri StopContainer "container_id=$SIDE" timeout=1
    [ "$(docker inspect --format '{{.State.Running}} {{.State.ExitCode}}' "$SIDE")" = "false 137" ]
    cri StopContainer "container_id=$SIDE" timeout=1
    [ "$(cri ContainerStatus "container_id=$SIDE" | json "d['status']['state'], d['status']['exit_code']")" = '["CONTAINER_EXITED", 137]' ]
    [ "$(cri ListContainers "{\"filter\": {\"id\": \"$SIDE\"}}" | json "d['containers'][0]['state']")" = CONTAINER_EXITED ]
}

@test "RemoveContainer removes a stopped and a running container, with its volumes" {
    cri RemoveContainer "container_id=$SIDE"
    cri RemoveContainer "container_id=$APP"
    [ "$(docker ps --all --quiet --no-trunc)" = "$SANDBOX" ]
}

@test "StopPodSandbox and RemovePodSandbox end the pod, and nothing is left" {
    cri StopPodSandbox "pod_sandbox_id=$SANDBOX"
    [ "$(cri PodSandboxStatus "pod_sandbox_id=$SANDBOX" | json "d['status']['state']")" = SANDBOX_NOTREADY ]
    cri StopPodSandbox "pod_sandbox_id=$SANDBOX"
    cri RemovePodSandbox "pod_sandbox_id=$SANDBOX"
    [ "$(cri ListPodSandbox | json "d.get('items', [])")" = '[]' ]
    [ -z "$(docker ps --all --quiet)" ]
}

@test "an image's life: PullImage, ImageStatus, ListImages, RemoveImage" {
    ref=$(engine_registry)/some/image:v1
    docker tag "$IMAGE" "$ref"
    docker push --quiet "$ref"
    docker image rm "$ref"
    digest=$(cri PullImage "{\"image\": {\"image\": \"$ref\"}}" | json "d['image_ref']")
    [ "${digest%%@*}" = "${ref%:v1}" ]
    docker image inspect --format '{{json .}}' "$ref" >"$BATS_TEST_TMPDIR/inspect.json"
    cri ImageStatus "{\"image\": {\"image\": \"$ref\"}}" >"$BATS_TEST_TMPDIR/status.json"
    cri ListImages >"$BATS_TEST_TMPDIR/list.json"
    check "$BATS_TEST_TMPDIR/inspect.json" "$BATS_TEST_TMPDIR/status.json" "$BATS_TEST_TMPDIR/list.json" <<END
same(b["image"]["id"], a["Id"])
same(sorted(b["image"]["repo_tags"]), sorted(a["RepoTags"]))
same(b["image"]["repo_digests"], ["$digest"])
same(int(b["image"]["size"]), a["Size"])
listed = [image for image in c["images"] if image["id"] == a["Id"]]
same(len(listed), 1)
same(sorted(listed[0]["repo_tags"]), sorted(a["RepoTags"]))
same([i["repo_tags"] for i in c["images"] if i.get("pinned")], [["registry.k8s.io/pause:3.9"]])
END
    cri RemoveImage "{\"image\": {\"image\": \"$ref\"}}"
    [ "$(cri ImageStatus "{\"image\": {\"image\": \"$ref\"}}" | json "d.get('image')")" = null ]
}
