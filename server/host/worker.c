/* SPDX-License-Identifier: MIT */
#include "server/host/worker.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { WORKER_STACK_SIZE = 1024 * 1024 };

#define NS_PER_S UINT64_C(1000000000)

struct workers {
    uv_async_t async; /* wakes the loop for a finished job */
    cpu_set_t cpus;   /* of the process at start: a worker is not bound to the loop's CPU */
    unsigned count;   /* workers; used by the loop alone, as is: */
    bool closed;      /* the async handle is closed */
    pthread_mutex_t lock;
    /* Under the lock. */
    struct list done; /* struct host_job.link: finished, the loop does not know yet */
    bool closing;     /* the loop is closed: do not wake it */
};

struct host_worker {
    struct workers *all;
    pthread_t thread;
    pthread_cond_t changed;
    /* Under all->lock. */
    struct list jobs; /* struct host_job.link: to be run */
    bool ending;
};

/* ---- The worker's side ---- */

/** Wait for a job. Returns it; NULL: the thread must end. Under the lock. */
static struct host_job *next_job(struct host_worker *w)
{
    struct host_job *job;

    while (list_empty(&w->jobs) && !w->ending)
        (void)pthread_cond_wait(&w->changed, &w->all->lock);
    if (list_empty(&w->jobs))
        return NULL;
    job = container_of(w->jobs.next, struct host_job, link);
    list_del(&job->link);
    return job;
}

static void *work(void *arg)
{
    struct host_worker *w = arg;
    struct workers *all = w->all;
    struct host_job *job;

    (void)sched_setaffinity(0, sizeof(all->cpus), &all->cpus);
    (void)pthread_mutex_lock(&all->lock);
    while ((job = next_job(w)) != NULL) {
        (void)pthread_mutex_unlock(&all->lock);
        job->run(job);
        (void)pthread_mutex_lock(&all->lock);
        list_append(&all->done, &job->link);
        (void)pthread_cond_broadcast(&w->changed);
        if (!all->closing)
            (void)uv_async_send(&all->async);
    }
    (void)pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* ---- The loop's side ---- */

/** Take a finished job of @w, or of any worker if @w is NULL. NULL: none. Under the lock. */
static struct host_job *take_done(struct workers *all, const struct host_worker *w)
{
    for (struct list *i = all->done.next; i != &all->done; i = i->next) {
        struct host_job *job = container_of(i, struct host_job, link);

        if (w == NULL || job->worker == w) {
            list_del(&job->link);
            return job;
        }
    }
    return NULL;
}

static void on_done(uv_async_t *async)
{
    struct workers *all = async->data;
    struct host_job *job;

    do {
        (void)pthread_mutex_lock(&all->lock);
        job = take_done(all, NULL);
        (void)pthread_mutex_unlock(&all->lock);
        if (job != NULL)
            job->done(job);
    } while (job != NULL);
}

int workers_new(uv_loop_t *loop, struct workers **out)
{
    struct workers *all = calloc(1, sizeof(*all));
    int err;

    if (all == NULL)
        return -ENOMEM;
    list_init(&all->done);
    err = uv_async_init(loop, &all->async, on_done);
    if (err < 0) {
        free(all);
        return err;
    }
    uv_unref((uv_handle_t *)&all->async); /* the machines that wait keep the loop alive */
    all->async.data = all;
    (void)sched_getaffinity(0, sizeof(all->cpus), &all->cpus);
    (void)pthread_mutex_init(&all->lock, NULL);
    *out = all;
    return 0;
}

/** Free it when it is closed and its last worker is freed. */
static void free_unused(struct workers *all)
{
    if (!all->closed || all->count > 0)
        return;
    (void)pthread_mutex_destroy(&all->lock);
    free(all);
}

static void on_closed(uv_handle_t *handle)
{
    struct workers *all = handle->data;

    all->closed = true;
    free_unused(all);
}

void workers_close(struct workers *all)
{
    (void)pthread_mutex_lock(&all->lock);
    all->closing = true;
    (void)pthread_mutex_unlock(&all->lock);
    uv_close((uv_handle_t *)&all->async, on_closed);
}

/** Start the thread with all signals blocked. */
static int start(struct host_worker *w)
{
    pthread_attr_t attr;
    sigset_t none;
    sigset_t before;
    int err;

    (void)sigfillset(&none);
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, WORKER_STACK_SIZE);
    (void)pthread_sigmask(SIG_SETMASK, &none, &before);
    err = pthread_create(&w->thread, &attr, work, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attr);
    return err == 0 ? 0 : -ENOMEM;
}

int worker_new(struct workers *all, struct host_worker **out, struct why *why)
{
    struct host_worker *w;
    pthread_condattr_t attr;
    int err;

    if (all->count >= WORKERS_MAX)
        return why_add(why, -EMFILE, "the daemon has reached its limit of slow filesystems, %d",
                       WORKERS_MAX);
    w = calloc(1, sizeof(*w));
    if (w == NULL)
        return -ENOMEM;
    w->all = all;
    list_init(&w->jobs);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&w->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    err = start(w);
    if (err < 0) {
        (void)pthread_cond_destroy(&w->changed);
        free(w);
        return err;
    }
    all->count++;
    *out = w;
    return 0;
}

void worker_post(struct host_worker *w, struct host_job *job)
{
    job->worker = w;
    (void)pthread_mutex_lock(&w->all->lock);
    list_append(&w->jobs, &job->link);
    (void)pthread_cond_broadcast(&w->changed);
    (void)pthread_mutex_unlock(&w->all->lock);
}

void worker_wait(struct host_worker *w, uint64_t deadline_ns)
{
    const struct timespec until = {.tv_sec = (time_t)(deadline_ns / NS_PER_S),
                                   .tv_nsec = (long)(deadline_ns % NS_PER_S)};
    struct host_job *job;
    int err = 0;

    (void)pthread_mutex_lock(&w->all->lock);
    while ((job = take_done(w->all, w)) == NULL && err == 0)
        err = pthread_cond_timedwait(&w->changed, &w->all->lock, &until);
    (void)pthread_mutex_unlock(&w->all->lock);
    if (job != NULL)
        job->done(job);
}

void worker_free(struct host_worker *w)
{
    struct workers *all = w->all;

    (void)pthread_mutex_lock(&all->lock);
    w->ending = true;
    (void)pthread_cond_broadcast(&w->changed);
    (void)pthread_mutex_unlock(&all->lock);
    (void)pthread_join(w->thread, NULL);
    (void)pthread_cond_destroy(&w->changed);
    free(w);
    all->count--;
    free_unused(all);
}
