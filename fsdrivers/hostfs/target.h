/* SPDX-License-Identifier: MIT */
/* The files of the host that the slots of hostfs work on. */
#ifndef FSDRIVERS_HOSTFS_TARGET_H
#define FSDRIVERS_HOSTFS_TARGET_H

#include "fsdrivers/fsdriver.h"
#include "server/base/list.h"

struct hostfs {
    struct fs fs;
    struct hostfile *source; /* owned; its file is the directory */
    bool writable;
    bool is_root;  /* the daemon's user is root: it may give files away */
    uint32_t open; /* files and directories, HOSTFS_FILES_MAX at most */
};

static inline struct hostfs *hostfs_of(struct fs *fs)
{
    return container_of(fs, struct hostfs, fs);
}

/** A file that a slot works on. */
struct target {
    int fd;
    bool own; /* closed by target_done() */
};

/**
 * Find what a slot was given.
 * @file     an open file, whose descriptor is used; NULL: the file of @path, as O_PATH.
 * @out      target_done(), on success only.
 * Returns   0, or as beneath_find().
 */
int target_find(const struct hostfs *h, const struct fs_caller *who, const char *path,
                const struct fs_file *file, struct target *out);

/** target_find() for a slot that always blocks: FS_WOULD_WAIT where the caller has `nowait` set. */
int target_find_blocking(const struct hostfs *h, const struct fs_caller *who, const char *path,
                         const struct fs_file *file, struct target *out);

/** target_find(), opened to read or write its content. @flags of open(2). Returns, too, -EISDIR; -EINVAL no
 * regular file; other -errno of beneath_reopen(). */
int target_content(const struct hostfs *h, const struct fs_caller *who, const char *path,
                   const struct fs_file *file, int flags, struct target *out);

/** Open a target of O_PATH to read or write its content. Returns 0, -errno: it is to be done with. */
int target_open(struct target *t, int flags);

/** Why a file is not opened for its content: 0 it may be; -EISDIR, -ELOOP, -ENXIO no regular file; -EIO. */
int target_refuse(int fd);

void target_done(const struct target *t);

#endif
