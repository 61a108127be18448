/* SPDX-License-Identifier: MIT */
/*
 * The registry: the drivers, and the one way to make an instance.
 *
 *     struct fs_open req = {.opts = "source=/var/x.db,quota_bytes=64M,cache=8M", .env = &env};
 *     struct fs *fs;
 *
 *     err = registry_open("sqlitefs", &req, &fs);    generic keeps quota_bytes, sqlitefs gets cache
 *     ...
 *     fs->ops->destroy(fs, &why);
 *
 * Options are split here. Those of every filesystem are taken out first: source, which becomes the
 * request's source, and the keys of `struct fs_config`, which the wrapper `generic` applies. The
 * rest must be keys of the driver.
 */
#ifndef FSDRIVERS_REGISTRY_H
#define FSDRIVERS_REGISTRY_H

#include "fsdrivers/fsdriver.h"

/**
 * Make an instance of a driver by name, wrapped in generic. Of type fs_open_fn.
 * Context   any thread; the instance belongs to the caller's.
 * @driver   name or alias, exact.
 * @req      borrowed; @req->opts as its author wrote it, @req->opt is ignored.
 * @out      returned; release with ops->destroy().
 * Returns   0; -ENODEV no such driver, -EINVAL a bad option, other -errno of the driver's
 *           open_source(); FS_WOULD_WAIT: @req->later. Each refusal adds a sentence to @req->why.
 */
int registry_open(const char *driver, const struct fs_open *req, struct fs **out);

/** The same with a driver that need not be in the table: a test's. @name its name or alias. */
int registry_open_driver(const struct fs_driver *driver, const char *name,
                         const struct fs_open *req, struct fs **out);

/** Whether a driver's instances, and making them, may wait. Of type fs_trait_fn. */
bool registry_waits(const char *driver);

/** Whether each of a driver's instances has a process of the host. Of type fs_trait_fn. */
bool registry_helps(const char *driver);

/** The driver at an index, for listing them; NULL past the last. Borrowed, static. */
const struct fs_driver *registry_at(size_t index);

/** The keys that every filesystem takes, as struct fs_driver.opts; ended by a NULL key. */
extern const struct fs_opt registry_common_opts[];

#endif
