/* SPDX-License-Identifier: MIT */
/*
 * A guest that was started on Linux itself: it says where it belongs and ends with 127. The calls here
 * are Linux's, and the only ones of a guest's that are.
 */
#include <sc.h>

enum {
    NOT_FOUND = 127, /* what a shell answers for a program that it can't run */
    STDERR = 2,
#ifdef __x86_64__
    LINUX_WRITE = 1,
    LINUX_EXIT = 60,
#else
    LINUX_WRITE = 4,
    LINUX_EXIT = 1,
#endif
};

static void linux_call(long nr, long a, long b, long c)
{
#ifdef __x86_64__
    (void)sc_call(nr, a, b, c, 0, 0);
#else
    long result;

    __asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory");
#endif
}

static void put(const char *text)
{
    linux_call(LINUX_WRITE, STDERR, (long)text, (long)strlen(text));
}

/** @stack as Linux fills it: argc, then argv. */
_Noreturn void sc_on_host(const long *stack);
_Noreturn void sc_on_host(const long *stack)
{
    const char *name = stack[0] > 0 ? (const char *)stack[1] : "PROGRAM";

    put(name);
    put(": this is a program for scbox: run it with `scbox run ");
    put(name);
    put("`\n");
    for (;;)
        linux_call(LINUX_EXIT, NOT_FOUND, 0, 0);
}
