/* SPDX-License-Identifier: MIT */
#include "fsdrivers/ramfs/names.h"

#include "fsdrivers/devfs/device.h"
#include "fsdrivers/fslimits.h"
#include "fsdrivers/fspath.h"
#include "fsdrivers/fsrules.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* ---- From paths to nodes ---- */

/* Walk @len bytes of a path. */
static int walk(const struct ramfs *r, const char *path, size_t len, struct node **out)
{
    const char *end = path + len;
    struct node *at = r->root;
    struct fsname name;

    while (path < end && fspath_next(&path, &name)) {
        const struct entry *e;

        if (!node_is_dir(at))
            return S_ISLNK(at->stat.mode) ? -ELOOP : -ENOTDIR;
        e = entry_find(at, name);
        if (e == NULL)
            return -ENOENT;
        at = entry_node(e);
    }
    *out = at;
    return 0;
}

int node_of(const struct ramfs *r, const char *path, const struct fs_file *file, struct node **out)
{
    if (file != NULL) {
        *out = (struct node *)(uintptr_t)file->handle;
        return 0;
    }
    return walk(r, path, strlen(path), out);
}

/* The place of a name in the tree; the name may not exist. */
struct spot {
    struct node *dir;
    struct fsname name;  /* empty: the root, which is in no directory */
    struct entry *entry; /* NULL: the name is free */
    struct node *node;   /* the entry's */
};

static int find_spot(const struct ramfs *r, const char *path, struct spot *out)
{
    struct fsname dir;
    int err;

    fspath_split(path, &dir, &out->name);
    err = walk(r, path, dir.len, &out->dir);
    if (err < 0)
        return err;
    if (!node_is_dir(out->dir))
        return S_ISLNK(out->dir->stat.mode) ? -ELOOP : -ENOTDIR;
    out->entry = entry_find(out->dir, out->name);
    out->node = out->entry != NULL ? entry_node(out->entry) : NULL;
    return 0;
}

/* Find the spot of a new name. */
static int find_free(const struct ramfs *r, const char *path, struct spot *out)
{
    int err;

    if (fspath_is_root(path))
        return -EEXIST;
    err = find_spot(r, path, out);
    if (err < 0)
        return err;
    return out->entry != NULL ? -EEXIST : 0;
}

/* Find the spot of an existing name. */
static int find_taken(const struct ramfs *r, const char *path, struct spot *out)
{
    int err;

    if (fspath_is_root(path))
        return -EBUSY;
    err = find_spot(r, path, out);
    if (err < 0)
        return err;
    return out->entry == NULL ? -ENOENT : 0;
}

/* ---- Making names ---- */

/* Name a node that node_new() made; on failure free it. */
static int settle(struct ramfs *r, const struct spot *at, struct node *n)
{
    int err = entry_add(r, at->dir, at->name, n);

    if (err < 0) {
        node_put(r, n);
        return err;
    }
    n->stat.nlink = node_is_dir(n) ? 2 : 1;
    at->dir->stat.nlink += node_is_dir(n) ? 1 : 0;
    touch_content(r, at->dir);
    return 0;
}

static int create(struct ramfs *r, const struct fs_caller *who, const char *path, uint32_t mode)
{
    struct spot at;
    struct node *n;
    int err;

    err = find_free(r, path, &at);
    if (err == 0 && !r->may_create)
        err = -EACCES;
    if (err == 0)
        err = node_new(r, who, mode, &n);
    return err < 0 ? err : settle(r, &at, n);
}

int devices_add(struct ramfs *r, const struct fs_caller *who)
{
    int err = 0;

    for (size_t i = 0; err == 0 && i < device_count; i++) {
        const struct device *dev = &device_table[i];
        const struct spot at = {.dir = r->root, .name = {dev->name, strlen(dev->name)}};
        struct node *n;

        err = node_new(r, who, S_IFCHR | DEVICE_MODE, &n);
        if (err < 0)
            return err;
        r->devices++;
        n->device = dev;
        n->stat.rdev = device_number(dev);
        err = settle(r, &at, n);
    }
    return err;
}

int ramfs_mknod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode)
{
    if ((mode & S_IFMT) != 0 && !S_ISREG(mode))
        return -EINVAL;
    return create(ramfs_of(fs), who, path, S_IFREG | (mode & 07777u));
}

int ramfs_mkdir(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode)
{
    return create(ramfs_of(fs), who, path, S_IFDIR | (mode & 07777u));
}

int ramfs_symlink(struct fs *fs, const struct fs_caller *who, const char *target, const char *path)
{
    struct ramfs *r = ramfs_of(fs);
    size_t len = strlen(target);
    struct spot at;
    struct node *n;
    char *copy;
    int err;

    err = find_free(r, path, &at);
    if (err == 0 && !r->may_create)
        err = -EACCES;
    if (err < 0)
        return err;
    copy = budget_calloc(&r->budget, len + 1);
    if (copy == NULL)
        return -ENOSPC;
    err = node_new(r, who, S_IFLNK | 0777u, &n);
    if (err < 0) {
        budget_free(&r->budget, copy, len + 1);
        return err;
    }
    memcpy(copy, target, len);
    n->target = copy;
    n->stat.size = len;
    return settle(r, &at, n);
}

int ramfs_link(struct fs *fs, const struct fs_caller *who, const char *from, const char *to)
{
    struct ramfs *r = ramfs_of(fs);
    struct spot at;
    struct node *n;
    int err;

    (void)who;
    err = walk(r, from, strlen(from), &n);
    if (err == 0)
        err = find_free(r, to, &at);
    if (err < 0)
        return err;
    if (node_is_dir(n))
        return -EPERM;
    if (!r->may_create)
        return -EACCES;
    if (n->stat.nlink >= FS_LINK_MAX)
        return -EMLINK;
    err = entry_add(r, at.dir, at.name, n);
    if (err < 0)
        return err;
    n->stat.nlink++;
    touch(r, n);
    touch_content(r, at.dir);
    return 0;
}

/* ---- Removing names ---- */

/* Count a name less for a node. The entry is removed, or names another node. */
static void lose_name(struct ramfs *r, struct node *dir, struct node *n)
{
    if (node_is_dir(n)) {
        n->stat.nlink = 0;
        dir->stat.nlink--;
    } else {
        n->stat.nlink--;
    }
    touch(r, n);
    node_put(r, n);
}

int ramfs_unlink(struct fs *fs, const struct fs_caller *who, const char *path)
{
    struct ramfs *r = ramfs_of(fs);
    struct spot at;
    int err;

    (void)who;
    if (fspath_is_root(path))
        return -EISDIR;
    err = find_taken(r, path, &at);
    if (err < 0)
        return err;
    if (node_is_dir(at.node))
        return -EISDIR;
    if (!r->may_delete)
        return -EACCES;
    entry_remove(r, at.dir, at.entry);
    touch_content(r, at.dir);
    lose_name(r, at.dir, at.node);
    return 0;
}

int ramfs_rmdir(struct fs *fs, const struct fs_caller *who, const char *path)
{
    struct ramfs *r = ramfs_of(fs);
    struct spot at;
    int err;

    (void)who;
    err = find_taken(r, path, &at);
    if (err < 0)
        return err;
    if (!node_is_dir(at.node))
        return -ENOTDIR;
    if (at.node->entries != NULL)
        return -ENOTEMPTY;
    if (!r->may_delete)
        return -EACCES;
    entry_remove(r, at.dir, at.entry);
    touch_content(r, at.dir);
    lose_name(r, at.dir, at.node);
    return 0;
}

/* ---- Moving names ---- */

/* A directory's ".." is a link of its parent: count it at the new place. */
static void move_dotdot(const struct node *n, struct node *from, struct node *to)
{
    if (node_is_dir(n)) {
        from->stat.nlink--;
        to->stat.nlink++;
    }
}

static int exchange(struct ramfs *r, const struct spot *from, const struct spot *to)
{
    entry_set(from->entry, to->node);
    entry_set(to->entry, from->node);
    move_dotdot(from->node, from->dir, to->dir);
    move_dotdot(to->node, to->dir, from->dir);
    touch(r, from->node);
    touch(r, to->node);
    touch_content(r, from->dir);
    touch_content(r, to->dir);
    return 0;
}

static int replace(struct ramfs *r, const struct spot *from, const struct spot *to)
{
    int err = 0;

    if (to->entry == NULL)
        err = entry_add(r, to->dir, to->name, from->node);
    else
        entry_set(to->entry, from->node);
    if (err < 0)
        return err;
    entry_remove(r, from->dir, from->entry);
    move_dotdot(from->node, from->dir, to->dir);
    touch(r, from->node);
    touch_content(r, from->dir);
    touch_content(r, to->dir);
    if (to->node != NULL)
        lose_name(r, to->dir, to->node);
    return 0;
}

int ramfs_rename(struct fs *fs, const struct fs_caller *who, const char *from, const char *to,
                 enum fs_rename_type type)
{
    struct ramfs *r = ramfs_of(fs);
    struct spot old;
    struct spot new;
    int err;

    (void)who;
    err = fsrules_rename_paths(from, to, type);
    if (err == 0)
        err = find_taken(r, from, &old);
    if (err == 0)
        err = find_spot(r, to, &new);
    if (err < 0)
        return err;
    err = fsrules_rename(&(struct fsend){from, old.node->stat.ino, node_is_dir(old.node)},
                         &(struct fsend){to, new.node != NULL ? new.node->stat.ino : 0,
                                         new.node != NULL &&node_is_dir(new.node)},
                         type);
    if (err >= 0 && !r->may_move)
        return -EACCES;
    if (err <= 0)
        return err;
    if (type == FS_RENAME_EXCHANGE)
        return exchange(r, &old, &new);
    if (new.node != NULL && node_is_dir(new.node) && new.node->entries != NULL)
        return -ENOTEMPTY;
    if (new.node != NULL && !r->may_delete)
        return -EACCES;
    return replace(r, &old, &new);
}
