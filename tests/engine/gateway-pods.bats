#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file runs what cri-gateway composes of several calls on a real engine: whole pods, members and log links, containers that
# are not the CRI's, and failures half way.

load lib.bash
load gateway.bash

setup_file() {
    pods_up
    REGISTRY=$(engine_registry)
    export REGISTRY
}

teardown_file() {
    pods_down
}

teardown() {
    umount "$BATS_TEST_TMPDIR/logs" 2>/dev/null || true
    pods_removed
}

# ---- lives

@test "a pod with two containers: both run, write logs, are stopped and removed, and nothing is left" {
    pods <<'END'
pod = Pod(cri, "pair", log_directory=LOGS)
app = pod.start("app", "sh", "-c", "echo app; exec sleep 1000", log_path="app.log")
side = pod.start("side", "sh", "-c", "trap : TERM; echo side; while :; do sleep 1; done", log_path="side.log")
logs("app.log", "side.log")
eventually(lambda: [read_log("app.log"), read_log("side.log")] == [["app\n"], ["side\n"]], "both logs")
listed = cri.ListContainers(filter={"pod_sandbox_id": pod.id[:13], "state": {"state": "CONTAINER_RUNNING"}})
same(sorted(c.id for c in listed.containers), sorted([app, side]))
cri.StopContainer(container_id=side[:13], timeout=1)
same([inspect(id)["State"]["Running"] for id in (app, side, pod.id)], [True, False, True])
cri.RemoveContainer(container_id=side[:13])
logs("app.log", "side.log")  # its link is its client's to remove
cri.StopContainer(container_id=app[:13], timeout=1)
os.remove(f"{LOGS}/app.log")
cri.RemoveContainer(container_id=app[:13])
cri.StopPodSandbox(pod_sandbox_id=pod.id[:13])
cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])
same(all_ids(), [])
END
}

@test "StopPodSandbox stops the members before the sandbox; they, their logs and another pod stay" {
    pods <<'END'
pod, other = Pod(cri, "stop", log_directory=LOGS), Pod(cri, "other")
app = pod.start("app", "sh", "-c", "trap '' TERM; while :; do sleep 1; done", log_path="app.log")
side = pod.start("side")
created = pod.create("created")
bystander = other.start("app")
calls()
with Within(10):
    cri.StopPodSandbox(pod_sandbox_id=pod.id[:13])
stops = [id for verb, id in calls() if verb == "stop"]
same([sorted(stops[:-1]), stops[-1]], [sorted([app, side]), pod.id])
same([inspect(id)["State"]["Status"] for id in (app, side, created, pod.id, bystander, other.id)],
     ["exited", "exited", "created", "exited", "running", "running"])
same(cri.PodSandboxStatus(pod_sandbox_id=pod.id).status.state, api.SANDBOX_NOTREADY)
logs("app.log")
cri.StopPodSandbox(pod_sandbox_id=pod.id[:13])
same(calls()[-1], ("stop", pod.id))
END
}

@test "RemovePodSandbox alone removes running, stopped and created members, with volumes and log links" {
    pods <<'END'
before = docker("volume", "ls", "--quiet")
pod, other = Pod(cri, "remove", log_directory=LOGS), Pod(cri, "remove2", log_directory=LOGS)
running = pod.start("running", log_path="running.log")
stopped = pod.start("stopped", "true", log_path="stopped.log")
created = pod.create("created", log_path="created.log")
bystander = other.start("app", log_path="other.log")
logs("running.log", "stopped.log", "created.log", "other.log")
cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])
same(all_ids(), sorted([other.id, bystander]))
logs("other.log")
same(docker("volume", "ls", "--quiet"), before)
cri.RemovePodSandbox(pod_sandbox_id=other.id)
logs()
END
}

@test "a container shares the pid namespace of a running one of its pod, and of no other" {
    pods <<'END'
pod, other = Pod(cri, "target"), Pod(cri, "elsewhere")
app, stranger = pod.start("app"), other.start("stranger")
foreign = docker("run", "--detach", IMAGE, "sleep", "1000").strip()
created = pod.create("created")

def sharing(name, target):
    context = {"namespace_options": {"pid": "TARGET", "target_id": target}}
    return lambda: pod.create(name, linux={"security_context": context})

same(inspect(sharing("debug", app)())["HostConfig"]["PidMode"], f"container:{app}")
for number, target in enumerate((stranger, foreign, created, pod.id, "f" * 64)):
    calls()
    refused(Code.FAILED_PRECONDITION, sharing(f"spy-{number}", target), "target_id", target)
    same([verb for verb, _ in calls()], ["inspect", "ps"])
refused(Code.INVALID_ARGUMENT, sharing("short", app[:13]), "target_id")
docker("rm", "--force", foreign)
END
}

@test "a pod's runtime handler is its containers'" {
    pods <<'END'
pod = Pod(cri, "plain")
same(cri.PodSandboxStatus(pod_sandbox_id=pod.id).status.runtime_handler, "")
same(inspect(pod.start("app"))["HostConfig"]["Runtime"], "runc")
pod.config = pod_config("handled")
pod.id = cri.RunPodSandbox(config=pod.config, runtime_handler="io.containerd.runc.v2").pod_sandbox_id
same(cri.PodSandboxStatus(pod_sandbox_id=pod.id).status.runtime_handler, "io.containerd.runc.v2")
same(inspect(pod.start("app"))["HostConfig"]["Runtime"], "io.containerd.runc.v2")
END
}

@test "each composed RPC runs the docker commands of its steps, and no more" {
    pods <<'END'
pod = Pod(cri, "steps")
calls()
app = pod.create("app")
same(calls(), [("inspect", pod.id[:13]), ("create", "1000")])
cri.StartContainer(container_id=app[:13])
same(calls(), [("inspect", app[:13]), ("start", app)])
cri.UpdateContainerResources(container_id=app[:13], linux={"cpu_shares": "100"})
same(calls(), [("inspect", app[:13]), ("update", app)])
cri.ExecSync(container_id=app[:13], cmd=["true"])
same(calls(), [("exec", "true")])
cri.StopContainer(container_id=app[:13], timeout=0)
same(calls(), [("inspect", app[:13]), ("stop", app)])
verbs = lambda: [verb for verb, _ in calls()]
cri.StopPodSandbox(pod_sandbox_id=pod.id[:13])
same(verbs(), ["inspect", "ps", "stop"])
cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])
same(verbs(), ["inspect", "ps", "inspect", "rm", "rm"])
cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])
same(verbs(), ["inspect", "ps"])
cri.StopContainer(container_id="--help")
cri.ListMetricDescriptors()
same(calls(), [])
END
}

@test "stopping and removing what is not there is OK, starting and changing it NOT_FOUND, whatever the id looks like" {
    pods <<'END'
for id in (UNKNOWN, UNKNOWN[:13], "", "--help", "ABC", "a b", "0" * 65, "\u00fc", "../../x", "x\ny"):
    for rpc, field in (("StopContainer", "container_id"), ("RemoveContainer", "container_id"),
                       ("StopPodSandbox", "pod_sandbox_id"), ("RemovePodSandbox", "pod_sandbox_id")):
        for _ in range(2):
            same(document(getattr(cri, rpc)({field: id})), {})
    for rpc in ("StartContainer", "UpdateContainerResources", "ContainerStatus"):
        refused(Code.NOT_FOUND, lambda: getattr(cri, rpc)(container_id=id))
    refused(Code.NOT_FOUND, lambda: cri.CreateContainer(pod_sandbox_id=id, config=container_config("a"), sandbox_config=pod_config("a")))
END
}

@test "an id that is no text, or a field 1 that is no id, is INVALID_ARGUMENT, and no docker runs" {
    pods <<'END'
for message in (b"\x0a\x02\xff\xfe", b"\x0a\x03a\0b", b"\x0a", b"\xff", b"\x0a\x7fa", b"\x0b"):
    for rpc in ("StartContainer", "StopContainer", "RemoveContainer", "UpdateContainerResources", "StopPodSandbox", "RemovePodSandbox",
                "CreateContainer", "ContainerStatus", "PullImage", "RemoveImage"):
        refused(Code.INVALID_ARGUMENT, lambda: getattr(cri, rpc)(message))
same(calls(), [])
END
}

@test "members are stopped all at once, and removed all at once, as many as CRI_GATEWAY_CHILDREN lets" {
    pods <<'END'
pod = Pod(cri, "many")
ids = [pod.start(f"c{i}", "sh", "-c", "trap '' TERM; while :; do sleep 1; done") for i in range(10)]
hook('case "$1" in stop | rm) sleep 2 ;; esac\n')
with Within(9):  # one after the other: 22 seconds
    cri.StopPodSandbox(pod_sandbox_id=pod.id[:13], deadline=60)
same({inspect(id)["State"]["Running"] for id in ids}, {False})
with Within(9):
    cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13], deadline=60)
same(all_ids(), [])
END
}

@test "with one translator at a time, members are stopped and removed all the same" {
    CRI_GATEWAY_CHILDREN=1 listening "$BATS_TEST_TMPDIR/one.sock"
    pods <<'END'
with Cri(os.path.join(FOLDER, "one.sock")) as one:
    pod = Pod(one, "one", log_directory=LOGS)
    ids = [pod.start(f"c{i}", log_path=f"c{i}") for i in range(3)]
    one.StopPodSandbox(pod_sandbox_id=pod.id[:13])
    same({inspect(id)["State"]["Running"] for id in ids}, {False})
    one.RemovePodSandbox(pod_sandbox_id=pod.id[:13])
    same(all_ids(), [])
    logs()
END
}

@test "the members of a sandbox that is gone by itself are stopped and removed all the same" {
    pods <<'END'
for short in (64, 13):
    pod, other = Pod(cri, "gone", log_directory=LOGS), Pod(cri, "stays")
    app = pod.start("app", log_path="app")
    bystander = other.start("app")
    docker("rm", "--force", pod.id)
    cri.StopPodSandbox(pod_sandbox_id=pod.id[:short])
    same([inspect(id)["State"]["Running"] for id in (app, bystander)], [False, True])
    cri.RemovePodSandbox(pod_sandbox_id=pod.id[:short])
    same(all_ids(), sorted([other.id, bystander]))
    logs()
    cri.RemovePodSandbox(pod_sandbox_id=other.id)
END
}

@test "no container is created in a sandbox that does not run" {
    pods <<'END'
pod = Pod(cri, "down")
def not_created():
    text = refused(Code.FAILED_PRECONDITION, lambda: pod.create("new"))
    says(text, "PodSandboxStatus: sandbox ", pod.id, "SANDBOX_NOTREADY")
    same(all_ids(), [pod.id])
cri.StopPodSandbox(pod_sandbox_id=pod.id)
not_created()
docker("start", pod.id)
docker("kill", pod.id)
not_created()
docker("rename", pod.id, "old")
docker("rm", pod.id)
never = docker("create", "--name=k8s_POD_down_test_uid-down_0", "--label=io.kubernetes.docker.type=podsandbox", IMAGE)
pod.id = never
not_created()
END
}

@test "a container that has ended is not started again, and how it ended is kept" {
    pods <<'END'
pod = Pod(cri, "once")
app = pod.start("app", "sh", "-c", "exit 3")
eventually(lambda: not inspect(app)["State"]["Running"], "its end")
before = inspect(app)
says(refused(Code.FAILED_PRECONDITION, lambda: cri.StartContainer(container_id=app[:13])), app, "CONTAINER_EXITED")
same(inspect(app), before)
status = cri.ContainerStatus(container_id=app).status
same([status.exit_code, status.finished_at >= status.started_at > 0], [3, True])
END
}

# ---- what is not the CRI's

@test "a container that is not the CRI's is NOT_FOUND to every RPC that would change it, and is not touched" {
    pods <<'END'
pod = Pod(cri, "pod")
member = pod.start("app")
def run(*options):
    return docker("run", "--detach", *options, IMAGE, "sleep", "1000")
foreign = {
    "by hand": run(),
    "of another type": run("--label=io.kubernetes.docker.type=other", f"--label=io.kubernetes.sandbox.id={pod.id}"),
    "named as one of ours": run("--name=k8s_app_pod_test_uid-x_0", f"--label=io.kubernetes.sandbox.id={pod.id}"),
    "a stopped one": docker("create", IMAGE, "sleep", "1000"),
    "by a name that looks like an id": run("--name=deadbeefdeadbeef"),
}
of_containers = ("StartContainer", "StopContainer", "RemoveContainer", "UpdateContainerResources")
of_pods = ("StopPodSandbox", "RemovePodSandbox", "CreateContainer")
def request(rpc, id):
    if rpc in of_containers:
        return dict({"container_id": id}, **({"linux": {"cpu_shares": "77"}} if rpc.startswith("Update") else {}))
    return dict({"pod_sandbox_id": id}, **({"config": container_config("new"), "sandbox_config": pod.config} if rpc.startswith("Create") else {}))
def untouched(rpc, id, name):
    same(inspect(id), before[id], f"{rpc} {name}")
ids, before = all_ids(), {id: inspect(id) for id in all_ids()}
for name, id in foreign.items():
    for given in {"by hand": (id, id[:13]), "by a name that looks like an id": ("deadbeefdeadbeef",)}.get(name, (id[:12],)):
        for rpc in of_containers + of_pods:
            refused(Code.NOT_FOUND, lambda: getattr(cri, rpc)(request(rpc, given)), f'"{given}" is not a')
            untouched(rpc, id, name)
# A sandbox is no container, and a container no sandbox.
for rpc in of_containers:
    refused(Code.NOT_FOUND, lambda: getattr(cri, rpc)(request(rpc, pod.id[:13])), "is not a container of the CRI")
    untouched(rpc, pod.id, "the sandbox")
for rpc in of_pods:
    refused(Code.NOT_FOUND, lambda: getattr(cri, rpc)(request(rpc, member[:13])), "is not a ")
    untouched(rpc, member, "the member")
same(all_ids(), ids)
# And the pod's end is not theirs.
cri.StopPodSandbox(pod_sandbox_id=pod.id)
cri.RemovePodSandbox(pod_sandbox_id=pod.id)
same(all_ids(), sorted(foreign.values()))
for name, id in foreign.items():
    untouched("RemovePodSandbox of the pod", id, name)
END
}

@test "a request that names two ids touches the one that it was asked about" {
    pods <<'END'
pod = Pod(cri, "two")
foreign = docker("run", "--detach", IMAGE, "sleep", "1000")
def named(*ids):
    return b"".join(b"\x0a" + bytes([len(id)]) + id.encode() for id in ids)
for ending in (b"", named(foreign)):  # of a field that is there twice the last one counts
    app = pod.start("app" + str(len(ending)))
    if ending:
        for rpc in ("StartContainer", "StopContainer", "RemoveContainer", "UpdateContainerResources"):
            refused(Code.NOT_FOUND, lambda: getattr(cri, rpc)(named(app) + ending))
        for rpc in ("StopPodSandbox", "RemovePodSandbox"):
            refused(Code.NOT_FOUND, lambda: getattr(cri, rpc)(named(pod.id) + ending))
        same([inspect(id)["State"]["Running"] for id in (app, foreign, pod.id)], [True, True, True])
    cri.StopContainer(named(foreign) + named(app[:13]))
    same([inspect(id)["State"]["Running"] for id in (app, foreign)], [False, True])
    cri.RemoveContainer(named(foreign) + named(app[:13]))
same(all_ids(), sorted([pod.id, foreign]))
END
}

@test "a foreign container whose name is the short id of ours: the short id is NOT_FOUND, and neither is touched" {
    pods <<'END'
pod = Pod(cri, "short")
app = pod.start("app")
foreign = docker("run", "--detach", f"--name={app[:13]}", IMAGE, "sleep", "1000")
for rpc in ("StopContainer", "RemoveContainer", "StartContainer"):
    refused(Code.NOT_FOUND, lambda: getattr(cri, rpc)(container_id=app[:13]))
same([inspect(id)["State"]["Running"] for id in (app, foreign)], [True, True])
cri.RemoveContainer(container_id=app)
same(all_ids(), sorted([pod.id, foreign]))
END
}

# ---- failures half way

@test "RemovePodSandbox: a failure at each of its steps is named, and repeating it finishes the work" {
    pods <<'END'
for step, pattern, text in (
        ("PodSandboxStatus", "*inspect*{pod}*", "PodSandboxStatus: fault"),
        ("ListContainers", "ps*", "ListContainers: fault"),
        ("ContainerStatus", "*inspect*{second}*", "ContainerStatus of {second}: fault"),
        ("RemoveContainer", "rm*{second}*", "RemoveContainer of {second}: fault"),
        ("RemovePodSandbox", "rm*{pod}*", "fault")):
    pod = Pod(cri, "half", log_directory=LOGS)
    for name in ("one", "two"):
        pod.start(name, log_path=name)
    # The order in which they are listed is docker's.
    order = [c.id for c in cri.ListContainers(filter={"pod_sandbox_id": pod.id}).containers]
    names = {"pod": pod.id, "second": order[1]}
    before = all_ids()
    fault(pattern.format(**dict(names, pod=pod.id[:13])))
    same(refused(Code.UNKNOWN, lambda: cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])), text.format(**names))
    # What was begun for the other one is finished, but nothing more is begun for it.
    may_be_gone = {"ContainerStatus": order[:1], "RemoveContainer": order[:1], "RemovePodSandbox": order}.get(step, [])
    same(sorted(set(all_ids()) | set(may_be_gone)), before, step)
    same(refused(Code.UNKNOWN, lambda: cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])), text.format(**names))
    no_hook()
    cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])
    same(all_ids(), [])
    logs()
END
}

@test "StopPodSandbox: a failure at each of its steps is named, and repeating it finishes the work" {
    pods <<'END'
pod = Pod(cri, "half")
for step, pattern, text in (
        ("PodSandboxStatus", "*inspect*", "PodSandboxStatus: fault"),
        ("ListContainers", "ps*", "ListContainers: fault"),
        ("StopContainer", "stop*{second}*", "StopContainer of {second}: fault"),
        ("StopPodSandbox", "stop*{pod}*", "fault")):
    docker("start", pod.id)
    ids = [pod.start(f"{name}-{step.lower()}") for name in ("one", "two")]
    order = [c.id for c in cri.ListContainers(filter={"pod_sandbox_id": pod.id, "state": {"state": "CONTAINER_RUNNING"}}).containers]
    same(len(order), 2)
    fault(pattern.format(pod=pod.id, second=order[1]))
    same(refused(Code.UNKNOWN, lambda: cri.StopPodSandbox(pod_sandbox_id=pod.id[:13])), text.format(second=order[1]))
    running = [inspect(id)["State"]["Running"] for id in [*order, pod.id]]
    if step == "StopContainer":
        running[0] = False  # it may have been stopped, or not
    same(running, {"StopContainer": [False, True, True], "StopPodSandbox": [False, False, True]}.get(step, [True] * 3), step)
    no_hook()
    cri.StopPodSandbox(pod_sandbox_id=pod.id[:13])
    same([inspect(id)["State"]["Running"] for id in [*order, pod.id]], [False] * 3)
END
}

@test "a container's RPCs: a failure of the status before is named, and nothing is done" {
    pods <<'END'
pod = Pod(cri, "status")
app = pod.start("app")
before = inspect(app)
fault("*inspect*")
for rpc in ("StartContainer", "StopContainer", "RemoveContainer", "UpdateContainerResources"):
    same(refused(Code.UNKNOWN, lambda: getattr(cri, rpc)(container_id=app[:13])), "ContainerStatus: fault")
same(refused(Code.UNKNOWN, lambda: pod.create("new")), "PodSandboxStatus: fault")
same([inspect(app), all_ids()], [before, sorted([app, pod.id])])
fault("rm*")
same(refused(Code.UNKNOWN, lambda: cri.RemoveContainer(container_id=app[:13])), "fault")
no_hook()
cri.RemoveContainer(container_id=app[:13])
same(all_ids(), [pod.id])
END
}

@test "members that go away by themselves meanwhile do not disturb RemovePodSandbox" {
    pods <<'END'
pod = Pod(cri, "vanish")
ids = [pod.start(name) for name in ("one", "two", "three")]
hook(f'case "$*" in *inspect*{ids[1]}) docker rm --force {ids[1]} >/dev/null ;; rm*{ids[0]}) docker rm --force {ids[0]} >/dev/null ;; esac\n')
cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])
same(all_ids(), [])
END
}

# ---- log links

@test "a log link that cannot be removed: the error says so, the container stays, and a repeat finishes the work" {
    mkdir "$BATS_TEST_TMPDIR/logs"
    mount -t tmpfs none "$BATS_TEST_TMPDIR/logs"
    pods <<'END'
pod = Pod(cri, "links", log_directory=LOGS)
one, two = pod.start("one", log_path="one"), pod.start("two", log_path="two")
def remount(how):
    subprocess.run(["mount", "-o", f"remount,{how}", LOGS], check=True)
remount("ro")
text = refused(Code.FAILED_PRECONDITION, lambda: cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13]))
says(text, "its log link of ", ': log path "', "Read-only file system")
same(all_ids(), sorted([pod.id, one, two]))
remount("rw")
cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])
logs()
same(all_ids(), [])
END
}

@test "what stands where the log link was, and is none of ours, stays" {
    pods <<'END'
pod = Pod(cri, "others", log_directory=LOGS)
for name in ("file", "link", "folder", "gone", "other"):
    pod.start(name, log_path=name)
for name in ("file", "link", "folder", "gone"):
    os.remove(f"{LOGS}/{name}")
with open(f"{LOGS}/file", "w", encoding="utf-8") as file:
    file.write("mine")
os.symlink("/etc/passwd", f"{LOGS}/link")
os.mkdir(f"{LOGS}/folder")
cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])
same(all_ids(), [])
logs("file", "link", "folder")
same(os.readlink(f"{LOGS}/link"), "/etc/passwd")
# The whole folder may be gone.
pod = Pod(cri, "bare", log_directory=LOGS)
pod.start("app", log_path="app")
docker("run", "--rm", f"--volume={FOLDER}:/f", IMAGE, "rm", "-rf", "/f/logs")
cri.RemovePodSandbox(pod_sandbox_id=pod.id[:13])
same(all_ids(), [])
END
}

@test "a container of the same name again: its log link is its own, whether the first one's was removed or not" {
    pods <<'END'
def target(id):
    return f"{ENGINE}/data/containers/{id}/{id}-json.log"
pod = Pod(cri, "again", log_directory=LOGS)
first = pod.start("app", log_path="app.log")
again = container_config("app", metadata={"name": "app", "attempt": 1}, log_path="app.log")
second = cri.CreateContainer(pod_sandbox_id=pod.id[:13], sandbox_config=pod.config, config=again).container_id
same(os.readlink(f"{LOGS}/app.log"), target(second))
cri.RemoveContainer(container_id=first[:13])
same(os.readlink(f"{LOGS}/app.log"), target(second))
cri.RemoveContainer(container_id=second[:13])  # and its client keeps the link, which leads nowhere
third = cri.CreateContainer(pod_sandbox_id=pod.id[:13], sandbox_config=pod.config, config=again).container_id
same(os.readlink(f"{LOGS}/app.log"), target(third))
cri.RemovePodSandbox(pod_sandbox_id=pod.id)
logs()
END
}

# ---- images

@test "PullImage: a failure of the status after is named; an image that is gone again is NOT_FOUND; a repeat is well" {
    pods <<'END'
ref = f"{os.environ['REGISTRY']}/half/image:v1"
docker("tag", IMAGE, ref)
docker("push", "--quiet", ref)
docker("image", "rm", ref)
spec = {"image": ref}
fault("*image*inspect*")
same(refused(Code.UNKNOWN, lambda: cri.PullImage(image=spec)), "ImageStatus: fault")
hook('case "$*" in *image*inspect*) for last; do :; done; docker image rm "$last" >/dev/null ;; esac\n')
refused(Code.NOT_FOUND, lambda: cri.PullImage(image=spec), ref.split(":v1")[0], "was pulled, and is gone again")
no_hook()
same(cri.PullImage(image=spec).image_ref, inspect(ref, "image")["Id"])
END
}

@test "RemoveImage: an image in use is FAILED_PRECONDITION and keeps its tags; a failure is named; a repeat is well" {
    pods <<'END'
second = f"{os.environ['REGISTRY']}/half/second:v1"
docker("run", "--name=make", IMAGE, "touch", "/made")
docker("commit", "make", "made:v1")
docker("tag", "made:v1", second)
docker("rm", "make")
id = inspect(second, "image")["Id"]
pod = Pod(cri, "user")
app = pod.start("app", image={"image": id})
refused(Code.FAILED_PRECONDITION, lambda: cri.RemoveImage(image={"image": "made:v1"}), app[:12])
same(sorted(inspect(id, "image")["RepoTags"]), sorted(["made:v1", second]))
cri.RemovePodSandbox(pod_sandbox_id=pod.id)
fault("*image*inspect*")
same(refused(Code.UNKNOWN, lambda: cri.RemoveImage(image={"image": "made:v1"})), "ImageStatus: fault")
fault("*image*rm*")
same(refused(Code.UNKNOWN, lambda: cri.RemoveImage(image={"image": "made:v1"})), "fault")
no_hook()
calls()
cri.RemoveImage(image={"image": "made:v1"})
same([verb for verb, _ in calls()], ["image", "image"])
assert id not in docker("images", "--quiet", "--no-trunc").split()
cri.RemoveImage(image={"image": "made:v1"})
cri.RemoveImage(image={"image": id})
END
}

@test "no server has written a word" {
    said_nothing "$SOCKET.log"
}
