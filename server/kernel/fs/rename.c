/* SPDX-License-Identifier: MIT */
/*
 * Renaming: MOVE and RENAME, and the books of the nodes in use.
 *
 * Everything that the books need is prepared first; then the driver acts, and the rest can't fail.
 * EXCHANGE is two moves at once, of each name to the other's place.
 */
#include "server/kernel/door/driver.h"
#include "server/kernel/fs/mount.h"
#include "server/kernel/fs/node.h"
#include "server/kernel/fs/perm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_at_or_below(const struct path *p, const struct path *dir)
{
    return strncmp(p->str, dir->str, dir->len) == 0 &&
           (p->len == dir->len || p->str[dir->len] == '/');
}

/** A change of the tree of nodes in use, prepared before the driver acts. */
struct node_change {
    struct node *node;   /* the one that moves; NULL: not in use */
    struct node *parent; /* referenced */
    char *name;          /* owned */
};

static int prepare_change(struct mount *m, const struct place *from, const struct place *to,
                          struct why *why, struct node_change *out)
{
    struct path dir = to->path;

    *out = (struct node_change){.node = node_find(m, &from->path)};
    if (out->node == NULL)
        return 0;
    path_pop(&dir);
    out->name = strdup(path_base(&to->path));
    if (out->name == NULL)
        return -ENOMEM;
    return node_get(m, &dir, why, &out->parent);
}

static void drop_change(struct node_change *c)
{
    free(c->name);
    (void)node_unref(c->parent);
}

static void carry_out(struct node_change *c)
{
    if (c->node == NULL)
        return;
    node_move(c->node, c->parent, c->name);
    c->name = NULL;
}

/** Refuse renames that no permission would allow. */
static int check_ends(const struct place *from, const struct place *to, enum fs_rename_type type,
                      struct why *why)
{
    struct path root;
    int err = view_root_path(from->view, &root);

    if (err < 0)
        return err;
    if (!from->exists)
        return vfs_refuse_missing(from, why);
    if (strcmp(root.str, from->path.str) == 0 || strcmp(root.str, to->path.str) == 0)
        return why_add(why, -EBUSY, "the file is the root of view '%s'", from->view->label);
    if (to->exists && type == FS_RENAME_NOREPLACE)
        return vfs_refuse_existing(to, why);
    err = type != FS_RENAME_EXCHANGE ? vfs_check_dir(to, from->stat.mode, why) : 0;
    if (err < 0)
        return err;
    if (!to->exists && type == FS_RENAME_EXCHANGE)
        return vfs_refuse_missing(to, why);
    if (to->exists && from->stat.ino == to->stat.ino)
        return 0;
    if (is_at_or_below(&to->path, &from->path))
        return why_add(why, -EINVAL, "a directory can't be moved into itself");
    if (type == FS_RENAME_EXCHANGE && is_at_or_below(&from->path, &to->path))
        return why_add(why, -EINVAL, "a directory can't be swapped with what is in it");
    return 0;
}

/** Check the permission bits of the two directories. */
static int check_perms(const struct place *from, const struct place *to, struct why *why)
{
    int err = perm_remove(from, why);

    if (err < 0)
        return err;
    return to->exists ? perm_remove(to, why) : perm_add(to, why);
}

/** Let the driver rename, then update the books. */
static int act(struct place *from, struct place *to, enum fs_rename_type type, struct why *why)
{
    struct mount *m = from->view->mount;
    struct node_change there;
    struct node_change back = {0};
    int err = prepare_change(m, from, to, why, &there);

    if (err == 0 && type == FS_RENAME_EXCHANGE)
        err = prepare_change(m, to, from, why, &back);
    if (err == 0) {
        err = driver_rename(m, &from->who, from->path.str, to->path.str, type);
        err = m->no_move != NULL ? mount_granted(m, err, m->no_move, "move", why)
                                 : mount_granted(m, err, m->no_delete, "replace", why);
        err = mount_answer(m, err, "rename this way", why);
    }
    if (err == 0) {
        carry_out(&there);
        carry_out(&back);
    }
    drop_change(&there);
    drop_change(&back);
    return err;
}

int vfs_rename(struct place *from, struct place *to, enum fs_rename_type type, struct why *why)
{
    int err = check_ends(from, to, type, why);

    if (err == 0)
        err = check_perms(from, to, why);
    if (err < 0)
        return err;
    if (to->exists && from->stat.ino == to->stat.ino)
        return 0; /* two names of one file: nothing to do */
    if (type == FS_RENAME_REPLACE && to->exists)
        err = node_check_unused(node_find(to->view->mount, &to->path), why);
    return err < 0 ? err : act(from, to, type, why);
}
