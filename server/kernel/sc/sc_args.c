/* SPDX-License-Identifier: MIT */
/*
 * The calls on arguments. A process gets them before its program starts, as one block of bytes that
 * only the program reads again: the count of arguments in decimal, the arguments, the environment's
 * NAME=VALUE, each ended by NUL.
 */
#include "server/kernel/machine.h"
#include "server/kernel/sc/find.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DECIMAL = 10 };

int sc_args(struct call *call, const struct sc_args_args *args, struct sc_args_out *out)
{
    const struct proc *p = call->proc;
    uint64_t size = args->size < out->data.cap ? args->size : out->data.cap;

    out->data.len = p->args_size < size ? p->args_size : (size_t)size;
    if (out->data.len > 0)
        memcpy(out->data.ptr, p->args, out->data.len);
    out->length = p->args_size;
    return 0;
}

/** Read the leading count, in decimal without leading zeros. */
static int take_count(struct call *call, const char **at, const char *end, size_t *count)
{
    const char *s = *at;

    *count = 0;
    while (s < end && *s >= '0' && *s <= '9' && *count <= SC_ARGS_MAX && (*count > 0 || s == *at))
        *count = *count * DECIMAL + (size_t)(*s++ - '0');
    if (s == *at || s == end || *s != '\0')
        return call_why(call, -EINVAL, "the block does not begin with a count of arguments");
    *at = s + 1;
    return 0;
}

/** Check the form of the block. */
static int check_args(struct call *call, const struct sc_str *data)
{
    const char *at = data->ptr;
    const char *end = data->ptr + data->len;
    size_t count;
    int err;

    if (data->len == 0 || end[-1] != '\0')
        return call_why(call, -EINVAL, "the block does not end with a NUL");
    err = take_count(call, &at, end, &count);
    for (; err == 0 && at < end; at += strlen(at) + 1) {
        const char *equals = strchr(at, '=');

        if (count > 0)
            count--;
        else if (equals == NULL || equals == at)
            err = call_why(call, -EINVAL, "the environment's '%.64s' is not NAME=VALUE", at);
    }
    if (err == 0 && count > 0)
        err = call_why(call, -EINVAL, "%zu arguments are missing", count);
    return err;
}

/** Check that the machine may keep @size bytes instead of the child's present ones. */
static int check_room(struct call *call, const struct proc *child, size_t size)
{
    const struct machine *m = call->machine;
    const uint64_t others = m->args - child->args_size;

    if (size <= m->limits.all_args - others)
        return 0;
    return call_why(call, -ENOMEM,
                    "the machine's processes hold %" PRIu64 " of %" PRIu64
                    " bytes of arguments (limit all_args)",
                    m->args, m->limits.all_args);
}

int sc_set_args(struct call *call, const struct sc_set_args_args *args, struct sc_set_args_out *out)
{
    struct proc *child;
    char *copy;
    int err = find_child(call, args->pid, &child);

    (void)out;
    if (err < 0)
        return err;
    if (child->state != PS_LOADING)
        return call_why(call, -EBUSY, "process %d is not LOADING: its program may have read them",
                        args->pid);
    if (args->data.len > SC_ARGS_MAX)
        return call_why(call, -E2BIG, "%zu bytes; the limit is %d", args->data.len, SC_ARGS_MAX);
    err = check_args(call, &args->data);
    if (err < 0)
        return err;
    err = check_room(call, child, args->data.len);
    if (err < 0)
        return err;
    copy = malloc(args->data.len);
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, args->data.ptr, args->data.len);
    proc_set_args(child, copy, args->data.len);
    return 0;
}
