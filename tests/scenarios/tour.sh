#!/bin/sh
# SPDX-License-Identifier: MIT
# The tour against a daemon whose files are kept: twice in one life, and once after a restart.
# Usage: tour.sh BINDIR
set -u
bin=$1
cd "$(dirname "$0")" || exit 1
tmp=$(mktemp -d) || exit 1
daemon=
trap '[ -z "$daemon" ] || kill "$daemon"; wait; rm -rf "$tmp"' EXIT

fail() {
    echo "not ok: $1"
    [ ! -f "$tmp/out" ] || cat "$tmp/out"
    [ ! -f "$tmp/log" ] || sed 's/^/    scboxd: /' "$tmp/log"
    exit 1
}

start() {
    : >"$tmp/log"
    "$bin/scboxd" --socket "$tmp/run/s" --state "$tmp/state" 2>>"$tmp/log" &
    daemon=$!
    tries=200
    until grep -q '^scboxd ready' "$tmp/log"; do
        kill -0 "$daemon" 2>/dev/null && [ $((tries -= 1)) -gt 0 ] || fail "scboxd did not start"
        sleep 0.05
    done
}

stop() {
    kill "$daemon"
    wait "$daemon"
    code=$?
    daemon=
    [ $code -eq 0 ] || fail "scboxd ended with $code on SIGTERM"
}

play() {
    "$bin/scbox" test -v --socket "$tmp/run/s" --machine default --set "GUESTS=$tmp/guests" "$1" \
        >"$tmp/out" 2>&1 || fail "$1"
}

../guest/build "$bin/scbox-cc" "$tmp/guests" >"$tmp/out" 2>&1 || fail "the guests can't be built"
start
for guest in x86_64 i386; do
    reason=$("$bin/scbox" call --socket "$tmp/run/s" server.info |
        sed -n "s/.*\"$guest\": *\"\([^\"]*\)\".*/\1/p")
    [ -z "$reason" ] || { echo "skip: no $guest guests here: $reason"; exit 77; }
done
play tour.scn
play tour.scn
stop
start
play tour-again.scn
stop
echo "ok: the tour, twice, and what it left"
