#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file lets clients that mean no good, and many that mean well, loose on cri-gateway, with a stand-in for docker: no engine.

bats_require_minimum_version 1.5.0

setup_file() {
    BUILD=$(realpath -m "${BUILD:-build}")
    export CRI_GATEWAY=$BUILD/bin/cri-gateway
    export CRI_ONESHOT_DOCKER=$BATS_FILE_TMPDIR/docker
    # As short as a busy machine allows: translators have to read their requests in it, too.
    export CRI_ONESHOT_READ_TIMEOUT=2000 CRI_GATEWAY_IDLE_TIMEOUT=2500
    export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
    unset CRI_ONESHOT_TRACE CRI_ONESHOT_MAX_REQUEST CRI_GATEWAY_TRANSLATOR CRI_GATEWAY_CHILDREN CRI_GATEWAY_ALL_CHILDREN
    # One allocation a block, as the sanitizers have it, costs memory that nobody else pays.
    case $BUILD in *sanitize*) export SANITIZE=1 ;; esac
    write_docker
    write_events
}

setup() {
    export FOLDER=$BATS_TEST_TMPDIR STANDIN_LOG=$BATS_TEST_TMPDIR/log
    touch "$STANDIN_LOG"
}

# A docker that runs for a minute (pull), prints so many bytes as the last word says (exec), prints events for ever, or is the
# stand-in of the other tests.
write_docker() {
    cat >"$CRI_ONESHOT_DOCKER" <<END
#!/bin/sh
for last; do :; done
case " \$* " in *" exec "* | *" pull "* | *" events "*) printf '%s\n' "\$*" >>"\$STANDIN_LOG" ;; esac
case " \$* " in
*" exec "*) head -c "\$last" /dev/zero | tr '\\0' a ;;
*" pull "*) sleep 60 ;;
*" events "*) while cat "$BATS_FILE_TMPDIR/events"; do :; done ;;
*) exec "$PWD/tests/standin-docker" "\$@" ;;
esac
END
    chmod +x "$CRI_ONESHOT_DOCKER"
}

# Two hundred, a line each.
write_events() {
    /usr/bin/python3 - >"$BATS_FILE_TMPDIR/events" <<'END'
import json
attributes = {"image": "busybox:test", "io.kubernetes.docker.type": "container", "io.kubernetes.sandbox.id": "b" * 64,
              "name": "k8s_app_web_shop_u1_0"}
event = {"status": "start", "id": "a" * 64, "from": "busybox:test", "Type": "container", "Action": "start",
         "Actor": {"ID": "a" * 64, "Attributes": attributes}, "scope": "local", "time": 1764000000, "timeNano": 1764000000000000007}
print("\n".join([json.dumps(event)] * 200))
END
}

hostile() {
    /usr/bin/python3 tests/gateway_hostile.py "$@"
}

# translator: makes the script on standard input the translator.
translator() {
    cat >"$BATS_TEST_TMPDIR/translator"
    chmod +x "$BATS_TEST_TMPDIR/translator"
    export CRI_GATEWAY_TRANSLATOR=$BATS_TEST_TMPDIR/translator
}

# ---- bytes that are no HTTP/2

@test "HTTP/1.1 is not spoken: the connection is closed at once" {
    hostile no_http2 http1
    hostile no_http2 post
    hostile no_http2 upgrade
}

@test "nor is TLS" {
    hostile no_http2 tls
}

@test "nor a frame of cri-oneshot's, HTTP/3.0, or zeros" {
    hostile no_http2 frame
    hostile no_http2 http3
    hostile no_http2 other_case
    hostile no_http2 zeros
}

@test "random bytes are refused" {
    hostile random_bytes
}

@test "a client that says nothing, or half of what it has to say, is left after the read timeout" {
    hostile silences
}

@test "one that asks nothing is told so after the idle timeout" {
    hostile idle
}

# ---- frames

@test "each frame that breaks a rule ends its connection, with the rule's error" {
    hostile bad_frames
}

@test "what is well, or to be ignored, changes nothing" {
    hostile ignored_frames
}

@test "frames that are cut off end with a timeout" {
    hostile half_frames
}

# ---- header blocks

@test "a bomb of references into the header table is refused, in little memory" {
    hostile hpack_bomb
}

@test "128 of them at once, too" {
    hostile hpack_bombs_at_once
}

@test "headers and paths of more than 16 KiB are refused" {
    hostile long_headers
}

@test "thousands of small headers are counted" {
    hostile many_headers
}

@test "a chain of thousands of CONTINUATIONs ends the connection" {
    hostile continuations
}

@test "a header block that never ends is a request that is not complete in time" {
    hostile endless_block
}

# ---- requests

@test "requests that are malformed by HTTP's rules are refused before anything is run" {
    hostile malformed
}

@test "requests that are only odd are answered" {
    hostile well_formed
}

@test "what is no POST of application/grpc is 405 or 415" {
    hostile not_grpc
}

@test "unknown services and methods are UNIMPLEMENTED, in gRPC's words" {
    hostile paths
}

@test "a malformed grpc-timeout is told, one that is over is DEADLINE_EXCEEDED" {
    hostile timeouts
}

@test "bodies that are not one message are refused, each with its code" {
    hostile bodies
    hostile bodies_that_do_not_end
}

@test "compressed requests are UNIMPLEMENTED, and told what is not" {
    hostile gzip
}

@test "a request without an end is DEADLINE_EXCEEDED" {
    hostile no_end
}

@test "a client's trailers end its request, or are malformed" {
    hostile client_trailers
}

# ---- floods

@test "ten thousand tiny frames of each kind take a moment, and little memory" {
    hostile floods
}

@test "so do those of a client that reads nothing" {
    hostile unread_floods
}

# ---- streams

@test "more than 128 streams are refused" {
    hostile too_many_streams
}

@test "more calls than translators may run wait for their turn" {
    CRI_GATEWAY_CHILDREN=32 hostile waiting_streams
}

@test "a stream that is reset in any state is forgotten, and its docker ended" {
    hostile resets
}

@test "calls that are reset once they run are never more than may run" {
    hostile resets_of_running_calls
}

@test "a deadline ends docker" {
    hostile deadline
}

# ---- windows

@test "a window that never opens is given up on, and so is docker" {
    hostile zero_window
}

@test "so are 128 of them" {
    CRI_GATEWAY_CHILDREN=128 hostile zero_windows
}

@test "a window of a byte is slow, and well" {
    hostile tiny_windows
}

@test "a client that reads nothing is given up on, and so is docker" {
    hostile reads_nothing
}

@test "a window that overflows is its stream's error" {
    hostile window_overflows
}

@test "long answers come through a small window, in little memory" {
    hostile long_answers
}

@test "long requests are held up to a limit" {
    hostile long_requests
}

# ---- ends

@test "a client that says goodbye is left when its calls are answered" {
    hostile goaway_and_wait
}

@test "a client that closes its side is gone, and so is docker" {
    hostile half_closed
}

@test "a client that hangs up leaves nothing behind" {
    hostile hangs_up
}

@test "TERM lets calls with one answer finish; a second one does not" {
    hostile told_to_end
    hostile goodbye_unread
    hostile listener_told_twice
}

# ---- connections

@test "silent clients, as many as there may be, do not keep another out for long" {
    hostile silent_connections
}

@test "thousands of connections come and go" {
    hostile many_connections
}

@test "calls that no descriptor is left for wait for their turn" {
    (ulimit -n 25 && hostile few_descriptors)
}

@test "128 calls at once are answered at any limit of descriptors" {
    for limit in 24 64 256 300; do
        (ulimit -n "$limit" && hostile full_house)
    done
}

@test "40 connections of 128 calls each run no more translators than CRI_GATEWAY_ALL_CHILDREN, and none is lost with its process" {
    CRI_GATEWAY_ALL_CHILDREN=16 hostile shared_limit
}

# ---- translators

@test "a translator that is missing is UNAVAILABLE" {
    CRI_GATEWAY_TRANSLATOR=/nonexistent hostile broken_translator 14 "cannot be started"
}

@test "a translator that ends early, or writes garbage, is INTERNAL" {
    translator <<<$'#!/bin/sh\nexit 3'
    hostile broken_translator 13 "ended before its answer"
    translator <<<$'#!/bin/sh\nhead -c 1 >/dev/null; kill -SEGV $$'
    hostile broken_translator 13 "ended before its answer"
    translator <<<$'#!/bin/sh\ncat >/dev/null; echo garbage'
    hostile broken_translator 13 "is not one"
    translator <<<$'#!/bin/sh\nexec cat /dev/zero'
    hostile broken_translator 13 "is not one"
}

@test "a translator that hangs is left at the deadline" {
    translator <<<$'#!/bin/sh\ntrap "" TERM; exec sleep 4'
    hostile hanging_translator
}

@test "one that answers too late begins no further step" {
    number=$(sed -n 's/.*ContainerStatusResponse container_status = \([0-9]*\);/\1/p' proto/oneshot/v1/oneshot.proto)
    # A ContainerStatusResponse of a status of an id.
    /usr/bin/python3 -c 'import sys
sys.path.insert(0, "tests")
from gateway_hostile import ID, text, varint
response = text(int(sys.argv[1]), text(1, text(1, ID)).decode())
sys.stdout.buffer.write(varint(len(response)) + response)' "$number" >"$BATS_TEST_TMPDIR/answer"
    translator <<END
#!/bin/sh
echo run >>"$STANDIN_LOG"
sleep 0.5
exec cat "$BATS_TEST_TMPDIR/answer"
END
    hostile late_translator
}

@test "one that stays does not keep the gateway from ending when it is told to" {
    translator <<<$'#!/bin/sh\nexec sleep 6'
    hostile translator_that_stays
}

@test "a translator has no descriptor but its three" {
    translator <<<$'#!/bin/sh\nexec ls /proc/self/fd >"$FOLDER/descriptors.$$"'
    hostile descriptors
}

# ---- a client on standard input and output

@test "children of another's are neither counted nor waited for" {
    hostile born_with_children
}

@test "two pipes do as well as a socket" {
    hostile on_pipes
}

@test "TCP is refused unless a setting allows it" {
    hostile on_tcp
    CRI_ONESHOT_ALLOW_TCP=yes hostile on_tcp
}

@test "a setting that cannot be is every call's answer" {
    CRI_GATEWAY_CHILDREN=many hostile wrong_setting
}

# ---- load

@test "500 calls at once on four connections are all answered, by one docker each" {
    CRI_ONESHOT_READ_TIMEOUT=30000 hostile load_of_versions
}

@test "so are long answers through small windows" {
    CRI_ONESHOT_READ_TIMEOUT=30000 hostile load_of_long_answers
}

@test "so are ten thousand calls that nothing is run for" {
    CRI_ONESHOT_READ_TIMEOUT=30000 hostile load_of_errors
}
