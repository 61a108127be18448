/* SPDX-License-Identifier: MIT */
#include "server/kernel/fs/make_fs.h"

#include "server/kernel/door/layer.h"
#include "server/kernel/door/slow.h"
#include "server/kernel/fs/file_source.h"
#include "server/kernel/fs/tty.h"
#include "server/kernel/machine.h"
#include "server/kernel/proc/procview.h"
#include "server/kernel/random.h"

#include <errno.h>
#include <string.h>

/* The instance's requests to the machine. @user is its mount. On a worker its copies answer. */

static uint64_t env_now_ns(void *user)
{
    const struct mount *mount = user;

    return mount->away != NULL ? mount->away->now_ns : machine_stamp_ns(mount->machine);
}

static void env_random(void *user, void *buf, size_t len)
{
    struct mount *mount = user;

    random_fill(mount->away != NULL ? &mount->away->random_state : &mount->machine->random_state,
                buf, len);
}

static void env_mix(void *user, const void *bytes, size_t len)
{
    struct mount *mount = user;

    random_mix(mount->away != NULL ? &mount->away->random_state : &mount->machine->random_state,
               bytes, len);
}

static void env_console(void *user, const struct fs_caller *who, const char *bytes, size_t len)
{
    const struct mount *mount = user;

    if (mount->away == NULL)
        event_emit(
            mount->machine,
            &(struct event){.kind = EVENT_CONSOLE, .pid = who->pid, .bytes = bytes, .len = len});
}

/** The calling process; NULL on a worker, which may not see it. */
static struct proc *caller_of(const struct mount *mount, const struct fs_caller *who)
{
    return mount->away == NULL ? proc_find(mount->machine, who->pid) : NULL;
}

static int64_t env_input(void *user, const struct fs_caller *who, char *buf, size_t len)
{
    struct proc *p = caller_of(user, who);

    return p != NULL ? tty_read(p, buf, len) : 0;
}

static bool env_input_ready(void *user, const struct fs_caller *who)
{
    struct proc *p = caller_of(user, who);

    return p == NULL || tty_is_ready(p);
}

static size_t env_input_count(void *user, const struct fs_caller *who)
{
    struct proc *p = caller_of(user, who);

    return p != NULL ? tty_count(p) : 0;
}

static void env_window(void *user, const struct fs_caller *who, struct fs_window *out)
{
    struct proc *p = caller_of(user, who);

    *out = p != NULL ? tty_window(p) : (struct fs_window){0};
}

static int env_set_window(void *user, const struct fs_caller *who, const struct fs_window *in)
{
    struct proc *p = caller_of(user, who);

    return p != NULL ? tty_set_window(p, *in) : -EIO;
}

static bool env_take(void *user, uint64_t bytes)
{
    struct mount *mount = user;
    struct machine *m = mount->machine;

    if (bytes > (mount->away != NULL ? mount->away->storage_left : m->limits.storage - m->storage))
        return false;
    if (mount->away != NULL) {
        mount->away->storage_left -= bytes;
        return true;
    }
    mount->storage += bytes;
    m->storage += bytes;
    return true;
}

static void env_give(void *user, uint64_t bytes)
{
    struct mount *mount = user;

    if (mount->away != NULL) {
        mount->away->storage_left += bytes;
        return;
    }
    mount->storage -= bytes;
    mount->machine->storage -= bytes;
}

static int env_take_descriptors(void *user, uint32_t count, struct why *why)
{
    struct mount *mount = user;
    int err;

    if (mount->away != NULL)
        return why_add(why, -EMFILE, "a slow filesystem takes its descriptors when it is made");
    err = machine_take_descriptors(mount->machine, count, -EMFILE, why);
    if (err == 0)
        mount->descriptors += count;
    return err;
}

static void env_give_descriptors(void *user, uint32_t count)
{
    struct mount *mount = user;

    if (mount->away != NULL) {
        mount->away->descriptors_given += count;
        return;
    }
    mount->descriptors -= count;
    machine_give_descriptors(mount->machine, count);
}

static int env_each_proc(void *user, const struct fs_caller *who, fs_proc_fn fn, void *fn_user)
{
    const struct mount *mount = user;

    return mount->away == NULL ? procview_each(mount->machine, who->pid, fn, fn_user) : 0;
}

static int env_proc_text(void *user, const struct fs_caller *who, int32_t pid,
                         enum fs_proc_item item, struct strbuf *out)
{
    const struct mount *mount = user;

    return mount->away == NULL ? procview_text(mount->machine, who->pid, pid, item, out) : -ENOENT;
}

/** A search for a caller's view of a directory. */
struct view_search {
    const struct open_file *dir;
    struct view *found; /* with the most rights; borrowed */
};

static unsigned count_rights(const struct view *v)
{
    unsigned count = 0;

    for (uint32_t modes = v->ok_modes; modes != 0; modes &= modes - 1)
        count++;
    return count;
}

/** ns_each_fn */
static int look_at_view(void *user, struct sc_str name, struct view *v)
{
    struct view_search *s = user;
    const struct node *n = s->dir->node;

    (void)name;
    while (n != NULL && n != v->root)
        n = n->parent;
    if (n != NULL && (s->found == NULL || count_rights(v) > count_rights(s->found)))
        s->found = v;
    return 0;
}

/** A handle of a directory says which one; the rights are those of a view of the maker that has it. @out
 * returned; view_unref(). */
static int view_of_handle(const struct proc *p, struct open_file *dir, struct why *why,
                          struct view **out)
{
    const struct sc_str label = {dir->label, strlen(dir->label)};
    struct view_search s = {.dir = dir};

    (void)ns_each(&p->ns, look_at_view, &s);
    if (s.found == NULL)
        return why_add(why, -EACCES, "no view of process %d has the directory %s", p->pid,
                       dir->label);
    if (s.found->depth >= VIEW_DEPTH_MAX)
        return why_add(why, -EMFILE, "view '%s' has reached the limit of views above it, %d",
                       s.found->label, VIEW_DEPTH_MAX);
    return view_new(dir->mount, dir->node, s.found, label, s.found->ok_modes, p->pid, out);
}

static int env_lower(void *user, const char *name, bool write, struct fs **out, struct why *why)
{
    struct mount *mount = user;
    struct proc *p = proc_find(mount->machine, mount->maker);
    const struct fs_caller maker = proc_caller(p);
    struct view *view = NULL;
    int err;

    if (name == NULL)
        err = view_of_handle(p, mount->offered, why, &view);
    else
        err = ns_get(&p->ns, (struct sc_str){name, strlen(name)}, why, &view);
    if (err < 0)
        return err;
    if (name != NULL)
        (void)view_ref(view);
    err = layer_new(mount, view, &maker, write, out, why);
    (void)view_unref(view);
    return err;
}

static void env_give_lower(void *user, struct fs *lower)
{
    (void)user;
    layer_free(lower);
}

/** mount_new() adds the user. */
static const struct fs_env mount_env = {.now_ns = env_now_ns,
                                        .random = env_random,
                                        .mix = env_mix,
                                        .console = env_console,
                                        .input = env_input,
                                        .input_ready = env_input_ready,
                                        .input_count = env_input_count,
                                        .window = env_window,
                                        .set_window = env_set_window,
                                        .each_proc = env_each_proc,
                                        .proc_text = env_proc_text,
                                        .take = env_take,
                                        .give = env_give,
                                        .take_descriptors = env_take_descriptors,
                                        .give_descriptors = env_give_descriptors,
                                        .lower = env_lower,
                                        .give_lower = env_give_lower};

/** struct fs_open.locate: find a source on behalf of the maker of the filesystem. */
static int locate(void *user, const char *source, bool readonly, struct hostfile **out,
                  struct why *why)
{
    const struct fs_spec *spec = user;
    struct machine *m = spec->proc->machine;
    int err;

    if (spec->sources == SOURCES_NONE)
        return why_add(why, -EACCES, "a guest may not name a source on the host");
    err = m->ops->source_open(m->host, source, spec->sources == SOURCES_ANY, readonly, out, why);
    return (int)machine_answer(m, err, NULL, 0);
}

/** Make an instance with its mount. @out returned; mount_unref(). */
static int make_mount(struct fs_spec *spec, struct mount **out)
{
    struct machine *m = spec->proc->machine;
    const struct mount_origin origin = {.machine = m,
                                        .driver = spec->driver,
                                        .opts = spec->opts,
                                        .source = spec->source,
                                        .maker = spec->proc->pid};
    struct fs_source source;
    struct fs_open req = {.opts = spec->opts,
                          .locate = locate,
                          .locate_user = spec,
                          .env = &mount_env,
                          .who = proc_caller(spec->proc),
                          .why = spec->why};
    int err = machine_check_room(m->census.mounts, m->limits.mounts, -EMFILE, "mounts", spec->why);

    if (err == 0 && m->spec.fs_helps != NULL && m->spec.fs_helps(spec->driver))
        err = machine_check_room(m->helpers, m->limits.helpers, -EMFILE, "helpers", spec->why);
    if (err < 0)
        return err;
    req.directory = spec->source != NULL && spec->source->is_dir;
    if (spec->source != NULL && !req.directory) {
        file_source_init(&source, spec->source);
        req.handle = &source;
    }
    err = mount_new(&origin, &req, out);
    if (err < 0 && req.handle != NULL)
        source.close(source.user);
    return err;
}

int make_fs(struct fs_spec *spec)
{
    struct mount *mount;
    struct view *view;
    int err = make_mount(spec, &mount);

    if (err < 0)
        return err;
    err = view_new(mount, mount->root, NULL, spec->name, SC_FM_NAMED, spec->proc->pid, &view);
    (void)mount_unref(mount);
    if (err < 0)
        return err;
    err = ns_add(&spec->proc->ns, spec->name, view, spec->why);
    (void)view_unref(view);
    return err;
}

int machine_mount(struct machine *m, const char *name, const char *driver, const char *opts,
                  struct why *why)
{
    struct fs_spec spec = {.proc = m->init,
                           .name = {name, strlen(name)},
                           .driver = driver,
                           .opts = opts,
                           .sources = SOURCES_ANY,
                           .why = why};
    int err = ns_check_new(&m->init->ns, spec.name, why);

    return err < 0 ? err : make_fs(&spec);
}
