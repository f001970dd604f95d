#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file puts the translator behind systemd's and inetd's sockets, and calls it with a client that shares no code with it.
# No engine: docker is a stand-in.

load lib.bash

setup_file() {
    client_up
}

setup() {
    SOCKET=$BATS_TEST_TMPDIR/cri.sock
    SERVER=
    stand_in "$BATS_TEST_TMPDIR/docker" <<'END'
case $1 in
version) echo '{"Server": {"Version": "20.10.24"}}' ;;
*) echo 'Error response from daemon: stand-in' >&2; echo 'more words' >&2; exit 1 ;;
esac
END
}

teardown() {
    [ -z "$SERVER" ] || kill "$SERVER"
}

# serve COMMAND...: in the background, until the test ends.
serve() {
    "$@" >"$BATS_TEST_TMPDIR/server.log" 2>&1 3>&- 4>&- &
    SERVER=$!
    wait_until 5 "$ROOT/tests/listening" "$SOCKET" || {
        cat "$BATS_TEST_TMPDIR/server.log"
        return 1
    }
}

behind_systemd() {
    serve systemd-socket-activate --accept --inetd --listen="$SOCKET" --setenv=CRI_ONESHOT_DOCKER --setenv=PATH "$CRI_ONESHOT"
}

behind_inetd() {
    cat >"$BATS_TEST_TMPDIR/inetd.conf" <<END
$SOCKET stream unix nowait.6000 root /usr/bin/env env CRI_ONESHOT_DOCKER=$CRI_ONESHOT_DOCKER PATH=$PATH $CRI_ONESHOT
END
    serve "$(command -v inetd || echo /usr/sbin/inetd)" -i "$BATS_TEST_TMPDIR/inetd.conf"
}

# The same for each: one call, a failing one, one frame and no byte more, and 50 at once.
calls_work() {
    client call "$SOCKET" Version '{}' >"$BATS_TEST_TMPDIR/version"
    [ "$(json "d['version']['runtime_version']" <"$BATS_TEST_TMPDIR/version")" = 20.10.24 ]
    client call "$SOCKET" ListContainers '{}' >"$BATS_TEST_TMPDIR/failed"
    [ "$(json "'stand-in' in d['outcome']['message'], 'result' in d" <"$BATS_TEST_TMPDIR/failed")" = '[true, false]' ]
    client call "$SOCKET" RunPodSandbox '{}' >"$BATS_TEST_TMPDIR/refused"
    [ "$(json "d['outcome']['code']" <"$BATS_TEST_TMPDIR/refused")" = 3 ]
    [ "$("$CRI_FRAME" call Version --socket="$SOCKET" | json "d['runtime_version']")" = 20.10.24 ]
}

fifty_work() {
    client call "$SOCKET" Version '{}' 50 >"$BATS_TEST_TMPDIR/versions"
    [ "$(sort -u "$BATS_TEST_TMPDIR/versions" | wc -l)" = 1 ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/versions")" = 50 ]
}

@test "systemd-socket-activate: a foreign client's calls are answered, a frame each and no byte more" {
    behind_systemd
    calls_work
}

@test "systemd-socket-activate: 50 calls at once" {
    behind_systemd
    fifty_work
}

@test "inetd: a foreign client's calls are answered, a frame each and no byte more" {
    behind_inetd
    calls_work
}

@test "inetd: 50 calls at once" {
    behind_inetd
    fifty_work
}

@test "a client that sends nothing, half a frame or garbage gets an answer or silence, and the next one is served" {
    behind_systemd
    /usr/bin/python3 - "$SOCKET" <<'END'
import socket, sys
for data in (b"", b"\x7f", b"\x05\x52", b"\x02\xff\xff", b"\xff" * 11, b"\xff\xff\xff\x7f"):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(sys.argv[1])
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)
    answer = connection.recv(65536)
    assert bool(answer) == bool(data), (data, answer)
END
    calls_work
}
