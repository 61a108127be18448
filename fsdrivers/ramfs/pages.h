/* SPDX-License-Identifier: MIT */
/*
 * The content of a regular file in memory: a sparse array of pages.
 *
 * Pages hang in a tree of tables with PAGES_FANOUT slots each, as high as the largest index needs;
 * a file of one page has no table. A missing page is a hole. The file's size is not known here: its
 * owner keeps the bytes past the size zero, so that growing touches no page.
 *
 *     height 0: empty    height 1: root is page 0    height 2: root is a table of pages    ...
 */
#ifndef FSDRIVERS_RAMFS_PAGES_H
#define FSDRIVERS_RAMFS_PAGES_H

#include "fsdrivers/ramfs/budget.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PAGES_SHIFT = 12,
    PAGES_SIZE = 1 << PAGES_SHIFT, /* bytes of a page */
    PAGES_FANOUT_SHIFT = 9,
    PAGES_FANOUT = 1 << PAGES_FANOUT_SHIFT,
};

struct pages {
    void *root; /* a page if height is 1, a table if it is more */
    unsigned height;
    uint64_t count; /* pages that exist */
};

/** The page at an index, or NULL for a hole. */
unsigned char *pages_get(const struct pages *p, uint64_t index);

/** The first page that exists, from an index on; UINT64_MAX: none. */
uint64_t pages_next(const struct pages *p, uint64_t index);

/**
 * The page at an index; a missing one is made, zeroed.
 * @budget   borrowed; pays for the page and the tables above it.
 * @made     whether it was missing.
 * Returns   the page; NULL without room: nothing has changed.
 */
unsigned char *pages_make(struct pages *p, struct budget *budget, uint64_t index, bool *made);

/** Free the pages from @first to @last, both included; holes are skipped. */
void pages_drop(struct pages *p, struct budget *budget, uint64_t first, uint64_t last);

#endif
