#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""This module runs a cri-gateway that listens, watches its processes, and says what is expected of it.

Environment: CRI_GATEWAY (the program), FOLDER (for its socket), and the settings.
"""
import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time

from rawhttp2 import *  # pylint: disable=wildcard-import,unused-wildcard-import

OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND = range(6)
RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = 8, 12, 13, 14
MIB = 1024 * 1024
MANY = 10000
FOLDER = os.environ["FOLDER"]
READ_TIMEOUT = int(os.environ["CRI_ONESHOT_READ_TIMEOUT"]) / 1000
IDLE_TIMEOUT = int(os.environ["CRI_GATEWAY_IDLE_TIMEOUT"]) / 1000
SLOW = 10  # seconds that a busy machine may take longer
SANITIZED = "SANITIZE" in os.environ
RUNTIME, IMAGE = "/runtime.v1.RuntimeService/", "/runtime.v1.ImageService/"
ID = "0123456789abcdef" * 4


# ---- the gateway

def wait_until(condition, seconds=SLOW):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def is_alive(pid):
    """Running: not even a zombie is left."""
    return read(f"/proc/{pid}/stat") != b""


class Gateway:
    """cri-gateway --listen, and all that comes of it, found by a word in the environment."""

    def __init__(self, *options, **env):
        self.word = f"GATEWAY_TEST={os.getpid()}-{random.getrandbits(64)}"
        self.path = f"{FOLDER}/gateway.sock"
        name, value = self.word.split("=")
        self.log = open(f"{FOLDER}/gateway.err", "w+b")
        self.process = subprocess.Popen([os.environ["CRI_GATEWAY"], f"--listen={self.path}", *options], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, env=dict(os.environ, **env, **{name: value}))
        self.memory = 8 * MIB  # what a connection may take
        self.peaks, self.connections, self.watching = {}, [], True
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        """Nothing of it is left, however a check went."""
        try:
            if kind is None:
                self.close()
        finally:
            self.watching = False
            for pid in self.ours():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.log.seek(0)
            sys.stdout.write(self.log.read().decode(errors="replace"))

    def begin(self):
        assert wait_until(self.listens), "it does not listen"
        self.polite()

    def listens(self):
        try:
            self.raw().close()
        except OSError:
            return False
        return True

    def ours(self):
        return [pid for pid in processes() if self.word.encode() in read(f"/proc/{pid}/environ").split(b"\0")]

    def children(self):
        """The connections' processes."""
        return [pid for pid in self.ours() if read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[1:2] ==
                [b"%d" % self.process.pid]]

    def watch(self):
        """The peak of each connection's memory, until it has gone."""
        while self.watching:
            for pid in list(self.peaks):
                found = re.search(rb"VmHWM:\s+(\d+) kB", read(f"/proc/{pid}/status"))
                if found:
                    self.peaks[pid] = max(self.peaks[pid], int(found.group(1)) * 1024)
            time.sleep(0.004)

    def raw(self):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(self.path)
        sock.settimeout(WITHIN)
        return sock

    def connect(self, greeting=PREFACE + settings()):
        before = set(self.children())
        connection = Connection(self.raw(), b"")
        assert wait_until(lambda: set(self.children()) - before), "no process for the connection"
        connection.pid = (set(self.children()) - before).pop()
        self.peaks[connection.pid] = 0
        self.connections.append(connection)
        if greeting:
            connection.send(greeting)
        return connection

    def polite(self):
        """A client that behaves is answered."""
        if "CRI_GATEWAY_TRANSLATOR" in os.environ:
            return
        connection = Connection(self.raw())
        connection.send(frame(SETTINGS, ACK), call(1))
        expect(connection.answer(1), OK)
        connection.close()

    def idle(self):
        """Only the listener is left."""
        return wait_until(lambda: self.ours() == [self.process.pid])

    def close(self):
        if self.process.poll() is None:
            self.polite()
        for connection in self.connections:
            connection.close()
        assert wait_until(lambda: self.ours() == ([self.process.pid] if self.process.poll() is None else [])), \
            [read(f"/proc/{pid}/cmdline") for pid in self.ours()]
        self.watching = False
        self.watcher.join()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(SLOW) == 0
        assert not os.path.exists(self.path), "the socket is left"
        self.log.seek(0)
        said = self.log.read().decode(errors="replace")
        assert said == f'cri-gateway: listens on "{self.path}", mode 0600\n', "something else was said on standard error"
        print("peak:", max([peak // 1024 for peak in self.peaks.values()], default=0), "KiB")
        if not SANITIZED:
            assert all(peak <= self.memory for peak in self.peaks.values()), self.peaks


def expect(answer, code, *words, http="200"):
    assert answer.http == http and answer.status == code, answer
    for word in words:
        assert word in answer.text, answer


def closes(connection, *codes, seconds=SLOW):
    """The server closes, with one of these GOAWAYs."""
    code = connection.until_closed(seconds)
    assert code in codes, f"GOAWAY {code}"


def told_goodbye(connection):
    assert connection.until(lambda: connection.goaway == NO_ERROR, SLOW), connection.frames[-5:]


def lives(connection, stream=9999):
    """The connection is as good as before."""
    connection.send(call(stream))
    expect(connection.answer(stream), OK)


def took(function, *arguments):
    begin = time.monotonic()
    function(*arguments)
    return time.monotonic() - begin
