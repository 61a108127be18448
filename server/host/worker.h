/* SPDX-License-Identifier: MIT */
/*
 * Threads for work that would block the loop (worker_…() of host_ops.h), one for each slow mount. A
 * worker runs its jobs in order; the loop is notified of each that is done.
 *
 * Workers block all signals and may use all CPUs, even if the loop is bound to one.
 */
#ifndef SERVER_HOST_WORKER_H
#define SERVER_HOST_WORKER_H

#include "server/kernel/host_ops.h"

#include <uv.h>

struct workers;

/** The most workers of a daemon, stuck ones included; past it -EMFILE. */
enum { WORKERS_MAX = 256 };

/** @out returned; workers_close(). Returns 0, -ENOMEM, other -errno of uv_async_init(). */
int workers_new(uv_loop_t *loop, struct workers **out);

/** Leave the loop. The struct is freed when the loop has turned and the last worker is freed; a
 * worker that never returns keeps it. */
void workers_close(struct workers *all);

/* As in host_ops.h. */
int worker_new(struct workers *all, struct host_worker **out, struct why *why);
void worker_post(struct host_worker *w, struct host_job *job);
void worker_wait(struct host_worker *w, uint64_t deadline_ns);
void worker_free(struct host_worker *w);

#endif
