/* SPDX-License-Identifier: MIT */
/* The wrapper, for its slots: those on open files are in files.c, the others in generic.c. */
#ifndef FSDRIVERS_GENERIC_SLOTS_H
#define FSDRIVERS_GENERIC_SLOTS_H

#include "fsdrivers/fs_ops.h"
#include "server/base/list.h"

#include <errno.h>

struct generic {
    struct fs fs;
    struct fs *inner; /* owned */
    struct fs_config config;
    struct fs_env env;
    uint32_t descriptors; /* counted in env */
};

/** Call a slot of the inner instance; an empty one is answered here. */
#define INNER(g, slot, ...)                                                                        \
    ((g)->inner->ops->slot != NULL ? (g)->inner->ops->slot((g)->inner, __VA_ARGS__) : -ENOSYS)

static inline struct generic *generic_of(struct fs *fs)
{
    return container_of(fs, struct generic, fs);
}

/** End an operation that may have been gathered: copy the inner `pending` and `untidy`. */
static inline int changed(struct generic *g, int result)
{
    g->fs.pending = g->inner->pending;
    g->fs.untidy = g->inner->untidy;
    return result;
}

/** What `readonly` says. */
static inline int may_change(const struct generic *g)
{
    return g->config.readonly ? -EROFS : 0;
}

/** Check that a file may have @size bytes. With FS_O_APPEND @size is added to the end. */
int may_grow(struct generic *g, const struct fs_caller *who, const char *path, struct fs_file *file,
             uint64_t size, bool append);

/** Change a status to what `struct fs_config` says. */
void override_stat(const struct generic *g, struct fs_stat *st);

int generic_getattr(struct fs *fs, const struct fs_caller *who, const char *path,
                    struct fs_stat *out, struct fs_file *file);
int generic_lookup(struct fs *fs, const struct fs_caller *who, uint64_t ino, struct fs_stat *out,
                   struct fs_file *file);
int generic_open(struct fs *fs, const struct fs_caller *who, const char *path,
                 struct fs_file *file);
int generic_close(struct fs *fs, const struct fs_caller *who, const char *path,
                  struct fs_file *file);
int generic_opendir(struct fs *fs, const struct fs_caller *who, const char *path,
                    struct fs_file *file);
int generic_closedir(struct fs *fs, const struct fs_caller *who, const char *path,
                     struct fs_file *file);
int64_t generic_read(struct fs *fs, const struct fs_caller *who, const char *path,
                     struct fs_buf buf, int64_t off, struct fs_file *file);
int64_t generic_write(struct fs *fs, const struct fs_caller *who, const char *path,
                      struct fs_bytes bytes, int64_t off, struct fs_file *file);
int generic_fsync(struct fs *fs, const struct fs_caller *who, const char *path, bool data_only,
                  struct fs_file *file);
int generic_fsyncdir(struct fs *fs, const struct fs_caller *who, const char *path, bool data_only,
                     struct fs_file *file);
int64_t generic_ioctl(struct fs *fs, const struct fs_caller *who, const char *path,
                      uint32_t command, struct fs_buf data, struct fs_file *file);
bool generic_poll(struct fs *fs, const struct fs_caller *who, const char *path, bool write,
                  struct fs_file *file);
int generic_fallocate(struct fs *fs, const struct fs_caller *who, const char *path,
                      const struct fs_space *space, struct fs_file *file);
int64_t generic_seek(struct fs *fs, const struct fs_caller *who, const char *path, int64_t off,
                     enum fs_seek what, struct fs_file *file);

/* xattr.c */
int generic_setxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                     const struct fs_xattr *attr, struct fs_file *file);
int64_t generic_getxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                         const char *name, struct fs_buf buf, struct fs_file *file);
int64_t generic_listxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_buf buf, struct fs_file *file);
int generic_removexattr(struct fs *fs, const struct fs_caller *who, const char *path,
                        const char *name, struct fs_file *file);

#endif
