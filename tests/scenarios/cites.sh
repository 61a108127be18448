#!/bin/sh
# SPDX-License-Identifier: MIT
# What scenarios cite is there: each @cite is "FILE, SECTION: rule", and FILE has a heading SECTION. And
# schema/abi.md has a section for each call. Usage: cites.sh SOURCE_ROOT
set -u
cd "$1" || exit 2

# check FILE…: say what is wrong with the citations of scenarios.
check() {
    grep -HnE '^@cite' "$@" | while IFS= read -r line; do
        at=${line%%:@cite*}
        cite=$(printf '%s\n' "${line#*:@cite}" | sed -E 's/^[[:blank:]]+//')
        doc=${cite%%, *}
        section=$(printf '%s\n' "${cite#*, }" | sed -nE 's/^([^:]+): .+$/\1/p')
        if [ -z "$section" ] || [ "$doc" = "$cite" ]; then
            echo "$at: not FILE, SECTION: rule"
        elif ! grep -qxE "#+ $section" "$doc" 2>/dev/null; then
            echo "$at: $doc has no section '$section'"
        fi
    done
    grep -LE '^@cite' "$@" | sed 's/$/: cites nothing/'
}

# And the check finds what is there to be found.
planted=$(mktemp) || exit 2
trap 'rm -f "$planted"' EXIT
printf '@cite schema/abi.md, MOVE: good\n@cite schema/abi.md, MOVED: no section\n@cite no.md, MOVE: x\n@cite MOVE: x\n' >"$planted"
if [ "$(check "$planted" | wc -l)" -ne 3 ]; then
    echo "of three planted mistakes the check itself finds:"
    check "$planted"
    exit 1
fi

found=$(check tests/scenarios/*.scn tests/scenarios/abi/*.scn tests/scenarios/guest/*.scn
    check $(grep -rlE '^@cite' tests/scenarios/output tests/scenarios/failing)
    sed -nE 's/^SC_CALL\([0-9]+, ([A-Z_]+),.*/\1/p' schema/syscalls.def | while read -r call; do
        grep -qx "### $call" schema/abi.md || echo "schema/abi.md has no section '### $call'"
    done)
if [ -n "$found" ]; then
    echo "$found"
    exit 1
fi
