#!/bin/sh
# SPDX-License-Identifier: MIT
# Many files: told in order, exit code of the worst, the rest of the options.
# Usage: pool.sh BINDIR
. "$(dirname "$0")/lib.sh"

# The order is that of the names, however many are played at once.
play 0 --private --jobs 4 abi
grep -o 'abi/[^ ]*\.scn' "$tmp/out" >"$tmp/order"
LC_ALL=C sort -c "$tmp/order" || fail "the files are not told in order"
[ "$(wc -l <"$tmp/order")" -eq "$(ls abi/*.scn | wc -l)" ] || fail "a file is missing"

# The worst outcome decides.
play 1 --private abi/names.scn failing/timeout.scn
play 70 --private failing/timeout.scn failing/parse_word.scn abi/names.scn

# Variables from the command line.
printf 'fs $NAME ramfs\nstat $NAME: = {type: $TYPE}\n' >"$tmp/set.scn"
play 0 --private --set NAME=disk --set TYPE=DIR "$tmp/set.scn"
play 70 --private --set NAME=disk "$tmp/set.scn"
grep -q 'set.scn:2:22: .TYPE has no value' "$tmp/out" || fail "the missing variable is not told"

# A path from the command line is meant from where it was typed, not from where the file is.
printf 'fs root ramfs\ncopy $PAGE root:/page\nexpect file root:/page /Scenarios/\n' >"$tmp/page.scn"
play 0 --private --set PAGE=README.md "$tmp/page.scn"

# A file may begin with a byte order mark.
printf '\357\273\277fs root ramfs\nstat root:/\n' >"$tmp/mark.scn"
play 0 --private "$tmp/mark.scn"

# A run that is killed takes its daemon and its directory along; one that is hung up ends in order.
printf 'usleep 1000000000\n' >"$tmp/slow.scn"
for signal in KILL HUP; do
    TMPDIR=$tmp "$bin/scbox" test --private "$tmp/slow.scn" >"$tmp/out" 2>&1 &
    run=$!
    until ls "$tmp"/scbox-*/scbox-test.*/1 >/dev/null 2>&1; do
        sleep 0.05
    done
    kill -$signal $run
    wait $run 2>/dev/null
    while ls -d "$tmp"/scbox-* >/dev/null 2>&1; do
        sleep 0.05
    done
done

# The command line itself.
play 2
play 2 nowhere.scn
play 2 --jobs 0 abi/names.scn
play 2 --format poeple abi/names.scn
grep -q "did you mean 'people'" "$tmp/out" || fail "the format that was meant is not told"
play 2 --set novalue abi/names.scn
mkdir "$tmp/empty"
play 2 "$tmp/empty"
play 70 --socket "$tmp/none" abi/names.scn

# The story: headings, steps and what came.
play 0 --private -v abi/names.scn
grep -q 'A handle outlives the name' "$tmp/out" || fail "-v does not show comments"
grep -q 'read $f 0 10 .*"kept"$' "$tmp/out" || fail "-v does not show what came"
echo "ok: scbox test plays many files"
