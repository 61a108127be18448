/* SPDX-License-Identifier: MIT */
/*
 * Tasks: what of a process makes calls.
 *
 * A process has the names, the handles and the memory. A task runs: it has an executor, calls in
 * flight, the errno of the last one, and its turn. Each process has exactly one today, which begins
 * and ends with it.
 */
#ifndef SERVER_KERNEL_PROC_TASK_H
#define SERVER_KERNEL_PROC_TASK_H

#include "server/base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct executor;
struct proc;

struct task {
    struct proc *proc;         /* whose it is */
    struct executor *executor; /* of a guest, else NULL */
    struct list calls;         /* struct call.in_task: in flight; of a driven process several */
    uint32_t queued;           /* of these: were held, and are carried out at the next tick */
    int32_t last_errno;    /* of its last finished call, for SC_ERRNO: positive; 0 it succeeded */
    uint64_t yields_since; /* machine->acts at its last YIELD */
    uint32_t yields;       /* so many since then, as far as clock.c counts */
    bool busy; /* a guest's that runs on the host right now: virtual time stands still */
};

#endif
