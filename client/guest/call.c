/* SPDX-License-Identifier: MIT */
/*
 * Making calls: one instruction, and what its result means.
 *
 * An x86_64 guest gets -errno itself. An i386 guest gets 0 or 1, and asks SC_ERRNO for the reason.
 * Where 0 can be a success as well (READ at the end of a file), SC_ERRNO then answers 0, too.
 */
#include <sc.h>

#ifdef __x86_64__

long sc_call(long nr, long a, long b, long c, long d, long e)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

/* The result register is the result. */
#define SAME_AS_CALL __attribute__((alias("sc_call")))
long sc_zero(long nr, long a, long b, long c, long d, long e) SAME_AS_CALL;
long sc_bool(long nr, long a, long b, long c, long d, long e) SAME_AS_CALL;
long sc_print(long nr, long a, long b, long c, long d, long e) SAME_AS_CALL;
long sc_handle(long nr, long a, long b, long c, long d, long e) SAME_AS_CALL;
long sc_count(long nr, long a, long b, long c, long d, long e) SAME_AS_CALL;

#else

long sc_call(long nr, long a, long b, long c, long d, long e)
{
    long result;

    __asm__ volatile("int $0x40"
                     : "=a"(result)
                     : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory");
    return result;
}

static long last_error(void)
{
    return sc_call(SC_ERRNO, 0, 0, 0, 0, 0);
}

long sc_zero(long nr, long a, long b, long c, long d, long e)
{
    (void)sc_call(nr, a, b, c, d, e); /* a failure is not told on this gate */
    return 0;
}

long sc_bool(long nr, long a, long b, long c, long d, long e)
{
    return sc_call(nr, a, b, c, d, e) != 0 ? 0 : -last_error();
}

long sc_print(long nr, long a, long b, long c, long d, long e)
{
    return sc_call(nr, a, b, c, d, e) == 0 ? 0 : -last_error();
}

long sc_handle(long nr, long a, long b, long c, long d, long e)
{
    long result = sc_call(nr, a, b, c, d, e);

    return result != 0 ? result : -last_error();
}

long sc_count(long nr, long a, long b, long c, long d, long e) __attribute__((alias("sc_handle")));

#endif
