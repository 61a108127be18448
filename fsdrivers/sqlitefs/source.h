/* SPDX-License-Identifier: MIT */
/* A request to open a sqlitefs: its source and its options, checked before SQLite sees them. */
#ifndef FSDRIVERS_SQLITEFS_SOURCE_H
#define FSDRIVERS_SQLITEFS_SOURCE_H

#include "fsdrivers/sqlitefs/store.h"

/** The driver's own options, as struct fs_driver.opts. */
extern const struct fs_opt source_opts[];

/**
 * Open the store of a request: check source and options, lock the file, open the database.
 * @s        its env and readonly are set; the rest is filled. On failure store_close() frees it.
 * Returns   as open_source() of struct fs_driver.
 */
int source_open(struct store *s, const struct fs_open *req);

#endif
