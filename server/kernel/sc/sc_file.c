/* SPDX-License-Identifier: MIT */
/* The calls on open files. */
#include "server/kernel/call/late.h"
#include "server/kernel/call/wait.h"
#include "server/kernel/door/driver.h"
#include "server/kernel/fs/mount.h"
#include "server/kernel/machine.h"
#include "server/kernel/proc/memory.h"
#include "server/kernel/sc/find.h"
#include "server/kernel/sc/transfer.h"

#include <errno.h>
#include <inttypes.h>

/** Check a position in an open file; for files without positions, *@off becomes 0. */
static int check_range(struct call *call, const struct open_file *f, int64_t *off, uint64_t size)
{
    if (f->file.nonseekable)
        *off = 0;
    if (*off < 0)
        return call_why(call, -EINVAL, "offset is negative");
    if (size > (uint64_t)(INT64_MAX - *off))
        return call_why(call, -EINVAL, "offset + size overflows");
    return 0;
}

/** Walk to the file to open, with all rights checked. */
static int find_to_open(struct call *call, const struct sc_open_args *args, struct place *at)
{
    const struct fs_caller who = proc_caller(call->proc);
    struct path path;
    struct view *view;
    int err = find_view(call, args->file, &view, &path);

    if (err < 0)
        return err;
    if ((args->mode & ~(uint32_t)SC_FM_NAMED) != 0)
        return call_why(call, -EINVAL, "mode has unknown bits 0x%x",
                        args->mode & ~(uint32_t)SC_FM_NAMED);
    err = find_rights(call, args->file, view, args->mode);
    if (err == 0)
        err = vfs_walk(view, &path, &who, at, &call->why);
    if (err < 0 || at->exists)
        return err;
    if ((args->mode & FM_CREATE) == 0)
        return call_why(call, -ENOENT, "%s does not exist in view '%s', and mode lacks CREATE",
                        path.str, view->label);
    return find_rights(call, args->file, view, FM_DCREATE);
}

int sc_open(struct call *call, const struct sc_open_args *args, struct sc_open_out *out)
{
    struct fd_entry *slot;
    struct open_file *f;
    struct place at;
    int err = find_to_open(call, args, &at);

    if (err == 0)
        err = fd_reserve(&call->proc->fds, &call->why, &slot);
    if (err < 0)
        return err;
    err = vfs_open(&at, args->mode, args->file, &call->why, &f);
    if (err < 0) {
        fd_give_up(&call->proc->fds, slot);
        return err;
    }
    out->fd = fd_fill(&call->proc->fds, slot, f);
    return 0;
}

/** Store a file's mapped pages, a slice at a time. Returns 0, -errno, SC_PENDING. */
static int write_back(struct call *call, struct open_file *f)
{
    size_t pages = call_may_wait(call) ? LATE_PAGES : SIZE_MAX;
    int err = vfs_write_back(f, &call->stored, &pages);

    return err > 0 ? call_park_again(call, &call->machine->ready.calls) : err;
}

int sc_close(struct call *call, const struct sc_close_args *args, struct sc_close_out *out)
{
    struct open_file *f;
    int err = find_file(call, args->fd, &f);

    (void)out;
    if (err < 0)
        return err;
    err = write_back(call, f);
    if (err == SC_PENDING)
        return err;
    if (err < 0) /* the handle is closed nevertheless; the bytes stay in the mappings */
        event_note(call->machine, call->proc->pid, "closing %s: its mapped pages: %s", f->label,
                   sc_errno_name(err));
    return fd_remove(&call->proc->fds, args->fd);
}

/** Read what is available, one slice of a long transfer. */
static int read_now(struct call *call, struct open_file *f, int64_t off)
{
    const struct fs_caller who = proc_caller(call->proc);
    struct sc_buf *data = &call->out.read.data;
    const uint64_t size = call->args.read.size;
    struct sc_buf room;
    int64_t count;
    bool more;
    int err;

    transfer_room(call, size, &room);
    count = vfs_read(f, &who, room.ptr, room.cap, off + (int64_t)call->moved);
    if (count < 0)
        return call->moved > 0 ? 0 : (int)count;
    more = transfer_has_more(call, f, size, room.cap, (size_t)count);
    if (call->moved == 0 && !more) {
        data->len = (size_t)count; /* the gate has the buffer */
        return 0;
    }
    err = call->mover->deliver(call->mover, call->moved, room.ptr, (size_t)count);
    if (machine_answer(call->machine, err, NULL, 0) < 0)
        return call->moved > 0 ? 0 : -EIO;
    call->moved += (uint64_t)count;
    data->len = (size_t)call->moved;
    return more ? call_park_again(call, &call->machine->ready.calls) : 0;
}

/** wait_again_fn; files that wait have no positions. */
static int read_again(struct call *call, struct open_file *f)
{
    int err = read_now(call, f, 0);

    return err == -EAGAIN ? SC_PENDING : err;
}

int sc_read(struct call *call, const struct sc_read_args *args, struct sc_read_out *out)
{
    struct open_file *f;
    int64_t off = args->offset;
    int err = find_file(call, args->fd, &f);

    (void)out;
    if (err == 0)
        err = check_range(call, f, &off, args->size);
    if (err < 0)
        return err;
    if (args->size > 0 && wait_has_line(f, false) && (f->mode & FM_BLOCKING) != 0)
        return wait_for_file(call, f, false, read_again);
    err = read_now(call, f, off);
    if (err != -EAGAIN)
        return err;
    if ((f->mode & FM_BLOCKING) == 0)
        return call_why(call, err, "no bytes to read yet, and the handle lacks BLOCKING");
    return wait_for_file(call, f, false, read_again);
}

/** Add the reason of a full filesystem: how full it is. Returns @err. */
static int explain_full(struct call *call, struct mount *m, int err)
{
    const struct fs_caller who = proc_caller(call->proc);
    const struct machine *machine = call->machine;
    struct fs_statfs st;

    if (err == -ENOSPC && machine->limits.storage - machine->storage < FS_IO_MAX)
        (void)call_why(call, 0,
                       "filesystems in memory have %" PRIu64 " of the machine's %" PRIu64 " bytes",
                       machine->storage, machine->limits.storage);
    if ((err != -ENOSPC && err != -EDQUOT) || driver_statfs(m, &who, &st) < 0)
        return err;
    if (st.bytes_total == 0)
        return call_why(call, err, "filesystem %s holds %" PRIu64 " bytes of files", m->driver,
                        st.bytes_used);
    return call_why(call, err, "filesystem %s holds %" PRIu64 " of %" PRIu64 " bytes", m->driver,
                    st.bytes_used, st.bytes_total);
}

/** The errno of a WRITE that failed, with its reason. */
static int explain_write(struct call *call, const struct open_file *f, int err)
{
    if (err == -EPIPE)
        return call_why(call, err, "the channel's other end is closed");
    if (err == -EBUSY)
        return mount_answer(f->mount, err, NULL, &call->why);
    if (err == -ENOMEM && f->end != NULL)
        return machine_explain_queued(call->machine, &call->why);
    return err == -EAGAIN ? err : explain_full(call, f->mount, err);
}

/** Write what there is room for, one slice of a long transfer. */
static int write_now(struct call *call, struct open_file *f, int64_t off)
{
    const struct fs_caller who = proc_caller(call->proc);
    const struct sc_str *data = &call->args.write.data;
    struct sc_str next;
    int64_t count = transfer_next(call, data, &next);

    if (count == 0)
        count = vfs_write(f, &who, next.ptr, next.len, off + (int64_t)call->moved);
    if (count < 0)
        return call->moved > 0 ? 0 : explain_write(call, f, (int)count);
    if (!transfer_has_more(call, f, data->len, next.len, (size_t)count)) {
        call->moved += (uint64_t)count;
        call->out.write.size = call->moved;
        return 0;
    }
    call->moved += (uint64_t)count;
    call->out.write.size = call->moved;
    if ((f->mode & FM_APPEND) != 0)
        transfer_enter_line(call, f);
    return call_park_again(call, &call->machine->ready.calls);
}

static int write_again(struct call *call, struct open_file *f)
{
    int err = write_now(call, f, 0);

    return err == -EAGAIN ? SC_PENDING : err;
}

int sc_write(struct call *call, const struct sc_write_args *args, struct sc_write_out *out)
{
    struct open_file *f;
    int64_t off = args->offset;
    int err = find_file(call, args->fd, &f);

    (void)out;
    if (err == 0 && (f->mode & FM_APPEND) != 0)
        off = 0; /* the bytes are appended, whatever the offset */
    if (err == 0)
        err = check_range(call, f, &off, args->data.len);
    if (err < 0)
        return err;
    err = transfer_wait(call, f);
    if (err != 0)
        return err;
    if (args->data.len > 0 && wait_has_line(f, true) && (f->mode & FM_BLOCKING) != 0)
        return wait_for_file(call, f, true, write_again);
    err = write_now(call, f, off);
    if (err != -EAGAIN)
        return err;
    if ((f->mode & FM_BLOCKING) == 0)
        return call_why(call, err, "the channel is full, and the handle lacks BLOCKING");
    return wait_for_file(call, f, true, write_again);
}

int sc_readdir(struct call *call, const struct sc_readdir_args *args, struct sc_readdir_out *out)
{
    const struct fs_caller who = proc_caller(call->proc);
    struct open_file *f;
    int err = find_file(call, args->fd, &f);

    return err < 0 ? err
                   : vfs_readdir(f, &who, args->ent_no, call->abi->short_names, &call->why,
                                 &out->entry);
}

int sc_stat_open(struct call *call, const struct sc_stat_open_args *args,
                 struct sc_stat_open_out *out)
{
    const struct fs_caller who = proc_caller(call->proc);
    struct open_file *f;
    struct fs_stat st;
    int err = find_file(call, args->fd, &f);

    if (err == 0)
        err = vfs_fstat(f, &who, &st);
    if (err == 0)
        vfs_stat(f->mount, &st, f->view_modes, &out->stat);
    return err;
}

/** Check that the caller may read what a command takes, and write what it stores. */
static int check_data(struct call *call, const struct fs_command *c, uint64_t addr)
{
    const struct aspace *memory = &call->proc->memory;

    if (c->in_size > 0 && aspace_check(memory, addr, c->in_size, MM_READ) < 0)
        return call_why(call, -EFAULT,
                        "%s takes %" PRIu32 " bytes at 0x%" PRIx64
                        ", which are not readable memory of one region",
                        c->name, c->in_size, addr);
    if (c->out_size > 0 && aspace_check(memory, addr, c->out_size, MM_WRITE) < 0)
        return call_why(call, -EFAULT,
                        "%s stores %" PRIu32 " bytes at 0x%" PRIx64
                        ", which are not writable memory of one region",
                        c->name, c->out_size, addr);
    return 0;
}

int sc_ioctl(struct call *call, const struct sc_ioctl_args *args, struct sc_ioctl_out *out)
{
    static const struct fs_command unknown;
    const struct fs_caller who = proc_caller(call->proc);
    const struct fs_command *c;
    char bytes[FS_COMMAND_MAX] = {0};
    struct open_file *f;
    int64_t result;
    int err = find_file(call, args->fd, &f);

    if (err < 0)
        return err;
    c = fs_command_find(f->mount->fs, args->command);
    if (c == NULL)
        c = &unknown;
    err = check_data(call, c, args->data);
    if (err == 0 && c->in_size > 0)
        err = memory_inspect(call->proc, MM_READ, args->data, bytes, c->in_size, &call->why);
    if (err < 0)
        return err;
    result = vfs_ioctl(f, &who, args->command, (struct fs_buf){bytes, fs_command_size(c)});
    if (result == -ENOTTY)
        return call_why(call, -ENOTTY, "%s has no command 0x%" PRIx32, f->label, args->command);
    if (result >= 0 && c->out_size > 0)
        err = memory_inspect(call->proc, MM_WRITE, args->data, bytes, c->out_size, &call->why);
    if (result < 0 || err < 0)
        return result < 0 ? (int)result : err;
    out->result = result < INT32_MAX ? (int32_t)result : INT32_MAX;
    return 0;
}

int sc_get_mode(struct call *call, const struct sc_get_mode_args *args, struct sc_get_mode_out *out)
{
    struct open_file *f;
    int err = find_file(call, args->fd, &f);

    if (err == 0)
        out->mode = f->mode;
    return err;
}

int sc_fsync(struct call *call, const struct sc_fsync_args *args, struct sc_fsync_out *out)
{
    const struct fs_caller who = proc_caller(call->proc);
    struct open_file *f;
    int err = find_file(call, args->fd, &f);

    (void)out;
    if (err < 0)
        return err;
    if (args->data_only > 1)
        return call_why(call, -EINVAL, "data_only is 0 or 1, not %" PRIu32, args->data_only);
    if (f->end != NULL)
        return call_why(call, -EINVAL, "%s is a channel, which has no store", f->label);
    err = write_back(call, f);
    if (err == SC_PENDING)
        return err;
    return mount_answer(f->mount, vfs_fsync(f, &who, args->data_only != 0, err), NULL, &call->why);
}
