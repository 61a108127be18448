#!/bin/sh
# SPDX-License-Identifier: MIT
# The kernel and the drivers have no mutable globals: everything hangs on a machine or a filesystem.
# Usage: globals.sh SOURCE_ROOT OBJDUMP ARCHIVE…
set -u
objdump=$2
shift 2

# Objects in writable sections. Constant tables of pointers are in .data.rel.ro, which is not.
found=$("$objdump" -t "$@" | awk '/ O (\.data|\.bss|\.tdata|\.tbss|\*COM\*)[ \t]/ {print "    " $NF}')
if [ -n "$found" ]; then
    echo "mutable globals:"
    echo "$found"
    exit 1
fi
