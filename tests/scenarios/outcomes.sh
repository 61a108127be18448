#!/bin/sh
# SPDX-License-Identifier: MIT
# Whose fault it is: a daemon that stops, a connection that breaks and a run that is ended tell nothing of what is
# tested, and are errors.
# Usage: outcomes.sh BINDIR
. "$(dirname "$0")/lib.sh"
chmod 700 "$tmp"
daemon=
test=
trap 'for pid in $test $daemon; do kill -KILL $pid 2>/dev/null; done; rm -rf "$tmp"' EXIT

has() { grep -qF -e "$1" "$tmp/out" || fail "the report lacks: $1"; }

start_daemon() {
    : >"$tmp/daemon"
    "$bin/scboxd" --socket "$tmp/sock" --state "$tmp/state" --no-default-machine >"$tmp/daemon" 2>&1 &
    daemon=$!
    until grep -q '^scboxd ready' "$tmp/daemon"; do
        kill -0 $daemon 2>/dev/null || { cp "$tmp/daemon" "$tmp/out" && fail "scboxd does not start"; }
        sleep 0.02
    done
}

# begin WORD…: start a run, and return when its first scenario waits for the process that it has made.
begin() {
    "$bin/scbox" test --socket "$tmp/sock" "$@" >"$tmp/out" 2>&1 &
    test=$!
    until "$bin/scbox" call --socket "$tmp/sock" machine.list 2>/dev/null | grep -q '"processes": 3'; do
        kill -0 $test 2>/dev/null || fail "scbox test ends at once"
        sleep 0.02
    done
}

# ended CODE: the run ends so.
ended() {
    wait $test
    code=$?
    test=
    [ $code -eq "$1" ] || fail "exit code $code, not $1"
}

# A refusal by a daemon that stops is not the one that was stated, whichever that is.
for stated in '' '! *' '! ECHILD' '= {state: DONE}'; do
    printf '@timeout 10s\nnew_proc = $kid\nproc_wait $kid %s\n' "$stated" >"$tmp/waits.scn"
    start_daemon
    begin "$tmp/waits.scn"
    "$bin/scbox" call --socket "$tmp/sock" server.shutdown >"$tmp/answer"
    ended 70
    has 'Shutting down'
    has '1 in error'
    wait $daemon
done

start_daemon
begin --format tap "$tmp/waits.scn"
kill -KILL $daemon
ended 70
has 'the daemon closed the connection'
wait $daemon 2>/dev/null

# Ctrl-C: what was under way, and what was not begun.
start_daemon
for name in a b c d; do
    cp "$tmp/waits.scn" "$tmp/$name.scn"
done
begin -j 1 "$tmp/a.scn" "$tmp/b.scn" "$tmp/c.scn" "$tmp/d.scn"
kill -INT $test
ended 130
has "not played: $tmp/b.scn $tmp/c.scn $tmp/d.scn"
has '1 in error, 3 not played'
has 'error     interrupted'
begin -j 1 --format tap "$tmp/a.scn" "$tmp/b.scn"
kill -TERM $test
ended 143
has 'Bail out! interrupted: 1 of 2 files were not played'

# The machines of a run that was ended are gone.
until "$bin/scbox" call --socket "$tmp/sock" machine.list | grep -qx '\[\]'; do
    sleep 0.02
done
kill $daemon
wait $daemon
daemon=
echo "ok: outcomes blame whose fault it is"
