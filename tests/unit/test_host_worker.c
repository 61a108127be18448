/* SPDX-License-Identifier: MIT */
/* Workers of the host, in a real loop. */
#include "server/host/worker.h"
#include "tests/fini.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

enum { JOBS = 100 };

static uv_loop_t loop;
static uv_idle_t others; /* what else a loop has to do: workers do not keep it */
static struct workers *all;
static int order[JOBS];
static int finished;

/** A job that waits until it may go on, and looks at the thread that it runs on. */
struct work {
    struct host_job job;
    int number;
    pthread_mutex_t *gate; /* held by who keeps it; NULL nobody does */
    pthread_t ran_on;
    pthread_t told_on;
    sigset_t blocked;
    cpu_set_t cpus;
};

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void setup(void)
{
    finished = 0;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(uv_idle_init(&loop, &others), 0);
    cr_assert_eq(uv_idle_start(&others, on_idle), 0);
    cr_assert_eq(workers_new(&loop, &all), 0);
}

static void teardown(void)
{
    uv_close((uv_handle_t *)&others, NULL);
    workers_close(all);
    fini_assert(uv_run(&loop, UV_RUN_DEFAULT) == 0, "the loop goes on");
    fini_assert(uv_loop_close(&loop) == 0, "a handle is left in the loop");
}

TestSuite(worker, .init = setup, .fini = teardown);

static void run(struct host_job *job)
{
    struct work *w = container_of(job, struct work, job);

    w->ran_on = pthread_self();
    (void)pthread_sigmask(SIG_SETMASK, NULL, &w->blocked);
    (void)sched_getaffinity(0, sizeof(w->cpus), &w->cpus);
    if (w->gate == NULL)
        return;
    (void)pthread_mutex_lock(w->gate);
    (void)pthread_mutex_unlock(w->gate);
}

static void done(struct host_job *job)
{
    struct work *w = container_of(job, struct work, job);

    w->told_on = pthread_self();
    order[finished++] = w->number;
}

static void post(struct host_worker *worker, struct work *w, int number, pthread_mutex_t *gate)
{
    *w = (struct work){.job = {.run = run, .done = done}, .number = number, .gate = gate};
    list_init(&w->job.link);
    worker_post(worker, &w->job);
}

static struct host_worker *make_worker(void)
{
    struct host_worker *w;

    cr_assert_eq(worker_new(all, &w, NULL), 0);
    return w;
}

Test(worker, jobs_run_elsewhere_in_order_and_are_told_here)
{
    struct host_worker *w = make_worker();
    struct work work[JOBS];

    for (int i = 0; i < JOBS; i++)
        post(w, &work[i], i, NULL);
    while (finished < JOBS)
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    for (int i = 0; i < JOBS; i++) {
        cr_assert_eq(order[i], i);
        cr_assert_not(pthread_equal(work[i].ran_on, pthread_self()));
        cr_assert(pthread_equal(work[i].told_on, pthread_self()));
    }
    worker_free(w);
}

Test(worker, takes_no_signals)
{
    struct host_worker *w = make_worker();
    struct work work;

    post(w, &work, 0, NULL);
    worker_wait(w, UINT64_MAX / 2);
    cr_assert_eq(finished, 1);
    for (int s = 1; s <= SIGSYS; s++)
        cr_assert(sigismember(&work.blocked, s) == 1 || s == SIGKILL || s == SIGSTOP, "%d", s);
    worker_free(w);
}

Test(worker, has_all_cpus_when_the_loop_keeps_to_one)
{
    struct host_worker *w;
    struct work work;
    cpu_set_t before;
    cpu_set_t one;

    cr_assert_eq(sched_getaffinity(0, sizeof(before), &before), 0);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &before))
            CPU_SET(i, &one);
    }
    cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
    w = make_worker();
    post(w, &work, 0, NULL);
    worker_wait(w, UINT64_MAX / 2);
    cr_assert(CPU_EQUAL(&work.cpus, &before));
    worker_free(w);
}

Test(worker, one_that_is_waited_for_in_vain_is_told_of_later)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct host_worker *slow = make_worker();
    struct host_worker *quick = make_worker();
    struct work a;
    struct work b;

    (void)pthread_mutex_lock(&gate);
    post(slow, &a, 1, &gate);
    post(quick, &b, 2, NULL);
    worker_wait(slow, uv_hrtime());
    cr_assert_eq(finished, 0);
    worker_wait(quick, UINT64_MAX / 2);
    cr_assert_eq(finished, 1);
    cr_assert_eq(order[0], 2);
    (void)pthread_mutex_unlock(&gate);
    while (finished < 2)
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    worker_free(slow);
    worker_free(quick);
}

Test(worker, one_comes_back_when_the_loop_is_gone)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct workers *old = all;
    struct host_worker *w = make_worker();
    struct work work;

    (void)pthread_mutex_lock(&gate);
    post(w, &work, 0, &gate);
    workers_close(old);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    (void)pthread_mutex_unlock(&gate);
    worker_wait(w, UINT64_MAX / 2);
    cr_assert_eq(finished, 1);
    worker_free(w); /* and what they shared */
    cr_assert_eq(workers_new(&loop, &all), 0);
}

Test(worker, at_most_so_many_EMFILE)
{
    struct host_worker *w[WORKERS_MAX];
    struct host_worker *more;
    struct why why = WHY_INIT;

    for (int i = 0; i < WORKERS_MAX; i++)
        w[i] = make_worker();
    cr_assert_eq(worker_new(all, &more, &why), -EMFILE);
    cr_assert_eq(why.count, 1);
    why_done(&why);
    worker_free(w[0]);
    w[0] = make_worker();
    for (int i = 0; i < WORKERS_MAX; i++)
        worker_free(w[i]);
}
