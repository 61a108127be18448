#!/bin/sh
# SPDX-License-Identifier: MIT
# Scenarios with guest programs: those of guest/, and those of failing/guest/ that must not pass.
# Usage: guests.sh BINDIR
. "$(dirname "$0")/lib.sh"

# play_guests CODE WORD…: play, on a daemon of its own, with the guests.
play_guests() {
    code=$1
    shift
    play "$code" --private --set "GUESTS=$tmp/guests" "$@"
}

# expect NAME TEXT…: failing/guest/NAME.scn fails, and its report holds every TEXT.
expect() {
    name=$1
    shift
    play_guests 1 "failing/guest/$name.scn"
    for text; do
        grep -qF -e "$text" "$tmp/out" || fail "failing/guest/$name.scn: the report lacks: $text"
    done
}

../guest/build "$bin/scbox-cc" "$tmp/guests" >"$tmp/out" 2>&1 || fail "the guests can't be built"
play_guests 0 guest
if grep -q skipped "$tmp/out"; then
    echo "skip: $(grep 'this host runs no' "$tmp/out" | sort -u)"
    exit 77
fi
expect crash '1 crashed' 'the program ended: fault ZEROPTR, where exit code 0 is success' \
    'about to follow a null pointer'
expect exit_code 'the program ended: exit code 2' 'exit 0' '1 failed'
expect no_fault 'the program ended: exit code 2' 'state FAILURE SEGFAULT'
expect log 'the log is not as stated' 'not /^goodbye$/'
expect endless 'the program did not end; it ran for ' ' and was computing, not in a call' '1 timed out'
expect asleep ' and was waiting in usleep(2000000000); the limit of all steps of the file is 0.3 s'
play_guests 70 failing/guest/no_terminal.scn
grep -qF 'no filesystem has a terminal to read it from; begin with `fs io devfs`' "$tmp/out" || fail "lost input is not told"
echo "ok: guests in scenarios"
