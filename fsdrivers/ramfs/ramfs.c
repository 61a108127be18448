/* SPDX-License-Identifier: MIT */
/*
 * ramfs: files in memory, freed with the instance.
 *
 * The options c, m, d grant creating (mknod, mkdir, symlink, link), moving (rename) and deleting
 * (unlink, rmdir, and rename over a name); without the grant it is -EACCES. Without any of the
 * three all is granted; but an empty set of letters, the old form of nullfs, grants nothing.
 * devices adds the devices of a machine (devfs/device.h) to the root: names like any other, which
 * can be removed, but not made again. size=SIZE limits the memory of content, names and nodes; past
 * it -ENOSPC.
 *
 * node.c has the tree, names.c the slots that change it, file.c and pages.c the content; this file
 * has the other slots and the instance. Stamps are as in POSIX, but reading keeps the access time.
 */
#include "fsdrivers/ramfs/ramfs.h"

#include "fsdrivers/devfs/device.h"
#include "fsdrivers/fs_ops.h"
#include "fsdrivers/options.h"
#include "fsdrivers/ramfs/file.h"
#include "fsdrivers/ramfs/names.h"
#include "fsdrivers/ramfs/xattr.h"
#include "schema/drivers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/** Memory of an instance without size=. */
#define RAMFS_SIZE_DEFAULT ((uint64_t)1 << 30)

/* ---- Attributes ---- */

static int ramfs_getattr(struct fs *fs, const struct fs_caller *who, const char *path,
                         struct fs_stat *out, struct fs_file *file)
{
    struct node *n;
    int err = node_of(ramfs_of(fs), path, file, &n);

    (void)who;
    if (err == 0)
        node_stat(n, out);
    return err;
}

static int64_t ramfs_readlink(struct fs *fs, const struct fs_caller *who, const char *path,
                              char *buf, size_t size)
{
    struct node *n;
    int err = node_of(ramfs_of(fs), path, NULL, &n);

    (void)who;
    if (err < 0)
        return err;
    if (!S_ISLNK(n->stat.mode))
        return -EINVAL;
    memcpy(buf, n->target, size < n->stat.size ? size : n->stat.size);
    return size < n->stat.size ? (int64_t)n->stat.size : 0;
}

static int ramfs_chown(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t uid,
                       uint32_t gid, struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    struct node *n;
    int err = node_of(r, path, file, &n);

    (void)who;
    if (err < 0)
        return err;
    if (uid != (uint32_t)-1)
        n->stat.uid = uid;
    if (gid != (uint32_t)-1)
        n->stat.gid = gid;
    touch(r, n);
    return 0;
}

static int ramfs_chmod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode,
                       struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    struct node *n;
    int err = node_of(r, path, file, &n);

    (void)who;
    if (err < 0)
        return err;
    n->stat.mode = (n->stat.mode & S_IFMT) | (mode & 07777u);
    touch(r, n);
    return 0;
}

static int ramfs_utimens(struct fs *fs, const struct fs_caller *who, const char *path,
                         int64_t atime, int64_t mtime, struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    struct node *n;
    int err = node_of(r, path, file, &n);

    (void)who;
    if (err < 0)
        return err;
    if (atime != INT64_MIN)
        n->stat.atime = atime;
    if (mtime != INT64_MIN)
        n->stat.mtime = mtime;
    touch(r, n);
    return 0;
}

/* ---- Content ---- */

/* node_of() for a file with content. */
static int regular_of(const struct ramfs *r, const char *path, const struct fs_file *file,
                      struct node **out)
{
    int err = node_of(r, path, file, out);

    if (err < 0 || S_ISREG((*out)->stat.mode))
        return err;
    return node_is_dir(*out) ? -EISDIR : -EINVAL;
}

/* The device of a node; NULL: it is not a device. */
static const struct device *device_of(const struct node *n)
{
    return S_ISCHR(n->stat.mode) ? n->device : NULL;
}

/* A device has no size: truncating one does nothing, as opening it for writing does. */
static int ramfs_truncate(struct fs *fs, const struct fs_caller *who, const char *path,
                          uint64_t size, struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    struct node *n;
    int err = node_of(r, path, file, &n);

    (void)who;
    if (err == 0 && device_of(n) != NULL)
        return 0;
    if (err == 0)
        err = regular_of(r, path, file, &n);
    if (err == 0)
        err = file_resize(r, n, size);
    if (err == 0)
        touch_content(r, n);
    return err;
}

static int64_t ramfs_read(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_buf buf, int64_t off, struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    struct node *n;
    int err = node_of(r, path, file, &n);

    if (err == 0 && device_of(n) != NULL)
        return device_of(n)->read(&r->env, who, buf, off);
    if (err == 0)
        err = regular_of(r, path, file, &n);
    return err < 0 ? err : file_read(n, buf.ptr, buf.len, (uint64_t)off);
}

static int64_t ramfs_write(struct fs *fs, const struct fs_caller *who, const char *path,
                           struct fs_bytes bytes, int64_t off, struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    struct node *n;
    int64_t put = node_of(r, path, file, &n);

    if (put == 0 && device_of(n) != NULL)
        return device_of(n)->write(&r->env, who, bytes);
    if (put == 0)
        put = regular_of(r, path, file, &n);
    if (put < 0)
        return put;
    if (file != NULL && (file->flags & FS_O_APPEND) != 0)
        off = (int64_t)n->stat.size;
    put = file_write(r, n, bytes.ptr, bytes.len, (uint64_t)off);
    if (put > 0)
        touch_content(r, n);
    return put;
}

static int ramfs_fallocate(struct fs *fs, const struct fs_caller *who, const char *path,
                           const struct fs_space *space, struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    struct node *n;
    int err = regular_of(r, path, file, &n);

    (void)who;
    if (err == 0)
        err = file_allocate(r, n, space);
    if (err == 0)
        touch_content(r, n);
    return err;
}

static int64_t ramfs_seek(struct fs *fs, const struct fs_caller *who, const char *path, int64_t off,
                          enum fs_seek what, struct fs_file *file)
{
    struct node *n;
    int err = regular_of(ramfs_of(fs), path, file, &n);

    (void)who;
    return err < 0 ? err : file_seek(n, (uint64_t)off, what);
}

/* ---- Handles ---- */

static void hold(struct node *n, struct fs_file *file)
{
    n->refs++;
    file->handle = (uintptr_t)n;
    file->nonseekable = device_of(n) != NULL && device_of(n)->stream;
}

/* Open a file that is not a directory. */
static int open_node(struct node *n, struct fs_file *file)
{
    if (node_is_dir(n))
        return -EISDIR;
    if (S_ISLNK(n->stat.mode))
        return -ELOOP;
    hold(n, file);
    return 0;
}

static int ramfs_open(struct fs *fs, const struct fs_caller *who, const char *path,
                      struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    struct node *n;
    int err = node_of(r, path, NULL, &n);

    (void)who;
    if (err == 0)
        err = open_node(n, file);
    if (err < 0 || (file->flags & FS_O_TRUNC) == 0)
        return err;
    (void)file_resize(r, n, 0); /* can't fail: generic passes the flag for regular files only */
    touch_content(r, n);
    return 0;
}

static int ramfs_opendir(struct fs *fs, const struct fs_caller *who, const char *path,
                         struct fs_file *file)
{
    struct node *n;
    int err = node_of(ramfs_of(fs), path, NULL, &n);

    (void)who;
    if (err < 0)
        return err;
    if (!node_is_dir(n))
        return -ENOTDIR;
    hold(n, file);
    return 0;
}

/* Searches all nodes: servers by number know most files, and rarely ask for others. */
static int ramfs_lookup(struct fs *fs, const struct fs_caller *who, uint64_t ino,
                        struct fs_stat *out, struct fs_file *file)
{
    struct node *n = node_by_ino(ramfs_of(fs), ino);
    int err = 0;

    (void)who;
    if (n == NULL)
        return -ESTALE;
    if (file != NULL && node_is_dir(n))
        hold(n, file);
    else if (file != NULL)
        err = open_node(n, file);
    if (err == 0)
        node_stat(n, out);
    return err;
}

static int ramfs_close(struct fs *fs, const struct fs_caller *who, const char *path,
                       struct fs_file *file)
{
    struct node *n = (struct node *)(uintptr_t)file->handle;

    (void)who;
    (void)path;
    n->refs--;
    node_put(ramfs_of(fs), n);
    return 0;
}

static int ramfs_readdir(struct fs *fs, const struct fs_caller *who, const char *path,
                         fs_readdir_fn callback, void *user, struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    struct node *n;
    int err = node_of(r, path, file, &n);

    (void)who;
    if (err < 0)
        return err;
    return node_is_dir(n) ? entry_each(n, callback, user) : -ENOTDIR;
}

/* fsync() and fsyncdir(): memory is as durable as it gets. */
static int ramfs_fsync(struct fs *fs, const struct fs_caller *who, const char *path, bool data_only,
                       struct fs_file *file)
{
    struct node *n;

    (void)who;
    (void)data_only;
    return node_of(ramfs_of(fs), path, file, &n);
}

static int64_t ramfs_ioctl(struct fs *fs, const struct fs_caller *who, const char *path,
                           uint32_t command, struct fs_buf data, struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    struct node *n;
    int err = node_of(r, path, file, &n);

    return err < 0 ? err : device_command(device_of(n), &r->env, who, command, data);
}

static bool ramfs_poll(struct fs *fs, const struct fs_caller *who, const char *path, bool write,
                       struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    struct node *n;

    return node_of(r, path, file, &n) < 0 || device_of(n) == NULL ||
           device_is_ready(device_of(n), &r->env, who, write);
}

/* ---- The instance ---- */

static int ramfs_statfs(struct fs *fs, const struct fs_caller *who, struct fs_statfs *out)
{
    const struct ramfs *r = ramfs_of(fs);

    (void)who;
    *out = (struct fs_statfs){.bytes_used = r->bytes,
                              .inodes_used = r->inodes - 1 - r->devices,
                              .no_create = r->may_create ? NULL : "c",
                              .no_move = r->may_move ? NULL : "m",
                              .no_delete = r->may_delete ? NULL : "d"};
    return 0;
}

/* commit() and sync(): nothing is gathered. */
static int ramfs_sync(struct fs *fs, const struct fs_caller *who)
{
    (void)fs;
    (void)who;
    return 0;
}

static void ramfs_destroy(struct fs *fs, struct why *why)
{
    struct ramfs *r = ramfs_of(fs);

    (void)why;
    while (!list_empty(&r->nodes))
        node_free(r, container_of(r->nodes.next, struct node, link));
    free(r);
}

static const struct fs_ops ramfs_ops = {
    .getattr = ramfs_getattr,
    .lookup = ramfs_lookup,
    .readlink = ramfs_readlink,
    .mknod = ramfs_mknod,
    .mkdir = ramfs_mkdir,
    .unlink = ramfs_unlink,
    .rmdir = ramfs_rmdir,
    .symlink = ramfs_symlink,
    .rename = ramfs_rename,
    .link = ramfs_link,
    .chown = ramfs_chown,
    .chmod = ramfs_chmod,
    .truncate = ramfs_truncate,
    .open = ramfs_open,
    .read = ramfs_read,
    .write = ramfs_write,
    .fsync = ramfs_fsync,
    .close = ramfs_close,
    .opendir = ramfs_opendir,
    .readdir = ramfs_readdir,
    .fsyncdir = ramfs_fsync,
    .closedir = ramfs_close,
    .ioctl = ramfs_ioctl,
    .poll = ramfs_poll,
    .setxattr = ramfs_setxattr,
    .getxattr = ramfs_getxattr,
    .listxattr = ramfs_listxattr,
    .removexattr = ramfs_removexattr,
    .fallocate = ramfs_fallocate,
    .seek = ramfs_seek,
    .utimens = ramfs_utimens,
    .statfs = ramfs_statfs,
    .commit = ramfs_sync,
    .sync = ramfs_sync,
    .destroy = ramfs_destroy,
};

static const struct fs_opt ramfs_opts[] = {
    RAMFS_OPTIONS(FS_OPTION_ROW){NULL, NULL},
};

static int read_grants(struct ramfs *r, const struct fs_open *req)
{
    bool *const grants[] = {&r->may_create, &r->may_move, &r->may_delete};
    bool any = false;

    for (size_t i = 0; i < 3; i++) {
        const char *value = option_get(req->opt, ramfs_opts[i].key);
        int err = value != NULL ? option_flag(ramfs_opts[i].key, value, req->why) : 0;

        if (err < 0)
            return err;
        *grants[i] = value != NULL;
        any = any || *grants[i];
    }
    for (size_t i = 0; i < 3 && !any && !req->letters; i++)
        *grants[i] = true;
    return 0;
}

static int read_options(struct ramfs *r, const struct fs_open *req)
{
    const char *size = option_get(req->opt, "size");
    const char *devices = option_get(req->opt, "devices");

    r->budget.env = &r->env;
    r->budget.limit = RAMFS_SIZE_DEFAULT;
    if (size != NULL && option_size("size", size, &r->budget.limit, req->why) < 0)
        return -EINVAL;
    if (devices != NULL && option_flag("devices", devices, req->why) < 0)
        return -EINVAL;
    return read_grants(r, req);
}

static int ramfs_open_source(const struct fs_driver *driver, const struct fs_open *req,
                             struct fs **out)
{
    struct ramfs *r;
    int err;

    if (req->source != NULL || req->handle != NULL)
        return why_add(req->why, -ENOTSUP, "ramfs takes no source: its files are in memory");
    r = calloc(1, sizeof(*r));
    if (r == NULL)
        return -ENOMEM;
    r->fs = (struct fs){.ops = &ramfs_ops,
                        .driver = driver,
                        .caps = FS_CAP_ATOMIC_TRUNC | FS_CAP_EXPORT | FS_CAP_SYMLINKS |
                                FS_CAP_XATTR | FS_CAP_RESERVE};
    r->fs.commands = device_commands;
    r->env = *req->env;
    r->next_ino = 1;
    list_init(&r->nodes);
    err = read_options(r, req);
    if (err == 0)
        err = node_new(r, &req->who, S_IFDIR | 0755u, &r->root);
    if (err == 0)
        r->root->stat.nlink = 2;
    if (err == 0 && option_get(req->opt, "devices") != NULL)
        err = devices_add(r, &req->who);
    if (err == -ENOSPC)
        why_note(req->why, "the option size, or the machine's memory, has no room for the root");
    if (err < 0) {
        ramfs_destroy(&r->fs, NULL);
        return err;
    }
    *out = &r->fs;
    return 0;
}

const struct fs_driver ramfs_driver = {
    .name = "ramfs",
    .alias = "nullfs",
    .letters = "cmd",
    .doc = RAMFS_DOC,
    .opts = ramfs_opts,
    .open_source = ramfs_open_source,
};
