/* SPDX-License-Identifier: MIT */
/*
 * The store of a sqlitefs: its connection, its caches, and the life of a change.
 *
 * A **change** is one operation. It is atomic: store_begin() opens a savepoint, store_end()
 * releases it, or rolls it back if the operation failed. Changes gather in a **group**, one
 * transaction of SQLite:
 *
 *     store_begin ... store_end   store_begin ... store_end   store_commit
 *     |----- change 1 --------|   |----- change 2 --------|
 *     BEGIN ................................................. COMMIT    (fs.pending between)
 *
 * The owner that watches fs.pending commits a group; so does the store itself at GROUP_OPS_MAX
 * changes or GROUP_BYTES_MAX bytes, and store_sync(), which then makes the log durable. So a killed
 * process loses at most the open group, and never a part of a change.
 *
 * If a commit fails (the disk is full or broken), SQLite rolls back the group. The store then shows
 * the last commit, is read-only (`broken`), and every later sync reports the error. To avoid that
 * on a full disk, store_begin() refuses growth that might not fit, with -ENOSPC: room.h.
 *
 * Another process may hold the write lock, like a shell in a transaction. A group meets it at its
 * beginning, when nothing can be lost: the change is refused with -EBUSY after a wait of a
 * millisecond, which is not repeated until the lock was taken once. A group that has begun has the
 * lock and can be committed. Files that should be removed at close meanwhile are removed later
 * (`late`).
 *
 * Caches belong to the transaction: undoing a change drops the names and reloads held inodes.
 *
 * Sample, of a slot that changes something:
 *
 *     err = store_begin(s, 0);
 *     if (err < 0)
 *         return err;
 *     err = name_add(s, dir, name, ino, type);
 *     return store_end(s, err);              on failure, pointers into the caches are stale
 */
#ifndef FSDRIVERS_SQLITEFS_STORE_H
#define FSDRIVERS_SQLITEFS_STORE_H

#include "fsdrivers/fsdriver.h"
#include "fsdrivers/sqlitefs/db/db.h"
#include "fsdrivers/sqlitefs/db/lock.h"
#include "fsdrivers/sqlitefs/room.h"
#include "server/base/list.h"

#include <stdbool.h>

struct inode;
struct cached_name;
struct hostfile;
struct vfs;

enum {
    GROUP_OPS_MAX = 1000,
    GROUP_BYTES_MAX = 8 * 1024 * 1024,
    INODE_CACHE_MAX = 16384, /* inodes without handles */
    NAME_CACHE_MAX = 65536,
};

/** When changes are durable: the option sync=. */
enum sync_mode {
    SYNC_GROUP,  /* when fsync says so */
    SYNC_ALWAYS, /* when the operation returns */
    SYNC_NONE,   /* whenever the host's kernel writes them */
};

/** Totals of the whole store; undone with the change that altered them. */
struct totals {
    uint64_t bytes;     /* sizes of all regular files */
    uint64_t inodes;    /* the root included */
    uint64_t ino_limit; /* numbers below it are reserved in meta: a crash does not reuse them */
};

struct group {
    bool open;
    uint32_t ops;       /* changes in it */
    uint64_t bytes;     /* of content in it */
    uint64_t cost;      /* the most bytes of log it writes */
    struct totals save; /* the totals before it */
};

struct store {
    struct fs fs;
    struct fs_env env;
    struct fs_caller maker; /* of the instance: owns the root of a new file */
    struct db db;
    struct lock lock;
    struct hostfile *hostfile; /* of the database; borrowed by all but destroy() */
    struct vfs *vfs;           /* owned; SQLite's way to it */
    char *path;                /* owned; of the database, for people */
    bool readonly;
    bool immutable; /* read without lock and log: they can't be written, or others may write */
    bool exclusive; /* others can write to the file: share no memory with them */
    bool mounted;   /* all checks passed: it may be marked as closed cleanly */
    enum sync_mode sync;

    struct group group;
    struct room room;
    struct totals totals;
    struct totals save; /* the totals before the open change */
    uint64_t ino_next;  /* never undone, so that no number is reused */
    bool clean;         /* meta says that the file was closed cleanly */
    bool unsynced;      /* a commit may not be durable */
    bool late;          /* orphans are to be removed: another process had the write lock */
    bool damaged;       /* a row was found that is unusable */
    int broken;         /* the error that made it read-only; 0: none */

    struct inode *inodes;      /* uthash by number */
    struct list dirty;         /* struct inode.dirty: stored before the change ends */
    struct cached_name *names; /* uthash by directory and name */

    int64_t pages; /* of the file, at opening */
    uint32_t chunk_shift;
    unsigned char *scratch; /* owned; one chunk */
    sqlite3_blob *blob;     /* a chunk being read, kept for the next read; or NULL */
};

/** The store that an instance is embedded in. */
static inline struct store *store_of(struct fs *fs)
{
    return container_of(fs, struct store, fs);
}

/** The time for stamps. */
int64_t store_now(const struct store *s);

/**
 * Begin a change.
 * @bytes    content it adds; 0 if it must work on a full disk (removing).
 * Returns   0; -EROFS, -ENOSPC, -EBUSY another process holds the write lock, -EIO.
 */
int store_begin(struct store *s, uint64_t bytes);

/**
 * End a change: keep it if @err is 0 or positive, else undo all of it.
 * Returns   @err, or the error of keeping it.
 */
int store_end(struct store *s, int err);

/** Commit the open group, if any. Returns 0, or the error that made the store read-only. */
int store_commit(struct store *s);

/**
 * Commit, and return when everything is durable. Returns 0, -EIO, -ENOSPC, also for earlier
 * commits.
 */
int store_sync(struct store *s);

/** Read totals from the tables, in at most @steps of db_allow(). Returns 0, -errno. */
int store_count(struct store *s, int64_t steps);

/**
 * One step of deferred work: remove orphans, checkpoint the log, or truncate it, so that in the end
 * the file alone has everything. fs.untidy says whether there is more.
 */
void store_tidy(struct store *s);

/** Commit, mark the file as closed cleanly, and free everything except the struct. */
void store_close(struct store *s, struct why *why);

#endif
