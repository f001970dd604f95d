#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""This script is a client of cri-gateway that means no good: gateway_hostile.py CHECK [ARGUMENT...].

Each CHECK is a function below; it gets a gateway that listens, and fails with an assertion. After each of them a client that behaves
must be answered, no process may be left when the clients have gone, no process of a connection may have taken more memory than the
check allows, and the gateway must end as it is told. Environment: CRI_GATEWAY, FOLDER, and the settings.
"""
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time

from gateway_process import *  # pylint: disable=wildcard-import,unused-wildcard-import

# ---- bytes that are no HTTP/2

NO_HTTP2 = {
    "http1": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "post": b"POST /runtime.v1.RuntimeService/Version HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 5\r\n\r\n\0\0\0\0\0",
    "upgrade": b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
    "tls": bytes.fromhex("1603010200010001fc0303") + bytes(range(256)) + bytes(245),
    "http3": PREFACE.replace(b"2.0", b"3.0"),
    "zeros": bytes(100000),
    "frame": b"\x05\x52\x03\x0a\x01v",
    "other_case": PREFACE.lower(),
}


def no_http2(gateway, name):
    """The connection is closed at once."""
    connection = gateway.connect(b"")
    assert took(lambda: (connection.send(NO_HTTP2[name]), closes(connection, PROTOCOL_ERROR))) < READ_TIMEOUT + SLOW
    assert connection.answers == {}


def random_bytes(gateway):
    """Whatever they are, after the preface or instead of it."""
    generator = random.Random(1)
    for number in range(40):
        connection = gateway.connect(PREFACE + settings() if number % 2 else b"")
        connection.send(generator.randbytes(generator.randrange(1, 5000)))
        connection.until(lambda: connection.closed, 0.02)
        connection.close()


SILENCES = {"nothing": b"", "half_preface": PREFACE[:12], "preface": PREFACE, "half_header": PREFACE + settings()[:5],
            "half_settings": PREFACE + settings((INITIAL_WINDOW_SIZE, 1))[:-1]}


def silences(gateway):
    """Who does not begin to speak HTTP/2 is left after the read timeout."""
    begin = time.monotonic()
    connections = [gateway.connect(said) for said in SILENCES.values()]
    for connection in connections:
        closes(connection, None, NO_ERROR)
    assert READ_TIMEOUT - 0.2 <= time.monotonic() - begin < READ_TIMEOUT + SLOW


def idle(gateway):
    """Who asks nothing is told so after the idle timeout; a PING is no question. It is left for a while to close, and no longer."""
    connection, other = gateway.connect(), gateway.connect()
    connection.send(ping())
    seconds = took(lambda: (told_goodbye(connection), told_goodbye(other)))
    assert IDLE_TIMEOUT - 0.2 <= seconds < IDLE_TIMEOUT + SLOW, seconds
    other.close()
    assert wait_until(lambda: not is_alive(other.pid), 5)
    connection.send(call(1), ping())
    seconds = took(lambda: closes(connection, NO_ERROR, seconds=10 + SLOW))
    assert 8 <= seconds and 1 not in connection.answers, seconds


# ---- frames that are none

FRAMES = {  # what is sent, and the codes of GOAWAY that it may have; none: it is well, or ignored
    "too_long": (lambda: frame(DATA, 0, 1, b"a" * 100, length=FRAME_MAX + 1), FRAME_SIZE_ERROR),
    "longest": (lambda: frame(HEADERS, END_HEADERS, 1, b"a" * 100, length=(1 << 24) - 1), FRAME_SIZE_ERROR),
    "settings_of_5": (lambda: frame(SETTINGS, 0, 0, b"12345"), FRAME_SIZE_ERROR),
    "settings_ack_with_payload": (lambda: frame(SETTINGS, ACK, 0, b"123456"), FRAME_SIZE_ERROR),
    "settings_of_a_stream": (lambda: frame(SETTINGS, 0, 1), PROTOCOL_ERROR),
    "settings_of_thousands": (lambda: settings(*[(INITIAL_WINDOW_SIZE, 1)] * 2700), ENHANCE_YOUR_CALM),
    "settings_push_2": (lambda: settings((ENABLE_PUSH, 2)), PROTOCOL_ERROR),
    "settings_window_31_bits": (lambda: settings((INITIAL_WINDOW_SIZE, 1 << 31)), FLOW_CONTROL_ERROR),
    "settings_frame_size_low": (lambda: settings((MAX_FRAME_SIZE, 16383)), PROTOCOL_ERROR),
    "settings_frame_size_high": (lambda: settings((MAX_FRAME_SIZE, 1 << 24)), PROTOCOL_ERROR),
    "settings_ack_of_nothing": (lambda: frame(SETTINGS, ACK) * 3, PROTOCOL_ERROR),
    "ping_of_7": (lambda: frame(PING, 0, 0, b"1234567"), FRAME_SIZE_ERROR),
    "ping_of_a_stream": (lambda: frame(PING, 0, 1, b"12345678"), PROTOCOL_ERROR),
    "reset_of_5": (lambda: frame(RST_STREAM, 0, 1, b"12345"), FRAME_SIZE_ERROR),
    "reset_of_idle": (lambda: reset(1), PROTOCOL_ERROR),
    "reset_of_0": (lambda: reset(0), PROTOCOL_ERROR),
    "window_of_3": (lambda: frame(WINDOW_UPDATE, 0, 0, b"123"), FRAME_SIZE_ERROR),
    "window_of_nothing": (lambda: window(0), PROTOCOL_ERROR),
    "window_of_idle": (lambda: window(1, 1), PROTOCOL_ERROR),
    "window_overflow": (lambda: window((1 << 31) - 1) * 2, FLOW_CONTROL_ERROR),
    "priority_of_4": (lambda: frame(PRIORITY, 0, 1, b"1234"), FRAME_SIZE_ERROR),
    "priority_of_0": (lambda: priority(0), PROTOCOL_ERROR),
    "priority_of_itself": (lambda: priority(1, 1), PROTOCOL_ERROR),
    "data_of_idle": (lambda: data(1, b"a"), PROTOCOL_ERROR),
    "data_of_0": (lambda: data(0, b"a"), PROTOCOL_ERROR),
    "data_padded_too_far": (lambda: headers(1, fields()) + frame(DATA, PADDED, 1, b"\x05abc"), PROTOCOL_ERROR),
    "headers_padded_too_far": (lambda: frame(HEADERS, END_HEADERS | PADDED, 1, b"\xff" + block(fields())), PROTOCOL_ERROR),
    "headers_of_0": (lambda: headers(0, fields()), PROTOCOL_ERROR),
    "headers_of_an_even_stream": (lambda: headers(2, fields()), PROTOCOL_ERROR),
    "headers_of_itself": (lambda: frame(HEADERS, END_HEADERS | HAS_PRIORITY, 1, b"\0\0\0\1\0" + block(fields())), PROTOCOL_ERROR),
    "headers_after_the_end": (lambda: call(1) + headers(1, fields()), STREAM_CLOSED),
    "data_after_the_end": (lambda: call(1) + data(1, b"a"), STREAM_CLOSED),
    "push_promise": (lambda: headers(1, fields()) + frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + block(fields())), PROTOCOL_ERROR),
    "continuation_of_nothing": (lambda: frame(CONTINUATION, END_HEADERS, 1, block(fields())), PROTOCOL_ERROR),
    "continuation_of_another": (lambda: frame(HEADERS, 0, 1, block(fields())) + frame(CONTINUATION, END_HEADERS, 3), PROTOCOL_ERROR),
    "ping_before_continuation": (lambda: frame(HEADERS, 0, 1, block(fields())) + ping(), PROTOCOL_ERROR),
    "headers_before_continuation": (lambda: frame(HEADERS, 0, 1, block(fields())) + headers(3, fields()), PROTOCOL_ERROR),
    "goaway_of_7": (lambda: frame(GOAWAY, 0, 0, b"1234567"), FRAME_SIZE_ERROR),
    "hpack_no_such_index": (lambda: frame(HEADERS, END_HEADERS, 1, b"\xff\x80\x7f"), COMPRESSION_ERROR),
    "hpack_index_0": (lambda: frame(HEADERS, END_HEADERS, 1, b"\x80"), COMPRESSION_ERROR),
    "hpack_endless_integer": (lambda: frame(HEADERS, END_HEADERS, 1, b"\xff" * 100), COMPRESSION_ERROR),
    "hpack_cut_off": (lambda: frame(HEADERS, END_HEADERS, 1, block(fields())[:-1]), COMPRESSION_ERROR),
    "hpack_length_too_far": (lambda: frame(HEADERS, END_HEADERS, 1, b"\0\x7f\xff\xff\xff\x7fa"), COMPRESSION_ERROR),
    "hpack_table_of_4_gib": (lambda: frame(HEADERS, END_HEADERS, 1, integer(4294967295, 5, 0x20) + block(fields())), COMPRESSION_ERROR),
    "hpack_table_size_late": (lambda: frame(HEADERS, END_HEADERS, 1, block(fields()) + b"\x20"), COMPRESSION_ERROR),
    "hpack_huffman_end": (lambda: frame(HEADERS, END_HEADERS, 1, b"\0\x84\xff\xff\xff\xff\x01a"), COMPRESSION_ERROR),
}


def bad_frame(gateway, name):
    """The connection ends, and the client is told why."""
    make, *codes = FRAMES[name]
    connection = gateway.connect()
    connection.send(frame(SETTINGS, ACK), make())
    closes(connection, *codes, seconds=IDLE_TIMEOUT + SLOW)


def bad_frames(gateway):
    """All of them; the connections that were there before know nothing of it."""
    other = gateway.connect()
    for number, name in enumerate(FRAMES):
        try:
            bad_frame(gateway, name)
        except AssertionError as error:
            raise AssertionError(name) from error
        lives(other, 2 * number + 1)


IGNORED = {
    "nothing": lambda: b"",
    "unknown_frames": lambda: b"".join(frame(kind, 255, kind, b"a" * kind) for kind in range(16, 256)),
    "unknown_settings": lambda: settings((0, 1), (99, 1), (65535, 4294967295)),
    "reserved_bit": lambda: frame(PING, 0, 1 << 31, b"12345678"),
    "settings_again": lambda: settings((HEADER_TABLE_SIZE, 4294967295), (MAX_FRAME_SIZE, (1 << 24) - 1), (ENABLE_PUSH, 0)) * 5,
    "no_table": lambda: settings((HEADER_TABLE_SIZE, 0)),
    "priorities": lambda: b"".join(priority(stream, stream - 2 if stream > 2 else 0) for stream in range(1, 2001, 2)),
    "padding": lambda: frame(HEADERS, END_HEADERS | PADDED, 1, b"\x10" + block(fields()) + bytes(16)) +
               frame(DATA, PADDED, 1, b"\x03" + message()[:2] + bytes(3)) + frame(DATA, PADDED | END_STREAM, 1, b"\xff" + message()[2:] + bytes(255)),
    "data_of_a_closed_stream": lambda: call(1) + reset(1) + data(1, b"a" * 1000, end=True) + reset(1) + window(5, 1),
    "an_old_stream_again": lambda: call(5) + reset(5) + headers(3, fields(), end=True) + data(3, b"a"),
    "trailers": lambda: headers(1, fields()) + data(1, message()) + headers(1, [("a", "b")], end=True),
    "one_byte_each": lambda: headers(1, fields()) + b"".join(frame(DATA, 0, 1, message()[at:at + 1]) for at in range(5)) + data(1, end=True),
}


def ignored_frame(gateway, name):
    connection = gateway.connect()
    connection.send(IGNORED[name]())
    lives(connection)


def ignored_frames(gateway):
    """What HTTP/2 says is ignored, or well, changes nothing."""
    for name in IGNORED:
        try:
            ignored_frame(gateway, name)
        except AssertionError as error:
            raise AssertionError(name) from error


def half_frames(gateway):
    """A frame that does not end ends with its connection: the idle timeout, or the read timeout of the request that it belongs to."""
    connections = []
    for half in (ping()[:-1], settings((1, 1))[:-1], headers(1, fields())[:-1], headers(1, fields()) + data(1, message())[:-1],
                 frame(HEADERS, 0, 1, block(fields()))):
        connections.append(gateway.connect())
        connections[-1].send(half)
    seconds = took(lambda: [told_goodbye(connection) for connection in connections])
    assert seconds < READ_TIMEOUT + IDLE_TIMEOUT + SLOW, seconds
    for connection in connections:
        if 1 in connection.answers:
            expect(connection.answers[1], DEADLINE_EXCEEDED)


# ---- header blocks

def with_table(size, references):
    """A header block that puts one long header into the table, and then names it again and again."""
    return block(fields()) + literal("a", b"v" * size, b"\x40") + b"\xbe" * references


def hpack_bomb(gateway):
    """A byte for 4 KiB: the header list is refused, and takes no memory."""
    connection = gateway.connect()
    for stream in range(1, 21, 2):
        connection.send(headers(stream, with_table(3900, 16000), end=True))
        answer = connection.answer(stream)
        expect(answer, RESOURCE_EXHAUSTED, "headers")
    lives(connection)


def hpack_bombs_at_once(gateway):
    """On every stream that there may be, none of which ends."""
    connection = gateway.connect()
    connection.send(frame(SETTINGS, ACK), *[headers(stream, with_table(3900, 10000)) for stream in range(1, 257, 2)])
    for stream in range(1, 257, 2):
        expect(connection.answer(stream), RESOURCE_EXHAUSTED)
    lives(connection)


def long_headers(gateway):
    """A little less than 16 KiB of headers is taken, a little more is refused."""
    connection = gateway.connect()
    for stream, length, code in ((1, 15000, OK), (3, 16384, RESOURCE_EXHAUSTED), (5, 30000, RESOURCE_EXHAUSTED), (7, 15000, OK)):
        connection.send(call(stream, long="v" * length))
        expect(connection.answer(stream), code)
    for stream, path in ((9, RUNTIME + "a" * 15000), (11, "/" + "b" * 15000), (13, "c" * 15000)):
        connection.send(call(stream, path))
        expect(connection.answer(stream), UNIMPLEMENTED)
        assert len(connection.answers[stream].text) < 4200
    connection.send(call(15, RUNTIME + "a" * 20000))
    expect(connection.answer(15), RESOURCE_EXHAUSTED)
    lives(connection)


def many_headers(gateway):
    """Thousands of small ones, and the same one thousands of times."""
    connection = gateway.connect()
    connection.send(headers(1, block(fields()) + literal("a", "b") * 3000, end=True))
    expect(connection.answer(1), UNIMPLEMENTED, "no message")
    connection.send(headers(3, block(fields()) + literal("a", "b") * 12000, end=True))
    expect(connection.answer(3), RESOURCE_EXHAUSTED)
    connection.send(headers(5, block(fields()) + literal("grpc-timeout", "x") * 1000, end=True))
    expect(connection.answer(5), INTERNAL, "malformed request", http="400")
    lives(connection)


def continuations(gateway):
    """A few of them are well; a chain of thousands ends the connection."""
    connection = gateway.connect()
    whole = block(fields())
    parts = [whole[at:at + len(whole) // 5 + 1] for at in range(0, len(whole), len(whole) // 5 + 1)]
    connection.send(frame(HEADERS, 0, 1, parts[0]), *[frame(CONTINUATION, 0, 1, part) for part in parts[1:]], frame(CONTINUATION, END_HEADERS, 1),
                    data(1, message(), end=True))
    expect(connection.answer(1), OK)
    for part in (b"", literal("a", "b"), literal("a", "b" * 16000)):
        hostile = gateway.connect()
        hostile.send(frame(HEADERS, 0, 1, whole), *[frame(CONTINUATION, 0, 1, part)] * 3000)
        closes(hostile, ENHANCE_YOUR_CALM, INTERNAL_ERROR)
    lives(connection, 3)


def endless_block(gateway):
    """A header block that never ends: the read timeout."""
    connection = gateway.connect()
    connection.send(frame(HEADERS, 0, 1, block(fields())))
    expect(connection.answer(1), DEADLINE_EXCEEDED)
    # The block may end now: the stream is gone, the connection is well.
    connection.send(frame(CONTINUATION, END_HEADERS, 1, literal("a", "b")))
    lives(connection, 3)


# ---- requests that are none

BASE = fields()
MALFORMED = {
    "method_twice": [(":method", "GET")] + BASE,
    "the_same_method_twice": [(":method", "POST")] + BASE,
    "path_twice": [(":path", RUNTIME + "ListContainers")] + BASE,
    "scheme_twice": [(":scheme", "http")] + BASE,
    "authority_twice": [(":authority", "a")] + BASE,
    "no_method": fields(drop=[":method"]),
    "no_path": fields(drop=[":path"]),
    "no_scheme": fields(drop=[":scheme"]),
    "empty_path": fields(""),
    "pseudo_after_regular": fields(drop=[":path"]) + [(":path", RUNTIME + "Version")],
    "pseudo_that_is_none": [(":protocol", "grpc")] + BASE,
    "pseudo_of_responses": [(":status", "200")] + BASE,
    "upper_case": BASE + [("Grpc-Timeout", "1S")],
    "empty_name": BASE + [("", "a")],
    "blank_in_name": BASE + [("a b", "c")],
    "colon_in_name": BASE + [("a:", "c")],
    "nul_in_name": BASE + [("a\0b", "c")],
    "nul_in_path": fields(RUNTIME + "Version\0"),
    "nul_in_value": BASE + [("a", "b\0c")],
    "newline_in_value": BASE + [("a", "b\nc: d")],
    "return_in_value": BASE + [("a", "b\rc")],
    "nul_after_content_type": fields(drop=["content-type"]) + [("content-type", "application/grpc\0")],
    "connection": BASE + [("connection", "close")],
    "keep_alive": BASE + [("keep-alive", "1")],
    "transfer_encoding": BASE + [("transfer-encoding", "chunked")],
    "upgrade": BASE + [("upgrade", "h2c")],
    "proxy_connection": BASE + [("proxy-connection", "a")],
    "te_that_is_none": fields(drop=["te"]) + [("te", "gzip")],
    "content_type_twice": BASE + [("content-type", "application/grpc")],
    "timeout_twice": BASE + [("grpc-timeout", "1S"), ("grpc-timeout", "9H")],
    "encoding_twice": BASE + [("grpc-encoding", "identity"), ("grpc-encoding", "identity")],
}


def malformed(gateway):
    """HTTP's own rules, which nghttp2 does not check for us: 400 and INTERNAL, and nothing is run."""
    connection = gateway.connect()
    before = read(os.environ["STANDIN_LOG"])
    for number, (name, request) in enumerate(MALFORMED.items()):
        stream = 2 * number + 1
        connection.send(headers(stream, request) + data(stream, message(), end=True))
        answer = connection.answer(stream)
        try:
            expect(answer, INTERNAL, "malformed request: ", http="400")
        except AssertionError as error:
            raise AssertionError(name, answer) from error
    assert read(os.environ["STANDIN_LOG"]) == before
    lives(connection)


WELL_FORMED = {
    "the_sockets_path_as_authority": fields(drop=[":authority"]) + [],
    "authority_of_a_socket": [(":authority", "%2Frun%2Fcri.sock")] + fields(drop=[":authority"]),
    "authority_of_a_bare_path": [(":authority", "/run/cri.sock")] + fields(drop=[":authority"]),
    "no_te": fields(drop=["te"]),
    "other_scheme": [(":scheme", "https")] + fields(drop=[":scheme"]),
    "others_twice": BASE + [("a", "b"), ("a", "c"), ("user-agent", "d"), ("user-agent", "e")],
    "odd_values": BASE + [("a", ""), ("b", " x "), ("c", "\t"), ("d", "\xff\x80"), ("e-bin", "AAE="), ("_!#$%&'*+-.^`|~0", "f")],
    "identity": fields(grpc_encoding="identity", grpc_accept_encoding="gzip, identity"),
    "content_length": fields(content_length="5"),
}


def well_formed(gateway):
    """What clients send, as odd as it may be."""
    connection = gateway.connect()
    for number, (name, request) in enumerate(WELL_FORMED.items()):
        stream = 2 * number + 1
        connection.send(headers(stream, request) + data(stream, message(), end=True))
        try:
            expect(connection.answer(stream), OK)
        except AssertionError as error:
            raise AssertionError(name) from error


def not_grpc(gateway):
    """What is no gRPC gets HTTP's status, and gRPC's where the client may read it."""
    connection = gateway.connect()
    stream = 1
    for method in ("GET", "HEAD", "PUT", "OPTIONS", "CONNECT", "post", "PO ST"):
        connection.send(headers(stream, [(":method", method)] + fields(drop=[":method"]), end=True))
        expect(connection.answer(stream), INTERNAL, http="405")
        stream += 2
    for kind in ("application/json", "application/grpc-web", "application/grpc+json", "text/plain", "", "APPLICATION/GRPC", "a" * 9000):
        connection.send(headers(stream, fields(drop=["content-type"], content_type=kind)) + data(stream, message(), end=True))
        expect(connection.answer(stream), INTERNAL, http="415")
        stream += 2
    connection.send(headers(stream, fields(drop=["content-type"]), end=True))
    expect(connection.answer(stream), INTERNAL, http="415")
    for kind in ("application/grpc+proto", "application/grpc;a=b", "application/grpc+proto; charset=utf-8"):
        stream += 2
        connection.send(headers(stream, fields(drop=["content-type"], content_type=kind)) + data(stream, message(), end=True))
        expect(connection.answer(stream), OK)


PATHS = {
    RUNTIME + "Nothing": "unknown method Nothing for service runtime.v1.RuntimeService",
    RUNTIME + "PullImage": "unknown method PullImage for service runtime.v1.RuntimeService",
    IMAGE + "Version": "unknown method Version for service runtime.v1.ImageService",
    "/runtime.v1alpha2.RuntimeService/Version": "unknown service runtime.v1alpha2.RuntimeService",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": "unknown service grpc.reflection.v1.ServerReflection",
    "/": 'malformed method name: "/"',
    "*": 'malformed method name: "*"',
    "Version": 'malformed method name: "Version"',
    "http://localhost" + RUNTIME + "Version": 'malformed method name: "http://localhost/runtime.v1.RuntimeService/Version"',
    RUNTIME + "../../etc/passwd": "unknown method ../../etc/passwd for service runtime.v1.RuntimeService",
    RUNTIME + "Version%00": "unknown method Version%2500 for service runtime.v1.RuntimeService",
    RUNTIME + "Vers\tion\x7f": "unknown method Vers%09ion%7F for service runtime.v1.RuntimeService",
    RUNTIME + "\u20ac": "unknown method %E2%82%AC for service runtime.v1.RuntimeService",
}


def paths(gateway):
    """What is not there is UNIMPLEMENTED, and named."""
    connection = gateway.connect()
    for number, (path, text) in enumerate(PATHS.items()):
        connection.send(call(2 * number + 1, path))
        answer = connection.answer(2 * number + 1)
        expect(answer, UNIMPLEMENTED)
        assert answer.text == text, answer.text
    connection.send(call(1001, RUNTIME.encode() + b"\xff\xfe%\x80"))
    expect(connection.answer(1001), UNIMPLEMENTED, "unknown method ??%25?")
    connection.send(call(1003, RUNTIME + "Exec"))
    expect(connection.answer(1003), UNIMPLEMENTED)


def timeouts(gateway):
    """A grpc-timeout that is none is told; one that is over is over."""
    connection = gateway.connect()
    stream = 1
    for text in ("", "S", "1", "1s", "-1S", "123456789S", "1.5S", "1S1S", "0x1S", " 1S", "9" * 1000 + "S", "\xff"):
        connection.send(call(stream, grpc_timeout=text))
        expect(connection.answer(stream), INTERNAL, "malformed grpc-timeout")
        stream += 2
    for text in ("0n", "0S", "0H"):
        connection.send(call(stream, grpc_timeout=text))
        expect(connection.answer(stream), DEADLINE_EXCEEDED)
        stream += 2
    connection.send(call(stream, grpc_timeout="1n"))  # on a busy machine docker can be done before anybody looks at a clock
    assert connection.answer(stream).status in (OK, DEADLINE_EXCEEDED), connection.answers[stream]
    stream += 2
    for text in ("99999999H", "99999999S", "00000020S"):
        connection.send(call(stream, grpc_timeout=text))
        expect(connection.answer(stream), OK)
        stream += 2


# ---- bodies

BODIES = {
    "no_message": (b"", UNIMPLEMENTED, "no message"),
    "half_a_prefix": (message()[:3], INTERNAL, "ends before"),
    "cut_off": (message(b"abc")[:-1], INTERNAL, "ends before"),
    "two_messages": (message() * 2, UNIMPLEMENTED, "more than one"),
    "one_byte_more": (message() + b"\0", UNIMPLEMENTED, "more than one"),
    "compressed": (message(b"abc", 1), INTERNAL, "compressed"),
    "flag_255": (message(b"abc", 255), INTERNAL, "compressed"),
    "four_gib": (message(b"abc", length=(1 << 32) - 1), RESOURCE_EXHAUSTED, "CRI_ONESHOT_MAX_REQUEST"),
    "two_gib": (message(b"abc", length=1 << 31), RESOURCE_EXHAUSTED, "CRI_ONESHOT_MAX_REQUEST"),
    "one_more_than_allowed": (message(b"abc", length=16 * MIB + 1), RESOURCE_EXHAUSTED, "CRI_ONESHOT_MAX_REQUEST"),
    "as_much_as_allowed": (message(b"abc", length=16 * MIB), INTERNAL, "ends before"),
    "no_protobuf": (message(b"\x0a"), INVALID_ARGUMENT, "request"),
    "groups": (message(b"\x0b" * 10000), INVALID_ARGUMENT, "request"),
}


def bodies(gateway):
    connection = gateway.connect()
    for number, (name, (body, code, word)) in enumerate(BODIES.items()):
        stream = 2 * number + 1
        connection.send(headers(stream, fields()) + data(stream, body, end=True))
        try:
            expect(connection.answer(stream), code, word)
        except AssertionError as error:
            raise AssertionError(name) from error
    lives(connection)


def bodies_that_do_not_end(gateway):
    """What is known before the request's end is answered before; the stream is reset, and what still comes is ignored."""
    connection = gateway.connect()
    for number, name in enumerate(("two_messages", "compressed", "four_gib")):
        body, code, word = BODIES[name]
        stream = 2 * number + 1
        connection.send(headers(stream, fields()) + data(stream, body))
        expect(connection.answer(stream), code, word)
        assert connection.until(lambda: connection.answers[stream].reset == NO_ERROR)  # pylint: disable=cell-var-from-loop
        connection.send(data(stream, b"a" * 20000, end=True))
    lives(connection)


def gzip(gateway):
    """What is compressed is UNIMPLEMENTED, and the answer says what is not."""
    connection = gateway.connect()
    for stream, encoding in ((1, "gzip"), (3, "deflate"), (5, "snappy"), (7, ""), (9, "identity, gzip")):
        connection.send(headers(stream, fields(grpc_encoding=encoding)) + data(stream, message(b"\x1f\x8b", 1), end=True))
        answer = connection.answer(stream)
        expect(answer, UNIMPLEMENTED, "grpc-encoding")
        assert answer.headers["grpc-accept-encoding"] == "identity", answer
    lives(connection)


def no_end(gateway):
    """A request without END_STREAM: the read timeout, or the client's own where that is sooner. A byte now and then does not put it off."""
    connection = gateway.connect()
    begin = time.monotonic()
    connection.send(headers(1, fields()) + data(1, message()), headers(3, fields(grpc_timeout="100m")) + data(3, message()),
                    headers(5, fields()), headers(7, fields()) + data(7, message(b"abc")[:-1]), headers(9, fields()))
    connection.answer(3)
    assert time.monotonic() - begin < READ_TIMEOUT
    for byte in message(b"a" * 1000):
        connection.send(frame(DATA, 0, 9, bytes([byte])))
        if connection.until(lambda: 9 in connection.answers, 0.05):
            break
    assert time.monotonic() - begin < READ_TIMEOUT + SLOW
    for stream in (1, 3, 5, 7, 9):
        expect(connection.answer(stream), DEADLINE_EXCEEDED, "not complete in time")
    lives(connection)


def client_trailers(gateway):
    """Trailers end a request; headers that do not are malformed."""
    connection = gateway.connect()
    connection.send(headers(1, fields()) + data(1, message()) + headers(1, [("a", "b")] * 100, end=True))
    expect(connection.answer(1), OK)
    connection.send(headers(3, fields()) + data(3, message()) + headers(3, [("a", "b")]))
    expect(connection.answer(3), INTERNAL, "malformed request: ", http="400")
    connection.send(headers(5, fields()) + headers(5, fields("/other"), end=True))
    answer = connection.answer(5)
    assert answer.status in (UNIMPLEMENTED, INTERNAL), answer
    lives(connection)


# ---- floods

def text(number, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value):
    return bytes(varint_bytes(value))


def varint_bytes(value):
    while value > 127:
        yield value & 127 | 128
        value >>= 7
    yield value


def exec_sync(stream, size, **more):
    """A call whose answer is so long."""
    return call(stream, RUNTIME + "ExecSync", text(1, ID) + text(2, "x") + text(2, str(size)), **more)


def pull(stream, **more):
    """A call that does not end by itself."""
    return call(stream, IMAGE + "PullImage", text(1, text(1, "a:b")), **more)


def events(stream, **more):
    """A stream that does not end."""
    return call(stream, RUNTIME + "GetContainerEvents", **more)


def dockers(gateway, word):
    """The docker processes that were started with this word, and run."""
    return [pid for pid in gateway.ours() if word.encode() in read(f"/proc/{pid}/cmdline").split(b"\0")]


def runs():
    return read(os.environ["STANDIN_LOG"]).count(b"\n")


FLOODS = {
    "pings": lambda: ping() * MANY,
    "ping_acks": lambda: frame(PING, ACK, 0, bytes(8)) * MANY,
    "settings": lambda: settings() * MANY,
    "settings_of_windows": lambda: settings((INITIAL_WINDOW_SIZE, 65535), (INITIAL_WINDOW_SIZE, 0)) * MANY,
    "windows": lambda: window(1) * MANY,
    "windows_of_a_stream": lambda: headers(1, fields()) + window(1, 1) * MANY,
    "priorities": lambda: b"".join(priority(stream) for stream in range(1, 2 * MANY, 2)),
    "a_priority_chain": lambda: b"".join(priority(stream, stream - 2 if stream > 1 else 0) for stream in range(1, 2 * MANY, 2)),
    "empty_data": lambda: headers(1, fields()) + data(1) * MANY,
    "one_byte_data": lambda: headers(1, fields()) + data(1, b"\0") * MANY,
    "padding_alone": lambda: headers(1, fields()) + frame(DATA, PADDED, 1, b"\x05" + bytes(5)) * MANY,
    "unknown": lambda: frame(99, 1, 1, b"a") * MANY,
    "trailers": lambda: headers(1, fields()) + headers(1, [("a", "b")]) * MANY,
    "resets_of_one": lambda: call(1) + reset(1) * MANY,
    "refused": lambda: b"".join(headers(stream, fields(), end=True) for stream in range(1, 2 * MANY, 2)),
    "rapid_resets": lambda: b"".join(headers(stream, fields()) + reset(stream) for stream in range(1, 2 * MANY, 2)),
    "rapid_resets_of_calls": lambda: b"".join(call(stream) + reset(stream) for stream in range(1, 2 * MANY, 2)),
    "made_to_reset": lambda: b"".join(call(stream) + window(0, stream) for stream in range(1, 2 * MANY, 2)),
    "malformed": lambda: b"".join(headers(stream, fields() + [("A", "a")], end=True) for stream in range(1, 2 * MANY, 2)),
    "goaways": lambda: goaway() * MANY,
}


def flood(gateway, name):
    """Ten thousand tiny frames: taken or not, it takes a moment and little memory, and no more docker than is allowed."""
    connection = gateway.connect()
    before = runs()
    begin = time.monotonic()
    connection.send(frame(SETTINGS, ACK), FLOODS[name]())
    gateway.polite()
    connection.send(ping(b"the last"))
    connection.until(lambda: connection.closed or connection.frames[-1:] == [(PING, ACK, 0, 8)], 0.3)
    seconds = time.monotonic() - begin
    print(f"{name}: {seconds:.2f} s, {runs() - before} runs, goaway {connection.goaway}, closed {connection.closed}")
    assert seconds < SLOW
    connection.close()


def unread_flood(gateway, name):
    """The same from a client that reads nothing, and sends until nothing goes any more."""
    connection = gateway.connect()
    connection.push(frame(SETTINGS, ACK), FLOODS[name]() * 4, seconds=0.3)
    gateway.polite()


def floods(gateway):
    for name in FLOODS:
        flood(gateway, name)


def unread_floods(gateway):
    for name in FLOODS:
        unread_flood(gateway, name)


# ---- streams

def too_many_streams(gateway):
    """The 129th before the client knows the limit is refused, after it ends the connection; what was begun before is answered."""
    connection = gateway.connect()
    connection.send(*[headers(stream, fields()) for stream in range(1, 2 * 140, 2)])
    connection.send(*[data(stream, message(), end=True) for stream in range(1, 2 * 128, 2)])
    for stream in range(1, 2 * 128, 2):
        expect(connection.answer(stream), OK)
    for stream in range(257, 2 * 140, 2):
        assert connection.answer(stream).reset == REFUSED_STREAM, stream
    lives(connection)
    hostile = gateway.connect()
    hostile.send(frame(SETTINGS, ACK), *[headers(stream, fields()) for stream in range(1, 2 * 129, 2)])
    closes(hostile, PROTOCOL_ERROR)


def waiting_streams(gateway):
    """More calls than translators may run at once: further ones wait for their turn, or end at their deadline."""
    before = runs()
    connection = gateway.connect()
    connection.send(*[pull(stream) for stream in range(1, 2 * 32, 2)])
    assert wait_until(lambda: len(dockers(gateway, "pull")) == 32)
    connection.send(call(65), call(67, grpc_timeout="200m"))
    expect(connection.answer(67), DEADLINE_EXCEEDED, "too many calls at once")
    assert 65 not in connection.answers and runs() - before == 32
    connection.send(reset(1))
    expect(connection.answer(65), OK)
    assert wait_until(lambda: len(dockers(gateway, "pull")) == 31)


def resets(gateway):
    """A stream that is reset in any state is forgotten, and its docker ended."""
    connection = gateway.connect()
    connection.send(headers(1, fields()), reset(1))                              # before its body
    connection.send(headers(3, fields()) + data(3, message(b"a" * 9)[:7]), reset(3))  # within its body
    connection.send(pull(5))
    assert wait_until(lambda: dockers(gateway, "pull"))
    connection.send(reset(5))                                                    # while docker runs
    assert wait_until(lambda: not dockers(gateway, "pull"))
    connection.send(exec_sync(7, MIB))
    assert connection.until(lambda: 7 in connection.answers and connection.answers[7].body)
    connection.send(reset(7))                                                    # within its answer
    connection.send(window(MIB), exec_sync(9, 3))
    expect(connection.answer(9), OK)
    connection.send(reset(9))                                                    # after it
    connection.send(pull(11), reset(11))                                         # before docker runs
    connection.send(frame(HEADERS, 0, 13, block(fields())[:20]), frame(CONTINUATION, END_HEADERS, 13, block(fields())[20:]), reset(13))
    for stream in range(1, 15, 2):
        connection.send(reset(stream))
    lives(connection)
    assert wait_until(lambda: not dockers(gateway, "pull") and not dockers(gateway, "exec"))


def resets_of_running_calls(gateway):
    """Calls that are reset once their docker runs, one after the other: never more than may run at once."""
    connection = gateway.connect()
    before = runs()
    for stream in range(1, 401, 2):
        connection.send(pull(stream))
        connection.until(lambda: False, 0.005)
        connection.send(reset(stream))
    assert len(gateway.ours()) < 3 * 32 + 10
    print(runs() - before, "runs")
    lives(connection)


def deadline(gateway):
    """A deadline ends docker, and is told."""
    connection = gateway.connect()
    connection.send(pull(1, grpc_timeout="300m"), events(3, grpc_timeout="300m"))
    expect(connection.answer(1), DEADLINE_EXCEEDED)
    connection.send(window(1 << 30), window(1 << 30, 3))
    expect(connection.answer(3), DEADLINE_EXCEEDED)
    assert wait_until(lambda: not dockers(gateway, "pull") and not dockers(gateway, "events"))
    lives(connection)


# ---- windows

def zero_window(gateway):
    """A window that never opens gets an answer's headers, and no byte more; then it is given up on, and docker with it."""
    connection = gateway.connect(PREFACE + settings((INITIAL_WINDOW_SIZE, 0)))
    connection.send(exec_sync(1, 8 * MIB), events(3), exec_sync(5, 10))
    for stream in (1, 3, 5):
        assert connection.until(lambda: stream in connection.answers)  # pylint: disable=cell-var-from-loop
    assert wait_until(lambda: dockers(gateway, "events"))
    connection.send(call(7))
    gateway.polite()
    for stream in (1, 3, 5, 7):
        answer = connection.answer(stream, READ_TIMEOUT + SLOW)
        assert answer.reset == CANCEL and answer.body == b"", answer
    assert wait_until(lambda: not dockers(gateway, "events") and not dockers(gateway, "exec"))
    connection.send(settings((INITIAL_WINDOW_SIZE, 65535)))
    lives(connection)


def zero_windows(gateway):
    """On all the streams that there may be."""
    gateway.memory = 24 * MIB
    connection = gateway.connect(PREFACE + settings((INITIAL_WINDOW_SIZE, 0)))
    connection.send(frame(SETTINGS, ACK), *[exec_sync(stream, MIB // 2) for stream in range(1, 257, 2)])
    gateway.polite()
    for stream in range(1, 257, 2):
        assert connection.answer(stream, READ_TIMEOUT + 2 * SLOW).reset == CANCEL
    assert wait_until(lambda: not dockers(gateway, "exec"))


def tiny_windows(gateway):
    """A byte at a time is slow, and well."""
    connection = gateway.connect(PREFACE + settings((INITIAL_WINDOW_SIZE, 1)))
    connection.send(exec_sync(1, 200))
    for _ in range(1000):
        connection.send(window(1, 1))
    expect(connection.answer(1), OK)
    assert len(connection.answers[1].body) > 200


def reads_nothing(gateway):
    """Who does not read gets no more than a socket holds; then it is given up on, and docker with it."""
    connection = gateway.connect(PREFACE + settings((INITIAL_WINDOW_SIZE, (1 << 31) - 1)) + window((1 << 31) - 1 - 65535))
    connection.push(*[exec_sync(stream, 8 * MIB) for stream in range(1, 9, 2)], events(11))
    assert wait_until(lambda: dockers(gateway, "events"))
    gateway.polite()
    pinging = gateway.connect()
    assert not pinging.push(ping() * 100000, seconds=0.3)
    for one in (connection, pinging):
        assert wait_until(lambda: not is_alive(one.pid), READ_TIMEOUT + SLOW), "it waits for ever"  # pylint: disable=cell-var-from-loop
    assert wait_until(lambda: not dockers(gateway, "events") and not dockers(gateway, "exec"))


def window_overflows(gateway):
    """A stream's window beyond its limit is its own error."""
    connection = gateway.connect()
    connection.send(pull(1), window((1 << 31) - 1, 1))
    assert connection.answer(1).reset == FLOW_CONTROL_ERROR
    connection.send(pull(3), settings((INITIAL_WINDOW_SIZE, (1 << 31) - 1)), window(5, 3))
    assert connection.until(lambda: connection.closed or (3 in connection.answers and connection.answers[3].reset == FLOW_CONTROL_ERROR))
    assert wait_until(lambda: not dockers(gateway, "pull"))


def long_answers(gateway):
    """Several of 8 MiB at once come whole, through a window of 64 KiB, and take no memory."""
    connection = gateway.connect()
    connection.send(*[exec_sync(stream, 8 * MIB) for stream in (1, 3, 5)])
    while not all(stream in connection.answers and connection.answers[stream].ended for stream in (1, 3, 5)):
        had = {stream: len(answer.body) for stream, answer in connection.answers.items()}
        connection.take()
        grown = {stream: len(answer.body) - had.get(stream, 0) for stream, answer in connection.answers.items()}
        connection.send(*[window(more, stream) for stream, more in grown.items() if more], window(sum(grown.values()) or 1))
    for stream in (1, 3, 5):
        expect(connection.answers[stream], OK)
        assert len(connection.answers[stream].body) > 8 * MIB


def long_requests(gateway):
    """16 MiB is taken; what is held of all requests has a limit, and so has the memory."""
    gateway.memory = 256 * MIB
    connection = gateway.connect()
    begun = range(1, 13, 2)
    half = 12 * MIB
    for stream in begun:
        connection.send(headers(stream, fields()), data(stream, message(length=half)))
    for stream in begun:
        for _ in range(half // MIB - 1):
            connection.send(data(stream, bytes(MIB)))
    refused = [stream for stream in begun if stream in connection.answers]
    print(len(refused), "refused")
    assert 0 < len(refused) < len(begun)
    for stream in refused:
        expect(connection.answer(stream), RESOURCE_EXHAUSTED, "too many long requests at once")
    for stream in begun:
        connection.send(reset(stream))
    connection.send(call(101, body=text(1, b"v" * (16 * MIB - 64))))
    expect(connection.answer(101), OK)


# ---- ends

def goaway_and_wait(gateway):
    """A client that says goodbye is left when its calls are answered."""
    connection = gateway.connect()
    connection.send(goaway())
    closes(connection, None, NO_ERROR, seconds=IDLE_TIMEOUT)
    connection = gateway.connect()
    connection.send(exec_sync(1, 3), goaway())
    expect(connection.answer(1), OK)
    closes(connection, None, NO_ERROR, seconds=IDLE_TIMEOUT)


def half_closed(gateway):
    """A client that has closed its side is gone: gRPC's never do that and stay. Its docker ends."""
    for begun in (b"", PREFACE, PREFACE + settings(), PREFACE + settings() + headers(1, fields()), PREFACE + settings() + pull(1),
                  PREFACE + settings() + events(1)):
        connection = gateway.connect(begun)
        if begun.endswith(pull(1)):
            assert wait_until(lambda: dockers(gateway, "pull"))
        connection.socket.shutdown(socket.SHUT_WR)
        closes(connection, None)
    assert gateway.idle()


def hangs_up(gateway):
    """A client that goes leaves nothing, whatever it had begun."""
    for number in range(20):
        connection = gateway.connect()
        connection.send(pull(1), events(3), exec_sync(5, 8 * MIB), headers(7, fields()))
        if number % 2:
            connection.until(lambda: 3 in connection.answers)
        connection.close()
    assert gateway.idle()


def told_to_end(gateway):
    """TERM: calls with one answer get it, streams end; a second TERM ends all."""
    connection = gateway.connect()
    connection.send(events(1), call(3), headers(5, fields()))
    assert connection.until(lambda: 1 in connection.answers)
    os.kill(connection.pid, signal.SIGTERM)
    connection.send(window(1 << 30), window(1 << 30, 1))
    expect(connection.answer(1), UNAVAILABLE, "told to end")
    expect(connection.answer(3), OK)
    connection.send(call(7), data(5, message(), end=True))
    connection.until(lambda: connection.closed)
    assert connection.goaway == NO_ERROR and 7 not in connection.answers
    connection = gateway.connect()
    connection.send(pull(1))
    assert wait_until(lambda: dockers(gateway, "pull"))
    os.kill(connection.pid, signal.SIGTERM)
    assert connection.until(lambda: connection.goaway == NO_ERROR)
    assert dockers(gateway, "pull")
    os.kill(connection.pid, signal.SIGTERM)
    closes(connection, NO_ERROR)
    assert gateway.idle()


def goodbye_unread(gateway):
    """A call that comes when we have said goodbye, and the client has not read it yet, is not run: its client makes it anew."""
    before = runs()
    connection = gateway.connect(PREFACE + settings((INITIAL_WINDOW_SIZE, (1 << 31) - 1)) + window((1 << 31) - 1 - 65535))
    connection.push(frame(SETTINGS, ACK), exec_sync(1, 8 * MIB))
    assert wait_until(lambda: runs() == before + 1)
    time.sleep(0.3)  # the socket is full
    os.kill(connection.pid, signal.SIGTERM)
    time.sleep(0.1)
    connection.push(exec_sync(3, 3))
    time.sleep(0.3)
    expect(connection.answer(1), OK)
    closes(connection, NO_ERROR)
    assert runs() == before + 1 and 3 not in connection.answers, connection.answers


def listener_told_twice(gateway):
    """A second TERM of the listener's is its connections', too."""
    connection = gateway.connect()
    connection.send(pull(1))
    assert wait_until(lambda: dockers(gateway, "pull"))
    gateway.process.send_signal(signal.SIGTERM)
    assert connection.until(lambda: connection.goaway == NO_ERROR)
    assert dockers(gateway, "pull") and gateway.process.poll() is None
    gateway.process.send_signal(signal.SIGTERM)
    assert gateway.process.wait(SLOW) == 0
    assert wait_until(lambda: not gateway.ours())


# ---- connections

def silent_connections(gateway):
    """As many as there may be, all of them silent: who comes then waits until they are left, and is answered."""
    begin = time.monotonic()
    silent = [gateway.raw() for _ in range(30)]
    begun = [Connection(gateway.raw()) for _ in range(30)]
    gateway.polite()
    assert READ_TIMEOUT - 0.2 <= time.monotonic() - begin < READ_TIMEOUT + SLOW
    assert len(gateway.children()) <= 40
    for connection in silent + begun:
        connection.close()


def many_connections(gateway):
    """Thousands, one after the other and many at once, most of which say nothing or nonsense."""
    begin = time.monotonic()
    for number in range(3000):
        sock = gateway.raw()
        if number % 3:
            sock.send((b"GET / HTTP/1.1\r\n\r\n", PREFACE + settings())[number % 3 - 1])
        sock.close()
        if number % 1000 == 0:
            gateway.polite()
    waiting = [gateway.raw() for _ in range(900)]
    for sock in waiting:
        sock.close()
    gateway.polite()
    seconds = time.monotonic() - begin
    print(f"{seconds:.2f} s")
    assert gateway.idle()
    assert seconds < 60


def few_descriptors(gateway):
    """Where there are none left for a translator, its call waits for one that ends; those that run go on."""
    connection = gateway.connect()
    connection.send(*[pull(stream) for stream in range(1, 41, 2)])
    assert wait_until(lambda: dockers(gateway, "pull"))
    time.sleep(1)
    running = len(dockers(gateway, "pull"))
    print(running, "of 20 run")
    assert 0 < running < 20 and not connection.answers, connection.answers
    connection.send(reset(1))
    assert wait_until(lambda: len([run for run in open(os.environ["STANDIN_LOG"], encoding="utf-8") if "pull" in run]) > running)
    for stream in range(3, 41, 2):
        connection.send(reset(stream))
    assert wait_until(lambda: not dockers(gateway, "pull"))
    lives(connection)


def full_house(gateway):
    """As many calls as there may be, all at once, are all answered."""
    connection = gateway.connect()
    connection.send(frame(SETTINGS, ACK), *[call(stream) for stream in range(1, 2 * 128, 2)])
    for stream in range(1, 2 * 128, 2):
        expect(connection.answer(stream, 60), OK)
    lives(connection)


def shared_limit(gateway):
    """All connections together run no more translators than may run at once; a further call waits, or ends at its deadline; and what
    a process that was killed had is the others'."""
    connections = [gateway.connect() for _ in range(40)]
    for connection in connections:
        connection.send(frame(SETTINGS, ACK), *[pull(stream) for stream in range(1, 2 * 128, 2)])
    assert wait_until(lambda: len(dockers(gateway, "pull")) == 16)
    late = gateway.connect()
    late.send(call(1), call(3, grpc_timeout="300m"))
    expect(late.answer(3), DEADLINE_EXCEEDED, "too many calls at once")
    assert 1 not in late.answers and len(dockers(gateway, "pull")) == 16
    assert not any(connection.answers for connection in connections)
    for connection in connections:
        os.kill(connection.pid, signal.SIGKILL)
    expect(late.answer(1), OK)
    assert wait_until(lambda: not dockers(gateway, "pull"))
    late.send(*[pull(stream) for stream in range(5, 5 + 2 * 32, 2)])
    assert wait_until(lambda: len(dockers(gateway, "pull")) == 16)
    time.sleep(0.5)
    assert len(dockers(gateway, "pull")) == 16
    late.close()
    assert wait_until(lambda: not dockers(gateway, "pull"))
    lives(gateway.connect())


# ---- translators

def broken_translator(gateway, code, *words):
    """A translator that does not do its work is told of; the connection lives on."""
    connection = gateway.connect()
    for stream, request in ((1, call(1)), (3, pull(3)), (5, events(5)), (7, exec_sync(7, 5))):
        connection.send(request)
        expect(connection.answer(stream), int(code), *words)
    connection.send(headers(9, fields()) + data(9, message(b"v" * MIB), end=True))
    connection.answer(9)
    connection.send(call(11, RUNTIME + "Nothing"))
    expect(connection.answer(11), UNIMPLEMENTED)


def hanging_translator(gateway):
    """A translator that neither answers nor ends is left at the deadline, and a moment."""
    connection = gateway.connect()
    connection.send(call(1, grpc_timeout="100m"))
    seconds = took(lambda: expect(connection.answer(1), DEADLINE_EXCEEDED))
    assert 3 <= seconds < 3 + SLOW, seconds
    assert wait_until(lambda: len(gateway.ours()) == 2)


def late_translator(gateway):
    """When the time is up after a step, the next one is not begun: what it would do is not wanted any more."""
    connection = gateway.connect()
    connection.send(call(1, RUNTIME + "StartContainer", text(1, ID), grpc_timeout="200m"))
    expect(connection.answer(1), DEADLINE_EXCEEDED)
    assert runs() == 1, runs()


def translator_that_stays(gateway):
    """A translator that stays when its client has gone keeps the connection's process, but not from ending when it is told to."""
    connection = gateway.connect()
    connection.send(call(1))
    assert wait_until(lambda: len(gateway.ours()) == 3)
    connection.close()
    time.sleep(0.3)
    assert is_alive(connection.pid)
    os.kill(connection.pid, signal.SIGTERM)
    assert wait_until(lambda: not is_alive(connection.pid), 4)


def descriptors(gateway):
    """A translator has three descriptors, and not one of the connection's."""
    connection = gateway.connect()
    connection.send(call(1), call(3), call(5))
    for stream in (1, 3, 5):
        expect(connection.answer(stream), INTERNAL)
    def seen():
        return [read(f"{FOLDER}/{name}") for name in os.listdir(FOLDER) if name.startswith("descriptors.")]
    assert wait_until(lambda: seen() == [b"0\n1\n2\n3\n"] * 3), seen()  # the last is the folder's


# ---- a client on standard input and output

def served(*command):
    """cri-gateway on a socket, as inetd starts it, by the command: our end, and the process."""
    ours, theirs = socket.socketpair()
    with theirs:
        return Connection(ours), subprocess.Popen(command, stdin=theirs, stdout=theirs)


def born_with_children():
    """Children of another's, that a shell has left to it, are neither counted nor waited for."""
    connection, process = served("sh", "-c", 'sleep 0.2 & sleep 20 & echo "$!" >"$FOLDER/pid"; exec "$CRI_GATEWAY"')
    try:
        connection.until(lambda: False, 0.5)
        connection.send(call(1))
        expect(connection.answer(1), OK)
        connection.send(pull(3))
        connection.until(lambda: False, 0.3)
        connection.close()
        assert process.wait(SLOW) == 0
    finally:
        process.kill()
        os.kill(int(read(f"{FOLDER}/pid")), signal.SIGKILL)


def on_pipes():
    """Two pipes do as well as a socket; when either is closed, the client is gone."""
    for closed in (0, 1):
        reader, writer = os.pipe()
        process = subprocess.Popen([os.environ["CRI_GATEWAY"]], stdin=reader, stdout=subprocess.PIPE)
        os.close(reader)
        os.write(writer, PREFACE + settings() + exec_sync(1, 30000) + pull(3))
        assert len(process.stdout.read(20000)) == 20000
        if closed:
            process.stdout.close()
        else:
            os.close(writer)
        assert process.wait(SLOW) == 0
        if closed:
            os.close(writer)
        else:
            process.stdout.close()


def on_tcp():
    """TCP is refused, call by call, unless a setting allows it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        with server.accept()[0] as theirs:
            process = subprocess.Popen([os.environ["CRI_GATEWAY"]], stdin=theirs, stdout=theirs, stderr=theirs)
    connection = Connection(ours)
    connection.send(call(1))
    if os.environ.get("CRI_ONESHOT_ALLOW_TCP") == "yes":
        expect(connection.answer(1), OK)
    else:
        expect(connection.answer(1), 7, "CRI_ONESHOT_ALLOW_TCP")
    connection.close()
    assert process.wait(SLOW) == 0


def wrong_setting():
    """A setting that cannot be is every call's answer, and nothing is run."""
    connection, process = served(os.environ["CRI_GATEWAY"])
    connection.send(call(1), headers(3, fields()), pull(5))
    for stream in (1, 3, 5):
        expect(connection.answer(stream), 9, "CRI_GATEWAY_CHILDREN")
    connection.close()
    assert process.wait(SLOW) == 0 and runs() == 0


# ---- load, by nghttp2's h2load

def load(gateway, requests, path, body, *options):
    """So many calls are all answered, each with its one docker, in little memory; returns the bytes of answers for each call."""
    with open(f"{FOLDER}/body", "wb") as file:
        file.write(message(body))
    before = runs()
    process = subprocess.Popen(["h2load", "-n", str(requests), "-B", f"unix:{gateway.path}", "-d", f"{FOLDER}/body",
                                "-H", "content-type: application/grpc", "-H", "te: trailers", *options, f"http://localhost{path}"],
                               stdout=subprocess.PIPE, text=True)
    while process.poll() is None:
        for pid in gateway.children():
            gateway.peaks.setdefault(pid, 0)
        time.sleep(0.02)
    output = process.stdout.read()
    print(re.search(r"finished in .*", output).group(), runs() - before, "runs")
    assert f"{requests} total, {requests} started, {requests} done, {requests} succeeded, 0 failed, 0 errored, 0 timeout" in output, output
    assert f"status codes: {requests} 2xx" in output, output
    assert gateway.idle(), "a process is left"
    return int(re.search(r"\((\d+)\) data", output).group(1)) / requests, runs() - before


def load_of_versions(gateway):
    """500 calls, 128 in flight."""
    size, docker = load(gateway, 500, RUNTIME + "Version", b"", "-c", "4", "-m", "32")
    connection = gateway.connect()
    connection.send(call(1))
    assert (size, docker) == (len(connection.answer(1).body), 500), (size, docker)


def load_of_long_answers(gateway):
    """100 answers of 300 KiB through windows of a KiB."""
    size, docker = load(gateway, 100, RUNTIME + "ExecSync", text(1, ID) + text(2, "x") + text(2, "300000"), "-c", "3", "-m", "8",
                        "-w", "10", "-W", "10")
    assert 300000 < size < 300020 and docker == 100, (size, docker)


def load_of_errors(gateway):
    """10,000 calls that nothing is run for, on 16 connections."""
    assert load(gateway, 10000, RUNTIME + "Nothing", b"", "-c", "16", "-m", "100") == (0, 0)


OPTIONS = {"silent_connections": ["--connections=40"]}


def main(name, *arguments):
    if name in ("born_with_children", "on_pipes", "on_tcp", "wrong_setting"):
        globals()[name](*arguments)
        return
    with Gateway(*OPTIONS.get(name, [])) as gateway:
        gateway.begin()
        globals()[name](gateway, *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
