#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file counts: one docker process for each valid call, none for a refused one. No engine: docker is a stand-in.

load lib.bash

ID=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

setup() {
    export COUNT=$BATS_TEST_TMPDIR/count
    # One line for each process, written at once.
    stand_in "$BATS_TEST_TMPDIR/docker" <<'END'
printf '%s\n' "$1" >>"$COUNT"
echo 'Error response from daemon: stand-in' >&2
exit 1
END
}

# docker_runs METHOD JSON: how many docker processes the call made.
docker_runs() {
    : >"$COUNT"
    cri "$1" "$2" >/dev/null 2>&1 || true
    wc -l <"$COUNT"
}

@test "each valid call is exactly one docker process" {
    valid_requests >"$BATS_TEST_TMPDIR/requests"
    while read -r method request; do
        runs=$(docker_runs "$method" "$request")
        [ "$runs" = 1 ] || {
            echo "$method $request: $runs docker processes"
            false
        }
    done <"$BATS_TEST_TMPDIR/requests"
}

@test "a refused call is no docker process" {
    cat >"$BATS_TEST_TMPDIR/requests" <<END
StopPodSandbox {"pod_sandbox_id": "--help"}
RemovePodSandbox {"pod_sandbox_id": ""}
PodSandboxStatus {"pod_sandbox_id": "-f"}
RunPodSandbox {}
RunPodSandbox {"config": {"metadata": {"name": "a_b", "namespace": "test", "uid": "u"}}}
RunPodSandbox {"config": $(pod_json a), "runtime_handler": "/other"}
CreateContainer {"pod_sandbox_id": "${ID:0:13}", "config": $(container_json app '["true"]'), "sandbox_config": $(pod_json a)}
CreateContainer {"pod_sandbox_id": "$ID"}
StartContainer {"container_id": "ABC"}
StopContainer {"container_id": "--help"}
RemoveContainer {"container_id": "a"}
ContainerStatus {"container_id": "$ID$ID"}
ExecSync {"container_id": "$ID", "cmd": []}
PullImage {"image": {"image": "--help"}}
PullImage {"image": {"image": ""}}
PullImage {}
RemoveImage {"image": {"image": "-f"}}
CheckpointContainer {"container_id": "$ID"}
Attach {"container_id": "$ID", "stdin": true}
ReopenContainerLog {"container_id": "$ID"}
END
    while read -r method request; do
        runs=$(docker_runs "$method" "$request")
        [ "$runs" = 0 ] || {
            echo "$method $request: $runs docker processes"
            false
        }
    done <"$BATS_TEST_TMPDIR/requests"
}

@test "bytes that are no request are answered, or met by silence, without docker" {
    : >"$COUNT"
    for bytes in '' '\x00' '\x05abc' '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' '\x02\xff\xff' '\x80\x80\x80\x80\x01'; do
        printf '%b' "$bytes" | "$CRI_ONESHOT" >"$BATS_TEST_TMPDIR/out"
    done
    [ ! -s "$COUNT" ]
}
