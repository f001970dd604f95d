# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# This file holds what the gateway's tests share: servers on unix sockets, and scenarios by a gRPC client (scenario.py).
# It knows no RPC's rules. lib.bash is loaded before it.

export CRI_GATEWAY=$BUILD/bin/cri-gateway
# All that a server starts has this in its environment; the tests themselves have not.
MARK=${MARK-cri-gateway-test-$$-$RANDOM}
export MARK
unset CRI_GATEWAY_TRANSLATOR CRI_GATEWAY_CHILDREN CRI_GATEWAY_ALL_CHILDREN CRI_GATEWAY_IDLE_TIMEOUT CRI_ONESHOT_MAX_REQUEST \
    CRI_ONESHOT_READ_TIMEOUT
SERVERS=()

# ---- servers

# in_background SOCKET COMMAND...: a server, until servers_down; returns when the socket is there. Its process is in $SERVER.
in_background() {
    local socket=$1
    shift
    # A shell without job control has its background ignore INT and QUIT.
    env --default-signal=INT,QUIT "GATEWAY_MARK=$MARK" "$@" >>"$socket.log" 2>&1 </dev/null 3>&- 4>&- &
    export SERVER=$!
    SERVERS+=("$SERVER")
    wait_until 20 "$ROOT/tests/listening" "$socket" || {
        cat "$socket.log"
        return 1
    }
}

# listening SOCKET [OPTION...]
listening() {
    local socket=$1
    shift
    in_background "$socket" "$CRI_GATEWAY" --listen="$socket" "$@"
    wait_until 20 connectable "$socket"
}

# behind_systemd SOCKET
behind_systemd() {
    local name options=(--setenv=GATEWAY_MARK --setenv=PATH)
    for name in $(compgen -e | grep -E '^(CRI_|DOCKER_|ASAN_|UBSAN_|TMPDIR$|GO$)'); do
        options+=("--setenv=$name")
    done
    in_background "$1" systemd-socket-activate --accept --inetd --listen="$1" "${options[@]}" "$CRI_GATEWAY"
    wait_until 20 connectable "$1"
}

# behind_inetd SOCKET: inetd itself gives an empty environment to what it starts.
behind_inetd() {
    local name words=()
    for name in $(compgen -e | grep -E '^(CRI_|DOCKER_|ASAN_|UBSAN_|TMPDIR$|GO$|PATH$)'); do
        words+=("$name=${!name}")
    done
    printf '%s stream unix nowait.6000 root /usr/bin/env env %s %s\n' "$1" "GATEWAY_MARK=$MARK ${words[*]}" "$CRI_GATEWAY" >"$1.conf"
    in_background "$1" "$(command -v inetd || echo /usr/sbin/inetd)" -i "$1.conf"
}

# By a connection that says nothing and goes.
connectable() {
    /usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$1" 2>/dev/null
}

# servers_down: ends those that this test (or setup_file) has started.
servers_down() {
    local pid
    for pid in ${SERVERS[@]+"${SERVERS[@]}"}; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in ${SERVERS[@]+"${SERVERS[@]}"}; do
        wait "$pid" 2>/dev/null || true
    done
    SERVERS=()
}

# ---- scenarios

# scenario [ARGUMENT...]: runs the Python on standard input, with all of scenario.py.
scenario() {
    local file
    file=$(mktemp "$BATS_TEST_TMPDIR/scenario.XXXXXX")
    {
        echo 'from scenario import *'
        cat
    } >"$file"
    ROOT=$ROOT PYTHONPATH=$CLIENT_MODULES:$ROOT/tests/engine PYTHONPYCACHEPREFIX=$CLIENT_MODULES/cache \
        timeout 120 /usr/bin/python3 "$file" "$@" 3>&- 4>&-
}

# ---- pods on an engine whose docker a test may hook

pods_up() {
    engine_up
    client_up
    export SOCKET=$BATS_FILE_TMPDIR/cri.sock HOOK=$BATS_FILE_TMPDIR/hook CALLS=$BATS_FILE_TMPDIR/calls
    # docker itself, after a shell script that a test may put there.
    stand_in "$BATS_FILE_TMPDIR/docker-with-hook" <<'END'
printf '%s\n' "$*" >>"$CALLS"
[ ! -e "$HOOK" ] || . "$HOOK"
exec docker "$@"
END
    listening "$SOCKET"
    export SERVER
}

pods_down() {
    kill "$SERVER"
    engine_down
}

# pods_removed: after each test.
pods_removed() {
    rm -f "$HOOK"
    servers_down
    remove_all_containers
}

# pods: a scenario with a connection (cri), and what it needs for hooks and logs.
pods() {
    {
        cat <<'END'
SOCKET, HOOK, CALLS, LOGS = os.environ["SOCKET"], os.environ["HOOK"], os.environ["CALLS"], os.path.join(FOLDER, "logs")
cri = Cri(SOCKET)
open(CALLS, "w").close()
os.makedirs(LOGS, exist_ok=True)

def hook(text):
    with open(HOOK + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(HOOK + ".new", HOOK)

def no_hook():
    os.remove(HOOK)

def fault(pattern):
    """docker fails where its command line matches the shell's pattern."""
    hook(f'case "$*" in {pattern}) echo "Error response from daemon: fault" >&2; exit 1 ;; esac\n')

def calls():
    """The docker commands since the last look: the first word, and the last one."""
    with open(CALLS, encoding="utf-8") as file:
        found = [line.split() for line in file]
    open(CALLS, "w").close()
    return [(words[0], words[-1]) for words in found]

def logs(*names):
    same(sorted(os.listdir(LOGS)), sorted(names))

def read_log(name):
    with open(f"{LOGS}/{name}", encoding="utf-8") as file:
        return [json.loads(line)["log"] for line in file]

END
        cat
    } | scenario
}

# said_nothing LOG: a server's standard error has nothing besides the line that says on what it listens.
said_nothing() {
    run ! grep -v '^cri-gateway: listens on ".*", mode 0600$' "$1"
}
