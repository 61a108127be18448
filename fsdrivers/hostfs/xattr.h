/* SPDX-License-Identifier: MIT */
/* Slots of hostfs (fs_ops.h) for extended attributes: the host's, of the namespace user. */
#ifndef FSDRIVERS_HOSTFS_XATTR_H
#define FSDRIVERS_HOSTFS_XATTR_H

#include "fsdrivers/fsdriver.h"

/** Whether the host's filesystem has attributes in the directory @fd. */
bool xattr_is_there(int fd);

int hostfs_setxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                    const struct fs_xattr *attr, struct fs_file *file);
int64_t hostfs_getxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                        const char *name, struct fs_buf buf, struct fs_file *file);
int64_t hostfs_listxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                         struct fs_buf buf, struct fs_file *file);
int hostfs_removexattr(struct fs *fs, const struct fs_caller *who, const char *path,
                       const char *name, struct fs_file *file);

#endif
