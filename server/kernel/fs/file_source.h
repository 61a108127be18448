/* SPDX-License-Identifier: MIT */
#ifndef SERVER_KERNEL_FS_FILE_SOURCE_H
#define SERVER_KERNEL_FS_FILE_SOURCE_H

#include "server/kernel/fs/vfs.h"

/** Make an open file the source of a filesystem. References the file until source->close(). */
void file_source_init(struct fs_source *source, struct open_file *f);

#endif
