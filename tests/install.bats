#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file installs and uninstalls, asks systemd what it thinks of the units, and serves by the installed lines of inetd.
# No engine: docker is a stand-in.

bats_require_minimum_version 1.5.0
ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
BUILD=$(realpath -m "${BUILD:-$ROOT/build}")
PROGRAMS="cri-oneshot cri-frame cri-fixture cri-gateway cri-fixture-docker"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

# Not bats' own folder, which nobody else may enter: that would hide what the modes of ours keep out.
setup() {
    local name
    for name in $(compgen -e); do
        case $name in CRI_* | DOCKER_* | MAKE* | MFLAGS | DESTDIR | PREFIX | UNITDIR | SYSCONFDIR | LOCALSTATEDIR) unset "$name" ;; esac
    done
    umask 022
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/cri-install.XXXXXX")
    chmod 0755 "$WORK"
    DEST=$WORK/dest
    SETTINGS=$DEST/etc/default/cri-oneshot
    INETD=
    mkdir "$WORK/bin"
    PATH=$WORK/bin:$PATH
    docker_is 24.0.7
}

teardown() {
    if [ -n "$INETD" ]; then
        kill "$INETD"
        wait "$INETD" || true
    fi
    rm -rf "$WORK"
}

# docker_is VERSION: a docker that is good for calls, too.
docker_is() {
    cat >"$WORK/bin/docker" <<END
#!/bin/sh
case \$1 in
--version) echo "Docker version $1, build 0000000" ;;
version) echo '{"Server": {"Version": "$1"}}' ;;
*) exit 1 ;;
esac
END
    chmod +x "$WORK/bin/docker"
}

# without_docker COMMAND...: every program of Debian's is found but docker.
without_docker() {
    mkdir -p "$WORK/tools"
    ln -sf /usr/bin/* "$WORK/tools"
    rm -f "$WORK/tools/docker"
    PATH=$WORK/tools "$@"
}

run_make() {
    local -a words=()
    case $BUILD in */sanitize) words=(SANITIZE=1) ;; esac
    make -C "$ROOT" --no-print-directory "${words[@]}" "$@"
}

# tools_install VERB
tools_install() {
    # shellcheck disable=SC2086 # one name each
    BUILD=$BUILD "$ROOT/tools/install" "$1" $PROGRAMS
}

# Below DEST, as a packager does.
install_all() {
    DESTDIR=$DEST tools_install install
}

# For use, but all of it below DEST, where DESTDIR would put it.
install_for_use() {
    PREFIX=$DEST/usr/local SYSCONFDIR=$DEST/etc LOCALSTATEDIR=$DEST/var tools_install install
}

uninstall_for_use() {
    PREFIX=$DEST/usr/local SYSCONFDIR=$DEST/etc LOCALSTATEDIR=$DEST/var tools_install uninstall
}

uninstall_all() {
    DESTDIR=$DEST tools_install uninstall
}

# For use, but all of it below WORK.
install_here() {
    export PREFIX=$WORK/usr SYSCONFDIR=$WORK/etc LOCALSTATEDIR=$WORK/var
    tools_install install
    UNITS=$WORK/usr/lib/systemd/system
    SETTINGS=$WORK/etc/default/cri-oneshot
}

# same FILE: standard input is its content; a difference is shown.
same() {
    diff -u - "$1"
}

# ---- the files

@test "make install puts every file in its place, with its mode, and make uninstall takes each away" {
    run_make install DESTDIR="$DEST" >"$WORK/log" 2>&1 || {
        cat "$WORK/log"
        return 1
    }
    (cd "$DEST" && find . ! -type d -printf '%m %P %l\n' -o -path ./var/lib/cri-oneshot -printf '%m %P\n') |
        sed 's/ *$//' | LC_ALL=C sort -k 2 >"$WORK/files"
    same "$WORK/files" <<'END'
644 etc/default/cri-oneshot
755 usr/local/bin/cri-fixture
777 usr/local/bin/cri-fixture-docker cri-fixture
755 usr/local/bin/cri-frame
755 usr/local/bin/cri-gateway
755 usr/local/bin/cri-oneshot
755 usr/local/lib/cri-oneshot/with-settings
644 usr/local/lib/systemd/system/cri-gateway.socket
644 usr/local/lib/systemd/system/cri-gateway@.service
644 usr/local/lib/systemd/system/cri-oneshot.slice
644 usr/local/lib/systemd/system/cri-oneshot.socket
644 usr/local/lib/systemd/system/cri-oneshot@.service
644 usr/local/share/doc/cri-oneshot/LICENSE
644 usr/local/share/doc/cri-oneshot/README.md
644 usr/local/share/doc/cri-oneshot/examples/inetd.conf
644 usr/local/share/doc/cri-oneshot/examples/xinetd-cri-gateway
644 usr/local/share/doc/cri-oneshot/examples/xinetd-cri-oneshot
700 var/lib/cri-oneshot
END
    [ "$("$DEST/usr/local/bin/cri-oneshot" --version)" = "$("$BUILD/bin/cri-oneshot" --version)" ]
    run_make uninstall DESTDIR="$DEST" >"$WORK/log" 2>&1
    [ -z "$(find "$DEST" ! -type d)" ]
    [ -z "$(find "$DEST" -name 'cri-*')" ]
}

@test "PREFIX, SYSCONFDIR, LOCALSTATEDIR and UNITDIR move the files, and what is written in them" {
    run_make install DESTDIR="$DEST" PREFIX=/opt/cri SYSCONFDIR=/opt/etc LOCALSTATEDIR=/opt/var UNITDIR=/opt/units >/dev/null
    [ -z "$(find "$DEST" -type f ! -path "$DEST/opt/*")" ]
    grep -qx 'ExecStart=/opt/cri/bin/cri-oneshot' "$DEST/opt/units/cri-oneshot@.service"
    grep -qx 'ExecStart=/opt/cri/bin/cri-gateway' "$DEST/opt/units/cri-gateway@.service"
    grep -qx 'EnvironmentFile=-/opt/etc/default/cri-oneshot' "$DEST/opt/units/cri-gateway@.service"
    grep -q '^/opt/var/lib/cri-oneshot/cri-oneshot.sock .* /opt/cri/lib/cri-oneshot/with-settings .* /opt/cri/bin/cri-gateway$' \
        "$DEST/opt/cri/share/doc/cri-oneshot/examples/inetd.conf"
    [ -f "$DEST/opt/etc/default/cri-oneshot" ]
    run -1 grep -rE '/usr/local/(bin/cri|lib/cri|share)|(^|[ =-])/(etc/default|var/lib/cri)' "$DEST/opt/units" "$DEST/opt/cri/lib" \
        "$DEST/opt/cri/share/doc/cri-oneshot/examples" "$DEST/opt/etc"
}

@test "no place is left to be filled in" {
    install_all
    run -1 grep -rE '@[a-z_]+@' "$DEST/etc" "$DEST/usr/local/lib" "$DEST/usr/local/share"
}

@test "an ordinary user installs into DESTDIR" {
    # Where the tests are, and what was built, may be out of the user's reach.
    local user=(env --chdir="$WORK" BUILD="$WORK/source/build" setpriv --reuid=65534 --regid=65534 --clear-groups)
    mkdir -p "$WORK/source/build" "$DEST"
    cp -r "$ROOT/tools" "$ROOT/README.md" "$ROOT/LICENSE" "$WORK/source"
    cp -rP "$BUILD/bin" "$WORK/source/build"
    chown 65534 "$DEST"
    # shellcheck disable=SC2086 # one name each
    DESTDIR=$DEST "${user[@]}" "$WORK/source/tools/install" install $PROGRAMS
    [ -z "$(find "$DEST" ! -uid 65534)" ]
    [ "$(stat -c %a "$DEST/var/lib/cri-oneshot")" = 700 ]
    # shellcheck disable=SC2086
    DESTDIR=$DEST "${user[@]}" "$WORK/source/tools/install" uninstall $PROGRAMS
    [ -z "$(find "$DEST" ! -type d)" ]
}

@test "nothing is enabled: with DESTDIR nothing is said, without it the one command that does it" {
    run -0 install_all
    [ -z "$output" ]
    run -0 install_here
    [[ $output == *"does not look for units in $WORK/usr/lib/systemd/system"* ]]
    printf '#!/bin/sh\n: >"%s/systemctl was asked"\n' "$WORK" >"$WORK/bin/systemctl"
    chmod +x "$WORK/bin/systemctl"
    run -0 install_by_default
    [ "$(grep -c 'systemctl enable --now cri-gateway.socket cri-oneshot.socket$' <<<"$output")" = 1 ]
    [[ $output == *"the settings are in /etc/default/cri-oneshot"* ]]
    [ ! -e "$WORK/systemctl was asked" ]
}

# In the default places; but these are empty ones, in a view of the file system that ends with the command.
install_by_default() {
    # shellcheck disable=SC2016 # the inner shell expands it
    BUILD=$BUILD unshare --mount --propagation private bash -euc '
        for folder in /usr/local /etc/default /var/lib; do
            mount -t tmpfs tmpfs "$folder"
        done
        "$1/tools/install" install $2
        find /usr/local/bin/cri-gateway /etc/default/cri-oneshot /var/lib/cri-oneshot' bash "$ROOT" "$PROGRAMS"
}

@test "paths that units or inetd's lines would read otherwise are refused, before anything is written" {
    local prefix
    # shellcheck disable=SC2016 # as it is
    for prefix in relative '/with blank' '/with%percent' '/with$dollar' "/with'quote"; do
        PREFIX=$prefix run -1 install_all
        [[ $output == *'not an absolute path of plain characters'* ]]
    done
    [ ! -e "$DEST" ]
}

# ---- the settings

@test "with DESTDIR no fact of the machine that builds goes into the settings, nor into what was there" {
    install_all
    run -1 grep '^[^#]' "$SETTINGS"
    echo 'CRI_ONESHOT_DOCKER_VERSION=1.0' >>"$SETTINGS"
    cp "$SETTINGS" "$WORK/first"
    install_all
    same "$SETTINGS" <"$WORK/first"
}

# As root has it that may lower its score no more than it is (CAP_SYS_RESOURCE).
without_resource() {
    setpriv --inh-caps=-sys_resource --bounding-set=-sys_resource "$@"
}

@test "pods are spared when memory is short where root may say so, and elsewhere start at all" {
    export -f install_for_use tools_install
    export BUILD ROOT DEST PROGRAMS
    without_resource bash -c install_for_use
    grep -qx '#CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ=0' "$SETTINGS"
    rm "$SETTINGS"
    run -0 install_for_use
    if (echo -998 >/proc/self/oom_score_adj) 2>/dev/null; then
        grep -qx 'CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ=-998' "$SETTINGS"
    else
        grep -qx '#CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ=0' "$SETTINGS"
    fi
    [[ $output != *'pods may not start here'* ]]
    # What an administrator says stays, and is doubted aloud.
    sed -i 's/^#\{0,1\}CRI_ONESHOT_PAUSE_OOM.*/CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ=-998/' "$SETTINGS"
    run -0 without_resource bash -c install_for_use
    grep -qx 'CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ=-998' "$SETTINGS"
    [[ $output == *'pods may not start here: CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ wants CAP_SYS_RESOURCE'* ]]
    # Either is what install has written, so uninstall takes it.
    uninstall_for_use
    [ ! -e "$SETTINGS" ]
}

@test "docker's version is that of the docker command line, and needs no engine" {
    install_for_use
    grep -qx 'CRI_ONESHOT_DOCKER_VERSION=24.0.7' "$SETTINGS"
    rm "$SETTINGS"
    docker_is '20.10.24+dfsg1'
    install_for_use
    grep -qx 'CRI_ONESHOT_DOCKER_VERSION=20.10.24' "$SETTINGS"
}

@test "a second install keeps what an administrator has changed, and brings docker's version up to date" {
    install_for_use
    sed -i 's/^#CRI_ONESHOT_NETWORK=.*/CRI_ONESHOT_NETWORK=pods/; s/^#\{0,1\}CRI_ONESHOT_PAUSE_OOM.*/CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ=5/' "$SETTINGS"
    echo 'DOCKER_HOST=unix:///run/other.sock' >>"$SETTINGS"
    chmod 0640 "$SETTINGS"
    sed 's/24\.0\.7/28.2.2/' "$SETTINGS" >"$WORK/wanted"
    docker_is 28.2.2
    install_for_use
    same "$SETTINGS" <"$WORK/wanted"
    [ "$(stat -c %a "$SETTINGS")" = 640 ]
    install_for_use
    same "$SETTINGS" <"$WORK/wanted"
    [ "$(ls -A "$DEST/etc/default")" = cri-oneshot ]
}

@test "settings that an older file does not name come in as comments, and nothing else changes" {
    install_for_use
    cp "$SETTINGS" "$WORK/first"
    sed -i '/^# The network of pods/,/^$/d; /DOCKER_VERSION=/d' "$SETTINGS"
    cp "$SETTINGS" "$WORK/older"
    install_for_use
    head -n "$(wc -l <"$WORK/older")" "$SETTINGS" | same "$WORK/older"
    [ "$(grep -c '^#CRI_ONESHOT_NETWORK=bridge$' "$SETTINGS")" = 1 ]
    [ "$(grep -c '^CRI_ONESHOT_DOCKER_VERSION=24.0.7$' "$SETTINGS")" = 1 ]
    LC_ALL=C sort -u "$SETTINGS" >"$WORK/now"
    LC_ALL=C sort -u "$WORK/first" | same "$WORK/now"
    printf '%s' "$(<"$WORK/older")" >"$SETTINGS" # an editor that ends no last line
    install_for_use
    LC_ALL=C sort -u "$SETTINGS" | same "$WORK/now"
}

@test "a settings file that is a link stays one" {
    install_for_use
    mv "$SETTINGS" "$WORK/real"
    ln -s "$WORK/real" "$SETTINGS"
    docker_is 28.2.2
    install_for_use
    [ -L "$SETTINGS" ]
    grep -qx 'CRI_ONESHOT_DOCKER_VERSION=28.2.2' "$WORK/real"
}

@test "without docker the version is a comment, and one that is there stays" {
    install_for_use
    cp "$SETTINGS" "$WORK/first"
    without_docker install_for_use
    same "$SETTINGS" <"$WORK/first"
    rm "$SETTINGS"
    without_docker install_for_use
    grep -qx '#CRI_ONESHOT_DOCKER_VERSION=20.10' "$SETTINGS"
    run -1 grep -q '^CRI_ONESHOT_DOCKER_VERSION' "$SETTINGS"
}

@test "a docker that fails, hangs on its input or is another program's gives no version" {
    local script
    for script in 'exit 1' 'cat; echo "podman version 4.3.1"' 'echo "Docker version"' 'echo "Docker version 1; rm -rf /, build 0"'; do
        printf '#!/bin/sh\n%s\n' "$script" >"$WORK/bin/docker"
        rm -f "$SETTINGS"
        install_for_use
        run -1 grep -E '^CRI_ONESHOT_DOCKER_VERSION=.*[^0-9.]|rm -rf' "$SETTINGS"
    done
}

@test "the docker that the settings name is asked" {
    install_for_use
    mv "$WORK/bin/docker" "$WORK/other-docker"
    docker_is 28.2.2
    echo "CRI_ONESHOT_DOCKER=\"$WORK/other-docker\"" >>"$SETTINGS"
    sed -i 's/^CRI_ONESHOT_DOCKER_VERSION=.*/CRI_ONESHOT_DOCKER_VERSION=1.0/' "$SETTINGS"
    install_for_use
    grep -qx 'CRI_ONESHOT_DOCKER_VERSION=24.0.7' "$SETTINGS"
}

@test "uninstall takes settings that nobody has changed, and keeps and names changed ones" {
    install_for_use
    docker_is 28.2.2
    install_for_use
    run -0 uninstall_for_use
    [ ! -e "$SETTINGS" ]
    install_for_use
    echo 'CRI_ONESHOT_NETWORK=pods' >>"$SETTINGS"
    run -0 uninstall_for_use
    [[ $output == *"kept, because it was changed: $SETTINGS"* ]]
    [ "$(find "$DEST" ! -type d)" = "$SETTINGS" ]
    run -0 uninstall_for_use
    [ -e "$SETTINGS" ]
}

# systemctl_of FOLDER: a systemd that has the units of that folder, and notes what it is asked.
systemctl_of() {
    cat >"$WORK/bin/systemctl" <<END
#!/bin/sh
case "\$*" in
"show --property=FragmentPath --value "*) echo "$1/\$4" ;;
*) echo "\$*" >>"$WORK/asked"; [ ! -e "$WORK/refuses" ] || exit 1; ls "$WORK/usr/bin/cri-gateway" >>"$WORK/asked" 2>&1 ;;
esac
END
    chmod +x "$WORK/bin/systemctl"
}

@test "uninstall first disables and stops what it removes, and only that" {
    install_here >/dev/null
    systemctl_of "$UNITS"
    run -0 tools_install uninstall
    [ "${lines[0]}" = 'disabled and stopped: cri-gateway.socket cri-oneshot.socket' ]
    head -n 4 "$WORK/asked" | diff - <(cat <<END
--quiet disable --now cri-gateway.socket cri-oneshot.socket
$WORK/usr/bin/cri-gateway
stop cri-gateway@*.service cri-oneshot@*.service
$WORK/usr/bin/cri-gateway
END
    )
    [ ! -e "$WORK/usr/bin/cri-gateway" ]
    # Another installation's units are not touched, and with DESTDIR none is.
    rm "$WORK/asked"
    install_here >/dev/null
    systemctl_of /elsewhere
    run -0 tools_install uninstall
    [[ $output != *stopped* ]]
    install_here >/dev/null
    systemctl_of "$UNITS"
    DESTDIR=$DEST run -0 tools_install uninstall
    run ! grep -E 'disable|stop' "$WORK/asked"
    # One that cannot be stopped is not removed under itself.
    : >"$WORK/refuses"
    run -1 tools_install uninstall
    [[ $output == *'cannot disable and stop cri-gateway.socket cri-oneshot.socket: nothing is removed'* ]]
    [ -e "$WORK/usr/bin/cri-gateway" ]
}

@test "uninstall leaves no link to a unit, and no socket without a listener" {
    local wants=$WORK/etc/systemd/system/sockets.target.wants
    install_here >/dev/null
    mkdir -p "$wants"
    ln -s "$UNITS/cri-gateway.socket" "$wants/cri-gateway.socket"
    ln -s /elsewhere/cri-oneshot.socket "$wants/cri-oneshot.socket"
    /usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$WORK/var/lib/cri-oneshot/cri-oneshot.sock"
    tools_install uninstall
    [ "$(ls "$wants")" = cri-oneshot.socket ]
    [ ! -e "$WORK/var/lib/cri-oneshot" ]
}

@test "uninstall says which of inetd's lines it has left, and leaves the socket that inetd listens on" {
    inetd_up
    { echo '# mine' && cat "$WORK/usr/share/doc/cri-oneshot/examples/inetd.conf"; } >"$WORK/etc/inetd.conf"
    run -0 tools_install uninstall
    [[ $output == *"left, for you to remove: $WORK/etc/inetd.conf, lines $(grep -n '^/' "$WORK/etc/inetd.conf" | cut -d: -f1 | paste -sd' '); then restart inetd" ]]
    [ -S "$FRAMES" ]
}

@test "uninstall leaves what is not ours in our folders" {
    install_here
    : >"$WORK/var/lib/cri-oneshot/a socket of inetd"
    : >"$WORK/usr/share/doc/cri-oneshot/mine"
    tools_install uninstall
    [ -e "$WORK/var/lib/cri-oneshot/a socket of inetd" ]
    [ -e "$WORK/usr/share/doc/cri-oneshot/mine" ]
    [ ! -e "$WORK/usr/share/doc/cri-oneshot/examples" ]
}

# NAME=DEFAULT for each row of the README's table of settings.
readme_settings() {
    tr -d '`' <"$ROOT/README.md" | sed -n 's/^| \(CRI_[A-Z_]*\) | *\([^ |]*\) *|.*/\1=\2/p' | sort
}

@test "the settings file lists just the settings that the programs know, and so does the README" {
    grep -ohE '"CRI_[A-Z_]+[A-Z]"' "$ROOT/src/settings.c" "$ROOT/tools/gateway/main.c" | tr -d '"' | sort -u >"$WORK/known"
    [ "$(wc -l <"$WORK/known")" -ge 15 ]
    sed -n 's/^#\{0,1\}\(CRI_[A-Z_]*\)=.*/\1/p' "$ROOT/tools/environment" | sort -u | same "$WORK/known"
    readme_settings | sed 's/=.*//' | same "$WORK/known"
}

@test "each default that the settings file shows is the README's" {
    readme_settings >"$WORK/readme"
    sed -n 's/^#\(CRI_[A-Z_]*=.*\)/\1/p' "$ROOT/tools/environment" | sort | same "$WORK/readme"
}

@test "systemd and sh read the settings file alike: no line wants quotes" {
    install_all
    run -1 grep -vE '^(#.*|(CRI_[A-Z_]+=[A-Za-z0-9./:,=-]*)?)$' "$SETTINGS"
}

@test "the settings as installed, and each default taken at its word, are good for a call" {
    install_here
    "$WORK/usr/bin/cri-frame" encode Version >"$WORK/request"
    "$WORK/usr/lib/cri-oneshot/with-settings" "$WORK/usr/bin/cri-oneshot" --explain <"$WORK/request" | grep '^docker version'
    sed -i 's/^#CRI_/CRI_/' "$SETTINGS"
    [ "$(grep -c ^CRI_ "$SETTINGS")" -ge 15 ]
    "$WORK/usr/lib/cri-oneshot/with-settings" "$WORK/usr/bin/cri-oneshot" --explain <"$WORK/request" | grep '^docker version'
}

# ---- systemd

# verify: what systemd has to say of the units; it finds the targets that each unit wants in its own folders.
verify() {
    SYSTEMD_UNIT_PATH=$UNITS: systemd-analyze verify --man=no "$UNITS"/* 2>&1
}

@test "systemd finds nothing to warn of in the units, and would" {
    install_here >/dev/null
    run -0 verify
    [ -z "$output" ]
    sed -i 's/^MaxConnections=/MaxConnection=/' "$UNITS/cri-oneshot.socket"
    run verify
    [[ $output == *"Unknown key"*"MaxConnection"* ]]
    install_here >/dev/null
    rm "$WORK/usr/bin/cri-gateway"
    run verify
    [[ $output == *"cri-gateway is not executable"* ]]
    install_here >/dev/null
    sed -i '/^Accept=/d' "$UNITS/cri-gateway.socket"
    run verify
    [[ $output == *"cri-gateway.service not loaded"* ]]
}

# values FILE NAME: the values that a unit gives a directive, in its order, a line each; nothing where it is not there.
values() {
    sed -n "s/^$2 *= *//p" "$1"
}

@test "the sockets: theirs alone to connect to, a service for each connection, and none too many" {
    local name unit
    install_here
    for name in cri-gateway cri-oneshot; do
        unit=$UNITS/$name.socket
        [ "$(values "$unit" SocketMode)" = 0600 ]
        [ "$(values "$unit" Accept)" = yes ]
        [ "$(values "$unit" TriggerLimitIntervalSec)" = 0 ]
        [ "$(values "$unit" MaxConnections)" = 1024 ]
        [ "$(values "$unit" WantedBy)" = sockets.target ]
        [ -z "$(values "$unit" 'Listen\(Datagram\|SequentialPacket\|FIFO\|Special\)')$(values "$unit" 'Socket\(User\|Group\)')" ]
        [ -f "$UNITS/$name@.service" ]
    done
    [ "$(values "$UNITS/cri-gateway.socket" ListenStream)" = /run/cri-oneshot.sock ]
    [ "$(values "$UNITS/cri-oneshot.socket" ListenStream)" = /run/cri-oneshot.frames ]
}

@test "the services: the connection is theirs, failed ones are forgotten, and a stop tells the program alone" {
    local name unit
    install_here
    for name in cri-gateway cri-oneshot; do
        unit=$UNITS/$name@.service
        [ "$(values "$unit" ExecStart)" = "$WORK/usr/bin/$name" ]
        [ "$(values "$unit" EnvironmentFile)" = "-$SETTINGS" ]
        [ "$(values "$unit" StandardInput)" = socket ]
        [ "$(values "$unit" StandardOutput)" = socket ]
        [ "$(values "$unit" StandardError)" = journal ]
        [ "$(values "$unit" CollectMode)" = inactive-or-failed ]
        [ "$(values "$unit" KillMode)" = mixed ]
        [ -z "$(values "$unit" User)$(values "$unit" Restart)$(values "$unit" PrivateTmp)" ]
    done
}

# security SERVICE EXPRESSION: a line for each row "r" of systemd's judgement of which the Python expression is true.
security() {
    SYSTEMD_UNIT_PATH=$UNITS: systemd-analyze security --offline=true --no-pager --json=short "$UNITS/$1" >"$WORK/json"
    /usr/bin/python3 -c '
import json, sys
rows = {r["json_field"]: r for r in json.load(open(sys.argv[1]))}
print("\n".join(sorted(name for name, r in rows.items() if eval(sys.argv[2]))))' "$WORK/json" "$2"
}

# What the work needs, each with its reason in the units; systemd counts it as exposure, together 2.6.
needed() {
    cat <<'END'
CapabilityBoundingSet_CAP_DAC_FOWNER_IPC_OWNER
CapabilityBoundingSet_CAP_KILL
CapabilityBoundingSet_CAP_SYS_PTRACE
DeviceAllow
IPAddressDeny
PrivateNetwork
PrivateTmp
PrivateUsers
ProcSubset
ProtectHome
ProtectProc
ProtectSystem
RestrictAddressFamilies_AF_INET_INET6
RestrictAddressFamilies_AF_UNIX
RootDirectoryOrRootImage
UserOrDynamicUser
END
}

# What a call's own view of the file system would add, at a price that a connection of many calls pays once: 3.9.
needs_mounts() {
    cat <<'END'
PrivateDevices
PrivateMounts
ProtectControlGroups
ProtectKernelLogs
ProtectKernelModules
ProtectKernelTunables
END
}

@test "systemd counts as exposed just what the work needs" {
    install_here
    security cri-gateway@.service 'r["exposure"]' >"$WORK/exposed"
    needed | same "$WORK/exposed"
    security cri-oneshot@.service 'r["exposure"]' >"$WORK/exposed"
    { needed; needs_mounts; } | LC_ALL=C sort | same "$WORK/exposed"
    [ "$(security cri-gateway@.service 'name == "ProtectSystem" and "strict" in r["description"]')" = "" ]
}

# exposed_at_most TENTHS SERVICE
exposed_at_most() {
    SYSTEMD_UNIT_PATH=$UNITS: systemd-analyze security --offline=true --no-pager --threshold="$1" "$UNITS/$2" >/dev/null 2>&1
}

@test "the exposure is 2.6 for the gateway's service and 3.9 for the translator's, and a line less is noticed" {
    install_here
    exposed_at_most 26 cri-gateway@.service
    exposed_at_most 39 cri-oneshot@.service
    sed -i '/^NoNewPrivileges=/d' "$UNITS"/*.service
    run ! exposed_at_most 26 cri-gateway@.service
    run ! exposed_at_most 39 cri-oneshot@.service
}

# ---- inetd

# wait_until SECONDS COMMAND...
wait_until() {
    local twentieths=$(($1 * 20))
    shift
    until "$@"; do
        [ $((twentieths -= 1)) -gt 0 ] || return 1
        sleep 0.05
    done
}

# inetd_up: openbsd-inetd with the installed lines, as they are; FRAMES and GRPC are their sockets. It has no PATH to give on, as when
# it is started at boot.
inetd_up() {
    install_here >/dev/null
    echo "CRI_ONESHOT_DOCKER=$WORK/bin/docker" >>"$SETTINGS"
    FRAMES=$WORK/var/lib/cri-oneshot/cri-oneshot.frames
    GRPC=$WORK/var/lib/cri-oneshot/cri-oneshot.sock
    /usr/sbin/inetd -i "$WORK/usr/share/doc/cri-oneshot/examples/inetd.conf" >"$WORK/inetd.log" 2>&1 3>&- 4>&- &
    INETD=$!
    wait_until 10 "$ROOT/tests/listening" "$FRAMES" "$GRPC" || {
        cat "$WORK/inetd.log"
        return 1
    }
}

runtime_version() {
    "$WORK/usr/bin/cri-frame" call Version --socket="$FRAMES" --compact | sed -n 's/.*"runtime_version": *"\([^"]*\)".*/\1/p'
}

# traced_once: the call's line is in the trace; it is written after the answer.
traced_once() {
    [ -e "$WORK/trace" ] && [ "$(wc -l <"$WORK/trace")" = 1 ]
}

@test "inetd serves frames by the installed line, with the settings of the file" {
    inetd_up
    [ "$(runtime_version)" = 24.0.7 ]
    echo "CRI_ONESHOT_TRACE=$WORK/trace" >>"$SETTINGS"
    [ "$(runtime_version)" = 24.0.7 ]
    wait_until 10 traced_once
}

@test "inetd's sockets are root's alone, though inetd lets everyone connect" {
    inetd_up
    [ "$(stat -c '%a %u' "$WORK/var/lib/cri-oneshot")" = '700 0' ]
    for socket in "$FRAMES" "$GRPC"; do
        run setpriv --reuid=65534 --regid=65534 --clear-groups socat -u OPEN:/dev/null "UNIX-CONNECT:$socket"
        [ "$status" != 0 ]
        [[ $output == *"Permission denied"* ]]
    done
}

@test "inetd takes more than 256 connections in a minute" {
    inetd_up
    export WORK FRAMES
    # shellcheck disable=SC2016 # the inner shell expands it
    seq 300 | xargs -P 4 -I{} sh -c '"$WORK/usr/bin/cri-frame" call Version --socket="$FRAMES" --compact' >"$WORK/answers"
    [ "$(wc -l <"$WORK/answers")" = 300 ]
    [ "$(sort -u "$WORK/answers" | wc -l)" = 1 ]
}

@test "a settings file that sh has to complain of puts no byte into a client's answer" {
    inetd_up
    echo 'these-are no settings' >>"$SETTINGS"
    [ "$(runtime_version)" = 24.0.7 ]
    rm "$SETTINGS"
    "$WORK/usr/lib/cri-oneshot/with-settings" /usr/bin/env >"$WORK/env"
    run -1 grep CRI_ "$WORK/env"
    env -i "$WORK/usr/lib/cri-oneshot/with-settings" /usr/bin/env | grep '^PATH=/usr/local/sbin:/usr/local/bin:'
}

@test "inetd serves gRPC by the installed line, with the settings of the file" {
    inetd_up
    echo "CRI_ONESHOT_TRACE=$WORK/trace" >>"$SETTINGS"
    protoc --proto_path="$ROOT/proto" --python_out="$WORK" runtime/v1/api.proto
    PYTHONPATH=$WORK run -0 /usr/bin/python3 "$ROOT/tests/engine/grpc_client.py" "$GRPC" Version
    [[ $output == *'"runtime_version": "24.0.7"'* ]]
    wait_until 10 traced_once
}

# ---- xinetd, which knows TCP only

@test "xinetd's files are disabled, on loopback, of a port each, and open to no one without a setting" {
    local name file
    install_here
    for name in cri-gateway cri-oneshot; do
        file=$WORK/usr/share/doc/cri-oneshot/examples/xinetd-$name
        sed -n 's/^ *\([a-z_]*\) *= *\(.*\)$/\1=\2/p' "$file" | sort >"$WORK/$name"
        grep -qx 'disable=yes' "$WORK/$name"
        grep -qx 'bind=127.0.0.1' "$WORK/$name"
        grep -qx 'only_from=127.0.0.1' "$WORK/$name"
        grep -qx "server=$WORK/usr/lib/cri-oneshot/with-settings" "$WORK/$name"
        grep -qx "server_args=$WORK/usr/bin/$name" "$WORK/$name"
        run -1 grep ALLOW_TCP "$WORK/$name"
    done
    [ "$(cat "$WORK"/cri-* | grep -c '^port=')" = 2 ]
    [ "$(cat "$WORK"/cri-* | grep '^port=' | sort -u | wc -l)" = 2 ]
    run -1 grep -q '^CRI_ONESHOT_ALLOW_TCP' "$SETTINGS"
}
