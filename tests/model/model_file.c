/* SPDX-License-Identifier: MIT */
/* Files, directories and handles. */
#include "tests/model/model.h"

#include "fsdrivers/fslimits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_MODES = FM_READ | FM_WRITE | FM_MMAP | FM_CREATE | FM_TRUNC | FM_APPEND,
    CHANNEL_MODES = FM_READ | FM_WRITE | FM_BLOCKING,
    DIR_MODES = FM_READDIR | FM_DCREATE | FM_DMOVE | FM_DDELETE,
};

/* ---- content ---- */

struct minode *model_inode(struct model *m, const struct mproc *maker, uint32_t type)
{
    struct minode *i = model_alloc(m, sizeof(*i));

    i->type = type;
    i->perm = type == FT_DIR ? 0755 : 0644;
    i->uid = maker->uid;
    i->gid = maker->gid;
    return i;
}

static struct mpage *page_at(const struct minode *i, uint64_t index)
{
    struct mpage *page = i->pages;

    while (page != NULL && page->index != index)
        page = page->next;
    return page;
}

static struct mpage *page_for_writing(struct model *m, struct minode *i, uint64_t index)
{
    struct mpage *page = page_at(i, index);

    if (page != NULL)
        return page;
    page = model_alloc(m, sizeof(*page));
    page->index = index;
    page->next = i->pages;
    i->pages = page;
    return page;
}

void model_set_size(struct minode *i, uint64_t size)
{
    for (struct mpage *page = i->pages; page != NULL; page = page->next) {
        uint64_t begin = page->index * SC_PAGE_SIZE;

        if (size <= begin)
            memset(page->bytes, 0, SC_PAGE_SIZE);
        else if (size - begin < SC_PAGE_SIZE)
            memset(page->bytes + (size - begin), 0, SC_PAGE_SIZE - (size_t)(size - begin));
    }
    i->size = size;
    i->mtime_known = false;
}

void model_write_bytes(struct model *m, struct minode *i, uint64_t off, struct sc_str data)
{
    for (size_t n = 0; n < data.len; n++) {
        uint64_t at = off + n;
        struct mpage *page = page_for_writing(m, i, at / SC_PAGE_SIZE);

        page->bytes[at % SC_PAGE_SIZE] = (unsigned char)data.ptr[n];
    }
    if (data.len > 0 && off + data.len > i->size)
        i->size = off + data.len;
    i->mtime_known = false;
}

void model_read_bytes(const struct model *m, const struct minode *i, uint64_t off, char *out,
                      size_t len)
{
    for (size_t n = 0; n < len; n++) {
        const struct mpage *page = page_at(i, (off + n) / SC_PAGE_SIZE);
        char hole = m->bug == BUG_HOLES ? '?' : '\0';

        out[n] = page != NULL ? (char)page->bytes[(off + n) % SC_PAGE_SIZE] : hole;
    }
}

struct sc_stat model_stat(const struct minode *i, uint32_t view_modes)
{
    uint32_t type = i->type == MODEL_LINK ? FT_REGULAR : i->type;
    uint32_t modes = type == FT_DIR ? DIR_MODES : FILE_MODES;

    return (struct sc_stat){type, modes & view_modes, i->size};
}

/* ---- names ---- */

void rule_create(const struct mcall *c, const struct sc_create_args *a, struct sc_create_out *out)
{
    struct mplace at;

    (void)out;
    if (a->type != FT_REGULAR && a->type != FT_DIR)
        refuse(c->v, EINVAL);
    if (!model_find(c, a->file, NOFOLLOW, FM_DCREATE, &at))
        return;
    if (at.name != NULL)
        refuse(c->v, EEXIST);
    model_check_slash(c, &at, a->type);
    model_may_add(c, at.dir);
    if (!refused(c->v))
        (void)model_link_name(c->m, at.dir, at.base, model_inode(c->m, c->p, a->type));
}

void rule_delete(const struct mcall *c, const struct sc_delete_args *a, struct sc_delete_out *out)
{
    struct mplace at;

    (void)out;
    if (!model_find_file(c, a->file, NOFOLLOW, FM_DDELETE, &at))
        return;
    model_may_remove(c, at.name);
    if (at.name->opens > 0 || at.name->views > 0 || at.dir == NULL)
        refuse(c->v, EBUSY);
    if (at.name->inode->entries != NULL)
        refuse(c->v, ENOTEMPTY);
    if (!refused(c->v))
        model_unlink_name(at.name);
}

void rule_move(const struct mcall *c, const struct sc_move_args *a, struct sc_move_out *out)
{
    struct mplace from;
    struct mplace to;
    bool found = model_find_file(c, a->old_file, NOFOLLOW, FM_DMOVE, &from);

    (void)out;
    model_same_name(c, a->old_file, a->new_file);
    if (!model_find(c, a->new_file, NOFOLLOW, 0, &to) || !found)
        return;
    model_check_slash(c, &to, from.name->inode->type);
    model_may_remove(c, from.name);
    model_may_add(c, to.dir);
    if (from.dir == NULL)
        refuse(c->v, EBUSY);
    if (to.name != NULL)
        refuse(c->v, EEXIST);
    if (to.dir == NULL)
        refuse(c->v, EBUSY); /* the new name is the view's root: it exists, and is in use */
    else if (model_is_below(to.dir, from.name))
        refuse(c->v, EINVAL);
    if (!refused(c->v))
        model_move_name(c->m, from.name, to.dir, to.base);
}

void rule_stat(const struct mcall *c, const struct sc_stat_args *a, struct sc_stat_out *out)
{
    struct mplace at;

    if (model_find_file(c, a->file, FOLLOW, 0, &at))
        out->stat = model_stat(at.name->inode, at.view->ok_modes);
}

/* ---- handles ---- */

struct mhandle *model_handle(struct mproc *p, int32_t fd)
{
    for (size_t i = 0; i < p->handle_count; i++) {
        if (p->handles[i].fd == fd)
            return &p->handles[i];
    }
    return NULL;
}

/** The handle of a call, which must have these rights. */
static struct mfile *file_of(const struct mcall *c, int32_t fd, uint32_t mode)
{
    struct mhandle *h = model_handle(c->p, fd);

    if (h != NULL && (h->file->mode & mode) == mode)
        return h->file;
    refuse(c->v, EBADF);
    return NULL;
}

void model_add_handle(const struct mcall *c, struct mproc *p, int32_t fd, int made_by,
                      struct mfile *f)
{
    p->handles = model_grow(c->m, p->handles, p->handle_count, sizeof(*p->handles));
    p->handles[p->handle_count++] = (struct mhandle){.fd = fd, .made_by = made_by, .file = f};
    f->refs++;
    if (fd >= p->next_fd)
        p->next_fd = (int64_t)fd + 1; /* no number is given out twice */
}

void model_unref(struct mfile *f)
{
    if (--f->refs > 0)
        return;
    if (f->channel != NULL)
        model_channel_close(f);
    else
        f->name->opens--;
}

void model_close(struct mproc *p, struct mhandle *h)
{
    size_t at = (size_t)(h - p->handles);

    struct mfile *f = h->file;

    p->handle_count--;
    memmove(h, h + 1, (p->handle_count - at) * sizeof(*h));
    model_unref(f);
}

/** What the permission bits have against opening a file in a mode. */
static void check_bits(const struct mcall *c, const struct minode *i, uint32_t mode)
{
    uint32_t want = (mode & (FM_READ | FM_READDIR | FM_MMAP)) != 0 ? MAY_READ : 0;

    if ((mode & (FM_WRITE | FM_TRUNC | FM_APPEND)) != 0)
        want |= MAY_WRITE;
    if (!model_may(c->p, i, want))
        refuse(c->v, EACCES);
}

/** What speaks against opening a place in a mode. */
static void check_open(const struct mcall *c, const struct mplace *at, uint32_t mode)
{
    if (at->name == NULL && (mode & FM_CREATE) == 0)
        refuse(c->v, ENOENT);
    if (at->name == NULL && (mode & FM_CREATE) != 0) {
        model_needs(at->view, FM_DCREATE, c->v);
        model_check_slash(c, at, FT_REGULAR);
        model_may_add(c, at->dir);
    }
    if (at->name != NULL)
        check_bits(c, at->name->inode, mode);
    if (at->name != NULL && at->name->inode->type == FT_DIR) {
        if (mode != FM_READDIR)
            refuse(c->v, EISDIR);
    } else if ((mode & FM_READDIR) != 0) {
        refuse(c->v, ENOTDIR);
    }
    if (c->p->handle_count >= c->m->limits.fds || c->p->next_fd > INT32_MAX)
        refuse(c->v, EMFILE);
}

void rule_open(const struct mcall *c, const struct sc_open_args *a, struct sc_open_out *out)
{
    struct mplace at;
    struct mfile *f;

    if ((a->mode & ~(uint32_t)SC_FM_NAMED) != 0)
        refuse(c->v, EINVAL);
    if (!model_find(c, a->file, FOLLOW, a->mode, &at))
        return;
    check_open(c, &at, a->mode);
    if (refused(c->v))
        return;
    if (at.name == NULL)
        at.name = model_link_name(c->m, at.dir, at.base, model_inode(c->m, c->p, FT_REGULAR));
    if ((a->mode & FM_TRUNC) != 0) {
        model_drop_ids(c, at.name->inode);
        model_set_size(at.name->inode, 0);
    }
    f = model_alloc(c->m, sizeof(*f));
    *f = (struct mfile){
        .name = at.name, .inode = at.name->inode, .mode = a->mode, .view_modes = at.view->ok_modes};
    f->name->opens++;
    out->fd = (int32_t)c->p->next_fd;
    model_add_handle(c, c->p, out->fd, c->id, f);
}

void rule_close(const struct mcall *c, const struct sc_close_args *a, struct sc_close_out *out)
{
    (void)out;
    if (file_of(c, a->fd, 0) != NULL)
        model_close(c->p, model_handle(c->p, a->fd));
}

/** Check a range of a file. */
static void check_range(int64_t off, uint64_t len, struct verdict *v)
{
    if (off < 0 || len > (uint64_t)(INT64_MAX - off))
        refuse(v, EINVAL);
}

void rule_read(const struct mcall *c, const struct sc_read_args *a, struct sc_read_out *out)
{
    struct mfile *f = file_of(c, a->fd, FM_READ);
    struct mwait wait = {.nr = SC_READ, .file = f, .size = (size_t)a->size};
    uint64_t left;

    if (f != NULL && f->channel != NULL) {
        model_transfer(c, &wait); /* which has no positions */
        return;
    }
    check_range(a->offset, a->size, c->v);
    if (refused(c->v))
        return;
    left = (uint64_t)a->offset < f->inode->size ? f->inode->size - (uint64_t)a->offset : 0;
    out->data.len = (size_t)(a->size < left ? a->size : left);
    out->data.ptr = c->v->bytes = calloc(1, out->data.len + 1);
    f->inode->atime_known = false;
    model_read_bytes(c->m, f->inode, (uint64_t)a->offset, out->data.ptr, out->data.len);
}

void rule_write(const struct mcall *c, const struct sc_write_args *a, struct sc_write_out *out)
{
    struct mfile *f = file_of(c, a->fd, FM_WRITE);
    bool append = f != NULL && (f->mode & FM_APPEND) != 0;
    struct mwait wait = {.nr = SC_WRITE, .file = f, .data = a->data};
    uint64_t off;

    if (f != NULL && f->channel != NULL) {
        model_transfer(c, &wait);
        return;
    }
    if (!append)
        check_range(a->offset, a->data.len, c->v);
    if (refused(c->v))
        return;
    off = append ? f->inode->size : (uint64_t)a->offset;
    if (a->data.len > 0 && off + a->data.len > FS_FILE_SIZE_MAX)
        refuse(c->v, EFBIG);
    if (refused(c->v))
        return;
    if (a->data.len > 0)
        model_drop_ids(c, f->inode);
    model_write_bytes(c->m, f->inode, off, a->data);
    out->size = a->data.len;
}

/* ---- directories ---- */

static void take_listing(struct model *m, struct mfile *f)
{
    f->listing = NULL;
    f->listing_count = 0;
    f->listed = true;
    for (struct mname *e = f->inode->entries; e != NULL; e = e->next) {
        struct mentry *entry;
        struct sc_stat st = model_stat(e->inode, f->view_modes);

        f->listing = model_grow(m, f->listing, f->listing_count, sizeof(*f->listing));
        entry = &f->listing[f->listing_count++];
        *entry = (struct mentry){{.type = st.type, .access = st.access, .size = st.size}, -1};
        memcpy(entry->entry.name.bytes, e->text, strlen(e->text) + 1);
    }
}

bool model_take_entry(struct mfile *f, uint32_t n, const struct sc_dirent *told)
{
    for (size_t i = 0; i < f->listing_count; i++) {
        struct mentry *e = &f->listing[i];

        if (strcmp(e->entry.name.bytes, told->name.bytes) != 0)
            continue;
        if (e->number == -1)
            e->number = n;
        return e->number == n && e->entry.type == told->type && e->entry.access == told->access &&
               e->entry.size == told->size;
    }
    return false;
}

void rule_readdir(const struct mcall *c, const struct sc_readdir_args *a,
                  struct sc_readdir_out *out)
{
    struct mfile *f = file_of(c, a->fd, FM_READDIR);

    (void)out;
    if (f == NULL)
        return;
    if (a->ent_no == 0 || !f->listed)
        take_listing(c->m, f);
    if (a->ent_no >= f->listing_count)
        refuse(c->v, ENOENT);
    else
        c->v->listing = f;
}

void rule_stat_open(const struct mcall *c, const struct sc_stat_open_args *a,
                    struct sc_stat_open_out *out)
{
    struct mfile *f = file_of(c, a->fd, 0);

    if (f != NULL && f->channel != NULL)
        out->stat = (struct sc_stat){FT_FIFO, CHANNEL_MODES, model_channel_bytes(f)};
    else if (f != NULL)
        out->stat = model_stat(f->inode, f->view_modes);
}

void rule_ioctl(const struct mcall *c, const struct sc_ioctl_args *a, struct sc_ioctl_out *out)
{
    (void)out;
    if (file_of(c, a->fd, FM_IOCTL) == NULL)
        return;
    for (const struct sc_command_info *i = sc_commands; i->name != NULL; i++) {
        if (i->number != a->command)
            continue;
        if (!model_may_touch(c->p, MM_READ, a->data, i->in_size) ||
            !model_may_touch(c->p, MM_WRITE, a->data, i->out_size))
            refuse(c->v, EFAULT); /* of a filesystem that knows the command */
    }
    refuse(c->v, ENOTTY); /* there are no devices in the model */
}

void rule_get_mode(const struct mcall *c, const struct sc_get_mode_args *a,
                   struct sc_get_mode_out *out)
{
    struct mfile *f = file_of(c, a->fd, 0);

    if (f != NULL)
        out->mode = f->mode;
}
