/* SPDX-License-Identifier: MIT */
/*
 * Whether a database has the schema of its format, word for word, and nothing beside it.
 *
 * A schema is a program: CHECK expressions, generated columns, triggers, expressions in indexes,
 * views in place of tables and virtual tables run when a statement meets them. So a foreign one is
 * refused before any statement is prepared that names a table of the format.
 */
#ifndef FSDRIVERS_SQLITEFS_SHAPE_H
#define FSDRIVERS_SQLITEFS_SHAPE_H

#include "fsdrivers/sqlitefs/store.h"

/**
 * Compare the schema with that of a released format.
 * @format   1 up to FORMAT_VERSION.
 * @named    whether @why names an object, which is the first that is foreign, changed or missing.
 * Returns   0; -EIO, also without an object when the schema can't be read; -ENOMEM, -EBUSY.
 */
int shape_check(struct store *s, int format, struct why *why, bool *named);

#endif
