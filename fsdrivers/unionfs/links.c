/* SPDX-License-Identifier: MIT */
/*
 * Files that have several names in a lower layer. When one is copied up, all names that still show it follow,
 * so they go on being names of one file. A layer's tree is searched for them once, when the
 * first such file is copied.
 */
#include "fsdrivers/unionfs/union.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** A name of a file that has several. */
struct linked {
    uint64_t ino;
    char *path;
    unsigned layer;
};

/** Reading a layer's tree. */
struct search {
    struct unionfs *u;
    struct paths names; /* found, to be looked at */
    const char *dir;
};

/* fs_readdir_fn */
static int note(void *user, const char *name, const struct fs_stat *stat)
{
    struct search *s = user;

    if (find_reserved(name) || strlen(s->dir) + 1 + strlen(name) > FS_PATH_MAX ||
        (stat != NULL && !S_ISDIR(stat->mode) && stat->nlink < 2))
        return 0;
    return paths_add(&s->names, s->dir, name);
}

/* Keep a name; *@path is taken. */
static int keep(struct unionfs *u, unsigned layer, uint64_t ino, char **path)
{
    const size_t room = sizeof(struct linked) + strlen(*path) + 1;
    struct linked *more;

    if (!u->env.take(u->env.user, room))
        return -ENOSPC;
    more = realloc(u->linked, (u->linked_count + 1) * sizeof(*more));
    if (more == NULL) {
        u->env.give(u->env.user, room);
        return -ENOMEM;
    }
    u->linked = more;
    more[u->linked_count++] = (struct linked){ino, *path, layer};
    *path = NULL;
    return 0;
}

/* Forget the names of a layer, which were added last. */
static void forget(struct unionfs *u, size_t count)
{
    while (u->linked_count > count) {
        struct linked *l = &u->linked[--u->linked_count];

        u->env.give(u->env.user, sizeof(*l) + strlen(l->path) + 1);
        free(l->path);
    }
}

void links_done(struct unionfs *u)
{
    forget(u, 0);
    free(u->linked);
}

/* Find the names of a layer's files that have several. */
static int index_layer(struct unionfs *u, const struct fs_caller *who, unsigned layer)
{
    struct search s = {.u = u};
    const size_t before = u->linked_count;
    int err = paths_add(&s.names, "/", "");

    for (size_t i = 0; err == 0 && i < s.names.count; i++) {
        struct fs_stat st;

        err = LAYER(u, layer, getattr, who, s.names.at[i], &st, NULL);
        s.dir = s.names.at[i];
        if (err == 0 && S_ISDIR(st.mode))
            err = LAYER(u, layer, readdir, who, s.dir, note, &s, NULL);
        else if (err == 0 && st.nlink > 1)
            err = keep(u, layer, st.ino, &s.names.at[i]);
    }
    paths_done(&s.names);
    if (err == 0)
        u->indexed |= 1u << layer;
    else
        forget(u, before);
    return err;
}

/* Give the copy one more name. */
static int add_name(struct unionfs *u, const struct fs_caller *who, const char *temp,
                    const char *path)
{
    char *parent = find_parent(path);
    struct fs_stat st;
    int err = parent != NULL ? raise_parents(u, who, path) : -ENOMEM;

    if (err == 0)
        err = LAYER(u, 0, getattr, who, parent, &st, NULL);
    if (err == 0)
        err = LAYER(u, 0, link, who, temp, path);
    if (err == 0)
        err = LAYER(u, 0, utimens, who, parent, st.atime, st.mtime, NULL);
    free(parent);
    return err;
}

int links_copy(struct unionfs *u, const struct fs_caller *who, const char *temp, const char *path,
               const struct spot *at)
{
    int err = (u->indexed >> at->layer & 1) == 0 ? index_layer(u, who, at->layer) : 0;

    for (size_t i = 0; err == 0 && i < u->linked_count; i++) {
        const struct linked *l = &u->linked[i];
        struct spot other;

        if (l->layer != at->layer || l->ino != at->own_ino || strcmp(l->path, path) == 0)
            continue;
        err = find(u, who, l->path, &other);
        if (err == -ENOENT || err == -ENOTDIR || err == -ELOOP)
            err = 0;
        else if (err == 0 && other.found && other.layer == at->layer &&
                 other.own_ino == at->own_ino)
            err = add_name(u, who, temp, l->path);
    }
    return err;
}

/* getattr() of the top that ends, also when it is interrupted: what was begun must be undone. */
static int look_at(struct unionfs *u, const struct fs_caller *who, const char *path,
                   struct fs_stat *out)
{
    int err = LAYER(u, 0, getattr, who, path, out, NULL);

    while (err == -ECANCELED)
        err = LAYER(u, 0, getattr, who, path, out, NULL);
    return err;
}

void links_undo(struct unionfs *u, const struct fs_caller *who, const char *temp,
                const struct spot *at)
{
    struct fs_stat copy;
    struct fs_stat st;

    if (look_at(u, who, temp, &copy) < 0)
        return;
    for (size_t i = 0; i < u->linked_count; i++) {
        const struct linked *l = &u->linked[i];

        if (l->layer == at->layer && l->ino == at->own_ino && look_at(u, who, l->path, &st) == 0 &&
            st.ino == copy.ino)
            (void)LAYER(u, 0, unlink, who, l->path);
    }
}
