/* SPDX-License-Identifier: MIT */
/*
 * Processes.
 *
 *     NEW_PROC            PROC_EXEC, or a session drives it
 *        |                       |
 *     LOADING ---------------> RUNNING ---EXIT---> DONE    ---+
 *        |                       |-------fault---> FAILURE ---+--> waited for: the record is freed
 *        +-------PROC_KILL-------+---------------> KILLED  ---+
 *
 * A process has a parent (except init), children, a namespace, fds, an address space and calls in
 * flight. All of these end with it: descendants first, then calls in flight (-ECANCELED), names,
 * fds and memory. Only the record with the status stays, until the parent waits for it or ends
 * itself. Pids are never reused in a machine. The machine ends with init.
 *
 * An end is complete before any callback runs: first all books are updated, then done() of the
 * calls it cancelled is called, then the parent's waits are answered. So callbacks may begin calls
 * and end further processes, and never see half of an end.
 */
#ifndef SERVER_KERNEL_PROC_PROC_H
#define SERVER_KERNEL_PROC_PROC_H

#include "schema/calls.h"
#include "server/base/list.h"
#include "server/kernel/executor.h"
#include "server/kernel/hash.h"
#include "server/kernel/proc/aspace.h"
#include "server/kernel/proc/ns.h"
#include "server/kernel/proc/recent.h"
#include "server/kernel/proc/task.h"
#include "server/kernel/stack.h"

#include <stdbool.h>

struct call;
struct machine;
struct tty;

/** An end requested from outside, while it is queued: stack.h. */
struct proc_end {
    struct entry entry;
    uint32_t state;
    int32_t code;
    char *text; /* owned; or NULL */
};

struct proc {
    /* As long as the record. */
    struct machine *machine;
    struct proc *parent; /* NULL of init */
    struct list sibling; /* in parent->children */
    UT_hash_handle hh;   /* in machine->procs */
    int32_t pid;
    uint32_t state;      /* PS_* */
    int32_t return_code; /* once ended */
    uint32_t uid;        /* init is user 0; children inherit it */
    uint32_t gid;
    char *program; /* its program's name, for people; owned; NULL: none yet */
    bool detached; /* a session's: its record is freed when it ends; has a tty */

    /* Until it ends. */
    struct task task;     /* its only one */
    struct list children; /* all not yet waited for, ended ones included */
    struct ns ns;
    struct fd_table fds;
    struct aspace memory;
    char *args; /* the answer of SC_ARGS, owned: proc_set_args(); NULL: none */
    size_t args_size;
    struct tty *tty; /* owned; of a session's process or init once needed; of others by tty_own() */
    struct recent recent;
    bool paused;  /* its calls are held: pause.h */
    bool in_view; /* scratch of procview_each() */

    /* Waiting for its children. */
    struct list ended; /* struct proc.ended_link, in the order they ended */
    struct list ended_link;
    struct list waiters; /* struct call.wait: its parked PROC_WAIT and PROC_WAIT_ANY calls */

    struct proc_end end;

    void *driver; /* the rpc layer's session of a driven process; opaque to the kernel */
};

/** Make a machine's init, driven and without names: machine->init. -ENOMEM. */
int proc_new_init(struct machine *m);

/** Make a child of @parent, which has not ended, in PS_LOADING and without names (NEW_PROC). @out
 * borrowed: it belongs to its parent. -EAGAIN past the machine's limit, -ENOMEM. */
int proc_new(struct proc *parent, struct proc **out);

/** The process with a pid, borrowed; NULL: none. */
struct proc *proc_find(struct machine *m, int32_t pid);

/** The direct child of @p with a pid, ended or not; NULL: none. */
struct proc *proc_child(struct proc *p, int32_t pid);

/** Whether @p is @ancestor or below it. */
bool proc_is_below(const struct proc *p, const struct proc *ancestor);

/** Whether @p is the process @pid or below it. False for NULL. */
bool proc_is_in(const struct proc *p, int32_t pid);

/** The caller of its calls. */
static inline struct fs_caller proc_caller(const struct proc *p)
{
    return (struct fs_caller){.pid = p->pid, .uid = p->uid, .gid = p->gid};
}

static inline bool proc_has_ended(const struct proc *p)
{
    return p->state >= PS_DONE;
}

/** Give @to every name of @from, with the same views. -EEXIST, -EMFILE, -ENOMEM: @to has some of
 * them, and the caller should end it. */
int proc_copy_names(struct proc *from, struct proc *to);

/** Give @to those names of @from that it does not have. -EMFILE, -ENOMEM: it got none; @why names
 * the one that did not fit. */
int proc_share_names(struct proc *from, struct proc *to, struct why *why);

/** Replace the arguments of a process. @args taken, @size bytes within the machine's limit; NULL
 * and 0: none. */
void proc_set_args(struct proc *p, char *args, size_t size);

/** Let a session drive a LOADING process: PS_RUNNING. @program copied, for people; or NULL. -EBUSY
 * not LOADING, -ENOMEM. */
int proc_drive(struct proc *p, const char *program);

/**
 * Start an image in a LOADING process: PS_RUNNING.
 * @bytes    borrowed for the call; @size bytes, the whole file.
 * @program  copied; its name for people.
 * @why      receives the reasons of a refusal; or NULL.
 * Returns   0; -EBUSY not LOADING, -ENOEXEC as elf_parse() or past the limits of memory, -ENOMEM,
 *           other -errno of host_ops.spawn(). On failure the process has not changed.
 * Source    schema/abi.md, Programs.
 */
int proc_exec(struct proc *p, const void *bytes, size_t size, const char *program, struct why *why);

/**
 * End a process: descendants, calls, names, fds, memory; then wake its parent.
 * @state    PS_DONE, PS_FAILURE or PS_KILLED; @code as proc_status.return_code.
 * @text     borrowed; for EVENT_END: why it failed, or NULL.
 * From outside of a machine that stands still it is queued (stack.h). No effect on an ended
 * process. Afterwards @p may be freed: because its parent waited, or because it is detached.
 */
void proc_end(struct proc *p, uint32_t state, int32_t code, const char *text);

/** End a guest whose program faulted: proc_end() with PS_FAILURE and a FAIL_* code. Its last calls
 * are appended to @text. */
void proc_fault(struct proc *p, int32_t fail_code, const char *text);

/** Free the record of an ended process (not init) that was waited for, and answer the other waits
 * for it. */
void proc_reap(struct proc *p);

/**
 * Park a PROC_WAIT or PROC_WAIT_ANY until a matching child ends, and reap the child.
 * @out      the call's result; filled when the answer is 0, now or when the call finishes.
 * Returns   SC_PENDING; 0 one had ended already, -ESRCH no such child (PROC_WAIT), -ECHILD no child
 *           at all (PROC_WAIT_ANY).
 */
int proc_wait(struct call *call, struct sc_proc_status *out);

/** The status of a process, as in PROC_STATUS. */
void proc_status(const struct proc *p, struct sc_proc_status *out);

#endif
