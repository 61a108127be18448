/* SPDX-License-Identifier: MIT */
/* The calls on namespaces: make filesystems, take views of them, give views away, forget names. */
#include "server/kernel/call.h"
#include "server/kernel/file_source.h"
#include "server/kernel/machine.h"
#include "server/kernel/procview.h"
#include "server/kernel/tty.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t env_now_ns(void *user)
{
    return machine_stamp_ns(user);
}

static void env_random(void *user, void *buf, size_t len)
{
    machine_random(user, buf, len);
}

static void env_console(void *user, const char *bytes, size_t len)
{
    struct machine *m = user;

    event_emit(m, &(struct event){
                      .kind = EVENT_CONSOLE, .pid = m->current_pid, .bytes = bytes, .len = len});
}

static int64_t env_input(void *user, char *buf, size_t len)
{
    struct machine *m = user;
    struct proc *p = proc_find(m, m->current_pid);

    return p != NULL ? tty_read(p, buf, len) : 0;
}

static bool env_input_ready(void *user)
{
    struct machine *m = user;
    struct proc *p = proc_find(m, m->current_pid);

    return p == NULL || tty_is_ready(p);
}

static bool env_take(void *user, uint64_t bytes)
{
    struct machine *m = user;

    if (bytes > m->limits.storage - m->storage)
        return false;
    m->storage += bytes;
    return true;
}

static void env_give(void *user, uint64_t bytes)
{
    struct machine *m = user;

    m->storage -= bytes;
}

static int32_t env_caller(void *user)
{
    return procview_caller(user);
}

static int env_each_proc(void *user, fs_proc_fn fn, void *fn_user)
{
    return procview_each(user, fn, fn_user);
}

static int env_proc_text(void *user, int32_t pid, enum fs_proc_item item, struct strbuf *out)
{
    return procview_text(user, pid, item, out);
}

/** What it takes to make a filesystem and name it. */
struct fs_wish {
    struct proc *proc; /* gets the name */
    struct sc_str name;
    const char *driver;
    const char *opts;
    struct open_file *source; /* or NULL */
    struct why *why;
};

static int make_and_name(const struct fs_wish *w)
{
    struct machine *m = w->proc->machine;
    struct fs_env env = {.now_ns = env_now_ns,
                         .random = env_random,
                         .console = env_console,
                         .input = env_input,
                         .input_ready = env_input_ready,
                         .caller = env_caller,
                         .each_proc = env_each_proc,
                         .proc_text = env_proc_text,
                         .take = env_take,
                         .give = env_give,
                         .user = m};
    struct mount_origin origin = {.machine = m,
                                  .driver = w->driver,
                                  .opts = w->opts,
                                  .from_handle = w->source != NULL,
                                  .maker = w->proc->pid};
    struct fs_source source;
    struct fs_open req = {
        .opts = w->opts, .env = &env, .uid = w->proc->uid, .gid = w->proc->gid, .why = w->why};
    struct mount *mount;
    struct view *view;
    struct fs *fs;
    int err;

    err = machine_check_room(m->census.mounts, m->limits.mounts, -EMFILE, "filesystems", w->why);
    if (err < 0)
        return err;
    if (w->source != NULL) {
        file_source_init(&source, w->source);
        req.handle = &source;
    }
    err = m->spec.fs_open(w->driver, &req, &fs);
    if (err < 0) {
        if (req.handle != NULL)
            source.close(source.user);
        return err;
    }
    err = mount_new(fs, &origin, &mount);
    if (err < 0) {
        fs->ops->destroy(fs, NULL);
        return err;
    }
    err = view_new(mount, mount->root, NULL, w->name, SC_FM_NAMED, w->proc->pid, &view);
    (void)mount_unref(mount);
    if (err < 0)
        return err;
    err = ns_add(&w->proc->ns, w->name, view, w->why);
    (void)view_unref(view);
    return err;
}

/** Refuse a name before anything is made for it. */
static int check_new_name(const struct proc *p, struct sc_str name, struct why *why)
{
    const struct machine *m = p->machine;
    int err = path_check_name(name, why);

    if (err < 0)
        return err;
    if (ns_find(&p->ns, name) != NULL)
        return why_add(why, -EEXIST, "the name '%.*s' is taken", (int)name.len, name.ptr);
    if (p->ns.count >= p->ns.max)
        return why_add(why, -EMFILE, "the process has its most names, %zu", p->ns.max);
    return machine_check_room(m->census.views, m->limits.views, -EMFILE, "views", why);
}

/** Copy a string that must hold no NUL. @out returned; free(). */
static int copy_text(struct call *call, struct sc_str in, const char *what, char **out)
{
    if (memchr(in.ptr, '\0', in.len) != NULL)
        return call_why(call, -EINVAL, "%s contains a NUL byte", what);
    *out = strndup(in.ptr, in.len);
    return *out != NULL ? 0 : -ENOMEM;
}

/** The value of "source=" in @opts, copied; NULL when there is none. @out returned; free(). */
static int copy_source(const char *opts, char **out)
{
    static const char key[] = "source=";
    const char *at = opts;

    *out = NULL;
    while (at != NULL && strncmp(at, key, sizeof(key) - 1) != 0) {
        at = strchr(at, ',');
        if (at != NULL)
            at++;
    }
    if (at == NULL)
        return 0;
    at += sizeof(key) - 1;
    *out = strndup(at, strcspn(at, ","));
    return *out != NULL ? 0 : -ENOMEM;
}

/** A source on the host may be named only by sessions, and only where the configuration allows. */
static int check_source(struct call *call, const char *opts)
{
    struct machine *m = call->machine;
    char *source;
    int err = copy_source(opts, &source);

    if (err < 0 || source == NULL)
        return err;
    if (call->gate != SC_GATE_RPC)
        err = call_why(call, -EACCES, "a guest may not name a source on the host");
    else
        err = m->ops->source_allowed(m->host, source, &call->why);
    free(source);
    return err;
}

/** A source is read at any position. */
static int check_source_file(struct call *call, const struct open_file *f)
{
    if (f->end == NULL)
        return 0;
    return call_why(call, -ENOTSUP, "%s is a stream: no filesystem can be read from it", f->label);
}

int sc_make_fs(struct call *call, const struct sc_make_fs_args *args, struct sc_make_fs_out *out)
{
    struct fs_wish wish = {.proc = call->proc, .name = args->fs_name, .why = &call->why};
    char *driver = NULL;
    char *opts = NULL;
    int err = check_new_name(call->proc, args->fs_name, &call->why);

    (void)out;
    if (err < 0)
        return err;
    if (args->source_fd != 0) {
        wish.source = fd_find(&call->proc->fds, args->source_fd);
        if (wish.source == NULL)
            return call_why(call, -EBADF, "source_fd %d is no handle of the caller",
                            args->source_fd);
        if ((wish.source->mode & FM_READ) == 0)
            return call_why(call, -EBADF, "source_fd %d is %s, opened without READ",
                            args->source_fd, wish.source->label);
        err = check_source_file(call, wish.source);
        if (err < 0)
            return err;
    }
    err = copy_text(call, args->driver, "driver", &driver);
    if (err == 0)
        err = copy_text(call, args->opts, "opts", &opts);
    if (err == 0)
        err = check_source(call, opts);
    wish.driver = driver;
    wish.opts = opts;
    if (err == 0)
        err = make_and_name(&wish);
    free(driver);
    free(opts);
    return err;
}

int machine_mount(struct machine *m, const char *name, const char *driver, const char *opts,
                  struct why *why)
{
    struct fs_wish wish = {
        .proc = m->init, .name = {name, strlen(name)}, .driver = driver, .opts = opts, .why = why};
    int err = check_new_name(m->init, wish.name, why);

    return err < 0 ? err : make_and_name(&wish);
}

int sc_fs_add_src(struct call *call, const struct sc_fs_add_src_args *args,
                  struct sc_fs_add_src_out *out)
{
    struct open_file *f = fd_find(&call->proc->fds, args->fd);
    struct fs_source source;
    struct fs_open req = {.handle = &source, .why = &call->why};
    struct view *view;
    char *opts;
    int err = ns_get(&call->proc->ns, args->fs_name, &call->why, &view);

    (void)out;
    if (err < 0)
        return err;
    if (view->parent != NULL)
        return call_why(call, -ENOTSUP, "'%s' is a subfs: sources go to the filesystem itself",
                        view->label);
    if (view->mount->maker != call->proc->pid)
        return call_why(call, -EPERM, "process %d made the filesystem", view->mount->maker);
    if (f == NULL)
        return call_why(call, -EBADF, "the caller has no file descriptor %d", args->fd);
    if ((f->mode & FM_READ) == 0)
        return call_why(call, -EBADF, "file descriptor %d is %s, opened without READ", args->fd,
                        f->label);
    err = check_source_file(call, f);
    if (err == 0)
        err = copy_text(call, args->opts, "opts", &opts);
    if (err < 0)
        return err;
    req.opts = opts;
    file_source_init(&source, f);
    err = view->mount->fs->ops->add_source(view->mount->fs, &req);
    if (err < 0)
        source.close(source.user);
    free(opts);
    if (err == -ENOSYS)
        return call_why(call, -ENOTSUP, "driver %s stacks no sources", view->mount->driver);
    return err;
}

/** SUBFS and BIND_SUBFS: make a view of the caller's and name it in @to. */
static int make_subfs(struct call *call, const struct sc_bind_subfs_args *args, struct proc *to)
{
    struct view *from;
    struct view *view;
    struct path root;
    struct place at;
    int err = check_new_name(to, args->new_name, &call->why);

    if (err == 0)
        err = ns_get(&call->proc->ns, args->from_fs, &call->why, &from);
    if (err == 0)
        err = path_parse(args->root, &root, &call->why);
    if (err == 0)
        err = vfs_walk_existing(from, &root, proc_creds(call->proc), &at, &call->why);
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

    (void)out;
    if (args->bind_to_pid != 0) {
        to = proc_child(call->proc, args->bind_to_pid);
        if (to == NULL || proc_has_ended(to))
            return call_why(call, -ESRCH, "process %d is no living child of process %d",
                            args->bind_to_pid, call->proc->pid);
    }
    return make_subfs(call, args, to);
}

int sc_rm_fs(struct call *call, const struct sc_rm_fs_args *args, struct sc_rm_fs_out *out)
{
    struct view *view;
    int err = ns_get(&call->proc->ns, args->fs_name, &call->why, &view);

    (void)out;
    return err < 0 ? err : ns_remove(&call->proc->ns, args->fs_name);
}

/** Looking for the n-th name. */
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

/** Set a name, cut to what has room. */
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
