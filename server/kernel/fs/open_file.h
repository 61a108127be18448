/* SPDX-License-Identifier: MIT */
/* The stored content of an open file, without the pages that processes have mapped. */
#ifndef SERVER_KERNEL_FS_OPEN_FILE_H
#define SERVER_KERNEL_FS_OPEN_FILE_H

#include "server/kernel/fs/vfs.h"

/** vfs_read() from the store alone. */
int64_t open_file_load(struct open_file *f, const struct fs_caller *who, char *buf, size_t len,
                       int64_t off);

/** vfs_write() to the store alone, without a caller, and at @off even with FM_APPEND. */
int64_t open_file_store(struct open_file *f, const char *buf, size_t len, int64_t off);

#endif
