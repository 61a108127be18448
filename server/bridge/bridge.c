/* SPDX-License-Identifier: MIT */
/* The bridge: its guests, and the ends and stops of their host processes. */
#include "server/bridge/bridge.h"

#include "server/base/check.h"
#include "server/base/list.h"
#include "server/bridge/guest.h"
#include "server/bridge/tracee/cpu.h"
#include "server/kernel/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/**
 * What is done in one loop turn; the loop's other work comes between. A call of a stopped guest may
 * take several host calls in its name, and for each the guest has to get the processor: where many
 * want that, it takes milliseconds.
 */
enum {
    SERVING_NS = 1000000, /* stopped guests are served until then, at least one */
    NEWS_PER_TURN = 64,
    SIGCHLD_CAME = 0, /* data of an event of struct bridge.news; all others are tracee.h's */
    ONE_BY_ONE_MAX =
        16,        /* more running guests are checked only after the host has reported a stop */
    ASKED_MAX = 2, /* stops that the host is asked for until then */
};

/* Stops and ends. */

void bridge_take_end(struct guest *g)
{
    const int signal = g->tracee.signal;

    if (g->proc == NULL)
        guest_release(g);
    else if (signal == SIGSYS) /* filter.c: KILL_PROCESS */
        guest_fail(g, FAIL_EXCEPTION,
                   "an entry to the host's kernel by another architecture's call is not a gate");
    else
        guest_fail(g, FAIL_EXCEPTION, "the host ended the guest (%s)",
                   signal != 0 ? strsignal(signal) : "exit");
}

/** Take one stop or end of a guest, if there is one; it is acted on later. */
static void look_at(struct guest *g)
{
    if (!tracee_poll(&g->tracee))
        return;
    guest_stands(g);
    if (g->tracee.at == AT_GONE)
        guest_reaped(g);
    list_del(&g->stopped);
    list_append(&g->bridge->stopped, &g->stopped);
}

/** Do what a stopped guest wants. */
static void serve(struct guest *g)
{
    if (g->tracee.at == AT_GONE)
        bridge_take_end(g);
    else if (g->proc == NULL)
        return; /* killed meanwhile: its end comes next */
    else if (g->tracee.at == AT_ENTRY)
        guest_on_entry(g);
    else if (g->tracee.at == AT_SIGNAL)
        guest_on_signal(g);
    else
        guest_fail(g, FAIL_EXCEPTION, "the host stopped the guest for an unknown reason");
}

/** Serve stopped guests in the order they stopped, so that none waits for ever. */
static void serve_some(struct bridge *b)
{
    const uint64_t end = uv_hrtime() + SERVING_NS;

    while (!list_empty(&b->stopped)) {
        struct guest *g = container_of(b->stopped.next, struct guest, stopped);

        list_del(&g->stopped);
        serve(g);
        if (uv_hrtime() >= end)
            break;
    }
    if (!list_empty(&b->stopped))
        sigchld_again(&b->sigchld); /* the rest next turn */
}

/* Only guests that run outside a notified call can stop, and these are few: the others wait in one. So
 * that a SIGCHLD costs the same beside any number of guests that wait, only those are looked at. No
 * child that is not of this bridge is ever waited for. */

/** Ask the host for a stopped child of this thread, and leave it to be waited for. That is about a tenth of
 * looking at each, but it goes through all guests, waiting ones too. Returns its pid; 0 none. */
static pid_t ask_for_stopped(void)
{
    siginfo_t info = {0};

    if (waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG | WNOWAIT | __WALL | __WNOTHREAD) < 0)
        return 0;
    return info.si_pid;
}

/** Take what the host is asked for. Returns whether there may be more. A stopped child that is no guest
 * stays where it is, before all others. */
static bool take_asked(struct bridge *b)
{
    for (int i = 0; i < ASKED_MAX; i++) {
        const pid_t pid = ask_for_stopped();
        struct guest *g;

        if (pid == 0)
            return false;
        HASH_FIND(hh, b->guests, &pid, sizeof(pid), g);
        if (g != NULL)
            look_at(g);
    }
    return true;
}

/** Take the stops of all guests. */
static void take_stops(struct bridge *b)
{
    struct list *next;

    if (b->running_count > ONE_BY_ONE_MAX && !take_asked(b))
        return;
    for (struct list *i = b->running.next; i != &b->running; i = next) {
        next = i->next;
        look_at(container_of(i, struct guest, running));
    }
}

/** Take the end that an event reports. */
static void take_end(struct bridge *b, uint64_t data)
{
    struct tracee t = tracee_end_of(b->news, data);
    struct guest *g;

    HASH_FIND(hh, b->guests, &t.pid, sizeof(t.pid), g);
    if (g != NULL)
        look_at(g);
    else
        (void)tracee_poll(&t); /* one that never became a guest */
}

static void on_news(uv_poll_t *poll, int status, int events)
{
    struct bridge *b = poll->data;
    struct epoll_event news[NEWS_PER_TURN];
    const int count = epoll_wait(b->news, news, NEWS_PER_TURN, 0);

    (void)status;
    (void)events;
    for (int i = 0; i < count; i++) {
        if (news[i].data.u64 != SIGCHLD_CAME) {
            take_end(b, news[i].data.u64);
        } else {
            sigchld_read(&b->sigchld);
            take_stops(b);
        }
    }
    serve_some(b);
}

/* Making and closing. */

/** Have stops and ends arrive in on_news(). */
static int watch_news(struct bridge *b)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = SIGCHLD_CAME};
    int err = sigchld_open(&b->sigchld);

    if (err < 0)
        return err;
    b->news = epoll_create1(EPOLL_CLOEXEC);
    if (b->news < 0 || epoll_ctl(b->news, EPOLL_CTL_ADD, b->sigchld.fd, &event) < 0)
        return -errno;
    return uv_poll_init(b->loop, &b->poll, b->news);
}

static void release(struct bridge *b)
{
    for (size_t i = 0; i < sizeof(b->spawner) / sizeof(b->spawner[0]); i++) {
        if (b->spawner[i] != NULL)
            spawner_done(b->spawner[i]);
        free(b->spawner[i]);
    }
    if (b->sigchld.fd >= 0)
        sigchld_close(&b->sigchld);
    if (b->news >= 0)
        (void)close(b->news);
    jail_done(&b->jail);
    notify_done(&b->notify);
    free(b);
}

/** Whether the daemon, and so each guest, has a foreign seccomp filter. */
static bool is_filtered(void)
{
    return prctl(PR_GET_SECCOMP) > 0;
}

int bridge_new(uv_loop_t *loop, struct bridge **out)
{
    struct bridge *b = calloc(1, sizeof(*b));
    int err;

    if (b == NULL)
        return -ENOMEM;
    *b = (struct bridge){.loop = loop, .sigchld.fd = -1, .news = -1, .filtered = is_filtered()};
    bridge_set_patching(b, true);
    list_init(&b->running);
    list_init(&b->stopped);
    err = notify_init(&b->notify);
    if (err == 0)
        err = watch_news(b);
    jail_init(&b->jail); /* has children of its own */
    sigchld_drop_orphans();
    if (err < 0) {
        release(b);
        return err;
    }
    affinity_init(&b->affinity, loop);
    b->poll.data = b;
    (void)uv_poll_start(&b->poll, UV_READABLE, on_news);
    *out = b;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct bridge *b = handle->data;
    bridge_closed_fn closed = b->closed;
    void *user = b->closed_user;

    release(b);
    if (closed != NULL)
        closed(user);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct bridge *b = container_of((uv_timer_t *)handle, struct bridge, affinity.timer);

    uv_close((uv_handle_t *)&b->poll, on_closed);
}

static void close_when_empty(struct bridge *b)
{
    if (b->closing && b->guest_count == 0)
        affinity_close(&b->affinity, on_timer_closed);
}

void bridge_guest_made(struct bridge *b)
{
    if (b->guest_count++ == 0)
        affinity_begin(&b->affinity);
}

void bridge_guest_freed(struct bridge *b)
{
    if (--b->guest_count == 0)
        affinity_end(&b->affinity);
    close_when_empty(b);
}

/** A guest whose process still lives; NULL when there is none. */
static struct guest *living_guest(struct bridge *b)
{
    for (struct guest *g = b->guests; g != NULL; g = g->hh.next) {
        if (g->proc != NULL)
            return g;
    }
    return NULL;
}

static void end_by_stop(struct proc *p)
{
    struct input in = {.kind = INPUT_END,
                       .end = {.pid = p->pid, .state = PS_KILLED, .text = "the daemon stops"}};

    (void)machine_input(p->machine, &in);
}

void bridge_close(struct bridge *b, bridge_closed_fn closed, void *user)
{
    const struct guest *g;

    b->closed = closed;
    b->closed_user = user;
    b->closing = true;
    while ((g = living_guest(b)) != NULL)
        end_by_stop(g->proc);
    close_when_empty(b);
}

void bridge_set_patching(struct bridge *b, bool patching)
{
    b->patching = patching && !b->filtered;
}

/* Spawning. */

/** The spawner of an ABI, made when first needed. */
static int get_spawner(struct bridge *b, const struct abi *abi, struct why *why,
                       struct spawner **out)
{
    const struct guest_abi *mine = guest_abi_of(abi);
    struct spawner **place = &b->spawner[mine - guest_abis];
    struct spawner *s = *place;
    int err;

    if (s != NULL) {
        *out = s;
        return 0;
    }
    s = malloc(sizeof(*s));
    if (s == NULL)
        return -ENOMEM;
    err = spawner_init(s, mine->arch, mine->filter, &b->jail, b->news, why);
    if (err < 0) {
        free(s);
        return err;
    }
    *place = s;
    *out = s;
    return 0;
}

/** Undo spawn_tracee(). */
static void discard(struct tracee *t, int listener)
{
    tracee_discard(t);
    (void)close(listener);
}

int bridge_probe(struct bridge *b, const struct abi *abi, struct why *why)
{
    struct spawner *s;
    struct tracee t;
    int listener;
    int err = get_spawner(b, abi, why, &s);

    if (err == 0)
        err = spawn_tracee(s, &t, &listener, why);
    if (err == 0)
        discard(&t, listener);
    return err;
}

bool bridge_has_root(const struct bridge *b)
{
    return b->jail.root_fd >= 0;
}

bool bridge_choose_cpu(struct bridge *b)
{
    struct why why = WHY_INIT;
    struct spawner *s;

    if (get_spawner(b, abis[0], &why, &s) == 0) /* any will do */
        affinity_choose(&b->affinity, s, &b->notify);
    why_done(&why);
    return b->affinity.wanted;
}

int bridge_spawn(struct bridge *b, struct proc *proc, const struct exec_image *image,
                 struct why *why, struct executor **out)
{
    const struct guest_abi *abi = guest_abi_of(image->abi);
    struct spawner *s;
    struct guest *g;
    struct tracee t;
    int listener;
    int err = get_spawner(b, image->abi, why, &s);

    if (err == 0)
        err = spawn_tracee(s, &t, &listener, why);
    if (err < 0)
        return err;
    affinity_free_guest(&b->affinity, t.pid);
    if (proc->machine->spec.lockstep)
        err = cpu_hide(&t);
    if (err == 0)
        err = abi->load(&t, image, why);
    if (err == 0)
        err = guest_start(b, proc, abi, &t, listener, &g);
    if (err < 0) {
        discard(&t, listener);
        return err == -ESRCH || err == -EIO ? why_add(why, -EAGAIN, "the host ended the guest")
                                            : err;
    }
    *out = &g->x;
    return 0;
}
