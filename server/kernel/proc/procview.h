/* SPDX-License-Identifier: MIT */
/* What a process may see of other processes, as text: fs_env.proc_text() and the like. */
#ifndef SERVER_KERNEL_PROC_PROCVIEW_H
#define SERVER_KERNEL_PROC_PROCVIEW_H

#include "fsdrivers/fsdriver.h"

struct machine;

/** Call @fn for the process @by, the reader, and all below it, in the order they were made. A
 * non-zero result stops the iteration and is returned. */
int procview_each(struct machine *m, int32_t by, fs_proc_fn fn, void *user);

/**
 * Write an item of a process as text.
 * @by       pid of the reader.
 * @pid      the reader or a process below it; ignored for FS_PROC_MACHINE.
 * @out      appended to.
 * Returns   0; -ENOENT no such process, or @by may not see it; -ENOMEM.
 */
int procview_text(struct machine *m, int32_t by, int32_t pid, enum fs_proc_item item,
                  struct strbuf *out);

#endif
