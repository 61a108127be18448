/* SPDX-License-Identifier: MIT */
/* Mounts, private to the VFS's files; the public part is in vfs.h. */
#ifndef SERVER_KERNEL_FS_MOUNT_H
#define SERVER_KERNEL_FS_MOUNT_H

#include "server/kernel/fs/vfs.h"

/** Call this after operations that may have changed the store: schedules commit() and tidy(). */
void mount_changed(struct mount *m);

/**
 * mount_changed() after an operation that answered @err, and the caller's errno for it.
 * @what     what the driver lacks, for reasons ("store owners"); NULL if only read-only drivers
 *           lack the operation.
 * Returns   @err, with the reason of -EROFS and -EBUSY; for -ENOSYS: -ENOTSUP, or -EROFS without
 *           @what.
 */
int mount_answer(struct mount *m, int err, const char *what, struct why *why);

/**
 * Add the reason if an operation that an option may forbid answered -EACCES.
 * @option   as in fs_statfs; NULL: it is allowed.
 * @act      what can't be done to names.
 * Returns   @err.
 */
int mount_granted(const struct mount *m, int err, const char *option, const char *act,
                  struct why *why);

/**
 * Clear the set-user-ID and set-group-ID bits of a file whose owner or content is about to change:
 * the old owner did not grant them to the new content. Directories keep theirs.
 * @path, @file  as slots take them.
 * @st       the file's status.
 * Returns   0, also if none are set; -errno of the driver's chmod().
 */
int mount_drop_ids(struct mount *m, const struct fs_caller *who, const char *path,
                   struct fs_file *file, const struct fs_stat *st);

/** Undo mount_drop_ids() after the change failed, if the driver can. */
void mount_restore_ids(struct mount *m, const struct fs_caller *who, const char *path,
                       struct fs_file *file, const struct fs_stat *st);

/**
 * Check that a mount may take a source in another one, and note how deep it stands then.
 * Returns   0; -ELOOP it stands on itself, or another mount on it; -EMFILE past MOUNT_DEPTH_MAX.
 */
int mount_stand_on(struct mount *above, const struct mount *below, struct why *why);

#endif
