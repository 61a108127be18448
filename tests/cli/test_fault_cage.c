/* SPDX-License-Identifier: MIT */
/* What the child that reads a program may do, were it taken over by what it reads: here it is a child of
 * our own, which the linker takes in place of the one that uses libdw. */
#include "client/cli/base/fault_line.h"
#include "client/lib/clock.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

/* What the child does, by the address that it is asked about. */
enum { ESCAPE = 1, SPIN, DIE, SHOUT, GROW };

enum { SHOUT_BYTES = 10000, GROW_BYTES = 512 << 20, SLOW_MS = 6000 };

static const char *escape(void)
{
    if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EPERM)
        return "open";
    if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || errno != EPERM)
        return "socket";
    if (fork() >= 0 || errno != EPERM)
        return "fork";
    if (kill(getppid(), 0) >= 0 || errno != EPERM)
        return "kill";
    if (execl("/bin/true", "true", (char *)NULL) >= 0 || errno != EPERM)
        return "exec";
    return write(2, "x", 1) < 0 && errno == EBADF ? "nothing works" : "stderr";
}

static void say(int to, const char *words)
{
    (void)!write(to, words, strlen(words));
}

static void shout(int to)
{
    for (int i = 0; i < SHOUT_BYTES; i++)
        (void)!write(to, "\x1b[31m\xff\n", 7);
}

void fault_dwarf_find(char *image, size_t size, const uint64_t *addrs, size_t count, int to)
{
    const uint64_t addr = addrs[0];

    (void)image;
    (void)size;
    (void)count;
    if (addr == ESCAPE)
        say(to, escape());
    else if (addr == SHOUT)
        shout(to);
    else if (addr == GROW)
        say(to, mmap(NULL, GROW_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
                    ? "too much"
                    : "mapped");
    else if (addr == DIE)
        abort();
    while (addr == SPIN)
        ;
}

static char *ask(int what)
{
    char text[64];

    (void)snprintf(text, sizeof text, "by the instruction at 0x%x", (unsigned)what);
    return fault_place_in(text, "/proc/self/exe");
}

Test(fault_cage, nothing_but_computing_is_left)
{
#ifdef SANITIZED
    cr_skip_test("sanitizers need more than the child may do");
#endif
    char *said = ask(ESCAPE);

    cr_assert_not_null(said);
    cr_assert_str_eq(said, "nothing works");
    free(said);
    said = ask(GROW);
    cr_assert_not_null(said);
    cr_assert_str_eq(said, "too much");
    free(said);
}

Test(fault_cage, a_child_that_dies_or_spins_says_nothing)
{
    const int64_t start = clock_ms();

    cr_assert_null(ask(DIE));
    cr_assert_null(ask(SPIN));
    cr_assert_leq(clock_ms() - start, SLOW_MS);
}

Test(fault_cage, what_it_says_is_short_and_plain)
{
    char *said = ask(SHOUT);

    cr_assert_not_null(said);
    cr_assert_eq(strlen(said), FAULT_PLACE_MAX);
    cr_assert_eq(strncmp(said, "?[31m???[31m??", 14), 0, "%s", said);
    free(said);
}
