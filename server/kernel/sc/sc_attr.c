/* SPDX-License-Identifier: MIT */
/* The calls on attributes of files: status, bits, owner, times and size. */
#include "server/kernel/sc/find.h"

#include <errno.h>

int sc_stat(struct call *call, const struct sc_stat_args *args, struct sc_stat_out *out)
{
    struct place at;
    int err = find_place(call, args->file, 0, &at);

    if (err == 0)
        vfs_stat(at.view->mount, &at.stat, at.view->ok_modes, &out->stat);
    return err;
}

int sc_fstat_ex(struct call *call, const struct sc_fstat_ex_args *args, struct sc_fstat_ex_out *out)
{
    struct place at;
    int err = find_place(call, args->file, 0, &at);

    if (err < 0)
        return err;
    out->stat = (struct sc_stat_ex){
        .mode = at.stat.mode,
        .nlink = at.stat.nlink,
        .uid = at.stat.uid,
        .gid = at.stat.gid,
        .size = at.stat.size,
        .blocks = at.stat.blocks,
        .atime = at.stat.atime,
        .mtime = at.stat.mtime,
        .ino = at.stat.ino,
        .ctime = at.stat.ctime,
        .btime = at.stat.btime,
    };
    return 0;
}

int sc_chmod(struct call *call, const struct sc_chmod_args *args, struct sc_chmod_out *out)
{
    struct place at;
    int err = 0;

    (void)out;
    if ((args->mode & ~07777u) != 0)
        return call_why(call, -EINVAL, "mode 0%o has bits above 07777", args->mode);
    err = find_place(call, args->file, FM_WRITE, &at);
    return err < 0 ? err : vfs_chmod(&at, args->mode, &call->why);
}

int sc_chown(struct call *call, const struct sc_chown_args *args, struct sc_chown_out *out)
{
    struct creds owner = {args->uid, args->gid};
    struct place at;
    int err = find_place(call, args->file, FM_WRITE, &at);

    (void)out;
    return err < 0 ? err : vfs_chown(&at, owner, &call->why);
}

int sc_truncate(struct call *call, const struct sc_truncate_args *args, struct sc_truncate_out *out)
{
    struct place at;
    int err = find_place(call, args->file, FM_WRITE | FM_TRUNC, &at);

    (void)out;
    return err < 0 ? err : vfs_truncate(&at, args->size, &call->why);
}

int sc_utimes(struct call *call, const struct sc_utimes_args *args, struct sc_utimes_out *out)
{
    struct place at;
    int err = find_place(call, args->file, FM_WRITE, &at);

    (void)out;
    return err < 0 ? err : vfs_utimes(&at, args->atime, args->mtime, &call->why);
}
