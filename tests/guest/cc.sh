#!/bin/sh
# SPDX-License-Identifier: MIT
# scbox-cc: both kinds of guests, compile-only, from an installed tree, and its refusals.
# Usage: cc.sh SCBOX_CC CMAKE BUILD_DIR
set -u
cc=$1 cmake=$2 build=$3
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

fail() {
    echo "not ok: $1"
    [ ! -f "$tmp/err" ] || sed 's/^/    /' "$tmp/err"
    exit 1
}

# refuses WORDS COMMAND…: the command fails and says so.
refuses() {
    words=$1
    shift
    "$@" >"$tmp/err" 2>&1 && fail "$* succeeds"
    grep -q -- "$words" "$tmp/err" || fail "$* does not say: $words"
}

cat >"$tmp/a.c" <<'END'
#include <sc.h>
int main(void) { sc_printf("%llu\n", 10000000000ULL / (unsigned)sc_yield()); return 0; }
END
printf '#include <stdio.h>\nint main(void) { return 0; }\n' >"$tmp/hosted.c"

# kind OPTION ELF-CLASS LOAD-ADDRESS COMPILER
kind() {
    "$4" $1 -O2 -Wall -Werror -o "$tmp/a" "$tmp/a.c" 2>"$tmp/err" || fail "$4 $1 does not link"
    readelf -hlW "$tmp/a" >"$tmp/elf"
    grep -q "Class: *$2" "$tmp/elf" || fail "$4 $1 is no $2"
    grep -q "Type: *EXEC" "$tmp/elf" || fail "$4 $1 is no static program"
    grep -q "LOAD *0x000000 $3" "$tmp/elf" || fail "$4 $1 is not loaded at $3"
    ! grep -q INTERP "$tmp/elf" || fail "$4 $1 wants an interpreter"
}

kind "" ELF64 0x0000000000400000 "$cc"
kind -m32 ELF32 0x00100000 "$cc"
"$cc" -c -o "$tmp/a.o" "$tmp/a.c" && "$cc" -o "$tmp/b" "$tmp/a.o" || fail "linking apart"
"$cc" --help | grep -q '^Usage: scbox-cc' || fail "--help"
"$cc" --version | grep -q '^scbox-cc [0-9]' || fail "--version"

# Thread-local variables of an object that another compiler made; programs without a fixed address.
printf '__thread int x = 4;\nint main(void) { return x; }\n' >"$tmp/tls.c"
for flag in -m64 -m32; do
    "$cc" $flag -o "$tmp/tls" "$tmp/tls.c" 2>"$tmp/err" || fail "$flag with a thread-local variable"
    gcc $flag -fno-pic -c -o "$tmp/tls.o" "$tmp/tls.c" || fail "gcc $flag"
    refuses "thread-local variables are not supported" "$cc" $flag -o "$tmp/tls" "$tmp/tls.o"
    for kind in -pie -static-pie -shared; do
        refuses "$kind makes what scbox can't load" "$cc" $flag $kind -o "$tmp/a" "$tmp/a.c"
    done
done

# A guest started on the host says what it is, and ends.
for flag in -m64 -m32; do
    "$cc" $flag -o "$tmp/guest" "$tmp/a.c" || fail "$flag"
    timeout 10 "$tmp/guest" a b >"$tmp/out" 2>"$tmp/err"
    code=$?
    # 126: this host runs no i386 programs
    [ "$flag $code" = "-m32 126" ] && continue
    [ $code -eq 127 ] || fail "a $flag guest on the host ends with $code"
    [ ! -s "$tmp/out" ] || fail "a $flag guest on the host prints on stdout"
    echo "$tmp/guest: this is a program for scbox: run it with \`scbox run $tmp/guest\`" |
        cmp -s - "$tmp/err" || fail "a $flag guest on the host says something else"
done

refuses "Usage:" "$cc"
refuses "stdio.h" "$cc" -o "$tmp/a" "$tmp/hosted.c"
refuses "no C compiler" env SCBOX_HOST_CC=no-such-compiler "$cc" -o "$tmp/a" "$tmp/a.c"
refuses "cannot compile for i386" env SCBOX_HOST_CC=false "$cc" -m32 -o "$tmp/a" "$tmp/a.c"
mkdir "$tmp/bin" && cp "$cc" "$tmp/bin/scbox-cc"
refuses "SDK is not where it should be" "$tmp/bin/scbox-cc" -o "$tmp/a" "$tmp/a.c"

DESTDIR=$tmp/root "$cmake" --install "$build/client/guest" --prefix /usr >"$tmp/err" 2>&1 ||
    fail "install"
kind "" ELF64 0x0000000000400000 "$tmp/root/usr/bin/scbox-cc"
kind -m32 ELF32 0x00100000 "$tmp/root/usr/bin/scbox-cc"
echo "ok: scbox-cc"
