/* SPDX-License-Identifier: MIT */
/*
 * The life of a call: one place through which every call of every gate goes.
 *
 *     call_init()  ->  arguments filled in by the gate  ->  call_begin()
 *                                                              |
 *                             0 or -errno, done() not called <-+-> SC_PENDING: parked
 *                                                                      |
 *                          call_finish() by whoever it waited for,     |
 *          or call_cancel(): kill, disconnect, $/cancelRequest         v
 *                                                       done(call), exactly once
 *     call_done()  when the gate has no more use for it
 *
 * The gate owns the struct and everything the arguments point to, and keeps both until the call has
 * finished. It never touches a parked call but by call_cancel(). A process's calls in flight are
 * cancelled with -ECANCELED when it ends; `call->proc` is NULL afterwards, and already during
 * done(). A call begun for a process that has ended is answered with -ECANCELED, too.
 *
 * done() finds the machine's books in order and may do anything a gate may do: begin calls, end
 * processes, cancel other calls. The exception is machine_free(), which has to wait until the
 * machine is left.
 *
 *     struct call c;
 *     call_init(&c, proc, &abi_driven, SC_CLOSE, on_done, session);
 *     c.args.close.fd = 3;
 *     if (call_begin(&c) != SC_PENDING) {
 *         answer(c.status, &c.out, &c.why);
 *         call_done(&c);
 *     }
 *
 * EXIT ends the process inside of call_begin(): it returns 0, and call->proc is NULL.
 *
 * While the machine stands still (stack.h), a call that begins is queued, and one that a slow filesystem
 * keeps waiting is parked as far as its gate can see: call_begin() may answer SC_PENDING for any call. Only
 * a call without done(), which no gate makes, has the whole loop wait.
 *
 * Before its handler a call passes those who watch: listeners are told (event.h), a paused process
 * holds it (pause.h), fault rules may delay, change or refuse it (fault.h). Each can hold the call,
 * which then is parked like any other; nobody watching costs a few comparisons. A call without
 * done() is never held. Held calls of one process are carried out in the order they began, but for
 * those that a rule delays: they wait as long as it says, whatever begins meanwhile.
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

/** Told once that a parked call has finished: status, out and why are final. May free the call. */
typedef void (*call_done_fn)(struct call *call);

enum call_state { CALL_NEW, CALL_QUEUED, CALL_RUNNING, CALL_PARKED, CALL_FINISHED };

/** What a call passes, in this order. */
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
 * How a gate moves what is longer than its buffer: the buffer has the first bytes, all that follow go
 * through a slice, of which one is moved a turn of the loop (transfer.h). Positions are in the whole.
 */
struct call_mover {
    size_t first_size; /* bytes of the argument that the buffer has */
    char *slice;       /* they go through here; the first CALL_HEAD bytes of the buffer stay */
    size_t slice_size; /* 0: the buffer is all that is moved */
    /** Copy bytes of the argument to the slice. Returns 0; -EIO the caller is being ended. */
    int (*fetch)(struct call_mover *mover, uint64_t at, size_t size);
    /** Copy bytes of the result to where the caller wants them. @bytes borrowed, the buffer's or the
     * slice's. Returns as fetch(). */
    int (*deliver)(struct call_mover *mover, uint64_t at, const char *bytes, size_t size);
};

/** Who watches sees no more of a transfer than so many bytes from its start. */
enum { CALL_HEAD = 4096 };

struct call {
    /* Set by the gate, before call_begin(). */
    struct proc *proc;     /* who calls; NULL once that process has ended */
    struct task *task;     /* of proc; NULL with it */
    const struct abi *abi; /* by which it is made: abi_driven, or a guest's */
    int nr;                /* SC_*: one that sc_call_by_nr() knows */
    union sc_args args;
    call_done_fn done; /* called only when call_begin() returned SC_PENDING */
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
    char *text; /* owned: what results of kind rpath point to; or NULL */

    /* For who watches. */
    int32_t pid;       /* of proc; stays once that process has ended */
    uint64_t seq;      /* its number among the machine's calls, from 1 */
    uint64_t begun_ns; /* the machine's clock when it began; 0 when nobody listened */
    uint32_t fault;    /* the fault rule that changed it, 0 none: of several, whose error it is */
    bool made_up;      /* its outcome is a rule's or a person's, or it was ended while it was held:
                          its row may not list the errno */

    /* The kernel's own. */
    enum call_state state;
    struct entry entry;  /* that it begins; once begun, that it is cancelled */
    int cancelled;       /* what call_cancel() said while the machine stood still; or 0 */
    bool waited;         /* call_begin() has answered SC_PENDING because the machine stood still */
    enum call_step next; /* where it goes on */
    bool traced;         /* its beginning was told */
    bool held;           /* parked by who watches, not by its handler */
    bool queued;         /* counted in task.queued */
    int refusal;         /* what a fault rule makes of it: 0 or -errno */
    size_t transfer_max; /* most bytes that it transfers: call_cut() */
    uint64_t moved;      /* bytes of a transfer that are moved */
    uint64_t stored;     /* up to where in its file write_back() has come */
    bool again;          /* parked after a slice: its handler is to be carried out again */
    struct list in_line; /* in machine->in_line, while nobody else may come between its slices */
    const struct mount *line_mount; /* what for: a file, or NULL the log */
    uint64_t line_ino;
    struct machine *machine;
    struct list in_task;    /* in task.calls while in flight */
    struct list wait;       /* in the list it waits in, while parked there; then in call_tell()'s */
    struct timer timer;     /* while parked on the clock */
    struct wait_set *waits; /* owned; the files it waits for, while parked there; or NULL */
};

/**
 * Make a call ready for its arguments, which are all zero then.
 * @call     borrowed; not in flight.
 * @proc     borrowed; who calls. It must not be freed before call_begin(); from then on it may be.
 * @abi      by which the call is made.
 * @nr       SC_*: one that sc_call_by_nr() knows.
 * @done     NULL for calls that never park.
 */
void call_init(struct call *call, struct proc *proc, const struct abi *abi, int nr,
               call_done_fn done, void *user);

/**
 * Carry a call out.
 * @call     borrowed; all its gate's members are set. Until done() when the answer is SC_PENDING.
 * Returns   0 or -errno, which call->status holds too: what the handler says, -ECANCELED of an
 *           ended process; or SC_PENDING.
 */
int call_begin(struct call *call);

/** Release what a finished or never begun call holds (reasons). */
void call_done(struct call *call);

/** End a parked call with @err, a negative errno (usually -ECANCELED); done() is called. A call that
 * has acted, and is only held until listeners keep up, ends as it would have. Harmless on a call
 * that is not parked. */
void call_cancel(struct call *call, int err);

/** Add a reason, with @err as the value: return call_why(call, -EINVAL, "…"). */
#define call_why(call, err, ...) why_add(&(call)->why, (err), __VA_ARGS__)

/* For handlers. */

/** Park in a wait list; whoever owns the list finishes the call. Returns SC_PENDING. */
int call_park(struct call *call, struct list *waiters);

/** Park in a list whose calls go on later, as machine->ready: the handler is carried out again then.
 * Returns SC_PENDING. */
int call_park_again(struct call *call, struct list *waiters);

/**
 * Park until the machine's clock is at @deadline_ns; the call then finishes with 0. From
 * MACHINE_CLOCK_END on that is never, and only call_cancel() ends it. Returns SC_PENDING; -ENOMEM.
 */
int call_park_until(struct call *call, uint64_t deadline_ns);

/** Park until a file of @set is ready: wait_settle() finishes the call. It may be parked on the clock
 * as well. @set taken; it has the call in its lines. Returns SC_PENDING. */
int call_park_waiting(struct call *call, struct wait_set *set);

/** Finish a parked call: results are in place. Calls done(). */
void call_finish(struct call *call, int status);

/** How many of @size bytes the call shall transfer. */
static inline size_t call_cut(const struct call *call, uint64_t size)
{
    return size < call->transfer_max ? (size_t)size : call->transfer_max;
}

/* For who holds calls. */

/** Whether it can be held: somebody will be told when it finishes, and its process lives. */
bool call_may_wait(const struct call *call);

/** Hand a held call to the machine's next tick. Calls that its process begins meanwhile go behind
 * it. */
void call_release(struct call *call);

/** Let a parked call go on where it was held; one that was carried out finishes with call->status.
 * May call done(). */
void call_go_on(struct call *call);

/** Have a held call not carried out: it finishes with @status, 0 or -errno, when it goes on. */
void call_skip(struct call *call, int status);

/* For processes that end. */

/** Take the process away from its calls in flight. Those that are parked are over then, with
 * -ECANCELED, and go to the list @over: call_tell() must follow, once everything else is in order.
 * @over may be NULL once the process has ended: calls begun since then never park. */
void call_abandon_all(struct proc *p, struct list *over);

/** Call done() of the calls that call_abandon_all() ended. */
void call_tell(struct list *over);

#endif
