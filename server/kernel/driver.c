/* SPDX-License-Identifier: MIT */
#include "server/kernel/driver.h"

#include "fsdrivers/fs_ops.h"
#include "server/kernel/machine.h"
#include "server/kernel/vfs.h"

/** A slot to be called, with its arguments. What they point to is borrowed until run() returns. */
struct slot_call {
    struct mount *mount;
    const char *path;
    struct fs_file *file;
    union {
        struct {
            const char *driver;
            const struct fs_open *req;
        } source; /* open_source, add_source */
        struct {
            const char *path;
            enum fs_rename_type type;
        } to;               /* rename, link */
        const char *target; /* symlink */
        struct {
            char *ptr;
            size_t len;
            int64_t off;
        } buf; /* readlink, read */
        struct {
            const char *ptr;
            size_t len;
            int64_t off;
        } bytes; /* write */
        struct {
            fs_readdir_fn callback;
            void *user;
        } entries; /* readdir */
        struct {
            uint32_t uid, gid;
        } owner; /* chown */
        struct {
            int64_t atime, mtime;
        } times; /* utimens */
        struct fs_stat *stat;
        struct fs_statfs *statfs;
        struct why *why;
        uint64_t size;
        uint32_t mode;
        uint32_t command;
        bool data_only;
        bool write;
    };
};

typedef int64_t (*slot_fn)(const struct slot_call *c);

/** Carry a slot out. Every entry into a driver's code is this one. Returns what the slot answers. */
static int64_t run(slot_fn slot, const struct slot_call *c)
{
    return slot(c);
}

/* run_SLOT(): call a slot with what is in @c. */
#define SLOT(name, ...)                                                                            \
    static int64_t run_##name(const struct slot_call *c)                                           \
    {                                                                                              \
        struct fs *fs = c->mount->fs;                                                              \
                                                                                                   \
        return fs->ops->name(fs, __VA_ARGS__);                                                     \
    }

SLOT(mknod, c->path, c->mode)
SLOT(mkdir, c->path, c->mode)
SLOT(symlink, c->target, c->path)
SLOT(link, c->path, c->to.path)
SLOT(unlink, c->path)
SLOT(rmdir, c->path)
SLOT(rename, c->path, c->to.path, c->to.type)
SLOT(readlink, c->path, c->buf.ptr, c->buf.len)
SLOT(getattr, c->path, c->stat, c->file)
SLOT(chown, c->path, c->owner.uid, c->owner.gid, c->file)
SLOT(chmod, c->path, c->mode, c->file)
SLOT(truncate, c->path, c->size, c->file)
SLOT(utimens, c->path, c->times.atime, c->times.mtime, c->file)
SLOT(read, c->path, c->buf.ptr, c->buf.len, c->buf.off, c->file)
SLOT(write, c->path, c->bytes.ptr, c->bytes.len, c->bytes.off, c->file)
SLOT(readdir, c->path, c->entries.callback, c->entries.user, c->file)
SLOT(ioctl, c->path, c->command, c->file)
SLOT(poll, c->path, c->write, c->file)
SLOT(open, c->path, c->file)
SLOT(fsync, c->path, c->data_only, c->file)
SLOT(close, c->path, c->file)
SLOT(opendir, c->path, c->file)
SLOT(fsyncdir, c->path, c->data_only, c->file)
SLOT(closedir, c->path, c->file)
SLOT(statfs, c->statfs)
SLOT(add_source, c->source.req)

static int64_t run_open_source(const struct slot_call *c)
{
    return c->mount->machine->spec.fs_open(c->source.driver, c->source.req, &c->mount->fs);
}

static int64_t run_commit(const struct slot_call *c)
{
    return c->mount->fs->ops->commit(c->mount->fs);
}

static int64_t run_tidy(const struct slot_call *c)
{
    c->mount->fs->ops->tidy(c->mount->fs);
    return 0;
}

static int64_t run_destroy(const struct slot_call *c)
{
    c->mount->fs->ops->destroy(c->mount->fs, c->why);
    return 0;
}

/* Run a slot: its arguments but the mount follow as initialisers of a struct slot_call. */
#define RUN(name, ...) run(run_##name, &(struct slot_call){.mount = m, __VA_ARGS__})

int driver_open_source(struct mount *m, const char *driver, const struct fs_open *req)
{
    return (int)RUN(open_source, .source = {driver, req});
}

int driver_mknod(struct mount *m, const char *path, uint32_t mode)
{
    return (int)RUN(mknod, .path = path, .mode = mode);
}

int driver_mkdir(struct mount *m, const char *path, uint32_t mode)
{
    return (int)RUN(mkdir, .path = path, .mode = mode);
}

int driver_symlink(struct mount *m, const char *target, const char *path)
{
    return (int)RUN(symlink, .path = path, .target = target);
}

int driver_link(struct mount *m, const char *from, const char *to)
{
    return (int)RUN(link, .path = from, .to = {.path = to});
}

int driver_unlink(struct mount *m, const char *path)
{
    return (int)RUN(unlink, .path = path);
}

int driver_rmdir(struct mount *m, const char *path)
{
    return (int)RUN(rmdir, .path = path);
}

int driver_rename(struct mount *m, const char *from, const char *to, enum fs_rename_type type)
{
    return (int)RUN(rename, .path = from, .to = {to, type});
}

int64_t driver_readlink(struct mount *m, const char *path, char *buf, size_t size)
{
    return RUN(readlink, .path = path, .buf = {buf, size, 0});
}

int driver_getattr(struct mount *m, const char *path, struct fs_stat *out, struct fs_file *file)
{
    return (int)RUN(getattr, .path = path, .stat = out, .file = file);
}

int driver_chown(struct mount *m, const char *path, uint32_t uid, uint32_t gid,
                 struct fs_file *file)
{
    return (int)RUN(chown, .path = path, .owner = {uid, gid}, .file = file);
}

int driver_chmod(struct mount *m, const char *path, uint32_t mode, struct fs_file *file)
{
    return (int)RUN(chmod, .path = path, .mode = mode, .file = file);
}

int driver_truncate(struct mount *m, const char *path, uint64_t size, struct fs_file *file)
{
    return (int)RUN(truncate, .path = path, .size = size, .file = file);
}

int driver_utimens(struct mount *m, const char *path, int64_t atime, int64_t mtime,
                   struct fs_file *file)
{
    return (int)RUN(utimens, .path = path, .times = {atime, mtime}, .file = file);
}

int64_t driver_read(struct mount *m, const char *path, char *buf, size_t len, int64_t off,
                    struct fs_file *file)
{
    return RUN(read, .path = path, .buf = {buf, len, off}, .file = file);
}

int64_t driver_write(struct mount *m, const char *path, const char *buf, size_t len, int64_t off,
                     struct fs_file *file)
{
    return RUN(write, .path = path, .bytes = {buf, len, off}, .file = file);
}

int driver_readdir(struct mount *m, const char *path, fs_readdir_fn callback, void *user,
                   struct fs_file *file)
{
    return (int)RUN(readdir, .path = path, .entries = {callback, user}, .file = file);
}

int64_t driver_ioctl(struct mount *m, const char *path, uint32_t command, struct fs_file *file)
{
    return RUN(ioctl, .path = path, .command = command, .file = file);
}

bool driver_poll(struct mount *m, const char *path, bool write, struct fs_file *file)
{
    return RUN(poll, .path = path, .write = write, .file = file) != 0;
}

int driver_open(struct mount *m, const char *path, struct fs_file *file)
{
    return (int)RUN(open, .path = path, .file = file);
}

int driver_fsync(struct mount *m, const char *path, bool data_only, struct fs_file *file)
{
    return (int)RUN(fsync, .path = path, .data_only = data_only, .file = file);
}

int driver_close(struct mount *m, const char *path, struct fs_file *file)
{
    return (int)RUN(close, .path = path, .file = file);
}

int driver_opendir(struct mount *m, const char *path, struct fs_file *file)
{
    return (int)RUN(opendir, .path = path, .file = file);
}

int driver_fsyncdir(struct mount *m, const char *path, bool data_only, struct fs_file *file)
{
    return (int)RUN(fsyncdir, .path = path, .data_only = data_only, .file = file);
}

int driver_closedir(struct mount *m, const char *path, struct fs_file *file)
{
    return (int)RUN(closedir, .path = path, .file = file);
}

int driver_statfs(struct mount *m, struct fs_statfs *out)
{
    return (int)RUN(statfs, .statfs = out);
}

int driver_add_source(struct mount *m, const struct fs_open *req)
{
    return (int)RUN(add_source, .source = {.req = req});
}

int driver_commit(struct mount *m)
{
    return (int)RUN(commit, .path = NULL);
}

void driver_tidy(struct mount *m)
{
    (void)RUN(tidy, .path = NULL);
}

void driver_destroy(struct mount *m, struct why *why)
{
    (void)RUN(destroy, .why = why);
}
