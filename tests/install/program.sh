#!/bin/sh
# SPDX-License-Identifier: MIT
# Build a program as users do, and run it against a daemon of its own.
# Usage: program.sh BIN_DIR shared|static LIBRARY_DIR SOURCE EXPECTED_OUTPUT
set -u
kind=$2 lib=$3 source=$4 expected=$5
command -v pkg-config >/dev/null || { echo "skipped: no pkg-config"; exit 77; }
. "$(dirname "$0")/../cli/lib.sh"

flags='-std=c11 -Wall -Wextra -Wpedantic -Werror -pthread'
if [ "$kind" = shared ]; then
    libs="$(pkg-config --libs scbox) -Wl,-rpath,$lib"
else
    libs=$lib/libscbox.a
fi
$CC $flags $(pkg-config --cflags scbox) -o "$tmp/program" "$source" $libs || exit 1
start_daemon
expect 0 "$tmp/program"
diff "$expected" "$out" || fail "the program printed (>) what it should not (<)"
