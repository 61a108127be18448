/* SPDX-License-Identifier: MIT */
/*
 * Scans of all rows of a file at mount, within a time limit.
 *
 *     scan_begin      scan_pages, scan_whole, statements with scan_steps      scan_end
 *     |------------------------ one deadline for all --------------------------|
 */
#ifndef FSDRIVERS_SQLITEFS_SCAN_H
#define FSDRIVERS_SQLITEFS_SCAN_H

#include "fsdrivers/sqlitefs/store.h"

enum {
    SCAN_STEPS = 20000000,  /* of one scan: about half a second … */
    SCAN_STEPS_PAGE = 8192, /* … and for each page; the most seen in sound files is 3,100 */
    SCAN_US = 2000000,      /* of processor time for all scans together … */
    SCAN_US_PAGE = 64,      /* … and for each page; sound files took half of it */
    SCAN_VERDICT_SIZE = 200,
};

struct stat;

/** stat() of the database, or with a suffix of a file beside it. Returns 0, -errno. */
int scan_stat(const struct store *s, const char *suffix, struct stat *out);

/**
 * Count the pages that can have rows: at most as many as the file's header says, and as are on the
 * disk. Starts the deadline, which depends on them. Returns 0, -errno.
 */
int scan_begin(struct store *s);

/** End the deadline. */
void scan_end(struct store *s);

/** The steps of one scan, for db_allow(). */
int64_t scan_steps(const struct store *s);

/**
 * Check each cell of all pages once, the tables of content here, those of names and inodes before;
 * if all are sound, stop SQLite from checking cells whenever it reads a page. Pages of a mapped
 * file are read anew at each use, so the checks made random reads take twice as long. With a
 * damaged page, odd rows, or a file that others can write to, they stay on: only that part of the
 * file answers EIO.
 * Returns   0, -ENOMEM, -EIO it took too long.
 */
int scan_pages(struct store *s);

/**
 * Check the whole file with SQLite's own check, which visits each page once: so it ends, and has no
 * time limit. A file of more than 128 GiB is not checked: that would take minutes, and more memory
 * at once than HEAP_PIECE_MAX.
 * @verdict  what is wrong, or "".
 * Returns   0 sound, or not checked; -EIO damaged (see @verdict) or unreadable; other -errno.
 */
int scan_whole(struct store *s, char verdict[SCAN_VERDICT_SIZE]);

#endif
