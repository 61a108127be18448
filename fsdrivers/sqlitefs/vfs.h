/* SPDX-License-Identifier: MIT */
/*
 * How SQLite reaches the files of one store: through its hostfile (server/base/hostfile.h), never
 * by a path that can be changed to lead elsewhere.
 *
 * SQLite works with names. The name of a database is "/proc/self/fd/N/x.db" here, and N is the
 * hostfile's directory: whatever SQLite examines or removes by name is in that directory. It opens
 * files through a function of ours instead of open() (sqlite3_vfs.xSetSystemCall, for the whole
 * process). For such names that function opens the hostfile itself, or a side file that
 * hostfile_open_beside() accepts; for all other names it calls open(). SQLite's own list of VFSs
 * tells which store N belongs to: each store registers a VFS "scbox-N" over the default one.
 */
#ifndef FSDRIVERS_SQLITEFS_VFS_H
#define FSDRIVERS_SQLITEFS_VFS_H

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
    int refused;    /* why a side file was not opened: -errno, 0 none was refused */
    struct why why; /* and the reason */
};

/**
 * Register a VFS for a hostfile.
 * @hostfile    borrowed until vfs_free().
 * @out      returned; vfs_free(), when its connection is closed.
 * Returns   0, -ENOMEM.
 */
int vfs_new(struct hostfile *hostfile, struct vfs **out);

/** NULL is ignored. */
void vfs_free(struct vfs *v);

/** Whether a name ends like a side file's. */
bool vfs_is_side_name(const char *name);

#endif
