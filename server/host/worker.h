/* SPDX-License-Identifier: MIT */
/*
 * Threads for what would hold up the loop (host_ops.h, worker_…()): one for each slow filesystem, made
 * with it. Jobs of one worker are carried out in order; the loop is told of each.
 *
 * Workers take no signals, and may use all CPUs, also when the loop keeps to one.
 */
#ifndef SERVER_HOST_WORKER_H
#define SERVER_HOST_WORKER_H

#include "server/kernel/host_ops.h"

#include <uv.h>

struct workers;

/** Workers that a daemon may have, those that never come back included: past it -EMFILE. */
enum { WORKERS_MAX = 256 };

/** @out returned; workers_close(). Returns 0, -ENOMEM, what uv_async_init() answers. */
int workers_new(uv_loop_t *loop, struct workers **out);

/** Leave the loop. The struct goes once the loop has turned and the last worker has been freed; a worker
 * that never comes back keeps it. */
void workers_close(struct workers *all);

/* As in host_ops.h. */
int worker_new(struct workers *all, struct host_worker **out, struct why *why);
void worker_post(struct host_worker *w, struct host_job *job);
void worker_wait(struct host_worker *w, uint64_t deadline_ns);
void worker_free(struct host_worker *w);

#endif
