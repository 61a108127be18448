#!/bin/sh
# SPDX-License-Identifier: MIT
# Calls that answer ENOSYS: their count may only fall. Usage: missing.sh SOURCE_ROOT
set -u
cd "$1" || exit 2

count=$(grep -cE '^SC_MISSING\(' server/kernel/sc_missing.def)
known=$(cat tests/layering/missing.count)
if [ "$count" -gt "$known" ]; then
    echo "$count calls have no handler, and it was $known: write the handler instead"
    exit 1
fi
if [ "$count" -lt "$known" ]; then
    echo "only $count calls have no handler now: write $count into tests/layering/missing.count"
    exit 1
fi
echo "$count calls have no handler yet"
