/* SPDX-License-Identifier: MIT */
/*
 * The kernel's only window to the outside. Whoever runs a machine (the daemon's loop, a unit test's
 * fake host) fills this table; no slot is NULL. The kernel itself uses no clock, no file and no
 * socket.
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

/** wake_at() deadlines: as soon as the loop turns; never. */
#define HOST_WAKE_SOON 0
#define HOST_WAKE_NEVER UINT64_MAX

/** Room in each machine for the host's use: what wake_at() needs to remember. */
struct host_alarm {
    struct timer timer;
    struct list soon;
};

struct host_worker;

/** A piece of work for another thread; embedded by its owner, unmoved until done(). */
struct host_job {
    void (*run)(struct host_job *job);  /* called on the worker's thread */
    void (*done)(struct host_job *job); /* then from the loop, once; may free it */
    struct list link;                   /* the host's own, as what follows */
    struct host_worker *worker;
};

struct host_ops {
    /** Monotonic time in ns. */
    uint64_t (*now_ns)(void *host);
    /** Time since the epoch in ns. */
    uint64_t (*wall_ns)(void *host);
    /** Call machine_tick(@m) once, from the loop, not before @deadline_ns of now_ns(). Each machine
     * has one such alarm: the last word counts. */
    void (*wake_at)(void *host, struct machine *m, uint64_t deadline_ns);
    /**
     * Start a checked image as a guest of the host.
     * @proc    borrowed until executor->ops->kill(); it is PS_LOADING still.
     * @image   borrowed for the call.
     * @out     the executor, owned by whoever spawned it, released by its kill().
     * Returns  0: the guest exists and makes its first call only after the loop turned;
     *          -ENOTSUP this host can't run such guests, -EAGAIN, -ENOMEM; @why says it in words.
     */
    int (*spawn)(void *host, struct proc *proc, const struct exec_image *image, struct why *why,
                 struct executor **out);
    /** Make a shared memory object, of size 0. @out owned: its ops->free(). Returns 0, -ENOMEM. */
    int (*memory_new)(void *host, struct shared_memory **out);
    /** Book @count of the daemon's descriptors for a machine that holds @held. False when there are
     * none left for it. */
    bool (*descriptors_take)(void *host, uint64_t held, uint64_t count);
    void (*descriptors_give)(void *host, uint64_t count);
    /**
     * Find the file of the host that a filesystem is to be made from.
     * @any      the daemon names it itself: it may be anywhere.
     * @readonly nothing will be changed: others may read it too.
     * @out      returned; a driver's, who releases it.
     * Returns   0; -EACCES it is not where sources may be, -EBUSY, -ENOENT, -ENOTSUP; @why says it.
     */
    int (*source_open)(void *host, const char *path, bool any, bool readonly, struct hostfile **out,
                       struct why *why);
    /** Make a thread for jobs, which gets no signals. @out returned; worker_free(). Returns 0; -EMFILE
     * the daemon has too many; -ENOMEM. */
    int (*worker_new)(void *host, struct host_worker **out, struct why *why);
    /** Have a job carried out, after those before it. */
    void (*worker_post)(struct host_worker *w, struct host_job *job);
    /** Wait, with the whole loop, until a job of this worker is done, and call its done(); at most until
     * @deadline_ns of now_ns(). Whoever is done by then comes first. */
    void (*worker_wait)(struct host_worker *w, uint64_t deadline_ns);
    /** End the thread. Its jobs are done. */
    void (*worker_free)(struct host_worker *w);
};

#endif
