#!/bin/sh
# SPDX-License-Identifier: MIT
# The generated files are what the tables say today. Usage: fresh.sh SOURCE_ROOT SC_EXPORT
set -u
cd "$1" || exit 2
export=$2
status=0

# fresh WHAT FILE
fresh() {
    if ! "$export" "$1" | cmp -s - "$2"; then
        echo "$2 is stale: build the target sc-export-files and commit it"
        status=1
    fi
}

fresh openrpc schema/openrpc.json
fresh syscalls.md schema/syscalls.md
exit $status
