/* SPDX-License-Identifier: MIT */
/*
 * A guest: the executor of one process that runs a real program.
 *
 *     guest_start() -> runs <--> in a call, perhaps parked (the answer is not sent yet)
 *                       |            |
 *                       +-- kill() --+   by the kernel, once: the process has ended, proc is NULL
 *                             |
 *              SIGKILL sent, fds closed --> reaped --> handle closed, call finished --> freed
 *
 * The three conditions on the last line come true in any order; whoever makes the last one true
 * frees the guest (guest_release()). When the host ends the guest by itself, reaping comes before
 * kill().
 */
#ifndef SERVER_BRIDGE_GUEST_H
#define SERVER_BRIDGE_GUEST_H

#include "server/bridge/affinity.h"
#include "server/bridge/bridge.h"
#include "server/bridge/guest_abi.h"
#include "server/bridge/marshal.h"
#include "server/bridge/sites.h"
#include "server/bridge/tracee/sigchld.h"
#include "server/bridge/tracee/spawn.h"
#include "server/bridge/tracee/tracee.h"
#include "server/kernel/call/call.h"
#include "server/kernel/hash.h"
#include "server/kernel/turn.h"

/** How a call came, and so how it is answered. */
enum guest_via { VIA_NOTIFY, VIA_STOP };

struct guest {
    struct executor x;
    struct bridge *bridge;
    struct proc *proc; /* NULL once killed */
    const struct guest_abi *abi;

    /* The host process. */
    struct tracee tracee;
    UT_hash_handle hh; /* in bridge->guests by host_pid, until reaped */
    pid_t host_pid;
    bool reaped; /* waited for: it is in bridge->guests no more, the pid may be another's */
    struct list
        running; /* in bridge->running: it runs outside of a notified call, so it may stop */
    struct list stopped; /* in bridge->stopped: it has stopped or ended, and waits to be served */
    int listener;
    uv_poll_t poll; /* of the listener */
    bool poll_closed;

    /* When it may run, and how it goes on then. */
    struct turn turn;
    bool begun;     /* it has run before: it goes on with an answer */
    int64_t result; /* the answer */

    /* The call it is in. */
    bool in_call;
    enum guest_via via;
    uint64_t notify_id; /* VIA_NOTIFY */
    struct call call;
    struct marshal marshal;
    bool lost; /* a host call in its name left it in no state to go on */

    /* int40.c: the gate of i386 guests. */
    struct sites sites; /* rewritten for good */
    bool patching;
    uint32_t lent_site; /* rewritten for the next call only; 0 none */

    uint64_t tsc_readings; /* answered by cpu.c */
    unsigned notes;        /* guest_note() so far */
};

/** The bridge's own state, shared with its guests. */
struct bridge {
    uv_loop_t *loop;
    struct sigchld sigchld;
    int news;       /* epoll set: the signalfd, and the pidfds of all tracees */
    uv_poll_t poll; /* of that */
    bool filtered;  /* under a foreign seccomp filter: see guest_fault.c */
    bool patching;
    struct guest *guests; /* by host pid: not reaped yet */
    size_t guest_count;   /* not freed yet */
    struct list running;  /* struct guest.running */
    size_t running_count;
    struct list stopped; /* struct guest.stopped, the longest first */
    struct jail jail;
    struct affinity affinity;
    struct spawner *spawner[ABI_COUNT]; /* as guest_abis[], made when first needed */
    struct notify notify;               /* of the call that is looked at */
    bridge_closed_fn closed;
    void *closed_user;
    bool closing;
};

/**
 * Wrap a loaded tracee; it starts when it is its turn, after this has returned.
 * @abi        whose image was loaded.
 * @t          taken on success, with its listener.
 * Returns     0; -ENOMEM.
 */
int guest_start(struct bridge *b, struct proc *proc, const struct guest_abi *abi,
                const struct tracee *t, int listener, struct guest **out);

/** Free a guest that nothing refers to any more; harmless otherwise. */
void guest_release(struct guest *g);

/**
 * Take the outcome of whatever lets a guest run: it may stop from now on; one that cannot go on ends.
 * @err      as tracee_answer(), tracee_resume() or tracee_continue() returns it; 0 its notified call was answered.
 */
void guest_went_on(struct guest *g, int err);

/** It has stopped or ended, is in a notified call, or will be gone: it cannot stop any more. Harmless when
 * that was said before. */
void guest_stands(struct guest *g);

/** The tracee is AT_GONE. Harmless when that was told before. */
void guest_reaped(struct guest *g);

/** bridge.c: act on the end of a tracee, by the host's doing or after our own SIGKILL. May free the
 * guest. */
void bridge_take_end(struct guest *g);

/** bridge.c: a guest was made; a guest was freed. */
void bridge_guest_made(struct bridge *b);
void bridge_guest_freed(struct bridge *b);

/** End the process of a guest because of what it did. */
void guest_fail(struct guest *g, int32_t fail_code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Tell listeners something odd about a guest; a limited number of times, lest it floods them. */
void guest_note(struct guest *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** guest_call.c: turn.run of a guest. */
void guest_run(struct turn *t);

/** guest_call.c: stop a guest right behind its call, before it runs on, so that its registers can be read. It
 * can only be ended then. Returns whether it stands there. */
bool guest_stop_behind_call(struct guest *g);

/** guest_call.c: a notification may have come. */
void guest_on_notify(uv_poll_t *poll, int status, int events);

/** guest_call.c: the tracee is AT_ENTRY. */
void guest_on_entry(struct guest *g);

/** guest_call.c: take a call of any number, from whichever way it came: the guest's turn ends here, and
 * only guest_send_answer() asks for the next one. */
void guest_take(struct guest *g, enum guest_via via, int nr, const uint64_t args[ARCH_ARGS]);

/** guest_call.c: the call is over, for the guest too: g->call is released, and answered. */
void guest_finish(struct guest *g, int64_t result);

/** guest_call.c: send an answer when it is the guest's turn. */
void guest_send_answer(struct guest *g, int64_t result);

/** guest_fault.c: the tracee is AT_SIGNAL. */
void guest_on_signal(struct guest *g);

/** The first address that the guest may not use. */
static inline uint64_t guest_user_limit(const struct guest *g)
{
    return g->abi->kernel->user_limit;
}

#endif
