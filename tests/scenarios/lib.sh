# SPDX-License-Identifier: MIT
# What scripts share that play scenarios and check the exit code. Sourced with the directory of the programs as $1;
# works in this folder, with a directory of its own.
set -u
bin=$1
cd "$(dirname "$0")" || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

fail() {
    echo "not ok: $1"
    sed 's/^/    /' "$tmp/out"
    exit 1
}

# play CODE WORD…: run scbox test and check its exit code.
play() {
    want=$1
    shift
    "$bin/scbox" test "$@" >"$tmp/out" 2>&1
    code=$?
    [ $code -eq "$want" ] || fail "scbox test $*: exit code $code, not $want"
}
