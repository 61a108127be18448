/* SPDX-License-Identifier: MIT */
#include "fsdrivers/unionfs/union.h"

#include "fsdrivers/fshash.h"
#include "fsdrivers/whiteout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Numbers ---- */

/** A file of the top that shows another number than its own. */
struct moved {
    uint64_t ino;
    uint64_t shown;
    UT_hash_handle hh;
};

enum { LAYER_BITS = 5 };
_Static_assert(UNION_LAYERS_MAX == 1 << LAYER_BITS, "a layer's number has LAYER_BITS");

/* splitmix64's finish */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t find_ino(const struct unionfs *u, unsigned layer, uint64_t ino)
{
    const uint64_t high = (uint64_t)1 << 63;
    struct moved *m = NULL;

    if (layer == 0)
        HASH_FIND(hh, u->moved, &ino, sizeof(ino), m);
    if (m != NULL)
        return m->shown;
    if (ino < high >> LAYER_BITS)
        return ino << LAYER_BITS | layer;
    return mix(ino + layer) | high;
}

static void forget(struct unionfs *u, struct moved *m)
{
    u->env.give(u->env.user, sizeof(*m));
    free(m);
}

int find_move(struct unionfs *u, uint64_t ino, uint64_t shown)
{
    struct moved *m;

    find_unmove(u, ino);
    if (!u->env.take(u->env.user, sizeof(*m)))
        return -ENOSPC;
    m = calloc(1, sizeof(*m));
    if (m == NULL) {
        u->env.give(u->env.user, sizeof(*m));
        return -ENOSPC;
    }
    m->ino = ino;
    m->shown = shown;
    HASH_ADD(hh, u->moved, ino, sizeof(m->ino), m);
    if (m->hh.tbl != NULL)
        return 0;
    forget(u, m);
    return -ENOSPC;
}

void find_unmove(struct unionfs *u, uint64_t ino)
{
    struct moved *m;

    HASH_FIND(hh, u->moved, &ino, sizeof(ino), m);
    if (m == NULL)
        return;
    HASH_DEL(u->moved, m);
    forget(u, m);
}

void find_done(struct unionfs *u)
{
    struct moved *m;
    struct moved *next;

    HASH_ITER(hh, u->moved, m, next) {
        HASH_DEL(u->moved, m);
        forget(u, m);
    }
}

/* ---- Whiteouts ---- */

#define LONG_WHITEOUT ".wh..wh.long-"

bool find_reserved(const char *name)
{
    return strncmp(name, WHITEOUT, strlen(WHITEOUT)) == 0;
}

static uint64_t hash(struct fsname name, uint64_t seed)
{
    for (size_t i = 0; i < name.len; i++)
        seed = (seed ^ (unsigned char)name.ptr[i]) * 0x100000001b3u;
    return mix(seed);
}

void find_whiteout_name(struct fsname name, char out[WHITEOUT_ROOM])
{
    if (name.len + strlen(WHITEOUT) <= FS_NAME_MAX)
        (void)snprintf(out, WHITEOUT_ROOM, WHITEOUT "%.*s", (int)name.len, name.ptr);
    else
        (void)snprintf(out, WHITEOUT_ROOM, LONG_WHITEOUT "%016" PRIx64 "%016" PRIx64,
                       hash(name, 0xcbf29ce484222325u), hash(name, 0x9e3779b97f4a7c15u));
}

int find_whiteout(const char *path, char out[FS_PATH_MAX + 1])
{
    char wh[WHITEOUT_ROOM];
    struct fsname dir;
    struct fsname name;

    fspath_split(path, &dir, &name);
    find_whiteout_name(name, wh);
    if (dir.len + 1 + strlen(wh) > FS_PATH_MAX)
        return -ENAMETOOLONG;
    (void)snprintf(out, FS_PATH_MAX + 1, "%.*s/%s", (int)dir.len, dir.ptr, wh);
    return 0;
}

char *find_parent(const char *path)
{
    struct fsname dir;
    struct fsname name;

    fspath_split(path, &dir, &name);
    return strndup(path, dir.len > 0 ? dir.len : 1);
}

/* Whether a layer has a mark. */
static int has_mark(struct unionfs *u, const struct fs_caller *who, unsigned layer,
                    const char *path)
{
    struct fs_stat st;
    int err = LAYER(u, layer, getattr, who, path, &st, NULL);

    if (err == -ENOENT || err == -ENOTDIR || err == -ENAMETOOLONG)
        return 0;
    return err < 0 ? err : 1;
}

int find_hidden(struct unionfs *u, const struct fs_caller *who, unsigned layer, const char *path,
                bool dir)
{
    char mark[FS_PATH_MAX + 1];
    int err = 0;

    if (!fspath_is_root(path) && find_whiteout(path, mark) == 0)
        err = has_mark(u, who, layer, mark);
    if (err != 0 || !dir || strlen(path) + strlen("/" WHITEOUT_OPAQUE) > FS_PATH_MAX)
        return err;
    (void)snprintf(mark, sizeof(mark), "%s/" WHITEOUT_OPAQUE, fspath_is_root(path) ? "" : path);
    return has_mark(u, who, layer, mark);
}

/* ---- Paths ---- */

static int not_dir(const struct fs_stat *st)
{
    return S_ISLNK(st->mode) ? -ELOOP : -ENOTDIR;
}

static void take(struct unionfs *u, unsigned layer, const struct fs_stat *st, struct spot *out)
{
    if (!out->found) {
        out->found = true;
        out->layer = layer;
        out->own_ino = st->ino;
        out->st = *st;
        out->st.ino = find_ino(u, layer, st->ino);
    }
    if (S_ISDIR(st->mode))
        out->parts |= 1u << layer;
}

/* Look for a path in the layers @mask, which have its directory. */
static int step(struct unionfs *u, const struct fs_caller *who, const char *path, uint32_t mask,
                struct spot *out)
{
    *out = (struct spot){.around = mask};
    for (unsigned i = 0; i < u->count; i++) {
        struct fs_stat st = {.mode = 0};
        int err;

        if ((mask >> i & 1) == 0)
            continue;
        err = LAYER(u, i, getattr, who, path, &st, NULL);
        if (err < 0 && err != -ENOENT)
            return err;
        if (err == 0 && out->found && !S_ISDIR(st.mode))
            return 0;
        if (err == 0)
            take(u, i, &st, out);
        if ((err == 0 && !S_ISDIR(st.mode)) || mask >> i == 1)
            return 0;
        err = find_hidden(u, who, i, path, err == 0);
        if (err != 0)
            return err < 0 ? err : 0;
    }
    return 0;
}

/* Look for a path below a directory that one layer alone makes. */
static int find_alone(struct unionfs *u, const struct fs_caller *who, const char *path, bool shown,
                      unsigned layer, struct spot *out)
{
    char *parent;
    struct fs_stat st;
    int err = shown ? LAYER(u, layer, getattr, who, path, &st, NULL) : -ENOENT;

    *out = (struct spot){.around = 1u << layer};
    if (err == 0)
        take(u, layer, &st, out);
    if (err != -ENOENT)
        return err;
    parent = find_parent(path);
    err = parent != NULL ? LAYER(u, layer, getattr, who, parent, &st, NULL) : -ENOMEM;
    free(parent);
    return err < 0 || S_ISDIR(st.mode) ? err : not_dir(&st);
}

/* Whether a path has a reserved component; *@last: only its last one. */
static bool has_reserved(const char *path, bool *last)
{
    const char *at = strstr(path, "/" WHITEOUT);

    *last = at != NULL && strchr(at + 1, '/') == NULL;
    return at != NULL;
}

static int find_root(struct unionfs *u, const struct fs_caller *who, struct spot *out)
{
    struct fs_stat st;
    int err = LAYER(u, 0, getattr, who, "/", &st, NULL);

    *out = (struct spot){.around = u->root_parts};
    if (err == 0)
        take(u, 0, &st, out);
    out->parts = u->root_parts;
    return err;
}

int find(struct unionfs *u, const struct fs_caller *who, const char *path, struct spot *out)
{
    char at[FS_PATH_MAX + 1];
    uint32_t mask = u->root_parts;
    const char *cursor = path;
    struct fsname name;
    bool last;
    const bool shown = !has_reserved(path, &last);
    int err;

    if (!shown && !last)
        return -ENOENT;
    while (fspath_next(&cursor, &name)) {
        if ((mask & (mask - 1)) == 0)
            return find_alone(u, who, path, shown, union_highest(mask), out);
        if (*cursor == '\0' && !shown) {
            *out = (struct spot){.around = mask};
            return 0;
        }
        memcpy(at, path, (size_t)(cursor - path));
        at[cursor - path] = '\0';
        err = step(u, who, at, mask, out);
        if (err < 0 || *cursor == '\0')
            return err;
        if (!out->found)
            return -ENOENT;
        if (!S_ISDIR(out->st.mode))
            return not_dir(&out->st);
        mask = out->parts;
    }
    return find_root(u, who, out);
}

int find_existing(struct unionfs *u, const struct fs_caller *who, const char *path,
                  struct spot *out)
{
    int err = find(u, who, path, out);

    return err == 0 && !out->found ? -ENOENT : err;
}

int find_first(struct unionfs *u, const struct fs_caller *who, const char *path, struct spot *out)
{
    return union_waits(u, who) ? FS_WOULD_WAIT : find_existing(u, who, path, out);
}

int find_below(struct unionfs *u, const struct fs_caller *who, const char *path, uint32_t around)
{
    struct spot below;
    int err = 0;

    if ((around & ~(uint32_t)UNION_TOP) == 0)
        return 0;
    if ((around & UNION_TOP) != 0)
        err = find_hidden(u, who, 0, path, false);
    if (err != 0)
        return err < 0 ? err : 0;
    err = step(u, who, path, around & ~(uint32_t)UNION_TOP, &below);
    return err < 0 ? err : below.found;
}
