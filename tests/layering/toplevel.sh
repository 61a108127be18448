#!/bin/sh
# SPDX-License-Identifier: MIT
# The top level of the repository is fixed. Usage: toplevel.sh SOURCE_ROOT
set -u
cd "$1" || exit 2

allowed='
.ci .clang-format .clang-tidy .dockerignore .editorconfig .gitattributes .gitignore
CMakeLists.txt CMakePresets.json CONTRIBUTING.md LICENSE README.md check run
client docker fsdrivers schema server tests
'
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    entries=$(git ls-files | cut -d/ -f1 | sort -u)
else
    entries=$(ls -A | grep -vxE 'build|\.git')
fi
status=0
for entry in $entries; do
    case $allowed in
    *[[:space:]]"$entry"[[:space:]]*) ;;
    *)
        echo "not at the top level: $entry"
        status=1
        ;;
    esac
done
exit $status
