#!/bin/sh
# SPDX-License-Identifier: MIT
# Both libraries offer the functions of the headers and nothing else, and need the C library alone.
# Usage: exports.sh NM INCLUDE_DIR LIBRARY_DIR
set -u
nm=$1 include=$2 lib=$3
out=$(mktemp -d) || exit 2
trap 'rm -rf "$out"' EXIT
status=0

complain() {
    echo "$1:"
    sed 's/^/    /' "$2"
    status=1
}

# Functions that the headers declare; typedefs of callbacks have no name before their bracket.
sed 's|/\*.*\*/||' "$include/scbox.h" "$include/scbox_calls.h" | grep -E '^SCBOX_API' |
    grep -oE 'scbox_[a-z0-9_]+\(' | tr -d '(' | sort >"$out/declared"
[ "$(wc -l <"$out/declared")" -ge 60 ] || complain "few functions were found in the headers" "$out/declared"

ours() { awk 'NF == 3 {print $3}' | grep -vE '^(__(asan|odr_asan|ubsan|tsan|gcov|llvm)|_fini$|_init$)' | sort; }
"$nm" -D --defined-only "$lib/libscbox.so" | ours >"$out/shared"
"$nm" -g --defined-only "$lib/libscbox.a" | ours >"$out/static"
for kind in shared static; do
    diff "$out/declared" "$out/$kind" >"$out/diff" ||
        complain "the $kind library offers (>) other names than the headers (<)" "$out/diff"
done

LC_ALL=C readelf -d "$lib/libscbox.so" >"$out/dynamic"
grep -q 'SONAME.*\[libscbox\.so\.0\]' "$out/dynamic" || complain "no soname" "$out/dynamic"
grep NEEDED "$out/dynamic" | grep -vE '\[(libc\.so|ld-linux|libasan|libubsan|libtsan|libclang_rt|libm\.so|libgcc_s)' \
    >"$out/needed" && complain "the library needs more than the C library" "$out/needed"
exit $status
