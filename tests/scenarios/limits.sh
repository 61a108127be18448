#!/bin/sh
# SPDX-License-Identifier: MIT
# How much a report holds, and how many files a run has.
# Usage: limits.sh BINDIR
. "$(dirname "$0")/lib.sh"

# read_of BYTES STATED: a scenario that reads so many bytes of text and states what came.
read_of() {
    printf 'fs root ramfs\ncopy text root:/a\nopen root:/a READ = $fd\nread $fd 0 %s = %s\n' "$1" "$2"
}
head -c 262144 /dev/zero | tr '\0' x >"$tmp/text"

# One text of a step has 64 KiB: what came of a read has two quotes more than its bytes.
read_of 65534 '*' >"$tmp/fits.scn"
play 0 --private -v "$tmp/fits.scn"
! grep -q 'bytes more' "$tmp/out" || fail "a text at its limit is cut"
read_of 65535 '*' >"$tmp/more.scn"
play 0 --private -v "$tmp/more.scn"
grep -q 'x … 1 bytes more' "$tmp/out" || fail "a text beyond its limit is not cut"
read_of 262144 '"y"' >"$tmp/differs.scn"
play 1 --private "$tmp/differs.scn"
[ "$(wc -c <"$tmp/out")" -lt 200000 ] || fail "a difference takes $(wc -c <"$tmp/out") bytes"

# All texts of a report have 8 MiB; then the steps are told without them.
{
    echo '@timeout 100s'
    read_of 65534 '*'
    i=0
    while [ $i -lt 200 ]; do
        echo 'read $fd 0 65534'
        i=$((i + 1))
    done
    echo 'read $fd 0 4 = "y" # what came of it is told whatever came before'
} >"$tmp/long.scn"
play 1 --private -v "$tmp/long.scn"
[ "$(grep -c '^    .*read $fd 0 65534' "$tmp/out")" -ge 200 ] || fail "a step is missing"
grep -q 'it is "xxxx", not "y"' "$tmp/out" || fail "the step that failed is not told"
[ "$(wc -c <"$tmp/out")" -lt 10000000 ] || fail "a report has $(wc -c <"$tmp/out") bytes"
[ "$(wc -c <"$tmp/out")" -gt 8000000 ] || fail "a report has no more than $(wc -c <"$tmp/out") bytes"

# A mistake that quotes what was typed quotes no more than that.
head -c 1000000 /dev/zero | tr '\0' x >"$tmp/word.scn"
play 70 --private "$tmp/word.scn"
[ "$(wc -c <"$tmp/out")" -lt 70000 ] || fail "a mistake takes $(wc -c <"$tmp/out") bytes"

# Files of a run. One more is a mistake before the first is played.
mkdir "$tmp/many"
(cd "$tmp/many" && seq -f '%.0f.scn' 33334 | xargs touch)
play 2 --private "$tmp/many" "$tmp/many" "$tmp/many"
grep -q 'more than 100000 files' "$tmp/out" || fail "too many files are not told"
echo "ok: reports and runs have limits"
