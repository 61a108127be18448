/* SPDX-License-Identifier: MIT */
/* Operations on names: create, delete, move, subviews; and the stat calls give. */
#include "server/kernel/vfs.h"

#include "server/kernel/mount.h"
#include "server/kernel/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    ACCESS_DIR = FM_READDIR | FM_DCREATE | FM_DMOVE | FM_DDELETE,
    ACCESS_FILE = FM_READ | FM_WRITE | FM_MMAP | FM_CREATE | FM_TRUNC | FM_APPEND,
    ACCESS_DEVICE = FM_READ | FM_WRITE | FM_IOCTL | FM_BLOCKING,
    ACCESS_CHANGES =
        FM_WRITE | FM_CREATE | FM_TRUNC | FM_APPEND | FM_DCREATE | FM_DMOVE | FM_DDELETE,
};

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
    out->access &= view_modes;
    out->size = in->size;
}

/** The last component of a place, for people. */
static const char *base_of(const struct place *at)
{
    const char *base = path_base(&at->path);

    return *base != '\0' ? base : "/";
}

static int is_missing(const struct place *at, struct why *why)
{
    return why_add(why, -ENOENT, "there is no '%s' in view '%s'", base_of(at), at->view->label);
}

static int is_there(const struct place *at, struct why *why)
{
    return why_add(why, -EEXIST, "there is a '%s' in view '%s'", base_of(at), at->view->label);
}

int vfs_create(struct place *at, uint32_t type, struct why *why)
{
    struct mount *m = at->view->mount;
    int err;

    if (type != FT_REGULAR && type != FT_DIR && type != FT_FIFO)
        return why_add(why, -EINVAL, "only REGULAR, DIR and FIFO can be created");
    if (type == FT_FIFO && (m->fs->caps & FS_CAP_FIFO) == 0)
        return why_add(why, -EINVAL, "driver %s stores no FIFO", m->driver);
    if (at->exists)
        return is_there(at, why);
    if (type == FT_DIR)
        err = m->fs->ops->mkdir(m->fs, at->path.str, 0755);
    else
        err = m->fs->ops->mknod(m->fs, at->path.str, (type == FT_FIFO ? S_IFIFO : S_IFREG) | 0644u);
    mount_changed(m);
    return err;
}

/** Refuse what would pull a name away from under an open file or a view. */
static int check_unused(const struct node *n, struct why *why)
{
    if (n == NULL)
        return 0;
    if (n->open_count > 0)
        return why_add(why, -EBUSY, "open handles refer to it: %u", n->open_count);
    if (n->root_count > 0)
        return why_add(why, -EBUSY, "views have it as their root: %u", n->root_count);
    return 0;
}

int vfs_delete(struct place *at, struct why *why)
{
    struct mount *m = at->view->mount;
    int err;

    if (!at->exists)
        return is_missing(at, why);
    err = check_unused(node_find(m, &at->path), why);
    if (err < 0)
        return err;
    if (S_ISDIR(at->stat.mode))
        err = m->fs->ops->rmdir(m->fs, at->path.str);
    else
        err = m->fs->ops->unlink(m->fs, at->path.str);
    mount_changed(m);
    return err;
}

static bool is_at_or_below(const struct path *p, const struct path *dir)
{
    return strncmp(p->str, dir->str, dir->len) == 0 &&
           (p->len == dir->len || p->str[dir->len] == '/');
}

/** What a move changes in the tree of nodes in use, got ready before the driver acts. */
struct node_change {
    struct node *node;   /* what moves; NULL when it is not in use */
    struct node *parent; /* referenced */
    char *name;          /* owned */
};

static int prepare_change(struct mount *m, const struct place *from, const struct place *to,
                          struct node_change *out)
{
    struct path dir = to->path;

    *out = (struct node_change){.node = node_find(m, &from->path)};
    if (out->node == NULL)
        return 0;
    path_pop(&dir);
    out->name = strdup(path_base(&to->path));
    if (out->name == NULL)
        return -ENOMEM;
    return node_get(m, &dir, &out->parent);
}

static void drop_change(struct node_change *c)
{
    free(c->name);
    (void)node_unref(c->parent);
}

int vfs_move(struct place *from, struct place *to, struct why *why)
{
    struct mount *m = from->view->mount;
    struct node_change change;
    struct path root;
    int err = view_root_path(from->view, &root);

    if (err < 0)
        return err;
    if (!from->exists)
        return is_missing(from, why);
    if (strcmp(root.str, from->path.str) == 0)
        return why_add(why, -EBUSY, "it is the root of view '%s'", from->view->label);
    if (to->exists)
        return is_there(to, why);
    if (is_at_or_below(&to->path, &from->path))
        return why_add(why, -EINVAL, "a directory can't be moved into itself");
    err = prepare_change(m, from, to, &change);
    if (err == 0)
        err = m->fs->ops->rename(m->fs, from->path.str, to->path.str, FS_RENAME_NOREPLACE);
    mount_changed(m);
    if (err == 0 && change.node != NULL) {
        node_move(change.node, change.parent, change.name);
        change.name = NULL;
    }
    drop_change(&change);
    return err;
}

int vfs_subview(const struct place *at, struct sc_str label, uint32_t ok_modes, int32_t maker,
                struct why *why, struct view **out)
{
    struct view *parent = at->view;
    struct node *root;
    int err;

    if (parent->depth >= VIEW_DEPTH_MAX)
        return why_add(why, -EMFILE, "view '%s' has its most views above it, %d", parent->label,
                       VIEW_DEPTH_MAX);
    err = node_get(parent->mount, &at->path, &root);
    if (err < 0)
        return err;
    err = view_new(parent->mount, root, parent, label, ok_modes & parent->ok_modes, maker, out);
    (void)node_unref(root);
    return err;
}
