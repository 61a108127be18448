/* SPDX-License-Identifier: MIT */
/* Slots of hostfs (fs_ops.h) that change names, and what files are. They always wait. */
#ifndef FSDRIVERS_HOSTFS_NAMES_H
#define FSDRIVERS_HOSTFS_NAMES_H

#include "fsdrivers/fsdriver.h"

int hostfs_mknod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode);
int hostfs_mkdir(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode);
int hostfs_symlink(struct fs *fs, const struct fs_caller *who, const char *target,
                   const char *path);
int hostfs_unlink(struct fs *fs, const struct fs_caller *who, const char *path);
int hostfs_rmdir(struct fs *fs, const struct fs_caller *who, const char *path);
int hostfs_rename(struct fs *fs, const struct fs_caller *who, const char *from, const char *to,
                  enum fs_rename_type type);
int hostfs_link(struct fs *fs, const struct fs_caller *who, const char *from, const char *to);
int hostfs_chown(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t uid,
                 uint32_t gid, struct fs_file *file);
int hostfs_chmod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode,
                 struct fs_file *file);
int hostfs_utimens(struct fs *fs, const struct fs_caller *who, const char *path, int64_t atime,
                   int64_t mtime, struct fs_file *file);
int hostfs_truncate(struct fs *fs, const struct fs_caller *who, const char *path, uint64_t size,
                    struct fs_file *file);
int hostfs_fallocate(struct fs *fs, const struct fs_caller *who, const char *path,
                     const struct fs_space *space, struct fs_file *file);

#endif
