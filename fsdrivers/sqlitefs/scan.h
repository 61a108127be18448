/* SPDX-License-Identifier: MIT */
/*
 * Looks at all rows of a file while it is mounted, and how long they may take.
 *
 *     scan_begin      scan_pages, scan_whole, statements with scan_steps      scan_end
 *     |------------------------ one deadline for all --------------------------|
 */
#ifndef FSDRIVERS_SQLITEFS_SCAN_H
#define FSDRIVERS_SQLITEFS_SCAN_H

#include "fsdrivers/sqlitefs/store.h"

enum {
    SCAN_STEPS = 20000000,  /* that one look may take: about half a second … */
    SCAN_STEPS_PAGE = 8192, /* … and for each page; the most that sound ones take is 3,100 */
    SCAN_US = 2000000,      /* of processor time for all looks together … */
    SCAN_US_PAGE = 64,      /* … and for each page; sound ones took half of it */
    SCAN_VERDICT_SIZE = 200,
};

struct stat;

/** Status of the database, or with a suffix of a file beside it. Returns 0, -errno. */
int scan_stat(const struct store *s, const char *suffix, struct stat *out);

/**
 * Count the pages that can have rows: no more than the file says, and no more than are on the disk.
 * What looks at all of them gets its time by that. Returns 0, -errno.
 */
int scan_begin(struct store *s);

/** No deadline any more. */
void scan_end(struct store *s);

/** What one look may take: for db_allow(). */
int64_t scan_steps(const struct store *s);

/**
 * Stop checking each cell of a page whenever it is read, when all pages of cells were checked so: the
 * tables of names and inodes before, and those of content here. A page that the file maps into memory
 * is new each time it is used, and random reads took twice as long. With a damaged page, or odd rows,
 * or a file that others can write to, the checks go on: only that part of the file answers EIO.
 * Returns   0, -ENOMEM, -EIO it took too long.
 */
int scan_pages(struct store *s);

/**
 * Look the whole file over with SQLite's own check, which looks at each page once: so it ends, and
 * its time is not counted. A file of more than 128 GiB is not looked over: that would take minutes, and
 * more memory at once than HEAP_PIECE_MAX.
 * @verdict  what is wrong, or "".
 * Returns   0 nothing, -errno.
 */
int scan_whole(struct store *s, char verdict[SCAN_VERDICT_SIZE]);

#endif
