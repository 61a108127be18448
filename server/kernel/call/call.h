/* SPDX-License-Identifier: MIT */
/*
 * The life of a call: the one path that every call of every gate takes.
 *
 *     call_init()  ->  arguments filled in by the gate  ->  call_begin()
 *                                                              |
 *                             0 or -errno, done() not called <-+-> SC_PENDING: parked
 *                                                                      |
 *          call_finish() by what it waited for,                        |
 *          or call_cancel(): kill, disconnect, $/cancelRequest         v
 *                                                       done(call), exactly once
 *     call_done()  when the gate does not need it any more
 *
 * The gate owns the struct and everything that its arguments point to, and keeps both until the
 * call has finished. It touches a parked call only by call_cancel(). When a process ends, its calls
 * in flight are cancelled with -ECANCELED; `call->proc` is NULL from then on, in done() too. A call
 * that begins for an ended process is answered with -ECANCELED as well.
 *
 * When done() is called, the machine's books are in order. It may do whatever a gate may: begin
 * calls, end processes, cancel other calls. Only machine_free() must wait until the machine has
 * returned.
 *
 *     struct call c;
 *     call_init(&c, proc, &abi_driven, SC_CLOSE, on_done, session);
 *     c.args.close.fd = 3;
 *     if (call_begin(&c) != SC_PENDING) {
 *         answer(c.status, &c.out, &c.why);
 *         call_done(&c);
 *     }
 *
 * EXIT ends the process inside call_begin(), which returns 0; call->proc is NULL then.
 *
 * While the machine stands still (stack.h), a call that begins is queued, and one that a slow filesystem
 * keeps waiting is parked as far as its gate can see: call_begin() may answer SC_PENDING for any call. Only
 * a call without done(), which no gate makes, has the whole loop wait.
 *
 * Before its handler runs, a call passes its observers: its beginning is emitted (event.h), a
 * paused process holds it (pause.h), fault rules delay, change or refuse it (fault.h). Each may
 * hold the call, which is then parked like any other; without observers this costs a few
 * comparisons. A call without done() is never held. The held calls of a process are carried out in
 * the order in which they began, except delayed ones: those wait for their delay, and later calls
 * overtake them.
 */
#ifndef SERVER_KERNEL_CALL_CALL_H
#define SERVER_KERNEL_CALL_CALL_H

#include "schema/calls.h"
#include "server/base/list.h"
#include "server/base/why.h"
#include "server/kernel/abi.h"
#include "server/kernel/stack.h"
#include "server/kernel/timer.h"

#include <stdbool.h>

struct call;
struct proc;
struct task;
struct turn;
struct machine;
struct wait_set;

/** Called once when a parked call has finished, with its final results. May free the call. */
typedef void (*call_done_fn)(struct call *call);

enum call_state { CALL_NEW, CALL_QUEUED, CALL_RUNNING, CALL_PARKED, CALL_FINISHED };

/** The steps of a call, in this order. */
enum call_step {
    STEP_TELL,
    STEP_QUEUE,
    STEP_PAUSE,
    STEP_FAULTS,
    STEP_REFUSE,
    STEP_HANDLER,
    STEP_COUNT
};

/**
 * How a gate transfers more bytes than its buffer holds: the buffer has the first bytes, the others
 * go through a slice, one a turn of the loop (transfer.h). Positions count from the first byte.
 */
struct call_mover {
    size_t first_size; /* bytes of the argument in the buffer */
    char *slice;       /* the other bytes pass through it; the buffer's first CALL_HEAD stay */
    size_t slice_size; /* 0: the buffer has all bytes */
    /** Copy bytes of the argument to the slice. Returns 0; -EIO the caller is being ended. */
    int (*fetch)(struct call_mover *mover, uint64_t at, size_t size);
    /** Copy bytes of the result to the caller. @bytes borrowed, of the buffer or the slice. Returns
     * as fetch(). */
    int (*deliver)(struct call_mover *mover, uint64_t at, const char *bytes, size_t size);
};

/** Observers see only that many bytes of a transfer, from its start. */
enum { CALL_HEAD = 4096 };

struct call {
    /* Set by the gate, before call_begin(). */
    struct proc *proc;     /* the caller; NULL once it has ended */
    struct task *task;     /* of proc; NULL with it */
    const struct abi *abi; /* abi_driven, or the guest's */
    int nr;                /* SC_*, known to sc_call_by_nr() */
    union sc_args args;
    call_done_fn done; /* called only if call_begin() returned SC_PENDING */
    void *user;        /* the gate's own */
    struct turn
        *turn; /* of a guest: it ends when the call begins (take_call() sets it); else NULL */
    struct call_mover
        *mover; /* of a transfer longer than the gate's buffer: the data's len is that of
                                 the whole; else NULL */

    /* Results, valid once finished. */
    union sc_out out; /* SC_READ: out.read.data is lent by the gate before call_begin() */
    int status;       /* 0 or -errno */
    struct why why;
    char *text; /* owned; what results of kind rpath point to; or NULL */

    /* For observers. */
    int32_t pid;       /* of proc; stays after its end */
    uint64_t seq;      /* its number among the machine's calls, from 1 */
    uint64_t begun_ns; /* the machine's clock when it began; 0 without listeners */
    uint32_t fault;    /* the fault rule that changed it, 0: none; of several, the error's */
    bool imposed;      /* a rule, a person or the end of a held call set its outcome:
                          its row may not list the errno */

    /* The kernel's own. */
    enum call_state state;
    struct entry entry;  /* its call_begin(); once begun, its call_cancel() */
    int cancelled;       /* errno of a call_cancel() while the machine stood still; or 0 */
    bool waited;         /* call_begin() answered SC_PENDING because the machine stood still */
    enum call_step next; /* where it continues */
    bool traced;         /* EVENT_CALL was emitted */
    bool held;           /* parked by an observer, not by its handler */
    bool queued;         /* counted in task.queued */
    int refusal;         /* a fault rule's result: 0 or -errno */
    size_t transfer_max; /* the most bytes it transfers: call_cut() */
    uint64_t moved;      /* bytes of a transfer moved so far */
    uint64_t stored;     /* position of write_back() in its file */
    bool again;          /* parked after a slice: its handler is called again */
    struct list in_line; /* in machine->in_line, while no other call may come between its slices */
    const struct mount *line_mount; /* the file it has the line for, or NULL: the log */
    uint64_t line_ino;
    struct machine *machine;
    struct list in_task;    /* in task.calls while in flight */
    struct list wait;       /* in the list it is parked in; then in call_tell()'s */
    struct timer timer;     /* while parked on the clock */
    struct wait_set *waits; /* owned; the files it is parked for; or NULL */
};

/**
 * Initialise a call; its arguments are zero.
 * @call     borrowed; not in flight.
 * @proc     borrowed; the caller. It must not be freed before call_begin(); then it may be.
 * @abi      the ABI of the caller.
 * @nr       SC_*, known to sc_call_by_nr().
 * @done     NULL for calls that never park.
 */
void call_init(struct call *call, struct proc *proc, const struct abi *abi, int nr,
               call_done_fn done, void *user);

/**
 * Carry out a call.
 * @call     borrowed, until done() if the answer is SC_PENDING; the gate's members are set.
 * Returns   0 or -errno, also in call->status: the handler's result, or -ECANCELED for an ended
 *           process; or SC_PENDING.
 */
int call_begin(struct call *call);

/** Free what a finished or never begun call holds (reasons). */
void call_done(struct call *call);

/** End a parked call with @err, a negative errno (usually -ECANCELED); calls done(). If the handler
 * has finished and only stalled listeners hold the call, its result stays. No effect on a call
 * that is not parked. */
void call_cancel(struct call *call, int err);

/** Add a reason, with @err as the value: return call_why(call, -EINVAL, "…"). */
#define call_why(call, err, ...) why_add(&(call)->why, (err), __VA_ARGS__)

/* For handlers. */

/** Park in a wait list; the list's owner finishes the call. Returns SC_PENDING. */
int call_park(struct call *call, struct list *waiters);

/** Park in a list whose calls continue later, like machine->ready: then the handler is called
 * again.
 * Returns SC_PENDING. */
int call_park_again(struct call *call, struct list *waiters);

/**
 * Park until the machine's clock is at @deadline_ns; then the call finishes with 0. With
 * MACHINE_CLOCK_END and later only call_cancel() ends it. Returns SC_PENDING; -ENOMEM.
 */
int call_park_until(struct call *call, uint64_t deadline_ns);

/** Park until a file of @set is ready: wait_settle() finishes the call. It may be parked on the
 * clock as well. @set taken; the call is in its queues. Returns SC_PENDING. */
int call_park_waiting(struct call *call, struct wait_set *set);

/** Finish a parked call whose results are in place. Calls done(). */
void call_finish(struct call *call, int status);

/** How many of @size bytes the call may transfer. */
static inline size_t call_cut(const struct call *call, uint64_t size)
{
    return size < call->transfer_max ? (size_t)size : call->transfer_max;
}

/* For observers, which hold calls. */

/** Whether a call can be held: it has done(), and its process lives. */
bool call_may_wait(const struct call *call);

/** Queue a held call for the machine's next tick. Calls that its process begins meanwhile queue
 * behind it. */
void call_release(struct call *call);

/** Continue a parked call at the step where it was held; one that was carried out finishes with
 * call->status. May call done(). */
void call_go_on(struct call *call);

/** Skip the handler of a held call: when it continues, it finishes with @status, 0 or -errno. */
void call_skip(struct call *call, int status);

/* For processes that end. */

/** Detach the process from its calls in flight. Parked calls end with -ECANCELED and move to the
 * list @over: call_tell() must follow, once the books are in order. @over may be NULL once the
 * process has ended: calls that begin after that never park. */
void call_abandon_all(struct proc *p, struct list *over);

/** Call done() of the calls that call_abandon_all() ended. */
void call_tell(struct list *over);

#endif
