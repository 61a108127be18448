#!/bin/sh
# SPDX-License-Identifier: MIT
# Files of the host are opened in one place of the client, host_file.c: it refuses what would have it wait.
# Usage: host_files.sh SOURCE_ROOT
set -u
cd "$1/client" || exit 2

calls='fopen|fopen64|freopen|open|open64|openat|openat2|creat|opendir|scandir|fts_open|popen|mkfifo'
found=$(grep -rnE "(^|[^A-Za-z0-9_>.])($calls)[[:space:]]*\(" --include='*.c' cli lib |
    grep -vE '^cli/base/host_file\.c:|^[^:]*:[0-9]+: \*')
if [ -n "$found" ]; then
    echo "files of the host that are not opened by host_file.c:"
    echo "$found"
    exit 1
fi
# And the pattern finds what is there to be found.
[ "$(grep -cE "(^|[^A-Za-z0-9_>.])($calls)[[:space:]]*\(" cli/base/host_file.c)" -ge 3 ] || exit 1
