/* SPDX-License-Identifier: MIT */
/* What a process may see of the machine's processes, as text: fs_env.proc_text() and its like. */
#ifndef SERVER_KERNEL_PROC_PROCVIEW_H
#define SERVER_KERNEL_PROC_PROCVIEW_H

#include "fsdrivers/fsdriver.h"

struct machine;

/** Call @fn for the process @by, which looks, and all below it, in the order they were made. Stops
 * at a result other than 0 and returns it. */
int procview_each(struct machine *m, int32_t by, fs_proc_fn fn, void *user);

/**
 * Tell an item.
 * @by       pid of the process that looks.
 * @pid      that one or a process below it; not looked at for FS_PROC_MACHINE.
 * @out      appended to.
 * Returns   0; -ENOENT no such process, or one that @by may not see; -ENOMEM.
 */
int procview_text(struct machine *m, int32_t by, int32_t pid, enum fs_proc_item item,
                  struct strbuf *out);

#endif
