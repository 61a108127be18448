/* SPDX-License-Identifier: MIT */
/* The bridge: its guests, and the ends and stops of their host processes. */
#include "server/bridge/bridge.h"

#include "server/base/check.h"
#include "server/base/list.h"
#include "server/bridge/cpu.h"
#include "server/bridge/guest.h"
#include "server/kernel/input.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/**
 * What is done in one loop turn; the loop's other work comes between. A call of a stopped guest may
 * take several host calls in its name, and for each the guest has to get the processor: where many
 * want that, it takes milliseconds.
 */
enum {
    STOPS_PER_TURN = 64,  /* stops and ends taken */
    SERVING_NS = 1000000, /* stopped guests are served until then, at least one */
};

/* Stops and ends. */

void bridge_take_end(struct guest *g)
{
    const int signal = g->tracee.signal;

    if (g->proc == NULL)
        guest_release(g);
    else if (signal == SIGSYS) /* filter.c: KILL_PROCESS */
        guest_fail(g, FAIL_EXCEPTION,
                   "an entry to the host's kernel by another architecture's call is no gate");
    else
        guest_fail(g, FAIL_EXCEPTION, "the host ended the guest (%s)",
                   signal != 0 ? strsignal(signal) : "exit");
}

/** Take one stop or end of a guest, if there is one. */
static void look_at(struct guest *g)
{
    if (!tracee_poll(&g->tracee))
        return;
    list_del(&g->stopped);
    if (g->tracee.at == AT_GONE) {
        guest_reaped(g);
        bridge_take_end(g);
    } else {
        list_append(&g->bridge->stopped, &g->stopped);
    }
}

/** Do what a stopped guest wants. */
static void serve(struct guest *g)
{
    if (g->proc == NULL)
        return; /* killed meanwhile: its end comes next */
    if (g->tracee.at == AT_ENTRY)
        guest_on_entry(g);
    else if (g->tracee.at == AT_SIGNAL)
        guest_on_signal(g);
    else
        guest_fail(g, FAIL_EXCEPTION, "the host stopped the guest for no reason known here");
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
            return;
    }
}

/** Find a child that has something to tell, and leave it to be waited for. */
static pid_t next_child(void)
{
    siginfo_t info = {0};

    if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL | __WNOTHREAD) < 0)
        return 0;
    return info.si_pid;
}

/** Wait for a child that is no guest: an orphan that we inherited, as PID 1 does. Left as it is, it
 * would stand before ours in next_child(). */
static void reap_orphan(pid_t pid)
{
    (void)waitpid(pid, NULL, WNOHANG | WUNTRACED | __WALL);
}

/** Take stops and ends. Returns whether there may be more. */
static bool take_some(struct bridge *b)
{
    for (int i = 0; i < STOPS_PER_TURN; i++) {
        pid_t pid = next_child();
        struct guest *g;

        if (pid == 0)
            return false;
        HASH_FIND(hh, b->guests, &pid, sizeof(pid), g);
        if (g != NULL)
            look_at(g);
        else
            reap_orphan(pid);
    }
    return true;
}

static void on_sigchld(uv_poll_t *poll, int status, int events)
{
    struct bridge *b = poll->data;
    struct signalfd_siginfo info;
    bool more;

    (void)status;
    (void)events;
    while (read(b->sigchld, &info, sizeof(info)) > 0)
        continue;
    more = take_some(b);
    serve_some(b);
    if (more || !list_empty(&b->stopped))
        (void)pthread_kill(pthread_self(), SIGCHLD); /* the rest next turn */
}

/* Making and closing. */

static int watch_sigchld(struct bridge *b)
{
    sigset_t set;
    sigset_t old;

    (void)signal(SIGCHLD, SIG_DFL); /* who started us may have had it ignored: nothing would come */
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    b->sigchld = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (b->sigchld < 0)
        return -errno;
    (void)pthread_sigmask(SIG_BLOCK, &set, &old);
    b->had_sigchld = sigismember(&old, SIGCHLD) == 1;
    return uv_poll_init(b->loop, &b->poll, b->sigchld);
}

static void release(struct bridge *b)
{
    for (size_t i = 0; i < sizeof(b->spawner) / sizeof(b->spawner[0]); i++) {
        if (b->spawner[i] != NULL)
            spawner_done(b->spawner[i]);
        free(b->spawner[i]);
    }
    if (b->sigchld >= 0)
        (void)close(b->sigchld);
    jail_done(&b->jail);
    notify_done(&b->notify);
    free(b);
}

/** Whether a seccomp filter of somebody else's is on the daemon, and so on its guests. */
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
    *b = (struct bridge){.loop = loop, .sigchld = -1, .filtered = is_filtered()};
    bridge_set_patching(b, true);
    list_init(&b->stopped);
    err = notify_init(&b->notify);
    if (err == 0)
        err = watch_sigchld(b);
    jail_init(&b->jail); /* has children of its own */
    if (err < 0) {
        release(b);
        return err;
    }
    affinity_init(&b->affinity, loop);
    b->poll.data = b;
    (void)uv_poll_start(&b->poll, UV_READABLE, on_sigchld);
    *out = b;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct bridge *b = handle->data;
    bridge_closed_fn closed = b->closed;
    void *user = b->closed_user;
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    if (!b->had_sigchld)
        (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
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
    err = spawner_init(s, mine->arch, mine->filter, &b->jail, why);
    if (err < 0) {
        free(s);
        return err;
    }
    *place = s;
    *out = s;
    return 0;
}

/** Whether a descriptor is the listener of a guest. */
static bool is_known(const struct bridge *b, int fd)
{
    for (const struct guest *g = b->guests; g != NULL; g = g->hh.next) {
        if (g->listener == fd)
            return true;
    }
    return false;
}

/** Close the listener that a child left behind, if it did: one that no guest has. */
static void close_lost_listener(const struct bridge *b)
{
    static const char wanted[] = "anon_inode:seccomp notify";
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const int fd = (int)strtol(entry->d_name, NULL, 10);
        char target[sizeof(wanted)] = "";

        if (readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1) > 0 &&
            strcmp(target, wanted) == 0 && !is_known(b, fd))
            (void)close(fd);
    }
    if (dir != NULL)
        (void)closedir(dir);
}

/** Make a tracee; a failure leaves nothing behind. */
static int make_tracee(const struct bridge *b, struct spawner *s, struct tracee *out,
                       int *out_listener, struct why *why)
{
    int err = spawn_tracee(s, out, out_listener, why);

    if (err < 0 && *out_listener == SPAWN_LISTENER_LOST)
        close_lost_listener(b);
    return err;
}

/** Undo make_tracee(). */
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
        err = make_tracee(b, s, &t, &listener, why);
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
        err = make_tracee(b, s, &t, &listener, why);
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
