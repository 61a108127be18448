/* SPDX-License-Identifier: MIT */
/*
 * The quota stored in the file: meta.quota_bytes, which holds for every mount. `generic` applies it
 * (fs.quota_bytes), together with the quota of the mount's own options.
 */
#ifndef FSDRIVERS_SQLITEFS_QUOTA_H
#define FSDRIVERS_SQLITEFS_QUOTA_H

#include "fsdrivers/sqlitefs/store.h"

/** QUOTA_AUTO: this part (1/N) of the disk's free space, between these limits. */
enum { QUOTA_AUTO_PART = 10, QUOTA_AUTO_MIN = 64 * 1024, QUOTA_AUTO_MAX = 1 << 30 };

/** The option quota=. */
struct quota_option {
    enum {
        QUOTA_KEPT, /* not given: the file's own */
        QUOTA_AUTO, /* the file's own; if it has none, a part of the free space */
        QUOTA_SET,  /* @bytes from now on; 0: none */
    } kind;
    uint64_t bytes;
};

/** Read a value of the option. Returns 0; -EINVAL with the reason. */
int quota_read(const char *value, struct quota_option *out, struct why *why);

/**
 * Set fs.quota_bytes; store a new quota in the file, unless it is readonly.
 * @s        its totals are counted.
 * @why      receives a sentence, with 0 as the answer, if the file holds more than the new quota:
 *           then its present size becomes the quota.
 * Returns   0; -EIO the stored quota is invalid; as store_begin().
 */
int quota_apply(struct store *s, const struct quota_option *option, struct why *why);

#endif
