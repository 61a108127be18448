/* SPDX-License-Identifier: MIT */
/* The calls on namespaces: make filesystems and views, give views to children, remove names. */
#include "server/kernel/call/late.h"
#include "server/kernel/door/driver.h"
#include "server/kernel/fs/file_source.h"
#include "server/kernel/fs/make_fs.h"
#include "server/kernel/fs/mount.h"
#include "server/kernel/machine.h"
#include "server/kernel/sc/find.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** Copy a string that must not contain NUL. @out returned; free(). */
static int copy_text(struct call *call, struct sc_str in, const char *what, char **out)
{
    if (in.len > 0 && memchr(in.ptr, '\0', in.len) != NULL)
        return call_why(call, -EINVAL, "%s contains a NUL byte", what);
    *out = strndup(in.len > 0 ? in.ptr : "", in.len);
    return *out != NULL ? 0 : -ENOMEM;
}

/** The open file of an fd that can be a filesystem's source: it has positions, or is a directory. */
static int get_source_file(struct call *call, int32_t fd, struct open_file **out)
{
    int err = find_file(call, fd, out);

    if (err == 0 && ((*out)->mode & (FM_READ | FM_READDIR)) == 0)
        return call_why(call, -EBADF, "file descriptor %d is %s, opened without READ", fd,
                        (*out)->label);
    if (err == 0 && (*out)->end != NULL)
        return call_why(call, -ENOTSUP, "%s is a stream: a filesystem's source must have positions",
                        (*out)->label);
    return err;
}

/** Add an open file or directory as a source. */
static int add_source(struct mount *m, struct open_file *f, struct fs_open *req)
{
    struct fs_source source;
    int err;

    if (!m->kind->stacks)
        return why_add(req->why, -ENOTSUP, "driver %s can't stack sources", m->driver);
    req->directory = f->is_dir;
    if (f->is_dir) {
        m->offered = f;
        err = driver_add_source(m, req);
        m->offered = NULL;
        return err;
    }
    err = mount_stand_on(m, f->mount, req->why);
    if (err < 0)
        return err;
    file_source_init(&source, f);
    req->handle = &source;
    err = driver_add_source(m, req);
    if (err < 0)
        source.close(source.user);
    return err;
}

int sc_make_fs(struct call *call, const struct sc_make_fs_args *args, struct sc_make_fs_out *out)
{
    struct fs_spec spec = {.proc = call->proc,
                           .name = args->fs_name,
                           .sources =
                               call->abi->configured_sources ? SOURCES_CONFIGURED : SOURCES_NONE,
                           .why = &call->why};
    char *driver = NULL;
    char *opts = NULL;
    int err = ns_check_new(&call->proc->ns, args->fs_name, &call->why);

    (void)out;
    if (err == 0) /* late mappings keep the store of a removed mount open */
        err = late_wait(call);
    if (err == 0 && args->source_fd != 0)
        err = get_source_file(call, args->source_fd, &spec.source);
    if (err != 0)
        return err;
    err = copy_text(call, args->driver, "driver", &driver);
    if (err == 0 && args->opts.ptr != NULL) /* no options differ from empty ones */
        err = copy_text(call, args->opts, "opts", &opts);
    spec.driver = driver;
    spec.opts = opts;
    if (err == 0)
        err = make_fs(&spec);
    free(driver);
    free(opts);
    return err;
}

int sc_fs_add_src(struct call *call, const struct sc_fs_add_src_args *args,
                  struct sc_fs_add_src_out *out)
{
    struct open_file *f;
    struct fs_open req = {.who = proc_caller(call->proc), .why = &call->why};
    struct view *view;
    char *opts = NULL;
    int err = ns_get(&call->proc->ns, args->fs_name, &call->why, &view);

    (void)out;
    if (err < 0)
        return err;
    if (view->parent != NULL)
        return call_why(call, -ENOTSUP, "'%s' is a subfs: add sources to the filesystem itself",
                        view->label);
    if (view->mount->maker != call->proc->pid)
        return call_why(call, -EPERM, "process %d made the filesystem", view->mount->maker);
    err = get_source_file(call, args->fd, &f);
    if (err == 0)
        err = copy_text(call, args->opts, "opts", &opts);
    if (err < 0)
        return err;
    req.opts = opts;
    err = add_source(view->mount, f, &req);
    free(opts);
    return err;
}

/** SUBFS and BIND_SUBFS: make a view from the caller's and name it in @to. */
static int make_subfs(struct call *call, const struct sc_bind_subfs_args *args, struct proc *to)
{
    const struct fs_caller who = proc_caller(call->proc);
    struct view *from;
    struct view *view;
    struct path root;
    struct place at;
    int err = ns_check_new(&to->ns, args->new_name, &call->why);

    if (err == 0)
        err = ns_get(&call->proc->ns, args->from_fs, &call->why, &from);
    if (err == 0)
        err = path_parse(args->root, &root, &call->why);
    if (err == 0)
        err = vfs_walk_existing(from, &root, &who, &at, &call->why);
    if (err == 0)
        err = vfs_subview(&at, args->new_name, args->ok_modes, call->proc->pid, &call->why, &view);
    if (err < 0)
        return err;
    err = ns_add(&to->ns, args->new_name, view, &call->why);
    (void)view_unref(view);
    return err;
}

int sc_subfs(struct call *call, const struct sc_subfs_args *args, struct sc_subfs_out *out)
{
    struct sc_bind_subfs_args same = {.new_name = args->new_name,
                                      .from_fs = args->from_fs,
                                      .root = args->root,
                                      .ok_modes = args->ok_modes};

    (void)out;
    return make_subfs(call, &same, call->proc);
}

int sc_bind_subfs(struct call *call, const struct sc_bind_subfs_args *args,
                  struct sc_bind_subfs_out *out)
{
    struct proc *to = call->proc;
    int err = args->bind_to_pid != 0 ? find_live_child(call, args->bind_to_pid, &to) : 0;

    (void)out;
    return err < 0 ? err : make_subfs(call, args, to);
}

int sc_rm_fs(struct call *call, const struct sc_rm_fs_args *args, struct sc_rm_fs_out *out)
{
    struct view *view;
    int err = ns_get(&call->proc->ns, args->fs_name, &call->why, &view);

    (void)out;
    return err < 0 ? err : ns_remove(&call->proc->ns, args->fs_name);
}

/** A search for the n-th name. */
struct nth_name {
    uint32_t left;
    struct sc_str name;
    struct view *view;
};

static int count_down(void *user, struct sc_str name, struct view *view)
{
    struct nth_name *nth = user;

    if (nth->left-- > 0)
        return 0;
    nth->name = name;
    nth->view = view;
    return 1;
}

/** Set a name, cut to the room it has. */
static void fill_dname(struct sc_dname *name, const char *text, size_t len)
{
    memcpy(name->bytes, text, len < SC_DIR_MAX ? len : SC_DIR_MAX - 1);
}

int sc_fs_enum(struct call *call, const struct sc_fs_enum_args *args, struct sc_fs_enum_out *out)
{
    struct nth_name nth = {.left = args->n};
    const struct ns *ns = &call->proc->ns;
    struct sc_fs_entry entry = {0};
    struct path root;
    int err;

    if (ns_each(ns, count_down, &nth) == 0)
        return call_why(call, -ENOENT, "the caller has %zu names, counted from 0", ns->count);
    err = view_root_path(nth.view, &root);
    if (err < 0)
        return call_why(call, err, "the root's path is longer than %d bytes", FS_PATH_MAX);
    call->text = strdup(root.str);
    if (call->text == NULL)
        return -ENOMEM;
    fill_dname(&entry.name, nth.name.ptr, nth.name.len);
    fill_dname(&entry.driver, nth.view->mount->driver, strlen(nth.view->mount->driver));
    entry.ok_modes = nth.view->ok_modes;
    entry.root = (struct sc_str){call->text, root.len};
    out->entry = entry;
    return 0;
}
