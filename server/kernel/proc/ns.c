/* SPDX-License-Identifier: MIT */
#include "server/kernel/proc/ns.h"

#include "server/base/strbuf.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct ns_entry {
    UT_hash_handle hh;
    struct view *view; /* referenced */
    size_t len;
    char name[];
};

struct fd_entry {
    UT_hash_handle hh;
    struct open_file *file; /* referenced; NULL while the number is reserved */
    int32_t fd;
};

void ns_init(struct ns *ns, struct machine *m, size_t max)
{
    *ns = (struct ns){.machine = m, .max = max};
}

static void ns_drop(struct ns *ns, struct ns_entry *e)
{
    HASH_DEL(ns->names, e);
    ns->count--;
    ns->machine->census.names--;
    (void)view_unref(e->view);
    free(e);
}

void ns_done(struct ns *ns)
{
    struct ns_entry *e;
    struct ns_entry *next;

    HASH_ITER(hh, ns->names, e, next) {
        ns_drop(ns, e);
    }
}

static struct ns_entry *find_entry(const struct ns *ns, struct sc_str name)
{
    struct ns_entry *e;

    HASH_FIND(hh, ns->names, name.ptr, name.len, e);
    return e;
}

struct view *ns_find(const struct ns *ns, struct sc_str name)
{
    struct ns_entry *e = find_entry(ns, name);

    return e != NULL ? e->view : NULL;
}

/** Add the existing names as the reason. */
static void explain_missing(const struct ns *ns, struct sc_str name, struct why *why)
{
    enum { SHOWN = 12 };
    struct strbuf names = STRBUF_INIT;
    size_t n = 0;

    for (const struct ns_entry *e = ns->names; e != NULL && n < SHOWN; e = e->hh.next, n++)
        (void)strbuf_addf(&names, "%s%s", n > 0 ? ", " : "", e->name);
    (void)why_add(why, 0, "the caller has no name '%.*s'; it has %s%s",
                  (int)(name.len < SC_NAME_MAX ? name.len : SC_NAME_MAX), name.ptr,
                  n > 0 ? strbuf_str(&names) : "none", ns->count > SHOWN ? " …" : "");
    strbuf_done(&names);
}

int ns_get(const struct ns *ns, struct sc_str name, struct why *why, struct view **out)
{
    struct view *v = ns_find(ns, name);

    if (v == NULL) {
        if (why != NULL)
            explain_missing(ns, name, why);
        return -ENODEV;
    }
    *out = v;
    return 0;
}

/** Check that a name is valid and free, and that the namespace has room. */
static int check_name(const struct ns *ns, struct sc_str name, struct why *why)
{
    const struct machine *m = ns->machine;
    int err = path_check_name(name, why);

    if (err < 0)
        return err;
    if (ns_find(ns, name) != NULL)
        return why_add(why, -EEXIST, "the name '%.*s' is taken", (int)name.len, name.ptr);
    if (ns->count >= ns->max)
        return why_add(why, -EMFILE, "the process has reached its limit names, %zu", ns->max);
    return machine_check_room(m->census.names, m->limits.all_names, -EMFILE, "all_names", why);
}

int ns_check_new(const struct ns *ns, struct sc_str name, struct why *why)
{
    const struct machine *m = ns->machine;
    int err = check_name(ns, name, why);

    return err < 0 ? err
                   : machine_check_room(m->census.views, m->limits.views, -EMFILE, "views", why);
}

int ns_add(struct ns *ns, struct sc_str name, struct view *view, struct why *why)
{
    struct machine *m = ns->machine;
    struct ns_entry *e;
    int err = check_name(ns, name, why);

    if (err < 0)
        return err;
    e = calloc(1, sizeof(*e) + name.len + 1);
    if (e == NULL)
        return -ENOMEM;
    memcpy(e->name, name.ptr, name.len);
    e->len = name.len;
    HASH_ADD_KEYPTR(hh, ns->names, e->name, e->len, e);
    if (!hash_added(e)) {
        free(e);
        return -ENOMEM;
    }
    e->view = view_ref(view);
    ns->count++;
    m->census.names++;
    return 0;
}

int ns_remove(struct ns *ns, struct sc_str name)
{
    struct ns_entry *e = find_entry(ns, name);

    if (e == NULL)
        return -ENODEV;
    ns_drop(ns, e);
    return 0;
}

int ns_each(const struct ns *ns, ns_each_fn fn, void *user)
{
    for (const struct ns_entry *e = ns->names, *next; e != NULL; e = next) {
        int result;

        next = e->hh.next;
        result = fn(user, (struct sc_str){e->name, e->len}, e->view);
        if (result != 0)
            return result;
    }
    return 0;
}

void fd_table_init(struct fd_table *t, struct machine *m, size_t max)
{
    *t = (struct fd_table){.machine = m, .max = max, .next = 1};
}

static void fd_drop(struct fd_table *t, struct fd_entry *e)
{
    HASH_DEL(t->fds, e);
    t->count--;
    t->machine->census.fds--;
    (void)open_file_unref(e->file);
    free(e);
}

void fd_table_done(struct fd_table *t)
{
    struct fd_entry *e;
    struct fd_entry *next;

    HASH_ITER(hh, t->fds, e, next) {
        fd_drop(t, e);
    }
}

static struct fd_entry *find_fd(const struct fd_table *t, int32_t fd)
{
    struct fd_entry *e;

    HASH_FIND(hh, t->fds, &fd, sizeof(fd), e);
    return e;
}

struct open_file *fd_find(const struct fd_table *t, int32_t fd)
{
    struct fd_entry *e = find_fd(t, fd);

    return e != NULL ? e->file : NULL;
}

/** Add an entry without a file for an unused number. */
static int add_entry(struct fd_table *t, int32_t fd, struct why *why, struct fd_entry **out)
{
    struct machine *m = t->machine;
    struct fd_entry *e;
    int err;

    if (t->count >= t->max)
        return why_add(why, -EMFILE, "the process has reached its limit fds, %zu", t->max);
    err = machine_check_room(m->census.fds, m->limits.all_fds, -EMFILE, "all_fds", why);
    if (err < 0)
        return err;
    e = calloc(1, sizeof(*e));
    if (e == NULL)
        return -ENOMEM;
    e->fd = fd;
    HASH_ADD(hh, t->fds, fd, sizeof(e->fd), e);
    if (!hash_added(e)) {
        free(e);
        return -ENOMEM;
    }
    if (fd >= t->next)
        t->next = (int64_t)fd + 1;
    t->count++;
    m->census.fds++;
    *out = e;
    return 0;
}

int fd_reserve(struct fd_table *t, struct why *why, struct fd_entry **out)
{
    const struct machine *m = t->machine;
    int err;

    if (t->next > INT32_MAX)
        return why_add(why, -EMFILE, "all file descriptor numbers were used");
    err = machine_check_room(m->census.files + t->reserved, m->limits.files, -EMFILE, "files", why);
    if (err == 0)
        err = add_entry(t, (int32_t)t->next, why, out);
    if (err == 0)
        t->reserved++;
    return err;
}

int32_t fd_fill(struct fd_table *t, struct fd_entry *slot, struct open_file *f)
{
    t->reserved--;
    slot->file = f;
    return slot->fd;
}

void fd_give_up(struct fd_table *t, struct fd_entry *slot)
{
    t->reserved--;
    t->next = slot->fd;
    fd_drop(t, slot);
}

int fd_add_at(struct fd_table *t, int32_t fd, struct open_file *f, struct why *why)
{
    struct fd_entry *e;
    int err;

    if (fd < 1)
        return why_add(why, -EINVAL, "a file descriptor is 1 or greater");
    if (find_fd(t, fd) != NULL)
        return why_add(why, -EEXIST, "file descriptor %d is in use", fd);
    err = add_entry(t, fd, why, &e);
    if (err == 0)
        e->file = open_file_ref(f);
    return err;
}

int fd_remove(struct fd_table *t, int32_t fd)
{
    struct fd_entry *e = find_fd(t, fd);

    if (e == NULL)
        return -EBADF;
    fd_drop(t, e);
    return 0;
}

int fd_each(const struct fd_table *t, fd_each_fn fn, void *user)
{
    for (const struct fd_entry *e = t->fds, *next; e != NULL; e = next) {
        int result;

        next = e->hh.next;
        result = fn(user, e->fd, e->file);
        if (result != 0)
            return result;
    }
    return 0;
}
