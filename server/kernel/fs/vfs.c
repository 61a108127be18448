/* SPDX-License-Identifier: MIT */
/* Operations on names: create, delete, link, subviews; and the status that calls return. */
#include "server/kernel/fs/vfs.h"

#include "server/kernel/door/driver.h"
#include "server/kernel/fs/mount.h"
#include "server/kernel/fs/node.h"
#include "server/kernel/fs/perm.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

const struct fs_caller vfs_nobody = {.pid = 0};

enum {
    ACCESS_DIR = FM_READDIR | FM_DCREATE | FM_DMOVE | FM_DDELETE,
    ACCESS_FILE = FM_READ | FM_WRITE | FM_MMAP | FM_CREATE | FM_TRUNC | FM_APPEND,
    ACCESS_DEVICE = FM_READ | FM_WRITE | FM_IOCTL | FM_BLOCKING,
    ACCESS_CHANGES =
        FM_WRITE | FM_CREATE | FM_TRUNC | FM_APPEND | FM_DCREATE | FM_DMOVE | FM_DDELETE,
};

/** The rights that the filesystem's options do not grant. */
static uint32_t not_granted(const struct mount *m)
{
    return (m->no_create != NULL ? FM_DCREATE | FM_CREATE : 0u) |
           (m->no_move != NULL ? FM_DMOVE : 0u) | (m->no_delete != NULL ? FM_DDELETE : 0u);
}

void vfs_stat(const struct mount *m, const struct fs_stat *in, uint32_t view_modes,
              struct sc_stat *out)
{
    switch (in->mode & S_IFMT) {
    case S_IFDIR:
        *out = (struct sc_stat){.type = FT_DIR, .access = ACCESS_DIR};
        break;
    case S_IFCHR:
        *out = (struct sc_stat){.type = FT_CHARDEV, .access = ACCESS_DEVICE};
        break;
    case S_IFBLK:
        *out = (struct sc_stat){.type = FT_BLOCKDEV, .access = ACCESS_DEVICE};
        break;
    case S_IFIFO:
        *out = (struct sc_stat){.type = FT_FIFO, .access = FM_READ | FM_WRITE | FM_BLOCKING};
        break;
    case S_IFSOCK:
        *out = (struct sc_stat){.type = FT_DEV};
        break;
    default:
        *out = (struct sc_stat){.type = FT_REGULAR, .access = ACCESS_FILE};
        break;
    }
    if (m != NULL && m->readonly && (in->mode & S_IFMT) != S_IFCHR)
        out->access &= ~(uint32_t)ACCESS_CHANGES;
    if (m != NULL)
        out->access &= ~not_granted(m);
    out->access &= view_modes;
    out->size = in->size;
}

/** The last component of a place, for reasons. */
static const char *base_of(const struct place *at)
{
    const char *base = path_base(&at->path);

    return *base != '\0' ? base : "/";
}

int vfs_refuse_missing(const struct place *at, struct why *why)
{
    return why_add(why, -ENOENT, "'%s' does not exist in view '%s'", base_of(at), at->view->label);
}

int vfs_refuse_existing(const struct place *at, struct why *why)
{
    return why_add(why, -EEXIST, "'%s' exists in view '%s'", base_of(at), at->view->label);
}

/** Make a place's name in the driver; the file belongs to the caller. @target: of a link. */
static int make_name(struct place *at, uint32_t mode, const char *target, struct why *why)
{
    struct mount *m = at->view->mount;
    int err;

    if (target != NULL)
        err = driver_symlink(m, &at->who, target, at->path.str);
    else if (S_ISDIR(mode))
        err = driver_mkdir(m, &at->who, at->path.str, mode);
    else
        err = driver_mknod(m, &at->who, at->path.str, mode);
    return mount_granted(m, err, m->no_create, "create", why);
}

/** Check that a new name of a file of @mode is free, and may be made. */
static int check_new(const struct place *at, uint32_t mode, struct why *why)
{
    int err;

    if (at->exists)
        return vfs_refuse_existing(at, why);
    err = vfs_check_dir(at, mode, why);
    return err < 0 ? err : perm_add(at, why);
}

int vfs_make_file(struct place *at, struct why *why)
{
    int err = check_new(at, S_IFREG, why);

    return err < 0 ? err
                   : mount_answer(at->view->mount, make_name(at, S_IFREG | 0644u, NULL, why), NULL,
                                  why);
}

int vfs_create(struct place *at, uint32_t type, struct why *why)
{
    struct mount *m = at->view->mount;
    uint32_t mode;
    int err;

    if (type != FT_REGULAR && type != FT_DIR && type != FT_FIFO)
        return why_add(why, -EINVAL, "only REGULAR, DIR and FIFO can be created");
    if (type == FT_FIFO && (m->fs->caps & FS_CAP_FIFO) == 0)
        return why_add(why, -EINVAL, "driver %s can't store FIFOs", m->driver);
    if (type == FT_REGULAR)
        return vfs_make_file(at, why);
    mode = type == FT_DIR ? S_IFDIR | 0755u : S_IFIFO | 0644u;
    err = check_new(at, mode, why);
    if (err < 0)
        return err;
    err = make_name(at, mode, NULL, why);
    return mount_answer(m, err, NULL, why);
}

int vfs_symlink(struct place *at, const char *target, struct why *why)
{
    int err = check_new(at, S_IFLNK, why);

    return err < 0 ? err
                   : mount_answer(at->view->mount, make_name(at, S_IFLNK, target, why),
                                  "store symbolic links", why);
}

int vfs_link(struct place *from, struct place *to, struct why *why)
{
    struct mount *m = from->view->mount;
    int err;

    if (!from->exists)
        return vfs_refuse_missing(from, why);
    if (S_ISDIR(from->stat.mode))
        return why_add(why, -EPERM, "%s is a directory: a directory can't have a second name",
                       from->path.str);
    err = check_new(to, from->stat.mode, why);
    if (err < 0)
        return err;
    err = driver_link(m, &to->who, from->path.str, to->path.str);
    err = mount_granted(m, err, m->no_create, "create", why);
    return mount_answer(m, err, "store hard links", why);
}

int vfs_readlink(struct place *at, char out[FS_PATH_MAX + 1], struct why *why)
{
    struct mount *m = at->view->mount;
    int64_t err;

    if (!at->exists)
        return vfs_refuse_missing(at, why);
    if (!S_ISLNK(at->stat.mode))
        return why_add(why, -EINVAL, "%s is not a symbolic link", at->path.str);
    memset(out, 0, FS_PATH_MAX + 1);
    err = driver_readlink(m, &at->who, at->path.str, out, FS_PATH_MAX);
    if (err > 0)
        return why_add(why, -EIO, "the link's target is longer than %d bytes", FS_PATH_MAX);
    return (int)err;
}

int vfs_delete(struct place *at, struct why *why)
{
    struct mount *m = at->view->mount;
    int err;

    if (!at->exists)
        return vfs_refuse_missing(at, why);
    err = perm_remove(at, why);
    if (err == 0)
        err = node_check_unused(node_find(m, &at->path), why);
    if (err < 0)
        return err;
    if (S_ISDIR(at->stat.mode))
        err = driver_rmdir(m, &at->who, at->path.str);
    else
        err = driver_unlink(m, &at->who, at->path.str);
    err = mount_granted(m, err, m->no_delete, "delete", why);
    return mount_answer(m, err, NULL, why);
}

int vfs_subview(const struct place *at, struct sc_str label, uint32_t ok_modes, int32_t maker,
                struct why *why, struct view **out)
{
    struct view *parent = at->view;
    struct sc_stat stat;
    struct node *root;
    int err;

    if (parent->depth >= VIEW_DEPTH_MAX)
        return why_add(why, -EMFILE, "view '%s' has reached the limit of views above it, %d",
                       parent->label, VIEW_DEPTH_MAX);
    err = node_get(parent->mount, &at->path, why, &root);
    if (err < 0)
        return err;
    err = view_new(parent->mount, root, parent, label, ok_modes & parent->ok_modes, maker, out);
    (void)node_unref(root);
    if (err < 0)
        return err;
    vfs_stat(parent->mount, &at->stat, 0, &stat);
    (*out)->type = stat.type;
    return 0;
}
