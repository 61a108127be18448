/* SPDX-License-Identifier: MIT */
/* The listings of directories that READDIR gives out; only the VFS's own files use these. */
#ifndef SERVER_KERNEL_FS_LISTING_H
#define SERVER_KERNEL_FS_LISTING_H

#include "server/kernel/fs/vfs.h"

/** Give up the listing of an open file of a mount; none is fine. */
void listing_drop(struct open_file *f);

#endif
