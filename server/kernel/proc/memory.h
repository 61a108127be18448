/* SPDX-License-Identifier: MIT */
/*
 * The memory of processes: one model for driven processes and guests.
 *
 * The address space has the books. The bytes of a driven process are simulated pages and the pages
 * of mapped files; those of a guest are the host's, which its executor reads and writes.
 */
#ifndef SERVER_KERNEL_PROC_MEMORY_H
#define SERVER_KERNEL_PROC_MEMORY_H

#include "server/kernel/proc/proc.h"

/**
 * Read or write memory as the program of a process does: what it may not touch ends it, with
 * FAIL_ZEROPTR below 0x1000, FAIL_EXCEPTION from the user limit on, and FAIL_SEGFAULT for all else
 * that is not mapped, or is not writable and shall be written.
 * @p        a driven process; it may be freed when the answer is -EFAULT.
 * @way      MM_READ or MM_WRITE. Only MM_WRITE is enforced, as by the processor.
 * @buf      @size bytes; what lies before the first bad byte is moved even so.
 * @why      gets the reason; or NULL.
 * Returns   0; -EFAULT it has ended of it; -ENOMEM, -EIO the simulation failed, and it lives on.
 */
int memory_touch(struct proc *p, uint32_t way, uint64_t addr, void *buf, size_t size,
                 struct why *why);

/** The same from outside, of any process: it never ends of it. Returns 0; -EFAULT, -ENOMEM, -EIO. */
int memory_inspect(struct proc *p, uint32_t way, uint64_t addr, void *buf, size_t size,
                   struct why *why);

/** The FAIL_* code of a touch at a bad address. */
int32_t memory_fail_code(uint64_t addr, uint64_t user_limit);

/** Forget a region with its bytes; what a mapped file needs is written back. */
void memory_drop(struct proc *p, struct region *r);

/** memory_drop() of all regions; the address space is empty and usable again. */
void memory_done(struct proc *p);

#endif
