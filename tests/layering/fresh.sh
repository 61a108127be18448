#!/bin/sh
# SPDX-License-Identifier: MIT
# The generated files are what the tables say today.
# Usage: fresh.sh SOURCE_ROOT SC_EXPORT SC_EXPORT_GUEST
set -u
cd "$1" || exit 2
export=$2 export_guest=$3
status=0

# fresh TARGET FILE COMMAND…: the command writes what the file holds.
fresh() {
    target=$1 file=$2
    shift 2
    if ! "$@" | cmp -s - "$file"; then
        echo "$file is stale: build the target $target and commit it"
        status=1
    fi
}

fresh sc-export-files schema/openrpc.json "$export" openrpc
fresh sc-export-files schema/syscalls.md "$export" syscalls.md
fresh sc-export-guest-header client/guest/include/sc_syscalls.h "$export_guest"
exit $status
