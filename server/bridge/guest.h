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
 * The three conditions on the last line become true in any order; each calls guest_release(), and the
 * last one frees the guest. If the guest ends without kill(), it is reaped before kill().
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

/** How a call arrived, and so how it is answered. */
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
    bool reaped; /* waited for: no longer in bridge->guests, and the pid may be another process's */
    struct list running; /* in bridge->running: it runs outside a notified call, so it may stop */
    struct list stopped; /* in bridge->stopped: it has stopped or ended, and was not served yet */
    int listener;
    uv_poll_t poll; /* of the listener */
    bool poll_closed;

    /* When it may run, and how it continues then. */
    struct turn turn;
    bool begun;     /* it has run before: it continues with an answer */
    int64_t result; /* the answer */

    /* The call it is in. */
    bool in_call;
    enum guest_via via;
    uint64_t notify_id; /* VIA_NOTIFY */
    struct call call;
    struct marshal marshal;
    bool lost; /* a failed injected call left it unable to continue */

    /* int40.c: the gate of i386 guests. */
    struct sites sites; /* rewritten sites */
    bool patching;
    uint32_t lent_site; /* rewritten for the next call only; 0: none */

    uint64_t tsc_readings; /* answered by cpu.c */
    unsigned notes;        /* calls of guest_note() so far */
};

/** The bridge's own state, shared with its guests. */
struct bridge {
    uv_loop_t *loop;
    struct sigchld sigchld;
    int news;       /* epoll set: the signalfd, and the pidfds of all tracees */
    uv_poll_t poll; /* of `news` */
    bool filtered;  /* under a foreign seccomp filter: see guest_fault.c */
    bool patching;
    struct guest *guests; /* by host pid: not reaped yet */
    size_t guest_count;   /* not freed yet */
    struct list running;  /* struct guest.running */
    size_t running_count;
    struct list stopped; /* struct guest.stopped, longest stopped first */
    struct jail jail;
    struct affinity affinity;
    struct spawner *spawner[ABI_COUNT]; /* as guest_abis[], made when first needed */
    struct notify notify;               /* the notification being served */
    bridge_closed_fn closed;
    void *closed_user;
    bool closing;
};

/**
 * Make the guest of a loaded tracee; it starts when it has its turn, after this has returned.
 * @abi        of the loaded image.
 * @t          taken on success, with its listener.
 * Returns     0; -ENOMEM.
 */
int guest_start(struct bridge *b, struct proc *proc, const struct guest_abi *abi,
                const struct tracee *t, int listener, struct guest **out);

/** Free a guest, if nothing refers to it any more. */
void guest_release(struct guest *g);

/**
 * The guest runs again, so it may stop; if it could not be continued, end it.
 * @err      returned by tracee_answer(), tracee_resume() or tracee_continue(); 0: its notified call was answered.
 */
void guest_went_on(struct guest *g, int err);

/** It can't stop any more: it has stopped or ended, is in a notified call, or will be reaped. No effect if
 * called again. */
void guest_stands(struct guest *g);

/** The tracee is AT_GONE. No effect if called again. */
void guest_reaped(struct guest *g);

/** bridge.c: the tracee has ended, by the host or by our own SIGKILL. May free the guest. */
void bridge_take_end(struct guest *g);

/** bridge.c: a guest was made; a guest was freed. */
void bridge_guest_made(struct bridge *b);
void bridge_guest_freed(struct bridge *b);

/** End the process of a guest because of what it did. */
void guest_fail(struct guest *g, int32_t fail_code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Emit an EVENT_NOTE about a guest; only a limited number of times, so that it can't flood listeners. */
void guest_note(struct guest *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** guest_call.c: turn.run of a guest. */
void guest_run(struct turn *t);

/** guest_call.c: stop a guest right behind its call, before its next instruction, so that its registers
 * can be read. It can only be ended then. Returns whether it has stopped there. */
bool guest_stop_behind_call(struct guest *g);

/** guest_call.c: a notification may have come. */
void guest_on_notify(uv_poll_t *poll, int status, int events);

/** guest_call.c: the tracee is AT_ENTRY. */
void guest_on_entry(struct guest *g);

/** guest_call.c: take a call of any number and @via: the guest's turn ends here, and only
 * guest_send_answer() asks for the next one. */
void guest_take(struct guest *g, enum guest_via via, int nr, const uint64_t args[ARCH_ARGS]);

/** guest_call.c: the call has finished: release g->call, and answer the guest. */
void guest_finish(struct guest *g, int64_t result);

/** guest_call.c: send an answer when the guest has its turn. */
void guest_send_answer(struct guest *g, int64_t result);

/** guest_fault.c: the tracee is AT_SIGNAL. */
void guest_on_signal(struct guest *g);

/** The first address that the guest may not use. */
static inline uint64_t guest_user_limit(const struct guest *g)
{
    return g->abi->kernel->user_limit;
}

#endif
