/* SPDX-License-Identifier: MIT */
/* The calls on processes: make, prepare, start, watch and end children. */
#include "server/kernel/machine.h"
#include "server/kernel/sc/find.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

int sc_exit(struct call *call, const struct sc_exit_args *args, struct sc_exit_out *out)
{
    (void)out;
    proc_end(call->proc, PS_DONE, args->code, NULL);
    return 0;
}

int sc_new_proc(struct call *call, const struct sc_new_proc_args *args, struct sc_new_proc_out *out)
{
    struct proc *child;
    int err = proc_new(call->proc, &child);

    (void)args;
    if (err == -EAGAIN)
        return call_why(call, err, "the machine has reached its limit procs, %llu",
                        (unsigned long long)call->machine->limits.procs);
    if (err == 0)
        out->pid = child->pid;
    return err;
}

int sc_bind_fs(struct call *call, const struct sc_bind_fs_args *args, struct sc_bind_fs_out *out)
{
    struct proc *child;
    struct view *view;
    int err = find_live_child(call, args->pid, &child);

    (void)out;
    if (err == 0)
        err = ns_get(&call->proc->ns, args->fs_name, &call->why, &view);
    return err < 0 ? err : ns_add(&child->ns, args->new_name, view, &call->why);
}

int sc_bind_fd(struct call *call, const struct sc_bind_fd_args *args, struct sc_bind_fd_out *out)
{
    struct proc *child;
    struct open_file *f;
    int err = find_live_child(call, args->pid, &child);

    (void)out;
    if (err == 0)
        err = find_file(call, args->fd, &f);
    return err < 0 ? err : fd_add_at(&child->fds, args->new_fd, f, &call->why);
}

/** Open the image that a child will run. */
static int open_image(struct call *call, struct sc_str file, struct open_file **out)
{
    struct place at;
    int err = find_place(call, file, FM_READ, &at);

    if (err < 0)
        return err;
    if (!S_ISDIR(at.stat.mode) && !S_ISREG(at.stat.mode))
        return call_why(call, -ENOEXEC, "a device can't be a program");
    return vfs_open(&at, FM_READ, file, &call->why, out);
}

/** Read a whole image. @out returned; free(). */
static int read_image(struct call *call, struct open_file *f, char **out, size_t *size)
{
    const struct fs_caller who = proc_caller(call->proc);
    struct fs_stat st;
    size_t done = 0;
    char *bytes;
    int err = vfs_fstat(f, &who, &st);

    if (err < 0)
        return err;
    if (st.size > call->machine->limits.image)
        return call_why(call, -ENOEXEC, "the image has %llu bytes; the limit is %llu",
                        (unsigned long long)st.size,
                        (unsigned long long)call->machine->limits.image);
    bytes = malloc((size_t)st.size + 1);
    if (bytes == NULL)
        return -ENOMEM;
    while (done < st.size) {
        size_t want = (size_t)st.size - done < FS_IO_MAX ? (size_t)st.size - done : FS_IO_MAX;
        int64_t count = vfs_read(f, &who, bytes + done, want, (int64_t)done);

        if (count < 0) {
            free(bytes);
            return (int)count;
        }
        if (count == 0)
            break;
        done += (size_t)count;
    }
    *out = bytes;
    *size = done;
    return 0;
}

int sc_proc_exec(struct call *call, const struct sc_proc_exec_args *args,
                 struct sc_proc_exec_out *out)
{
    struct proc *child;
    struct open_file *f;
    char *bytes = NULL;
    size_t size = 0;
    int err = find_child(call, args->pid, &child);

    (void)out;
    if (err < 0)
        return err;
    if (child->state != PS_LOADING)
        return call_why(call, -EBUSY, "process %d is not LOADING: a process runs one program",
                        args->pid);
    err = open_image(call, args->file, &f);
    if (err < 0)
        return err;
    err = read_image(call, f, &bytes, &size);
    if (err == 0) {
        err = proc_exec(child, bytes, size, f->label, &call->why);
        free(bytes);
    }
    (void)open_file_unref(f);
    return err;
}

int sc_proc_status(struct call *call, const struct sc_proc_status_args *args,
                   struct sc_proc_status_out *out)
{
    struct proc *child;
    int err = find_child(call, args->pid, &child);

    if (err == 0)
        proc_status(child, &out->status);
    return err;
}

int sc_proc_kill(struct call *call, const struct sc_proc_kill_args *args,
                 struct sc_proc_kill_out *out)
{
    struct proc *child;
    int err = find_child(call, args->pid, &child);

    if (err < 0)
        return err;
    if (proc_has_ended(child)) {
        proc_status(child, &out->status);
        proc_reap(child);
        return 0;
    }
    out->status = (struct sc_proc_status){.pid = args->pid, .state = PS_KILLED};
    child->detached = true; /* the record is freed at once: this call did the waiting */
    proc_end(child, PS_KILLED, 0, NULL);
    return 0;
}

int sc_proc_wait(struct call *call, const struct sc_proc_wait_args *args,
                 struct sc_proc_wait_out *out)
{
    struct proc *child;
    int err = find_child(call, args->pid, &child);

    return err < 0 ? err : proc_wait(call, &out->status);
}

int sc_proc_wait_any(struct call *call, const struct sc_proc_wait_any_args *args,
                     struct sc_proc_wait_any_out *out)
{
    int err = proc_wait(call, &out->status);

    (void)args;
    return err == -ECHILD ? call_why(call, err, "process %d has no child", call->proc->pid) : err;
}
