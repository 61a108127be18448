/* SPDX-License-Identifier: MIT */
/*
 * The walk from a view and a path to a place in a mount.
 *
 * One getattr() of the whole path does nearly every walk, because drivers do not follow links: they
 * answer -ELOOP if one is in the way. Only then, and for users whom a directory on the way may
 * refuse, the path is walked component by component, in a `struct walk`:
 *
 *     at     the current place, a canonical path in the mount; never above the view's root
 *     rest   the components still to be walked, with link targets spliced in front
 */
#include "server/kernel/door/driver.h"
#include "server/kernel/fs/perm.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { LINKS_MAX = 40 };

struct walk {
    struct view *view;
    struct mount *mount;
    struct path at;
    size_t root_len; /* length of the view's root path, above which ".." does not go */
    char rest[2 * FS_PATH_MAX + 2];
    unsigned links;
    const struct fs_caller *who;
    bool follow_last;
    bool slash; /* a '/' stood behind the last component taken */
    struct why *why;
};

static bool is_link(const struct fs_stat *st)
{
    return S_ISLNK(st->mode);
}

/** Cut off the next component of w->rest. Returns its length, 0 if none is left; -ENAMETOOLONG. */
static int take_component(struct walk *w, char name[FS_NAME_MAX + 1])
{
    char *at = w->rest;
    size_t len;

    w->slash = *at == '/';
    while (*at == '/')
        at++;
    len = strcspn(at, "/");
    if (len > FS_NAME_MAX)
        return why_add(w->why, -ENAMETOOLONG, "a symbolic link has a component of %zu bytes", len);
    memcpy(name, at, len);
    name[len] = '\0';
    memmove(w->rest, at + len, strlen(at + len) + 1);
    return (int)len;
}

/** Put a link's target in front of the rest, and go back to the directory that it is relative to. */
static int splice_link(struct walk *w)
{
    char target[FS_PATH_MAX + 1];
    size_t rest_len = strlen(w->rest);
    size_t len;
    int64_t err;

    if (++w->links > LINKS_MAX)
        return why_add(w->why, -ELOOP, "more than %d symbolic links on the way", LINKS_MAX);
    memset(target, 0, sizeof(target));
    err = driver_readlink(w->mount, w->who, w->at.str, target, FS_PATH_MAX);
    if (err != 0)
        return err < 0 ? (int)err : -ENAMETOOLONG;
    len = strlen(target);
    if (len + rest_len >= sizeof(w->rest))
        return -ENAMETOOLONG;
    memmove(w->rest + len, w->rest, rest_len + 1); /* the rest is empty, or begins with '/' */
    memcpy(w->rest, target, len);
    path_pop(&w->at);
    if (target[0] == '/')
        return view_root_path(w->view, &w->at);
    return 0;
}

static bool rest_is_empty(const struct walk *w)
{
    return w->rest[strspn(w->rest, "/")] == '\0';
}

/** Step to the component @name. */
static int step(struct walk *w, const char *name, size_t len, struct place *out)
{
    int err;

    if (!S_ISDIR(out->stat.mode))
        return why_add(w->why, -ENOTDIR, "%s is not a directory", w->at.str);
    err = perm_check(&out->stat, w->at.str, w->who, PERM_EXEC, w->why);
    if (err < 0 || strcmp(name, ".") == 0)
        return err;
    if (strcmp(name, "..") == 0) {
        if (w->at.len > w->root_len)
            path_pop(&w->at);
        return driver_getattr(w->mount, w->who, w->at.str, &out->stat, NULL);
    }
    err = path_push(&w->at, name, len);
    if (err < 0)
        return err;
    err = driver_getattr(w->mount, w->who, w->at.str, &out->stat, NULL);
    if (err == -ENOENT && rest_is_empty(w)) {
        out->exists = false;
        return 0;
    }
    if (err < 0)
        return err;
    if (is_link(&out->stat) && (w->follow_last || !rest_is_empty(w))) {
        err = splice_link(w);
        if (err < 0)
            return err;
        return driver_getattr(w->mount, w->who, w->at.str, &out->stat, NULL);
    }
    return 0;
}

/** Walk @path step by step to @out, whose view and who are set. */
static int walk_by_steps(const struct path *path, bool follow_last, struct place *out,
                         struct why *why)
{
    struct view *v = out->view;
    struct walk w = {.view = v,
                     .mount = v->mount,
                     .who = &out->who,
                     .follow_last = follow_last,
                     .links = 0,
                     .why = why};
    char name[FS_NAME_MAX + 1];
    int len;
    int err = view_root_path(v, &w.at);

    if (err == 0)
        err = driver_getattr(w.mount, w.who, w.at.str, &out->stat, NULL);
    w.root_len = w.at.len;
    memcpy(w.rest, path->str, path->len + 1);
    out->exists = true;
    while (err == 0 && (len = take_component(&w, name)) != 0)
        err = len < 0 ? len : step(&w, name, (size_t)len, out);
    if (err == 0)
        out->path = w.at;
    if (w.links > 0 && w.slash) /* the '/' ended a link's target */
        out->asks_dir = true;
    return err;
}

/** The last component does not exist: check that its parent is a directory. */
static int check_parent(struct mount *m, const struct fs_caller *who, const struct path *path,
                        struct why *why)
{
    struct path parent = *path;
    struct fs_stat st;
    int err;

    path_pop(&parent);
    err = driver_getattr(m, who, parent.str, &st, NULL);
    if (err == -ENOENT)
        return why_add(why, err, "directory %s does not exist", parent.str);
    if (err == 0 && !S_ISDIR(st.mode) && !is_link(&st))
        return why_add(why, -ENOTDIR, "%s is not a directory", parent.str);
    return err == 0 && is_link(&st) ? -ELOOP : err;
}

/** Walk to @out, whose view and who are set. User 0 may pass all directories unchecked. */
static int walk(const struct path *path, bool follow_last, struct place *out, struct why *why)
{
    struct mount *m = out->view->mount;
    int err = view_root_path(out->view, &out->path);

    if (err < 0)
        return err;
    err = path_join(&out->path, path->str, path->len);
    if (err < 0)
        return why_add(why, err, "the path is longer than %d bytes", FS_PATH_MAX);
    out->exists = true;
    if (out->who.uid != 0)
        return walk_by_steps(path, follow_last, out, why);
    err = driver_getattr(m, &out->who, out->path.str, &out->stat, NULL);
    if (err == -ENOENT) {
        out->exists = false;
        err = check_parent(m, &out->who, &out->path, why);
    }
    if (err == -ELOOP || (err == 0 && out->exists && is_link(&out->stat) && follow_last))
        return walk_by_steps(path, follow_last, out, why);
    return err;
}

/** Walk, and check that a place that asks for a directory is one, if it exists. */
static int walk_checked(struct view *v, const struct path *path, const struct fs_caller *who,
                        bool follow_last, struct place *out, struct why *why)
{
    int err;

    out->view = v;
    out->who = *who;
    out->asks_dir = path->asks_dir;
    err = walk(path, follow_last, out, why);
    return err < 0 || !out->exists ? err : vfs_check_dir(out, out->stat.mode, why);
}

int vfs_check_dir(const struct place *at, uint32_t mode, struct why *why)
{
    if (!at->asks_dir || S_ISDIR(mode))
        return 0;
    return why_add(why, -ENOTDIR, "%s is not a directory, but the path ends in '/'", at->path.str);
}

int vfs_walk(struct view *v, const struct path *path, const struct fs_caller *who,
             struct place *out, struct why *why)
{
    return walk_checked(v, path, who, true, out, why);
}

int vfs_walk_nofollow(struct view *v, const struct path *path, const struct fs_caller *who,
                      struct place *out, struct why *why)
{
    return walk_checked(v, path, who, false, out, why);
}

int vfs_walk_existing(struct view *v, const struct path *path, const struct fs_caller *who,
                      struct place *out, struct why *why)
{
    int err = vfs_walk(v, path, who, out, why);

    if (err == 0 && !out->exists)
        return why_add(why, -ENOENT, "%s does not exist in view '%s'", path->str, v->label);
    return err;
}
