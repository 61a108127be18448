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
expect endless 'no answer came in time' '1 timed out'
expect flood 'no answer came in time' '1 timed out' 'bytes more were printed and not kept'
cut='only its first 65536 bytes were kept, and in their whole lines nothing settles it'
expect cut_after "the log is not as stated: $cut; \`@output SIZE" '16 bytes more were printed'
expect cut_capture "log: $cut"
expect cut_line 'only its first 20 bytes were kept'
expect cut_nothing 'only its first 10 bytes were kept'
kept=$(i=0 && while [ $i -lt 4096 ]; do echo line...........; i=$((i + 1)); done && echo .)
play_guests 1 --set "KEPT=${kept%.}" failing/guest/cut_text.scn
grep -qF "log: $cut" "$tmp/out" || fail "what was kept passes for all"
play_guests 0 --set "KEPT=x" --output 80000 guest/hello.scn
play_guests 0 --output 65552 failing/guest/cut_after.scn # one line more: now it is whole

# However fast a program prints, the report is small and comes in time. A minute is many times that.
start=$(date +%s)
play_guests 1 --format tap failing/guest/flood.scn failing/guest/endless.scn
[ $(($(date +%s) - start)) -lt 60 ] || fail "a flood is not ended in time"
[ "$(wc -c <"$tmp/out")" -lt 300000 ] || fail "the report of a flood has $(wc -c <"$tmp/out") bytes"
grep -q '^  log_cut: [1-9]' "$tmp/out" || fail "what was cut is not in the report"

# scbox run keeps to its time as well.
timeout -s KILL 100 "$bin/scbox" run --timeout 0.5 "$tmp/guests/flood.x86_64" on >"$tmp/flood"
code=$?
rm "$tmp/flood"
[ $code -eq 124 ] || fail "scbox run of a flood: exit code $code, not 124"

# A character is cut off whole, so that the rest is still text.
printf '@needs x86_64\n@output 66\nrun $GUESTS/flood.x86_64 4 "\303\251\303\251"\n' >"$tmp/char.scn"
play_guests 0 --format tap -v "$tmp/char.scn"
play_guests 0 -v "$tmp/char.scn"
grep -q "$(printf '\303\251')" "$tmp/out" || fail "text became base64"
echo "ok: guests in scenarios"
