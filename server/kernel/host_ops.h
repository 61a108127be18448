/* SPDX-License-Identifier: MIT */
/*
 * The kernel's only window to the outside. What runs a machine (the daemon's loop, a unit test's
 * fake host) fills this table; no member is NULL. The kernel itself uses no clock, file or socket.
 */
#ifndef SERVER_KERNEL_HOST_OPS_H
#define SERVER_KERNEL_HOST_OPS_H

#include "server/base/list.h"
#include "server/base/why.h"
#include "server/kernel/executor.h"
#include "server/kernel/shared_memory.h"
#include "server/kernel/timer.h"

#include <stdbool.h>
#include <stdint.h>

struct machine;
struct hostfile;
struct proc;

/** Deadlines of wake_at(): at the next iteration of the loop; never. */
#define HOST_WAKE_SOON 0
#define HOST_WAKE_NEVER UINT64_MAX

/** Room in each machine for the host's wake_at(). */
struct host_alarm {
    struct timer timer;
    struct list soon;
};

struct host_worker;

/** Work for another thread; embedded in its owner, must not move until done(). */
struct host_job {
    void (*run)(struct host_job *job);  /* called on the worker's thread */
    void (*done)(struct host_job *job); /* then called from the loop, once; may free it */
    struct list link;                   /* this and the next are the host's */
    struct host_worker *worker;
};

struct host_ops {
    /** Monotonic time in ns. */
    uint64_t (*now_ns)(void *host);
    /** Time since the epoch in ns. */
    uint64_t (*wall_ns)(void *host);
    /** Call machine_tick(@m) once, from the loop, not before @deadline_ns of now_ns(). Each machine
     * has one such alarm; a new deadline replaces the old. */
    void (*wake_at)(void *host, struct machine *m, uint64_t deadline_ns);
    /**
     * Start a checked image as a guest of the host.
     * @proc    borrowed until executor->ops->kill(); still PS_LOADING.
     * @image   borrowed for the call.
     * @out     the executor, owned by the caller, freed by its kill().
     * Returns  0: the guest exists, and makes no call before the loop turns; -ENOTSUP this host
     *          can't run such guests, -EAGAIN, -ENOMEM; @why has the reason.
     */
    int (*spawn)(void *host, struct proc *proc, const struct exec_image *image, struct why *why,
                 struct executor **out);
    /** Make a shared memory object of size 0. @out owned: its ops->free(). Returns 0, -ENOMEM. */
    int (*memory_new)(void *host, struct shared_memory **out);
    /** Take @count of the daemon's descriptors for a machine that holds @held. False if too few are
     * left for it. */
    bool (*descriptors_take)(void *host, uint64_t held, uint64_t count);
    void (*descriptors_give)(void *host, uint64_t count);
    /**
     * Open the file of the host that a filesystem is made from.
     * @path    absolute.
     * @any      the daemon itself names it: it may be anywhere.
     * @readonly nothing will be changed, so other readers may share it.
     * @out      returned; the driver takes and frees it.
     * Returns   0; -EACCES not where sources may be, -EBUSY, -ENOENT, -ENOTBLK; @why has the
     *           reason.
     */
    int (*source_open)(void *host, const char *path, bool any, bool readonly, struct hostfile **out,
                       struct why *why);
    /** Make a thread for jobs, with signals blocked. @out returned; worker_free(). Returns 0;
     * -EMFILE the daemon has too many; -ENOMEM. */
    int (*worker_new)(void *host, struct host_worker **out, struct why *why);
    /** Queue a job. A worker runs its jobs in order. */
    void (*worker_post)(struct host_worker *w, struct host_job *job);
    /** Block the loop until a job of this worker is done, and call its done(); at most until
     * @deadline_ns of now_ns(). A job that is done is taken even past the deadline. */
    void (*worker_wait)(struct host_worker *w, uint64_t deadline_ns);
    /** End the thread. It has no jobs left. */
    void (*worker_free)(struct host_worker *w);
};

#endif
