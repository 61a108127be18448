/* SPDX-License-Identifier: MIT */
/*
 * Expectations of what runs after a test (.fini): Criterion prints an assertion that fails there and
 * counts the test as passed; a program that crashes there fails. So these end the program.
 */
#ifndef TESTS_FINI_H
#define TESTS_FINI_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/** cr_assert() for .fini. The sentence has no end. */
static inline __attribute__((format(printf, 2, 3))) void fini_assert(bool ok, const char *fmt, ...)
{
    va_list ap;

    if (ok)
        return;
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    abort();
}

#endif
