/* SPDX-License-Identifier: MIT */
/* What the store of an open file holds, without the pages that processes have mapped. */
#ifndef SERVER_KERNEL_FS_OPEN_FILE_H
#define SERVER_KERNEL_FS_OPEN_FILE_H

#include "server/kernel/fs/vfs.h"

/** vfs_read(), but of the store alone. */
int64_t open_file_load(struct open_file *f, const struct fs_caller *who, char *buf, size_t len,
                       int64_t off);

/** vfs_write() for nobody, to the store alone, and at @off with FM_APPEND, too. */
int64_t open_file_store(struct open_file *f, const char *buf, size_t len, int64_t off);

#endif
