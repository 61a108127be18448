#!/bin/sh
# SPDX-License-Identifier: MIT
# Each source is built, or a CMakeLists.txt of its folder or above names it for other hosts or options.
# Usage: built.sh SOURCE_ROOT BUILD_ROOT
set -u
cd "$1" || exit 2
rules=$2/build.ninja
[ -f "$rules" ] || { echo "skipped: not built by ninja"; exit 77; }
[ "$(uname -m)" = x86_64 ] || { echo "skipped: no guests are built here"; exit 77; }

# Whether a CMakeLists.txt names a file: by its path from there, or canary_NAME.c as canary(NAME.
named() {
    dir=$(dirname "$1")
    while [ "$dir" != . ]; do
        from=${1#"$dir"/}
        short=${from#canary_}
        [ -f "$dir/CMakeLists.txt" ] &&
            grep -qE "(^|[^A-Za-z0-9_/]|\}/)($from|canary\(${short%.c} )" "$dir/CMakeLists.txt" && return 0
        dir=$(dirname "$dir")
    done
    return 1
}

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
grep -oE '[A-Za-z0-9_./-]+\.c\b' "$rules" | sed "s|^$1/||" | sort -u >"$tmp/built"
[ "$(wc -l <"$tmp/built")" -ge 300 ] || { echo "$rules has few sources"; exit 1; }
failed=0
for file in $(find schema server fsdrivers client tests -name '*.c' | grep -vxF -f "$tmp/built"); do
    named "$file" && continue
    echo "$file is not built: add it to the CMakeLists.txt of its folder"
    failed=1
done
exit $failed
