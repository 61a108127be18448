/* SPDX-License-Identifier: MIT */
#include "server/bridge/affinity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    LOOK_MS = 1000,    /* between two looks at the CPU */
    BUSY_PERCENT = 20, /* of that time waited: others are busy on it */
    ROUNDS = 3,        /* of the probe, each way */
    CALLS = 40,        /* in a round */
    CALL_WAIT_MS = 50, /* for one call: else the probe is over */
    FREE_PERCENT = 80, /* of the time on one CPU: the thread stays free if it needs less */
    NS_PER_MS = 1000000,
    PERCENT = 100,
};

void affinity_init(struct affinity *a, uv_loop_t *loop)
{
    *a = (struct affinity){.wanted = false};
    (void)sched_getaffinity(0, sizeof(a->allowed), &a->allowed);
    (void)uv_timer_init(loop, &a->timer);
    uv_unref((uv_handle_t *)&a->timer);
    a->timer.data = a;
}

void affinity_close(struct affinity *a, uv_close_cb closed)
{
    affinity_end(a);
    uv_close((uv_handle_t *)&a->timer, closed);
}

/** Keep the thread to the CPU that it is on. */
static void keep(struct affinity *a)
{
    const int cpu = sched_getcpu();
    cpu_set_t one;

    if (cpu < 0 || cpu >= CPU_SETSIZE)
        return;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    a->kept = sched_setaffinity(0, sizeof(one), &one) == 0;
}

static void leave(struct affinity *a)
{
    if (a->kept)
        (void)sched_setaffinity(0, sizeof(a->allowed), &a->allowed);
    a->kept = false;
}

/** How long this thread has waited for a CPU since it began, in ns; 0 if the host does not report it. */
static uint64_t waited_ns(void)
{
    FILE *f = fopen("/proc/thread-self/schedstat", "re");
    uint64_t waited = 0;

    if (f == NULL)
        return 0;
    if (fscanf(f, "%*u %" SCNu64, &waited) != 1)
        waited = 0;
    (void)fclose(f);
    return waited;
}

static void on_look(uv_timer_t *timer)
{
    const uint64_t busy = (uint64_t)LOOK_MS * NS_PER_MS * BUSY_PERCENT / PERCENT;
    struct affinity *a = timer->data;
    uint64_t now = waited_ns();
    bool is_busy = now - a->waited > busy;

    a->waited = now;
    if (!a->kept)
        keep(a);
    else if (is_busy)
        leave(a);
}

void affinity_begin(struct affinity *a)
{
    if (!a->wanted)
        return;
    keep(a);
    a->waited = waited_ns();
    (void)uv_timer_start(&a->timer, on_look, LOOK_MS, LOOK_MS);
}

void affinity_end(struct affinity *a)
{
    (void)uv_timer_stop(&a->timer);
    leave(a);
}

void affinity_free_guest(const struct affinity *a, pid_t pid)
{
    if (a->kept)
        (void)sched_setaffinity(pid, sizeof(a->allowed), &a->allowed);
}

/* The probe: a guest that does nothing but make calls. */

struct probe {
    struct tracee t;
    int listener;
    int epoll; /* as the loop waits */
    struct notify *notify;
};

/** Make a new tracee call sched_yield for ever, from its trampoline. */
static int start_calling(struct probe *p)
{
    const struct arch *arch = p->t.arch;
    const unsigned char nr = (unsigned char)arch->host_nr[HOST_SCHED_YIELD];
    /* mov $nr, %eax; the call; jmp back */
    const unsigned char code[] = {0xB8, nr,  0, 0, 0, arch->call_insn[0], arch->call_insn[1],
                                  0xEB, 0xF7};
    const uint64_t at = arch->trampoline + UINT64_C(2) * CALL_INSN_SIZE;
    struct epoll_event event = {.events = EPOLLIN};

    if (tracee_write(&p->t, at, code, sizeof(code)) < 0 ||
        epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->listener, &event) < 0)
        return -1;
    p->t.regs.rip = at;
    return tracee_resume(&p->t);
}

/** Take one call, and answer it. */
static int answer_one(const struct probe *p)
{
    struct epoll_event event;

    if (epoll_wait(p->epoll, &event, 1, CALL_WAIT_MS) != 1 || (event.events & EPOLLIN) == 0 ||
        notify_receive(p->notify, p->listener) < 0)
        return -1;
    return notify_answer(p->notify, p->listener, p->notify->request->id, 0);
}

/** Time a round. Returns ns, UINT64_MAX when it failed. */
static uint64_t time_round(const struct probe *p)
{
    uint64_t start = uv_hrtime();

    for (int i = 0; i < CALLS; i++) {
        if (answer_one(p) < 0)
            return UINT64_MAX;
    }
    return uv_hrtime() - start;
}

/** Put the guest on another CPU than this thread; the scheduler may move it from there. */
static void move_guest_away(const struct affinity *a, pid_t pid)
{
    const int cpu = sched_getcpu();
    cpu_set_t others = a->allowed;

    if (cpu < 0 || cpu >= CPU_SETSIZE)
        return;
    CPU_CLR((size_t)cpu, &others);
    if (sched_setaffinity(pid, sizeof(others), &others) == 0)
        (void)sched_setaffinity(pid, sizeof(a->allowed), &a->allowed);
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static uint64_t median(uint64_t rounds[ROUNDS])
{
    qsort(rounds, ROUNDS, sizeof(*rounds), by_size);
    return rounds[ROUNDS / 2];
}

/**
 * Time both ways: first with both threads free, then with ours kept. A free guest that shares our CPU by
 * chance calls as fast as with our thread kept. Later the scheduler moves it away, which a probe is too
 * short to see. So our thread is left free only if it is slower when it is kept.
 */
static void compare(struct affinity *a, const struct probe *p)
{
    uint64_t free_rounds[ROUNDS];
    uint64_t kept_rounds[ROUNDS];
    uint64_t kept;

    for (int i = 0; i < ROUNDS; i++) {
        move_guest_away(a, p->t.pid);
        free_rounds[i] = time_round(p);
    }
    keep(a);
    for (int i = 0; i < ROUNDS; i++)
        kept_rounds[i] = time_round(p);
    leave(a);
    kept = median(kept_rounds);
    a->wanted = kept != UINT64_MAX && kept / PERCENT * FREE_PERCENT < median(free_rounds);
}

void affinity_choose(struct affinity *a, struct spawner *s, struct notify *notify)
{
    struct why why = WHY_INIT;
    struct probe p = {.epoll = -1, .notify = notify};

    if (CPU_COUNT(&a->allowed) < 2)
        return;
    if (spawn_tracee(s, &p.t, &p.listener, &why) == 0) {
        p.epoll = epoll_create1(EPOLL_CLOEXEC);
        if (p.epoll >= 0 && start_calling(&p) == 0)
            compare(a, &p);
        if (p.epoll >= 0)
            (void)close(p.epoll);
        tracee_discard(&p.t);
        (void)close(p.listener);
    }
    why_done(&why);
}
