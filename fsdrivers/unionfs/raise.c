/* SPDX-License-Identifier: MIT */
#include "fsdrivers/unionfs/union.h"

#include "server/base/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 64 * 1024, TEMP_ROOM = 40 };
#define TEMP ".wh..wh.tmp"

/** A file that is being copied up. */
struct raising {
    struct unionfs *u;
    const struct fs_caller *who;
    const char *path;   /* where the copy goes; NULL: nowhere, only handles use it */
    const char *from;   /* the file's path in its layer */
    struct fs_file *in; /* the same, open; or NULL */
    const struct spot *at;
    uint64_t limit;
    char temp[TEMP_ROOM];
};

/* Copy content between open files; zeros become a hole. Returns 0, -errno. */
static int copy_pieces(const struct raising *r, struct fs_file *in, struct fs_file *out,
                       char *piece)
{
    const uint64_t size = r->at->st.size < r->limit ? r->at->st.size : r->limit;
    const bool sparse = r->at->st.blocks == 0;
    uint64_t off = 0;
    int64_t count = 1;

    while (!sparse && off < size && count > 0) {
        const size_t want = size - off < PIECE ? (size_t)(size - off) : PIECE;

        count = LAYER(r->u, r->at->layer, read, r->who, r->from, (struct fs_buf){piece, want},
                      (int64_t)off, in);
        if (count > 0 && !bytes_are_zero(piece, (size_t)count)) {
            int64_t put = LAYER(r->u, 0, write, r->who, NULL,
                                (struct fs_bytes){piece, (size_t)count}, (int64_t)off, out);

            count = put < 0 ? put : count;
        }
        off += count > 0 ? (uint64_t)count : 0;
    }
    if (count < 0)
        return (int)count;
    return LAYER(r->u, 0, truncate, r->who, NULL, sparse ? size : off, out);
}

static int copy_content(const struct raising *r)
{
    struct fs_file in = {.flags = FS_O_RDONLY};
    struct fs_file out = {.flags = FS_O_RDWR};
    char *piece = malloc(PIECE);
    int err = piece != NULL ? 0 : -ENOMEM;

    if (err == 0 && r->in == NULL)
        err = LAYER(r->u, r->at->layer, open, r->who, r->from, &in);
    if (err < 0) {
        free(piece);
        return err;
    }
    err = LAYER(r->u, 0, open, r->who, r->temp, &out);
    if (err == 0) {
        int closed;

        err = copy_pieces(r, r->in != NULL ? r->in : &in, &out, piece);
        closed = LAYER(r->u, 0, close, r->who, NULL, &out);
        err = err < 0 ? err : closed;
    }
    if (r->in == NULL)
        (void)LAYER(r->u, r->at->layer, close, r->who, r->from, &in);
    free(piece);
    return err;
}

static int copy_link(const struct raising *r)
{
    char *target = calloc(1, FS_PATH_MAX + 1);
    int64_t err;

    if (target == NULL)
        return -ENOMEM;
    err = LAYER(r->u, r->at->layer, readlink, r->who, r->from, target, FS_PATH_MAX);
    if (err == 0)
        err = LAYER(r->u, 0, symlink, r->who, target, r->temp);
    free(target);
    return err > 0 ? -EIO : (int)err;
}

/* Make the temporary file. */
static int make_temp(const struct raising *r)
{
    switch (r->at->st.mode & S_IFMT) {
    case S_IFDIR:
        return LAYER(r->u, 0, mkdir, r->who, r->temp, 0700);
    case S_IFLNK:
        return copy_link(r);
    case S_IFREG:
        return LAYER(r->u, 0, mknod, r->who, r->temp, S_IFREG | 0600u);
    case S_IFIFO:
        if ((r->u->layer[0]->caps & FS_CAP_FIFO) == 0)
            return -EROFS;
        return LAYER(r->u, 0, mknod, r->who, r->temp, S_IFIFO | 0600u);
    default:
        return -EROFS; /* a device */
    }
}

/* Give the copy the owner, the mode and the times, and make it durable. @copy: its status. */
static int copy_status(const struct raising *r, const struct fs_stat *copy)
{
    const struct fs_stat *st = &r->at->st;
    int err = 0;

    if (copy->uid != st->uid || copy->gid != st->gid)
        err = LAYER(r->u, 0, chown, r->who, r->temp, st->uid, st->gid, NULL);
    if (err == 0 && !S_ISLNK(st->mode) && /* a link has no mode, and chown() clears bits */
        (copy->mode != st->mode || (st->mode & 07000) != 0))
        err = LAYER(r->u, 0, chmod, r->who, r->temp, st->mode, NULL);
    if (err == 0)
        err = LAYER(r->u, 0, utimens, r->who, r->temp, st->atime, st->mtime, NULL);
    if (err == 0 && S_ISREG(st->mode) &&
        r->limit < st->size) /* that is a change, and has its time */
        err = LAYER(r->u, 0, truncate, r->who, r->temp, r->limit, NULL);
    if (err == 0 && S_ISREG(st->mode) && st->size > 0)
        err = LAYER(r->u, 0, fsync, r->who, r->temp, false, NULL);
    return err;
}

static void remove_temp(const struct raising *r)
{
    if (S_ISDIR(r->at->st.mode))
        (void)LAYER(r->u, 0, rmdir, r->who, r->temp);
    else
        (void)LAYER(r->u, 0, unlink, r->who, r->temp);
}

/* Put the copy into place. */
static int settle(const struct raising *r)
{
    const struct fs_stat *st = &r->at->st;
    int err = 0;

    if (r->path == NULL)
        return LAYER(r->u, 0, unlink, r->who, r->temp);
    if (!S_ISDIR(st->mode) && st->nlink > 1)
        err = links_copy(r->u, r->who, r->temp, r->path, r->at);
    if (err == 0)
        err = LAYER(r->u, 0, rename, r->who, r->temp, r->path, FS_RENAME_NOREPLACE);
    if (err < 0 && !S_ISDIR(st->mode) && st->nlink > 1)
        links_undo(r->u, r->who, r->temp, r->at);
    return err;
}

/* Fill the temporary file, and let it take the place of the lower one. */
static int copy_up(const struct raising *r)
{
    const uint64_t shown = r->at->st.ino;
    struct fs_stat copy = {.ino = 0};
    int err = S_ISREG(r->at->st.mode) ? copy_content(r) : 0;

    if (err == 0)
        err = LAYER(r->u, 0, getattr, r->who, r->temp, &copy, NULL);
    if (err == 0)
        err = copy_status(r, &copy);
    if (err < 0)
        return err;
    err = find_move(r->u, copy.ino, shown);
    if (err == 0)
        err = handle_prepare(r->u, r->who, shown, r->temp);
    if (err == 0)
        err = settle(r);
    if (err < 0)
        handle_cancel(r->u, r->who, shown);
    else
        handle_commit(r->u, r->who, shown);
    if (err < 0 || r->path == NULL) /* handles know their number */
        find_unmove(r->u, copy.ino);
    return err;
}

/* Copy up, and set the times of the directories that the copy came through back. */
static int raise_one(struct raising *r)
{
    char *parent = r->path != NULL ? find_parent(r->path) : strdup("/");
    struct fs_stat root_st;
    struct fs_stat st;
    int err = parent != NULL ? 0 : -ENOMEM;

    if (err == 0)
        err = LAYER(r->u, 0, getattr, r->who, "/", &root_st, NULL);
    if (err == 0)
        err = LAYER(r->u, 0, getattr, r->who, parent, &st, NULL);
    (void)snprintf(r->temp, sizeof(r->temp), "/" TEMP "%" PRIu64, r->u->temps++);
    if (err == 0)
        err = make_temp(r);
    if (err == 0) {
        err = copy_up(r);
        if (err < 0)
            remove_temp(r);
        (void)LAYER(r->u, 0, utimens, r->who, parent, st.atime, st.mtime, NULL);
        (void)LAYER(r->u, 0, utimens, r->who, "/", root_st.atime, root_st.mtime, NULL);
    }
    free(parent);
    return err;
}

int raise_file(struct unionfs *u, const struct fs_caller *who, const char *path, uint64_t limit,
               const struct spot *at)
{
    struct raising r = {u, who, path, path, NULL, at, limit, ""};
    int err;

    if (at->layer == 0)
        return 0;
    err = raise_parents(u, who, path);
    if (err == 0)
        err = raise_one(&r);
    return err == 0 && S_ISREG(at->st.mode) && limit < at->st.size ? 1 : err;
}

int raise_handle(struct unionfs *u, const struct fs_caller *who, struct handle *h, uint64_t limit)
{
    struct spot at = {.found = true};
    struct raising r = {u, who, NULL, h->path, NULL, &at, limit, ""};
    int err;

    if (!h->orphan) {
        err = find_existing(u, who, h->path, &at);
        return err < 0 ? err : raise_file(u, who, h->path, limit, &at);
    }
    if (h->parts == 0 || h->dir)
        return -ENOENT; /* a removed directory has nothing that could be changed */
    at.layer = union_highest(h->parts);
    r.in = &h->file[at.layer];
    err = LAYER(u, at.layer, getattr, who, h->path, &at.st, r.in);
    at.st.ino = h->ino;
    if (err == 0)
        err = raise_one(&r);
    return err == 0 && limit < at.st.size ? 1 : err;
}

int raise_parents(struct unionfs *u, const struct fs_caller *who, const char *path)
{
    char *parent = find_parent(path);
    struct fs_stat st;
    char *slash = parent;
    int err = parent != NULL ? LAYER(u, 0, getattr, who, parent, &st, NULL) : -ENOMEM;

    if (err != -ENOENT) {
        free(parent);
        return err;
    }
    do { /* each directory on the way, from the root */
        struct spot dir;

        slash = strchr(slash + 1, '/');
        if (slash != NULL)
            *slash = '\0';
        err = find_existing(u, who, parent, &dir);
        if (err == 0 && dir.layer != 0) {
            struct raising r = {u, who, parent, parent, NULL, &dir, 0, ""};

            err = raise_one(&r);
        }
        if (slash != NULL)
            *slash = '/';
    } while (err == 0 && slash != NULL);
    free(parent);
    return err;
}

/** The names of a directory that are to be looked at. */
struct children {
    struct paths *todo;
    const char *dir;
};

/* fs_readdir_fn */
static int add_child(void *user, const char *name, const struct fs_stat *stat)
{
    const struct children *c = user;

    (void)stat;
    if (strlen(c->dir) + 1 + strlen(name) > FS_PATH_MAX)
        return -ENAMETOOLONG;
    return paths_add(c->todo, c->dir, name);
}

int raise_tree(struct unionfs *u, const struct fs_caller *who, const char *path)
{
    struct paths todo = {.count = 0};
    int err = paths_add(&todo, path, "");

    for (size_t i = 0; err == 0 && i < todo.count; i++) {
        struct children c = {&todo, todo.at[i]};
        struct spot at;

        err = find_existing(u, who, todo.at[i], &at);
        if (err == 0)
            err = raise_file(u, who, todo.at[i], UINT64_MAX, &at);
        if (err == 0 && (at.parts & ~(uint32_t)UNION_TOP) != 0)
            err = listing_each(u, who, todo.at[i], at.parts, NULL, add_child, &c);
    }
    paths_done(&todo);
    if (err == 0)
        handle_narrow(u, who, path);
    return err;
}

/* fs_readdir_fn */
static int add_temp(void *user, const char *name, const struct fs_stat *stat)
{
    (void)stat;
    return strncmp(name, TEMP, strlen(TEMP)) == 0 ? paths_add(user, "/", name) : 0;
}

int raise_clean(struct unionfs *u, const struct fs_caller *who)
{
    struct paths old = {.count = 0};
    int err = LAYER(u, 0, readdir, who, "/", add_temp, &old, NULL);

    for (size_t i = 0; err == 0 && i < old.count; i++) {
        err = LAYER(u, 0, unlink, who, old.at[i]);
        if (err == -EISDIR)
            err = LAYER(u, 0, rmdir, who, old.at[i]);
    }
    paths_done(&old);
    return err;
}
