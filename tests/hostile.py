#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""This script is a client of cri-oneshot that means no good, and shares no code with it:

    hostile.py CHECK [ARGUMENT...] [--next CHECK [ARGUMENT...]]...

Each CHECK is a function below; it fails with an assertion, and ends the script. Environment: CRI_ONESHOT (the program), STANDIN_LOG (the runs of docker),
PYTHONPATH with the modules that protoc makes of the .proto files.
"""
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time

from google.protobuf import json_format
from google.protobuf.internal.decoder import _DecodeVarint
from google.protobuf.internal.encoder import _VarintBytes as varint
from oneshot.v1 import oneshot_pb2

PROGRAM = os.environ["CRI_ONESHOT"]
LOG = os.environ["STANDIN_LOG"]
MIB = 1024 * 1024
CODES = """OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED
FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED""".split()


# ---- frames

def frame(body):
    return varint(len(body)) + body


def field(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


def snake(method):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", method).lower()


def call(method, text, timeout_ms=0):
    message = oneshot_pb2.Request(timeout_ms=timeout_ms)
    json_format.Parse(json.dumps({snake(method): json.loads(text)}), message)
    getattr(message, snake(method)).SetInParent()
    return frame(message.SerializeToString())


def number_of(message, *names):
    """The field numbers along a path of names."""
    for name in names:
        found = message.fields_by_name[name]
        message = found.message_type
        yield found.number


def nested(names, body):
    """The Request whose field at the path holds the bytes."""
    for number in reversed(list(number_of(oneshot_pb2.Request.DESCRIPTOR, *names))):
        body = field(number, body)
    return frame(body)


def flood(names, last):
    """A little under 16 MiB of empty elements of the repeated field at the path."""
    numbers = list(number_of(oneshot_pb2.Request.DESCRIPTOR, *names, last))
    return nested(names, field(numbers[-1], b"") * ((16 * MIB - 64) // len(field(numbers[-1], b""))))


ID = "0123456789abcdef" * 4
MALFORMED = {
    "empty": lambda: frame(b""),
    "nul": lambda: nested(["stop_container", "container_id"], b"0123456789ab\0cdef"),
    "utf8": lambda: nested(["stop_container", "container_id"], b"0123456789ab\xff"),
    "surrogate": lambda: nested(["version", "version"], b"\xed\xa0\x80"),
    "nul_in_list": lambda: nested(["exec_sync", "cmd"], b"sh\0-c"),
    "nul_in_map": lambda: nested(["run_pod_sandbox", "config", "labels", "value"], b"\0"),
    "enum": lambda: nested(["run_pod_sandbox", "config", "linux", "security_context", "namespace_options"], b"\x08\x63"),
    "garbage": lambda: frame(bytes(range(255, 0, -1))),
    "text": lambda: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + b" " * 200,
    "groups": lambda: frame(b"\x0b" * MIB),
    "other_type": lambda: frame(b"\x50\x01"),
    "cut_inside": lambda: frame(b"\x52\x7f\x0a"),
    "six_byte_tag": lambda: frame(b"\xd2\x80\x80\x80\x80\x00\x00"),
    "six_byte_length": lambda: frame(b"\x52\x80\x80\x80\x80\x80\x00"),
    "negative_timeout": lambda: call("Version", "{}", -1),
    "unknown_call": lambda: frame(field(999, b"")),
    "nested_unknown": lambda: frame(nest(100000)),
    "truncated": lambda: call("StopContainer", json.dumps({"container_id": ID}))[:-1],
    "truncated_length": lambda: b"\x80",
    "long_length": lambda: b"\x80" * 10 + b"\x01",
    "wide_length": lambda: b"\xff" * 9 + b"\x7f",
    "oversized": lambda: varint(16 * MIB + 1) + bytes(16 * MIB + 1),
    "largest": lambda: b"\xff" * 9 + b"\x01" + b"some bytes",
    "flood_of_messages": lambda: flood(["create_container", "config"], "mounts"),
    "flood_of_pairs": lambda: flood(["run_pod_sandbox", "config"], "labels"),
    "flood_of_strings": lambda: flood(["exec_sync"], "cmd"),
    "flood_of_unknown": lambda: frame(b"\xf8\x07\x00" * (5 * MIB)),
    "flood_of_numbers": lambda: nested(["run_pod_sandbox", "config", "linux", "security_context", "supplemental_groups"],
                                       b"\x01" * (16 * MIB - 64)),
}


def nest(depth):
    """Length-delimited fields in one another, without building each level anew."""
    lengths, size = [], 0
    for _ in range(depth):
        head = varint(127 << 3 | 2) + varint(size)
        lengths.append(head)
        size += len(head)
    return b"".join(reversed(lengths))


def responses(data):
    position, found = 0, []
    while position < len(data):
        length, begin = _DecodeVarint(data, position)
        position = begin + length
        assert position <= len(data), "the answer is cut off"
        found.append(oneshot_pb2.Response.FromString(data[begin:position]))
    return found


# ---- runs

def docker_runs():
    try:
        with open(LOG, encoding="utf-8") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


def run(data, **settings):
    done = subprocess.run([PROGRAM], input=data, capture_output=True, timeout=120, check=False, env=dict(os.environ, **settings))
    assert done.returncode == 0, (done.returncode, done.stderr)
    return one(done.stdout)


def one(data):
    found = responses(data)
    assert len(found) == 1, f"{len(found)} answers"
    return found[0]


def expect(response, code, *words):
    seen = CODES[response.outcome.code]
    assert seen == code, f"{seen}: {response.outcome.message}"
    assert response.HasField("outcome") != bool(response.WhichOneof("result")), "outcome and result"
    for word in words:
        assert word in response.outcome.message, response.outcome.message


def refused(code, name, *words):
    """A malformed request is answered with the code, and without docker."""
    expect(run(MALFORMED[name]()), code, *words)
    assert docker_runs() == [], docker_runs()


def memory(code, name):
    """So is this one, within the memory that a hostile request may take."""
    refused(code, name)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"peak: {peak} MiB")
    if "SANITIZE" not in os.environ:
        assert peak < 160, f"{peak} MiB"


def without_docker(code, method, text, *words):
    """A request that is well-formed is answered with the code, and without docker."""
    response = run(call(method, text))
    assert response.HasField("outcome") == (code != "OK"), response
    if code != "OK":
        expect(response, code, *words)
    assert docker_runs() == [], docker_runs()


def one_docker(method, text, code="OK"):
    """A valid request becomes exactly one docker process, and a result (or the code, of what the stand-in does not have)."""
    done = subprocess.run([PROGRAM], input=call(method, text), capture_output=True, timeout=60, check=True)
    for response in responses(done.stdout):
        assert CODES[response.outcome.code] == code, response.outcome
        assert response.WhichOneof("result") in (None, snake(method))
    assert done.stdout, "no answer"
    assert len(docker_runs()) == 1, docker_runs()


def setting(name, value):
    """A setting that cannot be is named, whatever was asked."""
    expect(run(call("Version", "{}"), **{name: value}), "FAILED_PRECONDITION", name)
    assert docker_runs() == [], docker_runs()


# ---- descriptors

def spawn(stdin, stdout=None, stderr=subprocess.PIPE, **settings):
    return subprocess.Popen([PROGRAM], stdin=stdin, stdout=stdin if stdout is None else stdout, stderr=stderr,
                            env=dict(os.environ, **settings))


def read_all(connection):
    connection.settimeout(60)
    data = b""
    while part := connection.recv(65536):
        data += part
    return data


def end_of_file():
    """End of file before the first byte: no answer, exit 0."""
    done = subprocess.run([PROGRAM], input=b"", capture_output=True, timeout=60, check=True)
    assert done.stdout == b"" and done.stderr == b"", done


def without_end_of_file():
    """A request is complete when its bytes are there; half a close is no hang-up."""
    for half_close in (False, True):
        ours, theirs = socket.socketpair()
        process = spawn(theirs)
        theirs.close()
        ours.sendall(call("Version", "{}"))
        if half_close:
            ours.shutdown(socket.SHUT_WR)
        assert not one(read_all(ours)).HasField("outcome")
        assert process.wait(60) == 0
        process.stderr.close()


def rest_is_left():
    """Bytes after the frame are the next reader's."""
    ours, theirs = socket.socketpair()
    ours.sendall(call("Version", "{}") + b"the rest")
    process = spawn(theirs, subprocess.PIPE)
    output = process.communicate(timeout=60)[0]
    assert not one(output).HasField("outcome")
    assert theirs.recv(100) == b"the rest"


def sends_all_first():
    """The client of an oversized request, which reads only when all is sent, gets to the answer."""
    ours, theirs = socket.socketpair()
    process = spawn(theirs)
    theirs.close()
    ours.sendall(MALFORMED["oversized"]())
    process.wait(60)
    expect(one(read_all(ours)), "RESOURCE_EXHAUSTED", "CRI_ONESHOT_MAX_REQUEST")
    process.stderr.close()


def slow_sender():
    """A request that is not complete within the read timeout."""
    ours, theirs = socket.socketpair()
    process = spawn(theirs, CRI_ONESHOT_READ_TIMEOUT="300")
    theirs.close()
    ours.sendall(call("Version", "{}")[:-1])
    expect(one(read_all(ours)), "DEADLINE_EXCEEDED", "read timeout")
    assert process.wait(60) == 0
    process.stderr.close()


def nobody_reads():
    """An answer that cannot be written: exit 1."""
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run([PROGRAM], input=MALFORMED["empty"](), stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    assert process.returncode == 1, process
    with open("/dev/full", "wb") as full:
        process = subprocess.run([PROGRAM], input=call("Version", "{}"), stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert process.returncode == 1, process


def usage():
    """Wrong command-line usage: exit 2."""
    done = subprocess.run([PROGRAM, "--nonsense"], input=b"", capture_output=True, timeout=60, check=False)
    assert done.returncode == 2 and done.stdout == b"" and b"usage" in done.stderr, done


def stderr_is_the_socket():
    """inetd ties standard error to the client's socket: it gets the answer alone."""
    for data in (call("Version", "{}"), call("ExecSync", json.dumps({"container_id": ID, "cmd": ["x"]})), MALFORMED["garbage"]()):
        ours, theirs = socket.socketpair()
        process = spawn(theirs, stderr=theirs)
        theirs.close()
        ours.sendall(data)
        one(read_all(ours))
        assert process.wait(60) == 0


# ---- time

def gone(pid):
    """It has ended, or soon will have; a zombie has, its new parent has not looked yet."""
    for _ in range(1000):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                if file.read().rpartition(")")[2].split()[:1] in ([], ["Z"], ["X"]):
                    return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def pids(path):
    for _ in range(3000):
        if os.path.exists(path) and (text := open(path, encoding="utf-8").read().split()):
            return [int(word) for word in text]
        time.sleep(0.01)
    raise AssertionError("docker was not started")


def slow_docker():
    """timeout_ms ends a slow docker, and all of its group."""
    path = LOG + ".pids"
    begin = time.monotonic()
    expect(run(call("Version", "{}", 1000), STANDIN_PIDS=path), "DEADLINE_EXCEEDED")
    assert 1 <= time.monotonic() - begin < 20
    assert all(gone(pid) for pid in pids(path))


def hang_up():
    """A client that hangs up ends docker."""
    path = LOG + ".pids"
    ours, theirs = socket.socketpair()
    process = spawn(theirs, STANDIN_PIDS=path)
    theirs.close()
    ours.sendall(call("Version", "{}"))
    started = pids(path)
    ours.close()
    assert process.wait(10) == 1
    assert all(gone(pid) for pid in started)
    process.stderr.close()


def told_to_end():
    """TERM ends docker; the client is told."""
    path = LOG + ".pids"
    process = spawn(subprocess.PIPE, subprocess.PIPE, STANDIN_PIDS=path)
    process.stdin.write(call("PullImage", '{"image": {"image": "a:b"}, "auth": {"username": "u", "password": "p"}}'))
    process.stdin.close()
    started = pids(path)
    assert len(os.listdir(os.environ["TMPDIR"])) == 1, "no folder for the credentials"
    process.send_signal(signal.SIGTERM)
    expect(one(process.stdout.read()), "CANCELLED")
    assert process.wait(60) == 0
    assert all(gone(pid) for pid in started)
    assert os.listdir(os.environ["TMPDIR"]) == []


def longest_timeout():
    """The largest timeout_ms is as good as none."""
    assert not run(call("Version", "{}", 2**63 - 1)).HasField("outcome")


def at_once(count):
    """So many calls at the same time."""
    processes = [spawn(subprocess.PIPE, subprocess.PIPE) for _ in range(int(count))]
    for process in processes:
        process.stdin.write(call("Version", "{}"))
        process.stdin.close()
    for process in processes:
        assert not one(process.stdout.read()).HasField("outcome")
        assert process.wait(60) == 0
    assert len(docker_runs()) == int(count)


def tcp():
    """TCP is refused unless a setting allows it, and then it is kept alive."""
    for value, code in (("no", "PERMISSION_DENIED"), ("yes", "OK")):
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as ours:
            theirs = server.accept()[0]
            ours.sendall(call("Version", "{}"))
            process = spawn(theirs, CRI_ONESHOT_ALLOW_TCP=value)
            assert process.wait(60) == 0
            kept = theirs.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            theirs.close()
            response = one(read_all(ours))
            assert CODES[response.outcome.code] == code, response
            assert bool(kept) == (value == "yes")
            process.stderr.close()
    assert len(docker_runs()) == 1


def main(words, checks):
    """Every check is named before it is made: the last one that is named has failed."""
    while words:
        end = words.index("--next") if "--next" in words else len(words)
        print(*words[:end], flush=True)
        checks[words[0]](*words[1:end])
        words = words[end + 1:]


if __name__ == "__main__":
    main(sys.argv[1:], globals())
