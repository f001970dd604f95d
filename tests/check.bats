#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file checks cases that are made here, good ones, wrong ones and hostile ones: what check says of them, and what it rewrites.

bats_require_minimum_version 1.5.0
ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
BUILD=$(realpath -m "${BUILD:-$ROOT/build}")
CORPUS=$ROOT/fixtures
ID=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

setup() {
    export PATH=$BUILD/bin:$PATH
    CASES=$BATS_TEST_TMPDIR/cases
    mkdir "$CASES"
}

# copy CASE [NAME]: a case of the corpus, to be changed.
copy() {
    cp -r "$CORPUS/$1" "$CASES/${2:-$(basename "$1")}"
}

# new_case NAME: a case that stops a container, as it must be.
new_case() {
    mkdir -p "$CASES/$1"
    echo "made by hand for this test" >"$CASES/$1/about"
    echo "{\"stop_container\": {\"container_id\": \"$ID\", \"timeout\": 10}}" >"$CASES/$1/request.json"
    printf '%s\n' docker stop -t=10 -- "$ID" >"$CASES/$1/argv"
    printf '{\n  "stop_container": {}\n}\n' >"$CASES/$1/response.json"
}

# changed: the lines of the diffs in $output, without their heads.
changed() {
    grep -E '^# [-+]' <<<"$output" | grep -vE '^# (---|\+\+\+) ' || true
}

# ---- what check says

# seconds COMMAND...: the processor time of a command, rounded up, so that it is no matter how busy the machine is.
seconds() {
    local TIMEFORMAT='%U %S'
    { time "$@" >"$BATS_TEST_TMPDIR/out" 2>&1; } 2>&1 | awk '{ print int($1 + $2 + 1) }'
}

@test "the corpus takes less than two seconds" {
    # Valgrind and the sanitizers are slower, by no more than this.
    run -0 timeout 20 cri-fixture check "$CORPUS"
    [[ $BUILD = *sanitize* ]] || [ "$(seconds cri-fixture check "$CORPUS")" -le 2 ]
}

@test "a check that is told to end leaves nothing behind" {
    local -a many=()
    while [ "${#many[@]}" -lt 40 ]; do many+=("$CORPUS"); done
    mkdir "$BATS_TEST_TMPDIR/tmp"
    TMPDIR=$BATS_TEST_TMPDIR/tmp run -124 timeout --foreground 0.2 cri-fixture check --jobs=1 "${many[@]}"
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/tmp")" ]
}

@test "any number of processes prints the same" {
    local jobs
    cp -r "$CORPUS/node" "$CORPUS/stream" "$CASES"
    for stdout in "$CASES"/*/*/docker.stdout; do
        sed -i 's/20\.10/99.9/g' "$stdout"
    done
    run -1 cri-fixture check --jobs=1 "$CASES"
    [[ $output == *'not ok '*'1..'* ]]
    echo "$output" >"$BATS_TEST_TMPDIR/alone"
    for jobs in 2 4 256; do
        run -1 cri-fixture check "--jobs=$jobs" "$CASES"
        diff "$BATS_TEST_TMPDIR/alone" - <<<"$output"
    done
    run -1 cri-fixture check "$CASES"
    diff "$BATS_TEST_TMPDIR/alone" - <<<"$output"
}

@test "a case whose process is killed is named, and takes no other along" {
    local jobs
    for name in 1 2 3 4 5 6; do
        new_case "$name"
    done
    # Its request is larger than a file may be here, which ends the process by a signal.
    /usr/bin/python3 -c 'print("{\"exec_sync\": {\"container_id\": \"'"$ID"'\", \"cmd\": [\"%s\"]}}" % ("x" * 9000))' >"$CASES/3/request.json"
    for jobs in 1 2 4; do
        run -1 bash -c "ulimit -f 4; cri-fixture check --jobs=$jobs '$CASES'"
        [ "$output" = "ok 1 - $CASES/1
ok 2 - $CASES/2
not ok 3 - $CASES/3
# the process that plays it was killed by signal 25: File size limit exceeded
ok 4 - $CASES/4
ok 5 - $CASES/5
ok 6 - $CASES/6
1..6
# 5 passed, 1 failed" ]
    done
}

@test "wrong usage of check" {
    run -2 cri-fixture check --jobs=0
    run -2 cri-fixture check --jobs=many
    run -2 cri-fixture check --jobs=1x
    run -2 cri-fixture check --jobs=1000
    run -2 cri-fixture check --jobs=
    run -2 cri-fixture check --all
    [[ $output == *'usage: cri-fixture check'* ]]
    run -1 cri-fixture check "$CASES"
    [[ $output == *'there is no case'* ]]
    run -1 cri-fixture check "$CASES/nowhere"
    [[ $output == *'nowhere: No such file or directory'* ]]
}

# ---- for a CI job

@test "a quiet check prints what is not as expected, and one line" {
    new_case one
    new_case two
    run -0 cri-fixture check --quiet "$CASES"
    [ "$output" = '2 passed, 0 failed' ]
    sed -i 's/-t=10/-t=11/' "$CASES/two/argv"
    run -1 cri-fixture check --quiet "$CASES"
    [ "${lines[0]}" = "not ok 2 - $CASES/two" ]
    [ "${lines[-1]}" = '1 passed, 1 failed' ]
    [ "$(changed)" = "$(printf '# --t=11\n# +-t=10')" ]
}

@test "JUnit's file has each case, what differs, and how many there are" {
    new_case one
    new_case 'two & <"more">'
    new_case three
    printf '\033[1m\377<&]]>"\n' >"$CASES/two & <\"more\">/argv"
    mv "$CASES/three/response.json" "$CASES/three/response.jsn"
    run -1 cri-fixture check --junit="$BATS_TEST_TMPDIR/junit.xml" "$CASES"
    [[ ${lines[-1]} == '# 1 passed, 2 failed' ]]
    /usr/bin/python3 - "$BATS_TEST_TMPDIR/junit.xml" "$CASES" <<'END'
import sys, xml.etree.ElementTree as xml
suite = xml.parse(sys.argv[1]).getroot()
assert suite.tag == "testsuite" and suite.attrib == {"name": "cri-fixture", "tests": "3", "failures": "2"}, suite.attrib
cases = {one.get("name"): one for one in suite.findall("testcase")}
assert list(cases) == ["one", "three", 'two & <"more">'], list(cases)
assert all(one.get("classname") == sys.argv[2] and 0 <= float(one.get("time")) < 60 for one in cases.values())
assert [one.find("failure") is None for one in cases.values()] == [True, False, False]
assert "# response.jsn: no case has such a file" in cases["three"].find("failure").text
assert '<&]]>"' in cases['two & <"more">'].find("failure").text
END
    run -1 cri-fixture check --junit="$BATS_TEST_TMPDIR/none/junit.xml" "$CASES/one"
    [[ $output == *"cri-fixture: cannot write \"$BATS_TEST_TMPDIR/none/junit.xml\": No such file or directory"* ]]
    # Without a name there is none.
    run -2 cri-fixture check --junit= "$CASES"
}

# ---- differences

@test "a flag that is not expected is the one line of the diff of argv" {
    copy 'container/create'
    sed -i '/^--no-healthcheck$/d' "$CASES/create/argv"
    run -1 cri-fixture check "$CASES"
    [ "$(changed)" = '# +--no-healthcheck' ]
    [[ $output == *'# --- argv'*'# +++ what came out'*'# @@ '* ]]
}

@test "a field that docker did not print is the one line of the diff of the response" {
    copy 'image/status'
    sed -i 's/"Size":/"Siz":/' "$CASES/status/docker.stdout"
    run -1 cri-fixture check "$CASES"
    [[ $(changed) == '# -      "size": "'* ]]
    [ "$(changed | wc -l)" = 1 ]
}

@test "of a stream's long lines the diff shows the field alone" {
    copy 'stream/pods'
    sed -i '2s/"created_at":"[^"]*",//' "$CASES/pods/response.json"
    run -1 cri-fixture check "$CASES"
    [[ $(changed) == '# +        "created_at": '* ]]
    [ "$(changed | wc -l)" = 1 ]
    # What is no JSON is shown as it is.
    sed -i '1s/.*/{/' "$CASES/pods/response.json"
    run -1 cri-fixture check "$CASES"
    [[ $output == *'# -{'$'\n'*'# +{"stream_pod_sandboxes":'* ]]
}

@test "a variable that is not handed on is the one line of the diff of its file" {
    copy 'container/create'
    echo 'LOST=<redacted>' >>"$CASES/create/fd.3"
    run -1 cri-fixture check "$CASES"
    [ "$(changed)" = '# -LOST=<redacted>' ]
    [[ $output == *'# --- fd.3'* ]]
}

# ---- update

@test "update rewrites what came out, and fails this once" {
    new_case one
    new_case two
    new_case three
    cp -r "$CASES" "$BATS_TEST_TMPDIR/good"
    sed -i 's/-t=10/-t=11/' "$CASES/one/argv"
    rm "$CASES/two/response.json"
    echo 'LOST=<redacted>' >"$CASES/two/environ"
    run -1 cri-fixture check --update --jobs=3 "$CASES"
    [ "$(grep -c '^not ok ' <<<"$output")" = 2 ]
    [ "$(grep -c '^# updated ' <<<"$output")" = 3 ]
    diff -r "$BATS_TEST_TMPDIR/good" "$CASES"
    run -0 cri-fixture check --update "$CASES"
    run -0 cri-fixture check "$CASES"
}

# ---- cases that are wrong

@test "a case that is not one is told what it lacks" {
    new_case about && rm "$CASES/about/about"
    new_case both && echo >"$CASES/both/request.frame"
    new_case neither && rm "$CASES/neither/request.json"
    new_case other && echo >"$CASES/other/argw"
    new_case setting && echo CRI_ONESHOT_NETWROK=x >"$CASES/setting/settings"
    new_case surrounding && echo nonse=x >"$CASES/surrounding/surroundings"
    new_case status && echo ended >"$CASES/status/docker.exit"
    new_case json && echo '{' >"$CASES/json/request.json"
    new_case field && echo '{"version": {"versio": "v1"}}' >"$CASES/field/request.json"
    new_case nothing && rm "$CASES/nothing/argv" "$CASES/nothing/response.json"
    new_case unasked && echo '{"version": {"version": "v1"}, "stop_container": {}}' >"$CASES/unasked/request.json"
    new_case host-file && echo >"$CASES/host-file/host"
    new_case host-link && ln -s ../nowhere "$CASES/host-link/host"
    run -1 cri-fixture check "$CASES"
    [ "$(grep -c '^not ok ' <<<"$output")" = 13 ]
    [[ $output == *'/about'$'\n''# about: does not say what the case is for'* ]]
    [[ $output == *'/both'$'\n''# one of request.json and request.frame is needed, and only one'* ]]
    [[ $output == *'/neither'$'\n''# one of request.json and request.frame is needed, and only one'* ]]
    [[ $output == *'/other'$'\n''# argw: no case has such a file'* ]]
    [[ $output == *'/setting'$'\n''# settings: "CRI_ONESHOT_NETWROK=x" is not known'* ]]
    [[ $output == *'/surrounding'$'\n''# surroundings: "nonse=x" is not known'* ]]
    [[ $output == *'/status'$'\n''# docker.exit: '* ]]
    [[ $output == *'/json'$'\n''# request.json: line '* ]]
    [[ $output == *'/field'$'\n''# request.json: version.versio: '*'has no such field'* ]]
    [[ $output == *'/nothing'$'\n''# the case expects nothing'* ]]
    [[ $output == *'/unasked'$'\n''# request.json: '*'oneof'* ]]
    [[ $output == *'/host-file'$'\n''# host: is not a folder'* ]]
    [[ $output == *'/host-link'$'\n''# host: is not a folder'* ]]
}

@test "folders that would hold it up or lead it astray are told, and the rest is played" {
    new_case good
    new_case pipe && mkfifo "$CASES/pipe/docker.stdout"
    mkdir "$CASES/loops" && ln -s . "$CASES/loops/one" && ln -s . "$CASES/loops/two"
    new_case large && truncate -s 3G "$CASES/large/docker.stdout"
    new_case host-pipe && mkdir "$CASES/host-pipe/host" && mkfifo "$CASES/host-pipe/host/pipe"
    new_case host-large && mkdir "$CASES/host-large/host" && truncate -s 9G "$CASES/host-large/host/file"
    new_case host-out && mkdir "$CASES/host-out/host" && ln -s / "$CASES/host-out/host/out"
    run -1 timeout 20 cri-fixture check "$CASES"
    [[ $output == *"ok 1 - $CASES/good"* ]]
    [[ $output == *"/pipe/docker.stdout: is not a file"* ]]
    [[ $output == *"not ok "*"/loops"* ]]
    [[ $output == *"not ok "*"/large"* ]]
    [[ $output == *"/host-pipe/host/pipe: Invalid argument"* ]]
    [[ $output == *"/host-large/host/file: File too large"* ]]
    [[ $output == *"ok "*"$CASES/host-out"* ]]
    [[ $output == *$'1..7\n# 2 passed, 5 failed' ]]
}

@test "a name cannot pretend to be a result" {
    new_case $'x\nok 2 - y'
    run -1 cri-fixture check "$CASES"
    [[ $output == *"cri-fixture: $CASES: there is a control character in a name in it"* ]]
    [[ $output != *$'\n''ok '* ]]
}
