#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file sends values that bite, and looks with docker's eyes and from inside whether they arrived exactly as sent.

load lib.bash

setup_file() {
    engine_up
    write_hostile_values
}

teardown() {
    remove_all_containers
}

teardown_file() {
    engine_down
}

# What a shell, a flag parser, a CSV reader or a template would trip over.
write_hostile_values() {
    /usr/bin/python3 - "$BATS_FILE_TMPDIR/hostile.json" <<'END'
import json, sys
values = ["--privileged", "-v", "--", "-", "a,b", "a,readonly", 'say "x"', "it's", "a=b", "=", "a:b", "a:b:ro", "", " leading",
          "trailing ", "two\nlines", "tab\there", "\r", "back\\slash", "\\n", "$HOME", "${HOME}", "`id`", "$(id)", "{{.ID}}", "%s",
          "*", "~", "#", "é ü 漢字 🙂", "\u2028", "\x01", "\x7f", "<redacted>", "a;b|c&d", "!x", "null", "\ufeff"]
json.dump(values, open(sys.argv[1], "w"))
END
}

# make_config NAME COMMAND_JSON FILE: runs the Python on standard input, which sets more members of the container's configuration
# "config" from the values; writes it to FILE.
make_config() {
    container_json "$1" "$2" >"$BATS_TEST_TMPDIR/base.json"
    /usr/bin/python3 -c '
import json, os, sys
config, values = (json.load(open(name)) for name in sys.argv[1:3])
folder = os.environ["BATS_TEST_TMPDIR"]
exec(sys.stdin.read())
json.dump(config, open(sys.argv[3], "w"))' "$BATS_TEST_TMPDIR/base.json" "$BATS_FILE_TMPDIR/hostile.json" "$3"
}

# create SANDBOX POD FILE
create() {
    cri CreateContainer "pod_sandbox_id=$1" "config=@$3" "sandbox_config=@$BATS_FILE_TMPDIR/pod-$2.json" | json "d['container_id']"
}

# run_to_end ID: starts it and waits.
run_to_end() {
    cri StartContainer "container_id=$1"
    [ "$(docker wait "$1")" = 0 ] || {
        docker logs "$1"
        return 1
    }
}

@test "arguments arrive as sent, inside too" {
    sandbox=$(new_pod arguments)
    make_config app '["/bin/sh", "-c", "printf \"%s\\\\0\" \"$@\" >/out/arguments", "--rm"]' "$BATS_TEST_TMPDIR/config.json" <<'END'
config["args"] = values
config["mounts"] = [{"host_path": folder, "container_path": "/out"}]
END
    id=$(create "$sandbox" arguments "$BATS_TEST_TMPDIR/config.json")
    run_to_end "$id"
    inspect "$id" >"$BATS_TEST_TMPDIR/inspect.json"
    check "$BATS_TEST_TMPDIR/inspect.json" "$BATS_TEST_TMPDIR/config.json" <<END
same(a["Config"]["Entrypoint"], b["command"][:1])
same(a["Config"]["Cmd"], b["command"][1:] + b["args"])
same(open("$BATS_TEST_TMPDIR/arguments", newline="").read().split("\0")[:-1], b["args"])
END
}

@test "a command without arguments drops the image's own, arguments without a command keep its entry point" {
    base=$(docker create "$IMAGE")
    docker commit --change='ENTRYPOINT ["echo", "entry"]' --change='CMD ["image-argument"]' "$base" busybox:entry
    IMAGE=busybox:entry
    sandbox=$(new_pod entry)
    one=$(new_container "$sandbox" entry one '["echo"]')
    container_json two '[]' ', "args": ["--my", "argument"]' >"$BATS_TEST_TMPDIR/two.json"
    two=$(create "$sandbox" entry "$BATS_TEST_TMPDIR/two.json")
    container_json three '[]' >"$BATS_TEST_TMPDIR/three.json"
    three=$(create "$sandbox" entry "$BATS_TEST_TMPDIR/three.json")
    for id in "$one" "$two" "$three"; do
        run_to_end "$id"
    done
    [ "$(docker logs "$one")" = "" ]
    [ "$(docker logs "$two")" = "entry --my argument" ]
    [ "$(docker logs "$three")" = "entry image-argument" ]
}

@test "labels and annotations arrive as sent, in docker, in the status and in the list" {
    sandbox=$(new_pod labels)
    make_config app '["sleep", "1000"]' "$BATS_TEST_TMPDIR/config.json" <<'END'
config["labels"] = {f"label-{i}": value for i, value in enumerate(values)}
config["annotations"] = {f"note-{i}": value for i, value in enumerate(values)}
for key in ("--privileged", "-v", "a,b", 'say "x"', "it's", "a b", "é", "a:b", "a/b", "#", "$HOME", "{{.ID}}", "annotation.x"):
    config["labels"][key if key != "annotation.x" else "annotationx"] = "by key"
    config["annotations"][key] = "by key"
# docker cannot say this key on its command line, nor those with blanks; the CRI gets them back all the same.
config["annotations"]["with=sign"] = "by JSON only"
END
    id=$(create "$sandbox" labels "$BATS_TEST_TMPDIR/config.json")
    inspect "$id" >"$BATS_TEST_TMPDIR/inspect.json"
    cri ContainerStatus "container_id=$id" >"$BATS_TEST_TMPDIR/status.json"
    cri ListContainers >"$BATS_TEST_TMPDIR/list.json"
    check "$BATS_TEST_TMPDIR"/{inspect,config,status,list}.json <<'END'
wanted = dict(b["labels"])
wanted.update({"annotation." + k: v for k, v in b["annotations"].items()})
ours = {"io.kubernetes.docker.type", "io.kubernetes.sandbox.id"}
same({k: v for k, v in a["Config"]["Labels"].items() if not k.startswith("cri-oneshot.v1") and k not in ours},
     {k: v for k, v in wanted.items() if not set(k) & set("= ")})
for seen in (c["status"], d["containers"][0]):
    contains(seen, {"labels": b["labels"], "annotations": b["annotations"]})
END
}

@test "a sandbox's labels and annotations arrive as sent" {
    make_config app '["true"]' "$BATS_TEST_TMPDIR/config.json" <<'END'
config = {"metadata": {"name": "--privileged", "namespace": "-v", "uid": "--rm", "attempt": 4294967295},
          "hostname": "x",
          "labels": {f"label-{i}": value for i, value in enumerate(values)},
          "annotations": {f"note-{i}": value for i, value in enumerate(values)}}
END
    id=$(cri RunPodSandbox "config=@$BATS_TEST_TMPDIR/config.json" | json "d['pod_sandbox_id']")
    [ "$(docker inspect --format '{{.Name}}' "$id")" = /k8s_POD_--privileged_-v_--rm_4294967295 ]
    [ "$(docker inspect --format '{{.HostConfig.Privileged}}' "$id")" = false ]
    cri PodSandboxStatus "pod_sandbox_id=$id" >"$BATS_TEST_TMPDIR/status.json"
    cri ListPodSandbox >"$BATS_TEST_TMPDIR/list.json"
    check "$BATS_TEST_TMPDIR"/{config,status,list}.json <<'END'
wanted = {key: a[key] for key in ("metadata", "labels", "annotations")}
contains(b["status"], wanted)
contains(c["items"][0], wanted)
END
}

@test "environment values arrive as sent, inside too" {
    sandbox=$(new_pod environment)
    make_config app '["cat", "/proc/self/environ"]' "$BATS_TEST_TMPDIR/config.json" <<'END'
values += ["x" * 100_000, "line\r", "a\n#b\nC=d\n", "\u00a0"]
names = {f"VALUE_{i}": value for i, value in enumerate(values)}
names.update({"with blank": "v", "#hash": "v", "é": "v", "with.dot-and-dash": "v", "--flag": "v", "CRI_ONESHOT_X": "v"})
config["envs"] = [{"key": name, "value": value} for name, value in names.items()]
END
    id=$(create "$sandbox" environment "$BATS_TEST_TMPDIR/config.json")
    run_to_end "$id"
    docker logs "$id" >"$BATS_TEST_TMPDIR/environ"
    check "$BATS_TEST_TMPDIR/config.json" <<END
pairs = open("$BATS_TEST_TMPDIR/environ", newline="").read().split("\0")[:-1]
same({k: v for k, v in (p.split("=", 1) for p in pairs) if k not in ("PATH", "HOSTNAME", "HOME")},
     {e["key"]: e["value"] for e in a["envs"]})
END
}

@test "a name that would steer docker itself is sent with a plain value, and refused with one that must go by its environment" {
    sandbox=$(new_pod steering)
    make_config app '["true"]' "$BATS_TEST_TMPDIR/config.json" <<'END'
config["envs"] = [{"key": name, "value": "x"} for name in ("DOCKER_HOST", "PATH", "HTTP_PROXY", "LD_PRELOAD", "GODEBUG")]
END
    id=$(create "$sandbox" steering "$BATS_TEST_TMPDIR/config.json")
    inspect "$id" >"$BATS_TEST_TMPDIR/inspect.json"
    check "$BATS_TEST_TMPDIR/inspect.json" <<'END'
same(sorted(set(a["Config"]["Env"]) & {n + "=x" for n in ("DOCKER_HOST", "PATH", "HTTP_PROXY", "LD_PRELOAD", "GODEBUG")}),
     ["DOCKER_HOST=x", "GODEBUG=x", "HTTP_PROXY=x", "LD_PRELOAD=x", "PATH=x"])
END
    for name in DOCKER_HOST DOCKER_CONFIG PATH HOME http_proxy LD_PRELOAD GODEBUG; do
        make_config "bad" '["true"]' "$BATS_TEST_TMPDIR/config.json" <<END
config["envs"] = [{"key": "$name", "value": "two\nlines"}]
END
        fails INVALID_ARGUMENT CreateContainer "pod_sandbox_id=$sandbox" "config=@$BATS_TEST_TMPDIR/config.json" \
            "sandbox_config=@$BATS_FILE_TMPDIR/pod-steering.json"
        says "$name"
    done
}

@test "1,000 environment variables arrive" {
    sandbox=$(new_pod thousand)
    make_config app '["env"]' "$BATS_TEST_TMPDIR/config.json" <<'END'
config["envs"] = [{"key": f"VARIABLE_{i}", "value": f"value {i}" if i % 10 else f"two\nlines {i}"} for i in range(1000)]
END
    id=$(create "$sandbox" thousand "$BATS_TEST_TMPDIR/config.json")
    inspect "$id" >"$BATS_TEST_TMPDIR/inspect.json"
    check "$BATS_TEST_TMPDIR"/{inspect,config}.json <<'END'
seen = {e for e in a["Config"]["Env"] if e.startswith("VARIABLE_")}
same(sorted(seen), sorted(e["key"] + "=" + e["value"] for e in b["envs"]))
END
    run_to_end "$id"
}

@test "mounts of paths that bite arrive as sent, and the container writes through them" {
    sandbox=$(new_pod mounts)
    make_config app '["/bin/sh", "-c", "for f in \"$@\"; do printf %s \"$f\" >\"$f/seen\" || exit 1; done", "sh"]' \
        "$BATS_TEST_TMPDIR/config.json" <<'END'
names = ["a,b", "a,readonly", "c:d", "e:ro", 'f"g', '"h"', "i j", "--privileged", "k=l", "é漢", "it's", "$HOME", "{{.ID}}", "#n", "o\\p",
         ",", ":", '",":'] + ["q\nr"]
os.mkdir(f"{folder}/mounts")
for name in names:
    os.mkdir(f"{folder}/mounts/{name}")
config["mounts"] = [{"host_path": f"{folder}/mounts/{name}", "container_path": f"/in/{name}"} for name in names]
config["args"] = [mount["container_path"] for mount in config["mounts"]]
END
    id=$(create "$sandbox" mounts "$BATS_TEST_TMPDIR/config.json")
    run_to_end "$id"
    inspect "$id" >"$BATS_TEST_TMPDIR/inspect.json"
    cri ContainerStatus "container_id=$id" >"$BATS_TEST_TMPDIR/status.json"
    check "$BATS_TEST_TMPDIR"/{inspect,config,status}.json <<'END'
wanted = sorted((m["host_path"], m["container_path"]) for m in b["mounts"])
same(sorted([m["Source"], m["Destination"]] for m in a["Mounts"]), [list(w) for w in wanted])
same(sorted([m["host_path"], m["container_path"]] for m in c["status"]["mounts"]), [list(w) for w in wanted])
for host, container in wanted:
    same(open(host + "/seen").read(), container)
END
}

@test "a read-only mount is read-only, whatever its name" {
    sandbox=$(new_pod readonly)
    make_config app '["/bin/sh", "-c", "for f in \"$@\"; do if touch \"$f/seen\"; then exit 1; fi; done", "sh"]' \
        "$BATS_TEST_TMPDIR/config.json" <<'END'
names = ["plain", "a,b", "c:d", 'e"f']
for name in names:
    os.makedirs(f"{folder}/mounts/{name}")
config["mounts"] = [{"host_path": f"{folder}/mounts/{name}", "container_path": f"/in/{name}", "readonly": True} for name in names]
config["args"] = [mount["container_path"] for mount in config["mounts"]]
END
    id=$(create "$sandbox" readonly "$BATS_TEST_TMPDIR/config.json")
    run_to_end "$id"
    [ "$(cri ContainerStatus "container_id=$id" | json "[m.get('readonly') for m in d['status']['mounts']]")" = '[true, true, true, true]' ]
}

@test "relative host paths, keywords in place of paths and broken addresses are refused, and nothing is created" {
    sandbox=$(new_pod keywords)
    for member in '"mounts": [{"host_path": "volume", "container_path": "/in"}]' \
        '"mounts": [{"host_path": "", "container_path": "/in"}]' \
        '"devices": [{"host_path": "vendor.example/class=name", "container_path": "/dev/x", "permissions": "r"}]' \
        '"linux": {"security_context": {"seccomp": {"profile_type": "Localhost", "localhost_ref": "unconfined"}}}' \
        '"linux": {"security_context": {"apparmor": {"profile_type": "Localhost", "localhost_ref": "unconfined"}}}'; do
        container_json app '["true"]' ", $member" >"$BATS_TEST_TMPDIR/config.json"
        fails INVALID_ARGUMENT CreateContainer "pod_sandbox_id=$sandbox" "config=@$BATS_TEST_TMPDIR/config.json" \
            "sandbox_config=@$BATS_FILE_TMPDIR/pod-keywords.json"
    done
    pod_json address ', "port_mappings": [{"container_port": 80, "host_port": 80, "host_ip": "x:1"}]' >"$BATS_TEST_TMPDIR/pod.json"
    fails INVALID_ARGUMENT RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json"
    [ "$(docker ps --all --quiet --no-trunc)" = "$sandbox" ]
}

@test "names that cannot be docker's are refused" {
    for name in '' 'a_b' 'a,b' 'a b' $'é'; do
        printf '{"metadata": {"name": "%s", "namespace": "test", "uid": "u"}}' "$name" >"$BATS_TEST_TMPDIR/pod.json"
        fails INVALID_ARGUMENT RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json"
    done
}

@test "an annotation of 200 KiB is read back whole, by status and by list" {
    /usr/bin/python3 - "$BATS_TEST_TMPDIR" <<'END'
import json, sys
value = ("0123456789 é漢🙂\n\"\\," * 20000)[:200 * 1024]
for name, config in (("pod", {"metadata": {"name": "large", "namespace": "test", "uid": "u"}}),
                     ("container", {"metadata": {"name": "app"}, "image": {"image": "busybox:test"}, "command": ["true"]})):
    config["annotations"] = {"large": value, "small": "x"}
    json.dump(config, open(f"{sys.argv[1]}/{name}.json", "w"))
END
    sandbox=$(cri RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json" | json "d['pod_sandbox_id']")
    id=$(cri CreateContainer "pod_sandbox_id=$sandbox" "config=@$BATS_TEST_TMPDIR/container.json" \
        "sandbox_config=@$BATS_TEST_TMPDIR/pod.json" | json "d['container_id']")
    cri PodSandboxStatus "pod_sandbox_id=$sandbox" >"$BATS_TEST_TMPDIR/b.json"
    cri ListPodSandbox >"$BATS_TEST_TMPDIR/c.json"
    cri ContainerStatus "container_id=$id" >"$BATS_TEST_TMPDIR/d.json"
    cri ListContainers >"$BATS_TEST_TMPDIR/e.json"
    check "$BATS_TEST_TMPDIR"/{pod,b,c,d,e}.json <<'END'
for seen in (b["status"], c["items"][0], d["status"], e["containers"][0]):
    assert seen["annotations"] == a["annotations"], {k: len(v) for k, v in seen["annotations"].items()}
END
}

@test "configurations too large for docker's labels are RESOURCE_EXHAUSTED" {
    /usr/bin/python3 - "$BATS_TEST_TMPDIR/pod.json" <<'END'
import json, sys
json.dump({"metadata": {"name": "huge", "namespace": "test", "uid": "u"}, "annotations": {"huge": "x" * 3 * 2**20}}, open(sys.argv[1], "w"))
END
    fails RESOURCE_EXHAUSTED RunPodSandbox "config=@$BATS_TEST_TMPDIR/pod.json"
    [ -z "$(docker ps --all --quiet)" ]
}
