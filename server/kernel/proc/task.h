/* SPDX-License-Identifier: MIT */
/*
 * Tasks: the part of a process that makes calls.
 *
 * A process has the names, the handles and the memory. A task has an executor, calls in flight, the
 * errno of the last one, and its turn. Today each process has exactly one task, which begins and
 * ends with it.
 */
#ifndef SERVER_KERNEL_PROC_TASK_H
#define SERVER_KERNEL_PROC_TASK_H

#include "server/base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct executor;
struct proc;

struct task {
    struct proc *proc;         /* its process */
    struct executor *executor; /* a guest's; else NULL */
    struct list calls;         /* struct call.in_task: in flight; several in a driven process */
    uint32_t queued;           /* of these: held before, carried out at the next tick */
    int32_t last_errno;        /* of its last finished call, for SC_ERRNO: positive; 0: success */
    uint64_t yields_since;     /* machine->acts at its last YIELD */
    uint32_t yields;           /* YIELDs since then, as far as clock.c counts */
    bool busy;                 /* a guest that runs on the host now: virtual time stands still */
};

#endif
