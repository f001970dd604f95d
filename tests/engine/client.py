#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""This script is a client of cri-oneshot that shares no code with it: Google's protobuf library, and sockets.

client.py encode METHOD JSON|-           one frame on standard output ("-": the JSON is on standard input)
client.py decode                         the frames of standard input, one JSON document a line
client.py call SOCKET METHOD JSON [N]    N calls (1) at once, each on a connection of its own; one JSON document a line
"""
import json
import re
import socket
import sys
import threading

from google.protobuf import json_format
from google.protobuf.internal.decoder import _DecodeVarint32
from google.protobuf.internal.encoder import _VarintBytes
from oneshot.v1 import oneshot_pb2


def snake(method):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", method).lower()


def frame_of(method, text):
    name = snake(method)
    message = oneshot_pb2.Request()
    json_format.Parse(json.dumps({name: json.loads(text)}), message)
    body = message.SerializeToString()
    return _VarintBytes(len(body)) + body


def responses_in(data):
    """All frames of the bytes; bytes that are no whole frame are an error."""
    position, found = 0, []
    while position < len(data):
        length, begin = _DecodeVarint32(data, position)
        position = begin + length
        if position > len(data):
            raise ValueError(f"a frame of {length} bytes is cut off")
        found.append(oneshot_pb2.Response.FromString(data[begin:position]))
    return found


def show(response):
    value = json_format.MessageToDict(response, preserving_proto_field_name=True)
    print(json.dumps(value, sort_keys=True))


def call(path, frame, answers, index):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(60)
        connection.connect(path)
        connection.sendall(frame)
        data = b""
        while True:
            part = connection.recv(65536)
            if not part:
                break
            data += part
    answers[index] = data


def call_at_once(path, frame, count):
    answers = [b""] * count
    threads = [threading.Thread(target=call, args=(path, frame, answers, i)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for data in answers:
        found = responses_in(data)
        if len(found) != 1:
            sys.exit(f"{len(found)} frames where one was due: {data[:200]!r}")
        show(found[0])


def main(verb, *words):
    if verb == "encode":
        method, text = words
        sys.stdout.buffer.write(frame_of(method, sys.stdin.read() if text == "-" else text))
    elif verb == "decode":
        for response in responses_in(sys.stdin.buffer.read()):
            show(response)
    elif verb == "call":
        path, method, text, *count = words
        call_at_once(path, frame_of(method, text), int(count[0]) if count else 1)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
