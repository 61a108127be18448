/* SPDX-License-Identifier: MIT */
/*
 * Names of a sqlitefs: rows of dentry, and the cache that keeps looking them up out of SQL.
 *
 * The cache knows names that exist and names that don't (ino 0), for each file is looked up
 * before it is made.
 */
#ifndef FSDRIVERS_SQLITEFS_NAME_H
#define FSDRIVERS_SQLITEFS_NAME_H

#include "fsdrivers/fspath.h"
#include "fsdrivers/sqlitefs/store.h"

/** What a name stands for. */
struct target {
    uint64_t ino;  /* 0: nothing */
    uint32_t mode; /* type bits only, S_IFMT */
};

/** Look a name up; a free one is ino 0. Returns 0, -errno. */
int name_get(struct store *s, uint64_t dir, struct fsname name, struct target *out);

/** Add a name that is free, let one name something else, remove one: inside a change. 0, -errno. */
int name_add(struct store *s, uint64_t dir, struct fsname name, struct target target);
int name_set(struct store *s, uint64_t dir, struct fsname name, struct target target);
int name_remove(struct store *s, uint64_t dir, struct fsname name);

/** Whether a directory has no names. Returns 1 empty, 0 not, -errno. */
int name_none(struct store *s, uint64_t dir);

/**
 * Give every entry of a directory to a callback. No statement is open while it runs: the
 * directory may change under it.
 * Returns   0, the callback's first result that is not 0, -errno.
 */
int name_each(struct store *s, uint64_t dir, fs_readdir_fn callback, void *user);

/** Forget cached names when there are many; forget all. */
void names_trim(struct store *s);
void names_drop(struct store *s);

/** The hash that orders entries: FNV-1a of 64 bits, its top bit cleared. Part of the format. */
int64_t name_hash(struct fsname name);

#endif
