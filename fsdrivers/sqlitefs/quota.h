/* SPDX-License-Identifier: MIT */
/*
 * The quota that a file keeps: meta.quota_bytes, which holds at every mount, whoever mounts it.
 * `generic` honours it (fs.quota_bytes), together with the quota of the mount's own options.
 */
#ifndef FSDRIVERS_SQLITEFS_QUOTA_H
#define FSDRIVERS_SQLITEFS_QUOTA_H

#include "fsdrivers/sqlitefs/store.h"

/** What QUOTA_AUTO gives: this part of the disk's free space, between these bounds. */
enum { QUOTA_AUTO_PART = 10, QUOTA_AUTO_MIN = 64 * 1024, QUOTA_AUTO_MAX = 1 << 30 };

/** The option quota=. */
struct quota_wish {
    enum {
        QUOTA_KEPT, /* not given: what the file says */
        QUOTA_AUTO, /* what the file says; a part of the free space where it says nothing */
        QUOTA_SET,  /* @bytes from now on; 0 none */
    } kind;
    uint64_t bytes;
};

/** Read a value of the option. Returns 0; -EINVAL with the reason. */
int quota_read(const char *value, struct quota_wish *out, struct why *why);

/**
 * Set fs.quota_bytes, and keep a new quota in the file, unless it is readonly.
 * @s        its totals are counted.
 * @why      gets a sentence, with 0 as the answer, when the file holds more than the new quota: then
 *           what it holds is its quota.
 * Returns   0; -EIO a quota that is none; as store_begin().
 */
int quota_apply(struct store *s, const struct quota_wish *wish, struct why *why);

#endif
