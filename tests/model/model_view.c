/* SPDX-License-Identifier: MIT */
/* Namespaces: what a process calls which part of a filesystem, and what it may do there. */
#include "tests/model/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VIEWS_ABOVE_MAX = 64 };

/* ---- views and their names ---- */

static void drop_view(struct mview *view)
{
    while (view != NULL && --view->refs == 0) {
        view->root->views--;
        view = view->parent;
    }
}

void model_drop_label(struct mproc *p, size_t at)
{
    drop_view(p->labels[at].view);
    p->label_count--;
    memmove(&p->labels[at], &p->labels[at + 1], (p->label_count - at) * sizeof(*p->labels));
}

static void add_label(struct model *m, struct mproc *p, struct sc_str name, struct mview *view)
{
    struct mlabel *l;

    p->labels = model_grow(m, p->labels, p->label_count, sizeof(*p->labels));
    l = &p->labels[p->label_count++];
    *l = (struct mlabel){.view = view};
    memcpy(l->text, name.ptr, name.len);
    view->refs++;
}

/** What speaks against giving a process a new name. */
static void check_label(const struct mcall *c, struct mproc *p, struct sc_str name)
{
    model_check_name(name, c->v);
    if (model_label(p, name) != NULL)
        refuse(c->v, EEXIST);
    if (p->label_count >= c->m->limits.names)
        refuse(c->v, EMFILE);
}

/** The view of a name of the caller; ENODEV noted when there is none. */
static struct mview *view_of(const struct mcall *c, struct sc_str name)
{
    struct mlabel *l = model_label(c->p, name);

    if (l == NULL)
        refuse(c->v, ENODEV);
    return l != NULL ? l->view : NULL;
}

static bool is(struct sc_str s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

/* ---- filesystems ---- */

static void mount(struct model *m, struct mproc *p, struct sc_str name, struct mmount *mount)
{
    struct mview *view = model_alloc(m, sizeof(*view));

    mount->root.text = model_copy(m, "", 0);
    mount->root.inode = model_inode(m, model_proc(m, mount->maker), FT_DIR);
    mount->root.views = 1;
    *view = (struct mview){.mount = mount, .root = &mount->root, .ok_modes = SC_FM_NAMED};
    add_label(m, p, name, view);
}

void model_mount(struct model *m, int32_t pid, const char *name, const char *driver)
{
    struct mmount *new_mount = model_alloc(m, sizeof(*new_mount));

    new_mount->driver = driver;
    new_mount->maker = m->procs[0]->pid;
    mount(m, model_proc(m, pid), (struct sc_str){name, strlen(name)}, new_mount);
}

void rule_make_fs(const struct mcall *c, const struct sc_make_fs_args *a,
                  struct sc_make_fs_out *out)
{
    struct mmount *new_mount;

    (void)out;
    if (!is(a->driver, "ramfs"))
        refuse(c->v, ENODEV);
    check_label(c, c->p, a->fs_name);
    if (a->opts.len > 0)
        refuse(c->v, EINVAL); /* the generator knows no good ones */
    if (a->source_fd != 0) {
        struct mhandle *h = model_handle(c->p, a->source_fd);

        refuse(c->v, h != NULL && (h->file->mode & (FM_READ | FM_READDIR)) != 0 ? ENOTSUP : EBADF);
    }
    if (refused(c->v))
        return;
    new_mount = model_alloc(c->m, sizeof(*new_mount));
    new_mount->driver = "ramfs";
    new_mount->maker = c->p->pid;
    mount(c->m, c->p, a->fs_name, new_mount);
}

void rule_fs_add_src(const struct mcall *c, const struct sc_fs_add_src_args *a,
                     struct sc_fs_add_src_out *out)
{
    struct mview *view = view_of(c, a->fs_name);
    struct mhandle *h = model_handle(c->p, a->fd);

    (void)out;
    if (h == NULL || (h->file->mode & (FM_READ | FM_READDIR)) == 0)
        refuse(c->v, EBADF);
    if (view != NULL && view->mount->maker != c->p->pid)
        refuse(c->v, EPERM);
    refuse(c->v, ENOTSUP); /* no driver of the model stacks sources */
}

/* ---- views of parts ---- */

/** SUBFS and BIND_SUBFS: a part of the caller's view for @to. */
static void bind_part(const struct mcall *c, struct mproc *to, const struct sc_bind_subfs_args *a)
{
    struct mview *from = view_of(c, a->from_fs);
    struct mview *view;
    struct mplace at;

    if (to != NULL)
        check_label(c, to, a->new_name);
    if (from != NULL && from->depth >= VIEWS_ABOVE_MAX)
        refuse(c->v, EMFILE);
    if (from == NULL || !model_find_in(c, from, a->root, &at) || refused(c->v))
        return;
    view = model_alloc(c->m, sizeof(*view));
    *view = (struct mview){.mount = from->mount,
                           .root = at.name,
                           .parent = from,
                           .ok_modes = a->ok_modes & from->ok_modes,
                           .depth = from->depth + 1};
    from->refs++;
    at.name->views++;
    add_label(c->m, to, a->new_name, view);
}

void rule_subfs(const struct mcall *c, const struct sc_subfs_args *a, struct sc_subfs_out *out)
{
    struct sc_bind_subfs_args same = {a->new_name, a->from_fs, a->root, a->ok_modes, 0};

    (void)out;
    bind_part(c, c->p, &same);
}

void rule_bind_subfs(const struct mcall *c, const struct sc_bind_subfs_args *a,
                     struct sc_bind_subfs_out *out)
{
    (void)out;
    bind_part(c, a->bind_to_pid == 0 ? c->p : model_live_child(c, a->bind_to_pid), a);
}

void rule_rm_fs(const struct mcall *c, const struct sc_rm_fs_args *a, struct sc_rm_fs_out *out)
{
    (void)out;
    if (view_of(c, a->fs_name) != NULL)
        model_drop_label(c->p, (size_t)(model_label(c->p, a->fs_name) - c->p->labels));
}

/* ---- what children get ---- */

void rule_bind_fs(const struct mcall *c, const struct sc_bind_fs_args *a,
                  struct sc_bind_fs_out *out)
{
    struct mproc *child = model_live_child(c, a->pid);
    struct mview *view = view_of(c, a->fs_name);

    (void)out;
    if (child != NULL)
        check_label(c, child, a->new_name);
    else
        model_check_name(a->new_name, c->v);
    if (!refused(c->v))
        add_label(c->m, child, a->new_name, view);
}

void rule_bind_fd(const struct mcall *c, const struct sc_bind_fd_args *a,
                  struct sc_bind_fd_out *out)
{
    struct mproc *child = model_live_child(c, a->pid);
    struct mhandle *h = model_handle(c->p, a->fd);

    (void)out;
    if (h == NULL)
        refuse(c->v, EBADF);
    if (a->new_fd < 1)
        refuse(c->v, EINVAL);
    if (child != NULL && model_handle(child, a->new_fd) != NULL)
        refuse(c->v, EEXIST);
    if (child != NULL && child->handle_count >= c->m->limits.fds)
        refuse(c->v, EMFILE);
    if (!refused(c->v))
        model_add_handle(c, child, a->new_fd, 0, h->file);
}

/** The path of a name in its filesystem. */
static char *path_of(const struct mname *name)
{
    char *path = calloc(1, SC_PATH_SIZE);
    char *end = path + SC_PATH_SIZE - 1; /* written from the end */

    if (name->dir == NULL)
        *--end = '/';
    for (; name->dir != NULL; name = name->dir) {
        size_t len = strlen(name->text);

        end -= len + 1;
        *end = '/';
        memcpy(end + 1, name->text, len);
    }
    memmove(path, end, strlen(end) + 1);
    return path;
}

void rule_fs_enum(const struct mcall *c, const struct sc_fs_enum_args *a,
                  struct sc_fs_enum_out *out)
{
    const struct mlabel *l;

    if (a->n >= c->p->label_count) {
        refuse(c->v, ENOENT);
        return;
    }
    l = &c->p->labels[a->n];
    memcpy(out->entry.name.bytes, l->text, strlen(l->text) + 1);
    memcpy(out->entry.driver.bytes, l->view->mount->driver, strlen(l->view->mount->driver) + 1);
    out->entry.ok_modes = l->view->ok_modes;
    c->v->bytes = path_of(l->view->root);
    out->entry.root = (struct sc_str){c->v->bytes, strlen(c->v->bytes)};
}
