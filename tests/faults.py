#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""This script does to cri-oneshot what a machine in trouble does: it kills it, takes descriptors and limits away, and floods it.

    faults.py CHECK [ARGUMENT...] [--next CHECK [ARGUMENT...]]...

Each CHECK is a function below, with the environment and the helpers of hostile.py.
"""
import sys

sys.dont_write_bytecode = True  # no folder of python's beside hostile.py

# pylint: disable=wrong-import-position
import json
import os
import resource
import signal
import socket
import subprocess
import time

from hostile import ID, LOG, MIB, PROGRAM, call, docker_runs, expect, gone, one, pids, spawn

PULL = call("PullImage", '{"image": {"image": "a:b"}, "auth": {"username": "u", "password": "p"}}')


def eventually(question, seconds=20):
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.01)


# ---- the end of the translator

def start_pull():
    """A pull with credentials that docker is busy with; its pids, and what docker was started by."""
    path = LOG + ".pids"
    if os.path.exists(path):
        os.unlink(path)
    process = spawn(subprocess.PIPE, subprocess.PIPE, STANDIN_PIDS=path)
    process.stdin.write(PULL)
    process.stdin.close()
    started = pids(path)
    assert len(os.listdir(os.environ["TMPDIR"])) == 1, "no folder for the credentials"
    return process, started


def killed(*names):
    """By a signal that cannot be caught, or that nobody expects: docker and what it began end, and no folder is left."""
    for name in names:
        process, started = start_pull()
        guards = [pid for pid in os.listdir("/proc") if pid.isdigit() and parent(pid) == process.pid]
        process.send_signal(getattr(signal, name))
        assert process.wait(20) == -getattr(signal, name), name
        assert all(gone(pid) for pid in started + guards), name
        eventually(lambda: os.listdir(os.environ["TMPDIR"]) == [])
        process.stdout.close()
        process.stderr.close()


def parent(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def caught(*numbers):
    """By any other signal that ends a process: docker ends, and the client is told."""
    for number in map(int, numbers):
        process, started = start_pull()
        process.send_signal(number)
        expect(one(process.stdout.read()), "CANCELLED", "told to end")
        assert process.wait(20) == 0, number
        assert all(gone(pid) for pid in started), number
        assert os.listdir(os.environ["TMPDIR"]) == [], number
        process.stdout.close()
        process.stderr.close()


# ---- a trace that nobody reads

def unread_trace(kind):
    """Calls are answered, each soon, and none outlives its client; what is in the trace are whole lines."""
    ours, theirs = os.pipe() if kind == "pipe" else [end.detach() for end in socket.socketpair()]
    lines = 0
    for number in range(120):
        begin = time.monotonic()
        data = call("StopContainer", json.dumps({"container_id": ("%x" % number).rjust(3000 if number % 20 else 6000, "a")}))
        done = subprocess.run([PROGRAM], input=data, capture_output=True, timeout=20, check=True, pass_fds=[theirs],
                              env=dict(os.environ, CRI_ONESHOT_TRACE=str(theirs)))
        assert not one(done.stdout).HasField("outcome")
        assert time.monotonic() - begin < 5
    assert os.get_blocking(theirs), "it was made non-blocking for all who share it"
    os.close(theirs)
    with open(ours, encoding="utf-8") as trace:
        for line in trace:
            lines += json.loads(line)["method"] == "StopContainer"
    assert 10 < lines < 120, lines


# ---- descriptors and limits

def files_of_no_bytes():
    """A limit of the shell's on files is told, and docker has that signal at its default again."""
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    done = subprocess.run([PROGRAM], input=PULL, capture_output=True, timeout=20, check=True, preexec_fn=limited)
    expect(one(done.stdout), "INTERNAL", "File too large")
    assert docker_runs() == [], docker_runs()
    done = subprocess.run([PROGRAM], input=call("Version", "{}"), capture_output=True, timeout=20, check=True, preexec_fn=limited,
                          env=dict(os.environ, CRI_ONESHOT_DOCKER=os.environ["SIGNALS"]))
    expect(one(done.stdout), "UNKNOWN", "XFSZ is at its default")


def nobody_to_hear():
    """Without a standard output that can be written to, docker is not run: exit 1."""
    for how in (">&-", "</dev/null 1<&0"):
        done = subprocess.run(["sh", "-c", f'exec "$0" {how}' if how == ">&-" else 'exec "$0" 1</dev/null', PROGRAM],
                              input=call("StopContainer", json.dumps({"container_id": ID})), stderr=subprocess.PIPE, timeout=20,
                              check=False)
        assert (done.returncode, done.stderr) == (1, b""), done
    assert docker_runs() == [], docker_runs()


def spared():
    """Who started us may have had us spared when memory is short: docker is not. (To be spared takes a right that few machines give
    away: what we read of ourselves is a file in its place, and docker would have 300, as we have.)"""
    with open(f"{LOG}.score", "w", encoding="utf-8") as file:
        file.write("-500\n")
    for mount, wanted in ((f"mount --bind {LOG}.score /proc/$$/oom_score_adj &&", "0"), ("", "300")):
        path = f"{LOG}.{wanted}"
        process = subprocess.Popen(["unshare", "--mount", "sh", "-c", f'echo 300 >/proc/$$/oom_score_adj && {mount} exec "$0"', PROGRAM],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ, STANDIN_PIDS=path))
        process.stdin.write(call("Version", "{}"))
        process.stdin.close()
        docker = pids(path)[0]
        with open(f"/proc/{docker}/oom_score_adj", encoding="utf-8") as file:
            assert file.read() == wanted + "\n", wanted
        process.kill()
        process.wait(20)
        process.stdout.close()
        assert gone(docker)


def flooded(method, text, code, timeout_ms=0):
    """However much docker says, and in however long a line, it takes a moment; the last word counts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    expect(one(subprocess.run([PROGRAM], input=call(method, text, int(timeout_ms)), capture_output=True, timeout=120, check=True).stdout),
           code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime
    print(f"{method}: {seconds:.2f} s")
    if "SANITIZE" not in os.environ:
        assert seconds < 2, seconds


if __name__ == "__main__":
    from hostile import main
    main(sys.argv[1:], globals())
