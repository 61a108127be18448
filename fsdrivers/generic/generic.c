/* SPDX-License-Identifier: MIT */
#include "fsdrivers/generic/generic.h"

#include "fsdrivers/fspath.h"
#include "fsdrivers/generic/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- What files show ---- */

void override_stat(const struct generic *g, struct fs_stat *st)
{
    const struct fs_config *c = &g->config;

    if (c->setuid)
        st->uid = c->uid;
    if (c->setgid)
        st->gid = c->gid;
    if (S_ISDIR(st->mode)) {
        if (c->setdmask)
            st->mode &= ~(c->dmask & 07777u);
    } else if (c->setfmask) {
        st->mode &= ~(c->fmask & 07777u);
    }
}

int generic_getattr(struct fs *fs, const struct fs_caller *who, const char *path,
                    struct fs_stat *out, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    int err = INNER(g, getattr, who, path, out, file);

    if (err == 0)
        override_stat(g, out);
    return err;
}

static int64_t generic_readlink(struct fs *fs, const struct fs_caller *who, const char *path,
                                char *buf, size_t size)
{
    struct generic *g = generic_of(fs);

    return INNER(g, readlink, who, path, buf, size);
}

struct listing {
    const struct generic *g;
    fs_readdir_fn callback;
    void *user;
};

static int override_entry(void *user, const char *name, const struct fs_stat *stat)
{
    const struct listing *l = user;
    struct fs_stat shown;

    if (stat == NULL)
        return l->callback(l->user, name, NULL);
    shown = *stat;
    override_stat(l->g, &shown);
    return l->callback(l->user, name, &shown);
}

static int generic_readdir(struct fs *fs, const struct fs_caller *who, const char *path,
                           fs_readdir_fn callback, void *user, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    struct listing l = {g, callback, user};

    return INNER(g, readdir, who, path, override_entry, &l, file);
}

/* ---- Limits ---- */

/* The smaller of two limits; 0 is no limit. */
static uint64_t tighter(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

/* Why a missing name can't be created: its directory's error, or else @err. */
static int parent_error(struct generic *g, const struct fs_caller *who, const char *path, int err)
{
    struct fs_stat st;
    struct fsname dir;
    struct fsname name;
    char *parent;
    int found;

    fspath_split(path, &dir, &name);
    parent = dir.len > 0 ? strndup(dir.ptr, dir.len) : strdup("/");
    if (parent == NULL)
        return -ENOMEM;
    found = INNER(g, getattr, who, parent, &st, NULL);
    free(parent);
    return found < 0 ? found : err;
}

/* Check that one more inode may be made at @path. Past the quota, errors that creating would meet
 * anyway come first. */
static int may_create(struct generic *g, const struct fs_caller *who, const char *path)
{
    struct fs_statfs use;
    struct fs_stat st;
    int err = may_change(g);

    if (err < 0 || g->config.quota_inodes == 0)
        return err;
    err = INNER(g, statfs, who, &use);
    if (err < 0 || use.inodes_used < g->config.quota_inodes)
        return err;
    err = INNER(g, getattr, who, path, &st, NULL);
    if (err == 0)
        return -EEXIST;
    return err == -ENOENT ? parent_error(g, who, path, -EDQUOT) : err;
}

int may_grow(struct generic *g, const struct fs_caller *who, const char *path, struct fs_file *file,
             uint64_t size, bool append)
{
    struct fs_statfs use;
    uint64_t quota = tighter(g->config.quota_bytes, g->inner->quota_bytes);
    struct fs_stat st;
    uint64_t more;
    int err = may_change(g);

    if (err < 0 || quota == 0)
        return err;
    err = INNER(g, getattr, who, path, &st, file);
    if (err < 0 || !S_ISREG(st.mode))
        return err;
    if (!append && size <= st.size)
        return 0;
    more = append ? size : size - st.size;
    err = INNER(g, statfs, who, &use);
    if (err < 0)
        return err;
    if (more > 0 && (use.bytes_used > quota || more > quota - use.bytes_used))
        return -EDQUOT;
    return 0;
}

/* ---- Names ---- */

static int generic_mknod(struct fs *fs, const struct fs_caller *who, const char *path,
                         uint32_t mode)
{
    struct generic *g = generic_of(fs);
    int err = may_create(g, who, path);

    if (err < 0)
        return err;
    return changed(g, INNER(g, mknod, who, path, mode));
}

static int generic_mkdir(struct fs *fs, const struct fs_caller *who, const char *path,
                         uint32_t mode)
{
    struct generic *g = generic_of(fs);
    int err = may_create(g, who, path);

    if (err < 0)
        return err;
    return changed(g, INNER(g, mkdir, who, path, mode));
}

static int generic_symlink(struct fs *fs, const struct fs_caller *who, const char *target,
                           const char *path)
{
    struct generic *g = generic_of(fs);
    int err = may_create(g, who, path);

    if (err < 0)
        return err;
    return changed(g, INNER(g, symlink, who, target, path));
}

static int generic_unlink(struct fs *fs, const struct fs_caller *who, const char *path)
{
    struct generic *g = generic_of(fs);
    int err = may_change(g);

    return err < 0 ? err : changed(g, INNER(g, unlink, who, path));
}

static int generic_rmdir(struct fs *fs, const struct fs_caller *who, const char *path)
{
    struct generic *g = generic_of(fs);
    int err = may_change(g);

    return err < 0 ? err : changed(g, INNER(g, rmdir, who, path));
}

static int generic_rename(struct fs *fs, const struct fs_caller *who, const char *from,
                          const char *to, enum fs_rename_type type)
{
    struct generic *g = generic_of(fs);
    int err = may_change(g);

    return err < 0 ? err : changed(g, INNER(g, rename, who, from, to, type));
}

static int generic_link(struct fs *fs, const struct fs_caller *who, const char *from,
                        const char *to)
{
    struct generic *g = generic_of(fs);
    int err = may_change(g);

    return err < 0 ? err : changed(g, INNER(g, link, who, from, to));
}

/* ---- Attributes ---- */

/* chown() with a configured owner: the driver is not asked, and only a change to what files show
 * anyway succeeds. */
static int chown_fixed(struct generic *g, const struct fs_caller *who, const char *path,
                       uint32_t uid, uint32_t gid, struct fs_file *file)
{
    struct fs_stat st;
    int err = generic_getattr(&g->fs, who, path, &st, file);

    if (err < 0)
        return err;
    if ((uid != (uint32_t)-1 && uid != st.uid) || (gid != (uint32_t)-1 && gid != st.gid))
        return -EPERM;
    return 0;
}

static int generic_chown(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t uid,
                         uint32_t gid, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    int err = may_change(g);

    if (err < 0)
        return err;
    if (g->config.setuid || g->config.setgid)
        return chown_fixed(g, who, path, uid, gid, file);
    return changed(g, INNER(g, chown, who, path, uid, gid, file));
}

static int generic_chmod(struct fs *fs, const struct fs_caller *who, const char *path,
                         uint32_t mode, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    struct fs_stat st = {.mode = 0};
    int err = may_change(g);

    if (err == 0 && file == NULL && g->inner->ops->chmod != NULL)
        err = INNER(g, getattr, who, path, &st, NULL);
    if (err == 0 && S_ISLNK(st.mode))
        err = -EINVAL;
    return err < 0 ? err : changed(g, INNER(g, chmod, who, path, mode & 07777u, file));
}

static int generic_truncate(struct fs *fs, const struct fs_caller *who, const char *path,
                            uint64_t size, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    int err = may_grow(g, who, path, file, size, false);

    return err < 0 ? err : changed(g, INNER(g, truncate, who, path, size, file));
}

static int generic_utimens(struct fs *fs, const struct fs_caller *who, const char *path,
                           int64_t atime, int64_t mtime, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    int err = may_change(g);

    return err < 0 ? err : changed(g, INNER(g, utimens, who, path, atime, mtime, file));
}

/* ---- The filesystem as a whole ---- */

static int generic_statfs(struct fs *fs, const struct fs_caller *who, struct fs_statfs *out)
{
    struct generic *g = generic_of(fs);
    int err = INNER(g, statfs, who, out);

    if (err < 0)
        return err;
    out->bytes_total = tighter(out->bytes_total, g->config.quota_bytes);
    out->inodes_total = tighter(out->inodes_total, g->config.quota_inodes);
    out->readonly = out->readonly || g->config.readonly;
    return 0;
}

static int generic_commit(struct fs *fs, const struct fs_caller *who)
{
    struct generic *g = generic_of(fs);

    return changed(g,
                   g->inner->ops->commit != NULL ? g->inner->ops->commit(g->inner, who) : -ENOSYS);
}

static void generic_tidy(struct fs *fs, const struct fs_caller *who)
{
    struct generic *g = generic_of(fs);

    if (g->inner->ops->tidy != NULL)
        g->inner->ops->tidy(g->inner, who);
    (void)changed(g, 0);
}

static void generic_interrupt(struct fs *fs)
{
    struct fs *inner = generic_of(fs)->inner;

    if (inner->ops->interrupt != NULL)
        inner->ops->interrupt(inner);
}

static int generic_sync(struct fs *fs, const struct fs_caller *who)
{
    struct generic *g = generic_of(fs);

    return changed(g, g->inner->ops->sync != NULL ? g->inner->ops->sync(g->inner, who) : -ENOSYS);
}

static int generic_add_source(struct fs *fs, const struct fs_open *req)
{
    struct generic *g = generic_of(fs);

    if (g->inner->ops->add_source == NULL)
        return why_add(req->why, -ENOTSUP, "%s takes one source only", g->fs.driver->name);
    if (req->directory && !g->fs.driver->layered)
        return why_add(req->why, -ENOTSUP, "a source of %s is not a directory", g->fs.driver->name);
    return changed(g, g->inner->ops->add_source(g->inner, req));
}

static int generic_add_rest(struct fs *fs, const struct fs_caller *who, struct why *why)
{
    struct generic *g = generic_of(fs);

    return g->inner->ops->add_rest != NULL ? g->inner->ops->add_rest(g->inner, who, why) : -ENOSYS;
}

static void generic_destroy(struct fs *fs, struct why *why)
{
    struct generic *g = generic_of(fs);

    g->inner->ops->destroy(g->inner, why);
    generic_free(g);
}

static const struct fs_ops generic_ops = {
    .getattr = generic_getattr,
    .lookup = generic_lookup,
    .readlink = generic_readlink,
    .mknod = generic_mknod,
    .mkdir = generic_mkdir,
    .unlink = generic_unlink,
    .rmdir = generic_rmdir,
    .symlink = generic_symlink,
    .rename = generic_rename,
    .link = generic_link,
    .chown = generic_chown,
    .chmod = generic_chmod,
    .truncate = generic_truncate,
    .open = generic_open,
    .read = generic_read,
    .write = generic_write,
    .fsync = generic_fsync,
    .close = generic_close,
    .opendir = generic_opendir,
    .readdir = generic_readdir,
    .fsyncdir = generic_fsyncdir,
    .closedir = generic_closedir,
    .ioctl = generic_ioctl,
    .poll = generic_poll,
    .setxattr = generic_setxattr,
    .getxattr = generic_getxattr,
    .listxattr = generic_listxattr,
    .removexattr = generic_removexattr,
    .fallocate = generic_fallocate,
    .seek = generic_seek,
    .utimens = generic_utimens,
    .statfs = generic_statfs,
    .commit = generic_commit,
    .tidy = generic_tidy,
    .sync = generic_sync,
    .interrupt = generic_interrupt,
    .add_source = generic_add_source,
    .add_rest = generic_add_rest,
    .destroy = generic_destroy,
};

int generic_new(const struct fs_config *config, const struct fs_driver *driver,
                const struct fs_open *req, struct generic **out)
{
    struct generic *g = calloc(1, sizeof(*g));
    int err = 0;

    if (g == NULL)
        return -ENOMEM;
    g->config = *config;
    g->env = *req->env;
    g->descriptors = driver->descriptors;
    if (g->descriptors > 0)
        err = g->env.take_descriptors(g->env.user, g->descriptors, req->why);
    if (err < 0) {
        free(g);
        return err;
    }
    *out = g;
    return 0;
}

struct fs *generic_wrap(struct generic *g, struct fs *inner)
{
    g->inner = inner;
    g->fs = (struct fs){
        .ops = &generic_ops,
        .driver = inner->driver,
        .caps = inner->caps,
        .pending = inner->pending,
        .untidy = inner->untidy,
        .commands = inner->commands,
        .timeout_s = g->config.timeout_s,
    };
    return &g->fs;
}

void generic_free(struct generic *g)
{
    if (g != NULL && g->descriptors > 0)
        g->env.give_descriptors(g->env.user, g->descriptors);
    free(g);
}
