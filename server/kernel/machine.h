/* SPDX-License-Identifier: MIT */
/*
 * A machine: one simulated computer. Nothing is global: everything the kernel has hangs on a
 * machine.
 *
 * A machine lives on one thread. It changes only by inputs (input.h): a call begins, a program
 * faults, a tick. So the same inputs in the same order have the same outcome. Sample, as in the
 * daemon:
 *
 *     machine_new(&spec, &ops, host, &m);
 *     machine_mount(m, "root", "sqlitefs", "source=/var/…/root.db", &why);  // a name of init
 *     proc_new(m->init, &p);                                                // a session's process
 *     proc_copy_names(m->init, p);
 *     proc_drive(p, "shell");
 *     … call_begin() …            machine_tick(m) when host_ops.wake_at() asked for it
 *     machine_free(m);
 *
 * The clock is real or virtual. A virtual clock stands still until everything waits, then jumps to
 * the next timer. Everything waits when no guest runs, no call is ready to continue or paused, and
 * no session holds the clock (machine_hold(): it is thinking about its next call). Processes that
 * only yield don't stop the clock, nor does a guest that lost its turn (turn.h). clock.h moves it
 * by hand.
 */
#ifndef SERVER_KERNEL_MACHINE_H
#define SERVER_KERNEL_MACHINE_H

#include "fsdrivers/fsdriver.h"
#include "schema/machine_limits.h"
#include "server/kernel/byteq.h"
#include "server/kernel/call/fault.h"
#include "server/kernel/event.h"
#include "server/kernel/host_ops.h"
#include "server/kernel/proc/proc.h"
#include "server/kernel/stack.h"
#include "server/kernel/timer.h"

enum clock_kind { CLOCK_REAL, CLOCK_VIRTUAL };

/** The end of all clocks: 200 years, so that file stamps fit 64 bits. A wait beyond it lasts until
 * it is cancelled, and no virtual clock jumps to its end. */
#define MACHINE_CLOCK_END (UINT64_C(200) * 365 * 86400 * 1000000000)

/** The number of objects of a machine. Every test ends with the census it began with. */
struct census {
    uint32_t procs, names, fds, views, files, mounts, nodes, regions, mapped, calls, timers;
};

struct input;

struct machine_spec {
    const char *name; /* copied */
    enum clock_kind clock;
    bool lockstep; /* on a virtual clock: guests stand still while a session holds the machine */
    uint64_t seed; /* of its random numbers */
    struct machine_limits limits; /* 0: the default */
    fs_open_fn fs_open;           /* makes filesystems: registry_open() */
    fs_trait_fn fs_waits;         /* which drivers may wait: registry_waits(); NULL none */
    fs_trait_fn fs_helps; /* which have a process of the host: registry_helps(); NULL none */
    /** Of a machine that is played again: called before a slot of a slow filesystem (machine.slots), to give
     * the inputs that came while the machine stood still for it. Such a machine does not stand
     * still. Else NULL. */
    void (*on_slot)(void *user, struct machine *m);
    /** Called once, from inside the call or fault that ended init: free the machine later. */
    void (*on_end)(void *user, struct machine *m);
    /** Called with a sentence when a store lost data, which is an EVENT_NOTE, too; or NULL. */
    void (*on_loss)(void *user, struct machine *m, const char *what);
    /** Called for each input before it is carried out: input.h. NULL: inputs are not logged. */
    void (*on_input)(void *user, struct machine *m, const struct input *in);
    /** Called by machine_answer(); NULL: answers are not logged. */
    void (*on_answer)(void *user, struct machine *m, int64_t result, const void *bytes, size_t len);
    void *user; /* the owner's own */
};

struct turn;

/*
 * The parts of a machine. Each belongs to the file that its comment names: others read its members,
 * append to its lists or set its timers as that file's header allows, and change nothing else.
 */

/** Its clock and its timers: clock.h. machine_hold() and machine_guest_busy() keep the counts. */
struct clock {
    struct timer_heap timers;      /* on the machine's clock */
    struct timer_heap goals;       /* struct clock_goal.timer: of a virtual clock */
    struct timer_heap host_timers; /* on the host's clock */
    uint64_t virtual_ns;           /* the virtual clock */
    uint64_t started_ns;           /* host_ops.now_ns() at machine_new(), for the real one */
    uint64_t goals_set;            /* so far */
    uint32_t holds;                /* machine_hold() */
    uint32_t busy_guests;
};

/** Which guest runs: turn.h. */
struct turn_queue {
    struct list waiting;  /* struct turn.link: guests that could run */
    struct turn *running; /* on a virtual clock: the guest whose turn it is; or NULL */
    struct timer slice;   /* on the host's clock, while others wait for that one */
};

/** Calls that go on by themselves: the tick, wait.h and transfer.h. */
struct ready {
    struct list calls;   /* struct call.wait: continued at the next tick */
    struct list in_line; /* struct call.in_line: sliced transfers that have the line */
    struct list behind;  /* struct call.wait: calls behind these */
    struct list woken;   /* struct waitq.woken: queues whose calls wait_settle() tries again */
    bool settling;       /* it is doing so */
    uint64_t
        acts; /* calls except YIELD that began or ended, and other acts that affect processes */
};

/** Who listens: event.h. */
struct watch {
    struct list listeners;
    struct list stalled; /* struct call.wait: continued when listeners keep up */
    uint32_t stalls;     /* machine_stall() */
    unsigned kinds;      /* union of the listeners' kinds */
    uint64_t events;     /* emitted so far */
    uint64_t added;      /* listeners, so far */
    bool emitted;        /* the call being carried out has emitted an event */
};

/** Mappings whose owner is gone and whose pages are not stored yet: late.h. */
struct late {
    struct list mappings; /* struct mapping.late */
    size_t count;
    size_t failed;      /* of these: refused by their store */
    uint32_t retry_ms;  /* until the next attempt */
    struct timer timer; /* on the host's clock, while the list has members */
};

/** A stack of its own, and standing still: stack.h. */
struct stand {
    struct fiber *stack;      /* owned; NULL: the machine runs on the stack of whoever enters */
    struct fiber *next_stack; /* owned; becomes `stack` at the next tick; or NULL */
    struct slow *slot;        /* the machine stands still for this one; NULL: it does not */
    struct slow *slot_of;     /* whose slot it waits for, still or not; NULL: none */
    uint64_t slots;           /* of slow filesystems, called so far, and rests */
    uint64_t work;            /* since the last rest: layer.c */
    uint64_t hurry_ns;        /* slow_hurry() */
    struct list entries;      /* struct entry.link: inputs queued meanwhile */
    struct entry *entering;   /* what is about to be carried out on the stack */
    bool interrupted;         /* a slot of the running call was interrupted and answered -EINTR */
};

/** The input that is being carried out, and what a log needs to know: input.h. */
struct input_state {
    uint32_t depth;     /* inputs that are running, nested */
    uint64_t now_ns;    /* the host's time of the outermost, while inputs are logged */
    uint64_t wall_ns;   /* the same of its calendar */
    uint64_t callbacks; /* done(), run(), listeners and the like, so far */
    uint64_t answers;   /* machine_answer(), so far */
};

struct machine {
    char *name;
    const struct host_ops *ops;
    void *host;
    struct host_alarm alarm; /* the host's own */
    struct machine_spec spec;
    struct machine_limits limits;

    struct clock clock;
    struct turn_queue turns;
    struct ready ready;
    struct watch watch;
    struct late late;
    struct stand stand;
    struct input_state input;
    struct fault_table faults;
    uint64_t random_state;

    /* Processes and filesystems. */
    struct proc *init;  /* pid 1; NULL once the machine has ended */
    struct proc *procs; /* uthash by pid */
    int32_t next_pid;
    struct list paused; /* struct call.wait: held before they are carried out */
    bool pause_new;     /* processes made from now on are paused */
    struct list mounts;

    /* What it holds of what its limits count. */
    struct census census;
    struct aspace_pool memory; /* of all processes */
    struct byteq_pool queued;  /* of all channels and terminals */
    uint64_t listings;         /* bytes of listings of open directories */
    uint64_t storage;          /* bytes of filesystems in memory */
    uint64_t helpers;          /* filesystems with a process of the host */
    uint64_t labels;           /* bytes of the labels of open files */
    uint64_t args;             /* bytes of the processes' arguments and environments */
    uint64_t descriptors;      /* of the daemon: machine_take_descriptors() */
    uint32_t channels;
    uint64_t channel_ends_made;

    uint64_t calls_total;   /* calls begun */
    uint32_t calls_running; /* calls that are being carried out, one inside another */
    struct entry tick;
    bool ticking;
    struct entry ending;
};

/**
 * Make a machine with its init process, driven and without names.
 * @spec     borrowed for the call; its strings are copied, its user is kept.
 * @ops      borrowed while the machine exists; @host is passed to each of them.
 * @out      returned; machine_free().
 * Returns   0, -ENOMEM.
 */
int machine_new(const struct machine_spec *spec, const struct host_ops *ops, void *host,
                struct machine **out);

/** End all processes, which cancels their calls, and what the machine would have done later: nothing is left
 * then but the struct. No callback of its spec is called from here on. From an entry of its stack
 * (stack.h), so that it may stand still in it. */
void machine_end(struct machine *m);

/** machine_end(), and release everything. A machine that machine_end() has not ended has the whole loop wait
 * for its slow filesystems, each up to its time limit. Not from inside a call, a done() or a
 * machine_tick(). NULL is fine. */
void machine_free(struct machine *m);

/** Report data that a store lost: machine_spec.on_loss() and EVENT_NOTE. */
void machine_loss(struct machine *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** The limits used where a spec has 0. */
extern const struct machine_limits machine_default_limits;

/**
 * Check a limit before one more object is made.
 * @held     objects that exist.
 * @name     of the limit's row, for the reason.
 * Returns   0; @err with the reason in @why.
 */
int machine_check_room(uint64_t held, uint64_t limit, int err, const char *name, struct why *why);

/** Add the reason if channels and terminals are at their limit of bytes. Returns -ENOMEM. */
int machine_explain_queued(const struct machine *m, struct why *why);

/**
 * Count descriptors of the daemon that the machine is about to use.
 * @err      the errno of a refusal, as the call's row declares it; the reason is in @why.
 * Returns   0; @err past the machine's limit, or if the daemon has none left for it.
 */
int machine_take_descriptors(struct machine *m, uint32_t count, int err, struct why *why);

/** Give descriptors back. */
void machine_give_descriptors(struct machine *m, uint32_t count);

/**
 * Make a filesystem and name it in init's namespace, as MAKE_FS does, but from any source.
 * @m        its init has not ended.
 * @name, @driver  borrowed.
 * @opts     borrowed; "key=value,key", source=… included; NULL: none.
 * @why      receives the reasons of a refusal; or NULL.
 * Returns   as SC_MAKE_FS, but never -EACCES or -EBADF.
 */
int machine_mount(struct machine *m, const char *name, const char *driver, const char *opts,
                  struct why *why);

/**
 * Do what is due: commit stores, continue calls that yielded, let a virtual clock jump if
 * everything waits, wake sleepers; then ask wake_at() for the next tick. The host calls it as
 * wake_at() asked; earlier calls are harmless.
 */
void machine_tick(struct machine *m);

/**
 * Log the host's answer, or that of a guest's memory, to a question asked inside an input. A replay
 * needs these answers.
 * @bytes    borrowed for the call; @len bytes of the answer; or NULL.
 * Returns   @result.
 */
int64_t machine_answer(struct machine *m, int64_t result, const void *bytes, size_t len);

/** The host's time, host_ops.now_ns(). While inputs are logged it is constant during each of them,
 * so the log needs only one time for each. */
uint64_t machine_host_ns(const struct machine *m);

/** Nanoseconds of the machine's clock since it was made; below MACHINE_CLOCK_END. */
uint64_t machine_now_ns(const struct machine *m);

/** Nanoseconds since the epoch, for file stamps: wall clock, or a fixed date plus the virtual
 * clock. */
uint64_t machine_stamp_ns(const struct machine *m);

/** The machine's time @usecs from now; at most MACHINE_CLOCK_END. */
uint64_t machine_after_ns(const struct machine *m, uint64_t usecs);

/** Fill @buf with the next random bytes of the machine's seed. */
void machine_random(struct machine *m, void *buf, size_t len);

/** Keep a virtual clock from jumping. Holds are counted; machine_release() ends one. */
void machine_hold(struct machine *m);

/** End one machine_hold(). */
void machine_release(struct machine *m);

/**
 * A listener can't keep up: from now on calls that emit events continue only after
 * machine_unstall(), so that no event is lost. A call whose beginning was emitted waits before it
 * is carried out; one whose handler emitted an event waits before it finishes. Stalls are counted.
 */
void machine_stall(struct machine *m);
void machine_unstall(struct machine *m);

/** A guest starts or stops running on the host. Virtual time stands still while one runs. */
void machine_guest_busy(struct task *t, bool busy);

/** Ask the host for the machine_tick() that the timers and lists need. */
void machine_arm(struct machine *m);

/** Count the machine's objects. O(processes); for tests and statistics. */
void machine_census(const struct machine *m, struct census *out);

#endif
