/* SPDX-License-Identifier: MIT */
/*
 * Permission bits: the second gate, behind the masks of views. Only the VFS's own files use these.
 *
 * A place knows for whom it was walked to. User 0 passes everything at the cost of one comparison;
 * for all others the bits decide as POSIX has it: the owner's three bits for the owner, the group's
 * for its group, the last three for the rest. Way and start of a walk are the view's: directories
 * above a view's root are not asked.
 *
 * Every refusal tells the file, its bits, its owner, and who was refused.
 */
#ifndef SERVER_KERNEL_FS_PERM_H
#define SERVER_KERNEL_FS_PERM_H

#include "server/kernel/fs/vfs.h"

enum { PERM_READ = 4, PERM_WRITE = 2, PERM_EXEC = 1 };

/** Whether the bits of what is at @path, in its mount, grant all of PERM_*. Returns 0, -EACCES. */
int perm_check(const struct fs_stat *st, const char *path, const struct fs_caller *who,
               unsigned want, struct why *why);

/** Whether a name may be put where the place is: write and execute on its directory. Returns 0;
 * -EACCES, or what the driver's getattr() answers. */
int perm_add(const struct place *at, struct why *why);

/** Whether the name of a place that exists may be taken away: as perm_add(), and in a sticky
 * directory only by the owner of either. Returns 0; -EACCES, -EPERM, or as perm_add(). */
int perm_remove(const struct place *at, struct why *why);

/** Whether a place that exists belongs to who asks. Returns 0, -EPERM. */
int perm_owner(const struct place *at, struct why *why);

#endif
