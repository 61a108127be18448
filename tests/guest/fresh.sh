#!/bin/sh
# SPDX-License-Identifier: MIT
# The generated guest header is what the tables say today. Usage: fresh.sh SC_EXPORT_GUEST HEADER
if ! "$1" | cmp -s - "$2"; then
    echo "$2 is stale: build the target sc-export-guest-header and commit it"
    exit 1
fi
