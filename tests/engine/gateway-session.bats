#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file is crictl's session by a stock gRPC client, each step both behind systemd-socket-activate and through --listen, and
# looks at the content of every answer. Ids are sent as crictl prints them: 13 digits.

load lib.bash
load gateway.bash

setup_file() {
    engine_up
    client_up
    export BY_SYSTEMD=$BATS_FILE_TMPDIR/systemd.sock BY_LISTEN=$BATS_FILE_TMPDIR/listen.sock BY_INETD=$BATS_FILE_TMPDIR/inetd.sock
    behind_systemd "$BY_SYSTEMD"
    listening "$BY_LISTEN"
    behind_inetd "$BY_INETD"
    OPEN=$(engine_registry)
    CLOSED=$(engine_registry --htpasswd user 'pass:w0rd')
    export OPEN CLOSED
    docker --config="$BATS_FILE_TMPDIR/config" login --username=user --password=pass:w0rd "$CLOSED" >/dev/null 2>&1
    for server in systemd listen; do
        at_registry "$OPEN" "$server"
        at_registry "$CLOSED" "$server"
    done
    printf '%s\n' "${SERVERS[@]}" >"$BATS_FILE_TMPDIR/servers"
}

teardown_file() {
    # shellcheck disable=SC2046 # one number each
    kill $(cat "$BATS_FILE_TMPDIR/servers")
    engine_down
}

# at_registry REGISTRY NAME: an image of its own there, with two tags, which the engine does not have any more.
at_registry() {
    local ref=$1/shop/$2
    "$ROOT/tools/engine" rootfs busybox | docker import -c "LABEL of=$1/$2" - "$ref:v1" >/dev/null
    docker tag "$ref:v1" "$ref:v2"
    docker --config="$BATS_FILE_TMPDIR/config" push --quiet --all-tags "$ref" >/dev/null
    docker image rm "$ref:v1" "$ref:v2" >/dev/null
}

# session: a step, in Python, by both servers: cri is the connection, name the server's, state what earlier steps have left there.
session() {
    {
        cat <<'END'
BOTH = {"systemd": os.environ["BY_SYSTEMD"], "listen": os.environ["BY_LISTEN"]}
OPEN, CLOSED = os.environ["OPEN"], os.environ["CLOSED"]
def step(cri, state, name):
END
        sed 's/^/    /'
        echo 'in_each(BOTH, step)'
    } | scenario
}

# ---- the engine

@test "version" {
    session <<'END'
answer = document(cri.Version(version="v1"))
contains(answer, {"runtime_name": "docker", "runtime_api_version": "v1",
                  "runtime_version": docker("version", "--format={{.Server.Version}}")})
assert answer["version"], answer
END
}

@test "info: Status, verbose, has the conditions and docker's own words" {
    session <<'END'
answer = cri.Status(verbose=True)
same({c.type: c.status for c in answer.status.conditions}, {"RuntimeReady": True, "NetworkReady": True})
same(json.loads(answer.info["info"])["DockerRootDir"], f"{ENGINE}/data")
same(dict(cri.Status().info), {})
END
}

@test "RuntimeConfig has docker's cgroup driver; UpdateRuntimeConfig is accepted" {
    session <<'END'
driver = cri.RuntimeConfig().linux.cgroup_driver
same(api.CgroupDriver.Name(driver).lower(), docker("info", "--format={{.CgroupDriver}}"))
same(document(cri.UpdateRuntimeConfig(runtime_config={"network_config": {"pod_cidr": "10.99.0.0/24"}})), {})
END
}

@test "imagefsinfo: of docker's folder, and of it what images take" {
    session <<'END'
answer = cri.ImageFsInfo()
for part in (answer.image_filesystems, answer.container_filesystems):
    same([f.fs_id.mountpoint for f in part], [f"{ENGINE}/data"])
    assert abs(part[0].timestamp / 10**9 - time.time()) < 60
    assert part[0].inodes_used.value > 0
disk = os.statvfs(f"{ENGINE}/data")
used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
assert abs(answer.container_filesystems[0].used_bytes.value - used) < 2**28, (answer, used)
assert 0 < answer.image_filesystems[0].used_bytes.value < 2**28, answer
END
}

# ---- images

@test "pull: image_ref is the image's id, as ImageStatus and docker say it" {
    session <<'END'
state["image"] = ref = f"{OPEN}/shop/{name}:v1"
same(cri.ImageStatus(image={"image": ref}).HasField("image"), False)
pulled = cri.PullImage(image={"image": ref}).image_ref
state["image_id"] = pulled
same(pulled, inspect(ref, "image")["Id"])
same(cri.ImageStatus(image={"image": ref}).image.id, pulled)
same(cri.PullImage(image={"image": ref}).image_ref, pulled)
END
}

@test "pull --creds: none and wrong ones are UNAUTHENTICATED, right ones pull" {
    session <<'END'
spec = {"image": f"{CLOSED}/shop/{name}:v2"}
refused(Code.UNAUTHENTICATED, lambda: cri.PullImage(image=spec))
refused(Code.UNAUTHENTICATED, lambda: cri.PullImage(image=spec, auth={"username": "user", "password": "wrong"}))
same(cri.ImageStatus(image=spec).HasField("image"), False)
pulled = cri.PullImage(image=spec, auth={"username": "user", "password": "pass:w0rd"}).image_ref
same(pulled, cri.ImageStatus(image=spec).image.id)
same(pulled, inspect(spec["image"], "image")["Id"])
END
}

@test "pull: what the registry does not have is NOT_FOUND, a registry that does not answer UNAVAILABLE" {
    session <<'END'
refused(Code.NOT_FOUND, lambda: cri.PullImage(image={"image": f"{OPEN}/shop/{name}:v9"}), f"{OPEN}/shop/{name}:v9")
refused(Code.UNAVAILABLE, lambda: cri.PullImage(image={"image": "127.0.0.1:1/no/such:image"}))
refused(Code.INVALID_ARGUMENT, lambda: cri.PullImage(image={"image": "--help"}))
END
}

@test "images: all of docker's, with tags, digests and sizes; by name one; StreamImages the same" {
    session <<'END'
answer = cri.ListImages()
seen = {image.id: sorted(image.repo_tags) for image in answer.images}
wanted = {id: sorted(inspect(id, "image")["RepoTags"]) for id in docker("images", "--quiet", "--no-trunc").split()}
same(seen, wanted)
mine = next(image for image in answer.images if image.id == state["image_id"])
same([digest.split("@")[0] for digest in mine.repo_digests], [state["image"].rsplit(":", 1)[0]])
assert abs(mine.size - inspect(mine.id, "image")["Size"]) <= mine.size / 100, mine
same([i.id for i in cri.ListImages(filter={"image": {"image": state["image"]}}).images], [state["image_id"]])
same(list(cri.ListImages(filter={"image": {"image": "no/such:image"}}).images), [])
streamed = [document(image) for part in cri.StreamImages() for image in part.images]
by_id = lambda image: image["id"]
same(sorted(streamed, key=by_id), sorted(document(answer)["images"], key=by_id))
END
}

@test "inspecti: ImageStatus, verbose, has docker's words; an unknown image is an empty answer" {
    session <<'END'
answer = cri.ImageStatus(image={"image": state["image"]}, verbose=True)
seen = inspect(state["image_id"], "image")
same([answer.image.id, list(answer.image.repo_tags), list(answer.image.repo_digests), answer.image.size],
     [seen["Id"], seen["RepoTags"], seen["RepoDigests"], seen["Size"]])
same(json.loads(answer.info["info"])["imageSpec"]["config"]["Labels"], {"of": f"{OPEN}/{name}"})
same(document(cri.ImageStatus(image={"image": "no/such:image"})), {})
END
}

# ---- a pod

@test "runp" {
    session <<'END'
logs = os.path.join(os.environ["BATS_FILE_TMPDIR"], "logs", name)
os.makedirs(f"{logs}/app")
state["pod"] = pod_config(f"shop-{name}", hostname="shop", log_directory=logs, labels={"app": name, "tier": "web"},
                          annotations={"note": "a, b=c"})
state["sandbox"] = cri.RunPodSandbox(config=state["pod"]).pod_sandbox_id
seen = inspect(state["sandbox"])
same([seen["Id"], seen["Name"]], [state["sandbox"], f"/k8s_POD_shop-{name}_test_uid-shop-{name}_0"])
same(seen["State"]["Running"], True)
refused(Code.ALREADY_EXISTS, lambda: cri.RunPodSandbox(config=state["pod"]), state["sandbox"])
END
}

@test "pods: by 13 digits, by state and by labels; StreamPodSandboxes the same" {
    session <<'END'
for filter in ({"id": state["sandbox"][:13]}, {"state": {"state": "SANDBOX_READY"}, "label_selector": {"app": name}}):
    answer = cri.ListPodSandbox(filter=filter)
    same([item.id for item in answer.items], [state["sandbox"]])
    same(document(answer.items[0].metadata), state["pod"]["metadata"])
    same([dict(answer.items[0].labels), dict(answer.items[0].annotations)], [state["pod"]["labels"], state["pod"]["annotations"]])
    same(answer.items[0].state, api.SANDBOX_READY)
    same([document(item) for part in cri.StreamPodSandboxes(filter=filter) for item in part.pod_sandboxes], document(answer)["items"])
same(list(cri.ListPodSandbox(filter={"id": state["sandbox"][:13], "state": {"state": "SANDBOX_NOTREADY"}}).items), [])
END
}

@test "inspectp: PodSandboxStatus by 13 digits, verbose" {
    session <<'END'
answer = cri.PodSandboxStatus(pod_sandbox_id=state["sandbox"][:13], verbose=True)
status, seen = answer.status, inspect(state["sandbox"])
same(status.id, state["sandbox"])
same(status.state, api.SANDBOX_READY)
same(status.network.ip, seen["NetworkSettings"]["Networks"]["bridge"]["IPAddress"])
same([dict(status.labels), dict(status.annotations)], [state["pod"]["labels"], state["pod"]["annotations"]])
same(document(status.metadata), state["pod"]["metadata"])
same(json.loads(answer.info["info"])["docker"]["Id"], state["sandbox"])
END
}

@test "create: in the pod of 13 digits" {
    session <<'END'
state["container"] = container_config(
    "app", "sh", "-c", image={"image": state["image_id"]}, log_path="app/0.log", labels={"part": "app"}, annotations={"n": "1"},
    args=["echo out; echo err >&2; echo $GREETING; head -c 2000000 /dev/zero >/tmp/file; exec sleep 1000"],
    envs=[{"key": "GREETING", "value": "aGVsbG8gXCIK"}], linux={"resources": {"cpu_shares": "512", "memory_limit_in_bytes": "67108864"}})
state["app"] = cri.CreateContainer(pod_sandbox_id=state["sandbox"][:13], config=state["container"],
                                   sandbox_config=state["pod"]).container_id
seen = inspect(state["app"])
same([seen["Name"], seen["State"]["Status"]], [f"/k8s_app_shop-{name}_test_uid-shop-{name}_0", "created"])
same(seen["HostConfig"]["NetworkMode"], f"container:{state['sandbox']}")
same(seen["Config"]["Labels"]["io.kubernetes.sandbox.id"], state["sandbox"])
same(cri.ContainerStatus(container_id=state["app"][:13]).status.state, api.CONTAINER_CREATED)
END
}

@test "start" {
    session <<'END'
same(document(cri.StartContainer(container_id=state["app"][:13])), {})
same(inspect(state["app"])["State"]["Running"], True)
END
}

@test "ps: by 13 digits of the container and of the pod, by state and labels; StreamContainers the same" {
    session <<'END'
for filter in ({"id": state["app"][:13]}, {"pod_sandbox_id": state["sandbox"][:13]},
               {"pod_sandbox_id": state["sandbox"], "state": {"state": "CONTAINER_RUNNING"}, "label_selector": {"part": "app"}}):
    answer = cri.ListContainers(filter=filter)
    contains(document(answer.containers[0]), {
        "id": state["app"], "pod_sandbox_id": state["sandbox"], "metadata": {"name": "app"}, "state": "CONTAINER_RUNNING",
        "labels": {"part": "app"}, "annotations": {"n": "1"}, "image": {"image": state["image_id"]}, "image_id": state["image_id"]})
    same(len(answer.containers), 1)
    same([document(c) for part in cri.StreamContainers(filter=filter) for c in part.containers], document(answer)["containers"])
same(list(cri.ListContainers(filter={"id": state["app"], "state": {"state": "CONTAINER_EXITED"}}).containers), [])
same(list(cri.ListContainers(filter={"id": state["sandbox"]}).containers), [])
END
}

@test "inspect: ContainerStatus by 13 digits, verbose, without the environment's values" {
    session <<'END'
answer = cri.ContainerStatus(container_id=state["app"][:13], verbose=True)
status, seen = answer.status, inspect(state["app"])
contains(document(status), {
    "id": state["app"], "metadata": {"name": "app"}, "state": "CONTAINER_RUNNING", "labels": {"part": "app"}, "annotations": {"n": "1"},
    "image": {"image": state["image_id"]}, "image_id": seen["Image"], "image_ref": seen["Image"],
    "log_path": f"{state['pod']['log_directory']}/app/0.log"})
same([status.resources.linux.cpu_shares, status.resources.linux.memory_limit_in_bytes], [512, 67108864])
assert status.started_at >= status.created_at > 10**18, status
info = json.loads(answer.info["info"])
same(info["pid"], seen["State"]["Pid"])
assert "hello" not in str(answer), answer
END
}

@test "logs: read through log_path, both streams and each line" {
    session <<'END'
path = cri.ContainerStatus(container_id=state["app"][:13]).status.log_path
same(os.readlink(path), f"{ENGINE}/data/containers/{state['app']}/{state['app']}-json.log")
def lines():
    with open(path, encoding="utf-8") as file:
        return sorted((entry["stream"], entry["log"]) for entry in map(json.loads, file))
wanted = sorted([("stdout", "out\n"), ("stderr", "err\n"), ("stdout", 'hello \\"\n')])
eventually(lambda: lines() == wanted, "the log")
END
}

@test "exec -s: both outputs and the exit code" {
    session <<'END'
answer = cri.ExecSync(container_id=state["app"][:13], cmd=["sh", "-c", "echo out; echo err >&2; hostname; exit 7"])
same([answer.stdout, answer.stderr, answer.exit_code], [b"out\nshop\n", b"err\n", 7])
answer = cri.ExecSync(container_id=state["app"][:13], cmd=["printf", "\\000\\377%s", "--help"], timeout=30)
same([answer.stdout, answer.stderr, answer.exit_code], [b"\0\xff--help", b"", 0])
refused(Code.NOT_FOUND, lambda: cri.ExecSync(container_id=UNKNOWN[:13], cmd=["true"]))
END
}

@test "stats: ContainerStats and ListContainerStats by 13 digits; StreamContainerStats the same" {
    session <<'END'
def figures(stats):
    same([stats.attributes.id, stats.attributes.metadata.name, dict(stats.attributes.labels)], [state["app"], "app", {"part": "app"}])
    assert stats.cpu.usage_core_nano_seconds.value > 0 and stats.memory.working_set_bytes.value > 0, stats
    assert stats.writable_layer.used_bytes.value >= 2000000, stats
    assert abs(stats.cpu.timestamp / 10**9 - time.time()) < 60, stats
figures(cri.ContainerStats(container_id=state["app"][:13]).stats)
for filter in ({"id": state["app"][:13]}, {"pod_sandbox_id": state["sandbox"][:13]}):
    listed = cri.ListContainerStats(filter=filter).stats
    same(len(listed), 1)
    figures(listed[0])
    streamed = [stats for part in cri.StreamContainerStats(filter=filter) for stats in part.container_stats]
    same(len(streamed), 1)
    figures(streamed[0])
same(list(cri.ListContainerStats(filter={"id": UNKNOWN[:13]}).stats), [])
END
}

@test "statsp: PodSandboxStats and ListPodSandboxStats by 13 digits; StreamPodSandboxStats the same" {
    session <<'END'
def figures(stats):
    same([stats.attributes.id, dict(stats.attributes.labels)], [state["sandbox"], state["pod"]["labels"]])
    same([c.attributes.id for c in stats.linux.containers], [state["app"]])
    assert stats.linux.cpu.usage_core_nano_seconds.value > 0 and stats.linux.memory.working_set_bytes.value > 0, stats
    same(stats.linux.network.default_interface.name, "eth0")
    assert stats.linux.process.process_count.value >= 2, stats
figures(cri.PodSandboxStats(pod_sandbox_id=state["sandbox"][:13]).stats)
for filter in ({"id": state["sandbox"][:13]}, {"label_selector": {"app": name}}):
    listed = cri.ListPodSandboxStats(filter=filter).stats
    same(len(listed), 1)
    figures(listed[0])
    streamed = [stats for part in cri.StreamPodSandboxStats(filter=filter) for stats in part.pod_sandbox_stats]
    same(len(streamed), 1)
    figures(streamed[0])
END
}

@test "metricsp: every metric has its descriptor; StreamPodSandboxMetrics the same" {
    session <<'END'
keys = {d.name: list(d.label_keys) for d in cri.ListMetricDescriptors().descriptors}
def names(pods):
    pod = next(pod for pod in pods if pod.pod_sandbox_id == state["sandbox"])
    same([c.container_id for c in pod.container_metrics], [state["app"]])
    for metric in [*pod.metrics, *pod.container_metrics[0].metrics]:
        same(len(metric.label_values), len(keys[metric.name]), metric.name)
    return sorted(metric.name for metric in [*pod.metrics, *pod.container_metrics[0].metrics])
listed = names(cri.ListPodSandboxMetrics().pod_metrics)
assert "container_cpu_usage_seconds_total" in listed and "container_memory_working_set_bytes" in listed, listed
same(names([pod for part in cri.StreamPodSandboxMetrics() for pod in part.pod_sandbox_metrics]), listed)
END
}

@test "update" {
    session <<'END'
same(document(cri.UpdateContainerResources(container_id=state["app"][:13], linux={"cpu_shares": "256", "memory_limit_in_bytes": "134217728"})), {})
contains(inspect(state["app"])["HostConfig"], {"CpuShares": 256, "Memory": 134217728})
same(cri.ContainerStatus(container_id=state["app"]).status.resources.linux.cpu_shares, 256)
same(document(cri.UpdatePodSandboxResources(pod_sandbox_id=state["sandbox"][:13], resources={"cpu_shares": "100"})), {})
END
}

@test "events: a container's whole life, in order, until the client goes" {
    session <<'END'
events = Events(cri)
id = cri.CreateContainer(pod_sandbox_id=state["sandbox"][:13], config=container_config("short", "sleep", "1000"),
                         sandbox_config=state["pod"]).container_id
cri.StartContainer(container_id=id[:13])
cri.StopContainer(container_id=id[:13])
cri.RemoveContainer(container_id=id[:13])
eventually(lambda: len(events.of(id)) >= 4, "four events")
same(events.cancel(), Code.CANCELLED)
same(events.of(id), ["created", "started", "stopped", "deleted"])
eventually(lambda: not workers(), "the end of docker events")
END
}

@test "stop, and stop again" {
    session <<'END'
with Within(8):
    same(document(cri.StopContainer(container_id=state["app"][:13], timeout=1)), {})
same([inspect(state["app"])["State"][key] for key in ("Running", "ExitCode")], [False, 143])
same(document(cri.StopContainer(container_id=state["app"][:13], timeout=1)), {})
status = cri.ContainerStatus(container_id=state["app"][:13]).status
same([status.state, status.exit_code], [api.CONTAINER_EXITED, 143])
assert status.finished_at > status.started_at, status
END
}

@test "rm, and rm again: the log link is its client's, who removes it after as crictl, or before as the kubelet" {
    session <<'END'
link = f"{state['pod']['log_directory']}/app/0.log"
assert os.path.islink(link)
same(document(cri.RemoveContainer(container_id=state["app"][:13])), {})
os.remove(link)
refused(Code.NOT_FOUND, lambda: cri.ContainerStatus(container_id=state["app"][:13]))
same(document(cri.RemoveContainer(container_id=state["app"][:13])), {})
END
}

@test "stopp and rmp, and again" {
    session <<'END'
same(document(cri.StopPodSandbox(pod_sandbox_id=state["sandbox"][:13])), {})
same(cri.PodSandboxStatus(pod_sandbox_id=state["sandbox"][:13]).status.state, api.SANDBOX_NOTREADY)
same(document(cri.StopPodSandbox(pod_sandbox_id=state["sandbox"][:13])), {})
same(document(cri.RemovePodSandbox(pod_sandbox_id=state["sandbox"][:13])), {})
refused(Code.NOT_FOUND, lambda: cri.PodSandboxStatus(pod_sandbox_id=state["sandbox"][:13]))
same(document(cri.RemovePodSandbox(pod_sandbox_id=state["sandbox"][:13])), {})
same(list(cri.ListPodSandbox(filter={"id": state["sandbox"]}).items), [])
END
}

@test "rmi by name: all tags of the image go, and again is a matter of course" {
    session <<'END'
first = state["image"]
second = first[:-1] + "2"
same(cri.PullImage(image={"image": second}).image_ref, state["image_id"])
same(sorted(cri.ImageStatus(image={"image": first}).image.repo_tags), [first, second])
same(document(cri.RemoveImage(image={"image": first})), {})
for ref in (first, second, state["image_id"]):
    same(document(cri.ImageStatus(image={"image": ref})), {}, ref)
assert state["image_id"] not in docker("images", "--quiet", "--no-trunc").split()
same(document(cri.RemoveImage(image={"image": first})), {})
END
}

@test "rmi of an image that others were built from: by id and by name it is listed no more" {
    session <<'END'
for by in ("id", "name"):
    container = docker("create", IMAGE)
    parent = docker("commit", container, f"parent-{by}:1")
    docker("rm", container)
    docker("tag", f"parent-{by}:1", f"parent-{by}:2")
    container = docker("create", f"parent-{by}:1")
    docker("commit", container, f"child-{by}:1")
    docker("rm", container)
    same(document(cri.RemoveImage(image={"image": parent if by == "id" else f"parent-{by}:1"})), {})
    same([i.id for i in cri.ListImages().images if i.id == parent], [])
    same(cri.ImageStatus(image={"image": f"child-{by}:1"}).image.repo_tags, [f"child-{by}:1"])
    same(document(cri.RemoveImage(image={"image": f"child-{by}:1"})), {})
    same(document(cri.ImageStatus(image={"image": parent})), {})
END
}

@test "what docker's command line cannot do is UNIMPLEMENTED" {
    session <<'END'
for rpc, request in (("Exec", {"container_id": UNKNOWN, "cmd": ["true"], "stdout": True}), ("Attach", {"container_id": UNKNOWN, "stdin": True}),
                     ("PortForward", {"pod_sandbox_id": UNKNOWN, "port": [80]}), ("CheckpointContainer", {"container_id": UNKNOWN}),
                     ("CheckpointPod", {}), ("RestorePod", {}), ("ReopenContainerLog", {"container_id": UNKNOWN})):
    refused(Code.UNIMPLEMENTED, lambda: getattr(cri, rpc)(request))
END
}

@test "the session has called every RPC there is" {
    session <<'END'
same(sorted(set(RPCS) - set(state["called"])), [])
END
}

@test "behind inetd: Version, an error, and a pod's life" {
    scenario <<'END'
with Cri(os.environ["BY_INETD"]) as cri:
    same(cri.Version().runtime_version, docker("version", "--format={{.Server.Version}}"))
    refused(Code.NOT_FOUND, lambda: cri.ContainerStatus(container_id=UNKNOWN))
    pod = Pod(cri, "inetd")
    app = pod.start("app")
    same(cri.ExecSync(container_id=app[:13], cmd=["echo", "hi"]).stdout, b"hi\n")
    cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])
same(all_ids(), [])
END
}

@test "no server has written a word, and what systemd-socket-activate has started has ended well" {
    # Of a sanitizer's report, too, there would be lines.
    said_nothing "$BY_LISTEN.log"
    [ ! -s "$BY_INETD.log" ]
    grep -q '^Child [0-9]* died with code 0$' "$BY_SYSTEMD.log"
    run -1 grep -v -E '^(Listening on |Communication attempt |Connection from |Spawned |Execing |Child [0-9]+ died with code 0$)' "$BY_SYSTEMD.log"
}
