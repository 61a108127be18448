/* SPDX-License-Identifier: MIT */
/*
 * The one wrapper around every driver instance.
 *
 *     core ──> generic (ops: all slots filled) ──> inner instance of a driver
 *
 * What every filesystem must do alike is done here, so no driver repeats it:
 *
 *   - an empty slot of the driver answers -ENOSYS (add_source: -ENOTSUP; poll: true; tidy:
 *     nothing), so callers need not test slots;
 *   - `struct fs_config` is applied: owner and permission bits that files show, read-only, quotas;
 *   - the rest of a read buffer, behind what the driver stored, is zeroed;
 *   - the flags of open() are checked, and those that mean something everywhere are carried out
 *     (enum fs_open_flag); FS_O_TRUNC by truncate() where the driver lacks FS_CAP_ATOMIC_TRUNC;
 *   - an ioctl() command that the driver does not declare is -ENOTTY;
 *   - a write through a handle with FS_O_SYNC or FS_O_DSYNC is durable when it returns;
 *   - drivers with FS_CAP_NO_OPEN are never asked to open or close; their callers still may, but
 *     must give a path with every operation;
 *   - `caps`, `pending` and `untidy` are those of the inner instance, the last two as of the last
 *     operation.
 *
 * A quota in bytes may also be the store's own (fs.quota_bytes); the tighter one holds.
 *
 * Quotas count what statfs() counts: the sizes of regular files (a hole counts in full), and files
 * and directories without the root. So a quota means the same over every driver, however it stores.
 * A filesystem past its quota when it is opened can shrink but not grow.
 */
#ifndef FSDRIVERS_GENERIC_GENERIC_H
#define FSDRIVERS_GENERIC_GENERIC_H

#include "fsdrivers/fsdriver.h"

struct generic;

/**
 * Make an empty wrapper, so that wrapping can't fail. The descriptors that an instance may hold are
 * counted while it exists.
 * @config   copied.
 * @driver   the driver of the instance to be wrapped.
 * @req      its env is used, and copied; its why receives a reason.
 * @out      returned; generic_wrap() or generic_free().
 * Returns   0, -EMFILE too few descriptors are left, -ENOMEM.
 */
int generic_new(const struct fs_config *config, const struct fs_driver *driver,
                const struct fs_open *req, struct generic **out);

/**
 * Wrap an instance.
 * @g        taken.
 * @inner    taken: destroyed with the wrapper.
 * Returns   the wrapped instance; release with ops->destroy().
 */
struct fs *generic_wrap(struct generic *g, struct fs *inner);

/** Free an empty wrapper. NULL is ignored. */
void generic_free(struct generic *g);

#endif
