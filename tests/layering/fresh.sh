#!/bin/sh
# SPDX-License-Identifier: MIT
# The generated files are what the tables say today.
# Usage: fresh.sh SOURCE_ROOT SC_EXPORT SC_EXPORT_LIB
set -u
cd "$1" || exit 2
status=0

# fresh FILE COMMAND…: what the command writes is the file.
fresh() {
    file=$1
    shift
    if ! "$@" | cmp -s - "$file"; then
        echo "$file is stale: build the target sc-export-files and commit it"
        status=1
    fi
}

fresh schema/openrpc.json "$2" openrpc
fresh schema/syscalls.md "$2" syscalls.md
fresh client/lib/scbox_calls.h "$3" header
fresh client/lib/scbox_calls.c "$3" source
exit $status
