/* SPDX-License-Identifier: MIT */
/* The calls on channels and waiting: make a channel, wait for one of several handles. */
#include "server/kernel/call/wait.h"
#include "server/kernel/fs/channel.h"
#include "server/kernel/machine.h"
#include "server/kernel/sc/find.h"

#include <errno.h>
#include <string.h>

int sc_mk_channel(struct call *call, const struct sc_mk_channel_args *args,
                  struct sc_mk_channel_out *out)
{
    struct fd_table *fds = &call->proc->fds;
    struct open_file *end[2];
    struct fd_entry *slot[2];
    int err;

    if ((args->flags & ~(uint32_t)FM_BLOCKING) != 0)
        return call_why(call, -EINVAL, "only the flag BLOCKING is allowed");
    err = machine_check_room(call->machine->channels, call->machine->limits.channels, -ENOMEM,
                             "channels", &call->why);
    if (err == 0)
        err = fd_reserve(fds, &call->why, &slot[0]);
    if (err < 0)
        return err;
    err = fd_reserve(fds, &call->why, &slot[1]);
    if (err < 0) {
        fd_give_up(fds, slot[0]);
        return err;
    }
    err = channel_open(call->machine, FM_READ | FM_WRITE | args->flags, end);
    if (err < 0) {
        fd_give_up(fds, slot[1]);
        fd_give_up(fds, slot[0]);
        return err;
    }
    out->ends = (struct sc_channel){fd_fill(fds, slot[0], end[0]), fd_fill(fds, slot[1], end[1])};
    return 0;
}

static int32_t fd_at(const struct sc_str *fds, size_t i)
{
    int32_t fd;

    memcpy(&fd, fds->ptr + i * sizeof(fd), sizeof(fd));
    return fd;
}

/** The file of the i-th handle, and whether it is selected for writing. */
static int get_selected(struct call *call, size_t i, struct open_file **out, bool *write)
{
    const int32_t fd = fd_at(&call->args.select.fds, i);
    struct open_file *f;
    int err = find_file(call, fd, &f);

    if (err < 0)
        return err;
    if ((f->mode & (FM_READ | FM_WRITE)) == 0)
        return call_why(call, -EBADF,
                        "file descriptor %d is %s, opened with neither READ nor WRITE", fd,
                        f->label);
    *out = f;
    *write = (f->mode & FM_READ) == 0;
    return 0;
}

static int select_again(struct call *call, struct open_file *f)
{
    size_t i;

    (void)f;
    if (!wait_set_ready(call->waits, &i))
        return SC_PENDING;
    call->out.select.fd = fd_at(&call->args.select.fds, i);
    return 0;
}

/** Find the first handle that is ready. Returns 0, -EBADF. */
static int look(struct call *call, size_t count, int32_t *out_fd)
{
    const struct fs_caller who = proc_caller(call->proc);
    struct open_file *f;
    bool write;

    *out_fd = 0;
    for (size_t i = 0; i < count; i++) {
        int err = get_selected(call, i, &f, &write);

        if (err < 0)
            return err;
        if (*out_fd == 0 && vfs_is_ready(f, &who, write))
            *out_fd = fd_at(&call->args.select.fds, i);
    }
    return 0;
}

/** Park on all the handles, and on the clock. */
static int select_wait(struct call *call, size_t count, uint64_t deadline_ns)
{
    struct wait_set *set = wait_new(count, select_again);
    struct open_file *f;
    bool write;
    int err = set != NULL ? 0 : -ENOMEM;

    for (size_t i = 0; err == 0 && i < count; i++) {
        err = get_selected(call, i, &f, &write);
        if (err == 0)
            err = wait_add(set, call, f, write);
    }
    if (err == 0 && call_park_until(call, deadline_ns) != SC_PENDING)
        err = -ENOMEM;
    if (err < 0) {
        wait_free(set);
        return err;
    }
    return call_park_waiting(call, set);
}

int sc_select(struct call *call, const struct sc_select_args *args, struct sc_select_out *out)
{
    const size_t count = args->fds.len / sizeof(int32_t);
    uint64_t deadline_ns = MACHINE_CLOCK_END;
    int err;

    if (count == 0)
        return call_why(call, -EINVAL, "there is no handle to wait for");
    if (count > SC_SELECT_MAX)
        return call_why(call, -EINVAL, "%zu handles; SELECT takes at most %d", count,
                        SC_SELECT_MAX);
    err = look(call, count, &out->fd);
    if (err < 0 || out->fd != 0 || args->timeout == 0)
        return err;
    if (args->timeout > 0)
        deadline_ns = machine_after_ns(call->machine, (uint64_t)args->timeout);
    return select_wait(call, count, deadline_ns);
}
