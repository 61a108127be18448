/* SPDX-License-Identifier: MIT */
/* The outputs of sc-export. */
#ifndef SCHEMA_TOOLS_EXPORT_H
#define SCHEMA_TOOLS_EXPORT_H

#include <stdio.h>

/** Write syscalls.md: every call, constant, struct and errno as a page to read. */
void export_syscalls_md(FILE *out);

#endif
