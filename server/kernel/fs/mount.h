/* SPDX-License-Identifier: MIT */
/* The VFS's own side of mounts; what others may call is in vfs.h. */
#ifndef SERVER_KERNEL_FS_MOUNT_H
#define SERVER_KERNEL_FS_MOUNT_H

#include "server/kernel/fs/vfs.h"

/** To be called after every operation that may have changed the store: sees to commit() and tidy() in
 * time. */
void mount_changed(struct mount *m);

/**
 * mount_changed() after an operation that answered @err, and what that means to who called.
 * @what     what a driver may lack, for reasons ("store owners"); NULL of what only read-only
 *           drivers lack.
 * Returns   @err, of which -EROFS and -EBUSY get their reason; for -ENOSYS, an operation the driver lacks, -ENOTSUP, or -EROFS without @what.
 */
int mount_answer(struct mount *m, int err, const char *what, struct why *why);

/**
 * Say why, when an operation that an option grants answered -EACCES.
 * @option   as in fs_statfs; NULL it is granted.
 * @act      what can't be done to names.
 * Returns   @err.
 */
int mount_granted(const struct mount *m, int err, const char *option, const char *act,
                  struct why *why);

/**
 * Take the set-user-ID and set-group-ID bits from a file whose owner or content is about to change:
 * nobody shall run with an owner's rights what the owner did not put there. Directories keep theirs.
 * @path, @file  as slots take them.
 * @st       the file's status.
 * Returns   0, also when there are none; what the driver's chmod() answers.
 */
int mount_drop_ids(struct mount *m, const struct fs_caller *who, const char *path,
                   struct fs_file *file, const struct fs_stat *st);

/** The change failed: give back what mount_drop_ids() took, as far as the driver can. */
void mount_restore_ids(struct mount *m, const struct fs_caller *who, const char *path,
                       struct fs_file *file, const struct fs_stat *st);

#endif
