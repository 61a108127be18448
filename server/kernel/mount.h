/* SPDX-License-Identifier: MIT */
/* The VFS's own side of mounts; what others may call is in vfs.h. */
#ifndef SERVER_KERNEL_MOUNT_H
#define SERVER_KERNEL_MOUNT_H

#include "server/kernel/vfs.h"

/** To be called after every operation that may have changed the store: sees to commit() in time. */
void mount_changed(struct mount *m);

#endif
