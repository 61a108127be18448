/* SPDX-License-Identifier: MIT */
#include "server/kernel/door/layer.h"

#include "fsdrivers/fs_ops.h"
#include "server/kernel/door/driver.h"
#include "server/kernel/door/slow.h"
#include "server/kernel/fs/mount.h"
#include "server/kernel/fs/perm.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct layer {
    struct fs fs;
    struct mount *above; /* borrowed: its instance gives the layer back before it ends */
    struct view *view;   /* referenced */
    struct fs_caller maker;
    bool write;
};

/** What slots cost, in bytes of LAYER_SLICE: reading a directory, and each name; a look-up, and each byte of its
 * path. */
enum { LIST_COST = 64 * 1024, NAME_COST = 64, LOOK_COST = 1024, BYTE_COST = 64 };

static struct layer *layer_of(struct fs *fs)
{
    return container_of(fs, struct layer, fs);
}

static struct mount *below(struct fs *fs)
{
    return layer_of(fs)->view->mount;
}

/** The path below of a path in the layer. @out: its room. Returns it, NULL for NULL; or sets *err. */
static const char *path_below(struct fs *fs, const char *path, struct path *out, int *err)
{
    if (path == NULL || *err < 0)
        return NULL;
    *err = view_root_path(layer_of(fs)->view, out);
    if (*err == 0)
        *err = path_join(out, path, strlen(path));
    return out->str;
}

/** Check that the maker of a read-only layer may pass the directories of a path. */
static int may_pass(struct fs *fs, const char *path)
{
    const struct layer *l = layer_of(fs);
    struct path at;
    int err = 0;

    if (l->maker.uid == 0 || l->write || path == NULL)
        return 0;
    (void)path_below(fs, "/", &at, &err);
    while (err == 0 && path[0] == '/' && path[1] != '\0') {
        const size_t len = strcspn(path + 1, "/");
        struct fs_stat st;

        err = driver_getattr(below(fs), &l->maker, at.str, &st, NULL);
        if (err == 0 && S_ISDIR(st.mode)) /* else the slot says what is wrong */
            err = perm_check(&st, at.str, &l->maker, PERM_EXEC, NULL);
        if (err == 0)
            err = path_push(&at, path + 1, len);
        path += 1 + len;
    }
    return err == -ENOENT ? 0 : err;
}

/** Check that they may list the directory at its end, too. */
static int may_list(struct fs *fs, const char *path)
{
    const struct layer *l = layer_of(fs);
    struct fs_stat st;
    struct path at;
    int err = may_pass(fs, path);
    const char *own = path_below(fs, path, &at, &err);

    if (err < 0 || l->maker.uid == 0 || l->write || own == NULL)
        return err;
    err = driver_getattr(below(fs), &l->maker, own, &st, NULL);
    return err < 0 ? err : perm_check(&st, own, &l->maker, PERM_READ, NULL);
}

/** After a slot that may have changed something. */
static int64_t changed(struct fs *fs, int64_t result)
{
    mount_changed(below(fs));
    return result;
}

/** Before a slot that may be one of very many: rest, if it is time. Returns 0, -ECANCELED. */
static int work(struct fs *fs, const struct fs_caller *who, size_t cost)
{
    struct layer *l = layer_of(fs);
    struct machine *m = l->above->machine;

    m->stand.work += cost;
    if (m->stand.work < LAYER_SLICE || l->above->slow == NULL)
        return 0;
    m->stand.work = 0;
    return slow_rest(l->above->slow, who);
}

/** Before a look-up, of which a deep path needs many. */
static int look(struct fs *fs, const struct fs_caller *who, const char *path)
{
    int err = work(fs, who, LOOK_COST + (path != NULL ? strlen(path) * BYTE_COST : 0));

    return err < 0 ? err : may_pass(fs, path);
}

/** A slot of paths and handles: @before is done first, and a path is translated. */
#define LAYER_SLOT(type, slot, before, after, PARAMS, ...)                                         \
    static type layer_##slot PARAMS                                                                \
    {                                                                                              \
        struct path at;                                                                            \
        int err = before;                                                                          \
        const char *own = path_below(fs, path, &at, &err);                                         \
                                                                                                   \
        return err < 0 ? err : (type)after(fs, driver_##slot(below(fs), who, __VA_ARGS__));        \
    }
#define SAME(fs, result) (result)
#define WHO struct fs *fs, const struct fs_caller *who, const char *path

LAYER_SLOT(int, getattr, look(fs, who, path), SAME,
           (WHO, struct fs_stat *out, struct fs_file *file), own, out, file)
LAYER_SLOT(int64_t, readlink, may_pass(fs, path), SAME, (WHO, char *buf, size_t size), own, buf,
           size)
LAYER_SLOT(int, mknod, 0, changed, (WHO, uint32_t mode), own, mode)
LAYER_SLOT(int, mkdir, 0, changed, (WHO, uint32_t mode), own, mode)
LAYER_SLOT(int, unlink, 0, changed, (WHO), own)
LAYER_SLOT(int, rmdir, 0, changed, (WHO), own)
LAYER_SLOT(int, symlink, 0, changed,
           (struct fs * fs, const struct fs_caller *who, const char *target, const char *path),
           target, own)
LAYER_SLOT(int, chown, 0, changed, (WHO, uint32_t uid, uint32_t gid, struct fs_file *file), own,
           uid, gid, file)
LAYER_SLOT(int, chmod, 0, changed, (WHO, uint32_t mode, struct fs_file *file), own, mode, file)
LAYER_SLOT(int, truncate, 0, changed, (WHO, uint64_t size, struct fs_file *file), own, size, file)
LAYER_SLOT(int, fallocate, 0, changed, (WHO, const struct fs_space *space, struct fs_file *file),
           own, space, file)
LAYER_SLOT(int, utimens, 0, changed, (WHO, int64_t atime, int64_t mtime, struct fs_file *file), own,
           atime, mtime, file)
LAYER_SLOT(int, open, may_pass(fs, path), SAME, (WHO, struct fs_file *file), own, file)
LAYER_SLOT(int64_t, read, work(fs, who, buf.len), SAME,
           (WHO, struct fs_buf buf, int64_t off, struct fs_file *file), own, buf, off, file)
LAYER_SLOT(int64_t, write, 0, changed,
           (WHO, struct fs_bytes bytes, int64_t off, struct fs_file *file), own, bytes, off, file)
LAYER_SLOT(int, fsync, 0, changed, (WHO, bool data_only, struct fs_file *file), own, data_only,
           file)
LAYER_SLOT(int, opendir, may_list(fs, path), SAME, (WHO, struct fs_file *file), own, file)
LAYER_SLOT(int, fsyncdir, 0, changed, (WHO, bool data_only, struct fs_file *file), own, data_only,
           file)

/** A listing whose names are counted. */
struct counting {
    fs_readdir_fn fn;
    void *user;
    struct machine *machine;
};

/** fs_readdir_fn: the rest is taken before the next slot. */
static int count_name(void *user, const char *name, const struct fs_stat *stat)
{
    const struct counting *c = user;

    c->machine->stand.work += NAME_COST;
    return c->fn(c->user, name, stat);
}

static int layer_readdir(struct fs *fs, const struct fs_caller *who, const char *path,
                         fs_readdir_fn callback, void *user, struct fs_file *file)
{
    struct counting c = {callback, user, layer_of(fs)->above->machine};
    struct path at;
    int err = work(fs, who, LIST_COST);
    const char *own;

    if (err == 0)
        err = may_list(fs, path);
    own = path_below(fs, path, &at, &err);
    return err < 0 ? err : driver_readdir(below(fs), who, own, count_name, &c, file);
}

/** What is open is closed without its path, as by the VFS: the path below may be too long by now. */
static int layer_close(WHO, struct fs_file *file)
{
    (void)path;
    return (int)changed(fs, driver_close(below(fs), who, NULL, file));
}

static int layer_closedir(WHO, struct fs_file *file)
{
    (void)path;
    return (int)changed(fs, driver_closedir(below(fs), who, NULL, file));
}

/* Slots of two paths: they change a layer, and its maker may pass everywhere in that. */

static int layer_link(struct fs *fs, const struct fs_caller *who, const char *from, const char *to)
{
    struct path old;
    struct path new;
    int err = 0;

    (void)path_below(fs, from, &old, &err);
    (void)path_below(fs, to, &new, &err);
    return err < 0 ? err : (int)changed(fs, driver_link(below(fs), who, old.str, new.str));
}

static int layer_rename(struct fs *fs, const struct fs_caller *who, const char *from,
                        const char *to, enum fs_rename_type type)
{
    struct path old;
    struct path new;
    int err = 0;

    (void)path_below(fs, from, &old, &err);
    (void)path_below(fs, to, &new, &err);
    return err < 0 ? err : (int)changed(fs, driver_rename(below(fs), who, old.str, new.str, type));
}

static bool layer_poll(struct fs *fs, const struct fs_caller *who, const char *path, bool write,
                       struct fs_file *file)
{
    struct path at;
    int err = 0;
    const char *own = path_below(fs, path, &at, &err);

    return err < 0 || driver_poll(below(fs), who, own, write, file);
}

static int layer_statfs(struct fs *fs, const struct fs_caller *who, struct fs_statfs *out)
{
    return driver_statfs(below(fs), who, out);
}

static int layer_commit(struct fs *fs, const struct fs_caller *who)
{
    (void)who;
    return (int)changed(fs, driver_commit(below(fs)));
}

static int layer_sync(struct fs *fs, const struct fs_caller *who)
{
    return (int)changed(fs, driver_sync(below(fs), who));
}

/** The mount below is interrupted by slow_interrupt(). */
static void layer_interrupt(struct fs *fs)
{
    (void)fs;
}

static const struct fs_ops layer_ops = {
    .getattr = layer_getattr,
    .readlink = layer_readlink,
    .mknod = layer_mknod,
    .mkdir = layer_mkdir,
    .unlink = layer_unlink,
    .rmdir = layer_rmdir,
    .symlink = layer_symlink,
    .rename = layer_rename,
    .link = layer_link,
    .chown = layer_chown,
    .chmod = layer_chmod,
    .truncate = layer_truncate,
    .fallocate = layer_fallocate,
    .open = layer_open,
    .read = layer_read,
    .write = layer_write,
    .fsync = layer_fsync,
    .close = layer_close,
    .opendir = layer_opendir,
    .readdir = layer_readdir,
    .fsyncdir = layer_fsyncdir,
    .closedir = layer_closedir,
    .poll = layer_poll,
    .utimens = layer_utimens,
    .statfs = layer_statfs,
    .commit = layer_commit,
    .sync = layer_sync,
    .interrupt = layer_interrupt,
};

/** Check that the maker owns a layer that is written: copying up makes names in it whatever its bits. */
static int check_owner(const struct view *view, const struct fs_caller *maker, struct why *why)
{
    struct path root;
    struct fs_stat st;
    int err = maker->uid != 0 ? view_root_path(view, &root) : 0;

    if (err < 0 || maker->uid == 0)
        return err;
    err = driver_getattr(view->mount, maker, root.str, &st, NULL);
    if (err < 0 || st.uid == maker->uid)
        return err;
    return why_add(
        why, -EACCES,
        "the first layer, '%s', belongs to user %" PRIu32 ": user %" PRIu32
        " may only lay layers over a directory of their own, or give the option readonly",
        view->label, st.uid, maker->uid);
}

int layer_new(struct mount *above, struct view *view, const struct fs_caller *maker, bool write,
              struct fs **out, struct why *why)
{
    const uint32_t needed = write ? SC_FM_NAMED : FM_READ | FM_READDIR | FM_MMAP;
    const struct mount *m = view->mount;
    struct layer *l;
    int err = view_allows(view, needed, why);

    if (err < 0)
        return why_add(why, err, "%s needs these rights of view '%s'",
                       write ? "a writable layer" : "a layer", view->label);
    if (write && m->readonly)
        return why_add(why, -EROFS, "the first layer, '%s', is read-only: give the option readonly",
                       view->label);
    if (write)
        err = check_owner(view, maker, why);
    if (err < 0)
        return err;
    err = mount_stand_on(above, view->mount, why);
    if (err < 0)
        return err;
    l = calloc(1, sizeof(*l));
    if (l == NULL)
        return -ENOMEM;
    l->fs = (struct fs){.ops = &layer_ops,
                        .driver = m->kind,
                        .caps = m->fs->caps & ~(uint32_t)(FS_CAP_BLOCKING | FS_CAP_EXPORT)};
    l->above = above;
    l->view = view_ref(view);
    l->maker = *maker;
    l->write = write;
    view->mount->stood_on++;
    *out = &l->fs;
    return 0;
}

void layer_free(struct fs *lower)
{
    struct layer *l = layer_of(lower);

    l->view->mount->stood_on--;
    (void)view_unref(l->view);
    free(l);
}
