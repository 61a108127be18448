/* SPDX-License-Identifier: MIT */
/*
 * Guests with many small cases: which one to run is what home:/case says.
 *
 *     static int divide_by_zero(void) { … }
 *     static const struct guest_case cases[] = {CASE(divide_by_zero)};
 *     int main(void) { return run_case(cases, COUNT(cases)); }
 */
#ifndef TESTS_GUEST_CASES_H
#define TESTS_GUEST_CASES_H

#include <sc.h>

struct guest_case {
    const char *name;
    int (*run)(void); /* its result is the exit code */
};

/* What a case returns; the test expects PASSED unless it expects a fault. */
enum { PASSED = 7, NO_CASE = 99, CASE_NAME_MAX = 64 };

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** Leave the case with the line of the first thing that is not so. */
#define MUST(what)                                                                                 \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            sc_printf("line %d: %s\n", __LINE__, #what);                                           \
            return NO_CASE + 1;                                                                    \
        }                                                                                          \
    } while (0)

static inline int run_case(const struct guest_case *cases, size_t count)
{
    char name[CASE_NAME_MAX] = "";
    int fd = sc_open("home:/case", FM_READ);

    if (fd < 0 || sc_read(fd, 0, sizeof(name) - 1, name) < 0)
        return NO_CASE;
    (void)sc_close(fd);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(cases[i].name, name) == 0)
            return cases[i].run();
    }
    return NO_CASE;
}

#endif
