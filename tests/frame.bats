#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file tests cri-frame by what it is given and what it prints: crictl's own files, proto3 JSON in each of its spellings, many frames
# in a stream, and what it says of what is wrong.

bats_require_minimum_version 1.5.0
ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
BUILD=$(realpath -m "${BUILD:-$ROOT/build}")
FILES=$ROOT/tests/data/crictl
ID=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
# One arena a call, given back by the end of the process: no leak.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

setup() {
    export PATH=$BUILD/bin:$PATH
    unset CRI_ONESHOT_DOCKER CRI_ONESHOT_TRACE CRI_FRAME_TRANSLATOR CRI_FRAME_SOCKET
}

# same ONE OTHER: two JSON texts are equal documents.
same() {
    /usr/bin/python3 -c '
import json, sys
one, other = (json.loads(text) for text in sys.argv[1:])
if one != other:
    sys.exit(f"{json.dumps(one, sort_keys=True)}\n{json.dumps(other, sort_keys=True)}")' "$1" "$2"
}

# request ARGUMENT...: what encode makes of them, as JSON.
request() {
    cri-frame encode "$@" | cri-frame decode --request --compact
}

# wrong TEXT ARGUMENT...: encode must refuse them, with this line alone, and print no frame.
wrong() {
    local text=$1
    shift
    run -2 --separate-stderr cri-frame encode "$@"
    [ "$output" = "" ]
    # shellcheck disable=SC2154 # run sets it
    [ "$stderr" = "cri-frame: $text" ] || {
        printf 'wanted %s\ngot    %s\n' "cri-frame: $text" "$stderr"
        return 1
    }
}

# ---- crictl's files

@test "crictl's pod files become the request that they describe" {
    for file in "$FILES"/pod*.json; do
        run -0 request RunPodSandbox "config=@$file"
        # The fields at their default are left out, and enums have names.
        /usr/bin/python3 - "$file" "$output" <<'END'
import json, sys
def clean(value):
    if isinstance(value, dict):
        return {k: clean(v) for k, v in value.items() if v not in ("", 0, False, [])}
    return [clean(v) for v in value] if isinstance(value, list) else value
names = {"network": ["POD", "CONTAINER", "NODE"], "pid": ["POD", "CONTAINER", "NODE"], "ipc": ["POD", "CONTAINER", "NODE"],
         "protocol": ["TCP", "UDP", "SCTP"]}
def named(value):
    if isinstance(value, dict):
        return {k: names[k][v] if k in names and isinstance(v, int) else str(v) if k == "value" else named(v) for k, v in value.items()}
    if isinstance(value, list):
        return [str(v) if isinstance(v, int) else named(v) for v in value]
    return value
wanted = {"run_pod_sandbox": {"config": named(clean(json.load(open(sys.argv[1]))))}}
seen = json.loads(sys.argv[2])
assert seen == wanted, f"\n{seen}\n{wanted}"
END
        cri-frame encode RunPodSandbox "config=@$file" | cri-oneshot --explain | grep -q '^docker run --detach --name=k8s_POD_'
    done
}

@test "crictl's container files become commands, their variables being plain text" {
    for file in "$FILES"/container*.json; do
        cri-frame encode CreateContainer "pod_sandbox_id=$ID" "config=@$file" "sandbox_config=@$FILES/pod-host.json" |
            cri-oneshot --explain | grep -q '^docker create --name=k8s_'
    done
    run -0 request CreateContainer "config=@$FILES/container-web.json"
    /usr/bin/python3 - "$FILES/container-web.json" "$output" <<'END'
import base64, json, sys
wanted = {one["key"]: one["value"] for one in json.load(open(sys.argv[1]))["envs"]}
config = json.loads(sys.argv[2])["create_container"]["config"]
assert {one["key"]: base64.b64decode(one.get("value", "")).decode() for one in config["envs"]} == wanted
assert config["linux"]["resources"]["memory_limit_in_bytes"] == "268435456"
assert config["mounts"][1]["propagation"] == "PROPAGATION_HOST_TO_CONTAINER"
END
}

@test "the pod and container files that the README prints become the calls that it shows" {
    for name in pod container; do
        sed -n "/^\`$name.json\`\$/,/^\`\`\`\$/p" "$ROOT/README.md" | sed '1,/^```json$/d; /^```$/d' >"$BATS_TEST_TMPDIR/$name.json"
    done
    cri-frame encode RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json" | cri-oneshot --explain |
        grep -q '^docker run --detach --name=k8s_POD_demo_default_uid-1_1 '
    cri-frame encode CreateContainer "pod_sandbox_id=$ID" "config=@$BATS_TEST_TMPDIR/container.json" \
        "sandbox_config=@$BATS_TEST_TMPDIR/pod.json" | cri-oneshot --explain | grep -q '^docker create .* -- 127.0.0.1:5000/busybox:1 '
}

@test "a file on standard input, and operands over it" {
    run -0 request RunPodSandbox config=@- <"$FILES/pod.json"
    [[ $output == *'"name":"nginx-sandbox"'* ]]
    run -0 request RunPodSandbox - runtime_handler=x <<<'{"config": {"hostname": "a"}, "runtimeHandler": "y"}'
    same "$output" '{"run_pod_sandbox": {"config": {"hostname": "a"}, "runtime_handler": "x"}}'
}

@test "a runtime handler goes beside the request" {
    run -0 request CreateContainer pod_sandbox_id=x --runtime-handler=kata
    same "$output" '{"runtime_handler": "kata", "create_container": {"pod_sandbox_id": "x"}}'
}

# ---- spellings

@test "both spellings of fields, enums by name or number, 64-bit numbers as strings or numbers" {
    local wanted='{"run_pod_sandbox": {"config": {"port_mappings": [{"protocol": "UDP", "container_port": 53, "host_port": 5353}],
        "linux": {"security_context": {"run_as_user": {"value": "9007199254740993"}, "namespace_options": {"network": "NODE"},
        "supplemental_groups": ["-9223372036854775808", "9223372036854775807"]}}}}}'
    run -0 request RunPodSandbox '{"config": {"port_mappings": [{"protocol": "UDP", "container_port": 53, "host_port": 5353}],
        "linux": {"security_context": {"run_as_user": {"value": "9007199254740993"}, "namespace_options": {"network": "NODE"},
        "supplemental_groups": ["-9223372036854775808", "9223372036854775807"]}}}}'
    same "$output" "$wanted"
    run -0 request run_pod_sandbox '{"config": {"portMappings": [{"protocol": 1, "containerPort": "53", "hostPort": 5353.0}],
        "linux": {"securityContext": {"runAsUser": {"value": 9007199254740993}, "namespaceOptions": {"network": 2},
        "supplementalGroups": [-9223372036854775808, 9223372036854775807]}}}}'
    same "$output" "$wanted"
    run -0 request RunPodSandbox '{"config": {"portMappings": [{"protocol": 1.0, "container_port": "5.3e1", "hostPort": 5.353e3}],
        "linux": {"security_context": {"runAsUser": {"value": 9007199254740993}, "namespace_options": {"network": 2},
        "supplementalGroups": [-9223372036854775808, 9223372036854775807]}}}, "runtime_handler": null}'
    same "$output" "$wanted"
}

@test "enums of unknown numbers are kept, those of unknown names are not" {
    run -0 request ListPodSandbox '{"filter": {"state": {"state": 7}}}'
    [ "$output" = '{"list_pod_sandbox":{"filter":{"state":{"state":7}}}}' ]
    run -0 request RunPodSandbox '{"config": {"linux": {"security_context": {"namespace_options": {"network": -2147483648}}}}}'
    [[ $output == *'"network":-2147483648'* ]]
}

@test "bytes are base64 of either alphabet, with or without padding" {
    for text in '+/+/AA==' '-_-_AA==' '+/+/AA' '-_-_AA'; do
        run -0 request CreateContainer "{\"config\": {\"envs\": [{\"key\": \"A\", \"value\": \"$text\"}]}}"
        [[ $output == *'"value":"+/+/AA=="'* ]]
    done
}

@test "words of a command line set fields of each kind" {
    run -0 request ExecSync container_id=x cmd=ls cmd=-l 'cmd=a=b' timeout=5 --timeout=0.5
    same "$output" '{"timeout_ms": "500", "exec_sync": {"container_id": "x", "cmd": ["ls", "-l", "a=b"], "timeout": "5"}}'
    run -0 request ExecSync 'cmd=["only"]' --timeout=250ms
    [ "$output" = '{"timeout_ms":"250","exec_sync":{}}' ] || same "$output" '{"timeout_ms": "250", "exec_sync": {"cmd": ["[\"only\"]"]}}'
    run -0 request ListContainers 'filter={"labelSelector": {"a": "b"}}'
    same "$output" '{"list_containers": {"filter": {"label_selector": {"a": "b"}}}}'
    run -0 request ContainerStatus verbose=true containerId=x
    same "$output" '{"container_status": {"container_id": "x", "verbose": true}}'
    # A time that is not 0 is not none.
    run -0 request Version --timeout=0.0001
    same "$output" '{"timeout_ms": "1", "version": {}}'
}

@test "a path of names sets a field of a message in the request, and a map's entry" {
    run -0 request ListContainers filter.state.state=CONTAINER_RUNNING filter.labelSelector.io.kubernetes.pod.name=a=b filter.id=x
    same "$output" '{"list_containers": {"filter": {"state": {"state": "CONTAINER_RUNNING"}, "id": "x",
        "label_selector": {"io.kubernetes.pod.name": "a=b"}}}}'
    # Over what was there, and beside it.
    run -0 request RunPodSandbox "config=@$FILES/pod.json" config.metadata.name=other config.linux.security_context.run_as_user.value=5
    /usr/bin/python3 - "$FILES/pod.json" "$output" <<'END'
import json, sys
wanted = json.load(open(sys.argv[1]))["metadata"] | {"name": "other"}
seen = json.loads(sys.argv[2])["run_pod_sandbox"]["config"]
assert {k: v for k, v in seen["metadata"].items() if k != "attempt"} == {k: v for k, v in wanted.items() if k != "attempt"}
assert seen["linux"]["security_context"]["run_as_user"] == {"value": "5"}
END
    run -0 request RunPodSandbox config.dns_config.servers=1.1.1.1 config.dns_config.servers=8.8.8.8
    same "$output" '{"run_pod_sandbox": {"config": {"dns_config": {"servers": ["1.1.1.1", "8.8.8.8"]}}}}'
    wrong 'ListContainers: filter.state.state: no value "RUNNING" in enum runtime.v1.ContainerState (did you mean CONTAINER_RUNNING?)' \
        ListContainers filter.state.state=RUNNING
    wrong 'sttae: runtime.v1.ContainerFilter has no such field (did you mean state?)' ListContainers filter.sttae.state=1
    wrong 'mounts: is a list; give it as JSON' CreateContainer config.mounts.host_path=/
    wrong 'timeout: is no message, and has no field "x"' ExecSync timeout.x=1
}

# ---- what there is

@test "list has every method, and describe the fields of each and of their messages" {
    local method message
    run -0 cri-frame list
    [ "$(wc -l <<<"$output")" = "$(grep -c '^ *rpc ' "$ROOT/proto/runtime/v1/api.proto")" ]
    [ "${lines[0]}" = 'Version                    VersionRequest -> VersionResponse' ]
    [[ $output == *'GetContainerEvents         GetEventsRequest -> stream of ContainerEventResponse'* ]]
    while read -r method _; do
        run -0 cri-frame describe "$method"
        [[ ${lines[0]} == "$method takes "*: ]]
    done < <(cri-frame list)
    for message in $(cri-frame describe ContainerStatus | sed -n 's/.* \([A-Z][A-Za-z]*\)$/\1/p'); do
        run -0 cri-frame describe "$message"
        grep -qx "$message:" <<<"$output"
    done
    run -0 cri-frame describe ListContainers
    [ "$output" = 'ListContainers takes ListContainersRequest:
  filter  ContainerFilter
and returns ListContainersResponse:
  containers  list of Container' ]
    run -0 cri-frame describe ContainerFilter
    [ "$output" = 'ContainerFilter:
  id              string
  state           ContainerStateValue
  pod_sandbox_id  string
  label_selector  map of string to string' ]
    run -0 cri-frame describe runtime.v1.ContainerStateValue
    [[ ${lines[1]} == '  state  CONTAINER_CREATED | CONTAINER_RUNNING | CONTAINER_EXITED | CONTAINER_UNKNOWN' ]]
    run -2 cri-frame describe RunPodSandbx
    [ "$output" = 'cri-frame: no method and no message "RunPodSandbx" in the CRI (did you mean RunPodSandbox?)' ]
    run -2 cri-frame descrbe
    [ "$output" = 'cri-frame: no command "descrbe" (did you mean describe?): cri-frame --help shows what there is' ]
}

# ---- streams

@test "many documents are many frames, and back" {
    seq 5000 | sed 's/.*/{"stop_container": {"container_id": "&"}}/' >"$BATS_TEST_TMPDIR/documents"
    cri-frame encode --request - <"$BATS_TEST_TMPDIR/documents" >"$BATS_TEST_TMPDIR/frames"
    cri-frame decode --request --compact <"$BATS_TEST_TMPDIR/frames" | tr -d ' ' >"$BATS_TEST_TMPDIR/back"
    diff <(tr -d ' ' <"$BATS_TEST_TMPDIR/documents") "$BATS_TEST_TMPDIR/back"
    # In pieces, as a pipe may give them, and documents without a line between them.
    head -n 20 "$BATS_TEST_TMPDIR/documents" | tr -d '\n' | cri-frame encode --request - |
        /usr/bin/python3 -c '
import sys, time
for byte in sys.stdin.buffer.read():
    sys.stdout.buffer.write(bytes([byte]))
    sys.stdout.buffer.flush()' | cri-frame decode --request --compact | tr -d ' ' | diff - <(head -n 20 "$BATS_TEST_TMPDIR/back")
    run -0 cri-frame decode </dev/null
    [ "$output" = "" ]
}

@test "frames that are cut off or none are told by their number" {
    request='{"version": {}} {"version": {"version": "v1"}}'
    cri-frame encode --request "$request" >"$BATS_TEST_TMPDIR/frames"
    run -3 cri-frame decode --request --compact < <(head -c -1 "$BATS_TEST_TMPDIR/frames")
    [ "$output" = '{"version":{}}
cri-frame: frame 2 is cut off' ]
    run -3 cri-frame decode --request < <(printf '\002\010')
    [ "$output" = 'cri-frame: frame 1 is cut off' ]
    run -3 cri-frame decode --request < <(printf '\001\377')
    [ "$output" = 'cri-frame: frame 1 is no oneshot.v1.Request' ]
    run -3 cri-frame decode < <(printf '\377\377\377\377\377\377\377\377\377\377\377')
    [ "$output" = 'cri-frame: frame 1 has no length that can be one' ]
}

# ---- what is wrong, and where

@test "each mistake is told with the path of its field" {
    wrong 'RunPodSandbox: config.metadata.nme: runtime.v1.PodSandboxMetadata has no such field (did you mean name?)' \
        RunPodSandbox '{"config": {"metadata": {"nme": "x"}}}'
    wrong 'RunPodSandbox: config.port_mappings[1].container_port: a whole number is expected, not a boolean' \
        RunPodSandbox '{"config": {"portMappings": [{}, {"containerPort": true}]}}'
    wrong 'RunPodSandbox: config.port_mappings[0].protocol: no value "tcp" in enum runtime.v1.Protocol (did you mean TCP?)' \
        RunPodSandbox '{"config": {"portMappings": [{"protocol": "tcp"}]}}'
    wrong 'RunPodSandbox: config.labels["a"]: a string is expected, not a number' \
        RunPodSandbox '{"config": {"labels": {"a": 1}}}'
    wrong 'RunPodSandbox: config.labels: an object is expected, not an array' \
        RunPodSandbox '{"config": {"labels": []}}'
    wrong 'RunPodSandbox: config.metadata.attempt: the number is out of range for uint32' \
        RunPodSandbox '{"config": {"metadata": {"attempt": -1}}}'
    wrong 'RunPodSandbox: config.metadata.attempt: a whole number is expected' \
        RunPodSandbox '{"config": {"metadata": {"attempt": 1.5}}}'
    wrong 'CreateContainer: config.envs[0].value: this is not base64' \
        CreateContainer '{"config": {"envs": [{"key": "A", "value": "plain text"}]}}'
    wrong 'CreateContainer: config.mounts: an array is expected, not an object' \
        CreateContainer '{"config": {"mounts": {}}}'
    wrong 'CreateContainer: config.command[1]: a string is expected, not null' \
        CreateContainer '{"config": {"command": ["sh", null]}}'
    wrong 'CreateContainer: config: an object is expected, not a string' \
        CreateContainer '{"config": "x"}'
    wrong 'CreateContainer: config.log_path: the field is given twice' \
        CreateContainer '{"config": {"log_path": "a", "logPath": "b"}}'
    wrong 'ExecSync: timeout: the number is out of range for int64' \
        ExecSync '{"timeout": "9223372036854775808"}'
    wrong 'the JSON: stop_container: "version" of the same oneof is given too' \
        --request '{"version": {}, "stop_container": {}}'
}

@test "mistakes in words and files are told, too" {
    printf '{"metadata": {"name": 1}}' >"$BATS_TEST_TMPDIR/pod.json"
    printf '{"metadata": {"name": "x"\n,}' >"$BATS_TEST_TMPDIR/bad.json"
    wrong "$BATS_TEST_TMPDIR/pod.json: config.metadata.name: a string is expected, not a number" \
        RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json"
    run -2 cri-frame encode RunPodSandbox "config=@$BATS_TEST_TMPDIR/bad.json"
    [[ $output == "cri-frame: $BATS_TEST_TMPDIR/bad.json: line 2, column "* ]]
    wrong "cannot open \"$BATS_TEST_TMPDIR/none.json\": No such file or directory" RunPodSandbox "config=@$BATS_TEST_TMPDIR/none.json"
    wrong 'no method "RunPod" in the CRI (did you mean RunPodSandbox?)' RunPod
    wrong 'no method "stop_contaner" in the CRI (did you mean StopContainer?)' stop_contaner
    wrong 'no method "Xyzzy" in the CRI' Xyzzy
    wrong 'contaner_id: runtime.v1.ExecSyncRequest has no such field (did you mean container_id?)' ExecSync contaner_id=x
    wrong 'xyzzy: runtime.v1.ExecSyncRequest has no such field' ExecSync xyzzy=x
    wrong '"x" is neither JSON nor FIELD=VALUE' ExecSync x
    wrong 'verbose: true or false is expected, not "yes"' ContainerStatus verbose=yes
    wrong 'ExecSync: timeout: a whole number is expected' ExecSync timeout=soon
    wrong '--timeout=soon: seconds (5, 0.5) or milliseconds (500ms) are expected' Version --timeout=soon
    wrong 'Version: more than one JSON document' Version '{} {}'
    wrong 'METHOD is missing (cri-frame --help)'
    run -2 cri-frame encode RunPodSandbox '{"config": {"hostname": "a", "hostname": "b"}}'
    [[ $output == 'cri-frame: RunPodSandbox: line 1, column '*'duplicate object key'* ]]
}

# ---- calls

@test "a call ends when nobody reads what it prints" {
    cat >"$BATS_TEST_TMPDIR/docker" <<'END'
#!/bin/bash
while :; do cat "$EVENT"; sleep 0.02; done
END
    chmod +x "$BATS_TEST_TMPDIR/docker"
    sed 1q "$ROOT/fixtures/stream/events/docker.stdout" >"$BATS_TEST_TMPDIR/event"
    export EVENT=$BATS_TEST_TMPDIR/event CRI_ONESHOT_DOCKER=$BATS_TEST_TMPDIR/docker
    run -0 timeout 10 bash -c 'cri-frame call GetContainerEvents --compact | head -n 1'
    [[ $output == *'"container_id"'* ]]
    for _ in {1..100}; do
        pgrep -f "$BATS_TEST_TMPDIR/docker" >/dev/null || break
        sleep 0.05
    done
    run ! pgrep -f "$BATS_TEST_TMPDIR/docker"
}

@test "a call over a pipe and over a unix socket" {
    export CRI_ONESHOT_DOCKER=$BUILD/bin/cri-fixture-docker CRI_FIXTURE_SESSION=$ROOT/fixtures/sessions/pod-life
    run -0 cri-frame call Version
    version=$output
    cat >"$BATS_TEST_TMPDIR/listen.py" <<'END'
import socket, subprocess, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
client = subprocess.Popen(["cri-frame", "call", "Version", f"--socket={sys.argv[1]}"])
connection, _ = listener.accept()
subprocess.run(["cri-oneshot"], stdin=connection, stdout=connection, check=True)
connection.close()
sys.exit(client.wait(timeout=10))
END
    run -0 /usr/bin/python3 "$BATS_TEST_TMPDIR/listen.py" "$BATS_TEST_TMPDIR/socket"
    [ "$output" = "$version" ]
    # The variable says where, unless an option does.
    export CRI_FRAME_SOCKET=$BATS_TEST_TMPDIR/variable
    sed -i 's/, f"--socket={sys.argv\[1\]}"//' "$BATS_TEST_TMPDIR/listen.py"
    run -0 /usr/bin/python3 "$BATS_TEST_TMPDIR/listen.py" "$BATS_TEST_TMPDIR/variable"
    [ "$output" = "$version" ]
    run -0 cri-frame call Version --translator="$BUILD/bin/cri-oneshot"
    [ "$output" = "$version" ]
    run -3 cri-frame call Version
    [[ $output == *"cannot connect to \"$CRI_FRAME_SOCKET\""* ]]
    unset CRI_FRAME_SOCKET
    run -3 cri-frame call Version "--socket=$BATS_TEST_TMPDIR/none"
    [[ $output == *'cannot connect to'*'none": No such file or directory' ]]
    run -3 cri-frame call Version --translator=/nowhere/at/all
    [[ $output == *'cannot start "/nowhere/at/all": No such file or directory' ]]
    run -3 cri-frame call Version --translator=true
    [[ $output == 'cri-frame: Version: no answer: the translator ended with status 0' ]]
    run -3 cri-frame call Version --translator=yes
    [[ $output == 'cri-frame: Version: '* ]]
}

@test "a call that is shown shows no secret, and not the user in a server address" {
    run -1 cri-frame call PullImage image='{"image": "registry.example/a"}' \
        auth='{"username": "me", "password": "hunter2", "server_address": "https://user:hunter2@other.example"}' --show
    [[ $output == *'"https://************@other.example"'*'the credentials are for "other.example"'* ]]
    [[ $output != *hunter2* ]]
}

@test "a call to the socket of gRPC is told which socket that is" {
    cri-gateway --listen="$BATS_TEST_TMPDIR/grpc" 2>"$BATS_TEST_TMPDIR/log" 3>&- 4>&- &
    for _ in {1..100}; do
        [ ! -s "$BATS_TEST_TMPDIR/log" ] || break
        sleep 0.05
    done
    run -3 timeout 10 cri-frame call Version --socket="$BATS_TEST_TMPDIR/grpc"
    kill %1
    wait %1 || true
    [ "$output" = 'cri-frame: Version: what answers is no translator but a gRPC server, as cri-gateway is: the socket of frames is another one (/run/cri-oneshot.frames)' ]
}

@test "what is shown has bytes as text, and what is no text as base64" {
    export CRI_ONESHOT_DOCKER=$BATS_TEST_TMPDIR/docker
    printf '#!/bin/sh\nprintf "gr\303\274n\\n"\nprintf "\\377\\0" >&2\n' >"$CRI_ONESHOT_DOCKER"
    chmod +x "$CRI_ONESHOT_DOCKER"
    run -0 cri-frame call ExecSync container_id=$ID cmd=true --show
    [[ $output == *'"stdout": "grün\n"'*'"stderr": "base64:/wA="'* ]]
    run -0 cri-frame call ExecSync container_id=$ID cmd=true --compact
    [ "$output" = '{"stdout":"Z3LDvG4K","stderr":"/wA="}' ]
}

@test "the trace has milliseconds with three decimals at most" {
    export CRI_ONESHOT_DOCKER=/bin/false CRI_ONESHOT_TRACE=$BATS_TEST_TMPDIR/trace
    for _ in {1..20}; do run -1 cri-frame call ContainerStatus container_id=$ID; done
    [ "$(grep -cE '"read_ms":[0-9]+\.[0-9]{1,3},"docker_ms":[0-9]+\.[0-9]{1,3},"parse_ms":[0-9]+\.[0-9]{1,3}\}$' "$CRI_ONESHOT_TRACE")" = 20 ]
}
