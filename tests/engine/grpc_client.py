#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""This script is a gRPC client of the CRI that shares no code with cri-gateway: grpcio and Google's protobuf library.

grpc_client.py SOCKET RPC [JSON]     one call; a JSON document for each message, or "RPC: CODE: message" on standard error
"""
import json
import sys

import grpc
from google.protobuf import json_format
from runtime.v1 import api_pb2

LIMIT = 16 * 1024 * 1024  # as crictl and the kubelet have it
RPCS = [method.name for service in api_pb2.DESCRIPTOR.services_by_name.values() for method in service.methods]


def streams(method):
    return method == "GetContainerEvents" or method.startswith("Stream")


class Cri:
    """A connection: cri.Version() and so on, with the request's fields as JSON, as words, or as a message.

    The names of the RPCs that were called are in called."""

    def __init__(self, socket, options=()):
        # Channels of one process share their connections, unless told otherwise.
        self.channel = grpc.insecure_channel(f"unix:{socket}", options=[
            ("grpc.max_receive_message_length", LIMIT), ("grpc.max_send_message_length", -1),
            ("grpc.use_local_subchannel_pool", 1), *options])
        self.called = set()
        for service in api_pb2.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                setattr(self, method.name, self._call_of(service, method))

    def _call_of(self, service, method):
        request = getattr(api_pb2, method.input_type.name)
        response = getattr(api_pb2, method.output_type.name)
        make = self.channel.unary_stream if streams(method.name) else self.channel.unary_unary
        call = make(f"/{service.full_name}/{method.name}", request_serializer=self._bytes_of,
                    response_deserializer=response.FromString)

        def run(document=None, deadline=60, future=False, **fields):
            self.called.add(method.name)
            message = document
            if not isinstance(document, (request, bytes)):
                message = request()
                json_format.ParseDict(dict(document or {}, **fields), message)
            if future and not streams(method.name):
                return call.future(message, timeout=deadline)
            return call(message, timeout=deadline)

        return run

    @staticmethod
    def _bytes_of(message):
        return message if isinstance(message, bytes) else message.SerializeToString()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()


def show(message):
    print(json.dumps(json_format.MessageToDict(message, preserving_proto_field_name=True), sort_keys=True), flush=True)


def main(socket, method, text="{}"):
    with Cri(socket) as cri:
        try:
            answer = getattr(cri, method)(json.loads(text))
            for message in answer if streams(method) else [answer]:
                show(message)
        except grpc.RpcError as error:
            sys.exit(f"{method}: {error.code().name}: {error.details()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
