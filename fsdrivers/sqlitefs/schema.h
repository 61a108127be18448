/* SPDX-License-Identifier: MIT */
#ifndef FSDRIVERS_SQLITEFS_SCHEMA_H
#define FSDRIVERS_SQLITEFS_SCHEMA_H

/** The text of schema/sqlitefs.sql, NUL-terminated; made by the build. */
extern const char sqlitefs_schema[];

#endif
