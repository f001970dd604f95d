#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file has calls through cri-gateway fail, or cut off, after docker has made something, and finds names taken: nothing is left that
# the repeat would trip over, and nothing of anyone else's is removed.

load lib.bash
load gateway.bash

setup_file() {
    pods_up
}

teardown_file() {
    pods_down
}

teardown() {
    pods_removed
}

@test "RunPodSandbox whose start fails leaves nothing, and its repeat is well" {
    pods <<'END'
with socket.create_server(("0.0.0.0", 0)) as taken:
    port = taken.getsockname()[1]
    config = pod_config("port", port_mappings=[{"host_port": port, "container_port": 80}])
    for _ in range(2):
        text = refused(Code.FAILED_PRECONDITION, lambda: cri.RunPodSandbox(config=config))
        says(text, "did not start, and was removed again: ")
        same(all_ids(), [])
id = cri.RunPodSandbox(config=config).pod_sandbox_id
same(all_ids(), [id])
END
}

@test "CreateContainer without its log folder, or whose link cannot be made, leaves nothing, and its repeat is well" {
    mkdir "$BATS_TEST_TMPDIR/logs"
    pods <<'END'
pod = Pod(cri, "log", log_directory=LOGS)
calls()
for _ in range(2):
    same(refused(Code.FAILED_PRECONDITION, lambda: pod.create("app", log_path="app/0.log")),
         f'log path "{LOGS}/app/0.log": No such file or directory')
    same([verb for verb, _ in calls()], ["inspect"])
os.mkdir(f"{LOGS}/app")
hook(f'case "$*" in create*) rmdir "{LOGS}/app" ;; esac\n')
text = refused(Code.FAILED_PRECONDITION, lambda: pod.create("app", log_path="app/0.log"))
says(text, "was created, but has no log link, and was removed again: ", f'log path "{LOGS}/app/0.log": No such file')
same(all_ids(), [pod.id])
no_hook()
os.mkdir(f"{LOGS}/app")
app = pod.create("app", log_path="app/0.log")
same(all_ids(), sorted([pod.id, app]))
END
}

@test "a call that is cut off after docker made the container leaves nothing: by its deadline, a cancel, or a lost connection" {
    pods <<'END'
pod = Pod(cri, "base")
other = pod.create("other")
def cut(rpc, request, how):
    client = Cri(SOCKET)
    before = all_ids()
    hook(f'case "$1" in run | create) docker "$@"; touch "{FOLDER}/made"; exec sleep 1000 ;; esac\n')
    future = getattr(client, rpc)(request, future=True, deadline=4 if how == "deadline" else None)
    eventually(lambda: os.path.exists(f"{FOLDER}/made"), "what it makes")
    os.remove(f"{FOLDER}/made")
    same(len(all_ids()), len(before) + 1)
    if how == "cancel":
        future.cancel()
    elif how == "close":
        client.channel.close()
    same(future.code(), Code.DEADLINE_EXCEEDED if how == "deadline" else Code.CANCELLED)
    eventually(lambda: all_ids() == before, f"the end of what {rpc} has left: {how}")
    no_hook()
    client.channel.close()
    eventually(lambda: not workers(), "the end of all of ours")
create = {"pod_sandbox_id": pod.id, "config": container_config("cut"), "sandbox_config": pod.config}
for how in ("deadline", "cancel", "close"):
    cut("RunPodSandbox", {"config": pod_config("cut")}, how)
    cut("CreateContainer", create, how)
cut = cri.CreateContainer(create).container_id
run = cri.RunPodSandbox(config=pod_config("cut")).pod_sandbox_id
same(all_ids(), sorted([pod.id, other, cut, run]))
END
}

@test "what a gateway that was killed has left makes way for the repeat; whatever else has the name stays" {
    pods <<'END'
config = pod_config("left")
def taken(state):
    return refused(Code.ALREADY_EXISTS, lambda: cri.RunPodSandbox(config=config), 'the sandbox of pod "test/left"', f", and is {state}")
def make(*options):
    return docker("create", "--name=k8s_POD_left_test_uid-left_0", "--label=io.kubernetes.docker.type=podsandbox", *options, IMAGE)
# Another call may be just about to start it.
left = make()
says(taken("SANDBOX_NOTREADY"), left)
same(all_ids(), [left])
time.sleep(11)
id = cri.RunPodSandbox(config=config).pod_sandbox_id
same(all_ids(), [id])
says(taken("SANDBOX_READY"), id)
cri.StopPodSandbox(pod_sandbox_id=id)
says(taken("SANDBOX_NOTREADY"), id)
same(all_ids(), [id])
cri.RemovePodSandbox(pod_sandbox_id=id)
# One whose start has failed is of no use at once.
left = make("--publish=127.0.0.1:1:1", "--network=nowhere")
subprocess.run(["docker", "start", left], check=False, stderr=subprocess.DEVNULL)
id = cri.RunPodSandbox(config=config).pod_sandbox_id
same(all_ids(), [id])
cri.RemovePodSandbox(pod_sandbox_id=id)
foreign = docker("create", "--name=k8s_POD_left_test_uid-left_0", IMAGE)
refused(Code.ALREADY_EXISTS, lambda: cri.RunPodSandbox(config=config), "is not a ", foreign)
same(all_ids(), [foreign])
END
}

@test "a container's name that is taken: the holder's id and state are told, and it stays" {
    pods <<'END'
pod = Pod(cri, "holder")
app = pod.create("app")
for state in ("CREATED", "RUNNING", "EXITED"):
    text = refused(Code.ALREADY_EXISTS, lambda: pod.create("app"), 'container "app" (attempt 0) of pod "test/holder"')
    says(text, f"is there already: {app}, and is CONTAINER_{state}")
    if state == "CREATED":
        cri.StartContainer(container_id=app)
    elif state == "RUNNING":
        cri.StopContainer(container_id=app)
same(all_ids(), sorted([pod.id, app]))
END
}

@test "a container of a person's, with the labels of a member from its image, is listed at most, and not touched" {
    pods <<'END'
pod = Pod(cri, "forged")
member = pod.start("app")
labels = {"io.kubernetes.docker.type": "container", "io.kubernetes.sandbox.id": pod.id, "cri-oneshot.v1": "x", "exitCode": "0"}
base = docker("create", "--name=base", IMAGE)
docker("commit", *[f"--change=LABEL {key}={value}" for key, value in labels.items()], "base", "forged:v1")
docker("rm", "base")
foreign = docker("run", "--detach", "--name=k8s_own_forged_test_uid-forged_0", "forged:v1", "sleep", "1000")
refused(Code.NOT_FOUND, lambda: cri.ContainerStatus(container_id=foreign), "is not a container of the CRI")
cri.StopPodSandbox(pod_sandbox_id=pod.id)
same(inspect(foreign)["State"]["Running"], True)
cri.RemovePodSandbox(pod_sandbox_id=pod.id)
same(all_ids(), [foreign])
END
}

@test "no server has written a word" {
    said_nothing "$SOCKET.log"
}
