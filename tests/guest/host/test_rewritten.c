/* SPDX-License-Identifier: MIT */
/*
 * Host calls made in the name of a guest while somebody else rewrites the guest's code: a client by
 * mem.write, or whoever writes into a file that is mapped. The call is held meanwhile, so that the
 * moment is always the same.
 */
#include "server/kernel/call/pause.h"
#include "server/kernel/proc/proc.h"
#include "tests/guest/host/lab.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CODE UINT64_C(0x50000000)
#define MAPPED UINT64_C(0x60000000)

/* Behind every instruction comes the guest's `ret`. It begins the name of a link, too: the second
 * path of link() is what rcx holds behind a `syscall`, the address of the next instruction. */
#define LINK_NAME "\xC3\xA9scaped"

/** What the call's instruction becomes. */
struct rewriting {
    const char *name;
    const char bytes[sizeof("\xEB\xFE" LINK_NAME)];
};

static const struct rewriting rewritings[] = {
    {"jmp .", "\xEB\xFE" LINK_NAME},      {"int $0x80", "\xCD\x80" LINK_NAME},
    {"syscall", "\x0F\x05" LINK_NAME},    {"int $0x40", "\xCD\x40" LINK_NAME},
    {"sysenter", "\x0F\x34" LINK_NAME},   {"ud2", "\x0F\x0B" LINK_NAME},
    {"int3, int3", "\xCC\xCC" LINK_NAME}, {"nop, nop", "\x90\x90" LINK_NAME},
};

enum {
    REWRITINGS = sizeof(rewritings) / sizeof(rewritings[0]),
    CALLS_THERE = 4, /* by the instruction at CODE, of each guest */
};

static struct lab l;
static char directory[] = "/tmp/scbox-rewritten-XXXXXX";

/** A directory with one file, which is where a host call with a path would do something. */
static void setup(void)
{
    int fd;

    cr_assert_not_null(mkdtemp(directory));
    cr_assert_eq(chdir(directory), 0);
    fd = open("secret", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    (void)close(fd);
}

static void teardown(void)
{
    (void)unlink(LINK_NAME);
    (void)unlink("secret");
    (void)rmdir(directory);
}

TestSuite(rewritten, .init = setup, .fini = teardown, .timeout = 120);

static void rewrite(struct proc *p, const char *where, const struct rewriting *r)
{
    if (strcmp(where, "in_file") == 0)
        lab_put_at(&l, "home:/code", 0, r->bytes, sizeof(r->bytes));
    else
        cr_assert_eq(
            p->task.executor->ops->poke(p->task.executor, CODE, r->bytes, sizeof(r->bytes)), 0);
}

static void expect_untouched(const char *what)
{
    struct stat st;

    cr_assert(lstat(LINK_NAME, &st) < 0 && errno == ENOENT, "%s: the host made a link", what);
    cr_assert_eq(lstat("secret", &st), 0, "%s", what);
    cr_assert(st.st_nlink == 1 && st.st_size == 0, "%s: the host changed a file", what);
}

/** Whether a held call is one that the guest makes by the instruction at CODE. */
static bool is_made_there(const struct call *call)
{
    switch (call->nr) {
    case SC_MMAP_FILE:
        return call->args.mmap_file.addr == MAPPED;
    case SC_MMAP:
        return call->args.mmap.addr == MAPPED;
    case SC_MCHMAP:
    case SC_MUNMAP:
        return true;
    default:
        return false;
    }
}

/** Step a guest to its end, and rewrite the instruction of each call that it makes at CODE. Returns
 * how many there were. */
static unsigned step_through(int pid, const char *where, const struct rewriting *r)
{
    struct proc *p = proc_find(l.m, pid);
    unsigned rewritten = 0;

    pause_proc(p);
    while (!proc_has_ended(p)) {
        struct call *call = pause_held(l.m, pid);

        if (call != NULL && is_made_there(call)) {
            rewrite(p, where, r);
            rewritten++;
        }
        if (call != NULL)
            pause_step(call);
        (void)uv_run(&l.loop, UV_RUN_NOWAIT);
    }
    return rewritten;
}

/** Have the instructions of calls rewritten. They are carried out all the same, and return to what
 * stands behind them. */
static void run(const struct abi *abi, const char *where, const struct rewriting *r)
{
    char what[80];
    unsigned rewritten;
    int pid;

    (void)snprintf(what, sizeof(what), "%s %s, %s", abi->name, where, r->name);
    lab_install(&l, "rewritten", abi, "home:/program");
    lab_put(&l, "home:/case", where, strlen(where));
    pid = lab_start(&l, "home:/program");
    cr_assert_gt(pid, 0);
    rewritten = step_through(pid, where, r);
    expect_untouched(what);
    lab_expect(&l, what, lab_wait(&l, pid), PS_DONE, LAB_PASSED);
    cr_assert_eq(rewritten, CALLS_THERE, "%s: %u calls were held", what, rewritten);
}

static void run_all(const struct abi *abi, const char *where, bool patching)
{
    for (int clock = LAB_REAL; clock < LAB_CLOCKS; clock++) {
        lab_open_on(&l, (enum lab_clock)clock);
        bridge_set_patching(l.bridge, patching);
        for (size_t i = 0; i < REWRITINGS; i++)
            run(abi, where, &rewritings[i]);
        lab_close(&l);
    }
}

Test(rewritten, x86_64_in_memory)
{
    run_all(&abi_x86_64, "in_memory", true);
}

Test(rewritten, x86_64_in_file)
{
    run_all(&abi_x86_64, "in_file", true);
}

Test(rewritten, i386_in_memory)
{
    run_all(&abi_i386, "in_memory", true);
}

Test(rewritten, i386_in_file)
{
    run_all(&abi_i386, "in_file", true);
}

/** Where each `int $0x40` is rewritten for one call only. */
Test(rewritten, i386_unpatched)
{
    run_all(&abi_i386, "in_memory", false);
    run_all(&abi_i386, "in_file", false);
}
