#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""This script times, in turn, a bare `docker version` and a Version by gRPC on a fresh connection: gateway.py RUNS SOCKET.

Both are timed from one process, which has started long before: the command from its start to its end, the RPC from the connection
to its answer. A ratio of one run is what counts: absolute times are the machine's.
"""
import glob
import os
import re
import shutil
import statistics
import sys
import time

import grpc

WARMUP = 5


def bare():
    docker = shutil.which("docker")
    silent = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    child = os.posix_spawn(docker, ["docker", "version", "--format={{json .}}"], os.environ, file_actions=silent)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("docker version failed")


def by_grpc(socket):
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        if not channel.unary_unary("/runtime.v1.RuntimeService/Version")(b""):
            sys.exit("an empty answer")


def memory_of_gateways():
    """The VmRSS of each process of that name, in KiB."""
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            status = open(f"{folder}/status", encoding="utf-8").read()
        except OSError:
            continue
        if status.startswith("Name:\tcri-gateway\n") and "VmRSS" in status:
            yield int(re.search(r"VmRSS:\s*(\d+)", status).group(1))


def timed(function, *arguments):
    begin = time.perf_counter()
    function(*arguments)
    return (time.perf_counter() - begin) * 1e3


def main(runs, socket):
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        channel.unary_unary("/runtime.v1.RuntimeService/Version")(b"")
        print("  resident memory of the process with one client: %d KiB" % max(memory_of_gateways()))
    pairs = [(timed(bare), timed(by_grpc, socket)) for _ in range(int(runs) + WARMUP)][WARMUP:]
    print("  median  bare %.1f ms  gRPC on a fresh connection %.1f ms  ratio %.3f (of the medians), %.3f (median of the pairs')" % (
        statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs),
        statistics.median(pair[1] for pair in pairs) / statistics.median(pair[0] for pair in pairs),
        statistics.median(pair[1] / pair[0] for pair in pairs)))


if __name__ == "__main__":
    main(*sys.argv[1:])
