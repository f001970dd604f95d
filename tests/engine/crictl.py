#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""This script stands in for crictl where that is not installed: its verbs, the RPCs that it calls, in its order, by grpcio.

crictl.py --runtime-endpoint unix://SOCKET VERB [ARGUMENT...]

It prints ids as crictl does, and everything else as crictl does with "-o json", or as it is (logs, exec).
"""
import argparse
import base64
import json
import os
import sys
import time

import grpc
from google.protobuf import json_format
from grpc_client import Cri


def fail(text):
    sys.exit(f"FATA {text}")


def show(message):
    document = message if isinstance(message, dict) else json_format.MessageToDict(message)
    print(json.dumps(document, indent=2), flush=True)


def read(path):
    """crictl's files have plain text where the CRI has bytes."""
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    for variable in document.get("envs", []):
        variable["value"] = base64.b64encode(variable.get("value", "").encode()).decode()
    return document


def verbose(response, name):
    """The status, and each piece of information as the JSON that it is."""
    information = {key: json.loads(text) if text.startswith(("{", "[")) else text
                   for key, text in dict(response.info).items()}
    return {"status": json_format.MessageToDict(getattr(response, name)), **information}


def twice(list_stats, words):
    """CPU usage wants two readings."""
    list_stats()
    time.sleep(float(words.seconds))
    show(list_stats())


class Verbs:
    def __init__(self, cri):
        self.cri = cri

    def version(self, _):
        show(self.cri.Version(version="v1"))

    def info(self, _):
        response = self.cri.Status(verbose=True)
        show(verbose(response, "status"))

    def pull(self, words):
        print("Image is up to date for", self.cri.PullImage(image={"image": words.words[0]}).image_ref)

    def images(self, _):
        show(self.cri.ListImages())

    def rmi(self, words):
        for name in words.words:
            image = self.cri.ImageStatus(image={"image": name}).image
            if not image.id:
                fail(f"no such image {name}")
            self.cri.RemoveImage(image={"image": name})
            for tag in image.repo_tags or [name]:
                print("Deleted:", tag)

    def runp(self, words):
        print(self.cri.RunPodSandbox(config=read(words.words[0])).pod_sandbox_id)

    def create(self, words):
        pod, container, sandbox = words.words
        print(self.cri.CreateContainer(pod_sandbox_id=pod, config=read(container), sandbox_config=read(sandbox)).container_id)

    def start(self, words):
        for name in words.words:
            self.cri.StartContainer(container_id=name)
            print(name)

    def ps(self, words):
        show(self.cri.ListContainers(filter={} if words.all else {"state": {"state": "CONTAINER_RUNNING"}}))

    def pods(self, _):
        show(self.cri.ListPodSandbox())

    def inspect(self, words):
        show(verbose(self.cri.ContainerStatus(container_id=words.words[0], verbose=True), "status"))

    def inspectp(self, words):
        show(verbose(self.cri.PodSandboxStatus(pod_sandbox_id=words.words[0], verbose=True), "status"))

    def stats(self, words):
        twice(lambda: self.cri.ListContainerStats(filter={"id": words.words[0]} if words.words else {}), words)

    def statsp(self, words):
        twice(lambda: self.cri.ListPodSandboxStats(filter={"id": words.words[0]} if words.words else {}), words)

    def logs(self, words):
        status = self.cri.ContainerStatus(container_id=words.words[0]).status
        if not status.log_path:
            fail("the container has no log path")
        with open(os.path.realpath(status.log_path), encoding="utf-8") as file:
            for line in file:
                record = json.loads(line)
                stream = sys.stderr if record["stream"] == "stderr" else sys.stdout
                stream.write(record["log"])

    def exec(self, words):
        name, *command = words.words
        answer = self.cri.ExecSync(container_id=name, cmd=command, timeout=words.timeout)
        sys.stdout.buffer.write(answer.stdout)
        sys.stderr.buffer.write(answer.stderr)
        if answer.exit_code != 0:
            fail(f"execing command in container synchronously: exit code {answer.exit_code}")

    def stop(self, words):
        for name in words.words:
            self.cri.StopContainer(container_id=name, timeout=words.timeout)
            print(name)

    def rm(self, words):
        for name in words.words:
            status = self.cri.ContainerStatus(container_id=name).status
            if status.state == 1 and not words.force:
                fail(f'container "{name}" is running, please stop it first')
            self.cri.RemoveContainer(container_id=name)
            print(name)
            if status.log_path:  # as crictl does, whose own removal it is
                os.remove(status.log_path)

    def stopp(self, words):
        for name in words.words:
            self.cri.StopPodSandbox(pod_sandbox_id=name)
            print("Stopped sandbox", name)

    def rmp(self, words):
        for name in words.words:
            status = self.cri.PodSandboxStatus(pod_sandbox_id=name).status
            if status.state == 0 and not words.force:
                fail(f'pod sandbox "{name}" is running, please stop it first')
            self.cri.RemovePodSandbox(pod_sandbox_id=name)
            print("Removed sandbox", name)

    def events(self, _):
        for event in self.cri.GetContainerEvents(deadline=None):
            print(json.dumps(json_format.MessageToDict(event, including_default_value_fields=True)), flush=True)


def main():
    parser = argparse.ArgumentParser(prog="crictl")
    parser.add_argument("--runtime-endpoint", "-r", required=True)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name in [name for name in vars(Verbs) if not name.startswith("_")]:
        verb = verbs.add_parser(name)
        verb.add_argument("--output", "-o", choices=["json"])
        verb.add_argument("--sync", "-s", action="store_true")
        verb.add_argument("--all", "-a", action="store_true")
        verb.add_argument("--force", "-f", action="store_true")
        verb.add_argument("--timeout", type=int, default=0)
        verb.add_argument("--seconds", default="1")
        verb.add_argument("words", nargs=argparse.REMAINDER)
    words = parser.parse_args()
    with Cri(words.runtime_endpoint.removeprefix("unix://")) as cri:
        try:
            getattr(Verbs(cri), words.verb)(words)
        except grpc.RpcError as error:
            fail(f"rpc error: code = {error.code().name} desc = {error.details()}")


if __name__ == "__main__":
    main()
