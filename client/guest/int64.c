/* SPDX-License-Identifier: MIT */
/* 64-bit division for i386: the functions of libgcc that compilers call by these names. */
#ifndef __x86_64__

#include <stddef.h>
#include <stdint.h>

uint64_t __udivmoddi4(uint64_t n, uint64_t d, uint64_t *rest);
uint64_t __udivdi3(uint64_t n, uint64_t d);
uint64_t __umoddi3(uint64_t n, uint64_t d);
int64_t __divdi3(int64_t n, int64_t d);
int64_t __moddi3(int64_t n, int64_t d);

enum { TOP_BIT = 63 };

/** Shift and subtract. Division by zero traps, as the processor's does. */
uint64_t __udivmoddi4(uint64_t n, uint64_t d, uint64_t *rest)
{
    uint64_t quotient = 0;
    uint64_t r = 0;

    if (d == 0)
        __asm__ volatile("divl %0" : : "r"(0) : "eax", "edx", "cc");
    for (int i = TOP_BIT; i >= 0; i--) {
        int carry = (int)(r >> TOP_BIT);

        r = (r << 1) | ((n >> i) & 1);
        if (carry || r >= d) {
            r -= d;
            quotient |= UINT64_C(1) << i;
        }
    }
    if (rest != NULL)
        *rest = r;
    return quotient;
}

uint64_t __udivdi3(uint64_t n, uint64_t d)
{
    return __udivmoddi4(n, d, NULL);
}

uint64_t __umoddi3(uint64_t n, uint64_t d)
{
    uint64_t rest;

    (void)__udivmoddi4(n, d, &rest);
    return rest;
}

static uint64_t magnitude(int64_t n)
{
    return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

int64_t __divdi3(int64_t n, int64_t d)
{
    uint64_t q = __udivdi3(magnitude(n), magnitude(d));

    return (int64_t)((n < 0) != (d < 0) ? 0 - q : q);
}

int64_t __moddi3(int64_t n, int64_t d)
{
    uint64_t r = __umoddi3(magnitude(n), magnitude(d));

    return (int64_t)(n < 0 ? 0 - r : r);
}

#else
typedef int int64_not_needed; /* a translation unit is not empty */
#endif
