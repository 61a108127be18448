#!/bin/sh
# SPDX-License-Identifier: MIT
# Every .c and .h is as clang-format 14 writes it, has its licence line, and no text file ends a
# line with blanks. Usage: format.sh SOURCE_ROOT
set -u
cd "$1" || exit 2

status=0
sources=$(find schema server fsdrivers client tests -name '*.[ch]' -type f)

unlicensed=$(grep -LE 'SPDX-License-Identifier: MIT' $sources)
if [ -n "$unlicensed" ]; then
    echo "no licence line:"
    echo "$unlicensed"
    status=1
fi
blanks=$(find schema server fsdrivers client tests docker -type f \
    \( -name '*.[chS]' -o -name '*.def' -o -name '*.sh' -o -name '*.txt' -o -name '*.scn' \) \
    -exec grep -nHE '[[:blank:]]+$' {} +)
if [ -n "$blanks" ]; then
    echo "blanks at the end of a line:"
    echo "$blanks" | head -n 20
    status=1
fi
[ $status -eq 0 ] || exit $status

if ! clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
    echo "skipped: clang-format 14 is not installed"
    exit 77
fi
unformatted=$(clang-format --dry-run --Werror $sources 2>&1 |
    sed -n 's/^\(.*\):[0-9]*:[0-9]*: error: .*/run clang-format -i \1/p' | sort -u)
if [ -n "$unformatted" ]; then
    echo "$unformatted"
    exit 1
fi
