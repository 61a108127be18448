/* SPDX-License-Identifier: MIT */
#include "fsdrivers/unionfs/union.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct handle *handle_of(const struct fs_file *file)
{
    return (struct handle *)(uintptr_t)file->handle;
}

/* The path for the slots of a layer where the handle is open. */
static const char *path_in(const struct unionfs *u, const struct handle *h, unsigned layer)
{
    return layer == 0 && !u->readonly ? NULL : h->path;
}

static struct handle *handle_new(struct unionfs *u, const char *path, const struct spot *at)
{
    struct handle *h = calloc(1, sizeof(*h) + u->count * sizeof(h->file[0]));

    if (h == NULL)
        return NULL;
    h->path = strdup(path);
    if (h->path == NULL) {
        free(h);
        return NULL;
    }
    h->ino = at->st.ino;
    h->dir = S_ISDIR(at->st.mode);
    list_append(&u->handles, &h->link);
    return h;
}

/* Close what a handle has open in a layer. */
static int close_file(struct unionfs *u, const struct fs_caller *who, const struct handle *h,
                      unsigned layer, struct fs_file *file)
{
    const char *path = path_in(u, h, layer);

    return h->dir ? LAYER(u, layer, closedir, who, path, file)
                  : LAYER(u, layer, close, who, path, file);
}

/* Close the parts @which of a handle. Returns the first error. */
static int close_parts(struct unionfs *u, const struct fs_caller *who, struct handle *h,
                       uint32_t which)
{
    int result = 0;

    for (unsigned i = 0; i < u->count; i++) {
        int err;

        if ((h->parts & which & 1u << i) == 0)
            continue;
        err = close_file(u, who, h, i, &h->file[i]);
        result = result < 0 ? result : err;
    }
    h->parts &= ~which;
    return result;
}

static int handle_free(struct unionfs *u, const struct fs_caller *who, struct handle *h)
{
    int err = close_parts(u, who, h, UINT32_MAX);

    list_del(&h->link);
    free(h->path);
    free(h);
    return err;
}

int union_open(struct fs *fs, const struct fs_caller *who, const char *path, struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct fs_file *own;
    struct handle *h;
    struct spot at;
    int err = find_first(u, who, path, &at);

    if (err < 0)
        return err;
    if (S_ISDIR(at.st.mode) || S_ISLNK(at.st.mode))
        return S_ISDIR(at.st.mode) ? -EISDIR : -ELOOP;
    if ((file->flags & FS_O_WRONLY) != 0) {
        err = raise_file(u, who, path, UINT64_MAX, &at);
        at.layer = 0;
    }
    if (err < 0)
        return err;
    h = handle_new(u, path, &at);
    if (h == NULL)
        return -ENOMEM;
    own = &h->file[at.layer];
    own->flags = file->flags;
    err = LAYER(u, at.layer, open, who, path, own);
    if (err == 0)
        h->parts = 1u << at.layer;
    if (err < 0) {
        (void)handle_free(u, who, h);
        return err;
    }
    file->nonseekable = own->nonseekable;
    file->handle = (uintptr_t)h;
    return 0;
}

int union_opendir(struct fs *fs, const struct fs_caller *who, const char *path,
                  struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct handle *h;
    struct spot at;
    int err = find_first(u, who, path, &at);

    if (err == 0 && !S_ISDIR(at.st.mode))
        err = -ENOTDIR;
    if (err < 0)
        return err;
    h = handle_new(u, path, &at);
    if (h == NULL)
        return -ENOMEM;
    for (unsigned i = 0; err == 0 && i < u->count; i++) {
        if ((at.parts >> i & 1) == 0)
            continue;
        h->file[i].flags = file->flags;
        err = LAYER(u, i, opendir, who, path, &h->file[i]);
        h->parts |= err == 0 ? 1u << i : 0;
    }
    if (err < 0)
        (void)handle_free(u, who, h);
    else
        file->handle = (uintptr_t)h;
    return err;
}

int union_close(struct fs *fs, const struct fs_caller *who, const char *path, struct fs_file *file)
{
    struct unionfs *u = union_of(fs);

    (void)path;
    if (union_waits(u, who))
        return FS_WOULD_WAIT;
    return handle_free(u, who, handle_of(file));
}

int union_closedir(struct fs *fs, const struct fs_caller *who, const char *path,
                   struct fs_file *file)
{
    return union_close(fs, who, path, file);
}

/* ---- Following a file to its copy ---- */

static struct handle *handle_at(struct list *at)
{
    return container_of(at, struct handle, link);
}

void handle_cancel(struct unionfs *u, const struct fs_caller *who, uint64_t ino)
{
    for (struct list *i = u->handles.next; i != &u->handles; i = i->next) {
        struct handle *h = handle_at(i);

        if (h->ino != ino || !h->has_fresh)
            continue;
        (void)close_file(u, who, h, 0, &h->fresh);
        h->has_fresh = false;
    }
}

int handle_prepare(struct unionfs *u, const struct fs_caller *who, uint64_t ino, const char *temp)
{
    int err = 0;

    for (struct list *i = u->handles.next; err == 0 && i != &u->handles; i = i->next) {
        struct handle *h = handle_at(i);

        if (h->ino != ino || h->parts == 0)
            continue;
        h->fresh = (struct fs_file){.flags = h->file[union_highest(h->parts)].flags};
        if (h->dir)
            err = LAYER(u, 0, opendir, who, temp, &h->fresh);
        else
            err = LAYER(u, 0, open, who, temp, &h->fresh);
        h->has_fresh = err == 0;
    }
    return err;
}

void handle_commit(struct unionfs *u, const struct fs_caller *who, uint64_t ino)
{
    for (struct list *i = u->handles.next; i != &u->handles; i = i->next) {
        struct handle *h = handle_at(i);

        if (h->ino != ino || !h->has_fresh)
            continue;
        if (!h->dir)
            (void)close_parts(u, who, h, UINT32_MAX);
        h->file[0] = h->fresh;
        h->parts |= UNION_TOP;
        h->has_fresh = false;
    }
}

void handle_orphan(struct unionfs *u, const struct fs_caller *who, uint64_t ino,
                   const struct fs_stat *st)
{
    for (struct list *i = u->handles.next; i != &u->handles; i = i->next) {
        struct handle *h = handle_at(i);

        if (h->ino != ino)
            continue;
        h->orphan = true;
        h->last = *st;
        h->last.nlink = 0;
        if (h->dir)
            (void)close_parts(u, who, h, ~(uint32_t)UNION_TOP);
    }
}

void handle_narrow(struct unionfs *u, const struct fs_caller *who, const char *path)
{
    for (struct list *i = u->handles.next; i != &u->handles; i = i->next) {
        struct handle *h = handle_at(i);

        if (h->dir && (h->parts & ~(uint32_t)UNION_TOP) != 0 &&
            (strcmp(h->path, path) == 0 || fspath_below(h->path, path)))
            (void)close_parts(u, who, h, ~(uint32_t)UNION_TOP);
    }
}

/* ---- By path or by handle ---- */

static int check_kind(enum aim_kind kind, const struct fs_stat *st)
{
    if (kind != AIM_READ && kind != AIM_WRITE)
        return 0;
    if (S_ISDIR(st->mode))
        return -EISDIR;
    return S_ISLNK(st->mode) ? -EINVAL : 0;
}

/* handle_aim() by handle. */
static int aim_handle(struct unionfs *u, const struct fs_caller *who, struct fs_file *file,
                      bool change, uint64_t limit, struct aim *out)
{
    struct handle *h = handle_of(file);
    int err = 0;

    if (change && (h->parts & UNION_TOP) == 0)
        err = raise_handle(u, who, h, limit);
    if (err >= 0 && h->parts == 0)
        err = -ENOENT;
    if (err < 0)
        return err;
    out->layer = union_highest(h->parts);
    out->path = path_in(u, h, out->layer);
    out->file = &h->file[out->layer];
    out->file->flags = file->flags;
    return err;
}

int handle_aim(struct unionfs *u, const struct fs_caller *who, const char *path,
               struct fs_file *file, enum aim_kind kind, uint64_t limit, struct aim *out)
{
    const bool change = kind == AIM_CHANGE || kind == AIM_WRITE;
    struct spot at;
    int err;

    if (file != NULL)
        return aim_handle(u, who, file, change, limit, out);
    err = find_existing(u, who, path, &at);
    if (err == 0)
        err = check_kind(kind, &at.st);
    if (err == 0 && change) {
        err = raise_file(u, who, path, limit, &at);
        at.layer = 0;
    }
    *out = (struct aim){at.layer, path, NULL};
    return err;
}

/* The status of an open file or directory. */
static int stat_handle(struct unionfs *u, const struct fs_caller *who, struct handle *h,
                       struct fs_stat *out)
{
    const unsigned i = union_highest(h->parts);
    int err;

    if (h->parts == 0) {
        *out = h->last;
        return 0;
    }
    err = LAYER(u, i, getattr, who, path_in(u, h, i), out, &h->file[i]);
    if (err < 0)
        return err;
    out->ino = h->ino;
    if (h->orphan && i != 0)
        out->nlink = 0;
    return h->dir ? listing_count(u, who, h->path, h->parts, h, out) : 0;
}

int union_getattr(struct fs *fs, const struct fs_caller *who, const char *path, struct fs_stat *out,
                  struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct spot at;
    int err;

    if (union_waits(u, who))
        return FS_WOULD_WAIT;
    if (file != NULL)
        return stat_handle(u, who, handle_of(file), out);
    err = find_existing(u, who, path, &at);
    if (err < 0)
        return err;
    *out = at.st;
    return S_ISDIR(at.st.mode) ? listing_count(u, who, path, at.parts, NULL, out) : 0;
}

int union_readdir(struct fs *fs, const struct fs_caller *who, const char *path,
                  fs_readdir_fn callback, void *user, struct fs_file *file)
{
    struct unionfs *u = union_of(fs);
    struct handle *h = file != NULL ? handle_of(file) : NULL;
    struct spot at;
    int err;

    if (union_waits(u, who))
        return FS_WOULD_WAIT;
    if (h != NULL)
        return listing_each(u, who, h->path, h->parts, h, callback, user);
    err = find_existing(u, who, path, &at);
    if (err == 0 && !S_ISDIR(at.st.mode))
        err = -ENOTDIR;
    return err < 0 ? err : listing_each(u, who, path, at.parts, NULL, callback, user);
}
