/* SPDX-License-Identifier: MIT */
/*
 * The memory of processes: one model for driven processes and guests.
 *
 * The address space has the books. The bytes of a driven process are in simulated pages and mapped
 * files. The bytes of a guest are on the host, and its executor reads and writes them.
 */
#ifndef SERVER_KERNEL_PROC_MEMORY_H
#define SERVER_KERNEL_PROC_MEMORY_H

#include "server/kernel/proc/proc.h"

/**
 * Access memory as the program of a process does: a bad access ends it, with FAIL_ZEROPTR below
 * 0x1000, FAIL_EXCEPTION from the user limit on, and otherwise FAIL_SEGFAULT, for memory that is
 * not mapped or not writable.
 * @p        a driven process; on -EFAULT it may be freed.
 * @way      MM_READ or MM_WRITE. Only MM_WRITE is checked, as by the processor.
 * @buf      @size bytes; those before the first bad one are transferred in any case.
 * @why      receives the reason; or NULL.
 * Returns   0; -EFAULT the access ended it; -ENOMEM, -EIO the simulation failed, and it lives on.
 */
int memory_touch(struct proc *p, uint32_t way, uint64_t addr, void *buf, size_t size,
                 struct why *why);

/** memory_touch() of any process that never ends it. Returns 0; -EFAULT, -ENOMEM, -EIO. */
int memory_inspect(struct proc *p, uint32_t way, uint64_t addr, void *buf, size_t size,
                   struct why *why);

/** The FAIL_* code for an access to a bad address. */
int32_t memory_fail_code(uint64_t addr, uint64_t user_limit);

/** Remove a region and its bytes; a file's changed pages are written back. */
void memory_drop(struct proc *p, struct region *r);

/** memory_drop() of all regions. The address space is empty and usable again. */
void memory_done(struct proc *p);

#endif
