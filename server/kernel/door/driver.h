/* SPDX-License-Identifier: MIT */
/*
 * Calling drivers: the only way from the kernel into a driver's code.
 *
 *     handler ── vfs, open_file, mapped … ── driver_read(mount, …) ── run() ── fs->ops->read()
 *
 * Only driver.c calls slots; it and layer.c, which gives slots to other drivers, include fs_ops.h. tests/layering
 * checks it. Each slot has a function here, which
 * packs the arguments into a struct slot_call and passes it to run() with a one-line function that
 * unpacks them and calls the slot. run() is the place for what concerns every slot, such as running
 * it on another thread while the machine stands still; callers do not notice.
 * All slots share one struct, because a slot on another thread must own its arguments, and so they
 * are copied in one place.
 *
 * A slot may lead back here: the callback of readdir() looks up entries, and a driver whose image
 * is an open file reads it through another mount. run() must run such an inner slot on the thread
 * of the outer one.
 *
 * Each function has the parameters and the answers of its slot (fs_ops.h). No slot is empty,
 * because `generic` fills it.
 */
#ifndef SERVER_KERNEL_DOOR_DRIVER_H
#define SERVER_KERNEL_DOOR_DRIVER_H

#include "fsdrivers/fsdriver.h"

struct mount;

/** Make an instance, which becomes @m's. Returns as registry_open(). */
int driver_open_source(struct mount *m, const char *driver, const struct fs_open *req);

/* Files by name. */
int driver_mknod(struct mount *m, const struct fs_caller *who, const char *path, uint32_t mode);
int driver_mkdir(struct mount *m, const struct fs_caller *who, const char *path, uint32_t mode);
int driver_symlink(struct mount *m, const struct fs_caller *who, const char *target,
                   const char *path);
int driver_link(struct mount *m, const struct fs_caller *who, const char *from, const char *to);
int driver_unlink(struct mount *m, const struct fs_caller *who, const char *path);
int driver_rmdir(struct mount *m, const struct fs_caller *who, const char *path);
int driver_rename(struct mount *m, const struct fs_caller *who, const char *from, const char *to,
                  enum fs_rename_type type);
int64_t driver_readlink(struct mount *m, const struct fs_caller *who, const char *path, char *buf,
                        size_t size);

/* Files by name or by handle. */
int driver_getattr(struct mount *m, const struct fs_caller *who, const char *path,
                   struct fs_stat *out, struct fs_file *file);
int driver_chown(struct mount *m, const struct fs_caller *who, const char *path, uint32_t uid,
                 uint32_t gid, struct fs_file *file);
int driver_chmod(struct mount *m, const struct fs_caller *who, const char *path, uint32_t mode,
                 struct fs_file *file);
int driver_truncate(struct mount *m, const struct fs_caller *who, const char *path, uint64_t size,
                    struct fs_file *file);
int driver_fallocate(struct mount *m, const struct fs_caller *who, const char *path,
                     const struct fs_space *space, struct fs_file *file);
int driver_utimens(struct mount *m, const struct fs_caller *who, const char *path, int64_t atime,
                   int64_t mtime, struct fs_file *file);
int64_t driver_read(struct mount *m, const struct fs_caller *who, const char *path,
                    struct fs_buf buf, int64_t off, struct fs_file *file);
int64_t driver_write(struct mount *m, const struct fs_caller *who, const char *path,
                     struct fs_bytes bytes, int64_t off, struct fs_file *file);
int driver_readdir(struct mount *m, const struct fs_caller *who, const char *path,
                   fs_readdir_fn callback, void *user, struct fs_file *file);
int64_t driver_ioctl(struct mount *m, const struct fs_caller *who, const char *path,
                     uint32_t command, struct fs_buf data, struct fs_file *file);
bool driver_poll(struct mount *m, const struct fs_caller *who, const char *path, bool write,
                 struct fs_file *file);

/* Handles, of files and of directories. */
int driver_open(struct mount *m, const struct fs_caller *who, const char *path,
                struct fs_file *file);
int driver_fsync(struct mount *m, const struct fs_caller *who, const char *path, bool data_only,
                 struct fs_file *file);
int driver_close(struct mount *m, const struct fs_caller *who, const char *path,
                 struct fs_file *file);
int driver_opendir(struct mount *m, const struct fs_caller *who, const char *path,
                   struct fs_file *file);
int driver_fsyncdir(struct mount *m, const struct fs_caller *who, const char *path, bool data_only,
                    struct fs_file *file);
int driver_closedir(struct mount *m, const struct fs_caller *who, const char *path,
                    struct fs_file *file);

/* The filesystem. One slot has no function here, lookup: the kernel knows files by their names. For what the machine does by itself there is no caller to be given. */
int driver_statfs(struct mount *m, const struct fs_caller *who, struct fs_statfs *out);
int driver_add_source(struct mount *m, const struct fs_open *req);
int driver_sync(struct mount *m, const struct fs_caller *who);
int driver_commit(struct mount *m);
void driver_tidy(struct mount *m);

/** Ask the slot that runs on another thread to end soon. Thread-safe. */
void driver_interrupt(struct fs *fs);

/** Destroy @m's instance. @why receives what could not be stored. */
void driver_destroy(struct mount *m, struct why *why);

#endif
