/* SPDX-License-Identifier: MIT */
#include "server/kernel/proc/procview.h"

#include "server/base/strbuf.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { ESCAPED_SIZE = 4 /* of \xHH */ };

/** Append untrusted bytes so that they can't look like the next item. There may be many: room for
 * the longest escaped form is reserved first. */
static void add_word(struct strbuf *out, const char *bytes, size_t len, bool blanks)
{
    static const char digits[] = "0123456789abcdef";

    if (strbuf_reserve(out, len * ESCAPED_SIZE) < 0)
        return;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        char *to = out->ptr + out->len;

        if (c < ' ' || c == 0x7F || c == '\\' || (c == ' ' && !blanks)) {
            memcpy(to, (char[]){'\\', 'x', digits[c >> 4], digits[c & 0xF]}, ESCAPED_SIZE);
            out->len += ESCAPED_SIZE;
        } else {
            *to = (char)c;
            out->len++;
        }
    }
    out->ptr[out->len] = '\0';
}

static const char *state_name(uint32_t state)
{
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, "PS") == 0 && f->value == state)
            return f->name;
    }
    return "?";
}

static size_t count_list(const struct list *l)
{
    size_t count = 0;

    for (const struct list *i = l->next; i != l; i = i->next)
        count++;
    return count;
}

static void write_status(const struct proc *p, struct strbuf *out)
{
    (void)strbuf_addf(out, "pid %d\nparent %d\nstate %s\nreturn_code %d\nuid %u\ngid %u\n", p->pid,
                      p->parent != NULL ? p->parent->pid : 0, state_name(p->state), p->return_code,
                      p->uid, p->gid);
    (void)strbuf_addf(out, "names %zu\nfds %zu\nregions %zu\nmemory %" PRIu64 "\ncalls %zu\n",
                      p->ns.count, p->fds.count, p->memory.count, p->memory.bytes,
                      count_list(&p->task.calls));
    if (p->program == NULL)
        return;
    (void)strbuf_adds(out, "program ");
    add_word(out, p->program, strlen(p->program), true);
    (void)strbuf_addc(out, '\n');
}

static int write_name(void *user, struct sc_str name, struct view *view)
{
    struct strbuf *out = user;
    char modes[VFS_MODES_MAX];
    struct path root;

    if (view_root_path(view, &root) < 0)
        path_set_root(&root);
    add_word(out, name.ptr, name.len, false);
    (void)strbuf_addf(out, " %s %s ", view->mount->driver, vfs_mode_names(view->ok_modes, modes));
    add_word(out, root.str, root.len, true);
    (void)strbuf_addc(out, '\n');
    return 0;
}

static int write_fd(void *user, int32_t fd, struct open_file *f)
{
    struct strbuf *out = user;
    char modes[VFS_MODES_MAX];

    if (f == NULL)
        return 0; /* the handle that is being opened */
    (void)strbuf_addf(out, "%d %s ", fd, vfs_mode_names(f->mode, modes));
    add_word(out, f->label, strlen(f->label), true);
    (void)strbuf_addc(out, '\n');
    return 0;
}

static void write_maps(const struct proc *p, struct strbuf *out)
{
    static const char *const kinds[] = {[REGION_MEMORY] = "memory",
                                        [REGION_IMAGE] = "image",
                                        [REGION_STACK] = "stack",
                                        [REGION_FILE] = "file"};

    for (size_t i = 0; i < p->memory.count; i++) {
        const struct region *r = &p->memory.at[i];

        (void)strbuf_addf(out, "%08" PRIx64 "-%08" PRIx64 " %c%c%c %s\n", r->addr,
                          r->addr + r->size, (r->mode & MM_READ) != 0 ? 'r' : '-',
                          (r->mode & MM_WRITE) != 0 ? 'w' : '-',
                          (r->mode & MM_EXEC) != 0 ? 'x' : '-', kinds[r->kind]);
    }
}

/** Write the strings of the block that SET_ARGS checked, which begins with their count. */
static void write_args(const struct proc *p, struct strbuf *out)
{
    const char *at = p->args;
    const char *end = at + p->args_size;
    size_t left = 0;

    if (p->args == NULL)
        return;
    for (; at != end && *at != '\0'; at++)
        left = left * 10 + (size_t)(*at - '0');
    for (at += at != end; at != end; at += strlen(at) + 1) {
        (void)strbuf_adds(out, left > 0 ? "arg " : "env ");
        left -= left > 0;
        add_word(out, at, strlen(at), true);
        (void)strbuf_addc(out, '\n');
    }
}

static void write_children(const struct proc *p, struct strbuf *out)
{
    for (const struct list *i = p->children.next; i != &p->children; i = i->next)
        (void)strbuf_addf(out, "%d\n", container_of(i, struct proc, sibling)->pid);
}

static void write_machine(const struct machine *m, struct strbuf *out)
{
    struct census c;

    machine_census(m, &c);
    (void)strbuf_addf(out, "name %s\nclock %s\nnow_ns %" PRIu64 "\n", m->name,
                      m->spec.clock == CLOCK_VIRTUAL ? "virtual" : "real", machine_now_ns(m));
    (void)strbuf_addf(out, "procs %u\nnames %u\nfds %u\nviews %u\nfiles %u\nmounts %u\n", c.procs,
                      c.names, c.fds, c.views, c.files, c.mounts);
    (void)strbuf_addf(out, "nodes %u\nregions %u\ncalls %u\ntimers %u\n", c.nodes, c.regions,
                      c.calls, c.timers);
#define MACHINE_LIMIT(name, initial, ceiling, most, doc)                                           \
    (void)strbuf_addf(out, #name "_max %" PRIu64 "\n", m->limits.name);
    MACHINE_LIMITS(MACHINE_LIMIT)
#undef MACHINE_LIMIT
}

/* Processes stand in the order they were made, so a parent comes before its children: a chain of
 * thousands takes linear time. */
int procview_each(struct machine *m, int32_t by, fs_proc_fn fn, void *user)
{
    const struct proc *caller = proc_find(m, by);
    int result = 0;

    for (struct proc *p = m->procs; p != NULL && caller != NULL && result == 0; p = p->hh.next) {
        p->in_view = p == caller || (p->parent != NULL && p->parent->in_view);
        if (p->in_view)
            result = fn(user, p->pid);
    }
    return result;
}

int procview_text(struct machine *m, int32_t by, int32_t pid, enum fs_proc_item item,
                  struct strbuf *out)
{
    const struct proc *caller = proc_find(m, by);
    struct proc *p = proc_find(m, pid);

    if (item == FS_PROC_MACHINE) {
        write_machine(m, out);
        return strbuf_failed(out) ? -ENOMEM : 0;
    }
    if (p == NULL || caller == NULL || !proc_is_below(p, caller))
        return -ENOENT;
    if (item == FS_PROC_STATUS)
        write_status(p, out);
    else if (item == FS_PROC_NAMES)
        (void)ns_each(&p->ns, write_name, out);
    else if (item == FS_PROC_FDS)
        (void)fd_each(&p->fds, write_fd, out);
    else if (item == FS_PROC_MAPS)
        write_maps(p, out);
    else if (item == FS_PROC_ARGS)
        write_args(p, out);
    else
        write_children(p, out);
    return strbuf_failed(out) ? -ENOMEM : 0;
}
