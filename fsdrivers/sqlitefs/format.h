/* SPDX-License-Identifier: MIT */
/* Opening a database: making one, or checking that it is ours, intact, and of a known format. */
#ifndef FSDRIVERS_SQLITEFS_FORMAT_H
#define FSDRIVERS_SQLITEFS_FORMAT_H

#include "fsdrivers/sqlitefs/quota.h"
#include "fsdrivers/sqlitefs/store.h"

enum {
    FORMAT_APPLICATION_ID = 0x73636278, /* "scbx" */
    FORMAT_VERSION = 1,
    FORMAT_PAGE_SIZE = 4096,
    FORMAT_SIDE_MAX = 512 * 1024 * 1024, /* the most bytes of a log or journal, at opening */
};

/** How to open a database: the driver's options. */
struct format_options {
    uint32_t chunk_shift; /* 0: 16 for a new file, an old one's own */
    uint64_t mmap_size;   /* bytes; 0: none */
    uint64_t cache_size;  /* bytes */
    struct quota_option quota;
};

/**
 * Open or make the database at s->path, with the settings of FORMAT.md.
 * @s        its path, readonly, sync and lock are set; the rest is filled. On failure
 *           store_close() frees everything.
 * Returns   0; -EIO not a database, damaged, foreign or of a newer format, -EROFS, -EACCES, -EBUSY,
 *           -ENOSPC, -EINVAL another chunk size than asked, -ENOMEM. Each refusal adds a sentence
 *           to @why.
 */
int format_open(struct store *s, const struct format_options *o, struct why *why);

#endif
