/* SPDX-License-Identifier: MIT */
/*
 * The one wrapper around every driver instance.
 *
 *     core ──> generic (ops: all slots filled) ──> inner instance of a driver
 *
 * What every filesystem must do the same way is done here, once, and no driver repeats it:
 *
 *   - an empty slot of the driver answers -ENOSYS (add_source: -ENOTSUP; poll: true; tidy: nothing), so callers test no slot;
 *   - `struct fs_config` is honoured: owner and permission bits that files show, read-only, quotas;
 *   - the rest of a read buffer, behind what the driver stored, is zero;
 *   - a write through a handle with FS_O_SYNC or FS_O_DSYNC is durable when it returns;
 *   - drivers with FS_CAP_NO_OPEN are never asked to open or close; their callers may do so anyway,
 *     but must give a path with every operation;
 *   - `caps`, `pending` and `untidy` are those of the inner instance, the last two as of the last
 *     operation.
 *
 * A quota in bytes may also be the store's own (fs.quota_bytes); the tighter one holds.
 *
 * Quotas count what statfs() counts: the sizes of regular files (a hole counts as if it were
 * full), and files and directories without the root. So a quota means the same over every driver,
 * however it stores. A filesystem that is past its quota when it is opened can shrink but not
 * grow.
 */
#ifndef FSDRIVERS_GENERIC_GENERIC_H
#define FSDRIVERS_GENERIC_GENERIC_H

#include "fsdrivers/fsdriver.h"

struct generic;

/**
 * Make a wrapper with nothing in it yet, so that wrapping cannot fail. The descriptors that an
 * instance may hold are booked as long as it exists.
 * @config   copied.
 * @driver   whose instance it is for.
 * @req      its env is used, and copied; its why gets a reason.
 * @out      returned; generic_wrap() or generic_free().
 * Returns   0, -EMFILE no descriptors for it, -ENOMEM.
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

/** Release a wrapper that wraps nothing. NULL is accepted. */
void generic_free(struct generic *g);

#endif
