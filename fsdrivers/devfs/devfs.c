/* SPDX-License-Identifier: MIT */
/*
 * devfs: the devices of a machine (device.h), as character devices in one directory. Its names
 * never change: every slot that would create, remove, move or resize answers -EROFS, after the
 * errors that the same call meets on any other filesystem (-ENOENT, -EEXIST). Owner, bits and
 * stamps are fixed, too.
 */
#include "fsdrivers/devfs/devfs.h"

#include "fsdrivers/devfs/device.h"
#include "fsdrivers/fs_ops.h"
#include "fsdrivers/fspath.h"
#include "schema/drivers.h"
#include "server/base/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct devfs {
    struct fs fs;
    struct fs_env env;
    int64_t born; /* stamp of all files */
};

/* ---- Lookup. The root is the NULL device, inode 1; device i is inode 2 + i. ---- */

static struct devfs *devfs_of(struct fs *fs)
{
    return container_of(fs, struct devfs, fs);
}

static int find_device(const char *name, const struct device **out)
{
    for (size_t i = 0; i < device_count; i++) {
        if (strcmp(device_table[i].name, name) == 0) {
            *out = &device_table[i];
            return 0;
        }
    }
    return -ENOENT;
}

/* Find the device of a path; NULL for the root. */
static int walk(const char *path, const struct device **out)
{
    const struct device *dev;
    struct fsname first;

    *out = NULL;
    if (fspath_is_root(path))
        return 0;
    if (strchr(path + 1, '/') == NULL)
        return find_device(path + 1, out);
    (void)fspath_next(&path, &first);
    for (size_t i = 0; i < device_count; i++) {
        dev = &device_table[i];
        if (strlen(dev->name) == first.len && memcmp(dev->name, first.ptr, first.len) == 0)
            return -ENOTDIR;
    }
    return -ENOENT;
}

/* walk(), or by the handle if there is one. */
static int device_of(const char *path, const struct fs_file *file, const struct device **out)
{
    if (file == NULL)
        return walk(path, out);
    *out = (const struct device *)(uintptr_t)file->handle;
    return 0;
}

static void fill_stat(const struct devfs *d, const struct device *dev, struct fs_stat *out)
{
    *out = (struct fs_stat){
        .ino = dev == NULL ? 1 : (uint64_t)(dev - device_table) + 2,
        .mode = dev == NULL ? S_IFDIR | 0755u : S_IFCHR | DEVICE_MODE,
        .nlink = dev == NULL ? 2 : 1,
        .rdev = dev == NULL ? 0 : device_number(dev),
        .atime = d->born,
        .mtime = d->born,
        .ctime = d->born,
        .btime = d->born,
    };
}

/* ---- Slots ---- */

static int devfs_getattr(struct fs *fs, const struct fs_caller *who, const char *path,
                         struct fs_stat *out, struct fs_file *file)
{
    const struct device *dev;
    int err = device_of(path, file, &dev);

    (void)who;
    if (err == 0)
        fill_stat(devfs_of(fs), dev, out);
    return err;
}

static int64_t devfs_readlink(struct fs *fs, const struct fs_caller *who, const char *path,
                              char *buf, size_t size)
{
    const struct device *dev;
    int err = walk(path, &dev);

    (void)fs;
    (void)who;
    (void)buf;
    (void)size;
    return err < 0 ? err : -EINVAL;
}

/* Refuse to make a name, with the error it would meet elsewhere first. */
static int refuse_new(const char *path)
{
    const struct device *dev;
    int err = walk(path, &dev);

    if (err == 0)
        return -EEXIST;
    return err == -ENOENT && strchr(path + 1, '/') == NULL ? -EROFS : err;
}

/* Refuse to change a file. */
static int refuse_change(const char *path, const struct fs_file *file)
{
    const struct device *dev;
    int err = device_of(path, file, &dev);

    return err < 0 ? err : -EROFS;
}

static int devfs_mknod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode)
{
    (void)fs;
    (void)who;
    (void)mode;
    return refuse_new(path);
}

static int devfs_symlink(struct fs *fs, const struct fs_caller *who, const char *target,
                         const char *path)
{
    (void)fs;
    (void)who;
    (void)target;
    return refuse_new(path);
}

static int devfs_link(struct fs *fs, const struct fs_caller *who, const char *from, const char *to)
{
    int err = refuse_change(from, NULL);

    (void)fs;
    (void)who;
    return err == -EROFS ? refuse_new(to) : err;
}

static int devfs_unlink(struct fs *fs, const struct fs_caller *who, const char *path)
{
    (void)fs;
    (void)who;
    return fspath_is_root(path) ? -EISDIR : refuse_change(path, NULL);
}

static int devfs_rmdir(struct fs *fs, const struct fs_caller *who, const char *path)
{
    int err = refuse_change(path, NULL);

    (void)fs;
    (void)who;
    if (err != -EROFS)
        return err;
    return fspath_is_root(path) ? -EBUSY : -ENOTDIR;
}

static int devfs_rename(struct fs *fs, const struct fs_caller *who, const char *from,
                        const char *to, enum fs_rename_type type)
{
    (void)fs;
    (void)who;
    (void)to;
    (void)type;
    return fspath_is_root(from) ? -EBUSY : refuse_change(from, NULL);
}

static int devfs_chown(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t uid,
                       uint32_t gid, struct fs_file *file)
{
    (void)fs;
    (void)who;
    (void)uid;
    (void)gid;
    return refuse_change(path, file);
}

static int devfs_chmod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode,
                       struct fs_file *file)
{
    (void)fs;
    (void)who;
    (void)mode;
    return refuse_change(path, file);
}

static int devfs_utimens(struct fs *fs, const struct fs_caller *who, const char *path,
                         int64_t atime, int64_t mtime, struct fs_file *file)
{
    (void)fs;
    (void)who;
    (void)atime;
    (void)mtime;
    return refuse_change(path, file);
}

/* A device has no size: truncating one does nothing, as opening it for writing does. */
static int devfs_truncate(struct fs *fs, const struct fs_caller *who, const char *path,
                          uint64_t size, struct fs_file *file)
{
    const struct device *dev;
    int err = device_of(path, file, &dev);

    (void)fs;
    (void)who;
    (void)size;
    if (err < 0)
        return err;
    return dev == NULL ? -EISDIR : 0;
}

static int devfs_open(struct fs *fs, const struct fs_caller *who, const char *path,
                      struct fs_file *file)
{
    const struct device *dev;
    int err = walk(path, &dev);

    (void)fs;
    (void)who;
    if (err < 0)
        return err;
    if (dev == NULL)
        return -EISDIR;
    file->handle = (uintptr_t)dev;
    file->nonseekable = dev->stream;
    return 0;
}

static int64_t devfs_read(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_buf buf, int64_t off, struct fs_file *file)
{
    const struct device *dev;
    int err = device_of(path, file, &dev);

    if (err < 0)
        return err;
    return dev == NULL ? -EISDIR : dev->read(&devfs_of(fs)->env, who, buf, off);
}

static int64_t devfs_write(struct fs *fs, const struct fs_caller *who, const char *path,
                           struct fs_bytes bytes, int64_t off, struct fs_file *file)
{
    const struct device *dev;
    int err = device_of(path, file, &dev);

    (void)off;
    if (err < 0)
        return err;
    return dev == NULL ? -EISDIR : dev->write(&devfs_of(fs)->env, who, bytes);
}

/* fsync() and fsyncdir(): nothing is stored. */
static int devfs_fsync(struct fs *fs, const struct fs_caller *who, const char *path, bool data_only,
                       struct fs_file *file)
{
    const struct device *dev;

    (void)fs;
    (void)who;
    (void)data_only;
    return device_of(path, file, &dev);
}

static int devfs_close(struct fs *fs, const struct fs_caller *who, const char *path,
                       struct fs_file *file)
{
    (void)fs;
    (void)who;
    (void)path;
    (void)file;
    return 0;
}

static int devfs_opendir(struct fs *fs, const struct fs_caller *who, const char *path,
                         struct fs_file *file)
{
    const struct device *dev;
    int err = walk(path, &dev);

    (void)fs;
    (void)who;
    if (err < 0)
        return err;
    file->handle = 0;
    return dev == NULL ? 0 : -ENOTDIR;
}

static int devfs_readdir(struct fs *fs, const struct fs_caller *who, const char *path,
                         fs_readdir_fn callback, void *user, struct fs_file *file)
{
    const struct device *dev;
    struct fs_stat st;
    int err = device_of(path, file, &dev);

    (void)who;
    if (err == 0 && dev != NULL)
        err = -ENOTDIR;
    for (size_t i = 0; err == 0 && i < device_count; i++) {
        fill_stat(devfs_of(fs), &device_table[i], &st);
        err = callback(user, device_table[i].name, &st);
    }
    return err;
}

static int64_t devfs_ioctl(struct fs *fs, const struct fs_caller *who, const char *path,
                           uint32_t command, struct fs_file *file)
{
    const struct device *dev;
    int err = device_of(path, file, &dev);

    (void)fs;
    (void)who;
    (void)command;
    return err < 0 ? err : -ENOTTY;
}

static bool devfs_poll(struct fs *fs, const struct fs_caller *who, const char *path, bool write,
                       struct fs_file *file)
{
    const struct fs_env *env = &devfs_of(fs)->env;
    const struct device *dev;
    int err = device_of(path, file, &dev);

    return err < 0 || dev == NULL || device_is_ready(dev, env, who, write);
}

static int devfs_statfs(struct fs *fs, const struct fs_caller *who, struct fs_statfs *out)
{
    (void)fs;
    (void)who;
    *out = (struct fs_statfs){.inodes_used = device_count};
    return 0;
}

/* commit() and sync(): nothing is gathered. */
static int devfs_sync(struct fs *fs, const struct fs_caller *who)
{
    (void)fs;
    (void)who;
    return 0;
}

static void devfs_destroy(struct fs *fs, struct why *why)
{
    (void)why;
    free(devfs_of(fs));
}

static const struct fs_ops devfs_ops = {
    .getattr = devfs_getattr,
    .readlink = devfs_readlink,
    .mknod = devfs_mknod,
    .mkdir = devfs_mknod,
    .unlink = devfs_unlink,
    .rmdir = devfs_rmdir,
    .symlink = devfs_symlink,
    .rename = devfs_rename,
    .link = devfs_link,
    .chown = devfs_chown,
    .chmod = devfs_chmod,
    .truncate = devfs_truncate,
    .open = devfs_open,
    .read = devfs_read,
    .write = devfs_write,
    .fsync = devfs_fsync,
    .close = devfs_close,
    .opendir = devfs_opendir,
    .readdir = devfs_readdir,
    .fsyncdir = devfs_fsync,
    .closedir = devfs_close,
    .ioctl = devfs_ioctl,
    .poll = devfs_poll,
    .utimens = devfs_utimens,
    .statfs = devfs_statfs,
    .commit = devfs_sync,
    .sync = devfs_sync,
    .destroy = devfs_destroy,
};

static const struct fs_opt devfs_opts[] = {DEVFS_OPTIONS(FS_OPTION_ROW){NULL, NULL}};

static int devfs_open_source(const struct fs_driver *driver, const struct fs_open *req,
                             struct fs **out)
{
    struct devfs *d;

    if (req->source != NULL || req->handle != NULL)
        return why_add(req->why, -ENOTSUP, "devfs takes no source: its devices are the machine's");
    d = calloc(1, sizeof(*d));
    if (d == NULL)
        return -ENOMEM;
    d->fs = (struct fs){.ops = &devfs_ops, .driver = driver};
    d->env = *req->env;
    d->born = (int64_t)d->env.now_ns(d->env.user);
    *out = &d->fs;
    return 0;
}

const struct fs_driver devfs_driver = {
    .name = "devfs",
    .doc = DEVFS_DOC,
    .opts = devfs_opts,
    .open_source = devfs_open_source,
};
