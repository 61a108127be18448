/* SPDX-License-Identifier: MIT */
/*
 * Inodes in memory. Each is loaded once and stays while a handle holds it, else while the cache
 * has room.
 *
 * Inside a change, inode_touch() marks an inode; store_end() stores all marked ones. A failed
 * change is undone, and then held inodes are read again: one whose row is gone with it is `gone`,
 * and its handles answer -ESTALE.
 *
 * What inode_get() returns is borrowed and stays valid until the slot returns, or a change fails.
 */
#ifndef FSDRIVERS_SQLITEFS_INODE_H
#define FSDRIVERS_SQLITEFS_INODE_H

#include "fsdrivers/fshash.h"
#include "fsdrivers/sqlitefs/store.h"

enum { INO_ROOT = 1, INO_RESERVE = 1024 };

/** Numbers past this don't fit a chunk's id. */
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

/** The inode of a number that is to be there, and of any number. Returns 0; -EIO no such row, of any
 * number -ESTALE, or a row that no inode can have; -ENOMEM. */
int inode_get(struct store *s, uint64_t ino, struct inode **out);
int inode_find(struct store *s, uint64_t ino, struct inode **out);

/**
 * Make an inode of @who inside a change. Its link count is that of something with one name, which the
 * caller adds.
 * @size     bytes; of a link: length of its target.
 * @out      borrowed.
 * Returns   0, -ENOSPC, -errno.
 */
int inode_new(struct store *s, const struct fs_caller *who, uint32_t mode, uint64_t size,
              struct inode **out);

/** Stamp and mark an inode inside a change: its status changed, or its content too. */
void inode_touch(struct store *s, struct inode *i);
void inode_touch_content(struct store *s, struct inode *i);

/** Remove an inode with all it has, inside a change; it must have no name and no handle. */
int inode_remove(struct store *s, struct inode *i);

/** Remove an orphan that nobody holds, in a change of its own. */
int inode_remove_orphan(struct store *s, struct inode *i);

/**
 * Take a name away inside a change. The last one removes the inode, or makes it an orphan while
 * open.
 */
int inode_unname(struct store *s, struct inode *i);

/**
 * Read columns of SQL_INODE_GET's order, from @at on.
 * @out      its number is set; the rest is filled.
 * Returns   0; -EIO they are not what an inode can have: @out is undefined.
 */
int inode_read_columns(sqlite3_stmt *q, int at, struct inode *out);

/** Store all marked inodes. Returns 0, -errno. */
int inodes_flush(struct store *s);

/** Forget inodes that nobody holds, when there are many. */
void inodes_trim(struct store *s);

/** After something was undone: forget inodes that nobody holds, and read the others again. */
void inodes_reload(struct store *s);

/** Free all. */
void inodes_drop(struct store *s);

#endif
