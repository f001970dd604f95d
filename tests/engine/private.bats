#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file starts the private engine on a machine on which containerd runs as a service: the engine's containers are not that one's.

load lib.bash

# The machine's containerd is one of ours, in a view of the file system that ends with the test.
private_engine() {
    # shellcheck disable=SC2016 # the inner shell expands it
    unshare --mount --propagation private bash -euc '
        for folder in /run /var/lib; do mount -t tmpfs tmpfs "$folder"; done
        containerd >"$2/system.log" 2>&1 &
        system=$!
        trap "kill $system; wait $system" EXIT
        for _ in $(seq 200); do [ ! -S /run/containerd/containerd.sock ] || break; sleep 0.05; done
        ls /run/containerd/containerd.sock
        "$1/tools/engine" start "$2/engine"
        "$1/tools/engine" images "$2/engine"
        docker --host="unix://$2/engine/docker.sock" run --detach busybox:test sleep 1000 >/dev/null
        for file in /proc/[0-9]*/cmdline; do
            tr "\0" " " <"$file" 2>/dev/null | grep -F containerd-shim || true
        done | grep -F "$2/" >"$2/shims"
        "$1/tools/engine" stop "$2/engine"
        ls /run/containerd/containerd.sock /run/containerd/io.containerd.runtime.v2.task' bash "$ROOT" "$1" 3>&- 4>&-
}

@test "beside the system's containerd the private engine has its own, and it ends with it" {
    local folder=$BATS_TEST_TMPDIR/e
    mkdir "$folder"
    run -0 private_engine "$folder"
    [ "$(wc -l <"$folder/shims")" = 1 ]
    [[ $(<"$folder/shims") == *" -address $folder/engine/exec/containerd/containerd.sock "* ]]
    [ ! -e "$folder/engine" ]
    run ! grep -qszF "$folder/engine/" /proc/[0-9]*/cmdline
}
