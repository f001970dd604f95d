#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file throws requests that bite at the real program, with a counting stand-in for docker: no engine.

bats_require_minimum_version 1.5.0
ID=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
SANDBOX=5123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
METADATA='{"name": "pod", "namespace": "ns", "uid": "uid"}'

setup_file() {
    export MODULES=$BATS_FILE_TMPDIR/modules
    mkdir "$MODULES"
    protoc --proto_path=proto --python_out="$MODULES" runtime/v1/api.proto oneshot/v1/oneshot.proto
}

setup() {
    BUILD=$(realpath -m "${BUILD:-build}")
    export CRI_ONESHOT=$BUILD/bin/cri-oneshot
    export CRI_ONESHOT_DOCKER=$PWD/tests/standin-docker
    export STANDIN_LOG=$BATS_TEST_TMPDIR/log
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
    # One allocation a block, as the sanitizers have it, costs memory that nobody else pays.
    case $BUILD in *sanitize*) export SANITIZE=1 ;; esac
    mkdir "$TMPDIR"
}

# No call leaves a file behind.
teardown() {
    [ -z "$(ls -A "$TMPDIR")" ]
}

hostile() {
    PYTHONPATH=$MODULES /usr/bin/python3 tests/hostile.py "$@"
}

# next CHECK [ARGUMENT...]: one of the checks that all_checks makes, in one process.
CHECKS=()
next() {
    CHECKS+=("$@" --next)
}

all_checks() {
    hostile "${CHECKS[@]}"
}

# container [MEMBERS [SANDBOX_MEMBERS]]: a CreateContainer request with these further members of the configurations.
container() {
    printf '{"pod_sandbox_id": "%s", "sandbox_config": {"metadata": %s%s}, "config": {"metadata": {"name": "app"}, "image": {"image": "a:b"}%s}}' \
        "$SANDBOX" "$METADATA" "${2:+, $2}" "${1:+, $1}"
}

# refused_container [MEMBERS [SANDBOX_MEMBERS]]
refused_container() {
    refused CreateContainer "$(container "$@")"
}

# refused METHOD JSON: an invalid argument, and no docker process, as one of the next checks.
refused() {
    next without_docker INVALID_ARGUMENT "$1" "$2"
}

# ---- bytes that are no request

@test "a frame without a call is refused" {
    hostile refused INVALID_ARGUMENT empty 'has no call'
}

@test "a NUL in a string is refused" {
    hostile refused INVALID_ARGUMENT nul 'stop_container.container_id: has a NUL byte'
}

@test "a NUL in a list is refused" {
    hostile refused INVALID_ARGUMENT nul_in_list 'exec_sync.cmd: has a NUL byte'
}

@test "a NUL in a map is refused" {
    hostile refused INVALID_ARGUMENT nul_in_map 'has a NUL byte'
}

@test "invalid UTF-8 in a string is refused" {
    hostile refused INVALID_ARGUMENT utf8 'is not valid UTF-8'
}

@test "a surrogate in a string is refused" {
    hostile refused INVALID_ARGUMENT surrogate 'is not valid UTF-8'
}

@test "an enum number that does not exist is refused" {
    hostile refused INVALID_ARGUMENT enum network
}

@test "garbage is refused" {
    hostile refused INVALID_ARGUMENT garbage
}

@test "an HTTP request is refused" {
    hostile refused INVALID_ARGUMENT text
}

@test "a million groups in one another is refused" {
    hostile refused INVALID_ARGUMENT groups
}

@test "a field of another type is refused" {
    hostile refused INVALID_ARGUMENT other_type
}

@test "a field that is cut off is refused" {
    hostile refused INVALID_ARGUMENT cut_inside
}

@test "a tag of six bytes is refused" {
    hostile refused INVALID_ARGUMENT six_byte_tag
}

@test "a length of six bytes within the message is refused" {
    hostile refused INVALID_ARGUMENT six_byte_length
}

@test "a negative timeout is refused" {
    hostile refused INVALID_ARGUMENT negative_timeout timeout_ms
}

@test "a call that is not known is refused" {
    hostile refused UNIMPLEMENTED unknown_call 999
}

@test "a hundred thousand unknown messages in one another is refused" {
    hostile refused UNIMPLEMENTED nested_unknown
}

@test "a frame that is cut off is refused" {
    hostile refused INVALID_ARGUMENT truncated 'ends before'
}

@test "a length that is cut off is refused" {
    hostile refused INVALID_ARGUMENT truncated_length 'ends before'
}

@test "a length of eleven bytes is refused" {
    hostile refused INVALID_ARGUMENT long_length
}

@test "a length of 65 bits is refused" {
    hostile refused INVALID_ARGUMENT wide_length
}

@test "a request above the limit is refused" {
    hostile refused RESOURCE_EXHAUSTED oversized CRI_ONESHOT_MAX_REQUEST
}

@test "the largest length there is is refused" {
    hostile refused RESOURCE_EXHAUSTED largest
}

# ---- memory

@test "16 MiB of empty messages are refused within 160 MiB" {
    hostile memory RESOURCE_EXHAUSTED flood_of_messages
}

@test "16 MiB of empty map entries are refused within 160 MiB" {
    hostile memory RESOURCE_EXHAUSTED flood_of_pairs
}

@test "16 MiB of empty strings are refused within 160 MiB" {
    hostile memory RESOURCE_EXHAUSTED flood_of_strings
}

@test "16 MiB of unknown fields are refused within 160 MiB" {
    hostile memory RESOURCE_EXHAUSTED flood_of_unknown
}

@test "16 MiB of small numbers are refused within 160 MiB" {
    hostile memory RESOURCE_EXHAUSTED flood_of_numbers
}

# ---- words that are not what they should be

@test "an id that is a name, a flag or too long is not found, or nothing to do" {
    for id in web k8s_POD_pod_ns_uid_0 --help -f '' 0123456789a 0123456789AB ../../etc "$ID$ID" 'id;id' "$ID " 0123456789ab/x; do
        next without_docker NOT_FOUND PodSandboxStatus "{\"pod_sandbox_id\": \"$id\"}"
        next without_docker NOT_FOUND ContainerStatus "{\"container_id\": \"$id\"}"
        next without_docker NOT_FOUND StartContainer "{\"container_id\": \"$id\"}"
        next without_docker NOT_FOUND ExecSync "{\"container_id\": \"$id\", \"cmd\": [\"id\"]}"
        next without_docker NOT_FOUND UpdateContainerResources "{\"container_id\": \"$id\"}"
        for call in StopPodSandbox RemovePodSandbox; do
            next without_docker OK $call "{\"pod_sandbox_id\": \"$id\"}"
        done
        for call in StopContainer RemoveContainer; do
            next without_docker OK $call "{\"container_id\": \"$id\"}"
        done
    done
    all_checks
}

@test "an image that is a flag, empty or has blanks is refused" {
    for image in --help -f '' 'a b' ' a' 'a\tb' 'a\nb'; do
        for call in PullImage RemoveImage; do
            refused $call "{\"image\": {\"image\": \"$image\"}}"
        done
    done
    refused PullImage '{}'
    all_checks
}

@test "a path that is a keyword or relative is refused" {
    for path in unconfined relative ./x ../x '' default builtin; do
        refused_container "\"mounts\": [{\"host_path\": \"$path\", \"container_path\": \"/c\"}]"
        refused_container "\"mounts\": [{\"host_path\": \"/h\", \"container_path\": \"$path\"}]"
        refused_container "\"devices\": [{\"host_path\": \"$path\", \"container_path\": \"/c\", \"permissions\": \"r\"}]"
        refused_container "\"linux\": {\"security_context\": {\"seccomp\": {\"profile_type\": \"Localhost\", \"localhost_ref\": \"$path\"}}}"
    done
    all_checks
}

@test "an AppArmor profile that is called unconfined is refused" {
    refused_container '"linux": {"security_context": {"apparmor": {"profile_type": "Localhost", "localhost_ref": "unconfined"}}}'
    all_checks
}

@test "a log path that leaves its folder is refused" {
    for path in ../x /x a/../b a//b .; do
        refused_container "\"log_path\": \"$path\"" '"log_directory": "/logs"'
    done
    all_checks
}

@test "a host address that is none is refused" {
    for ip in localhost 1.2.3 '0.0.0.0:80' '::1]' --help; do
        ports="[{\"container_port\": 80, \"host_port\": 80, \"host_ip\": \"$ip\"}]"
        refused RunPodSandbox "{\"config\": {\"metadata\": $METADATA, \"port_mappings\": $ports}}"
    done
    all_checks
}

@test "metadata with the delimiter, or without a part, is refused" {
    for part in '' a_b 'a b' a/b; do
        refused RunPodSandbox "{\"config\": {\"metadata\": {\"name\": \"$part\", \"namespace\": \"n\", \"uid\": \"u\"}}}"
    done
    refused RunPodSandbox '{}'
    refused CreateContainer "{\"pod_sandbox_id\": \"$SANDBOX\"}"
    all_checks
}

@test "credentials for another registry are refused" {
    refused PullImage '{"image": {"image": "h:5/a"}, "auth": {"username": "u", "password": "p", "server_address": "https://evil.example"}}'
    all_checks
}

@test "what is not supported is refused" {
    for call in Exec Attach PortForward CheckpointContainer CheckpointPod RestorePod ReopenContainerLog; do
        next without_docker UNIMPLEMENTED $call '{}'
    done
    all_checks
}

# ---- a valid request is one docker process

@test "Version is one docker process" {
    hostile one_docker Version "{}"
}

@test "RunPodSandbox is one docker process" {
    hostile one_docker RunPodSandbox "{\"config\": {\"metadata\": $METADATA}}"
}

@test "StopPodSandbox is one docker process" {
    hostile one_docker StopPodSandbox "{\"pod_sandbox_id\": \"$SANDBOX\"}"
}

@test "RemovePodSandbox is one docker process" {
    hostile one_docker RemovePodSandbox "{\"pod_sandbox_id\": \"$SANDBOX\"}"
}

@test "PodSandboxStatus is one docker process" {
    hostile one_docker PodSandboxStatus "{\"pod_sandbox_id\": \"$SANDBOX\"}"
}

@test "ListPodSandbox is one docker process" {
    hostile one_docker ListPodSandbox "{}"
}

@test "StreamPodSandboxes is one docker process" {
    hostile one_docker StreamPodSandboxes "{}"
}

@test "CreateContainer is one docker process" {
    hostile one_docker CreateContainer "$(container)"
}

@test "StartContainer is one docker process" {
    hostile one_docker StartContainer "{\"container_id\": \"$ID\"}"
}

@test "StopContainer is one docker process" {
    hostile one_docker StopContainer "{\"container_id\": \"$ID\"}"
}

@test "RemoveContainer is one docker process" {
    hostile one_docker RemoveContainer "{\"container_id\": \"$ID\"}"
}

@test "ListContainers is one docker process" {
    hostile one_docker ListContainers "{}"
}

@test "StreamContainers is one docker process" {
    hostile one_docker StreamContainers "{}"
}

@test "ContainerStatus is one docker process" {
    hostile one_docker ContainerStatus "{\"container_id\": \"$ID\"}"
}

@test "UpdateContainerResources is one docker process" {
    hostile one_docker UpdateContainerResources "{\"container_id\": \"$ID\"}"
}

@test "ExecSync is one docker process" {
    hostile one_docker ExecSync "{\"container_id\": \"$ID\", \"cmd\": [\"id\"]}"
}

@test "ContainerStats is one docker process" {
    hostile one_docker ContainerStats "{\"container_id\": \"$ID\"}"
}

@test "ListContainerStats is one docker process" {
    hostile one_docker ListContainerStats "{}"
}

@test "StreamContainerStats is one docker process" {
    hostile one_docker StreamContainerStats "{}"
}

@test "PodSandboxStats is one docker process" {
    hostile one_docker PodSandboxStats "{\"pod_sandbox_id\": \"$SANDBOX\"}" NOT_FOUND
}

@test "ListPodSandboxStats is one docker process" {
    hostile one_docker ListPodSandboxStats "{}"
}

@test "StreamPodSandboxStats is one docker process" {
    hostile one_docker StreamPodSandboxStats "{}"
}

@test "UpdateRuntimeConfig is one docker process" {
    hostile one_docker UpdateRuntimeConfig "{}"
}

@test "Status is one docker process" {
    hostile one_docker Status "{}"
}

@test "GetContainerEvents is one docker process" {
    hostile one_docker GetContainerEvents "{}"
}

@test "ListPodSandboxMetrics is one docker process" {
    hostile one_docker ListPodSandboxMetrics "{}"
}

@test "StreamPodSandboxMetrics is one docker process" {
    hostile one_docker StreamPodSandboxMetrics "{}"
}

@test "RuntimeConfig is one docker process" {
    hostile one_docker RuntimeConfig "{}"
}

@test "UpdatePodSandboxResources is one docker process" {
    hostile one_docker UpdatePodSandboxResources "{\"pod_sandbox_id\": \"$SANDBOX\"}"
}

@test "ListImages is one docker process" {
    hostile one_docker ListImages "{}"
}

@test "StreamImages is one docker process" {
    hostile one_docker StreamImages "{}"
}

@test "ImageStatus is one docker process" {
    hostile one_docker ImageStatus "{\"image\": {\"image\": \"a:b\"}}"
}

@test "PullImage is one docker process" {
    hostile one_docker PullImage "{\"image\": {\"image\": \"a:b\"}}"
}

@test "RemoveImage is one docker process" {
    hostile one_docker RemoveImage "{\"image\": {\"image\": \"a:b\"}}"
}

@test "ImageFsInfo is one docker process" {
    hostile one_docker ImageFsInfo "{}"
}

@test "ListMetricDescriptors is none" {
    hostile without_docker OK ListMetricDescriptors '{}'
}

@test "the test above has every RPC that the program supports" {
    diff <("$CRI_ONESHOT" --methods | grep -vE 'not supported|none: ' | cut -d' ' -f1) \
        <(sed -n 's/^@test "\([A-Za-z]*\) is one docker process.*/\1/p' tests/hostile.bats)
}

@test "a pull with credentials is one docker process, and leaves no file" {
    hostile one_docker PullImage '{"image": {"image": "a:b"}, "auth": {"username": "u", "password": "p"}}'
}

# ---- frames, descriptors and exit codes

@test "end of file before the first byte is met by silence" {
    hostile end_of_file
}

@test "a request is answered without its end of file, and after a half close" {
    hostile without_end_of_file
}

@test "bytes after the frame are left unread" {
    hostile rest_is_left
}

@test "a client that sends an oversized request whole before it reads gets the answer" {
    hostile sends_all_first
}

@test "a request that is not complete in time is refused" {
    hostile slow_sender
}

@test "an answer that cannot be written is exit 1" {
    hostile nobody_reads
}

@test "wrong usage is exit 2" {
    hostile usage
}

@test "standard error that is the client's socket gets nothing" {
    hostile stderr_is_the_socket
}

# ---- time and company

@test "timeout_ms ends a slow docker and leaves no process" {
    hostile slow_docker
}

@test "the largest timeout_ms is as good as none" {
    hostile longest_timeout
}

@test "a client that hangs up ends docker" {
    hostile hang_up
}

@test "TERM ends docker, and no credentials are left" {
    hostile told_to_end
}

@test "50 calls at once are 50 answers" {
    hostile at_once 50
}

@test "TCP is refused unless a setting allows it" {
    hostile tcp
}

# ---- settings

@test "a setting that cannot be is refused by its name" {
    next setting CRI_ONESHOT_DOCKER_VERSION new
    next setting CRI_ONESHOT_PAUSE_IMAGE --help
    next setting CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ 1001
    next setting CRI_ONESHOT_NETWORK host
    next setting CRI_ONESHOT_DOCKER_ROOT relative
    next setting CRI_ONESHOT_MAX_REQUEST 0
    next setting CRI_ONESHOT_READ_TIMEOUT soon
    next setting CRI_ONESHOT_ALLOW_TCP maybe
    next setting CRI_ONESHOT_HOST_ROOT relative
    all_checks
}

@test "a docker that is not there is unavailable" {
    CRI_ONESHOT_DOCKER=/nonexistent/docker hostile without_docker UNAVAILABLE Version '{}' /nonexistent/docker
}
