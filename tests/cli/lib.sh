# SPDX-License-Identifier: MIT
# What the scripts of this folder share. Each is called with the directory of the programs, works in a
# directory of its own with a state of its own, and stops what it started.
set -u

bin=$1
scbox=$bin/scbox
tmp=$(mktemp -d) || exit 1
out=$tmp/out
err=$tmp/err
daemon=
failures=0

HOME=$tmp XDG_RUNTIME_DIR=$tmp/run XDG_STATE_HOME=$tmp/state TMPDIR=$tmp
export HOME XDG_RUNTIME_DIR XDG_STATE_HOME TMPDIR
unset SCBOX_SOCKET NO_COLOR
mkdir -m 700 "$XDG_RUNTIME_DIR"

finish() {
    code=$?
    trap - EXIT
    stop_daemon
    rm -rf "$tmp"
    [ "$code" -eq 0 ] && [ "$failures" -gt 0 ] && code=1
    exit "$code"
}
trap finish EXIT
trap 'exit 143' HUP INT TERM PIPE

skip() {
    echo "skipped: $*"
    exit 77
}

fail() {
    echo "FAIL: $*"
    sed 's/^/    stdout: /' "$out"
    sed 's/^/    stderr: /' "$err"
    failures=$((failures + 1))
}

# expect CODE COMMAND…: run it; stdout and stderr are kept for the checks that follow.
expect() {
    want=$1
    shift
    "$@" >"$out" 2>"$err" </dev/null
    got=$?
    last="$*"
    [ "$got" -eq "$want" ] || fail "$last: exit code $got, not $want"
    return 0
}

# feed CODE TEXT COMMAND…: as expect, with TEXT on stdin.
feed() {
    want=$1
    text=$2
    shift 2
    printf '%s\n' "$text" | "$@" >"$out" 2>"$err"
    got=$?
    last="$*"
    [ "$got" -eq "$want" ] || fail "$last: exit code $got, not $want"
    return 0
}

out_is() {
    [ "$(cat "$out")" = "$1" ] || fail "$last: stdout is not '$1'"
}

out_has() {
    grep -qF -e "$1" "$out" || fail "$last: stdout lacks '$1'"
}

out_lacks() {
    ! grep -qF -e "$1" "$out" || fail "$last: stdout holds '$1'"
}

err_has() {
    grep -qF -e "$1" "$err" || fail "$last: stderr lacks '$1'"
}

# One line, and it begins with who speaks.
err_is_a_line() {
    [ "$(wc -l <"$err")" -eq 1 ] && grep -q '^scbox' "$err" || fail "$last: stderr is not one line"
}

# Nothing of a private daemon is left.
nothing_left() {
    for dir in "$tmp"/scbox-*; do
        [ ! -e "$dir" ] || fail "$last: left $dir"
    done
}

start_daemon() {
    : >"$tmp/daemon.log"
    "$bin/scboxd" "$@" >"$tmp/daemon.log" 2>&1 &
    daemon=$!
    until grep -q '^scboxd ready' "$tmp/daemon.log"; do
        kill -0 "$daemon" 2>/dev/null || { cat "$tmp/daemon.log"; echo "scboxd did not start"; exit 1; }
        sleep 0.05
    done
}

stop_daemon() {
    [ -n "$daemon" ] || return 0
    kill "$daemon" 2>/dev/null
    wait "$daemon" 2>/dev/null
    daemon=
}

# wait_until WHAT COMMAND…: until the command succeeds, for a minute at most: a script that waits for
# something that will not come says what it was, before the time limit of the test hides that.
wait_until() {
    what=$1
    tries=1200
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || {
            fail "waited in vain for $what"
            return 1
        }
        sleep 0.05
    done
}

# has_ended PID: whether a process of ours is no more, or only to be waited for.
has_ended() {
    ! grep -q '^State:[[:blank:]]*[^Z]' "/proc/$1/status" 2>/dev/null
}

# Skip unless the host can run guests of an architecture.
need_guests() {
    "$scbox" call server.info >"$out" 2>"$err" || { cat "$err"; echo "no server.info"; exit 1; }
    grep -q "\"$1\": true" "$out" || skip "this host runs no $1 guests: $(cat "$out")"
}

# ---- commands on a terminal, which script(1) makes ----

need_terminal() {
    command -v script >"$out" || skip "no script(1) on this host"
    mkfifo "$tmp/keys"
    screen=$tmp/screen
}

# begin COMMAND: run it on a terminal, with its keys from descriptor 9.
begin() {
    : >"$screen"
    script -q -e -f -c "$1" "$screen" <"$tmp/keys" >"$out" 2>"$err" &
    typing=$!
    exec 9>"$tmp/keys"
}

shows_or_ends() {
    grep -qF -e "$1" "$screen" || has_ended "$typing"
}

# sees TEXT: wait until the screen shows it.
sees() {
    wait_until "'$1' on the screen" shows_or_ends "$1"
    grep -qF -e "$1" "$screen" || fail "the screen never showed '$1': $(cat -v "$screen")"
}

keys() {
    printf "$1" >&9
}

# ends CODE: the command has ended.
ends() {
    wait "$typing"
    got=$?
    exec 9>&-
    [ "$got" -eq "$1" ] || fail "exit code $got, not $1: $(cat -v "$screen")"
}
