/* SPDX-License-Identifier: MIT */
#include "fsdrivers/unionfs/union.h"

#include "fsdrivers/fshash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** A name that a layer has. */
struct listed {
    UT_hash_handle hh; /* in struct merging.names */
    unsigned layer;    /* the highest */
    bool has_stat;
    struct fs_stat stat; /* with the number that is shown */
    struct listed *next; /* in struct merging.first, unless it is hidden */
    char name[];
};

/** A listing of several layers. */
struct merging {
    struct unionfs *u;
    unsigned layer; /* that is being read */
    struct listed *names;
    struct listed *first;
    struct listed **end;
};

/* fs_readdir_fn: take a name of a layer. */
static int merge(void *user, const char *name, const struct fs_stat *stat)
{
    struct merging *g = user;
    struct listed *above;
    struct listed *l;
    char wh[WHITEOUT_ROOM];
    const size_t len = strlen(name);

    HASH_FIND(hh, g->names, name, len, above);
    if (above != NULL)
        return 0;
    find_whiteout_name((struct fsname){name, len}, wh);
    HASH_FIND(hh, g->names, wh, strlen(wh), above);
    if (above != NULL && above->layer < g->layer)
        return 0;
    l = calloc(1, sizeof(*l) + len + 1);
    if (l == NULL)
        return -ENOMEM;
    memcpy(l->name, name, len);
    l->layer = g->layer;
    HASH_ADD_KEYPTR(hh, g->names, l->name, len, l);
    if (l->hh.tbl == NULL) {
        free(l);
        return -ENOMEM;
    }
    l->has_stat = stat != NULL;
    if (l->has_stat) {
        l->stat = *stat;
        l->stat.ino = find_ino(g->u, g->layer, stat->ino);
    }
    if (!find_reserved(name)) {
        *g->end = l;
        g->end = &l->next;
    }
    return 0;
}

static void merging_done(struct merging *g)
{
    struct listed *l;
    struct listed *next;

    HASH_ITER(hh, g->names, l, next) {
        HASH_DEL(g->names, l);
        free(l);
    }
}

/* Read a directory in one layer. */
static int read_part(struct unionfs *u, const struct fs_caller *who, const char *path,
                     unsigned layer, struct handle *h, fs_readdir_fn fn, void *user)
{
    /* the path of what is open in the top may be another one now */
    const char *own = h != NULL && layer == 0 && !u->readonly ? NULL : path;

    return LAYER(u, layer, readdir, who, own, fn, user, h != NULL ? &h->file[layer] : NULL);
}

/* Read a directory in several layers. */
static int gather(struct merging *g, const struct fs_caller *who, const char *path, uint32_t parts,
                  struct handle *h)
{
    int err = 0;

    g->end = &g->first;
    for (unsigned i = 0; err == 0 && i < g->u->count; i++) {
        g->layer = i;
        if ((parts >> i & 1) != 0)
            err = read_part(g->u, who, path, i, h, merge, g);
    }
    return err;
}

/** A listing of one layer. */
struct single {
    struct unionfs *u;
    unsigned layer;
    fs_readdir_fn fn;
    void *user;
};

/* fs_readdir_fn: pass a name on. */
static int pass(void *user, const char *name, const struct fs_stat *stat)
{
    const struct single *s = user;
    struct fs_stat shown;

    if (find_reserved(name))
        return 0;
    if (stat == NULL)
        return s->fn(s->user, name, NULL);
    shown = *stat;
    shown.ino = find_ino(s->u, s->layer, stat->ino);
    return s->fn(s->user, name, &shown);
}

int listing_each(struct unionfs *u, const struct fs_caller *who, const char *path, uint32_t parts,
                 struct handle *h, fs_readdir_fn fn, void *user)
{
    struct merging g = {.u = u};
    struct single s = {u, 0, fn, user};
    int err;

    if (parts == 0)
        return 0;
    if ((parts & (parts - 1)) == 0) {
        s.layer = union_highest(parts);
        return read_part(u, who, path, s.layer, h, pass, &s);
    }
    err = gather(&g, who, path, parts, h);
    for (const struct listed *l = g.first; err == 0 && l != NULL; l = l->next)
        err = fn(user, l->name, l->has_stat && !S_ISDIR(l->stat.mode) ? &l->stat : NULL);
    merging_done(&g);
    return err;
}

/* Whether a listed name is a directory: 1, 0, -errno. */
static int is_dir(struct unionfs *u, const struct fs_caller *who, const char *dir,
                  const struct listed *l)
{
    struct paths path = {.count = 0};
    struct spot at;
    int err;

    if (l->has_stat)
        return S_ISDIR(l->stat.mode);
    if (strlen(dir) + 1 + strlen(l->name) > FS_PATH_MAX)
        return 0;
    err = paths_add(&path, dir, l->name);
    if (err == 0)
        err = find(u, who, path.at[0], &at);
    if (err == 0)
        err = at.found && S_ISDIR(at.st.mode);
    paths_done(&path);
    return err;
}

/* The directories that lower layers have in a directory: 0 they have none, 1 they may. */
static int lower_dirs(struct unionfs *u, const struct fs_caller *who, const char *path,
                      uint32_t parts)
{
    for (unsigned i = 1; i < u->count; i++) {
        struct fs_stat st;
        int err;

        if ((parts >> i & 1) == 0)
            continue;
        err = LAYER(u, i, getattr, who, path, &st, NULL);
        if (err < 0)
            return err;
        if (st.nlink != 2)
            return 1;
    }
    return 0;
}

int listing_count(struct unionfs *u, const struct fs_caller *who, const char *path, uint32_t parts,
                  struct handle *h, struct fs_stat *st)
{
    struct merging g = {.u = u};
    uint32_t count = 2;
    int err;

    if ((parts & (parts - 1)) == 0)
        return 0;
    err = lower_dirs(u, who, path, parts);
    if (err < 0 || (err == 0 && (parts & UNION_TOP) != 0))
        return err;
    err = gather(&g, who, path, parts, h);
    for (const struct listed *l = g.first; err >= 0 && l != NULL; l = l->next) {
        err = is_dir(u, who, path, l);
        count += err > 0;
    }
    merging_done(&g);
    if (err < 0)
        return err;
    st->nlink = count;
    return 0;
}

/* fs_readdir_fn: one name is enough. */
static int stop(void *user, const char *name, const struct fs_stat *stat)
{
    (void)user, (void)name, (void)stat;
    return 1;
}

int listing_check_empty(struct unionfs *u, const struct fs_caller *who, const char *path,
                        uint32_t parts)
{
    int err = listing_each(u, who, path, parts, NULL, stop, NULL);

    return err > 0 ? -ENOTEMPTY : err;
}

int paths_add(struct paths *p, const char *dir, const char *name)
{
    size_t len = strlen(dir) + 1 + strlen(name) + 1;
    char *path;

    if (p->count == p->room) {
        size_t room = p->room == 0 ? 16 : 2 * p->room;
        char **at = realloc(p->at, room * sizeof(*at));

        if (at == NULL)
            return -ENOMEM;
        p->at = at;
        p->room = room;
    }
    path = malloc(len);
    if (path == NULL)
        return -ENOMEM;
    if (*name == '\0')
        (void)snprintf(path, len, "%s", dir);
    else
        (void)snprintf(path, len, "%s/%s", fspath_is_root(dir) ? "" : dir, name);
    p->at[p->count++] = path;
    return 0;
}

void paths_done(struct paths *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->at[i]);
    free(p->at);
}
