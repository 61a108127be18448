/* SPDX-License-Identifier: MIT */
/*
 * How SQLite reaches the files of one store: through its hostfile (server/base/hostfile.h), never
 * by a path that can be changed to lead elsewhere.
 *
 * SQLite works with names. The name of a database is "/proc/self/fd/N/x.db" here, and N is the
 * hostfile's directory: whatever SQLite examines or removes by name is in that directory. It opens
 * files through a function of ours instead of open() (sqlite3_vfs.xSetSystemCall, for the whole
 * process). For names below /proc/self/fd/ that function opens the hostfile itself, a side file that
 * hostfile_open_beside() accepts, or the directory, and nothing else; for all other names, which no
 * store asks for, it calls open(). SQLite's own list of VFSs tells which store N belongs to: each
 * store registers a VFS "scbox-N" over the default one.
 *
 * SQLite takes names from files too: a journal may name one of a transaction over several databases,
 * which SQLite opens, and removes. So a method accepts what its row says, and refuses the rest:
 *
 *     xOpen           the database as MAIN_DB, -journal as MAIN_JOURNAL, -wal as WAL; no temporary
 *                     files, none of a transaction over several databases: else SQLITE_CANTOPEN
 *     xDelete         -journal, -wal: else SQLITE_IOERR_DELETE
 *     xAccess         the database and its side files: else SQLITE_IOERR_ACCESS, and `refused`
 *     xFullPathname   any name, as it is: the methods above judge it
 *     xSleep          any time, cut to what the statement has left (`sleep_us`)
 *     xShmMap         (of files) opens -shm through our open()
 *     xRandomness, xCurrentTime, xGetLastError, xDl…   the default's; no extension is loaded
 *
 * Side files are made with mode 0600 and stay so, whatever mode the database has: whoever can read
 * the index can lock it. Those that are there must be as safe as the database (FORMAT.md).
 */
#ifndef FSDRIVERS_SQLITEFS_DB_VFS_H
#define FSDRIVERS_SQLITEFS_DB_VFS_H

#include "server/base/hostfile.h"

#include <sqlite3.h>

/** What SQLite and lock.c put beside a database. */
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
    int *sleep_us;  /* borrowed; what SQLite may still sleep in the statement that runs */
    int refused;    /* why a side file was not opened: -errno, 0 none was refused */
    struct why why; /* and the reason */
};

/**
 * Register a VFS for a hostfile.
 * @hostfile    borrowed until vfs_free().
 * @sleep_us borrowed likewise; what SQLite sleeps is taken off it, and it does not sleep at 0.
 * @out      returned; vfs_free(), when its connection is closed.
 * Returns   0, -ENOMEM.
 */
int vfs_new(struct hostfile *hostfile, int *sleep_us, struct vfs **out);

/** NULL is ignored. */
void vfs_free(struct vfs *v);

/** Whether an index is this user's alone: nobody else can lock it, read it or cut it short. */
bool vfs_is_own_index(const struct stat *st);

/** Whether a name ends like a side file's. */
bool vfs_is_side_name(const char *name);

#endif
