/* SPDX-License-Identifier: MIT */
/*
 * The slots that change names. Each checks, then prepares the top layer without a visible change,
 * and then makes one change there.
 */
#include "fsdrivers/unionfs/union.h"

#include "fsdrivers/fsrules.h"

#include <errno.h>
#include <string.h>

/* ---- Making names ---- */

/* Check that a name is free and can be given. */
static int check_free(struct unionfs *u, const struct fs_caller *who, const char *path)
{
    struct spot at;
    int err = fspath_is_root(path) ? -EEXIST : find(u, who, path, &at);

    if (err == 0 && at.found)
        return -EEXIST;
    return err == 0 && find_reserved(strrchr(path, '/') + 1) ? -EINVAL : err;
}

static int prepare_new(struct unionfs *u, const struct fs_caller *who, const char *path)
{
    int err = union_waits(u, who) ? FS_WOULD_WAIT : check_free(u, who, path);

    return err < 0 ? err : raise_parents(u, who, path);
}

int union_mknod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode)
{
    struct unionfs *u = union_of(fs);
    int err = prepare_new(u, who, path);

    return err < 0 ? err : LAYER(u, 0, mknod, who, path, mode);
}

int union_mkdir(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode)
{
    struct unionfs *u = union_of(fs);
    int err = prepare_new(u, who, path);

    return err < 0 ? err : LAYER(u, 0, mkdir, who, path, mode);
}

int union_symlink(struct fs *fs, const struct fs_caller *who, const char *target, const char *path)
{
    struct unionfs *u = union_of(fs);
    int err = prepare_new(u, who, path);

    return err < 0 ? err : LAYER(u, 0, symlink, who, target, path);
}

int union_link(struct fs *fs, const struct fs_caller *who, const char *from, const char *to)
{
    struct unionfs *u = union_of(fs);
    struct spot at;
    int err = find_first(u, who, from, &at);

    if (err == 0)
        err = check_free(u, who, to);
    if (err == 0 && S_ISDIR(at.st.mode))
        err = -EPERM;
    if (err == 0)
        err = raise_file(u, who, from, UINT64_MAX, &at);
    if (err == 0)
        err = raise_parents(u, who, to);
    return err < 0 ? err : LAYER(u, 0, link, who, from, to);
}

/* ---- Removing names ---- */

/* Hide what the layers below have at a path; what the top has there stays. */
static int hide_below(struct unionfs *u, const struct fs_caller *who, const char *path,
                      const struct spot *at)
{
    char wh[FS_PATH_MAX + 1];
    int err = find_below(u, who, path, at->around);

    if (err <= 0)
        return err;
    err = find_whiteout(path, wh);
    if (err == 0)
        err = raise_parents(u, who, path);
    return err < 0 ? err : LAYER(u, 0, mknod, who, wh, S_IFREG);
}

/* fs_readdir_fn */
static int add_mark(void *user, const char *name, const struct fs_stat *stat)
{
    (void)stat;
    return find_reserved(name) ? paths_add(user, "", name) : 0;
}

/* Remove the marks in a directory that is empty and hides what is below it. */
static int purge(struct unionfs *u, const struct fs_caller *who, const char *path)
{
    struct paths marks = {.count = 0};
    int err = LAYER(u, 0, readdir, who, path, add_mark, &marks, NULL);

    for (size_t i = 0; err == 0 && i < marks.count; i++) {
        struct paths mark = {.count = 0};

        err = paths_add(&mark, path, marks.at[i] + 1);
        if (err == 0)
            err = LAYER(u, 0, unlink, who, mark.at[0]);
        paths_done(&mark);
    }
    paths_done(&marks);
    return err;
}

/* A file has lost a name. */
static void lose(struct unionfs *u, const struct fs_caller *who, const struct spot *at)
{
    if (at->layer != 0 || S_ISDIR(at->st.mode))
        handle_orphan(u, who, at->st.ino, &at->st);
    if (at->layer == 0 && (S_ISDIR(at->st.mode) || at->st.nlink == 1))
        find_unmove(u, at->own_ino);
}

/* All names of a file of a lower layer are known to the top, if it has several: the others count. */
static int raise_linked(struct unionfs *u, const struct fs_caller *who, const char *path,
                        struct spot *at)
{
    int err;

    if (at->layer == 0 || S_ISDIR(at->st.mode) || at->st.nlink < 2)
        return 0;
    err = raise_file(u, who, path, UINT64_MAX, at);
    return err < 0 ? err : find_existing(u, who, path, at);
}

int union_unlink(struct fs *fs, const struct fs_caller *who, const char *path)
{
    struct unionfs *u = union_of(fs);
    struct spot at;
    int err = find_first(u, who, path, &at);

    if (err == 0 && S_ISDIR(at.st.mode))
        err = -EISDIR;
    if (err == 0)
        err = raise_linked(u, who, path, &at);
    if (err == 0)
        err = hide_below(u, who, path, &at);
    if (err == 0 && at.layer == 0)
        err = LAYER(u, 0, unlink, who, path);
    if (err == 0)
        lose(u, who, &at);
    return err;
}

int union_rmdir(struct fs *fs, const struct fs_caller *who, const char *path)
{
    struct unionfs *u = union_of(fs);
    struct spot at;
    int err;

    if (fspath_is_root(path))
        return -EBUSY;
    err = find_first(u, who, path, &at);
    if (err == 0 && !S_ISDIR(at.st.mode))
        err = -ENOTDIR;
    if (err == 0)
        err = listing_check_empty(u, who, path, at.parts);
    if (err == 0)
        err = hide_below(u, who, path, &at);
    if (err == 0 && at.layer == 0)
        err = purge(u, who, path);
    if (err == 0 && at.layer == 0)
        err = LAYER(u, 0, rmdir, who, path);
    if (err == 0)
        lose(u, who, &at);
    return err;
}

/* ---- Moving names ---- */

/* Bring all that a name stands for to the top, and hide what is below it. */
static int ready(struct unionfs *u, const struct fs_caller *who, const char *path, struct spot *at)
{
    int err;

    if (S_ISDIR(at->st.mode) && (at->parts & ~(uint32_t)UNION_TOP) != 0)
        err = raise_tree(u, who, path);
    else
        err = raise_file(u, who, path, UINT64_MAX, at);
    if (err == 0)
        err = hide_below(u, who, path, at);
    return err < 0 ? err : find_existing(u, who, path, at);
}

/* Prepare a name that will be taken by another file. */
static int make_way(struct unionfs *u, const struct fs_caller *who, const char *path,
                    struct spot *at)
{
    int err = raise_parents(u, who, path);

    if (err < 0 || !at->found)
        return err;
    if (!S_ISDIR(at->st.mode))
        return raise_linked(u, who, path, at);
    err = ready(u, who, path, at); /* it is empty */
    return err < 0 ? err : purge(u, who, path);
}

static int check_rename(struct unionfs *u, const struct fs_caller *who, const char *from,
                        const char *to, enum fs_rename_type type, struct spot spots[2])
{
    struct spot *old = &spots[0];
    struct spot *new = &spots[1];
    int err = find_existing(u, who, from, old);

    if (err == 0)
        err = find(u, who, to, new);
    if (err < 0)
        return err;
    err = fsrules_rename(
        &(struct fsend){from, old->st.ino, S_ISDIR(old->st.mode)},
        &(struct fsend){to, new->found ? new->st.ino : 0, new->found &&S_ISDIR(new->st.mode)},
        type);
    if (err > 0 && find_reserved(strrchr(to, '/') + 1))
        return -EINVAL;
    if (err > 0 && type != FS_RENAME_EXCHANGE && new->found && S_ISDIR(new->st.mode)) {
        int full = listing_check_empty(u, who, to, new->parts);

        return full < 0 ? full : err;
    }
    return err;
}

int union_rename(struct fs *fs, const struct fs_caller *who, const char *from, const char *to,
                 enum fs_rename_type type)
{
    struct unionfs *u = union_of(fs);
    struct spot spots[2];
    int err = fsrules_rename_paths(from, to, type);

    if (err < 0)
        return err;
    if (union_waits(u, who))
        return FS_WOULD_WAIT;
    err = check_rename(u, who, from, to, type, spots);
    if (err <= 0)
        return err;
    err = ready(u, who, from, &spots[0]);
    if (err == 0) /* it may be a name of one of these files */
        err = find(u, who, to, &spots[1]);
    if (err == 0 && type == FS_RENAME_EXCHANGE)
        err = ready(u, who, to, &spots[1]);
    else if (err == 0)
        err = make_way(u, who, to, &spots[1]);
    if (err == 0)
        err = LAYER(u, 0, rename, who, from, to, type);
    if (err == 0 && type != FS_RENAME_EXCHANGE && spots[1].found)
        lose(u, who, &spots[1]);
    return err;
}
