/* SPDX-License-Identifier: MIT */
/*
 * Inodes in memory. Each is loaded once and stays while a handle or the cache holds it.
 *
 * Inside a change, inode_touch() marks an inode; store_end() stores all marked ones. When a change
 * fails it is undone, and held inodes are read again: one whose row went with it is `gone`, and its
 * handles answer -ESTALE.
 *
 * The result of inode_get() is borrowed and valid until the slot returns or a change fails.
 */
#ifndef FSDRIVERS_SQLITEFS_INODE_H
#define FSDRIVERS_SQLITEFS_INODE_H

#include "fsdrivers/fshash.h"
#include "fsdrivers/sqlitefs/store.h"

enum { INO_ROOT = 1, INO_RESERVE = 1024 };

/** The largest number that fits a chunk's id. */
#define INO_MAX (((int64_t)1 << 39) - 1)

struct inode {
    UT_hash_handle hh;
    struct fs_stat stat; /* ino is the key; blocks as stored */
    int64_t gen, flags, version;
    struct list dirty; /* in store->dirty; linked while changed */
    uint32_t refs;     /* handles */
    bool used;         /* since the cache was last trimmed */
    bool gone;
};

/** Get an inode: inode_get() one that must exist (-EIO if not), inode_find() one of any number
 * (-ESTALE if not). Returns 0; -EIO also for a row that no inode can have; -ENOMEM. */
int inode_get(struct store *s, uint64_t ino, struct inode **out);
int inode_find(struct store *s, uint64_t ino, struct inode **out);

/**
 * Make an inode of @who inside a change. Its link count is already that of an inode with one name,
 * which the caller adds.
 * @size     bytes; of a link: length of its target.
 * @out      borrowed.
 * Returns   0, -ENOSPC, -errno.
 */
int inode_new(struct store *s, const struct fs_caller *who, uint32_t mode, uint64_t size,
              struct inode **out);

/** Stamp and mark an inode inside a change of its status, or of its content too. */
void inode_touch(struct store *s, struct inode *i);
void inode_touch_content(struct store *s, struct inode *i);

/** Remove an inode and its content, inside a change; it must have no name and no handle. */
int inode_remove(struct store *s, struct inode *i);

/** Remove an orphan without handles, in a separate change. */
int inode_remove_orphan(struct store *s, struct inode *i);

/**
 * Remove a name of an inode inside a change. With the last name the inode is removed, or becomes an
 * orphan while open.
 */
int inode_unname(struct store *s, struct inode *i);

/**
 * Read columns of SQL_INODE_GET's order, from @at on.
 * @out      its number is set; the rest is filled.
 * Returns   0; -EIO no inode can have these values: @out is undefined.
 */
int inode_read_columns(sqlite3_stmt *q, int at, struct inode *out);

/** Store all marked inodes. Returns 0, -errno. */
int inodes_flush(struct store *s);

/** Free inodes without handles, if there are many. */
void inodes_trim(struct store *s);

/** After a change was undone: free inodes without handles, and read the others again. */
void inodes_reload(struct store *s);

/** Free all. */
void inodes_drop(struct store *s);

#endif
