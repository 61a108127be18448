/* SPDX-License-Identifier: MIT */
/* Paths of a ramfs: the walk from a path to a node, and the slots that change names. */
#ifndef FSDRIVERS_RAMFS_NAMES_H
#define FSDRIVERS_RAMFS_NAMES_H

#include "fsdrivers/ramfs/node.h"

/**
 * Find the node of a file: by its handle if there is one, else by its path.
 * @path     borrowed; may be NULL with @file.
 * @file     borrowed; NULL if the file is not open.
 * @out      borrowed from the tree.
 * Returns   0; -ENOENT, -ENOTDIR, -ELOOP.
 */
int node_of(const struct ramfs *r, const char *path, const struct fs_file *file, struct node **out);

/** Add all devices to the root. Returns 0, -ENOSPC. */
int devices_add(struct ramfs *r, const struct fs_caller *who);

/* Slots of struct fs_ops. */
int ramfs_mknod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode);
int ramfs_mkdir(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode);
int ramfs_symlink(struct fs *fs, const struct fs_caller *who, const char *target, const char *path);
int ramfs_link(struct fs *fs, const struct fs_caller *who, const char *from, const char *to);
int ramfs_unlink(struct fs *fs, const struct fs_caller *who, const char *path);
int ramfs_rmdir(struct fs *fs, const struct fs_caller *who, const char *path);
int ramfs_rename(struct fs *fs, const struct fs_caller *who, const char *from, const char *to,
                 enum fs_rename_type type);

#endif
