/* SPDX-License-Identifier: MIT */
/*
 * Layers: directories of mounts that another mount's driver stands on (fs_env.lower).
 *
 *     handler ── driver_read(above, …) ── its driver
 *                                             └── layer's slot ── driver_read(below, …) ── its driver
 *
 * A layer looks to the driver like an instance whose root is the root of a view. The view keeps the mount
 * below alive, and follows its root when that is renamed. It needs all rights to be written, else READ, READDIR
 * and MMAP; what is below is asked on behalf of the caller, whom the VFS above has checked by the bits that the
 * upper driver shows. Directories of several layers show only the bits of one: so a maker other
 * than user 0 must be able to pass through, and list, the directories below itself. And copies get names in
 * directories whose bits nobody has looked at: such a maker owns the root of a layer that is written.
 *
 * A slot of a slow filesystem below is called as always (slow.h): the machine stands still inside the upper
 * driver's slot. So the upper driver never runs on a worker, and it never sees FS_WOULD_WAIT. After
 * much work the machine rests (slow_rest), so that other machines have their turn.
 *
 * A mount that another one stands on takes no more sources, and none can stand on itself: so there are no
 * circles. mount_stand_on() checks it.
 */
#ifndef SERVER_KERNEL_DOOR_LAYER_H
#define SERVER_KERNEL_DOOR_LAYER_H

#include "server/kernel/fs/vfs.h"

/** Bytes read and copied, or as much other work, between two rests. */
enum { LAYER_SLICE = 1024 * 1024 };

/**
 * Make a layer.
 * @above    whose driver asks for it.
 * @view     referenced.
 * @maker    who made @above.
 * @out      returned; layer_free().
 * Returns   0; -EACCES the view lacks rights, or its root is another user's; -ELOOP, -EMFILE as
 *           mount_stand_on(); -ENOMEM; other -errno of the root's status.
 */
int layer_new(struct mount *above, struct view *view, const struct fs_caller *maker, bool write,
              struct fs **out, struct why *why);
void layer_free(struct fs *lower);

#endif
