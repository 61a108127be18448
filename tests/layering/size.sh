#!/bin/sh
# SPDX-License-Identifier: MIT
# No file over 600 lines, no function over 60: split it before; generated files are what they are.
# Usage: size.sh SOURCE_ROOT
set -u
cd "$1" || exit 2

# A function's body opens and closes with a brace of its own in the first column (.clang-format).
found=$(find schema server fsdrivers client tests -name '*.[ch]' -type f ! -name sc_syscalls.h ! -name 'scbox_calls.*' -exec awk '
    FNR == 1 && last != "" && lines > 600 {print last ": " lines " lines"}
    {last = FILENAME; lines = FNR}
    /^\{$/ {start = FNR}
    /^\}$/ && start {
        if (FNR - start - 1 > 60)
            print FILENAME ":" start ": function of " FNR - start - 1 " lines"
        start = 0
    }
    END {if (lines > 600) print last ": " lines " lines"}' {} +)
if [ -n "$found" ]; then
    echo "too long:"
    echo "$found"
    exit 1
fi
