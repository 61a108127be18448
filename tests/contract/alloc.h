/* SPDX-License-Identifier: MIT */
/* Allocations of the code under test, counted, and refused on demand (the linker's --wrap). */
#ifndef TESTS_CONTRACT_ALLOC_H
#define TESTS_CONTRACT_ALLOC_H

#include <stdbool.h>

/** Blocks that are allocated now. */
long alloc_live(void);

/** Refuse the allocation after the next @count ones; -1 refuses none. */
void alloc_fail_after(long count);

/** Whether the allocation that alloc_fail_after() named was refused since. */
bool alloc_failed(void);

#endif
