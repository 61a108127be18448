/* SPDX-License-Identifier: MIT */
/*
 * unionfs: one writable layer over read-only ones. union.h says how it looks and how it changes; here are
 * the slots for attributes and content, and the instance.
 *
 * Room is that of the top layer: what is copied up counts there, and so do the marks. A quota of the union is
 * checked where its users write, not where files are copied up for them.
 */
#include "fsdrivers/unionfs/unionfs.h"

#include "fsdrivers/unionfs/union.h"

#include "schema/drivers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Attributes and content ---- */

static int64_t union_readlink(struct fs *fs, const struct fs_caller *who, const char *path,
                              char *buf, size_t size)
{
    struct unionfs *u = union_of(fs);
    struct spot at;
    int err = find_first(u, who, path, &at);

    return err < 0 ? err : LAYER(u, at.layer, readlink, who, path, buf, size);
}

/* handle_aim() at the beginning of a slot. */
static int aim_of(struct unionfs *u, const struct fs_caller *who, const char *path,
                  struct fs_file *file, enum aim_kind kind, struct aim *out)
{
    return union_waits(u, who) ? FS_WOULD_WAIT
                               : handle_aim(u, who, path, file, kind, UINT64_MAX, out);
}

static int union_chown(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t uid,
                       uint32_t gid, struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct aim a;
    int err = aim_of(u, who, path, file, AIM_CHANGE, &a);

    return err < 0 ? err : LAYER(u, 0, chown, who, a.path, uid, gid, a.file);
}

static int union_chmod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode,
                       struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct aim a;
    int err = aim_of(u, who, path, file, AIM_CHANGE, &a);

    return err < 0 ? err : LAYER(u, 0, chmod, who, a.path, mode, a.file);
}

static int union_utimens(struct fs *fs, const struct fs_caller *who, const char *path,
                         int64_t atime, int64_t mtime, struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct aim a;
    int err = aim_of(u, who, path, file, AIM_CHANGE, &a);

    return err < 0 ? err : LAYER(u, 0, utimens, who, a.path, atime, mtime, a.file);
}

/* What would be cut off is not copied up, and is cut by that. */
static int union_truncate(struct fs *fs, const struct fs_caller *who, const char *path,
                          uint64_t size, struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct aim a;
    int err;

    if (union_waits(u, who))
        return FS_WOULD_WAIT;
    err = handle_aim(u, who, path, file, AIM_WRITE, size, &a);
    if (err != 0)
        return err < 0 ? err : 0;
    return LAYER(u, 0, truncate, who, a.path, size, a.file);
}

static int union_fallocate(struct fs *fs, const struct fs_caller *who, const char *path,
                           const struct fs_space *space, struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct aim a;
    int err = aim_of(u, who, path, file, AIM_WRITE, &a);

    return err < 0 ? err : LAYER(u, 0, fallocate, who, a.path, space, a.file);
}

static int64_t union_read(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_buf buf, int64_t off, struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct aim a;
    int err = aim_of(u, who, path, file, AIM_READ, &a);

    return err < 0 ? err : LAYER(u, a.layer, read, who, a.path, buf, off, a.file);
}

static int64_t union_write(struct fs *fs, const struct fs_caller *who, const char *path,
                           struct fs_bytes bytes, int64_t off, struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct aim a;
    int err = aim_of(u, who, path, file, bytes.len > 0 ? AIM_WRITE : AIM_READ, &a);

    if (err < 0 || bytes.len == 0)
        return err;
    return LAYER(u, 0, write, who, a.path, bytes, off, a.file);
}

static int union_fsync(struct fs *fs, const struct fs_caller *who, const char *path, bool data_only,
                       struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct aim a;
    int err = aim_of(u, who, path, file, AIM_LOOK, &a);

    if (err < 0 || a.layer != 0) /* a lower layer has nothing to store */
        return err;
    return LAYER(u, 0, fsync, who, a.path, data_only, a.file);
}

static int union_fsyncdir(struct fs *fs, const struct fs_caller *who, const char *path,
                          bool data_only, struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct aim a;
    int err = aim_of(u, who, path, file, AIM_LOOK, &a);

    if (err < 0 || a.layer != 0)
        return err;
    return LAYER(u, 0, fsyncdir, who, a.path, data_only, a.file);
}

static bool union_poll(struct fs *fs, const struct fs_caller *who, const char *path, bool write,
                       struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct aim a;

    return handle_aim(u, who, path, file, AIM_LOOK, 0, &a) < 0 ||
           LAYER(u, a.layer, poll, who, a.path, write, a.file);
}

/* ---- The instance ---- */

static int union_statfs(struct fs *fs, const struct fs_caller *who, struct fs_statfs *out)
{
    struct unionfs *u = union_of(fs);

    return union_waits(u, who) ? FS_WOULD_WAIT : LAYER(u, 0, statfs, who, out);
}

static int union_commit(struct fs *fs, const struct fs_caller *who)
{
    struct unionfs *u = union_of(fs);

    return union_waits(u, who) ? FS_WOULD_WAIT : LAYER(u, 0, commit, who);
}

static int union_sync(struct fs *fs, const struct fs_caller *who)
{
    struct unionfs *u = union_of(fs);

    return union_waits(u, who) ? FS_WOULD_WAIT : LAYER(u, 0, sync, who);
}

static void union_interrupt(struct fs *fs)
{
    struct unionfs *u = union_of(fs);

    for (unsigned i = 0; i < u->count; i++)
        u->layer[i]->ops->interrupt(u->layer[i]);
}

static void union_destroy(struct fs *fs, struct why *why)
{
    struct unionfs *u = union_of(fs);

    (void)why;
    find_done(u);
    links_done(u);
    while (u->count > 0) {
        u->count--;
        u->env.give_lower(u->env.user, u->layer[u->count]);
    }
    free(u);
}

/* Check the layer that was taken last, the first of them if it is to be written. */
static int check_layer(struct unionfs *u, const struct fs_open *req)
{
    const unsigned i = u->count - 1;
    const struct fs *layer = u->layer[i];
    struct fs_stat st;
    int err = LAYER(u, i, getattr, &req->who, "/", &st, NULL);

    if (err == 0 && !S_ISDIR(st.mode))
        return why_add(req->why, -ENOTSUP, "a layer of unionfs is a directory");
    if (err == 0 && i == 0 && !u->readonly && (layer->caps & FS_CAP_NO_OPEN) != 0)
        return why_add(req->why, -ENOTSUP, "%s can't be the writable layer of a unionfs",
                       layer->driver->name);
    if (err == 0 && i == 0 && !u->readonly)
        err = raise_clean(u, &req->who);
    return err;
}

/**
 * Take one more layer.
 * @name     NULL: the directory that the request has.
 */
static int add_layer(struct unionfs *u, const struct fs_open *req, const char *name)
{
    int err;

    if (u->count == UNION_LAYERS_MAX)
        return why_add(req->why, -EMFILE, "a unionfs has at most %d layers", UNION_LAYERS_MAX);
    err = u->env.lower(u->env.user, name, u->count == 0 && !u->readonly, &u->layer[u->count],
                       req->why);
    if (err < 0)
        return err;
    u->count++;
    err = check_layer(u, req);
    for (unsigned i = 0; err == 0 && i + 1 < u->count; i++)
        err = find_hidden(u, &req->who, i, "/", true);
    if (err < 0) {
        u->count--;
        u->env.give_lower(u->env.user, u->layer[u->count]);
        return err;
    }
    if (err == 0) /* else a layer above hides it */
        u->root_parts |= 1u << (u->count - 1);
    u->fs.caps |= u->layer[u->count - 1]->caps & FS_CAP_BLOCKING;
    u->fs.caps |= u->layer[0]->caps & (FS_CAP_SYMLINKS | FS_CAP_FIFO | FS_CAP_RESERVE);
    return 0;
}

/* Handles of directories have no room for the new layer: a directory shows its names when it is opened again. */
static int union_add_source(struct fs *fs, const struct fs_open *req)
{
    struct unionfs *u = union_of(fs);

    if (!req->directory)
        return why_add(req->why, -ENOTSUP, "a layer of unionfs is a directory");
    if (req->opts != NULL && *req->opts != '\0')
        return why_add(req->why, -EINVAL, "a layer of unionfs has no options");
    return add_layer(u, req, NULL);
}

static const struct fs_ops union_ops = {
    .getattr = union_getattr,
    .readlink = union_readlink,
    .mknod = union_mknod,
    .mkdir = union_mkdir,
    .unlink = union_unlink,
    .rmdir = union_rmdir,
    .symlink = union_symlink,
    .rename = union_rename,
    .link = union_link,
    .chown = union_chown,
    .chmod = union_chmod,
    .truncate = union_truncate,
    .fallocate = union_fallocate,
    .open = union_open,
    .read = union_read,
    .write = union_write,
    .fsync = union_fsync,
    .close = union_close,
    .opendir = union_opendir,
    .readdir = union_readdir,
    .fsyncdir = union_fsyncdir,
    .closedir = union_closedir,
    .poll = union_poll,
    .utimens = union_utimens,
    .statfs = union_statfs,
    .commit = union_commit,
    .sync = union_sync,
    .add_source = union_add_source,
    .interrupt = union_interrupt,
    .destroy = union_destroy,
};

static const struct fs_opt union_opts[] = {
    UNIONFS_OPTIONS(FS_OPTION_ROW){NULL, NULL},
};

static int take_layers(struct unionfs *u, const struct fs_open *req)
{
    int err = req->directory ? add_layer(u, req, NULL) : 0;

    for (const struct fs_opt *o = req->opt; err == 0 && o->key != NULL; o++)
        err = add_layer(u, req, o->value);
    if (err == 0 && u->count == 0)
        return why_add(req->why, -EINVAL,
                       "unionfs needs a layer: the option layer=NAME, or a handle of a directory");
    return err;
}

static int union_open_source(const struct fs_driver *driver, const struct fs_open *req,
                             struct fs **out)
{
    struct unionfs *u;
    int err;

    if (req->source != NULL || req->handle != NULL)
        return why_add(req->why, -ENOTSUP, "the layers of unionfs are directories");
    u = calloc(1, sizeof(*u));
    if (u == NULL)
        return -ENOMEM;
    u->fs = (struct fs){.ops = &union_ops, .driver = driver};
    u->env = *req->env;
    u->readonly = req->readonly;
    list_init(&u->handles);
    err = take_layers(u, req);
    if (err < 0)
        union_destroy(&u->fs, NULL);
    else
        *out = &u->fs;
    return err;
}

const struct fs_driver unionfs_driver = {
    .name = "unionfs",
    .doc = UNIONFS_DOC,
    .layered = true,
    .stacks = true,
    .repeated = "layer",
    .opts = union_opts,
    .open_source = union_open_source,
};
