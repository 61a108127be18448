/* SPDX-License-Identifier: MIT */
/*
 * Checks that a database has exactly the schema of its format.
 *
 * A schema is a program: CHECK expressions, generated columns, triggers, indexes on expressions,
 * views instead of tables and virtual tables run when a statement uses them. So a foreign schema is
 * refused before any statement is prepared that names a table of the format.
 */
#ifndef FSDRIVERS_SQLITEFS_SHAPE_H
#define FSDRIVERS_SQLITEFS_SHAPE_H

#include "fsdrivers/sqlitefs/store.h"

/**
 * Compare the schema with that of a released format.
 * @format   1 up to FORMAT_VERSION.
 * @named    whether @why names an object: the first that is foreign, changed or missing.
 * Returns   0; -EIO, also without an object when the schema can't be read; -ENOMEM, -EBUSY.
 */
int shape_check(struct store *s, int format, struct why *why, bool *named);

#endif
