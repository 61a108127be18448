# SPDX-License-Identifier: MIT
# How a guest failed, and where: in scbox run, a scenario's report and the shell.
. ./lib.sh

[ -x "$bin/scbox-cc" ] || skip "no scbox-cc in $bin"
start_daemon

cat >"$tmp/bad.c" <<'END_OF_C'
#include <sc.h>

static void (*volatile nothing)(void);

__attribute__((noinline)) static int half(int n, int by)
{
    return n / by;
}

__attribute__((noinline)) static void jump(void)
{
    nothing();
    sc_yield();
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        jump();
    sc_open("nothing:/there", FM_READ);
    return half(7, argc - 1);
}
END_OF_C

# Only the client has libdw: a daemon does not look into programs of others.
! readelf -d "$bin/scboxd" | grep -q libdw || fail "scboxd is linked with libdw"
readelf -d "$scbox" | grep -q libdw && lines=yes || lines=

# at WORDS: the words that come with a source line, when lines can be told.
at() {
    [ -z "$lines" ] || printf '%s' "$1"
}

play_all() {
    "$bin/scbox-cc" $flag -O2 -g -o "$tmp/bad" "$tmp/bad.c" >"$out" 2>"$err" || fail "building"
    "$bin/scbox-cc" $flag -O2 -o "$tmp/plain" "$tmp/bad.c" >"$out" 2>"$err" || fail "building"
    called='; last calls: SC_ARGS, SC_OPEN (ENODEV)'

    expect 136 "$scbox" run --bare "$tmp/bad"
    err_has "EXCEPTION: $(at 'in half(), at bad.c:7: ')division by zero, by the instruction at 0x"
    err_has "$called"
    err_is_a_line
    expect 136 "$scbox" run --bare "$tmp/plain"
    err_has "EXCEPTION: $(at 'in half(): ')division by zero, by the instruction at 0x"
    expect 139 "$scbox" run "$tmp/bad" x
    err_has "ZEROPTR: $(at 'in jump(), at bad.c:12: ')null pointer: jump to address 0x0, which"

    # A program of which nobody can tell anything.
    strip -o "$tmp/stripped" "$tmp/bad"
    expect 136 "$scbox" run "$tmp/stripped"
    err_has 'EXCEPTION: division by zero, by the instruction at 0x'

    printf 'fs root ramfs\ncopy %s root:/bad\nrun root:/bad\n' "$tmp/bad" >"$tmp/copied.scn"
    printf 'fs root ramfs\nrun %s\n  state FAILURE SEGFAULT\n' "$tmp/bad" >"$tmp/host.scn"
    expect 1 "$scbox" test "$tmp/copied.scn"
    out_has "crash     the program ended: fault EXCEPTION, where exit code 0 is success; $(at 'in half(), at bad.c:7: ')division by zero, by"
    out_has "$called"
    expect 1 "$scbox" test "$tmp/host.scn"
    out_has "the program ended: fault EXCEPTION; $(at 'in half(), at bad.c:7: ')division by zero, by"

    feed 1 "run $tmp/bad" "$scbox" shell
    out_has "FAILURE EXCEPTION: division by zero, by the instruction at 0x"
    cat "$out" "$err" >"$tmp/both" && mv "$tmp/both" "$out"
    out_has "fault EXCEPTION$(at ' in half(), at bad.c:7')"
}

for flag in -m64 -m32; do
    "$bin/scbox-cc" $flag -o "$tmp/probe" "$tmp/bad.c" 2>"$err" || continue
    play_all
done
