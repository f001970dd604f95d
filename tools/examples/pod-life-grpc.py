#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""This script is a gRPC client of the CRI, as a CI job may have one: a pod's life with two containers, through cri-gateway.

  cri-fixture serve fixtures/sessions/pod-life-grpc -- tools/examples/pod-life-grpc.py    without docker, from the recording
  cri-fixture record fixtures/sessions/pod-life-grpc -- tools/examples/pod-life-grpc.py   anew, on the engine of DOCKER_HOST

It starts cri-gateway (found on PATH) on a socket in a folder of its own, and knows neither docker nor the recording. It takes
python3-grpcio, python3-protobuf and protoc; the engine must have the image busybox:test and the pause image (tools/engine images).
"""
import os
import subprocess
import sys
import tempfile
import time

import grpc
from google.protobuf import json_format

HERE = os.path.dirname(os.path.abspath(__file__))
PROTO = os.path.join(HERE, "..", "..", "proto")
LOGS = "/var/log/pods/default_grpc_uid-2"
POD = {"metadata": {"name": "grpc", "namespace": "default", "uid": "uid-2"}, "hostname": "grpc", "log_directory": LOGS,
       "labels": {"app": "grpc"}}
STREAMING = ("GetContainerEvents", "StreamContainers", "StreamPodSandboxes")
steps = 0


def ok(text):
    global steps
    steps += 1
    print(f"ok {steps} - {text}", flush=True)


def same(seen, wanted):
    if seen != wanted:
        sys.exit(f"seen {seen!r} where {wanted!r} was due")


def start_gateway(work):
    """Log links are made below the folder, instead of in the machine's own /var/log."""
    os.makedirs(work + LOGS)
    socket = os.path.join(work, "cri.sock")
    process = subprocess.Popen(["cri-gateway", f"--listen={socket}"], env=dict(os.environ, CRI_ONESHOT_HOST_ROOT=work))
    while not os.path.exists(socket):
        if process.poll() is not None:
            sys.exit("cri-gateway does not start")
        time.sleep(0.005)
    return process, socket


class Cri:
    """cri("Version", {...}): a call of an RPC with its request's fields; a list of messages where it streams."""

    def __init__(self, work, socket):
        subprocess.run(["protoc", f"--proto_path={PROTO}", f"--python_out={work}", "runtime/v1/api.proto"], check=True)
        sys.path.insert(0, work)
        from runtime.v1 import api_pb2
        self.messages = api_pb2
        self.channel = grpc.insecure_channel(f"unix:{socket}")

    def __call__(self, rpc, fields=None):
        service = next(service for service in self.messages.DESCRIPTOR.services_by_name.values()
                       if rpc in service.methods_by_name)
        method = service.methods_by_name[rpc]
        request = json_format.ParseDict(fields or {}, getattr(self.messages, method.input_type.name)())
        make = self.channel.unary_stream if rpc in STREAMING else self.channel.unary_unary
        call = make(f"/{service.full_name}/{rpc}", request_serializer=lambda message: message.SerializeToString(),
                    response_deserializer=getattr(self.messages, method.output_type.name).FromString)
        answer = call(request, timeout=60)
        return list(answer) if rpc in STREAMING else answer

    def fails(self, code, rpc, fields):
        try:
            self(rpc, fields)
        except grpc.RpcError as error:
            same(error.code().name, code)
            return
        sys.exit(f"{rpc} did not fail")


def make_container(cri, sandbox, name, on_term):
    config = {"metadata": {"name": name}, "image": {"image": "busybox:test"}, "log_path": f"{name}.log",
              "command": ["sh", "-c", f'trap "{on_term}" TERM; echo "$0 is here"; while :; do sleep 0.1; done', name]}
    made = cri("CreateContainer", {"pod_sandbox_id": sandbox[:13], "config": config, "sandbox_config": POD}).container_id
    cri("StartContainer", {"container_id": made[:13]})
    return made


def live(cri, work):
    same(cri("Version").runtime_name, "docker")
    ok("the runtime says what it is")
    image = cri("ImageStatus", {"image": {"image": "busybox:test"}}).image
    same(list(image.repo_tags), ["busybox:test"])
    ok("the image is there")

    sandbox = cri("RunPodSandbox", {"config": POD}).pod_sandbox_id
    same([pod.id for pod in cri("ListPodSandbox", {"filter": {"id": sandbox[:13]}}).items], [sandbox])
    cri.fails("ALREADY_EXISTS", "RunPodSandbox", {"config": POD})
    ok("a pod runs, and there cannot be another of its name")

    # The second is stopped with its pod, and KILL follows TERM at once: it ends by KILL for certain, where it ignores TERM.
    first, second = make_container(cri, sandbox, "first", "exit 7"), make_container(cri, sandbox, "second", "")
    same(cri("ContainerStatus", {"container_id": second[:13]}).status.state, 1)
    same(sorted(os.listdir(work + LOGS)), ["first.log", "second.log"])
    ok("two containers run, and their logs have links")

    answer = cri("ExecSync", {"container_id": first[:13], "cmd": ["sh", "-c", "echo out; echo err >&2; exit 3"]})
    same((answer.stdout, answer.stderr, answer.exit_code), (b"out\n", b"err\n", 3))
    ok("a command gives its output and its exit code")

    same(sorted(message.containers[0].metadata.name for message in cri("StreamContainers")), ["first", "second"])
    ok("a stream has each container")

    cri("StopContainer", {"container_id": first[:13], "timeout": 5})
    same(cri("ContainerStatus", {"container_id": first}).status.exit_code, 7)
    os.remove(work + LOGS + "/first.log")  # as the kubelet does before, and crictl after
    cri("RemoveContainer", {"container_id": first[:13]})
    cri.fails("NOT_FOUND", "ContainerStatus", {"container_id": first})
    cri("RemoveContainer", {"container_id": first})
    same(os.listdir(work + LOGS), ["second.log"])
    ok("a container is stopped and removed; once more is well, too")

    cri("StopPodSandbox", {"pod_sandbox_id": sandbox[:13]})
    same(cri("ContainerStatus", {"container_id": second}).status.state, 2)
    ok("the pod is stopped, with the container that was left")

    cri("RemovePodSandbox", {"pod_sandbox_id": sandbox[:13]})
    same((len(cri("ListPodSandbox").items), len(cri("ListContainers").containers)), (0, 0))
    same(os.listdir(work + LOGS), [])
    ok("the pod is removed, with all that was its")
    print(f"1..{steps}")


def main():
    with tempfile.TemporaryDirectory(prefix="pod-life.") as work:
        process, socket = start_gateway(work)
        try:
            live(Cri(work, socket), work)
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
