#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file compares the statistics with what the containers themselves, the kernel, du and docker stats say.

load lib.bash

# What $HOLD holds, in a file of the pod's /dev/shm.
HELD=$((40 * 1024 * 1024))
DEAD=dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd

shell_json() {
    /usr/bin/python3 -c 'import json, sys; print(json.dumps(["sh", "-c", sys.argv[1]]))' "$1"
}

# own_pid MORE: a container with process ids of its own.
own_pid() {
    echo ", \"linux\": {\"security_context\": {\"namespace_options\": {\"pid\": \"CONTAINER\"}}}$1"
}

setup_file() {
    engine_up
    SANDBOX=$(new_pod stats ', "labels": {"app": "burner", "tier": "back"}')
    OTHER=$(new_pod other ', "labels": {"app": "web", "tier": "back"}')
    # shellcheck disable=SC2016 # the container's shell expands it
    BURN=$(started_container "$SANDBOX" stats burn \
        "$(shell_json 'i=0; while [ $i -lt 4000000 ]; do i=$((i + 1)); done; cat /proc/1/stat; sleep 1000')" \
        "$(own_pid ', "labels": {"role": "cpu", "set": "a"}, "annotations": {"note": "n"}')")
    HOLD=$(started_container "$SANDBOX" stats hold \
        "$(shell_json "head -c $HELD /dev/zero | tr '\\0' x >/dev/shm/held; sleep 1000 & sleep 1000")" \
        "$(own_pid ', "labels": {"role": "memory", "set": "a"}')")
    WEB=$(started_container "$OTHER" other web \
        "$(shell_json 'mkdir /w; head -c 1048576 /dev/zero >/w/file; ln /w/file /w/link; mkdir /w/many; for i in 1 2 3 4 5 6 7; do echo x >/w/many/$i; done; exec httpd -f -p 8080 -h /w')" \
        "$(own_pid ', "labels": {"role": "web", "set": "b"}')")
    STOPPED=$(new_container "$OTHER" other stopped '["true"]')
    export SANDBOX OTHER BURN HOLD WEB STOPPED
    wait_until 60 burnt
    wait_until 20 held
}

teardown_file() {
    engine_down
}

burnt() {
    [ -n "$(docker logs "$BURN")" ]
}

held() {
    [ "$(docker exec "$HOLD" stat -c %s /dev/shm/held)" = "$HELD" ] && docker top "$HOLD" | grep -q 'sleep 1000'
}

# stats METHOD ARGUMENT...: into $BATS_TEST_TMPDIR/METHOD.json
stats() {
    cri "$@" >"$BATS_TEST_TMPDIR/$1.json"
}

# streamed METHOD [ARGUMENT...]: all its responses as one JSON array in $BATS_TEST_TMPDIR/METHOD.json
streamed() {
    cri "$@" --compact | /usr/bin/python3 -c 'import json, sys; json.dump([json.loads(line) for line in sys.stdin], sys.stdout)' \
        >"$BATS_TEST_TMPDIR/$1.json"
}

# ids METHOD FILTER EXPRESSION: the ids that are in the answer, in order.
ids() {
    cri "$1" "{\"filter\": $2}" | json "' '.join(sorted(s['attributes']['id'] for s in d.get('stats', [])))"
}

sorted() {
    printf '%s\n' "$@" | sort | paste -sd' '
}

@test "cpu time is what the container burnt, within a tenth" {
    docker logs "$BURN" >"$BATS_TEST_TMPDIR/stat"
    stats ContainerStats "container_id=$BURN"
    check "$BATS_TEST_TMPDIR/ContainerStats.json" <<END
fields = open("$BATS_TEST_TMPDIR/stat").read().rsplit(")", 1)[1].split()
burnt = (int(fields[11]) + int(fields[12])) * 10**9 / os.sysconf("SC_CLK_TCK")
seen = int(a["stats"]["cpu"]["usage_core_nano_seconds"]["value"])
assert burnt > 10**9, burnt
assert 0.9 < seen / burnt < 1.1, (seen, burnt)
END
}

@test "the working set is what the container holds, and docker stats says about the same" {
    stats ContainerStats "container_id=$HOLD"
    docker stats --no-stream --format '{{json .}}' "$HOLD" >"$BATS_TEST_TMPDIR/docker.json"
    check "$BATS_TEST_TMPDIR/ContainerStats.json" "$BATS_TEST_TMPDIR/docker.json" <<END
import re
memory = a["stats"]["memory"]
seen = int(memory["working_set_bytes"]["value"])
assert $HELD <= seen <= $HELD * 1.15, seen
assert int(memory["usage_bytes"]["value"]) >= seen
number, unit = re.match(r"([0-9.]+)([A-Za-z]+)", b["MemUsage"]).groups()
docker = float(number) * {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}[unit]
assert 0.8 < seen / docker < 1.25, (seen, docker)
assert int(memory["page_faults"]["value"]) > 1000
END
}

@test "memory that is available is the limit less the working set; without a limit it is not known" {
    id=$(started_container "$OTHER" other limited '["sleep", "1000"]' ', "linux": {"resources": {"memory_limit_in_bytes": "67108864"}}')
    stats ContainerStats "container_id=$id"
    [ "$(json "int(d['stats']['memory']['available_bytes']['value']) + int(d['stats']['memory']['working_set_bytes']['value'])" \
        <"$BATS_TEST_TMPDIR/ContainerStats.json")" = 67108864 ]
    [ "$(cri ContainerStats "container_id=$HOLD" | json "'available_bytes' in d['stats']['memory']")" = false ]
    cri RemoveContainer "container_id=$id"
}

@test "attributes and times are the container's and now" {
    stats ContainerStats "container_id=${BURN:0:13}"
    check "$BATS_TEST_TMPDIR/ContainerStats.json" <<END
import time
attributes = a["stats"]["attributes"]
same(attributes, {"id": "$BURN", "metadata": {"name": "burn"}, "labels": {"role": "cpu", "set": "a"}, "annotations": {"note": "n"}})
for part in ("cpu", "memory", "writable_layer"):
    assert abs(int(a["stats"][part]["timestamp"]) / 10**9 - time.time()) < 60, part
END
}

@test "the writable layer is what du says" {
    upper=$(docker inspect --format '{{.GraphDriver.Data.UpperDir}}' "$WEB")
    stats ContainerStats "container_id=$WEB"
    [ "$(json "d['stats']['writable_layer']['used_bytes']['value'], d['stats']['writable_layer']['inodes_used']['value']" \
        <"$BATS_TEST_TMPDIR/ContainerStats.json")" = \
        "[\"$(du --summarize --block-size=1 "$upper" | cut -f1)\", \"$(du --summarize --inodes "$upper" | cut -f1)\"]" ]
    [ "$(json "d['stats']['writable_layer']['fs_id']['mountpoint']" <"$BATS_TEST_TMPDIR/ContainerStats.json")" = "$ENGINE/data" ]
}

@test "a container that does not run has a writable layer and no figures; one that is not there is NOT_FOUND" {
    stats ContainerStats "container_id=$STOPPED"
    [ "$(json "d['stats']['attributes']['id'], sorted(set(d['stats']) & {'cpu', 'memory', 'writable_layer'})" <"$BATS_TEST_TMPDIR/ContainerStats.json")" = \
        "[\"$STOPPED\", [\"writable_layer\"]]" ]
    fails NOT_FOUND ContainerStats "container_id=$DEAD"
    fails NOT_FOUND ContainerStats "container_id=$SANDBOX"
    fails NOT_FOUND PodSandboxStats "pod_sandbox_id=$DEAD"
    fails NOT_FOUND PodSandboxStats "pod_sandbox_id=$BURN"
}

@test "a pod's figures are the sums of its containers' and its sandbox's" {
    stats PodSandboxStats "pod_sandbox_id=$SANDBOX"
    check "$BATS_TEST_TMPDIR/PodSandboxStats.json" <<END
stats, linux = a["stats"], a["stats"]["linux"]
same(stats["attributes"]["id"], "$SANDBOX")
same(stats["attributes"]["labels"], {"app": "burner", "tier": "back"})
same(sorted(c["attributes"]["id"] for c in linux["containers"]), sorted(["$BURN", "$HOLD"]))
value = lambda of, part, field: int(of[part][field]["value"])
for part, field, sandbox_most in (("cpu", "usage_core_nano_seconds", 10**9), ("memory", "working_set_bytes", 2**23),
                                  ("memory", "usage_bytes", 2**23), ("memory", "rss_bytes", 2**23)):
    total = sum(value(c, part, field) for c in linux["containers"])
    assert total <= value(linux, part, field) <= total + sandbox_most, (part, field, total, linux[part])
assert value(linux, "memory", "working_set_bytes") > $HELD
END
}

@test "the pod's processes are the sandbox's and its containers'" {
    wanted=0
    for id in "$SANDBOX" "$BURN" "$HOLD"; do
        wanted=$((wanted + $(docker top "$id" -o pid | tail -n +2 | wc -l)))
    done
    [ "$wanted" -ge 4 ]
    [ "$(cri PodSandboxStats "pod_sandbox_id=$SANDBOX" | json "d['stats']['linux']['process']['process_count']['value']")" = "$wanted" ]
}

# traffic: the pod's default interface's bytes, received and sent.
traffic() {
    cri PodSandboxStats "pod_sandbox_id=$OTHER" |
        json "' '.join(d['stats']['linux']['network']['default_interface'][f].get('value', '0') for f in ('rx_bytes', 'tx_bytes'))"
}

@test "the pod's network bytes grow by what goes through it" {
    address=$(cri PodSandboxStatus "pod_sandbox_id=$OTHER" | json "d['status']['network']['ip']")
    read -r received sent < <(traffic)
    [ "$(/usr/bin/python3 -c "import urllib.request as r; print(len(r.urlopen('http://$address:8080/file', timeout=10).read()))")" = 1048576 ]
    read -r received_after sent_after < <(traffic)
    [ $((sent_after - sent)) -ge 1048576 ]
    [ $((sent_after - sent)) -le $((1048576 * 5 / 4)) ]
    [ $((received_after - received)) -ge 200 ]
    pid=$(docker inspect --format '{{.State.Pid}}' "$WEB")
    read -r received sent < <(awk '$1 == "eth0:" { print $2, $10 }' "/proc/$pid/net/dev")
    [ "$received $sent" = "$received_after $sent_after" ]
    [ "$(cri PodSandboxStats "pod_sandbox_id=$OTHER" | json "d['stats']['linux']['network']['default_interface']['name']")" = eth0 ]
}

@test "ListContainerStats lists the running ones, by id, pod and labels" {
    [ "$(ids ListContainerStats '{}')" = "$(sorted "$BURN" "$HOLD" "$WEB")" ]
    for filter in "{\"id\": \"$BURN\"}" "{\"id\": \"${BURN:0:13}\"}" '{"label_selector": {"role": "cpu"}}' \
        "{\"pod_sandbox_id\": \"$SANDBOX\", \"label_selector\": {\"role\": \"cpu\", \"set\": \"a\"}}"; do
        [ "$(ids ListContainerStats "$filter")" = "$BURN" ]
    done
    for filter in "{\"pod_sandbox_id\": \"$SANDBOX\"}" "{\"pod_sandbox_id\": \"${SANDBOX:0:13}\"}" '{"label_selector": {"set": "a"}}'; do
        [ "$(ids ListContainerStats "$filter")" = "$(sorted "$BURN" "$HOLD")" ]
    done
    for filter in "{\"id\": \"$DEAD\"}" "{\"id\": \"$SANDBOX\"}" '{"label_selector": {"set": "a", "role": "web"}}' \
        "{\"id\": \"$WEB\", \"pod_sandbox_id\": \"$SANDBOX\"}" "{\"id\": \"$STOPPED\"}" '{"id": "NOT-AN-ID"}'; do
        [ "$(ids ListContainerStats "$filter")" = "" ]
    done
}

@test "ListPodSandboxStats lists the running pods, by id and labels" {
    [ "$(ids ListPodSandboxStats '{}')" = "$(sorted "$SANDBOX" "$OTHER")" ]
    [ "$(ids ListPodSandboxStats '{"label_selector": {"tier": "back"}}')" = "$(sorted "$SANDBOX" "$OTHER")" ]
    for filter in "{\"id\": \"$OTHER\"}" "{\"id\": \"${OTHER:0:13}\"}" '{"label_selector": {"tier": "back", "app": "web"}}'; do
        [ "$(ids ListPodSandboxStats "$filter")" = "$OTHER" ]
    done
    for filter in "{\"id\": \"$WEB\"}" '{"label_selector": {"tier": "front"}}' "{\"id\": \"$OTHER\", \"label_selector\": {\"app\": \"burner\"}}"; do
        [ "$(ids ListPodSandboxStats "$filter")" = "" ]
    done
}

# What docker prints, with a container and a pod more that have gone since.
with_gone_ones() {
    stand_in "$BATS_TEST_TMPDIR/docker" <<END
answer=\$(docker "\$@") || exit
printf '%s\n' "\$answer"
printf '%s\n' "\$answer" | sed -n 's/^\["$BURN/["$DEAD/p'
printf '%s\n' "\$answer" | sed -n 's/^\["$OTHER/["eeee${DEAD:4}/p'
END
}

@test "what goes away between docker's answer and the reading is left out" {
    with_gone_ones
    [ "$(cri ListContainerStats '{"filter": {"label_selector": {"role": "cpu"}}}' |
        json "[s['attributes']['id'] for s in d['stats']]")" = "[\"$BURN\"]" ]
    [ "$(ids ListPodSandboxStats '{}')" = "$(sorted "$SANDBOX" "$OTHER")" ]
    [ "$(cri PodSandboxStats "pod_sandbox_id=$SANDBOX" | json "len(d['stats']['linux']['containers'])")" = 2 ]
    streamed StreamContainerStats '{"filter": {"label_selector": {"role": "cpu"}}}'
    [ "$(json "[s['attributes']['id'] for r in d for s in r['container_stats']]" <"$BATS_TEST_TMPDIR/StreamContainerStats.json")" = "[\"$BURN\"]" ]
    streamed StreamPodSandboxStats
    [ "$(json "sorted(s['attributes']['id'] for r in d for s in r['pod_sandbox_stats']) == sorted(['$SANDBOX', '$OTHER'])" \
        <"$BATS_TEST_TMPDIR/StreamPodSandboxStats.json")" = true ]
    cri ListPodSandboxMetrics >"$BATS_TEST_TMPDIR/metrics.json"
    check "$BATS_TEST_TMPDIR/metrics.json" <<END
same(sorted(p["pod_sandbox_id"] for p in a["pod_metrics"]), sorted(["$SANDBOX", "$OTHER"]))
assert "$DEAD" not in {c["container_id"] for p in a["pod_metrics"] for c in p["container_metrics"]}
END
}

@test "every metric has a descriptor, and as many label values as that has keys" {
    stats ListMetricDescriptors
    stats ListPodSandboxMetrics
    check "$BATS_TEST_TMPDIR/ListMetricDescriptors.json" "$BATS_TEST_TMPDIR/ListPodSandboxMetrics.json" <<END
keys = {d["name"]: d["label_keys"] for d in a["descriptors"]}
same(len(keys), len(a["descriptors"]))
assert all(d["help"] for d in a["descriptors"])
same(sorted(p["pod_sandbox_id"] for p in b["pod_metrics"]), sorted(["$SANDBOX", "$OTHER"]))
names = set()
for pod in b["pod_metrics"]:
    groups = [(pod["pod_sandbox_id"], pod["metrics"])] + [(c["container_id"], c["metrics"]) for c in pod["container_metrics"]]
    for id, metrics in groups:
        seen = set()
        for metric in metrics:
            labels = keys[metric["name"]]
            same(len(metric["label_values"]), len(labels))
            values = dict(zip(labels, metric["label_values"]))
            same([values["id"], values["namespace"]], [id, "test"])
            identity = (metric["name"], *metric["label_values"])
            assert identity not in seen, identity
            seen.add(identity)
            names.add(metric["name"])
wanted = {"container_cpu_usage_seconds_total", "container_memory_working_set_bytes", "container_network_receive_bytes_total",
          "container_processes", "container_fs_usage_bytes"}
same(sorted(wanted - names), [])
END
}

@test "metrics have the figures of the statistics, in the units of their names" {
    stats ListPodSandboxMetrics
    stats PodSandboxStats "pod_sandbox_id=$SANDBOX"
    check "$BATS_TEST_TMPDIR/ListPodSandboxMetrics.json" "$BATS_TEST_TMPDIR/PodSandboxStats.json" <<END
pod = next(p for p in a["pod_metrics"] if p["pod_sandbox_id"] == "$SANDBOX")
containers = {c["container_id"]: {m["name"]: int(m.get("value", {}).get("value", 0)) for m in c["metrics"]} for c in pod["container_metrics"]}
same(sorted(containers), sorted(["$BURN", "$HOLD"]))
stats = {c["attributes"]["id"]: c for c in b["stats"]["linux"]["containers"]}
cpu = int(stats["$BURN"]["cpu"]["usage_core_nano_seconds"]["value"]) // 10**9
assert cpu - 1 <= containers["$BURN"]["container_cpu_usage_seconds_total"] <= cpu, (cpu, containers["$BURN"])
memory = int(stats["$HOLD"]["memory"]["working_set_bytes"]["value"])
assert abs(containers["$HOLD"]["container_memory_working_set_bytes"] - memory) < 2**21
same(containers["$HOLD"]["container_processes"], 2)
labels = pod["container_metrics"][0]["metrics"][0]["label_values"]
assert "stats" in labels and "test" in labels, labels
END
}

@test "the Stream variants give the same as the List variants" {
    stats ListContainerStats
    stats ListPodSandboxStats
    stats ListPodSandboxMetrics
    streamed StreamContainerStats
    streamed StreamPodSandboxStats
    streamed StreamPodSandboxMetrics
    check "$BATS_TEST_TMPDIR"/{ListContainerStats,StreamContainerStats,ListPodSandboxStats,StreamPodSandboxStats,ListPodSandboxMetrics,StreamPodSandboxMetrics}.json <<'END'
def shape(value, path=""):
    """All but the figures, which go on."""
    if isinstance(value, dict):
        return {k: shape(v, k) for k, v in value.items() if k not in ("timestamp", "value")}
    if isinstance(value, list):
        return [shape(v) for v in value]
    return value
assert len(b) >= 3 and len(d) >= 2 and len(f) >= 2
same(shape([s for r in b for s in r["container_stats"]]), shape(a["stats"]))
same(shape([s for r in d for s in r["pod_sandbox_stats"]]), shape(c["stats"]))
same(shape([s for r in f for s in r["pod_sandbox_metrics"]]), shape(e["pod_metrics"]))
close = lambda x, y: abs(int(x) - int(y)) <= max(int(x), int(y)) * 0.05 + 10**8
for x, y in zip((s for r in b for s in r["container_stats"]), a["stats"]):
    assert close(x["cpu"]["usage_core_nano_seconds"]["value"], y["cpu"]["usage_core_nano_seconds"]["value"])
    assert close(x["memory"]["working_set_bytes"]["value"], y["memory"]["working_set_bytes"]["value"])
END
}

@test "Stream variants take the List variants' filters" {
    streamed StreamContainerStats "{\"filter\": {\"pod_sandbox_id\": \"$OTHER\"}}"
    [ "$(json "[s['attributes']['id'] for r in d for s in r['container_stats']]" <"$BATS_TEST_TMPDIR/StreamContainerStats.json")" = "[\"$WEB\"]" ]
    streamed StreamPodSandboxStats '{"filter": {"label_selector": {"app": "web"}}}'
    [ "$(json "[s['attributes']['id'] for r in d for s in r['pod_sandbox_stats']]" <"$BATS_TEST_TMPDIR/StreamPodSandboxStats.json")" = "[\"$OTHER\"]" ]
}

@test "a pod on the host's network has no network of its own" {
    host=$(new_pod host ', "linux": {"security_context": {"namespace_options": {"network": "NODE"}}}')
    [ "$(cri PodSandboxStats "pod_sandbox_id=$host" | json "'network' in d['stats']['linux'], 'cpu' in d['stats']['linux']")" = '[false, true]' ]
    cri RemovePodSandbox "pod_sandbox_id=$host"
}

# pod_cpu: the cpu time of the cgroup $CGROUP, in nanoseconds, by the kernel.
pod_cpu() {
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        awk '$1 == "usage_usec" { print $2 * 1000 }' "$(find /sys/fs/cgroup -type d -name "$CGROUP" | head -n 1)/cpu.stat"
    else
        cat "$(find /sys/fs/cgroup/cpuacct/ -type d -name "$CGROUP" | head -n 1)/cpuacct.usage"
    fi
}

teardown() {
    [ -z "${CGROUP-}" ] || find /sys/fs/cgroup -depth -type d -path "*/$CGROUP*" -exec rmdir {} + 2>/dev/null || true
}

@test "a pod with a cgroup of its own has that one's figures, of containers that are gone, too" {
    CGROUP=cri-oneshot-stats-$$
    [ "$(docker info --format '{{.CgroupDriver}}')" = cgroupfs ] || CGROUP=cri$$.slice
    parent=$(new_pod parent ", \"linux\": {\"cgroup_parent\": \"/$CGROUP\"}")
    # shellcheck disable=SC2016 # the container's shell expands it
    id=$(started_container "$parent" parent app "$(shell_json 'i=0; while [ $i -lt 500000 ]; do i=$((i + 1)); done')")
    docker wait "$id"
    cri RemoveContainer "container_id=$id"
    before=$(pod_cpu)
    seen=$(cri PodSandboxStats "pod_sandbox_id=$parent" | json "d['stats']['linux']['cpu']['usage_core_nano_seconds']['value']")
    after=$(pod_cpu)
    cri RemovePodSandbox "pod_sandbox_id=$parent"
    [ "$before" -gt 100000000 ]
    [ "$seen" -ge "$before" ]
    [ "$seen" -le "$after" ]
}
