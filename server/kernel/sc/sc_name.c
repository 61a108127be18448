/* SPDX-License-Identifier: MIT */
/* The calls that make, remove and change names of files. */
#include "server/kernel/call/late.h"
#include "server/kernel/sc/find.h"

#include <errno.h>
#include <string.h>

int sc_create(struct call *call, const struct sc_create_args *args, struct sc_create_out *out)
{
    struct place at;
    int err = find_name(call, args->file, FM_DCREATE, &at);

    (void)out;
    return err < 0 ? err : vfs_create(&at, args->type, &call->why);
}

int sc_delete(struct call *call, const struct sc_delete_args *args, struct sc_delete_out *out)
{
    struct place at;
    int err = find_name(call, args->file, FM_DDELETE, &at);

    (void)out;
    if (err == 0)
        err = late_wait_for(call, &at);
    return err != 0 ? err : vfs_delete(&at, &call->why);
}

int sc_move(struct call *call, const struct sc_move_args *args, struct sc_move_out *out)
{
    const struct sc_str file[2] = {args->old_file, args->new_file};
    struct place at[2];
    int err = find_two_names(call, file, FM_DMOVE, at);

    (void)out;
    return err < 0 ? err : vfs_rename(&at[0], &at[1], FS_RENAME_NOREPLACE, &call->why);
}

/** The type of rename that RENAME's flags ask for. */
static int rename_type(struct call *call, uint32_t flags, enum fs_rename_type *out)
{
    switch (flags) {
    case 0:
        *out = FS_RENAME_REPLACE;
        return 0;
    case RN_NOREPLACE:
        *out = FS_RENAME_NOREPLACE;
        return 0;
    case RN_EXCHANGE:
        *out = FS_RENAME_EXCHANGE;
        return 0;
    default:
        return call_why(call, -EINVAL, "flags 0x%x: NOREPLACE or EXCHANGE, or neither", flags);
    }
}

int sc_rename(struct call *call, const struct sc_rename_args *args, struct sc_rename_out *out)
{
    const struct sc_str file[2] = {args->old_file, args->new_file};
    enum fs_rename_type type;
    struct place at[2];
    int err = rename_type(call, args->flags, &type);

    (void)out;
    if (err == 0)
        err = find_two_names(call, file, FM_DMOVE, at);
    if (err == 0 && type == FS_RENAME_REPLACE && at[1].exists)
        err = find_rights(call, args->new_file, at[1].view, FM_DDELETE);
    if (err == 0 && type == FS_RENAME_REPLACE)
        err = late_wait_for(call, &at[1]);
    return err != 0 ? err : vfs_rename(&at[0], &at[1], type, &call->why);
}

int sc_link(struct call *call, const struct sc_link_args *args, struct sc_link_out *out)
{
    const struct sc_str file[2] = {args->old_file, args->new_file};
    struct place at[2];
    int err = find_two_names(call, file, FM_DCREATE, at);

    (void)out;
    return err < 0 ? err : vfs_link(&at[0], &at[1], &call->why);
}

int sc_symlink(struct call *call, const struct sc_symlink_args *args, struct sc_symlink_out *out)
{
    char target[FS_PATH_MAX + 1];
    struct place at;
    int err;

    (void)out;
    if (args->target.len == 0)
        return call_why(call, -EINVAL, "the target is empty");
    if (args->target.len > FS_PATH_MAX)
        return call_why(call, -ENAMETOOLONG, "the target is longer than %d bytes", FS_PATH_MAX);
    if (memchr(args->target.ptr, '\0', args->target.len) != NULL)
        return call_why(call, -EINVAL, "the target contains a NUL byte");
    err = find_name(call, args->file, FM_DCREATE, &at);
    if (err < 0)
        return err;
    memcpy(target, args->target.ptr, args->target.len);
    target[args->target.len] = '\0';
    return vfs_symlink(&at, target, &call->why);
}

int sc_readlink(struct call *call, const struct sc_readlink_args *args, struct sc_readlink_out *out)
{
    char target[FS_PATH_MAX + 1];
    struct place at;
    size_t cap = args->size < out->target.cap ? (size_t)args->size : out->target.cap;
    size_t len;
    int err = find_name(call, args->file, 0, &at);

    if (err == 0)
        err = vfs_readlink(&at, target, &call->why);
    if (err < 0)
        return err;
    len = strlen(target);
    out->length = len;
    out->target.len = len < cap ? len : cap;
    memcpy(out->target.ptr, target, out->target.len);
    return 0;
}
