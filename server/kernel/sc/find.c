/* SPDX-License-Identifier: MIT */
#include "server/kernel/sc/find.h"

#include "server/kernel/proc/proc.h"

#include <errno.h>
#include <string.h>

int find_view(struct call *call, struct sc_str file, struct view **view, struct path *path)
{
    struct sc_str name;
    int err = path_split(file, &name, path, &call->why);

    return err < 0 ? err : ns_get(&call->proc->ns, name, &call->why, view);
}

/** The name before the ':', which path_split() found. */
static struct sc_str view_name(struct sc_str file)
{
    return (struct sc_str){file.ptr,
                           (size_t)((const char *)memchr(file.ptr, ':', file.len) - file.ptr)};
}

int find_rights(struct call *call, struct sc_str file, const struct view *view, uint32_t mode)
{
    struct sc_str name = view_name(file);
    bool same = strlen(view->label) == name.len && memcmp(view->label, name.ptr, name.len) == 0;

    if ((mode & ~view->ok_modes) != 0 && !same)
        (void)call_why(call, 0, "the caller's name '%.*s' is view '%s'", (int)name.len, name.ptr,
                       view->label);
    return view_allows(view, mode, &call->why);
}

/** vfs_walk_existing() or vfs_walk_nofollow(). */
typedef int (*walk_fn)(struct view *v, const struct path *path, const struct fs_caller *who,
                       struct place *out, struct why *why);

/** Walk to the file that an argument names, in a view with the rights @mode. */
static int walk_to(struct call *call, struct sc_str file, uint32_t mode, walk_fn walk,
                   struct place *at)
{
    const struct fs_caller who = proc_caller(call->proc);
    struct path path;
    struct view *view;
    int err = find_view(call, file, &view, &path);

    if (err == 0)
        err = find_rights(call, file, view, mode);
    return err < 0 ? err : walk(view, &path, &who, at, &call->why);
}

int find_place(struct call *call, struct sc_str file, uint32_t mode, struct place *at)
{
    return walk_to(call, file, mode, vfs_walk_existing, at);
}

int find_name(struct call *call, struct sc_str file, uint32_t mode, struct place *at)
{
    return walk_to(call, file, mode, vfs_walk_nofollow, at);
}

int find_two_names(struct call *call, const struct sc_str file[2], uint32_t mode,
                   struct place at[2])
{
    const struct fs_caller who = proc_caller(call->proc);
    struct path path[2];
    struct sc_str name[2];
    struct view *view[2];
    int err = 0;

    for (int i = 0; i < 2 && err == 0; i++)
        err = find_view(call, file[i], &view[i], &path[i]);
    if (err < 0)
        return err;
    name[0] = view_name(file[0]);
    name[1] = view_name(file[1]);
    if (name[0].len != name[1].len || memcmp(name[0].ptr, name[1].ptr, name[0].len) != 0)
        return call_why(call, -EXDEV,
                        "'%.*s:' and '%.*s:': both paths must begin with the same view name",
                        (int)name[0].len, name[0].ptr, (int)name[1].len, name[1].ptr);
    err = find_rights(call, file[0], view[0], mode);
    for (int i = 0; i < 2 && err == 0; i++)
        err = vfs_walk_nofollow(view[i], &path[i], &who, &at[i], &call->why);
    return err;
}

int find_file(struct call *call, int32_t fd, struct open_file **out)
{
    const uint32_t mode = sc_call_by_nr(call->nr)->right;
    struct open_file *f = fd_find(&call->proc->fds, fd);
    char names[VFS_MODES_MAX];

    if (f == NULL)
        return call_why(call, -EBADF, "the caller has no file descriptor %d", fd);
    if ((f->mode & mode) != mode) {
        (void)call_why(call, 0, "the handle lacks %s", vfs_mode_names(mode & ~f->mode, names));
        return call_why(call, -EBADF, "file descriptor %d is %s, opened with %s", fd, f->label,
                        vfs_mode_names(f->mode, names));
    }
    *out = f;
    return 0;
}

int find_child(struct call *call, int32_t pid, struct proc **out)
{
    *out = proc_child(call->proc, pid);
    if (*out == NULL)
        return call_why(call, -ESRCH, "process %d is not a child of process %d, or was waited for",
                        pid, call->proc->pid);
    return 0;
}

int find_live_child(struct call *call, int32_t pid, struct proc **out)
{
    int err = find_child(call, pid, out);

    if (err == 0 && proc_has_ended(*out))
        return call_why(call, -ESRCH, "process %d has ended", pid);
    return err;
}
