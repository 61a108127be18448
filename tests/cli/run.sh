# SPDX-License-Identifier: MIT
# scbox run: real guests of both kinds, their output and every exit code.
. ./lib.sh

[ -x "$bin/scbox-cc" ] || skip "no scbox-cc in $bin"
start_daemon --no-default-machine

cat >"$tmp/guest.c" <<'END'
#include <sc.h>

#define TEXT(s) s, sizeof s - 1

static char buf[64];

/* The console is beside a file in io:, and the terminal, too. */
static int files_in_io(void)
{
    int fd = sc_open("io:/mod/sub/file", FM_READ);
    int console = sc_open("io:/console", FM_WRITE);
    long size = fd > 0 ? sc_read(fd, 0, sizeof buf, buf) : -1;

    if (size < 0 || console <= 0 || sc_write(console, 0, (size_t)size, buf) != size)
        return 1;
    return sc_open("io:/cmdline", FM_READ) > 0 && sc_read_line(buf, sizeof buf) == 0 ? 0 : 2;
}

static int copy_file(void)
{
    int fd = sc_open("root:/dir/sub/file", FM_READ);
    long size = fd > 0 ? sc_read(fd, 0, sizeof buf, buf) : -1;
    int console = sc_open("io:/console", FM_WRITE);

    if (size < 0 || console <= 0)
        return 1;
    sc_write(console, 0, (size_t)size, buf);
    return 0;
}

static int tell_arguments(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        sc_printf("[%s]", argv[i]);
    sc_printf("%s %s %s\n", argv[argc] == NULL ? "NULL" : "?", getenv("A"),
              getenv("B") != NULL ? getenv("B") : "none");
    return argc;
}

static int number_lines(void)
{
    long len;
    int n = 0;

    while ((len = sc_read_line(buf, sizeof buf)) > 0)
        sc_printf("%d:%s", ++n, buf);
    return len == 0 ? n & 0x7f : 0xff;
}

#ifdef __i386__
/* Whether the instruction that calls is still what the program was built with. */
static int own_code(void)
{
    const unsigned char *at;
    long result;

    for (int i = 0; i < 2; i++)
        __asm__ volatile("movl $1f, %1\n1: int $0x40"
                         : "=a"(result), "=&r"(at)
                         : "0"(SC_YIELD)
                         : "memory");
    return result == 0 && at[0] == 0xCD && at[1] == 0x40;
}
#endif

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
#if defined(HELLO)
    sc_dbg_print(TEXT("hello, \0 no newline"));
    return 0x12A; /* the low 8 bits are 42 */
#elif defined(ARGUMENTS)
    return tell_arguments(argc, argv);
#elif defined(LINES)
    return number_lines();
#elif defined(COPIED)
    return copy_file();
#elif defined(IO_FILES)
    return files_in_io();
#elif defined(OWN_CODE)
    return own_code() ? 42 : 43;
#elif defined(NULL_POINTER)
    *(volatile int *)4 = 1;
#elif defined(WILD_POINTER)
    *(volatile int *)0x70000000 = 1;
#elif defined(BAD_CALL)
    sc_dbg_print((char *)0x70000000, 10);
#elif defined(EXCEPTION)
    __asm__ volatile("ud2");
#elif defined(FOREVER)
    sc_dbg_print(TEXT("started\n"));
    for (;;)
        ;
#elif defined(SLEEPER)
    sc_usleep(1800L * 1000 * 1000);
    sc_dbg_print(TEXT("much later\n"));
#elif defined(CHATTY)
    for (;;)
        sc_dbg_print(TEXT("again\n"));
#elif defined(MANY)
    for (int i = 0; i < 100000; i++)
        sc_printf("line %d of more than anybody keeps for a slow reader\n", i);
#elif defined(NAMELESS)
    return sc_open("io:/console", FM_WRITE) > 0 ? 1 : 0;
#endif
    return 0;
}
END

build() {
    "$bin/scbox-cc" $flag "-D$1" -o "$tmp/$1" "$tmp/guest.c" >"$out" 2>"$err" || fail "building $1"
}

run() {
    want=$1
    shift
    expect "$want" "$scbox" run "$@"
}

# run_with SCRIPT CODE ARG…: with what a script prints as stdin.
run_with() {
    script=$1 want=$2
    shift 2
    expect "$want" sh -c "{ $script; } | \"\$@\"" sh "$scbox" run "$@"
}

play_all() {
    for mode in HELLO ARGUMENTS LINES COPIED IO_FILES NULL_POINTER WILD_POINTER BAD_CALL EXCEPTION FOREVER SLEEPER CHATTY MANY NAMELESS; do
        build $mode
    done
    # Output byte for byte, and nothing else on stdout.
    run 42 "$tmp/HELLO"
    printf 'hello, \0 no newline' | cmp -s - "$out" || fail "$last: the bytes changed"
    [ ! -s "$err" ] || fail "$last: something on stderr"

    # Arguments and environment.
    run 4 --env A=1=2 --env B= "$tmp/ARGUMENTS" -x "two words" ''
    out_is "[$tmp/ARGUMENTS][-x][two words][]NULL 1=2 "
    run 1 --env A= "$tmp/ARGUMENTS"
    out_is "[$tmp/ARGUMENTS]NULL  none"

    # Stdin: from a file, late and in pieces, more than the terminal keeps, nothing.
    printf 'one\ntwo\nlast' >"$tmp/in"
    run_with "cat $tmp/in" 3 "$tmp/LINES"
    printf '1:one\n2:two\n3:last' | cmp -s - "$out" || fail "$last: $(cat "$out")"
    expect 3 sh -c '"$1" run --clock virtual "$2" <"$3"' sh "$scbox" "$tmp/LINES" "$tmp/in"
    run 0 "$tmp/LINES"
    run_with 'echo a; sleep 0.1; printf b; sleep 0.1; echo c' 2 "$tmp/LINES"
    out_is '1:a
2:bc'
    seq -f 'line %.0f of a long input' 1 3968 >"$tmp/long" # a multiple of 128
    run_with "cat $tmp/long" 0 "$tmp/LINES"
    nl -ba -w1 -s: "$tmp/long" | cmp -s - "$out" || fail "$last: the lines changed"

    mkdir -p "$tmp/dir/sub"
    echo "from the host" >"$tmp/dir/sub/file"
    run 0 --copy "$tmp/dir:root:/dir" "$tmp/COPIED"
    out_is 'from the host'
    run 0 --copy "$tmp/dir/sub/file:root:/dir/sub/" "$tmp/COPIED"
    out_is 'from the host'
    run 1 "$tmp/COPIED"
    run 0 --copy "$tmp/dir:io:/mod" --copy "$tmp/dir/sub/file:io:/cmdline" "$tmp/IO_FILES"
    out_is 'from the host'
    run 0 --fs io=nullfs,c,devices --copy "$tmp/dir:io:/mod" \
        --copy "$tmp/dir/sub/file:io:/cmdline" "$tmp/IO_FILES"
    out_is 'from the host'
    run 1 "$tmp/IO_FILES"
    run 125 --fs io=devfs --copy "$tmp/dir/sub/file:io:/cmdline" "$tmp/IO_FILES"
    err_has EROFS

    run 139 "$tmp/NULL_POINTER"
    err_has 'scbox run: guest failed: ZEROPTR: '
    err_is_a_line
    run 139 "$tmp/WILD_POINTER"
    err_has 'guest failed: SEGFAULT: '
    run 139 "$tmp/BAD_CALL"
    err_has 'guest failed: SC_SEGFAULT: '
    run 136 "$tmp/EXCEPTION"
    err_has 'guest failed: EXCEPTION: '

    run 124 --timeout 0.2 "$tmp/FOREVER"
    out_is started
    err_has 'longer than 0.2 s'
    run 0 --clock virtual "$tmp/SLEEPER"
    out_is 'much later'
    run 0 --bare "$tmp/NAMELESS"
}

# Whether the run has begun, or will not.
has_begun() {
    grep -q started "$out" || has_ended "$running"
}

no_directories() {
    ! ls -d "$tmp"/scbox-* >/dev/null 2>&1
}

# interrupt SIGNAL CODE [OPTION…]: end a run that has begun.
interrupt() {
    signal=$1 want=$2
    shift 2
    : >"$out" # here, not in the child: "started" of the run before must not be taken for this one's
    "$scbox" run "$@" "$tmp/FOREVER" >"$out" 2>"$err" &
    running=$!
    wait_until "a guest to begin" has_begun
    kill "-$signal" "$running" 2>/dev/null
    wait "$running"
    got=$?
    [ "$got" -eq "$want" ] || fail "run ended by $signal: exit code $got, not $want"
}

for flag in -m64 -m32; do
    arch=x86_64
    [ $flag = -m32 ] && arch=i386
    if "$scbox" call server.info | grep -q "\"$arch\": true"; then
        play_all
        played=yes
    else
        arch=none
        echo "no $arch guests: $("$scbox" call server.info)"
    fi
done
[ "${played-}" = yes ] || skip "this host runs no guests"

# A reader that goes away ends the guest.
"$scbox" run "$tmp/CHATTY" 2>"$err" | head -n 1 >"$out"
out_is again

# A reader that takes its time gets everything.
lines=$("$scbox" run "$tmp/MANY" 2>"$err" | {
    sleep 1
    wc -l
})
[ "$lines" -eq 100000 ] || fail "a slow reader got $lines lines"

# No machine is left on a daemon that goes on.
interrupt INT 130
interrupt TERM 143
expect 0 "$scbox" call machine.list
out_is '[]'

# What is no program.
echo text >"$tmp/text"
run 126 "$tmp/text"
err_has ENOEXEC
err_has 'why: '
: >"$tmp/empty"
run 126 "$tmp/empty"
head -c 100 "$tmp/HELLO" >"$tmp/cut"
run 126 "$tmp/cut"
run 126 "$scbox"
err_has "it is a Linux program (dynamically linked); scbox runs programs built with scbox-cc"

# What can't be set up.
run 125 --fs disk=no-such-driver "$tmp/HELLO"
run 125 --fs root=ramfs,no-such-key=1 "$tmp/HELLO"
err_has 'no-such-key'
run 125 --copy "$tmp/nothing:root:/x" "$tmp/HELLO"
err_has "$tmp/nothing"
run 125 --copy "$tmp/text:root:/a/../b" "$tmp/HELLO"
run 125 --fs root=ramfs,quota_bytes=4 --copy "$tmp/text:root:/x" "$tmp/HELLO"
err_has EDQUOT

# Without a daemon: a private one, which goes however the run ends.
stop_daemon
run 42 "$tmp/HELLO"
nothing_left
run 139 "$tmp/NULL_POINTER"
nothing_left
interrupt INT 130
nothing_left
interrupt KILL 137
wait_until "the private daemon's end" no_directories

# --no-patch: a daemon for which the program's code stays as it is, though another one runs.
run 2 --no-patch --socket "$XDG_RUNTIME_DIR/scbox/scboxd.sock" "$tmp/HELLO"
err_has 'scboxd --no-patch'
if [ $arch$played = i386yes ]; then
    build OWN_CODE
    run 42 --no-patch "$tmp/OWN_CODE"
    run 43 "$tmp/OWN_CODE"
    start_daemon --no-default-machine
    run 42 --no-patch "$tmp/OWN_CODE"
    expect 42 "$scbox" trace --no-patch -e yield "$tmp/OWN_CODE"
    stop_daemon
    nothing_left
fi

# A filesystem in a file of this host, kept from one run to the next.
run 0 --fs "root=sqlitefs:$tmp/disk.db" --copy "$tmp/dir:root:/dir" "$tmp/COPIED"
run 0 --fs "root=sqlitefs:$tmp/disk.db" "$tmp/COPIED"
out_is 'from the host'

# --keep-daemon: machine and files can be looked at afterwards.
run 0 --keep-daemon --copy "$tmp/dir:root:/dir" "$tmp/COPIED"
socket=$(echo "$tmp"/scbox-*/scboxd.sock)
err_has "$socket"
machine=$("$scbox" call -s "$socket" machine.list | sed 's/.*"machine": "\([^"]*\)".*/\1/')
feed 0 ':ls root:/dir/sub' "$scbox" shell -s "$socket" -m "$machine"
out_has ' file'
expect 0 "$scbox" call -s "$socket" server.shutdown
wait_until "the private daemon's end" no_directories
exit $((failures > 0))
