/* SPDX-License-Identifier: MIT */
/* Paths of a sqlitefs: the walk from a path to an inode, and the slots that change names; xattr.c's slots. */
#ifndef FSDRIVERS_SQLITEFS_TREE_H
#define FSDRIVERS_SQLITEFS_TREE_H

#include "fsdrivers/sqlitefs/inode.h"

/**
 * Find the inode of a file: by its handle if there is one, else by its path.
 * @path     borrowed; may be NULL with @file.
 * @file     borrowed; NULL if the file is not open.
 * @out      borrowed until the slot returns or a change fails.
 * Returns   0; -ENOENT, -ENOTDIR, -ELOOP, -ESTALE the handle's file was lost, -errno.
 */
int inode_of(struct store *s, const char *path, const struct fs_file *file, struct inode **out);

/* Slots of struct fs_ops. */
int sqlitefs_mknod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode);
int sqlitefs_mkdir(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode);
int sqlitefs_symlink(struct fs *fs, const struct fs_caller *who, const char *target,
                     const char *path);
int sqlitefs_link(struct fs *fs, const struct fs_caller *who, const char *from, const char *to);
int sqlitefs_unlink(struct fs *fs, const struct fs_caller *who, const char *path);
int sqlitefs_rmdir(struct fs *fs, const struct fs_caller *who, const char *path);
int sqlitefs_rename(struct fs *fs, const struct fs_caller *who, const char *from, const char *to,
                    enum fs_rename_type type);

/* xattr.c */

/** Remove all attributes of an inode, inside a change. Returns 0, -errno. */
int xattrs_remove(struct store *s, const struct inode *i);

/* Its slots. */
int sqlitefs_setxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                      const struct fs_xattr *attr, struct fs_file *file);
int64_t sqlitefs_getxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                          const char *name, struct fs_buf buf, struct fs_file *file);
int64_t sqlitefs_listxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                           struct fs_buf buf, struct fs_file *file);
int sqlitefs_removexattr(struct fs *fs, const struct fs_caller *who, const char *path,
                         const char *name, struct fs_file *file);

#endif
