/* SPDX-License-Identifier: MIT */
#include "tests/slow/slowfs.h"

#include "fsdrivers/fs_ops.h"
#include "server/base/list.h"
#include "server/kernel/random.h"

#include <errno.h>
#include <stdlib.h>

enum { PERCENT = 100 };

struct slowfs {
    struct fs fs;
    struct fs *inner; /* owned */
    struct slow_plan *plan;
    uint64_t random;
    atomic_bool interrupted;
};

static struct slowfs *slowfs_of(struct fs *fs)
{
    return container_of(fs, struct slowfs, fs);
}

/** Before a slot. Returns 0 go on; what it answers. */
static int before(struct slowfs *s, const struct fs_caller *who)
{
    const struct slow_plan *plan = s->plan;

    if (who != NULL && who->nowait) {
        if (random_next(&s->random) % PERCENT >= plan->percent)
            return 0;
        s->plan->waited++;
        return FS_WOULD_WAIT;
    }
    return plan->on_worker != NULL ? plan->on_worker(plan->user, &s->interrupted) : 0;
}

/** After a slot: show what the other one shows. */
static int64_t after(struct slowfs *s, int64_t result)
{
    s->fs.pending = s->inner->pending;
    s->fs.untidy = s->inner->untidy;
    return result;
}

/** The same before a slot that closes. It can't be interrupted: what interrupted came late for an earlier slot. */
static int before_close(struct slowfs *s, const struct fs_caller *who)
{
    int err = before(s, who);

    return err == -EINTR ? 0 : err;
}

/* A slot that first may have to wait, and is then the other one's. */
#define SLOT(type, slot, PARAMS, ...) SLOT_AFTER(before, type, slot, PARAMS, __VA_ARGS__)
#define SLOT_AFTER(before, type, slot, PARAMS, ...)                                                \
    static type slowfs_##slot PARAMS                                                               \
    {                                                                                              \
        struct slowfs *s = slowfs_of(fs);                                                          \
        int err = before(s, who);                                                                  \
                                                                                                   \
        return err < 0 ? err : (type)after(s, s->inner->ops->slot(s->inner, who, __VA_ARGS__));    \
    }

SLOT(int, getattr,
     (struct fs * fs, const struct fs_caller *who, const char *path, struct fs_stat *out,
      struct fs_file *file),
     path, out, file)
SLOT(int64_t, readlink,
     (struct fs * fs, const struct fs_caller *who, const char *path, char *buf, size_t size), path,
     buf, size)
SLOT(int, mknod, (struct fs * fs, const struct fs_caller *who, const char *path, uint32_t mode),
     path, mode)
SLOT(int, mkdir, (struct fs * fs, const struct fs_caller *who, const char *path, uint32_t mode),
     path, mode)
SLOT(int, symlink,
     (struct fs * fs, const struct fs_caller *who, const char *target, const char *path), target,
     path)
SLOT(int, rename,
     (struct fs * fs, const struct fs_caller *who, const char *from, const char *to,
      enum fs_rename_type type),
     from, to, type)
SLOT(int, link, (struct fs * fs, const struct fs_caller *who, const char *from, const char *to),
     from, to)
SLOT(int, chown,
     (struct fs * fs, const struct fs_caller *who, const char *path, uint32_t uid, uint32_t gid,
      struct fs_file *file),
     path, uid, gid, file)
SLOT(int, chmod,
     (struct fs * fs, const struct fs_caller *who, const char *path, uint32_t mode,
      struct fs_file *file),
     path, mode, file)
SLOT(int, truncate,
     (struct fs * fs, const struct fs_caller *who, const char *path, uint64_t size,
      struct fs_file *file),
     path, size, file)
SLOT(int, utimens,
     (struct fs * fs, const struct fs_caller *who, const char *path, int64_t atime, int64_t mtime,
      struct fs_file *file),
     path, atime, mtime, file)
SLOT(int, open,
     (struct fs * fs, const struct fs_caller *who, const char *path, struct fs_file *file), path,
     file)
SLOT(int64_t, read,
     (struct fs * fs, const struct fs_caller *who, const char *path, struct fs_buf buf, int64_t off,
      struct fs_file *file),
     path, buf, off, file)
SLOT(int64_t, write,
     (struct fs * fs, const struct fs_caller *who, const char *path, struct fs_bytes bytes,
      int64_t off, struct fs_file *file),
     path, bytes, off, file)
SLOT(int, fsync,
     (struct fs * fs, const struct fs_caller *who, const char *path, bool data_only,
      struct fs_file *file),
     path, data_only, file)
SLOT_AFTER(before_close, int, close,
           (struct fs * fs, const struct fs_caller *who, const char *path, struct fs_file *file),
           path, file)
SLOT(int, opendir,
     (struct fs * fs, const struct fs_caller *who, const char *path, struct fs_file *file), path,
     file)
SLOT(int, readdir,
     (struct fs * fs, const struct fs_caller *who, const char *path, fs_readdir_fn callback,
      void *user, struct fs_file *file),
     path, callback, user, file)
SLOT(int, fsyncdir,
     (struct fs * fs, const struct fs_caller *who, const char *path, bool data_only,
      struct fs_file *file),
     path, data_only, file)
SLOT_AFTER(before_close, int, closedir,
           (struct fs * fs, const struct fs_caller *who, const char *path, struct fs_file *file),
           path, file)
SLOT(int64_t, ioctl,
     (struct fs * fs, const struct fs_caller *who, const char *path, uint32_t command,
      struct fs_buf data, struct fs_file *file),
     path, command, data, file)
SLOT(int, statfs, (struct fs * fs, const struct fs_caller *who, struct fs_statfs *out), out)

/* Those with one argument, or none, or no answer. */

static int slowfs_unlink(struct fs *fs, const struct fs_caller *who, const char *path)
{
    struct slowfs *s = slowfs_of(fs);
    int err = before(s, who);

    return err < 0 ? err : (int)after(s, s->inner->ops->unlink(s->inner, who, path));
}

static int slowfs_rmdir(struct fs *fs, const struct fs_caller *who, const char *path)
{
    struct slowfs *s = slowfs_of(fs);
    int err = before(s, who);

    return err < 0 ? err : (int)after(s, s->inner->ops->rmdir(s->inner, who, path));
}

static int slowfs_commit(struct fs *fs, const struct fs_caller *who)
{
    struct slowfs *s = slowfs_of(fs);
    int err = before(s, who);

    return err < 0 ? err : (int)after(s, s->inner->ops->commit(s->inner, who));
}

static int slowfs_sync(struct fs *fs, const struct fs_caller *who)
{
    struct slowfs *s = slowfs_of(fs);
    int err = before(s, who);

    return err < 0 ? err : (int)after(s, s->inner->ops->sync(s->inner, who));
}

static bool slowfs_poll(struct fs *fs, const struct fs_caller *who, const char *path, bool write,
                        struct fs_file *file)
{
    struct fs *inner = slowfs_of(fs)->inner;

    return inner->ops->poll(inner, who, path, write, file);
}

static int slowfs_add_source(struct fs *fs, const struct fs_open *req)
{
    struct fs *inner = slowfs_of(fs)->inner;

    return inner->ops->add_source(inner, req);
}

static int slowfs_add_rest(struct fs *fs, const struct fs_caller *who, struct why *why)
{
    struct slowfs *s = slowfs_of(fs);
    int err = before(s, who);

    return err < 0 ? err : (int)after(s, s->inner->ops->add_rest(s->inner, who, why));
}

static void slowfs_tidy(struct fs *fs, const struct fs_caller *who)
{
    struct slowfs *s = slowfs_of(fs);

    (void)before(s, who);
    s->inner->ops->tidy(s->inner, who);
    (void)after(s, 0);
}

static void slowfs_interrupt(struct fs *fs)
{
    struct slowfs *s = slowfs_of(fs);
    const struct slow_plan *plan = s->plan;

    atomic_store(&s->interrupted, true);
    if (plan->on_interrupt != NULL)
        plan->on_interrupt(plan->user);
}

static void slowfs_destroy(struct fs *fs, struct why *why)
{
    struct slowfs *s = slowfs_of(fs);

    (void)before(s, NULL);
    s->inner->ops->destroy(s->inner, why);
    free(s);
}

static const struct fs_ops ops = {
    .getattr = slowfs_getattr,
    .readlink = slowfs_readlink,
    .mknod = slowfs_mknod,
    .mkdir = slowfs_mkdir,
    .unlink = slowfs_unlink,
    .rmdir = slowfs_rmdir,
    .symlink = slowfs_symlink,
    .rename = slowfs_rename,
    .link = slowfs_link,
    .chown = slowfs_chown,
    .chmod = slowfs_chmod,
    .truncate = slowfs_truncate,
    .open = slowfs_open,
    .read = slowfs_read,
    .write = slowfs_write,
    .fsync = slowfs_fsync,
    .close = slowfs_close,
    .opendir = slowfs_opendir,
    .readdir = slowfs_readdir,
    .fsyncdir = slowfs_fsyncdir,
    .closedir = slowfs_closedir,
    .ioctl = slowfs_ioctl,
    .poll = slowfs_poll,
    .utimens = slowfs_utimens,
    .statfs = slowfs_statfs,
    .commit = slowfs_commit,
    .tidy = slowfs_tidy,
    .sync = slowfs_sync,
    .interrupt = slowfs_interrupt,
    .add_source = slowfs_add_source,
    .add_rest = slowfs_add_rest,
    .destroy = slowfs_destroy,
};

void slowfs_drop(struct fs *inner)
{
    inner->ops->destroy(inner, NULL);
}

struct fs *slowfs_over(struct slow_plan *plan, struct fs *inner)
{
    struct slowfs *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->inner = inner;
    s->plan = plan;
    s->random = plan->seed;
    s->fs = (struct fs){.ops = &ops,
                        .driver = inner->driver,
                        .caps = inner->caps | FS_CAP_BLOCKING,
                        .pending = inner->pending,
                        .untidy = inner->untidy,
                        .commands = inner->commands,
                        .timeout_s = inner->timeout_s};
    return &s->fs;
}
