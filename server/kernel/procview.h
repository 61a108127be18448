/* SPDX-License-Identifier: MIT */
/* What a process may see of the machine's processes, as text: fs_env.proc_text() and its like. */
#ifndef SERVER_KERNEL_PROCVIEW_H
#define SERVER_KERNEL_PROCVIEW_H

#include "fsdrivers/fsdriver.h"

struct machine;

/** Whose call is being carried out: its pid, 0 when there is none. */
int32_t procview_caller(const struct machine *m);

/** Call @fn for the caller and all below it, in the order they were made. Stops at a result other
 * than 0 and returns it. */
int procview_each(struct machine *m, fs_proc_fn fn, void *user);

/**
 * Tell an item.
 * @pid      the caller or a process below it; not looked at for FS_PROC_MACHINE.
 * @out      appended to.
 * Returns   0; -ENOENT no such process, or one that the caller may not see; -ENOMEM.
 */
int procview_text(struct machine *m, int32_t pid, enum fs_proc_item item, struct strbuf *out);

#endif
