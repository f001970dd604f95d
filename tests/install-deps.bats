#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# This file installs packages where apt-get, dpkg-query and systemctl are stand-ins: nothing is started, nothing stays enabled that was
# not, and what denies the starts is gone afterwards.

bats_require_minimum_version 1.5.0
ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)

# state/packages and state/enabled are what the machine has; share/NAME lists a package's units. state/log is what was asked.
setup() {
    cd "$BATS_TEST_TMPDIR"
    mkdir bin share state tmp
    export PATH=$BATS_TEST_TMPDIR/bin:$PATH POLICY_RC_D=$BATS_TEST_TMPDIR/policy-rc.d STATE=$BATS_TEST_TMPDIR/state
    export SHARE=$BATS_TEST_TMPDIR/share TMPDIR=$BATS_TEST_TMPDIR/tmp
    printf '%s\n' iproute2 iptables old-server >state/packages
    echo old-server.service >state/enabled
    : >state/log
    printf '%s\n' docker.service docker.socket >share/docker.io
    echo docker-registry.service >share/docker-registry
    echo containerd.service >share/containerd
    echo old-server.timer >share/old-server
    stand_in apt-get <<'END'
echo "apt-get $*" >>"$STATE/log"
{ cat "$POLICY_RC_D" 2>/dev/null || echo "no policy"; } >"$STATE/policy"
[ ! -x "$POLICY_RC_D" ] || echo executable >>"$STATE/policy"
while [ $# -gt 0 ]; do
    case $1 in
    install | --*) ;;
    docker.io) printf '%s\n' docker.io containerd >>"$STATE/packages" ;;
    *) echo "$1" >>"$STATE/packages" ;;
    esac
    shift
done
# An upgrade of what was there before may enable more.
for package in $(cat "$STATE/packages"); do
    [ ! -e "$SHARE/$package" ] || cat "$SHARE/$package" >>"$STATE/enabled"
done
[ ! -e "$STATE/interrupt" ] || kill -"$(cat "$STATE/interrupt")" "$PPID"
[ ! -e "$STATE/fail" ] || exit 100
END
    stand_in dpkg-query <<'END'
case $1 in
--listfiles)
    shift
    for package in "$@"; do
        [ ! -e "$SHARE/$package" ] || sed 's|^|/lib/systemd/system/|' "$SHARE/$package"
        echo "/usr/share/doc/$package"
    done
    ;;
*)
    [ $# -lt 3 ] || { grep -qx "$3" "$STATE/packages" && printf 'install ok installed'; exit; }
    sed 's/^/install ok installed /' "$STATE/packages"
    echo "deinstall ok config-files openbsd-inetd"
    ;;
esac
END
    stand_in systemctl <<'END'
echo "systemctl $*" >>"$STATE/log"
case "$*" in
*list-unit-files*) sort -u "$STATE/enabled" | sed 's/$/ enabled enabled/' ;;
*disable*) for unit in "$@"; do sed -i "/^$unit\$/d" "$STATE/enabled"; done ;;
esac
END
}

# stand_in NAME: a program of that name, its text on standard input.
stand_in() {
    { echo '#!/bin/sh' && cat; } >"bin/$1"
    chmod +x "bin/$1"
}

@test "while packages are installed starts are denied, and afterwards nothing of it is left" {
    run -0 "$ROOT/tools/install-deps" docker
    printf '#!/bin/sh\nexit 101\nexecutable\n' | diff - state/policy
    [ ! -e policy-rc.d ]
    [ -z "$(ls -A tmp)" ]
}

@test "what is newly enabled is disabled and named in one line, with what turns it on" {
    run -0 "$ROOT/tools/install-deps" docker
    [ "${lines[0]}" = "installing: docker.io docker-registry busybox-static" ]
    [ "${lines[1]}" = "installed, but neither started nor enabled: containerd.service docker-registry.service docker.service docker.socket (systemctl enable --now UNIT turns one on)" ]
    [ "${#lines[@]}" = 2 ]
    # Of packages that were there before, all stays.
    printf '%s\n' old-server.service old-server.timer | diff - <(sort -u state/enabled)
}

@test "packages that are there are not installed again, and nothing is asked or said" {
    printf '%s\n' docker.io docker-registry busybox-static >>state/packages
    echo docker.service >>state/enabled
    run -0 "$ROOT/tools/install-deps" docker
    [ -z "$output$(cat state/log)" ]
    grep -qx docker.service state/enabled
}

@test "a policy that is there already stays as it is" {
    printf '#!/bin/sh\nexit 0\n' >policy-rc.d
    run -0 "$ROOT/tools/install-deps" docker
    printf '#!/bin/sh\nexit 0\n' | diff - policy-rc.d
    # One that leads nowhere yet is somebody's, too.
    rm policy-rc.d
    ln -s elsewhere policy-rc.d
    run -0 "$ROOT/tools/install-deps" test
    [ -L policy-rc.d ] && [ ! -e elsewhere ]
}

@test "also when the installation fails or is interrupted nothing stays denied or enabled" {
    local name
    : >state/fail
    run -100 "$ROOT/tools/install-deps" docker
    [ ! -e policy-rc.d ] && [ "$(sort -u state/enabled | tr '\n' ' ')" = 'old-server.service old-server.timer ' ]
    rm state/fail
    for name in INT TERM HUP; do
        printf '%s\n' old-server >state/packages
        echo "$name" >state/interrupt
        # Not in the background, where a shell ignores SIGINT.
        run "$ROOT/tools/install-deps" docker
        [ "$status" = $((128 + $(kill -l "$name"))) ]
        [ ! -e policy-rc.d ] && [ -z "$(ls -A tmp)" ]
        [ "$(sort -u state/enabled | tr '\n' ' ')" = 'old-server.service old-server.timer ' ]
    done
}

@test "without systemctl there is nothing to disable" {
    rm bin/systemctl
    mkdir all
    ln -s /usr/bin/* all
    rm -f all/systemctl
    PATH=$BATS_TEST_TMPDIR/bin:$BATS_TEST_TMPDIR/all run -0 "$ROOT/tools/install-deps" docker
    [ "$output" = "installing: docker.io docker-registry busybox-static" ]
    [ ! -e policy-rc.d ]
}

@test "a group that there is not is refused before anything is installed" {
    run -2 "$ROOT/tools/install-deps" docker dockre
    [ "$output" = 'install-deps: no group "dockre" (build, docker, demo, test, bench)' ]
    [ -z "$(cat state/log)" ]
}
