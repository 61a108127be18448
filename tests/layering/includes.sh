#!/bin/sh
# SPDX-License-Identifier: MIT
# Every #include follows the drawing of the layers (CONTRIBUTING.md): a layer includes only what
# stands below it. Usage: includes.sh SOURCE_ROOT
set -u
cd "$1" || exit 2

bad=$(mktemp) || exit 2
trap 'rm -f "$bad"' EXIT

# The includes of a layer's sources as FILE:LINE:<header> or FILE:LINE:"header".
includes_of() {
    find "$@" -name '*.[ch]' -type f -exec grep -HnoE '^#[ ]*include[ ]*[<"][^>"]*[>"]' {} + |
        sed -E 's/#[ ]*include[ ]*//'
}

# complain LAYER ALLOWED: note every include read from stdin as a bad one.
complain() {
    while read -r include; do
        echo "$include   ($1 may include: $2)"
    done >>"$bad"
}

# quoted LAYER ALLOWED PATH…: our own headers a layer may include, as an extended regular expression.
quoted() {
    layer=$1 allowed=$2
    shift 2
    includes_of "$@" | grep '"' | grep -vE "$door" | grep -vE ":\"($allowed)" | complain "$layer" "$allowed"
}

# system LAYER ALLOWED PATH…: the system headers a layer may include.
system() {
    layer=$1 allowed=$2
    shift 2
    includes_of "$@" | grep '<' | grep -vE ":<($allowed)>" | complain "$layer" "$allowed"
}

bottom='schema/|server/base/'
driver='fsdrivers/fsdriver\.h'
# The slots of drivers are called by one file of the kernel, and made by another.
door='^server/kernel/door/(driver|layer)\.c:[0-9]+:"fsdrivers/fs_ops\.h"$'
# Headers of types and constants, memory and strings.
pure='(stdarg|stdbool|stddef|stdint|limits|inttypes|string|stdlib|errno|elf|sys/stat|sys/types)\.h|uthash\.h'

quoted schema 'schema/' schema
quoted server/base 'server/base/' server/base
quoted fsdriver.h "$bottom" fsdrivers/fsdriver.h
quoted fs_ops.h "$driver" fsdrivers/fs_ops.h
quoted fsdrivers "$bottom|fsdrivers/" fsdrivers
quoted server/kernel "$bottom|$driver|server/kernel/" server/kernel
for edge in rpc host bridge; do
    quoted "server/$edge" "$bottom|$driver|server/kernel/|server/$edge/" "server/$edge"
done
quoted server/main.c 'schema/|server/|fsdrivers/' server/main.c
quoted client "$bottom|client/" client

# And the pattern finds what is there to be found.
[ "$(includes_of server/kernel | grep -cE "$door")" -eq 2 ] || exit 1

system server/kernel "$pure" server/kernel
system fsdriver.h "$pure" fsdrivers/fsdriver.h

# No layer below the edges knows of sockets, the loop, JSON or ptrace.
for dir in server/base fsdrivers; do
    includes_of $dir | grep -v '^fsdrivers/archivefs/.*<sys/socket\.h>$' | # it talks to a process of its own
        grep -E '<(uv\.h|cjson/.*|sys/socket\.h|sys/un\.h|netinet/.*|sys/ptrace\.h)>' |
        complain "$dir" "no loop, JSON, sockets or ptrace"
done

if [ -s "$bad" ]; then
    echo "includes that the layers do not allow:"
    cat "$bad"
    exit 1
fi
