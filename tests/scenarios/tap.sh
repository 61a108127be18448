#!/bin/sh
# SPDX-License-Identifier: MIT
# TAP output as prove reads it: what passes, what does not, and what was planned.
# Usage: tap.sh BINDIR
set -u
command -v prove >/dev/null || { echo "skip: prove is not installed"; exit 77; }
cd "$(dirname "$0")" || exit 1

# played FILE…: what prove makes of the files' TAP.
played() { prove --exec "$bin/scbox test --private --format tap" "$@" 2>&1; }
bin=$1

fail() {
    echo "not ok: $1"
    printf '%s\n' "$2"
    exit 1
}

out=$(played abi/paths.scn abi/names.scn) || fail "prove does not accept a run that passes" "$out"
case $out in
*"Result: PASS"*) ;;
*) fail "prove does not tell PASS" "$out" ;;
esac

out=$(played failing/wrong_value.scn failing/parse_word.scn) && fail "prove accepts failures" "$out"
case $out in
*"Failed 1/1 subtests"*"Result: FAIL"*) ;;
*) fail "prove does not tell which test failed" "$out" ;;
esac

first=$("$bin/scbox" test --private --format tap abi/paths.scn failing/wrong_value.scn)
expected='TAP version 13
1..2
ok 1 - abi/paths.scn: What is no path, and what is none yet'
case $first in
"$expected"*'not ok 2 - failing/wrong_value.scn: '*'  problem: "it is 4, not 5"'*) ;;
*) fail "the document is not the one expected" "$first" ;;
esac
echo "ok: prove reads it"
