/* SPDX-License-Identifier: MIT */
/*
 * Paths beneath a directory of the host.
 *
 * Every path is walked by openat2(2) from the directory, which stays open: no "..", no link and no mount
 * point leads out of it, whatever others rename meanwhile. What is found is a descriptor of O_PATH: nothing
 * was opened, so no FIFO, device or socket of the host has noticed anything.
 *
 * All functions return 0 or a descriptor, or an errno that hostfs may answer (beneath_error()).
 */
#ifndef FSDRIVERS_HOSTFS_BENEATH_H
#define FSDRIVERS_HOSTFS_BENEATH_H

#include <limits.h>
#include <stdbool.h>

/** What to answer for an errno of the host: itself, where slots have it, or -EIO. */
int beneath_error(int host_errno);

/** What to answer for the result of a call of the host, and for errno where it is negative. */
int beneath_answer(int result);

/**
 * Find a file, a link at the end included.
 * @root     descriptor of the directory.
 * @path     canonical and absolute, as slots get it.
 * @nowait   only what the host has in memory.
 * Returns   a descriptor of O_PATH; FS_WOULD_WAIT; -ENOENT, -ENOTDIR, -ELOOP a link on the way, -EACCES the
 *           daemon may not, or a mount point, -EMFILE, -EIO.
 */
int beneath_find(int root, const char *path, bool nowait);

/** A name in a directory, for what makes and unmakes names. */
struct beneath_name {
    int dir; /* O_PATH; -1 none */
    char name[NAME_MAX + 1];
};

/** Find the directory that has a name, or shall have it. @out beneath_name_done(). Returns 0, and as
 * beneath_find(); -EBUSY the root has no name. */
int beneath_parent(int root, const char *path, struct beneath_name *out);

/** Harmless on what beneath_parent() refused. */
void beneath_name_done(struct beneath_name *n);

/** Open anew what a descriptor stands for. @flags of open(2); O_NONBLOCK and O_CLOEXEC are added, and
 * O_NOATIME where the daemon may. Returns a descriptor, -errno. */
int beneath_reopen(int fd, int flags);

#endif
