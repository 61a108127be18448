/* SPDX-License-Identifier: MIT */
/*
 * SQLite's access to the files of a store: through its hostfile (server/base/hostfile.h), never by
 * a path, which could be changed to lead elsewhere.
 *
 * SQLite works with names. Here a database is named "/proc/self/fd/N/x.db", where N is the
 * hostfile's directory, so all that SQLite examines or removes by name is in that directory. SQLite
 * opens files by our function instead of open() (sqlite3_vfs.xSetSystemCall, for the whole
 * process). For names below /proc/self/fd/ it opens only the hostfile itself, a side file that
 * hostfile_open_beside() accepts, or the directory; other names, which no store uses, go to open().
 * SQLite's list of VFSs says which store N belongs to: each store registers a VFS "scbox-N" over
 * the default one.
 *
 * SQLite also reads names from files: a journal may name one of a transaction over several
 * databases, which SQLite opens and removes. So a method accepts what its row says, and refuses the
 * rest:
 *
 *     xOpen           the database as MAIN_DB, -journal as MAIN_JOURNAL, -wal as WAL, no others:
 *                     else SQLITE_CANTOPEN
 *     xDelete         -journal, -wal: else SQLITE_IOERR_DELETE
 *     xAccess         the database and its side files: else SQLITE_IOERR_ACCESS, and `refused`
 *     xFullPathname   any name, unchanged: the methods above check it
 *     xSleep          any time, cut to what the statement has left (`sleep_us`)
 *     xShmMap         (of files) opens -shm through our open()
 *     xRandomness, xCurrentTime, xGetLastError, xDl…   the default's; no extension is loaded
 *
 * Side files are created with mode 0600 and keep it, whatever the database's mode: a user who can
 * read the index can lock it. Existing ones must be as safe as the database (FORMAT.md).
 */
#ifndef FSDRIVERS_SQLITEFS_DB_VFS_H
#define FSDRIVERS_SQLITEFS_DB_VFS_H

#include "server/base/hostfile.h"

#include <sqlite3.h>

/** The files that SQLite and lock.c make beside a database. */
#define VFS_LOG "-wal"
#define VFS_INDEX "-shm"
#define VFS_JOURNAL "-journal"
#define VFS_LOCK "-lock"

enum { VFS_NAME_SIZE = 24 };

struct vfs {
    sqlite3_vfs base;
    char name[VFS_NAME_SIZE];
    char *file; /* owned; the database's name for SQLite */
    struct hostfile *hostfile;
    int *sleep_us;  /* borrowed; time that SQLite may still sleep in the running statement */
    int refused;    /* why a side file was not opened: -errno; 0: none was refused */
    struct why why; /* its reason */
};

/**
 * Register a VFS for a hostfile.
 * @hostfile    borrowed until vfs_free().
 * @sleep_us borrowed until then; reduced by each sleep of SQLite's, which does not sleep at 0.
 * @out      returned; vfs_free(), after its connection was closed.
 * Returns   0, -ENOMEM.
 */
int vfs_new(struct hostfile *hostfile, int *sleep_us, struct vfs **out);

/** NULL is ignored. */
void vfs_free(struct vfs *v);

/** Whether an index is this user's alone: no other user can lock, read or truncate it. */
bool vfs_is_own_index(const struct stat *st);

/** Whether a name ends in the suffix of a side file. */
bool vfs_is_side_name(const char *name);

#endif
