/* SPDX-License-Identifier: MIT */
/* Calls whose results somebody makes up: as large as they may be, and where none was expected. */
#include "cases.h"

enum { PATH = 8192, SIZE = 1024 * 1024, KEPT = 256 * 1024, PAGE = 4096 };

/** The longest path beside the largest buffer. */
static int long_readlink(void)
{
    char *path = (char *)0x40000000;
    char *target = (char *)0x50000000;

    MUST(sc_mmap(path, PATH, MM_READ | MM_WRITE) == 0);
    MUST(sc_mmap(target, SIZE, MM_READ | MM_WRITE) == 0);
    memset(path, 'p', PATH);
    MUST(sc_call(SC_READLINK, (long)path, PATH, SIZE, (long)target, 0) == KEPT);
    MUST(target[0] == 'x' && target[KEPT - 1] == 'x' && target[KEPT] == 0);
    return PASSED;
}

/** A struct to memory that may only be read, behind an fd that is none. */
static int bad_pointer(void)
{
    char *page = (char *)0x40000000;

    MUST(sc_mmap(page, PAGE, MM_READ | MM_WRITE) == 0);
    memset(page, 'c', PAGE);
    MUST(sc_mchmap(page, MM_READ) == 0);
    (void)sc_call(SC_STAT_OPEN, 50, (long)page, 0, 0, 0);
    for (int i = 0; i < PAGE; i++)
        MUST(page[i] == 'c');
    return PASSED;
}

static const struct guest_case cases[] = {CASE(long_readlink), CASE(bad_pointer)};

int main(void)
{
    return run_case(cases, COUNT(cases));
}
