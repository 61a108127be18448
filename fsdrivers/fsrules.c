/* SPDX-License-Identifier: MIT */
#include "fsdrivers/fsrules.h"

#include "fsdrivers/fspath.h"

#include <errno.h>

int fsrules_rename_paths(const char *from, const char *to, enum fs_rename_type type)
{
    if (fspath_is_root(from))
        return -EBUSY;
    if (fspath_is_root(to))
        return type == FS_RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    return 0;
}

int fsrules_rename(const struct fsend *from, const struct fsend *to, enum fs_rename_type type)
{
    if (type == FS_RENAME_NOREPLACE && to->ino != 0)
        return -EEXIST;
    if (type == FS_RENAME_EXCHANGE && to->ino == 0)
        return -ENOENT;
    if (fspath_below(to->path, from->path))
        return -EINVAL;
    if (fspath_below(from->path, to->path))
        return type == FS_RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
    if (from->ino == to->ino)
        return 0;
    if (to->ino == 0 || type == FS_RENAME_EXCHANGE || from->is_dir == to->is_dir)
        return 1;
    return from->is_dir ? -ENOTDIR : -EISDIR;
}
