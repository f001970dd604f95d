#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file looks at the socket of cri-gateway --listen, who may connect to it, and what is left when everybody has gone.
# No engine: docker is a stand-in.

load lib.bash
load gateway.bash

setup_file() {
    client_up
}

setup() {
    # The tests' own folders let nobody else through.
    PUBLIC=$(mktemp -d "${TMPDIR:-/tmp}/cri-listen.XXXXXX")
    chmod 0755 "$PUBLIC"
    # docker info takes until there is a file $GO.
    export SOCKET=$PUBLIC/cri.sock PUBLIC GO=$PUBLIC/go TMPDIR=$PUBLIC/tmp
    mkdir "$TMPDIR"
    stand_in "$BATS_TEST_TMPDIR/docker" <<'END'
case $1 in
version) echo '{"Server": {"Version": "1.2.3"}}' ;;
info) until [ -e "$GO" ]; do sleep 0.05; done; echo '{"CgroupDriver": "systemd"}' ;;
events) exec sleep 1000 ;;
*) echo 'Error response from daemon: stand-in' >&2; exit 1 ;;
esac
END
}

teardown() {
    servers_down
    rm -rf "$PUBLIC"
}

# mode_of PATH: mode, owner and group.
mode_of() {
    stat --format='%a %u:%g' "$1"
}

# version_as USER: a call by that user.
version_as() {
    setpriv --reuid="$1" --regid="$2" --clear-groups /usr/bin/python3 - "$SOCKET" <<'END'
import socket, sys
connection = socket.socket(socket.AF_UNIX)
try:
    connection.connect(sys.argv[1])
except PermissionError:
    sys.exit("EACCES")
connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\4" + bytes(5))
sys.exit(None if connection.recv(9)[3] == 4 else "no HTTP/2")
END
}

# refuses_to_start EXIT_STATUS TEXT WORD...: cri-gateway with these words ends so, with one clear line (and where to find more).
refuses_to_start() {
    local wanted=$1 text=$2
    shift 2
    run --separate-stderr timeout 10 "$CRI_GATEWAY" "$@" </dev/null
    echo "$* -> $status: $stderr"
    [ "$status" = "$wanted" ]
    [ -z "$output" ]
    [[ ${stderr%%$'\n'*} == "cri-gateway: "*"$text"* ]]
}

three_were_told() {
    [ "$(cat "$PUBLIC"/start.? | grep -c 'somebody listens on it')" = 3 ]
}

# ---- who may connect

@test "the socket is root's alone, unless told otherwise, whatever the umask" {
    (umask 0 && listening "$SOCKET" && mode_of "$SOCKET" >"$BATS_TEST_TMPDIR/mode" && servers_down)
    [ "$(cat "$BATS_TEST_TMPDIR/mode")" = '600 0:0' ]
    for mode in 0660 666 0; do
        listening "$SOCKET" --mode="$mode" --owner=root
        [ "$(mode_of "$SOCKET")" = "$(printf '%o' "0$mode") 0:0" ]
        servers_down
        [ ! -e "$SOCKET" ]
    done
}

@test "the socket's owner and group are given by name or number" {
    local daemon group
    daemon=$(id -u daemon) group=$(getent group games | cut -d: -f3)
    while read -r owner wanted; do
        listening "$SOCKET" --owner="$owner" --mode=0660
        [ "$(mode_of "$SOCKET")" = "660 $wanted" ]
        servers_down
    done <<END
daemon $daemon:$(id -g daemon)
1234 1234:0
1234:5678 1234:5678
daemon:games $daemon:$group
:games 0:$group
:99 0:99
daemon:99 $daemon:99
0:0 0:0
END
}

@test "another user gets EACCES; a mode or an owner that lets him in does" {
    listening "$SOCKET"
    version_as 0 0
    run -1 version_as 65534 65534
    [ "$output" = EACCES ]
    servers_down
    listening "$SOCKET" --mode=0660 --owner=:65534
    version_as 65534 65534
    version_as 1234 65534
    run -1 version_as 1234 1234
    [ "$output" = EACCES ]
    servers_down
    listening "$SOCKET" --owner=1234
    version_as 1234 1234
    run -1 version_as 65534 65534
    [ "$output" = EACCES ]
}

@test "nobody else can connect from the very first moment on" {
    # Another user tries without a pause, while the listener starts and ends many times with an open umask.
    setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/python3 - "$SOCKET" "$PUBLIC/stop" >"$BATS_TEST_TMPDIR/tries" 3>&- 4>&- <<'END' &
import collections, errno, os, socket, sys
seen = collections.Counter()
while not os.path.exists(sys.argv[2]):
    connection = socket.socket(socket.AF_UNIX)
    seen[errno.errorcode.get(connection.connect_ex(sys.argv[1]), "connected")] += 1
    connection.close()
print(dict(seen))
END
    tries=$!
    for _ in $(seq 30); do
        (umask 0 && exec "$CRI_GATEWAY" --listen="$SOCKET" 3>&- 4>&-) &
        wait_until 5 "$ROOT/tests/listening" "$SOCKET"
        kill "$!"
        wait "$!"
    done
    : >"$PUBLIC/stop"
    wait "$tries"
    cat "$BATS_TEST_TMPDIR/tries"
    grep -q "'EACCES'" "$BATS_TEST_TMPDIR/tries"
    # A refused connection, too, would have been let to the socket.
    [ -z "$(grep -oE "'[A-Za-z]+'" "$BATS_TEST_TMPDIR/tries" | grep -vxE "'(EACCES|ENOENT)'")" ]
}

# ---- the socket's place

@test "a socket that a killed listener has left is replaced; a live one is not" {
    listening "$SOCKET"
    refuses_to_start 1 'somebody listens on it' --listen="$SOCKET"
    connectable "$SOCKET"
    kill -KILL "$SERVER"
    wait "$SERVER" || true
    [ -S "$SOCKET" ]
    run -1 connectable "$SOCKET"
    listening "$SOCKET"
    [ "$(mode_of "$SOCKET")" = '600 0:0' ]
}

@test "what is no socket is not touched: a file, a folder, a link, a pipe" {
    echo mine >"$SOCKET"
    refuses_to_start 1 'is there already, and no socket' --listen="$SOCKET"
    [ "$(cat "$SOCKET")" = mine ]
    rm "$SOCKET"
    mkdir "$SOCKET"
    refuses_to_start 1 'is there already, and no socket' --listen="$SOCKET"
    rmdir "$SOCKET"
    mkfifo "$SOCKET"
    refuses_to_start 1 'is there already, and no socket' --listen="$SOCKET"
    rm "$SOCKET"
    ln -s elsewhere "$SOCKET"
    refuses_to_start 1 'is there already, and no socket' --listen="$SOCKET"
    [ "$(readlink "$SOCKET")" = elsewhere ]
    [ ! -e "$PUBLIC/elsewhere" ]
}

@test "a folder where others can replace the socket is refused, and nothing in it changes hands" {
    mkdir -m 0777 "$PUBLIC/open"
    mkdir -m 0775 "$PUBLIC/group"
    mkdir -m 0755 "$PUBLIC/theirs"
    chown 65534 "$PUBLIC/theirs"
    refuses_to_start 1 'is in a folder where others can replace it' --listen="$PUBLIC/open/cri.sock" --owner=65534 --mode=0666
    refuses_to_start 1 'is in a folder where others can replace it' --listen="$PUBLIC/group/cri.sock"
    refuses_to_start 1 "is in another user's folder" --listen="$PUBLIC/theirs/cri.sock"
    [ -z "$(ls "$PUBLIC/open" "$PUBLIC/group" "$PUBLIC/theirs" | grep -v : | tr -d '\n')" ]
    ln -s open "$PUBLIC/link"
    refuses_to_start 1 'is in a folder where others can replace it' --listen="$PUBLIC/link/cri.sock"
    (cd "$PUBLIC/open" && refuses_to_start 1 'is in a folder where others can replace it' --listen=cri.sock)
}

@test "in a folder as /tmp another user's socket is left alone, and his link is not followed" {
    mkdir -m 1777 "$PUBLIC/sticky"
    echo mine >"$PUBLIC/file"
    chmod 0600 "$PUBLIC/file"
    setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/python3 - "$PUBLIC/sticky/theirs" "$PUBLIC/sticky/link" "$PUBLIC/file" <<'END'
import os, socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])
os.symlink(sys.argv[3], sys.argv[2])
END
    refuses_to_start 1 "is another user's socket" --listen="$PUBLIC/sticky/theirs"
    [ "$(stat --format=%u "$PUBLIC/sticky/theirs")" = 65534 ]
    refuses_to_start 1 'is there already, and no socket' --listen="$PUBLIC/sticky/link" --owner=65534
    [ "$(mode_of "$PUBLIC/file")" = '600 0:0' ]
    # What a killed one of ours has left is ours to replace, whomever it was given to.
    for _ in 1 2; do
        listening "$PUBLIC/sticky/ours" --owner=1234 --mode=0660
        [ "$(mode_of "$PUBLIC/sticky/ours")" = '660 1234:0' ]
        kill -KILL "$SERVER"
        wait "$SERVER" || true
        SERVERS=()
    done
}

@test "of many starts at once on a socket that was left behind, one listens and the others are told" {
    for _ in $(seq 30); do
        /usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$SOCKET"
        starts=()
        for number in 1 2 3 4; do
            "$CRI_GATEWAY" --listen="$SOCKET" </dev/null >"$PUBLIC/start.$number" 2>&1 3>&- 4>&- &
            starts+=($!)
        done
        wait_until 10 connectable "$SOCKET"
        wait_until 10 three_were_told
        kill "${starts[@]}" 2>/dev/null || true
        wait "${starts[@]}" || true
        three_were_told
        [ ! -e "$SOCKET" ]
    done
}

@test "a place that cannot have a socket is told in one line" {
    refuses_to_start 1 'No such file or directory' --listen="$PUBLIC/no/such/folder/cri.sock"
    refuses_to_start 1 'is no path that a socket can have' --listen="$PUBLIC/$(printf '%0108d' 0)"
    refuses_to_start 1 'is no path that a socket can have' --listen=
}

@test "TERM, INT and HUP remove the socket and tell the connections: calls are finished, streams end as UNAVAILABLE, exit 0" {
    for name in TERM INT HUP; do
        rm -f "$GO"
        listening "$SOCKET"
        SIGNAL=SIG$name SERVER=$SERVER scenario <<'END'
SOCKET, SERVER = os.environ["SOCKET"], int(os.environ["SERVER"])
with Cri(SOCKET) as cri, Cri(SOCKET) as other, Cri(SOCKET) as idle:
    idle.Version()
    stream = other.GetContainerEvents()
    future = cri.RuntimeConfig(future=True)
    eventually(lambda: len([p for p in workers() if p.name == "cri-oneshot"]) == 2, "both calls")
    same(len(connections(SERVER)), 3)
    os.kill(SERVER, getattr(signal, os.environ["SIGNAL"]))
    eventually(lambda: not os.path.exists(SOCKET), "the end of the socket")
    refused(Code.UNAVAILABLE, lambda: stream, "told to end")
    same(future.done(), False)
    open(os.environ["GO"], "w").close()
    same(future.result().linux.cgroup_driver, api.SYSTEMD)
    eventually(lambda: not marked(), "the end of all processes")
END
        wait "$SERVER"
        SERVERS=()
    done
}

@test "a listener whose socket was replaced by another's leaves that one" {
    listening "$SOCKET"
    mv "$SOCKET" "$SOCKET.old"
    first=$SERVER
    listening "$SOCKET"
    kill "$first"
    wait "$first"
    connectable "$SOCKET"
}

# ---- how many

@test "with --connections=2 a third connection waits until one of them goes" {
    listening "$SOCKET" --connections=2
    SERVER=$SERVER scenario <<'END'
SOCKET, SERVER = os.environ["SOCKET"], int(os.environ["SERVER"])
one, two, three = Cri(SOCKET), Cri(SOCKET), Cri(SOCKET)
for cri in (one, two):
    same(cri.Version().runtime_version, "1.2.3")
future = three.Version(future=True)
time.sleep(1)
same([future.done(), len(connections(SERVER))], [False, 2])
two.channel.close()
same(future.result().runtime_version, "1.2.3")
same(one.Version().runtime_version, "1.2.3")
same(len(connections(SERVER)), 2)
END
}

@test "100 connections at once, and 100 one after the other; none leaves a zombie" {
    listening "$SOCKET"
    SERVER=$SERVER scenario <<'END'
SOCKET, SERVER = os.environ["SOCKET"], int(os.environ["SERVER"])
import socket
silent = []
for _ in range(100):
    silent.append(socket.socket(socket.AF_UNIX))
    silent[-1].connect(SOCKET)
eventually(lambda: len(connections(SERVER)) == 100, "100 processes", 20)
with Cri(SOCKET) as cri:
    same(cri.Version().runtime_version, "1.2.3")
for connection in silent:
    connection.close()
for _ in range(100):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(SOCKET)
    connection.close()
eventually(lambda: not children(SERVER), "the end of all connections, zombies included", 20)
END
}

# ---- what is left

# left_of: every RPC is called; then nothing but the servers runs, and there is no file but their sockets.
left_of() {
    : >"$GO"
    SERVER=$SERVER scenario "$@" <<'END'
SERVER, folder = int(os.environ["SERVER"]), os.environ["PUBLIC"]
def files():
    return sorted(os.path.join(at, name) for at, folders, names in os.walk(folder) for name in folders + names
                  if name != "cri.sock.log")
def ours_in_tmp():
    return {path for place in ("/tmp", "/run", "/dev/shm", "/var/tmp") for path in glob.glob(f"{place}/cri-oneshot*") + glob.glob(f"{place}/cri-gateway*")}
before, tmp = files(), ours_in_tmp()
fds = os.listdir(f"/proc/{SERVER}/fd")
with Cri(os.environ["SOCKET"]) as cri:
    for rpc in RPCS:
        if streams(rpc):
            continue
        getattr(cri, rpc)(future=True).exception()
    cri.PullImage(image={"image": "a.example/b:c"}, auth={"username": "u", "password": "p"}, future=True).exception()
    stream = cri.GetContainerEvents()
    eventually(lambda: [p for p in workers() if p.name == "sleep"], "docker events")
eventually(lambda: not workers() and not connections(SERVER), "the end of all processes but the listener's")
same([process.pid for process in marked()], [SERVER])
same(children(SERVER), [])
same(files(), before)
same(ours_in_tmp() - tmp, set())
same(sorted(os.listdir(f"/proc/{SERVER}/fd")), sorted(fds))
END
}

@test "after the last client there is no process but the listener, no file but the socket, no zombie" {
    listening "$SOCKET"
    left_of
    servers_down
    [ -z "$(find "$PUBLIC" -type s)" ]
}

@test "after the last client there is no process but systemd's, no file but its socket, no zombie" {
    behind_systemd "$SOCKET"
    left_of
}

@test "a connection's process has released all its memory in the end: the leak sanitizer has no word" {
    # Where it is built with it; the translator's memory is one arena, which ends with it.
    export ASAN_OPTIONS=detect_leaks=1 CRI_GATEWAY_TRANSLATOR=$BATS_TEST_TMPDIR/translator
    # shellcheck disable=SC2016 # the translator's shell expands it
    printf '#!/bin/sh\nASAN_OPTIONS=detect_leaks=0 exec "$CRI_ONESHOT"\n' >"$CRI_GATEWAY_TRANSLATOR"
    chmod +x "$CRI_GATEWAY_TRANSLATOR"
    behind_systemd "$SOCKET"
    left_of
    wait_until 10 grep -q '^Child [0-9]* died with code 0$' "$SOCKET.log"
    run -1 grep -E 'Sanitizer|died with code [^0]|died due to' "$SOCKET.log"
}

# ---- the command line

@test "wrong options end with status 2 and one clear line" {
    refuses_to_start 2 '"--no-such"' --no-such
    refuses_to_start 2 '"--listen"' --listen
    refuses_to_start 2 '"word"' --listen="$SOCKET" word
    for mode in 0888 x 1777 '' 06x -1 ' 0600'; do
        refuses_to_start 2 "--mode: cannot be \"$mode\"" --listen="$SOCKET" --mode="$mode"
    done
    for owner in no-such-user 0:no-such-group '' : x: no-such-user:0 -1 99999999999 1:99999999999; do
        refuses_to_start 2 "--owner: cannot be \"$owner\"" --listen="$SOCKET" --owner="$owner"
    done
    for connections in 0 -1 x '' 99999999 1.5; do
        refuses_to_start 2 "--connections: cannot be \"$connections\"" --listen="$SOCKET" --connections="$connections"
    done
    [ ! -e "$SOCKET" ]
}

@test "help and the compositions are printed, and on a terminal without a client it says what it wants" {
    run -0 "$CRI_GATEWAY" --help
    [[ $output == *--listen=SOCKET*CRI_GATEWAY_CHILDREN* ]]
    run -0 "$CRI_GATEWAY" --compositions
    [[ $output == *'RemovePodSandbox '*'PodSandboxStatus -> ListContainers -> (for each: ContainerStatus -> its log link -> RemoveContainer) -> RemovePodSandbox'* ]]
    [ "${#lines[@]}" = 10 ]
    run script --quiet --return --command "$CRI_GATEWAY" /dev/null
    [ "$status" = 2 ]
    [[ $output == *'a client is expected on standard input'* ]]
}
