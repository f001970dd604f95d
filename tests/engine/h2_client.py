# SPDX-License-Identifier: Apache-2.0
"""This module is a gRPC client that does what a stock one does not: it reads when it is told to, has the window that it is told to
have, and sees each of HTTP/2's words. It is python3-h2, and shares no code with cri-gateway.
"""
import socket
import struct
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
from runtime.v1 import api_pb2 as api

SERVICES = {method.name: service.full_name for service in api.DESCRIPTOR.services_by_name.values() for method in service.methods}


class Answer:
    """What has come on a stream so far."""

    def __init__(self):
        self.headers, self.body, self.trailers, self.reset, self.ended = {}, b"", {}, None, False

    def status(self):
        code = self.trailers.get("grpc-status", self.headers.get("grpc-status"))
        return None if code is None else int(code)

    def text(self):
        return self.trailers.get("grpc-message", self.headers.get("grpc-message", ""))

    def messages(self):
        """Those that are whole."""
        found, at = [], 0
        while len(self.body) - at >= 5:
            compressed, length = struct.unpack(">BI", self.body[at:at + 5])
            if compressed or len(self.body) - at - 5 < length:
                break
            found.append(self.body[at + 5:at + 5 + length])
            at += 5 + length
        return found


class Connection:
    """window: the initial one of each stream; patient: what was read is not acknowledged, so that the window closes."""

    def __init__(self, path, window=65535, connection_window=65535, patient=False, authority="localhost"):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.patient, self.authority = patient, authority
        self.http2 = h2.connection.H2Connection(h2.config.H2Configuration(
            header_encoding="utf-8", validate_outbound_headers=False, validate_inbound_headers=True))
        self.http2.initiate_connection()
        self.http2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        if connection_window > 65535:
            self.http2.increment_flow_control_window(connection_window - 65535)
        self.answers, self.goaway, self.settings, self.pongs, self.closed = {}, None, {}, 0, False
        self.flush()

    def flush(self):
        self.socket.sendall(self.http2.data_to_send())

    def close(self):
        self.socket.close()

    # ==== what is sent

    def headers(self, rpc, **more):
        """more: further headers; an underscore is a hyphen, None takes one away."""
        all = {":method": "POST", ":scheme": "http", ":path": f"/runtime.v1.{SERVICES.get(rpc, 'x').split('.')[-1]}/{rpc}",
               ":authority": self.authority, "te": "trailers", "content-type": "application/grpc"}
        all.update({name.replace("_", "-"): value for name, value in more.items()})
        return [(name, value) for name, value in all.items() if value is not None]

    def call_headers(self, rpc, **more):
        """Begins an RPC, without its request; returns its stream."""
        stream = self.http2.get_next_available_stream_id()
        self.answers[stream] = Answer()
        self.http2.send_headers(stream, self.headers(rpc, **more))
        self.flush()
        return stream

    def call(self, rpc, message=b"", **more):
        """Begins an RPC; returns its stream."""
        stream = self.call_headers(rpc, **more)
        message = message if isinstance(message, bytes) else message.SerializeToString()
        self.send(stream, struct.pack(">BI", 0, len(message)) + message, end=True)
        return stream

    def send(self, stream, data, end=False):
        while data:
            room = min(self.http2.local_flow_control_window(stream), self.http2.max_outbound_frame_size, len(data))
            if room <= 0:
                self.flush()
                self.read()
                continue
            self.http2.send_data(stream, data[:room])
            data = data[room:]
        if end:
            self.http2.end_stream(stream)
        self.flush()

    # ==== what comes

    def read(self, within=60):
        """One read; False at the end, or when nothing has come."""
        self.socket.settimeout(within)
        try:
            data = self.socket.recv(65536)
        except (TimeoutError, BlockingIOError):
            return False
        except ConnectionError:
            data = b""
        if not data:
            self.closed = True
            return False
        for event in self.http2.receive_data(data):
            self.take(event)
        try:
            self.flush()
        except OSError:
            pass
        return True

    def take(self, event):
        answer = self.answers.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ResponseReceived):
            answer.headers = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data
            if not self.patient:
                self.http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            answer.trailers = dict(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            answer.ended = True
        elif isinstance(event, h2.events.StreamReset):
            answer.reset, answer.ended = event.error_code, True
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.settings.update({code: change.new_value for code, change in event.changed_settings.items()})
        elif isinstance(event, h2.events.PingAckReceived):
            self.pongs += 1

    def wait(self, condition, within=60):
        until = time.monotonic() + within
        while not condition():
            left = until - time.monotonic()
            if self.closed or left <= 0:
                return False
            self.read(left)
        return True

    def answer(self, stream, within=60):
        """The whole answer."""
        answer = self.answers[stream]
        if not self.wait(lambda: answer.ended, within):
            raise TimeoutError(f"no end of stream {stream}: {vars(answer)}, closed: {self.closed}")
        return answer
