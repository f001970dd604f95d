#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""This script stands before a registry and gives out its layers a byte at a time, so that a pull takes as long as it is let.

slow_registry.py ADDRESS FOLDER     writes its own address to FOLDER/address; for each layer that is under way there is a file
                                    FOLDER/layer.N, which goes when the other side does
"""
import http.client
import os
import select
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ADDRESS, FOLDER = sys.argv[1:]


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.forward()

    def do_GET(self):
        self.forward()

    def forward(self):
        registry = http.client.HTTPConnection(ADDRESS)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        registry.request(self.command, self.path, headers=headers)
        answer = registry.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("date", "server", "connection"):
                self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.slow(body) if "/blobs/" in self.path and len(body) > 100000 else self.wfile.write(body)

    def slow(self, body):
        path = os.path.join(FOLDER, f"layer.{self.client_address[1]}")
        with open(path, "w", encoding="utf-8"):
            pass
        try:
            for byte in body:
                # What the other side sends now is its end.
                if select.select([self.connection], [], [], 0.1)[0]:
                    break
                self.wfile.write(bytes([byte]))
        except OSError:
            pass
        finally:
            os.remove(path)
            self.close_connection = True


server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
server.daemon_threads = True
with open(os.path.join(FOLDER, "address.new"), "w", encoding="utf-8") as file:
    file.write(f"127.0.0.1:{server.server_port}")
os.rename(os.path.join(FOLDER, "address.new"), os.path.join(FOLDER, "address"))
server.serve_forever()
