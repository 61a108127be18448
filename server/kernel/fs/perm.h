/* SPDX-License-Identifier: MIT */
/*
 * Permission bits: the second check, behind the masks of views. Private to the VFS's files.
 *
 * A place knows its caller. User 0 passes every check for one comparison. For the others the bits
 * decide as in POSIX: the owner's three bits for the owner, the group's for its group, the last
 * three for the rest. A walk begins at the view's root: the directories above it are not checked.
 *
 * Every refusal has a reason that names the file, its bits, its owner, and the caller.
 */
#ifndef SERVER_KERNEL_FS_PERM_H
#define SERVER_KERNEL_FS_PERM_H

#include "server/kernel/fs/vfs.h"

enum { PERM_READ = 4, PERM_WRITE = 2, PERM_EXEC = 1 };

/** Check that the bits of the file at @path grant all of @want. Returns 0, -EACCES. */
int perm_check(const struct fs_stat *st, const char *path, const struct fs_caller *who,
               unsigned want, struct why *why);

/** Check that a name may be added where the place is: write and execute on its directory. Returns
 * 0; -EACCES, other -errno of the driver's getattr(). */
int perm_add(const struct place *at, struct why *why);

/** Check that the name of an existing place may be removed: as perm_add(), and in a sticky
 * directory only by the owner of the file or the directory. Returns 0; -EACCES, -EPERM, or as
 * perm_add(). */
int perm_remove(const struct place *at, struct why *why);

/** Check that an existing place belongs to its caller. Returns 0, -EPERM. */
int perm_owner(const struct place *at, struct why *why);

#endif
