# SPDX-License-Identifier: Apache-2.0
"""This module is what the gateway's scenarios (gateway*.bats) share: comparisons, docker's own view, and processes.

It knows no RPC's rules, and shares no code with cri-gateway.
"""
import glob
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import grpc
from google.protobuf import json_format
from runtime.v1 import api_pb2 as api

from grpc_client import Cri, RPCS, streams

FOLDER = os.environ["BATS_TEST_TMPDIR"]
ENGINE = os.environ.get("ENGINE", "")
IMAGE = os.environ.get("IMAGE", "")
Code = grpc.StatusCode
UNKNOWN = "0123456789abcdef" * 4
SANITIZED = "/sanitize/" in os.environ["CRI_GATEWAY"]
MOST_KIB = 8192 * (16 if SANITIZED else 1)  # of one connection's process; the sanitizers' own memory is another matter
PROMPT = 15  # seconds in which something must happen that takes no time: the machine may be busy


# ==== comparisons

def same(seen, wanted, what=""):
    if seen != wanted:
        sys.exit(f"{what}\nseen:   {seen!r}\nwanted: {wanted!r}\n{where()}")


def where():
    """The lines of the scenario that led here."""
    frame, lines = sys._getframe(2), []
    while frame:
        lines.append(f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}")
        frame = frame.f_back
    return "at " + " < ".join(lines)


def contains(seen, wanted):
    same({key: seen.get(key) for key in wanted}, wanted)


def says(text, *words):
    for word in words:
        if word.lower() not in text.lower():
            sys.exit(f'"{word}" is not in: {text}\n{where()}')


def document(message):
    """A message as JSON has it, but with its fields' names."""
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def refused(code, call, *words):
    """The call (of a stream: its reading) must fail with this code, and the text must hold the words. Returns the text."""
    try:
        answer = call()
        answer = list(answer) if hasattr(answer, "__next__") else answer
    except grpc.RpcError as error:
        same(error.code(), code, error.details())
        says(error.details(), *words)
        return error.details()
    sys.exit(f"should have failed with {code}: {str(answer)[:500]}\n{where()}")


def eventually(condition, what, seconds=PROMPT):
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            sys.exit(f"not within {seconds} seconds: {what}: {value!r}\n{where()}")
        time.sleep(0.02)


class Within:
    """with Within(3): … must not take longer."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        self.began = time.monotonic()

    def __exit__(self, kind, *_):
        took = time.monotonic() - self.began
        if kind is None and took > self.seconds:
            sys.exit(f"took {took:.1f} s, {self.seconds} are the most\n{where()}")


# ==== docker's own view

def docker(*words):
    return subprocess.run(["docker", *words], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def inspect(id, kind="container"):
    return json.loads(docker("inspect", f"--type={kind}", "--format={{json .}}", "--", id))


def all_ids():
    return sorted(docker("ps", "--all", "--quiet", "--no-trunc").split())


# ==== pods

def pod_config(name, **more):
    return dict({"metadata": {"name": name, "namespace": "test", "uid": f"uid-{name}"}}, **more)


def container_config(name, *command, **more):
    return dict({"metadata": {"name": name}, "image": {"image": IMAGE}, "command": list(command or ("sleep", "1000"))}, **more)


class Pod:
    """A pod that runs, and its containers by name; ids as crictl sends them, 13 digits, where the gateway lets it."""

    def __init__(self, cri, name, **more):
        self.cri, self.config = cri, pod_config(name, **more)
        self.id = cri.RunPodSandbox(config=self.config).pod_sandbox_id

    def create(self, name, *command, **more):
        return self.cri.CreateContainer(pod_sandbox_id=self.id[:13], config=container_config(name, *command, **more),
                                        sandbox_config=self.config).container_id

    def start(self, name, *command, **more):
        id = self.create(name, *command, **more)
        self.cri.StartContainer(container_id=id[:13])
        return id


class Events:
    """A stream of GetContainerEvents that is read as it comes: seen has (container's id, what) pairs, code how it ended."""

    def __init__(self, cri, deadline=None):
        self.stream, self.seen, self.code = cri.GetContainerEvents(deadline=deadline), [], None
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        # docker has no word for it that it listens.
        eventually(self._probed, "a first event", 20)

    def _read(self):
        try:
            for event in self.stream:
                name = api.ContainerEventType.Name(event.container_event_type)
                self.seen.append((event.container_id, re.sub("CONTAINER_(.*)_EVENT", r"\1", name).lower()))
            self.code = Code.OK
        except grpc.RpcError as error:
            self.code, self.text = error.code(), error.details()

    def _probed(self):
        name = f"--name=k8s_probe_p_n_u_{time.monotonic_ns() % 10**8}"
        docker("rm", docker("create", "--network=none", "--label=io.kubernetes.docker.type=container", name, IMAGE))
        return self.seen

    def of(self, id):
        return [what for of, what in self.seen if of == id]

    def end(self):
        self.thread.join(PROMPT)
        assert not self.thread.is_alive(), "the stream goes on"
        return self.code

    def cancel(self):
        self.stream.cancel()
        return self.end()


# ==== processes

class Process:
    def __init__(self, pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            self.name, rest = re.match(r"\d+ \((.*)\) (.*)", file.read(), re.S).groups()
        self.pid, self.state, self.parent = pid, rest[0], int(rest.split()[1])

    def __repr__(self):
        return f"{self.pid} {self.name} ({self.state}, of {self.parent})"


def processes():
    found = []
    for path in glob.glob("/proc/[0-9]*"):
        try:
            found.append(Process(int(os.path.basename(path))))
        except (OSError, AttributeError):
            pass
    return found


def marked():
    """What this test's servers have started, and they themselves; zombies have no environment any more."""
    mark, found = f"GATEWAY_MARK={os.environ['MARK']}".encode(), []
    for process in processes():
        try:
            with open(f"/proc/{process.pid}/environ", "rb") as file:
                if mark in file.read().split(b"\0") and process.state not in "ZX":
                    found.append(process)
        except OSError:
            pass
    return found


def workers():
    """Of those the translators, docker, and what these have started."""
    return [process for process in marked() if process.name not in ("cri-gateway", "systemd-socket-", "systemd-socket", "inetd")]


def children(pid):
    return [process for process in processes() if process.parent == pid]


def connections(listener):
    """The processes of its connections."""
    return [process for process in children(listener) if process.state not in "ZX"]


def connection_of(listener):
    """The process of the only connection."""
    found = eventually(lambda: connections(listener), "a connection's process")
    same(len(found), 1, found)
    return found[0].pid


def kib(pid, field):
    """VmRSS, VmHWM…"""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(rf"^{field}:\s+(\d+) kB", file.read(), re.M).group(1))


def alive(pid):
    try:
        return Process(pid).state not in "ZX"
    except (OSError, AttributeError):
        return False


# ==== one program in two or more servers

def in_each(servers, program):
    """Runs program(cri, state, name) on a fresh connection to each server; what it puts in state is there in the next test."""
    for name, socket in servers.items():
        path = os.path.join(os.environ["BATS_FILE_TMPDIR"], f"state-{name}.json")
        state = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                state = json.load(file)
        print(f"# {name}")
        with Cri(socket) as cri:
            program(cri, state, name)
            state["called"] = sorted({*state.get("called", []), *cri.called})
        with open(path, "w", encoding="utf-8") as file:
            json.dump(state, file)
