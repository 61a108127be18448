/* SPDX-License-Identifier: MIT */
/* The listings of directories for READDIR. Private to the VFS's files. */
#ifndef SERVER_KERNEL_FS_LISTING_H
#define SERVER_KERNEL_FS_LISTING_H

#include "server/kernel/fs/vfs.h"

/** Free the listing of an open file, if it has one. The file has a mount. */
void listing_drop(struct open_file *f);

#endif
