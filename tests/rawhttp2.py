#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""This module makes HTTP/2's frames by hand, well-formed or not, and reads a server's. It shares no code with cri-gateway.

RFC 9113 and 7541; python3-hpack reads the server's header blocks.
"""
import select
import socket
import struct
import time

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 1
END_HEADERS, PADDED, HAS_PRIORITY = 4, 8, 32
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, \
    CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = range(12)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
FRAME_MAX = 16384
WITHIN = 20  # seconds in which an answer comes on a busy machine


# ---- frames

def frame(kind, flags=0, stream=0, payload=b"", length=None):
    return struct.pack(">I", len(payload) if length is None else length)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*pairs):
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", name, value) for name, value in pairs))


def ping(payload=b"12345678"):
    return frame(PING, payload=payload)


def window(increment, stream=0):
    return frame(WINDOW_UPDATE, stream=stream, payload=struct.pack(">I", increment))


def reset(stream, code=CANCEL):
    return frame(RST_STREAM, stream=stream, payload=struct.pack(">I", code))


def goaway(last=0, code=NO_ERROR):
    return frame(GOAWAY, payload=struct.pack(">II", last, code))


def priority(stream, parent=0, weight=15):
    return frame(PRIORITY, stream=stream, payload=struct.pack(">IB", parent, weight))


def data(stream, body=b"", end=False):
    """As many frames as the body needs."""
    parts = [body[at:at + FRAME_MAX] for at in range(0, len(body), FRAME_MAX)] or [b""]
    return b"".join(frame(DATA, END_STREAM if end and part is parts[-1] else 0, stream, part) for part in parts)


# ---- header blocks

def integer(value, bits, first=0):
    """HPACK's integer with a prefix of so many bits, in a byte that begins with `first`."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + [value])


def string(text):
    text = text.encode() if isinstance(text, str) else text
    return integer(len(text), 7) + text


def literal(name, value, first=b"\x00"):
    """A header, as it is: not to be indexed (0x00), or to be kept in the table (0x40)."""
    return first + string(name) + string(value)


def block(headers):
    return b"".join(literal(name, value) for name, value in headers)


def headers(stream, fields, end=False, flags=0):
    """A HEADERS frame, and CONTINUATIONs where one is not enough."""
    whole = fields if isinstance(fields, bytes) else block(fields)
    parts = [whole[at:at + FRAME_MAX] for at in range(0, len(whole), FRAME_MAX)] or [b""]
    frames = []
    for number, part in enumerate(parts):
        last = END_HEADERS if number == len(parts) - 1 else 0
        if number == 0:
            frames.append(frame(HEADERS, last | flags | (END_STREAM if end else 0), stream, part))
        else:
            frames.append(frame(CONTINUATION, last, stream, part))
    return b"".join(frames)


def fields(path="/runtime.v1.RuntimeService/Version", drop=(), **more):
    """A gRPC request's headers. more: grpc_timeout="1S" and so on, after them; drop: names to leave out."""
    base = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers")]
    return [pair for pair in base if pair[0] not in drop] + [(name.replace("_", "-"), value) for name, value in more.items()]


def message(body=b"", compressed=0, length=None):
    """gRPC's prefix, and the message."""
    return struct.pack(">BI", compressed, len(body) if length is None else length) + body


def call(stream, path="/runtime.v1.RuntimeService/Version", body=b"", **more):
    """A whole request."""
    return headers(stream, fields(path, **more)) + data(stream, message(body), end=True)


# ---- connections

class Answer:
    """What came on one stream."""

    def __init__(self):
        self.headers, self.trailers, self.body, self.ended, self.reset = None, None, b"", False, None

    @property
    def http(self):
        return self.headers and self.headers.get(":status")

    @property
    def status(self):
        return int((self.trailers or self.headers or {}).get("grpc-status", -1))

    @property
    def text(self):
        return (self.trailers or self.headers or {}).get("grpc-message", "")

    def __repr__(self):
        return f"Answer({self.headers}, {len(self.body)} bytes, {self.trailers}, ended={self.ended}, reset={self.reset})"


class Connection:
    """A client that does as it is told, and acknowledges nothing by itself."""

    def __init__(self, sock, greeting=PREFACE + settings()):
        self.socket, self.bytes, self.decoder = sock, b"", hpack.Decoder()
        self.decoder.max_header_list_size = 1 << 20
        self.answers, self.goaway, self.frames, self.closed, self.partial = {}, None, [], False, b""
        self.broken = False  # the server has stopped reading
        if greeting:
            self.send(greeting)

    def send(self, *parts):
        """Sends what the server takes; reads along the way, so that nobody waits for ever."""
        rest = memoryview(b"".join(parts))
        until = time.monotonic() + WITHIN
        while rest and not self.broken:
            readable, writable, _ = select.select([] if self.closed else [self.socket], [self.socket], [], 1)
            if readable:
                self.take()
            if writable:
                try:
                    rest = rest[self.socket.send(rest, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL):]
                except BlockingIOError:
                    pass
                except OSError:
                    self.broken = True
            assert time.monotonic() < until, "the server takes nothing"

    def push(self, *parts, seconds=5):
        """Sends without reading anything, until all is sent or nothing goes any more. Returns whether all is."""
        rest = memoryview(b"".join(parts))
        while rest:
            if not select.select([], [self.socket], [], seconds)[1]:
                return False
            try:
                rest = rest[self.socket.send(rest, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL):]
            except BlockingIOError:
                continue
            except OSError:
                self.broken = True
                return False
        return True

    def take(self):
        """Reads once, and takes the whole frames apart."""
        try:
            part = self.socket.recv(1 << 18)
        except ConnectionError:
            part = b""
        self.closed = not part
        self.bytes += part
        at = 0
        while len(self.bytes) - at >= 9:
            length = int.from_bytes(self.bytes[at:at + 3], "big")
            kind, flags, stream = struct.unpack_from(">BBI", self.bytes, at + 3)
            if len(self.bytes) - at - 9 < length:
                break
            self.one(kind, flags, stream, self.bytes[at + 9:at + 9 + length])
            at += 9 + length
        self.bytes = self.bytes[at:]

    def one(self, kind, flags, stream, payload):
        self.frames.append((kind, flags, stream, len(payload)))
        answer = self.answers.setdefault(stream, Answer()) if kind in (DATA, HEADERS, CONTINUATION, RST_STREAM) else None
        if kind == GOAWAY:
            self.goaway = struct.unpack_from(">I", payload, 4)[0]
        elif kind == RST_STREAM:
            answer.reset = struct.unpack(">I", payload)[0]
        elif kind == DATA:
            answer.body += payload
            answer.ended = answer.ended or bool(flags & END_STREAM)
        elif kind in (HEADERS, CONTINUATION):
            self.partial += payload
            if flags & END_HEADERS:
                found = dict(self.decoder.decode(self.partial))
                self.partial = b""
                if answer.headers is None:
                    answer.headers = found
                else:
                    answer.trailers = found
            if kind == HEADERS and flags & END_STREAM:
                answer.ended = True

    def until(self, condition, seconds=WITHIN):
        """Reads until it holds; False when it does not in time, or the server has closed before."""
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            if self.closed or left <= 0:
                return False
            if select.select([self.socket], [], [], min(left, 0.05))[0]:
                self.take()
        return True

    def answer(self, stream, seconds=WITHIN):
        """The stream's answer, when it has ended."""
        def ended():
            found = self.answers.get(stream)
            return found is not None and (found.ended or found.reset is not None)
        assert self.until(ended, seconds), f"no answer: {self.answers.get(stream)}, goaway {self.goaway}, closed {self.closed}"
        return self.answers[stream]

    def until_closed(self, seconds=WITHIN):
        """Reads all until the server closes; returns the code of its GOAWAY, None without one."""
        assert self.until(lambda: self.closed, seconds), f"not closed after {seconds} s: {self.frames[-5:]}"
        return self.goaway

    def count(self, kind, flags=None):
        return sum(1 for one in self.frames if one[0] == kind and (flags is None or one[1] & flags == flags))

    def close(self):
        self.socket.close()
