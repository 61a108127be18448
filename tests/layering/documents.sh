#!/bin/sh
# SPDX-License-Identifier: MIT
# The documents that are installed are all there, and their links lead to each other.
# Usage: documents.sh SOURCE_ROOT CMAKE BUILD_DIR DOCDIR
set -u
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT

"$2" --install "$3" --prefix "$dir" --component documents >/dev/null || exit 1
cd "$dir/$4" || exit 1
status=0
for name in $(cd "$1/schema" && ls ./*.md) openrpc.json scenarios.md; do
    [ -s "$name" ] || { echo "$name is not installed"; status=1; }
done
found=$(grep -noE '\]\([^)#:]+' abi.md rpc.md glossary.md CHANGES.md | sed 's/](//' |
    while IFS=: read -r file line link; do
        [ -e "$link" ] || echo "$file:$line: no $link beside it"
    done)
[ -z "$found" ] || { echo "$found"; status=1; }
exit $status
