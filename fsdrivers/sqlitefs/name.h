/* SPDX-License-Identifier: MIT */
/*
 * Names of a sqlitefs: rows of dentry, and a cache that saves looking them up by SQL.
 *
 * The cache has missing names, too (ino 0): every file is looked up before it is made.
 */
#ifndef FSDRIVERS_SQLITEFS_NAME_H
#define FSDRIVERS_SQLITEFS_NAME_H

#include "fsdrivers/fspath.h"
#include "fsdrivers/sqlitefs/store.h"

/** What a name refers to. */
struct target {
    uint64_t ino;  /* 0: nothing */
    uint32_t mode; /* type bits only, S_IFMT */
};

/** Look up a name; ino 0: it is free. Returns 0, -errno. */
int name_get(struct store *s, uint64_t dir, struct fsname name, struct target *out);

/** Inside a change: add a free name, change what a name refers to, remove a name. 0, -errno. */
int name_add(struct store *s, uint64_t dir, struct fsname name, struct target target);
int name_set(struct store *s, uint64_t dir, struct fsname name, struct target target);
int name_remove(struct store *s, uint64_t dir, struct fsname name);

/** Whether a directory is empty. Returns 1 if it is, 0 if not, -errno. */
int name_none(struct store *s, uint64_t dir);

/**
 * Call @callback for every entry of a directory. No statement is open meanwhile, so the directory
 * may change.
 * Returns   0, the callback's first non-zero result, -errno.
 */
int name_each(struct store *s, uint64_t dir, fs_readdir_fn callback, void *user);

/** Free cached names if there are many; free all. */
void names_trim(struct store *s);
void names_drop(struct store *s);

/** The hash that orders entries: FNV-1a of 64 bits, its top bit cleared. Part of the format. */
int64_t name_hash(struct fsname name);

#endif
