/* SPDX-License-Identifier: MIT */
/* Channels, and calls that wait for one. */
#include "tests/model/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** Bytes that wait in one direction. */
enum { CHANNEL_BYTES = 65536 };

struct mchannel {
    char bytes[2][CHANNEL_BYTES]; /* what can be read at end 0, at end 1 */
    size_t len[2];
    bool closed[2];
};

/* ---- an end ---- */

size_t model_channel_bytes(const struct mfile *f)
{
    return f->channel->len[f->end];
}

void model_channel_close(struct mfile *f)
{
    f->channel->closed[f->end] = true;
}

/** Whether a READ, or a WRITE, has an answer at once. */
static bool is_ready(const struct mfile *f, bool write)
{
    const struct mchannel *ch = f->channel;

    if (ch == NULL)
        return true; /* files never wait */
    if (ch->closed[!f->end])
        return true; /* the end of what is there, or EPIPE */
    return write ? ch->len[!f->end] < CHANNEL_BYTES : ch->len[f->end] > 0;
}

/** Take bytes off a channel that is ready. */
static size_t take(struct mfile *f, char *out, size_t len)
{
    struct mchannel *ch = f->channel;
    size_t count = len < ch->len[f->end] ? len : ch->len[f->end];

    memcpy(out, ch->bytes[f->end], count);
    ch->len[f->end] -= count;
    memmove(ch->bytes[f->end], ch->bytes[f->end] + count, ch->len[f->end]);
    return count;
}

/** Put as many bytes into a channel as fit. */
static size_t put(struct mfile *f, struct sc_str data)
{
    struct mchannel *ch = f->channel;
    size_t room = CHANNEL_BYTES - ch->len[!f->end];
    size_t count = data.len < room ? data.len : room;

    memcpy(ch->bytes[!f->end] + ch->len[!f->end], data.ptr, count);
    ch->len[!f->end] += count;
    return count;
}

/* ---- READ and WRITE ---- */

/** Answer a READ or WRITE of a ready end. Returns 0 or -errno. */
static int transfer(struct mwait *w, union sc_out *out, char **bytes)
{
    if (w->nr == SC_WRITE) {
        if (w->file->channel->closed[!w->file->end])
            return -EPIPE;
        out->write.size = put(w->file, w->data);
        return 0;
    }
    *bytes = calloc(1, w->size + 1);
    out->read.data = (struct sc_buf){*bytes, w->size, take(w->file, *bytes, w->size)};
    return 0;
}

void model_transfer(const struct mcall *c, struct mwait *w)
{
    bool write = w->nr == SC_WRITE;
    int err;

    w->id = c->id;
    w->proc = c->p;
    if (is_ready(w->file, write) || (write ? w->data.len : w->size) == 0) {
        err = transfer(w, &c->v->out, &c->v->bytes);
        if (err < 0)
            refuse(c->v, -err);
    } else if ((w->file->mode & FM_BLOCKING) == 0) {
        refuse(c->v, EAGAIN);
    } else {
        w->file->refs++; /* until it is answered */
        model_park(c->m, w, c->v);
    }
}

/* ---- SELECT ---- */

/** The first ready handle; 0 when none is. */
static int32_t first_ready(const struct mwait *w)
{
    for (size_t i = 0; i < w->file_count; i++) {
        if (is_ready(w->files[i], (w->files[i]->mode & FM_READ) == 0))
            return w->fds[i];
    }
    return 0;
}

/** Look up the handles of a SELECT. */
static void take_fds(const struct mcall *c, struct sc_str fds, struct mwait *out)
{
    size_t count = fds.len / sizeof(int32_t);

    out->files = model_alloc(c->m, count * sizeof(struct mfile *));
    out->fds = model_alloc(c->m, count * sizeof(int32_t));
    out->file_count = count;
    memcpy(out->fds, fds.ptr, count * sizeof(int32_t));
    for (size_t i = 0; i < count; i++) {
        struct mhandle *h = model_handle(c->p, out->fds[i]);

        if (h == NULL || (h->file->mode & (FM_READ | FM_WRITE)) == 0)
            refuse(c->v, EBADF);
        else
            out->files[i] = h->file;
    }
}

void rule_select(const struct mcall *c, const struct sc_select_args *a, struct sc_select_out *out)
{
    struct mwait w = {.id = c->id, .proc = c->p, .nr = SC_SELECT};
    int32_t ready;

    if (a->fds.len == 0)
        refuse(c->v, EINVAL);
    take_fds(c, a->fds, &w);
    if (refused(c->v))
        return;
    ready = first_ready(&w);
    if (ready != 0 || a->timeout == 0) {
        out->fd = ready;
        return;
    }
    for (size_t i = 0; i < w.file_count; i++)
        w.files[i]->refs++;
    w.deadline = a->timeout < 0 ? MODEL_CLOCK_END : model_after(c->m, (uint64_t)a->timeout);
    model_park(c->m, &w, c->v);
}

/* ---- what waits ---- */

void model_leave_files(struct mwait *w)
{
    if (w->file != NULL)
        model_unref(w->file);
    for (size_t i = 0; i < w->file_count; i++)
        model_unref(w->files[i]);
}

/** Answer a call that waits for files, if it can be. */
static bool settle_one(struct model *m, size_t at)
{
    struct mwait *w = &m->waits[at];
    struct mwoken told = {.nr = w->nr};

    if (w->nr == SC_SELECT) {
        told.out.select.fd = first_ready(w);
        if (told.out.select.fd == 0)
            return false;
    } else if (w->file == NULL || !is_ready(w->file, w->nr == SC_WRITE)) {
        return false;
    } else {
        told.status = transfer(w, &told.out, &told.bytes);
    }
    model_wake(m, at, &told);
    return true;
}

void model_settle(struct model *m)
{
    for (size_t i = 0; i < m->wait_count;) {
        if (settle_one(m, i))
            i = 0; /* it may have made room, or closed an end */
        else
            i++;
    }
}

void rule_mk_channel(const struct mcall *c, const struct sc_mk_channel_args *a,
                     struct sc_mk_channel_out *out)
{
    struct mchannel *channel;
    int32_t fds[2];

    if ((a->flags & ~(uint32_t)FM_BLOCKING) != 0)
        refuse(c->v, EINVAL);
    if (c->p->handle_count + 2 > c->m->limits.fds || c->p->next_fd + 1 > INT32_MAX)
        refuse(c->v, EMFILE);
    if (refused(c->v))
        return;
    channel = model_alloc(c->m, sizeof(*channel));
    for (int end = 0; end < 2; end++) {
        struct mfile *f = model_alloc(c->m, sizeof(*f));

        f->channel = channel;
        f->end = end;
        f->mode = FM_READ | FM_WRITE | a->flags;
        fds[end] = (int32_t)c->p->next_fd;
        model_add_handle(c, c->p, fds[end], c->id, f);
        model_handle(c->p, fds[end])->second = end == 1;
    }
    out->ends = (struct sc_channel){fds[0], fds[1]};
}

/* ---- arguments ---- */

enum { ARGS_BYTES_MAX = 65536 };

/** Whether bytes are a count in decimal and at least as many strings, each ended by NUL. */
static bool are_args(struct sc_str s)
{
    size_t strings = 0;
    char *end;
    long count;

    if (s.len == 0 || s.ptr[s.len - 1] != '\0')
        return false;
    for (size_t i = 0; i < s.len; i++)
        strings += s.ptr[i] == '\0' ? 1 : 0;
    count = strtol(s.ptr, &end, 10);
    return end != s.ptr && *end == '\0' && count >= 0 && (size_t)count < strings;
}

void rule_set_args(const struct mcall *c, const struct sc_set_args_args *a,
                   struct sc_set_args_out *out)
{
    struct mproc *child = model_child(c, a->pid);

    (void)out;
    if (child != NULL && child->state != PS_LOADING)
        refuse(c->v, EBUSY);
    if (!are_args(a->data))
        refuse(c->v, EINVAL);
    if (a->data.len > ARGS_BYTES_MAX)
        refuse(c->v, E2BIG);
    if (refused(c->v))
        return;
    child->args = model_copy(c->m, a->data.ptr, a->data.len);
    child->args_len = a->data.len;
}

void rule_args(const struct mcall *c, const struct sc_args_args *a, struct sc_args_out *out)
{
    size_t len = c->p->args_len;

    out->length = len;
    out->data = (struct sc_buf){c->p->args, len, (size_t)(a->size < len ? a->size : len)};
}
