#!/bin/sh
# SPDX-License-Identifier: MIT
# What the archives need at link time: the layers again, as the linker sees them.
# Usage: symbols.sh SOURCE_ROOT NM SCHEMA BASE FSDRIVERS KERNEL HOST RPC BRIDGE (archives)
set -u
nm=$2 schema=$3 base=$4 fsdrivers=$5 kernel=$6 host=$7 rpc=$8 bridge=$9

dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
status=0

# needs ARCHIVE: what it takes from elsewhere; has ARCHIVE…: what they offer.
needs() { "$nm" -u "$1" 2>/dev/null | awk 'NF == 2 {print $2}' | sort -u; }
has() { "$nm" -g --defined-only "$@" 2>/dev/null | awk 'NF == 3 {print $3}' | sort -u; }

complain() {
    if [ -s "$1" ]; then
        echo "$2:"
        sed 's/^/    /' "$1"
        status=1
    fi
}

# The kernel is pure: beside the layers below it, it needs memory and strings, nothing else.
needs "$kernel" >"$dir/needs"
has "$kernel" "$schema" "$base" >"$dir/has"
comm -23 "$dir/needs" "$dir/has" |
    grep -vE '^(mem(cpy|set|move|cmp|chr)|str(n?len|n?cmp|r?chr|c?spn|n?dup|str)|malloc|calloc|realloc|free|qsort|bsearch|abort)$' |
    grep -vE '^(__stack_chk_fail|__(asan|ubsan|lsan|tsan|gcov|sanitizer)_.*|_GLOBAL_OFFSET_TABLE_)$' \
        >"$dir/bad"
complain "$dir/bad" "server/kernel needs from outside"

# apart WHO WHOSE ARCHIVE ARCHIVE: the first needs nothing of the second.
apart() {
    needs "$3" >"$dir/needs"
    has "$4" >"$dir/has"
    comm -12 "$dir/needs" "$dir/has" >"$dir/bad"
    complain "$dir/bad" "$1 needs from $2"
}

apart fsdrivers server/kernel "$fsdrivers" "$kernel"
apart server/kernel fsdrivers "$kernel" "$fsdrivers"
apart server/rpc server/host "$rpc" "$host"
apart server/rpc server/bridge "$rpc" "$bridge"
apart server/host server/rpc "$host" "$rpc"
apart server/host server/bridge "$host" "$bridge"
apart server/bridge server/rpc "$bridge" "$rpc"
apart server/bridge server/host "$bridge" "$host"
exit $status
