#!/bin/sh
# SPDX-License-Identifier: MIT
# The installed tree holds these files and no others. Usage: files.sh SOURCE_ROOT TREE LIBDIR
set -u
source=$1 tree=$2 lib=$3
out=$(mktemp -d) || exit 2
trap 'rm -rf "$out"' EXIT

documents=$(cd "$source/schema" && ls ./*.md ./*.json ./*.sql | sed "s|^\./||") || exit 2
guests=
[ "$(uname -m)" != x86_64 ] || guests='x86_64 i386'
{
    printf '%s\n' bin/scbox bin/scbox-cc bin/scboxd include/scbox.h include/scbox_calls.h \
        libexec/scbox-archive
    for name in libscbox.a libscbox.so libscbox.so.0 pkgconfig/scbox.pc; do
        echo "$lib/$name"
    done
    (cd "$tree" && ls "$lib"/libscbox.so.0.*.*)
    printf 'lib/scbox/guest/%s\n' include/sc.h include/sc_syscalls.h no-tls.ld
    for arch in $guests; do
        echo "lib/scbox/guest/$arch/libsc.a"
    done
    printf 'share/doc/scbox/%s\n' LICENSE scenarios.md examples/letter.c $documents
    if command -v scdoc >/dev/null; then
        printf 'share/man/%s\n' man1/scbox.1 man1/scbox-cc.1 man3/libscbox.3 man8/scboxd.8
    fi
} | sort >"$out/expected"
(cd "$tree" && find . ! -type d | sed 's|^\./||' | sort) >"$out/found"
diff "$out/expected" "$out/found" && exit 0
echo "what is installed (>) is not what this test expects (<)"
exit 1
