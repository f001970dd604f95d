#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""This script is a registry that wants credentials and then answers each repository in an odd way of its own: as registries, and what
stands before them, have been seen to.

odd_registry.py FOLDER      writes its own address to FOLDER/address
"""
import hashlib
import json
import os
import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = sys.argv[1]
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OTHERS = "application/vnd.docker.distribution.manifest.list.v2+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def described(data, kind):
    return {"mediaType": kind, "size": len(data), "digest": digest(data)}


WORD = b"not what was promised"
SETTINGS = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                       "rootfs": {"type": "layers", "diff_ids": [digest(WORD)]}}).encode()


def image(kind, layer=WORD):
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": described(SETTINGS, kind),
                       "layers": [described(layer, LAYER)]}).encode()


def error(code, message):
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


JSON, HTML = "application/json", "text/html"
# repository: status, type and body of the answer to a manifest
ANSWERS = {
    "denied": (403, JSON, error("DENIED", "denied")),
    "forbidden": (403, JSON, error("DENIED", "access forbidden")),
    "unauthorized": (401, JSON, error("UNAUTHORIZED", "access to the requested resource is not authorized")),
    "limited": (429, JSON, error("TOOMANYREQUESTS", "You have reached your unauthenticated pull rate limit.")),
    "nameless": (404, JSON, error("NAME_UNKNOWN", "repository name not known to registry")),
    "unavailable": (503, JSON, error("UNAVAILABLE", "service unavailable")),
    "down": (502, HTML, b"<html>bad gateway</html>"),
    "html-forbidden": (403, JSON, b"<html>no</html>"),
    "html-limited": (429, JSON, b"<html>slow down</html>"),
    "foreign": (200, OTHERS, json.dumps({"schemaVersion": 2, "mediaType": OTHERS, "manifests": [
        {**described(b"{}", MANIFEST), "platform": {"architecture": "s390x", "os": "linux"}}]}).encode()),
    "chart": (200, MANIFEST, image("application/vnd.cncf.helm.config.v1+json")),
    "changed": (200, MANIFEST, image(CONFIG)),
    "lost": (200, MANIFEST, image(CONFIG, b"lost")),
}


class Registry(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        parts = self.path.split("/")
        if "Authorization" not in self.headers:
            self.answer(401, JSON, error("UNAUTHORIZED", "authentication required"))
        elif len(parts) < 5:
            self.answer(200, JSON, b"{}")
        elif parts[3] == "manifests":
            self.manifest(parts[2])
        elif parts[4] == digest(SETTINGS):
            self.answer(200, "application/octet-stream", SETTINGS)
        elif parts[4] == digest(WORD):
            self.answer(200, "application/octet-stream", WORD.upper())
        else:
            self.answer(404, JSON, error("BLOB_UNKNOWN", "blob unknown to registry"))

    def manifest(self, name):
        if name == "closed":
            self.close_connection = True
        elif name == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif name == "telltale":
            self.answer(403, JSON, error("DENIED", f"the header is {self.headers['Authorization']}"))
        else:
            self.answer(*ANSWERS[name])

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="odd"')
        if kind in (MANIFEST, OTHERS):
            self.send_header("Docker-Content-Digest", digest(body))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
server.daemon_threads = True
with open(os.path.join(FOLDER, "address.new"), "w", encoding="utf-8") as file:
    file.write(f"127.0.0.1:{server.server_port}")
os.rename(os.path.join(FOLDER, "address.new"), os.path.join(FOLDER, "address"))
server.serve_forever()
