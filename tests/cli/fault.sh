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

__attribute__((noinline)) static int fill(char *to)
{
    return (int)sc_read(sc_open("io:/zero", FM_READ), 0, 100, to);
}

__attribute__((noinline)) static int load(const char *name)
{
    int fd = sc_open(name, FM_READ);

    return fd + 1;
}

int main(int argc, char **argv)
{
    if (argc > 2)
        return argv[2][0] == 'p' ? fill((char *)0x4000) + 1 : load((char *)0x10) + 1;
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

    # What the program gave to the SDK, or to a call, is the fault of its own function, optimised or not.
    for level in -O0 -O2; do
        "$bin/scbox-cc" $flag $level -g -o "$tmp/given" "$tmp/bad.c" >"$out" 2>"$err" || fail "building"
        expect 139 "$scbox" run "$tmp/given" x p
        err_has "SC_SEGFAULT: $(at 'in fill(), at bad.c:18: ')bad pointer in SC_READ(0x1, 0x0, 0x64, 0x4000,"
        err_has ', by the instruction at 0x'
        expect 139 "$scbox" run "$tmp/given" x n
        err_has "ZEROPTR: $(at 'in load(), at bad.c:23: ')null pointer: access to address 0x10, by"
    done
    [ $flag = -m64 ] || expect 139 "$scbox" run --no-patch "$tmp/given" x p
    [ $flag = -m64 ] || err_has "SC_SEGFAULT: $(at 'in fill(), at bad.c:18: ')bad pointer in SC_READ("

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

    # A child that a step started, its end told by another.
    child="fs box ramfs
copy $tmp/bad box:/bad
new_proc = \$kid
set_args \$kid [\"bad\"]
proc_exec \$kid box:/bad"
    printf '%s\nproc_wait $kid = {state: DONE}\n' "$child" >"$tmp/child.scn"
    expect 1 "$scbox" test "$tmp/child.scn"
    out_has "not \"DONE\"; $(at 'in half(), at bad.c:7: ')division by zero, by the instruction at 0x"
    feed 0 "$child
proc_wait \$kid" "$scbox" shell
    out_has "fault     $(at 'in half(), at bad.c:7: ')division by zero, by the instruction at 0x"

    feed 1 "run $tmp/bad" "$scbox" shell
    out_has "FAILURE EXCEPTION: division by zero, by the instruction at 0x"
    cat "$out" "$err" >"$tmp/both" && mv "$tmp/both" "$out"
    out_has "fault EXCEPTION$(at ' in half(), at bad.c:7')"
}

for flag in -m64 -m32; do
    "$bin/scbox-cc" $flag -o "$tmp/probe" "$tmp/bad.c" 2>"$err" || continue
    play_all
done
