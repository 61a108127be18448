/* SPDX-License-Identifier: MIT */
#include "server/kernel/make_fs.h"

#include "server/kernel/file_source.h"
#include "server/kernel/machine.h"
#include "server/kernel/procview.h"
#include "server/kernel/tty.h"

#include <errno.h>
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

int make_fs(const struct fs_wish *w)
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

int machine_mount(struct machine *m, const char *name, const char *driver, const char *opts,
                  struct why *why)
{
    struct fs_wish wish = {
        .proc = m->init, .name = {name, strlen(name)}, .driver = driver, .opts = opts, .why = why};
    int err = ns_check_new(&m->init->ns, wish.name, why);

    return err < 0 ? err : make_fs(&wish);
}
