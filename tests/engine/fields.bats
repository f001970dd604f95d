#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031 # each test has variables of its own
# This file sends every field of the configurations that docker can honour, and looks from inside the container, or else with
# docker's and the host's own eyes, whether it took effect; and each that docker cannot express, which must be refused by name.

load lib.bash

setup_file() {
    engine_up
    SANDBOX=$(new_pod fields)
    export SANDBOX
}

teardown() {
    [ -z "${SHARE-}" ] || umount --recursive "$SHARE"
    [ -z "${CGROUP-}" ] || remove_cgroup
}

teardown_file() {
    engine_down
}

# ---- looking

# inside ID SCRIPT: what the shell prints inside, by ExecSync.
inside() {
    cri ExecSync "container_id=$1" cmd=sh cmd=-c "cmd=$2" | text_of stdout
}

# text_of FIELD: the bytes of the JSON on standard input.
text_of() {
    json "__import__('base64').b64decode(d.get('$1', '')).decode().rstrip('\n')"
}

shell_json() {
    /usr/bin/python3 -c 'import json, sys; print(json.dumps(["sh", "-c", sys.argv[1]]))' "$1"
}

# said NAME SCRIPT [MORE]: what a container prints that runs the script in the pod $SANDBOX of $POD, to its end.
said() {
    local id
    id=$(started_container "$SANDBOX" "${POD:-fields}" "$1" "$(shell_json "$2")" "${3-}")
    docker wait "$id" >/dev/null
    docker logs "$id" 2>&1
}

# context MEMBERS: the members of a container's configuration that make this its security context.
context() {
    echo ", \"linux\": {\"security_context\": {$1}}"
}

resources() {
    echo ", \"linux\": {\"resources\": {$1}}"
}

# is SEEN WANTED
is() {
    [ "$1" = "$2" ] || {
        printf 'seen:\n%s\nwanted:\n%s\n' "$1" "$2"
        return 1
    }
}

# request_of NAME MEMBERS: the arguments of a CreateContainer of $SANDBOX, in the array "request".
request_of() {
    container_json "$1" '["sleep", "1000"]' "$2" >"$BATS_TEST_TMPDIR/$1.json"
    request=("pod_sandbox_id=$SANDBOX" "config=@$BATS_TEST_TMPDIR/$1.json" "sandbox_config=@$BATS_FILE_TMPDIR/pod-fields.json")
}

# explained METHOD ARGUMENT...: what cri-oneshot --explain says.
explained() {
    "$CRI_FRAME" encode "$@" | "$CRI_ONESHOT" --explain
}

# explains CONTAINER-MEMBERS WORD: CreateContainer's docker command has the word.
explains() {
    request_of explained "$1"
    explained CreateContainer "${request[@]}" >"$BATS_TEST_TMPDIR/explained"
    /usr/bin/python3 - "$BATS_TEST_TMPDIR/explained" "$2" <<'END'
import shlex, sys
words = shlex.split(open(sys.argv[1]).read().split("\n# ")[0].replace("\\\n", ""))
if sys.argv[2] not in words:
    sys.exit("%s is not in %s" % (sys.argv[2], words))
END
}

# refused TEXT MEMBERS: no container has this configuration; the error names TEXT.
refused() {
    request_of refused "$2"
    fails "${CODE:-INVALID_ARGUMENT}" CreateContainer "${request[@]}"
    says "$1"
}

# refused_pod TEXT MEMBERS
refused_pod() {
    pod_json refused "$2" >"$BATS_TEST_TMPDIR/pod.json"
    fails INVALID_ARGUMENT RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json"
    says "$1"
}

# ---- users and groups

# busybox:groups, whose user "user" has a group that only the image knows.
groups_image() {
    local id
    id=$(docker create "$IMAGE" sh -c 'echo extra:x:2000:user >>/etc/group')
    docker start --attach "$id"
    docker commit "$id" busybox:groups
    docker rm "$id"
}

@test "run_as_user, run_as_group and run_as_username" {
    is "$(said user 'id -u; id -g' "$(context '"run_as_user": {"value": "1234"}')")" $'1234\n0'
    is "$(said group 'id -u; id -g' "$(context '"run_as_user": {"value": "1234"}, "run_as_group": {"value": "4321"}')")" \
        $'1234\n4321'
    is "$(said username 'id -u; id -g; id -un' "$(context '"run_as_username": "user"')")" $'1000\n1000\nuser'
    is "$(said username-group 'id -u; id -g' "$(context '"run_as_username": "user", "run_as_group": {"value": "4321"}')")" \
        $'1000\n4321'
    is "$(said zero 'id -u; id -g' "$(context '"run_as_user": {"value": "0"}, "run_as_group": {"value": "0"}')")" $'0\n0'
}

@test "supplemental_groups are merged with the image's, and with Strict are not" {
    groups_image
    IMAGE=busybox:groups
    is "$(said merged 'id -G' "$(context '"run_as_user": {"value": "1000"}, "supplemental_groups": [3000, 3001]')" |
        tr ' ' '\n' | sort -n | tr '\n' ' ')" '1000 2000 3000 3001 '
    is "$(said strict 'id -G' "$(context '"run_as_user": {"value": "1000"}, "run_as_group": {"value": "1000"},
        "supplemental_groups": [3000], "supplemental_groups_policy": "Strict"')" | tr ' ' '\n' | sort -n | tr '\n' ' ')" '1000 3000 '
}

@test "a user that the image does not know fails at the start" {
    id=$(new_container "$SANDBOX" fields nobody '["true"]' "$(context '"run_as_username": "nosuchuser"')")
    message=$(cri StartContainer "container_id=$id" 2>&1) && return 1
    says nosuchuser
}

# ---- capabilities

# capabilities NAME MEMBERS: the effective ones, as a number.
capabilities() {
    said "$1" "sed -n 's/^CapEff:[[:space:]]*/0x/p' /proc/self/status" "$(context "\"capabilities\": {$2}")"
}

@test "capabilities are added and dropped, with and without CAP_, and ALL" {
    default=$(capabilities default '')
    # Bits: CHOWN 0, NET_ADMIN 12, SYS_TIME 25, SYS_RESOURCE 24.
    is "$((default >> 12 & 1)) $((default & 1))" '0 1'
    is "$(($(capabilities add '"add_capabilities": ["NET_ADMIN", "CAP_SYS_TIME"]')))" "$((default | 1 << 12 | 1 << 25))"
    is "$(($(capabilities drop '"drop_capabilities": ["CAP_CHOWN", "KILL"]')))" "$((default & ~(1 | 1 << 5)))"
    is "$(($(capabilities drop-all '"drop_capabilities": ["ALL"]')))" 0
    is "$(($(capabilities but '"drop_capabilities": ["CAP_ALL"], "add_capabilities": ["CAP_NET_ADMIN"]')))" "$((1 << 12))"
    # But for one that this machine may lack.
    all=$(capabilities all '"add_capabilities": ["ALL"], "drop_capabilities": ["CAP_SYS_RESOURCE"]')
    is "$((all >> 12 & 1)) $((all >> 21 & 1)) $((all >> 24 & 1))" '1 1 0'
}

# ---- security

@test "seccomp: a localhost profile forbids a call, RuntimeDefault filters, Unconfined and none do not" {
    cat >"$BATS_TEST_TMPDIR/profile.json" <<'END'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
END
    script='sed -n "s/^Seccomp:[[:space:]]*//p" /proc/self/status; mkdir /tmp/made 2>&1; rmdir /tmp/made 2>/dev/null; echo end'
    forbidden=$'2\nmkdir: can\'t create directory \'/tmp/made\': Operation not permitted\nend'
    is "$(said localhost "$script" "$(context "\"seccomp\": {\"profile_type\": \"Localhost\",
        \"localhost_ref\": \"$BATS_TEST_TMPDIR/profile.json\"}")")" "$forbidden"
    is "$(said deprecated "$script" "$(context "\"seccomp_profile_path\": \"localhost/$BATS_TEST_TMPDIR/profile.json\"")")" \
        "$forbidden"
    is "$(said runtime-default "$script" "$(context '"seccomp": {"profile_type": "RuntimeDefault"}')")" $'2\nend'
    is "$(said unconfined "$script" "$(context '"seccomp": {"profile_type": "Unconfined"}')")" $'0\nend'
    is "$(said no-profile "$script" "$(context '"readonly_rootfs": false')")" $'0\nend'
    is "$(said no-context "$script")" $'2\nend'
}

@test "a localhost profile that is not there is refused, and nothing is created" {
    before=$(docker ps --all --quiet)
    request_of no-file "$(context '"seccomp": {"profile_type": "Localhost", "localhost_ref": "/nonexistent/profile.json"}')"
    message=$(cri CreateContainer "${request[@]}" 2>&1) && return 1
    says /nonexistent/profile.json
    is "$(docker ps --all --quiet)" "$before"
}

@test "no_new_privs and readonly_rootfs" {
    script='sed -n "s/^NoNewPrivs:[[:space:]]*//p" /proc/self/status; touch /made 2>&1; echo end'
    is "$(said restricted "$script" "$(context '"no_new_privs": true, "readonly_rootfs": true')")" \
        $'1\ntouch: /made: Read-only file system\nend'
    is "$(said free "$script")" $'0\nend'
}

@test "AppArmor and SELinux options reach docker" {
    explains "$(context '"apparmor": {"profile_type": "Localhost", "localhost_ref": "some-profile"}')" \
        --security-opt=apparmor=some-profile
    explains "$(context '"apparmor": {"profile_type": "Unconfined"}')" --security-opt=apparmor=unconfined
    explains "$(context '"apparmor_profile": "localhost/other"')" --security-opt=apparmor=other
    explains "$(context '"selinux_options": {"user": "u", "role": "r", "type": "t", "level": "s0:c1,c2"}')" \
        --security-opt=label=level:s0:c1,c2
    id=$(new_container "$SANDBOX" fields selinux '["true"]' "$(context '"selinux_options": {"user": "u", "type": "t"}')")
    inspect "$id" >"$BATS_TEST_TMPDIR/inspect.json"
    check "$BATS_TEST_TMPDIR/inspect.json" <<'END'
same([o for o in a["HostConfig"]["SecurityOpt"] if o.startswith("label")], ["label=user:u", "label=type:t"])
END
}

@test "the default lists of masked and read-only paths are in force" {
    masked='"masked_paths": ["/proc/acpi", "/proc/kcore", "/proc/keys"], "readonly_paths": ["/proc/bus", "/proc/sys"]'
    is "$(said masked 'cat /proc/kcore /proc/keys 2>/dev/null | head -c 1 | wc -c; (echo 1 >/proc/sys/vm/swappiness) 2>&1 | grep -o "Read-only.*"' "$(context "$masked")")" \
        $'0\nRead-only file system'
}

@test "privileged, in a pod that says so; and only there" {
    POD=privileged
    SANDBOX=$(new_pod privileged ', "linux": {"security_context": {"privileged": true}}' || true)
    id=$(docker ps --all --quiet --no-trunc --filter name=k8s_POD_privileged)
    is "$(docker inspect --format '{{.HostConfig.Privileged}}' "$id")" true
    SANDBOX=$id
    container=$(new_container "$id" privileged app '["true"]' "$(context '"privileged": true')")
    is "$(docker inspect --format '{{.HostConfig.Privileged}}' "$container")" true
}

# ---- devices, sysctls, resources

@test "devices are there with their permissions" {
    # A device that has no driver: what the container may open does not exist, what it may not is not permitted.
    mknod "$BATS_TEST_TMPDIR/device" c 240 250
    script='{ (: </dev/read) 2>&1; (: >>/dev/read) 2>&1; } | sed "s/.*: //"; ls -l /dev/read | cut -c1'
    is "$(said devices "$script" ", \"devices\": [
        {\"host_path\": \"$BATS_TEST_TMPDIR/device\", \"container_path\": \"/dev/read\", \"permissions\": \"r\"}]")" $'No such device or address\nOperation not permitted\nc'
    id=$(new_container "$SANDBOX" fields more-devices '["true"]' ', "devices": [
        {"host_path": "/dev/zero", "container_path": "/dev/z", "permissions": "mrw"}, {"host_path": "/dev/null", "permissions": "r"}]')
    is "$(docker inspect --format '{{json .HostConfig.Devices}}' "$id" | json "[list(map(str, x.values())) for x in d]")" \
        '[["/dev/zero", "/dev/z", "mrw"], ["/dev/null", "/dev/null", "r"]]'
}

@test "sysctls of the pod are its containers'" {
    POD=sysctls
    SANDBOX=$(new_pod sysctls ', "linux": {"sysctls": {"net.ipv4.ip_unprivileged_port_start": "500", "kernel.shm_rmid_forced": "1"}}')
    is "$(said app 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced')" $'500\n1'
}

# cgroup_file ID CONTROLLER FILE V2-FILE: of the container, on the host.
cgroup_file() {
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        cat "$(find /sys/fs/cgroup -type d -name "*$1*" | head -n 1)/$4"
    else
        cat "$(find "/sys/fs/cgroup/$2/" -type d -name "*$1*" | head -n 1)/$3"
    fi
}

# either SEEN V1 V2
either() {
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        is "$1" "$3"
    else
        is "$1" "$2"
    fi
}

@test "cpu, memory, cpuset and process limits are the cgroup's" {
    id=$(started_container "$SANDBOX" fields limits '["sleep", "1000"]' "$(resources '"cpu_period": "50000", "cpu_quota": "25000",
        "cpu_shares": "1536", "memory_limit_in_bytes": "67108864", "cpuset_cpus": "0", "cpuset_mems": "0", "unified": {"pids.max": "77"}')")
    either "$(cgroup_file "$id" cpu cpu.cfs_period_us cpu.max)" 50000 '25000 50000'
    either "$(cgroup_file "$id" cpu cpu.cfs_quota_us cpu.max)" 25000 '25000 50000'
    either "$(cgroup_file "$id" cpu cpu.shares cpu.weight)" 1536 59
    is "$(cgroup_file "$id" memory memory.limit_in_bytes memory.max)" 67108864
    is "$(cgroup_file "$id" cpuset cpuset.cpus cpuset.cpus)" 0
    is "$(cgroup_file "$id" cpuset cpuset.mems cpuset.mems)" 0
    is "$(cgroup_file "$id" pids pids.max pids.max)" 77
    is "$(inside "$id" 'nproc')" 1
}

@test "memory and swap together are the memory limit, unless a swap limit says more" {
    id=$(new_container "$SANDBOX" fields swap-unset '["true"]' "$(resources '"memory_limit_in_bytes": "67108864"')")
    is "$(docker inspect --format '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}' "$id")" '67108864 67108864'
    id=$(new_container "$SANDBOX" fields swap-set '["true"]' \
        "$(resources '"memory_limit_in_bytes": "67108864", "memory_swap_limit_in_bytes": "134217728"')")
    # An engine without swap accounting drops the limit and says so.
    seen=$(docker inspect --format '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}' "$id")
    [ "$(docker info --format '{{.SwapLimit}}')" = false ] || is "$seen" '67108864 134217728'
    explains "$(resources '"memory_limit_in_bytes": "67108864", "memory_swap_limit_in_bytes": "134217728"')" --memory-swap=134217728
    explains "$(resources '"memory_limit_in_bytes": "67108864", "memory_swap_limit_in_bytes": "-1"')" --memory-swap=-1
}

@test "unified keys that docker has an option for" {
    id=$(started_container "$SANDBOX" fields unified '["sleep", "1000"]' "$(resources '"unified": {"memory.max": "33554432",
        "cpu.max": "20000 100000", "cpuset.cpus": "0", "cpuset.mems": "0", "memory.oom.group": "1"}')")
    is "$(cgroup_file "$id" memory memory.limit_in_bytes memory.max)" 33554432
    either "$(cgroup_file "$id" cpu cpu.cfs_quota_us cpu.max)" 20000 '20000 100000'
    is "$(cgroup_file "$id" cpuset cpuset.cpus cpuset.cpus)" 0
}

@test "oom_score_adj" {
    is "$(said oom 'cat /proc/self/oom_score_adj' "$(resources '"oom_score_adj": "555"')")" 555
    explains "$(resources '"oom_score_adj": "-997"')" --oom-score-adj=-997
}

remove_cgroup() {
    docker rm --force "$SANDBOX" "$(docker ps --all --quiet --filter "label=io.kubernetes.sandbox.id=$SANDBOX")" >/dev/null
    find /sys/fs/cgroup -depth -type d -path "*/$CGROUP*" -exec rmdir {} + 2>/dev/null || true
}

@test "cgroup_parent is the parent of the sandbox's and of the containers' cgroups" {
    CGROUP=cri-oneshot-test-$$
    [ "$(docker info --format '{{.CgroupDriver}}')" = cgroupfs ] || CGROUP=cri$$.slice
    SANDBOX=$(new_pod cgroup ", \"linux\": {\"cgroup_parent\": \"/$CGROUP\"}")
    id=$(started_container "$SANDBOX" cgroup app '["sleep", "1000"]')
    for one in "$SANDBOX" "$id"; do
        [ -n "$(find /sys/fs/cgroup/ -type d -path "*/$CGROUP/*$one*")" ]
    done
}

# ---- namespaces

# host_ns KIND: the engine's own.
host_ns() {
    readlink "/proc/$(cat "$ENGINE/dockerd.pid")/ns/$1"
}

# ns_of ID KIND
ns_of() {
    readlink "/proc/$(docker inspect --format '{{.State.Pid}}' "$1")/ns/$2"
}

# The namespaces of the pod that a container says it is in, by its own /proc/self/ns.
# namespace_of NAME KIND OPTIONS
namespace_of() {
    said "$1" "readlink /proc/self/ns/$2" "$(context "\"namespace_options\": {$3}")"
}

@test "network and IPC: POD is the sandbox's" {
    for kind in net ipc; do
        seen=$(namespace_of "pod-$kind" "$kind" '"network": "POD", "ipc": "POD", "pid": "CONTAINER"')
        is "$seen" "$(ns_of "$SANDBOX" "$kind")"
        [ "$seen" != "$(host_ns "$kind")" ]
    done
}

@test "process ids: POD is the sandbox's, CONTAINER its own, NODE the host's, TARGET another container's" {
    seen=$(namespace_of pid-pod pid '"pid": "POD"')
    is "$seen" "$(ns_of "$SANDBOX" pid)"
    target=$(started_container "$SANDBOX" fields target '["sleep", "1000"]' "$(context '"namespace_options": {"pid": "CONTAINER"}')")
    [ "$(ns_of "$target" pid)" != "$seen" ]
    [ "$(ns_of "$target" pid)" != "$(host_ns pid)" ]
    # shellcheck disable=SC2016 # the container's shell expands it: nothing but itself runs then besides the container's process
    is "$(inside "$target" 'readlink /proc/1/exe; set -- /proc/[0-9]*; echo $#')" "$(printf '/bin/busybox\n2')"
    is "$(namespace_of pid-target pid "\"pid\": \"TARGET\", \"target_id\": \"$target\"")" "$(ns_of "$target" pid)"
    is "$(namespace_of pid-node pid '"pid": "NODE"')" "$(host_ns pid)"
}

@test "NODE: network, IPC, process ids and users of the host's, for the sandbox and its containers" {
    POD=node
    options='"network": "NODE", "ipc": "NODE", "pid": "NODE", "userns_options": {"mode": "NODE"}'
    SANDBOX=$(new_pod node ", \"hostname\": \"not-mine\", \"linux\": {\"security_context\": {\"namespace_options\": {$options}}}")
    for kind in net ipc pid user; do
        is "$(ns_of "$SANDBOX" "$kind")" "$(host_ns "$kind")"
        is "$(namespace_of "node-$kind" "$kind" "$options")" "$(host_ns "$kind")"
    done
    is "$(said hostname hostname)" "$(hostname)"
    cri PodSandboxStatus "pod_sandbox_id=$SANDBOX" >"$BATS_TEST_TMPDIR/status.json"
    check "$BATS_TEST_TMPDIR/status.json" <<'END'
contains(a["status"]["linux"]["namespaces"]["options"], {"network": "NODE", "ipc": "NODE", "pid": "NODE"})
same(a["status"].get("network", {}).get("ip", ""), "")
END
}

@test "modes that make no sense are refused" {
    for options in '"network": "CONTAINER"' '"network": "TARGET"' '"ipc": "CONTAINER"' '"ipc": "TARGET"'; do
        refused namespace_options "$(context "\"namespace_options\": {$options}")"
        refused_pod namespace_options ", \"linux\": {\"security_context\": {\"namespace_options\": {$options}}}"
    done
    refused_pod namespace_options.pid ', "linux": {"security_context": {"namespace_options": {"pid": "TARGET"}}}'
    refused target_id "$(context '"namespace_options": {"pid": "TARGET"}')"
}

# ---- mounts

# A shared mount at $SHARE, with a folder "low" in it.
share() {
    mkdir "$BATS_TEST_TMPDIR/share"
    mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/share"
    SHARE=$BATS_TEST_TMPDIR/share
    mount --make-shared "$SHARE"
    mkdir "$SHARE/low" "$SHARE/mine"
}

# mount_of MEMBERS: the mount of $SHARE at /share.
mount_of() {
    echo ", \"mounts\": [{\"host_path\": \"$SHARE\", \"container_path\": \"/share\"$1}]"
}

@test "propagation: what the host mounts later is seen by HOST_TO_CONTAINER and BIDIRECTIONAL only, and what the container mounts by BIDIRECTIONAL only" {
    share
    mounting=', "linux": {"security_context": {"capabilities": {"add_capabilities": ["SYS_ADMIN"]}, "apparmor": {"profile_type": "Unconfined"}}}'
    for mode in PRIVATE HOST_TO_CONTAINER BIDIRECTIONAL; do
        name=${mode//_/-}
        id=$(started_container "$SANDBOX" fields "$name" '["sleep", "1000"]' "$(mount_of ", \"propagation\": \"PROPAGATION_$mode\"")$mounting")
        mount -t tmpfs tmpfs "$SHARE/low"
        echo seen >"$SHARE/low/file"
        is "$(inside "$id" 'cat /share/low/file 2>/dev/null')" "$([ "$mode" = PRIVATE ] || echo seen)"
        is "$(inside "$id" 'mount -t tmpfs tmpfs /share/mine && echo mounted >/share/mine/file; cat /share/mine/file')" mounted
        is "$(cat "$SHARE/mine/file" 2>/dev/null)" "$([ "$mode" != BIDIRECTIONAL ] || echo mounted)"
        is "$(cri ContainerStatus "container_id=$id" | json "d['status']['mounts'][0].get('propagation', 'PROPAGATION_PRIVATE')")" "PROPAGATION_$mode"
        umount "$SHARE/low"
        cri RemoveContainer "container_id=$id"
        ! mountpoint -q "$SHARE/mine" || umount "$SHARE/mine"
    done
}

@test "propagation from what is not a shared mount fails at the start" {
    mkdir "$BATS_TEST_TMPDIR/private"
    mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/private"
    SHARE=$BATS_TEST_TMPDIR/private
    mount --make-private "$SHARE"
    id=$(new_container "$SANDBOX" fields not-shared '["true"]' "$(mount_of ', "propagation": "PROPAGATION_BIDIRECTIONAL"')")
    fails FAILED_PRECONDITION StartContainer "container_id=$id"
    says 'not a shared mount'
}

@test "readonly is of the mount, not of what is mounted below it" {
    share
    mount -t tmpfs tmpfs "$SHARE/low"
    script='for f in /share/x /share/low/x; do touch $f 2>&1 && echo written; done'
    is "$(said readonly "$script" "$(mount_of ', "readonly": true, "propagation": "PROPAGATION_HOST_TO_CONTAINER"')")" \
        $'touch: /share/x: Read-only file system\nwritten'
    is "$(said writable "$script" "$(mount_of '')")" $'written\nwritten'
}

@test "a host path that is not there becomes a folder, a file is mounted as a file" {
    echo content >"$BATS_TEST_TMPDIR/file"
    is "$(said mount-file 'cat /in/file; ls -d /in/made' ", \"mounts\": [
        {\"host_path\": \"$BATS_TEST_TMPDIR/file\", \"container_path\": \"/in/file\"},
        {\"host_path\": \"$BATS_TEST_TMPDIR/made\", \"container_path\": \"/in/made\"}]")" $'content\n/in/made'
    [ -d "$BATS_TEST_TMPDIR/made" ]
}

# ---- network

# free_ports COUNT
free_ports() {
    /usr/bin/python3 - "$1" <<'END'
import socket, sys
sockets = [socket.socket(socket.AF_INET6) for _ in range(int(sys.argv[1]))]
for one in sockets:
    one.bind(("::", 0))
print(*[one.getsockname()[1] for one in sockets])
END
}

# fetch URL
fetch() {
    /usr/bin/python3 -c 'import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode(), end="")' "$1"
}

@test "ports are published on IPv4, on IPv6 and for UDP, and a host port of 0 is not" {
    read -r four six udp < <(free_ports 3)
    SANDBOX=$(new_pod ports ", \"port_mappings\": [
        {\"container_port\": 80, \"host_port\": $four, \"host_ip\": \"127.0.0.1\"},
        {\"container_port\": 80, \"host_port\": $six, \"host_ip\": \"::1\", \"protocol\": \"TCP\"},
        {\"container_port\": 53, \"host_port\": $udp, \"host_ip\": \"127.0.0.1\", \"protocol\": \"UDP\"},
        {\"container_port\": 81, \"host_port\": 0}]")
    id=$(started_container "$SANDBOX" ports web "$(shell_json 'mkdir /w; echo served >/w/index.html; exec httpd -f -p 80 -h /w')")
    wait_until 5 fetch "http://127.0.0.1:$four/"
    is "$(fetch "http://127.0.0.1:$four/")" served
    is "$(fetch "http://[::1]:$six/")" served
    inspect "$SANDBOX" >"$BATS_TEST_TMPDIR/inspect.json"
    check "$BATS_TEST_TMPDIR/inspect.json" <<END
same(a["HostConfig"]["PortBindings"], {"53/udp": [{"HostIp": "127.0.0.1", "HostPort": "$udp"}],
     "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "$four"}, {"HostIp": "::1", "HostPort": "$six"}]})
END
    pod_json taken ", \"port_mappings\": [{\"container_port\": 80, \"host_port\": $four, \"host_ip\": \"127.0.0.1\"}]" >"$BATS_TEST_TMPDIR/pod.json"
    fails FAILED_PRECONDITION RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json"
    says k8s_POD_taken
}

@test "DNS and the host name are the pod's" {
    POD=dns
    SANDBOX=$(new_pod dns ', "hostname": "named", "dns_config": {"servers": ["192.0.2.1", "2001:db8::1"],
        "searches": ["a.example", "b.example"], "options": ["ndots:5", "rotate"]}')
    is "$(said app 'hostname; grep -v ^# /etc/resolv.conf | grep . | sort; grep -c named /etc/hosts')" 'named
nameserver 192.0.2.1
nameserver 2001:db8::1
options ndots:5 rotate
search a.example b.example
1'
}

# resolv_of NAME DNS_CONFIG: what a pod's resolv.conf has; a search list of the root alone, which some versions write, is none.
resolv_of() {
    SANDBOX=$(POD=$1 new_pod "$1" ", \"dns_config\": $2")
    POD=$1 said app 'grep -v -e ^# -e "^search [.]$" /etc/resolv.conf | grep . | sort'
}

@test "DNS: what a config does not name is none, not the node's" {
    servers=$(resolv_of dns-servers '{"servers": ["10.0.0.10"]}')
    searches=$(resolv_of dns-searches '{"searches": ["a.example"]}')
    options=$(resolv_of dns-options '{"options": ["ndots:3"]}')
    is "$servers" $'nameserver 10.0.0.10\noptions ndots:1'
    is "$searches" $'nameserver 127.0.0.1\noptions ndots:1\nsearch a.example'
    is "$options" $'nameserver 127.0.0.1\noptions ndots:3'
}

# ---- docker's own configuration

@test "docker's configuration adds nothing to a pod: its proxies reach neither a container nor the pause" {
    POD=proxies
    export DOCKER_CONFIG=$BATS_TEST_TMPDIR/docker
    mkdir "$DOCKER_CONFIG"
    printf '{"proxies": {"default": {"httpProxy": "http://user:secret@proxy.corp:3128"}}, "psFormat": "x", "aliases": {"builder": "x"}}' \
        >"$DOCKER_CONFIG/config.json"
    SANDBOX=$(new_pod proxies)
    is "$(said app 'env | grep -i proxy' ', "envs": [{"key": "HTTP_PROXY", "value": "http://pod-own:1"}]')" HTTP_PROXY=http://pod-own:1
    is "$(DOCKER_CONFIG='' docker inspect --format '{{json .Config.Env}}' "$SANDBOX" | grep -ci proxy)" 0
    is "$(cri ListPodSandbox "filter={\"id\": \"$SANDBOX\"}" | json "[x['metadata']['name'] for x in d['items']]")" '["proxies"]'
}

# ---- the runtime

@test "a pod's runtime handler is its containers', and its status tells it" {
    POD=handler
    pod_json handler >"$BATS_TEST_TMPDIR/pod.json"
    SANDBOX=$(cri RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json" runtime_handler=runc | json "d['pod_sandbox_id']" | tr -d '"')
    is "$(cri PodSandboxStatus "pod_sandbox_id=$SANDBOX" | json "d['status']['runtime_handler']")" runc
    cri Status | json "[x.get('name', '') for x in d['runtime_handlers']]" | grep -q '"runc"'
}

# ---- the process

@test "stop_signal is the signal that StopContainer sends" {
    for signal in SIGNAL_SIGUSR1 SIGNAL_SIGRTMINPLUS3; do
        number=$([ "$signal" = SIGNAL_SIGUSR1 ] && echo 10 || echo 37)
        id=$(started_container "$SANDBOX" fields "stop-$number" \
            "$(shell_json "trap 'echo told $number; exit 7' $number; echo ready; while :; do sleep 0.05; done")" ", \"stop_signal\": \"$signal\"")
        wait_until 5 eval "docker logs $id | grep -q ready"
        cri StopContainer "container_id=$id" timeout=10
        is "$(docker logs "$id" | tail -n 1)" "told $number"
        is "$(cri ContainerStatus "container_id=$id" | json "d['status']['exit_code'], d['status'].get('stop_signal')")" "[7, \"$signal\"]"
    done
}

@test "working_dir, tty and stdin" {
    is "$(said workdir pwd ', "working_dir": "/var"')" /var
    is "$(said tty 'tty; echo end' ', "tty": true' | tr -d '\r')" $'/dev/pts/0\nend'
    id=$(new_container "$SANDBOX" fields stdin '["cat"]' ', "stdin": true, "stdin_once": true')
    is "$(echo typed | docker start --attach --interactive "$id")" typed
}

@test "the log link's JSON lines are what docker logs prints" {
    mkdir -p "$BATS_TEST_TMPDIR/log/app"
    SANDBOX=$(new_pod logs ", \"log_directory\": \"$BATS_TEST_TMPDIR/log\"")
    id=$(started_container "$SANDBOX" logs app "$(shell_json 'for i in 1 2 3; do echo "out $i"; echo "err \"$i\" é" >&2; sleep 0.1; done; printf cut')" \
        ', "log_path": "app/0.log"')
    docker wait "$id"
    docker logs --timestamps "$id" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    /usr/bin/python3 - "$BATS_TEST_TMPDIR" <<'END'
import json, sys
records = [json.loads(line) for line in open(sys.argv[1] + "/log/app/0.log")]
for stream, name in (("stdout", "out"), ("stderr", "err")):
    wanted = open(f"{sys.argv[1]}/{name}").read()
    # docker logs writes the nanoseconds with their trailing zeros, the file without.
    full = lambda time: time[:-1].split(".")[0] + "." + (time[:-1] + ".").split(".")[1].ljust(9, "0") + "Z"
    seen = "".join(full(r["time"]) + " " + r["log"] for r in records if r["stream"] == stream)
    if seen != wanted:
        sys.exit(f"{seen!r}\n{wanted!r}")
assert len(records) == 7, records
END
    is "$(cri ContainerStatus "container_id=$id" | json "d['status']['log_path']")" "$BATS_TEST_TMPDIR/log/app/0.log"
}

# ---- what newer command lines and engines have

# older_than VERSION: is the engine's API?
older_than() {
    [ "$(printf '%s\n%s\n' "$(docker version --format '{{.Server.APIVersion}}')" "$1" | sort -V | head -n 1)" != "$1" ]
}

newer_mounts() {
    IMAGE_MOUNT=', "mounts": [{"container_path": "/in", "image": {"image": "busybox:test"}, "readonly": true, "image_sub_path": "a,b"}]'
    RECURSIVE=', "mounts": [{"container_path": "/in", "host_path": "/etc", "readonly": true, "recursive_read_only": true}]'
    CDI=', "CDI_devices": [{"name": "vendor.example/class=name"}]'
}

@test "image mounts, recursive read-only and CDI devices become the words of docker 25 and 28" {
    newer_mounts
    CRI_ONESHOT_DOCKER_VERSION=28
    export CRI_ONESHOT_DOCKER_VERSION
    explains "$IMAGE_MOUNT" '--mount=type=image,source=busybox:test,target=/in,"image-subpath=a,b"'
    explains "$RECURSIVE" --mount=type=bind,source=/etc,target=/in,readonly,bind-recursive=readonly,bind-propagation=rprivate
    explains "$CDI" --device=vendor.example/class=name
    explains ', "mounts": [{"container_path": "/in", "host_path": "/etc", "readonly": true}]' \
        --mount=type=bind,source=/etc,target=/in,readonly,bind-recursive=writable
    CRI_ONESHOT_DOCKER_VERSION=25.0
    explains "$RECURSIVE" --mount=type=bind,source=/etc,target=/in,readonly,bind-recursive=readonly,bind-propagation=rprivate
    explains "$CDI" --device=vendor.example/class=name
    CODE=UNIMPLEMENTED refused mounts.image "$IMAGE_MOUNT"
}

@test "an older command line is told from the setting: UNIMPLEMENTED, and nothing is created" {
    newer_mounts
    before=$(docker ps --all --quiet)
    unset CRI_ONESHOT_DOCKER_VERSION
    CODE=UNIMPLEMENTED refused mounts.image "$IMAGE_MOUNT"
    CODE=UNIMPLEMENTED refused mounts.recursive_read_only "$RECURSIVE"
    CODE=UNIMPLEMENTED refused CDI_devices "$CDI"
    is "$(docker ps --all --quiet)" "$before"
}

@test "an older engine says so itself: UNIMPLEMENTED, and nothing is created" {
    newer_mounts
    export CRI_ONESHOT_DOCKER_VERSION=28
    before=$(docker ps --all --quiet)
    CODE=UNIMPLEMENTED
    if older_than 1.48; then
        refused mount ', "mounts": [{"container_path": "/in", "readonly": true, "image": {"image": "busybox:test"}}]'
    fi
    if older_than 1.44; then
        refused bind-recursive "$RECURSIVE"
    fi
    is "$(docker ps --all --quiet)" "$before"
}

@test "a CDI device that the engine does not know fails, and the message says so" {
    newer_mounts
    export CRI_ONESHOT_DOCKER_VERSION=28
    request_of cdi "$CDI"
    if message=$(cri CreateContainer "${request[@]}" 2>&1); then
        message=$(cri StartContainer "container_id=$(json "d['container_id']" <<<"$message")" 2>&1) && return 1
    fi
    says cdi || says vendor.example/class=name
}

# ---- what docker cannot express: the README's table

@test "refused: namespaces and ids of users" {
    refused_pod userns_options ', "linux": {"security_context": {"namespace_options": {"userns_options": {"mode": "POD"}}}}'
    refused_pod userns_options ', "linux": {"security_context": {"namespace_options": {"userns_options": {"mode": "NODE",
        "uids": [{"host_id": 1, "container_id": 0, "length": 1}]}}}}'
    refused userns_options "$(context '"namespace_options": {"userns_options": {"mode": "POD"}}')"
    for field in uidMappings gidMappings; do
        refused "mounts[0].$field" ", \"mounts\": [{\"host_path\": \"/etc\", \"container_path\": \"/in\",
            \"$field\": [{\"host_id\": 1, \"container_id\": 0, \"length\": 1}]}]"
    done
}

@test "refused: mounts and devices" {
    refused 'mounts[0].mount_options' ', "mounts": [{"host_path": "/etc", "container_path": "/in", "mount_options": ["noexec"]}]'
    refused mounts.recursive_read_only ', "mounts": [{"host_path": "/etc", "container_path": "/in", "recursive_read_only": true}]'
    refused mounts.recursive_read_only ', "mounts": [{"host_path": "/etc", "container_path": "/in", "readonly": true,
        "recursive_read_only": true, "propagation": "PROPAGATION_HOST_TO_CONTAINER"}]'
    refused mounts.image_sub_path ', "mounts": [{"host_path": "/etc", "container_path": "/in", "image_sub_path": "x"}]'
    CRI_ONESHOT_DOCKER_VERSION=28 refused mounts.readonly ', "mounts": [{"container_path": "/in", "image": {"image": "busybox:test"}}]'
    refused devices ', "devices": [{"host_path": "/dev/a:b", "container_path": "/dev/x", "permissions": "r"}]'
    refused devices.permissions ', "devices": [{"host_path": "/dev/null", "container_path": "/dev/x", "permissions": "rx"}]'
    refused devices.permissions ', "devices": [{"host_path": "/dev/null", "container_path": "/dev/x"}]'
    refused CDI_devices ', "CDI_devices": [{"name": "/dev/null"}]'
}

@test "refused: capabilities, groups, paths" {
    refused add_ambient_capabilities "$(context '"capabilities": {"add_ambient_capabilities": ["CHOWN"]}')"
    refused supplemental_groups_policy "$(context '"run_as_user": {"value": "1"}, "supplemental_groups_policy": "Strict"')"
    refused_pod supplemental_groups_policy ', "linux": {"security_context": {"supplemental_groups_policy": "Strict"}}'
    refused run_as_group "$(context '"run_as_group": {"value": "1"}')"
    refused run_as_user "$(context '"run_as_user": {"value": "-1"}')"
    refused masked_paths "$(context '"masked_paths": ["/etc/passwd"]')"
    refused readonly_paths "$(context '"readonly_paths": ["/etc"]')"
    refused security_context.privileged "$(context '"privileged": true')"
}

@test "refused: resources" {
    refused hugepage_limits "$(resources '"hugepage_limits": [{"page_size": "2MB", "limit": "2097152"}]')"
    refused io.max "$(resources '"unified": {"io.max": "8:0 rbps=1"}')"
    refused memory_limit_in_bytes "$(resources '"memory_limit_in_bytes": "1000"')"
    refused memory_swap_limit_in_bytes "$(resources '"memory_limit_in_bytes": "67108864", "memory_swap_limit_in_bytes": "1000"')"
    refused cpu_period "$(resources '"cpu_period": "1"')"
    refused cpuset_cpus "$(resources '"cpuset_cpus": "a"')"
    refused oom_score_adj "$(resources '"oom_score_adj": "2000"')"
    explains "$(resources '"hugepage_limits": [{"page_size": "2MB", "limit": "0"}]')" create
}

@test "refused: Windows, runtime handlers, sysctls that docker does not allow" {
    refused windows ', "windows": {"resources": {"cpu_shares": "5"}}'
    refused_pod windows ', "windows": {"security_context": {"run_as_username": "x"}}'
    pod_json refused >"$BATS_TEST_TMPDIR/pod.json"
    fails INVALID_ARGUMENT RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json" runtime_handler=runsc
    says runsc
    fails INVALID_ARGUMENT RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json" runtime_handler=/usr/bin/runc
    says runtime_handler
    before=$(docker ps --all --quiet)
    refused_pod vm.swappiness ', "linux": {"sysctls": {"vm.swappiness": "1"}}'
    is "$(docker ps --all --quiet)" "$before"
}

@test "refused: environment values that are not text, or too long for docker's environment" {
    metadata='"metadata": {"name": "env", "namespace": "test", "uid": "u"}'
    for value in /w== AA== "$(/usr/bin/python3 -c 'import base64; print(base64.b64encode(b"x\n" * 66000).decode())')"; do
        echo "{\"pod_sandbox_id\": \"$SANDBOX\", \"sandbox_config\": {$metadata}, \"config\": {\"metadata\": {\"name\": \"app\"},
            \"image\": {\"image\": \"$IMAGE\"}, \"envs\": [{\"key\": \"NAMED\", \"value\": \"$value\"}]}}" >"$BATS_TEST_TMPDIR/request.json"
        fails INVALID_ARGUMENT CreateContainer - <"$BATS_TEST_TMPDIR/request.json"
        says NAMED
    done
}

@test "not honoured, and said so: an update's oom_score_adj, stdin without stdin_once, a pod's resources" {
    explained UpdateContainerResources "container_id=$SANDBOX" 'linux={"oom_score_adj": "5", "cpu_shares": "5"}' >"$BATS_TEST_TMPDIR/explained"
    grep -Fx '# not honoured: linux.oom_score_adj' "$BATS_TEST_TMPDIR/explained"
    request_of stdin ', "stdin": true'
    explained CreateContainer "${request[@]}" | grep -Fx '# not honoured: config.stdin'
    pod_json traced ', "linux": {"overhead": {"cpu_shares": "5"}, "resources": {"cpu_shares": "5"}}' >"$BATS_TEST_TMPDIR/pod.json"
    explained RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json" >"$BATS_TEST_TMPDIR/explained"
    grep -Fx '# not honoured: config.linux.overhead' "$BATS_TEST_TMPDIR/explained"
    grep -Fx '# not honoured: config.linux.resources' "$BATS_TEST_TMPDIR/explained"
}
