/* SPDX-License-Identifier: MIT */
#include "server/kernel/door/driver.h"

#include "fsdrivers/fs_ops.h"
#include "server/kernel/door/slow.h"
#include "server/kernel/fs/vfs.h"
#include "server/kernel/machine.h"

/** Run a slot: the only entry into drivers' code. Returns the slot's answer. */
static int64_t run(slot_fn slot, const struct slot_call *c)
{
    return c->mount->slow == NULL ? slot(c) : slow_run(c->mount->slow, slot, c);
}

/* run_<slot>(): call a slot with the arguments in @c. */
#define SLOT(name, ...)                                                                            \
    static int64_t run_##name(const struct slot_call *c)                                           \
    {                                                                                              \
        return c->fs->ops->name(c->fs, __VA_ARGS__);                                               \
    }

SLOT(mknod, c->who, c->path, c->mode)
SLOT(mkdir, c->who, c->path, c->mode)
SLOT(symlink, c->who, c->target, c->path)
SLOT(link, c->who, c->path, c->to.path)
SLOT(unlink, c->who, c->path)
SLOT(rmdir, c->who, c->path)
SLOT(rename, c->who, c->path, c->to.path, c->to.type)
SLOT(readlink, c->who, c->path, c->in.buf.ptr, c->in.buf.len)
SLOT(getattr, c->who, c->path, c->stat, c->file)
SLOT(chown, c->who, c->path, c->owner.uid, c->owner.gid, c->file)
SLOT(chmod, c->who, c->path, c->mode, c->file)
SLOT(fallocate, c->who, c->path, &c->space, c->file)
SLOT(truncate, c->who, c->path, c->size, c->file)
SLOT(utimens, c->who, c->path, c->times.atime, c->times.mtime, c->file)
SLOT(read, c->who, c->path, c->in.buf, c->in.off, c->file)
SLOT(write, c->who, c->path, c->out.bytes, c->out.off, c->file)
SLOT(readdir, c->who, c->path, c->entries.callback, c->entries.user, c->file)
SLOT(ioctl, c->who, c->path, c->in.command, c->in.buf, c->file)
SLOT(poll, c->who, c->path, c->write, c->file)
SLOT(open, c->who, c->path, c->file)
SLOT(fsync, c->who, c->path, c->data_only, c->file)
SLOT(close, c->who, c->path, c->file)
SLOT(opendir, c->who, c->path, c->file)
SLOT(fsyncdir, c->who, c->path, c->data_only, c->file)
SLOT(closedir, c->who, c->path, c->file)
SLOT(statfs, c->who, c->statfs)
SLOT(add_source, c->source.req)
SLOT(add_rest, c->who, c->why)
SLOT(sync, c->who)
SLOT(commit, c->who)

static int64_t run_open_source(const struct slot_call *c)
{
    return c->mount->machine->spec.fs_open(c->source.driver, c->source.req, &c->mount->fs);
}

static int64_t run_opening(const struct slot_call *c)
{
    return c->opening.it->open(c->opening.it, c->opening.why, c->opening.out);
}

static int64_t run_tidy(const struct slot_call *c)
{
    c->fs->ops->tidy(c->fs, c->who);
    return 0;
}

static int64_t run_destroy(const struct slot_call *c)
{
    c->fs->ops->destroy(c->fs, c->why);
    return 0;
}

/* Run a slot. The arguments except the mount follow as initialisers of a struct slot_call. */
#define RUN(name, SHAPE, ...)                                                                      \
    run(run_##name,                                                                                \
        &(struct slot_call){.mount = m, .fs = m->fs, .shape = SLOT_##SHAPE, __VA_ARGS__})

static const struct slow_slots slow_slots = {run_close, run_closedir, run_destroy};

/** Make an instance whose source may have to be waited for. @opening taken. */
static int open_slow(struct mount *m, struct fs_opening *opening, const struct fs_open *req)
{
    int err = slow_new(m, &slow_slots, opening->timeout_s, req->why, &m->slow);

    if (err == 0)
        err = (int)RUN(opening, OPENS_SOURCE, .who = &req->who,
                       .opening = {opening, req->why, &m->fs});
    else
        opening->drop(opening);
    return err;
}

/** Close a handle that the driver has copied. @err of a refusal: the caller has it still. */
static void give_back(const struct mount *m, const struct fs_open *req, int err)
{
    if (err == 0 && req->handle != NULL && m->fs->driver->copies)
        req->handle->close(req->handle->user);
}

int driver_open_source(struct mount *m, const char *driver, const struct fs_open *req)
{
    struct fs_opening *opening;
    struct fs_open own = *req;
    int err;

    own.later = &opening;
    err = (int)RUN(open_source, IN_PLACE, .source = {driver, &own});
    if (err == FS_WOULD_WAIT) {
        err = open_slow(m, opening, req);
        give_back(m, req, err);
        return err;
    }
    if (err < 0)
        return err;
    if (m->fs->driver->layered)
        err = slow_new(m, NULL, 0, req->why, &m->slow);
    else if ((m->fs->caps & FS_CAP_BLOCKING) != 0 &&
             !m->from_handle) /* else it waits where the handle does */
        err = slow_new(m, &slow_slots, m->fs->timeout_s, req->why, &m->slow);
    if (err < 0)
        m->fs->ops->destroy(m->fs, req->why);
    return err;
}

void driver_interrupt(struct fs *fs)
{
    if (fs->ops->interrupt != NULL)
        fs->ops->interrupt(fs);
}

int driver_mknod(struct mount *m, const struct fs_caller *who, const char *path, uint32_t mode)
{
    return (int)RUN(mknod, PLAIN, .who = who, .path = path, .mode = mode);
}

int driver_mkdir(struct mount *m, const struct fs_caller *who, const char *path, uint32_t mode)
{
    return (int)RUN(mkdir, PLAIN, .who = who, .path = path, .mode = mode);
}

int driver_symlink(struct mount *m, const struct fs_caller *who, const char *target,
                   const char *path)
{
    return (int)RUN(symlink, SYMLINK, .who = who, .path = path, .target = target);
}

int driver_link(struct mount *m, const struct fs_caller *who, const char *from, const char *to)
{
    return (int)RUN(link, TWO_PATHS, .who = who, .path = from, .to = {.path = to});
}

int driver_unlink(struct mount *m, const struct fs_caller *who, const char *path)
{
    return (int)RUN(unlink, PLAIN, .who = who, .path = path);
}

int driver_rmdir(struct mount *m, const struct fs_caller *who, const char *path)
{
    return (int)RUN(rmdir, PLAIN, .who = who, .path = path);
}

int driver_rename(struct mount *m, const struct fs_caller *who, const char *from, const char *to,
                  enum fs_rename_type type)
{
    return (int)RUN(rename, TWO_PATHS, .who = who, .path = from, .to = {to, type});
}

int64_t driver_readlink(struct mount *m, const struct fs_caller *who, const char *path, char *buf,
                        size_t size)
{
    return RUN(readlink, FILLS, .who = who, .path = path, .in = {.buf = {buf, size}});
}

int driver_getattr(struct mount *m, const struct fs_caller *who, const char *path,
                   struct fs_stat *out, struct fs_file *file)
{
    return (int)RUN(getattr, STATS, .who = who, .path = path, .stat = out, .file = file);
}

int driver_chown(struct mount *m, const struct fs_caller *who, const char *path, uint32_t uid,
                 uint32_t gid, struct fs_file *file)
{
    return (int)RUN(chown, PLAIN, .who = who, .path = path, .owner = {uid, gid}, .file = file);
}

int driver_chmod(struct mount *m, const struct fs_caller *who, const char *path, uint32_t mode,
                 struct fs_file *file)
{
    return (int)RUN(chmod, PLAIN, .who = who, .path = path, .mode = mode, .file = file);
}

int driver_truncate(struct mount *m, const struct fs_caller *who, const char *path, uint64_t size,
                    struct fs_file *file)
{
    return (int)RUN(truncate, PLAIN, .who = who, .path = path, .size = size, .file = file);
}

int driver_fallocate(struct mount *m, const struct fs_caller *who, const char *path,
                     const struct fs_space *space, struct fs_file *file)
{
    return (int)RUN(fallocate, PLAIN, .who = who, .path = path, .space = *space, .file = file);
}

int driver_utimens(struct mount *m, const struct fs_caller *who, const char *path, int64_t atime,
                   int64_t mtime, struct fs_file *file)
{
    return (int)RUN(utimens, PLAIN, .who = who, .path = path, .times = {atime, mtime},
                    .file = file);
}

int64_t driver_read(struct mount *m, const struct fs_caller *who, const char *path,
                    struct fs_buf buf, int64_t off, struct fs_file *file)
{
    return RUN(read, FILLS, .who = who, .path = path, .in = {.buf = buf, .off = off}, .file = file);
}

int64_t driver_write(struct mount *m, const struct fs_caller *who, const char *path,
                     struct fs_bytes bytes, int64_t off, struct fs_file *file)
{
    return RUN(write, WRITES, .who = who, .path = path, .out = {bytes, off}, .file = file);
}

int driver_readdir(struct mount *m, const struct fs_caller *who, const char *path,
                   fs_readdir_fn callback, void *user, struct fs_file *file)
{
    return (int)RUN(readdir, LISTS, .who = who, .path = path, .entries = {callback, user},
                    .file = file);
}

int64_t driver_ioctl(struct mount *m, const struct fs_caller *who, const char *path,
                     uint32_t command, struct fs_buf data, struct fs_file *file)
{
    return RUN(ioctl, FILLS, .who = who, .path = path, .in = {.buf = data, .command = command},
               .file = file);
}

bool driver_poll(struct mount *m, const struct fs_caller *who, const char *path, bool write,
                 struct fs_file *file)
{
    return RUN(poll, IN_PLACE, .who = who, .path = path, .write = write, .file = file) != 0;
}

int driver_open(struct mount *m, const struct fs_caller *who, const char *path,
                struct fs_file *file)
{
    return (int)RUN(open, OPENS, .who = who, .path = path, .file = file);
}

int driver_fsync(struct mount *m, const struct fs_caller *who, const char *path, bool data_only,
                 struct fs_file *file)
{
    return (int)RUN(fsync, PLAIN, .who = who, .path = path, .data_only = data_only, .file = file);
}

int driver_close(struct mount *m, const struct fs_caller *who, const char *path,
                 struct fs_file *file)
{
    return (int)RUN(close, CLOSES, .who = who, .path = path, .file = file);
}

int driver_opendir(struct mount *m, const struct fs_caller *who, const char *path,
                   struct fs_file *file)
{
    return (int)RUN(opendir, OPENS_DIR, .who = who, .path = path, .file = file);
}

int driver_fsyncdir(struct mount *m, const struct fs_caller *who, const char *path, bool data_only,
                    struct fs_file *file)
{
    return (int)RUN(fsyncdir, PLAIN, .who = who, .path = path, .data_only = data_only,
                    .file = file);
}

int driver_closedir(struct mount *m, const struct fs_caller *who, const char *path,
                    struct fs_file *file)
{
    return (int)RUN(closedir, CLOSES_DIR, .who = who, .path = path, .file = file);
}

int driver_statfs(struct mount *m, const struct fs_caller *who, struct fs_statfs *out)
{
    return (int)RUN(statfs, STATS_FS, .who = who, .statfs = out);
}

int driver_add_source(struct mount *m, const struct fs_open *req)
{
    int err = (int)RUN(add_source, IN_PLACE, .source = {.req = req});

    if (err == FS_WOULD_WAIT)
        err = (int)RUN(add_rest, EXPLAINS, .who = &req->who, .why = req->why);
    give_back(m, req, err);
    return err;
}

int driver_sync(struct mount *m, const struct fs_caller *who)
{
    return (int)RUN(sync, PLAIN, .who = who);
}

int driver_commit(struct mount *m)
{
    return (int)RUN(commit, PLAIN, .who = &vfs_nobody);
}

void driver_tidy(struct mount *m)
{
    (void)RUN(tidy, TIDIES, .who = &vfs_nobody);
}

void driver_destroy(struct mount *m, struct why *why)
{
    (void)RUN(destroy, DESTROYS, .why = why);
}
