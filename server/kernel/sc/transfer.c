/* SPDX-License-Identifier: MIT */
#include "server/kernel/sc/transfer.h"

#include "server/kernel/machine.h"

#include <errno.h>

static size_t min_of(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

int transfer_next(struct call *call, const struct sc_str *data, struct sc_str *out)
{
    struct call_mover *mover = call->mover;
    const uint64_t left = call_cut(call, data->len) - call->moved;
    int err;

    if (mover == NULL || call->moved == 0) {
        *out =
            (struct sc_str){data->ptr, min_of(left, mover != NULL ? mover->first_size : FS_IO_MAX)};
        return 0;
    }
    *out = (struct sc_str){mover->slice, min_of(left, mover->slice_size)};
    err = mover->fetch(mover, call->moved, out->len);
    return (int)machine_answer(call->machine, err, out->ptr, err < 0 ? 0 : out->len);
}

void transfer_room(const struct call *call, uint64_t size, struct sc_buf *out)
{
    const struct sc_buf *data = &call->out.read.data;
    const struct call_mover *mover = call->mover;
    const uint64_t left = call_cut(call, size) - call->moved;

    if (call->moved == 0)
        *out = (struct sc_buf){data->ptr, min_of(min_of(left, data->cap), FS_IO_MAX), 0};
    else
        *out = (struct sc_buf){mover->slice, min_of(left, mover->slice_size), 0};
}

bool transfer_has_more(const struct call *call, const struct open_file *f, uint64_t size,
                       size_t tried, size_t count)
{
    if (call->mover == NULL || call->mover->slice_size == 0 || count < tried)
        return false;
    if (f != NULL && f->file.nonseekable)
        return false;
    return call->moved + count < call_cut(call, size);
}

/** The inode number of a file, 0 if the driver can't say. */
static uint64_t number_of(struct open_file *f, const struct call *call)
{
    const struct fs_caller who = proc_caller(call->proc);
    struct fs_stat st;

    if (f->ino == 0 && vfs_fstat(f, &who, &st) == 0)
        f->ino = st.ino;
    return f->ino;
}

int transfer_wait(struct call *call, struct open_file *f)
{
    struct machine *m = call->machine;
    const struct mount *mount = f != NULL ? f->mount : NULL;

    if (f != NULL && f->file.nonseekable)
        return 0;
    for (struct list *i = m->in_line.next; i != &m->in_line; i = i->next) {
        const struct call *first = container_of(i, struct call, in_line);

        if (first == call || first->line_mount != mount)
            continue;
        if (f != NULL && first->line_ino != number_of(f, call))
            continue;
        return call_may_wait(call) ? call_park_again(call, &m->behind) : -EAGAIN;
    }
    return 0;
}

void transfer_enter_line(struct call *call, struct open_file *f)
{
    if (!list_empty(&call->in_line))
        return;
    call->line_mount = f != NULL ? f->mount : NULL;
    call->line_ino = f != NULL ? number_of(f, call) : 0;
    list_append(&call->machine->in_line, &call->in_line);
}

void transfer_leave_line(struct call *call)
{
    struct machine *m = call->machine;

    if (list_empty(&call->in_line))
        return;
    list_del(&call->in_line);
    list_splice(&m->ready, &m->behind);
    machine_arm(m);
}
