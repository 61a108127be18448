/* SPDX-License-Identifier: MIT */
/* The extended attributes of ramfs's files: a list of a node, and its four slots. */
#ifndef FSDRIVERS_RAMFS_XATTR_H
#define FSDRIVERS_RAMFS_XATTR_H

#include "fsdrivers/ramfs/node.h"

/** Free all attributes of a node. */
void xattrs_free(struct ramfs *r, struct node *n);

/* Slots. */
int ramfs_setxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                   const struct fs_xattr *attr, struct fs_file *file);
int64_t ramfs_getxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                       const char *name, struct fs_buf buf, struct fs_file *file);
int64_t ramfs_listxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                        struct fs_buf buf, struct fs_file *file);
int ramfs_removexattr(struct fs *fs, const struct fs_caller *who, const char *path,
                      const char *name, struct fs_file *file);

#endif
