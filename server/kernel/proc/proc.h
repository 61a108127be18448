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
 * A process has a parent (all but init), children, a namespace, fds, an address space and calls in
 * flight. When it ends, all of these end with it: descendants first, then calls in flight
 * (-ECANCELED), names, fds and memory; what stays is the record with the status, until the parent
 * waits for it or ends itself. A pid is never used twice in a machine. When init ends, the machine
 * has ended.
 *
 * An end is carried out as a whole before anybody is told: first all books are set right, then
 * done() of the calls it cancelled is called, then the parent's waits are answered. So whoever is
 * told may begin calls, and end further processes, without meeting one that is half gone.
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

/** An end that was asked for from outside, while it waits for its turn: stack.h. */
struct proc_end {
    struct entry entry;
    uint32_t state;
    int32_t code;
    char *text; /* owned; or NULL */
};

struct proc {
    /* For the whole life of the record. */
    struct machine *machine;
    struct proc *parent; /* NULL of init */
    struct list sibling; /* in parent->children */
    UT_hash_handle hh;   /* in machine->procs */
    int32_t pid;
    uint32_t state;      /* PS_* */
    int32_t return_code; /* once ended */
    uint32_t uid;        /* user 0 in init; inherited by children */
    uint32_t gid;
    char *program; /* what it runs, for people; owned; NULL before */
    bool detached; /* a session's: nobody waits for it, the record goes when it ends; has a tty */

    /* Until it ends. */
    struct task task;     /* its only one */
    struct list children; /* all not yet waited for, ended ones too */
    struct ns ns;
    struct fd_table fds;
    struct aspace memory;
    char *args; /* SC_ARGS's answer, owned: proc_set_args(); NULL none were set */
    size_t args_size;
    struct tty *tty; /* owned; of a session's process or init once needed, of others by tty_own() */
    struct recent recent;
    bool paused;  /* its calls are held before they are carried out: pause.h */
    bool in_view; /* scratch of procview_each() */

    /* Waiting for its children. */
    struct list ended; /* struct proc.ended_link, in the order they ended */
    struct list ended_link;
    struct list waiters; /* struct call.wait: its PROC_WAIT and PROC_WAIT_ANY calls */

    struct proc_end end;

    void *driver; /* the rpc layer's session for a driven process; the kernel never looks */
};

/** Make a machine's first process, driven and without names: machine->init. -ENOMEM. */
int proc_new_init(struct machine *m);

/** Make a child of @parent, which has not ended, in PS_LOADING and without names (NEW_PROC). @out
 * borrowed: it belongs to its parent. -EAGAIN past the machine's limit, -ENOMEM. */
int proc_new(struct proc *parent, struct proc **out);

/** The process of a pid, borrowed; NULL when there is none. */
struct proc *proc_find(struct machine *m, int32_t pid);

/** The direct child of @p with this pid, ended or not; NULL when there is none. */
struct proc *proc_child(struct proc *p, int32_t pid);

/** Whether @p is @ancestor or below it. */
bool proc_is_below(const struct proc *p, const struct proc *ancestor);

/** Whether @p is the process @pid or below it. NULL is nobody. */
bool proc_is_in(const struct proc *p, int32_t pid);

/** Whom its calls are carried out for. */
static inline struct fs_caller proc_caller(const struct proc *p)
{
    return (struct fs_caller){.pid = p->pid, .uid = p->uid, .gid = p->gid};
}

static inline bool proc_has_ended(const struct proc *p)
{
    return p->state >= PS_DONE;
}

/** Give @to every name of @from (same views, same rights). -EEXIST, -EMFILE, -ENOMEM: @to has some
 * of them then, and should end. */
int proc_copy_names(struct proc *from, struct proc *to);

/** Give @to the names of @from that it has none like. -EMFILE, -ENOMEM: none was given; @why tells which did
 * not fit. */
int proc_share_names(struct proc *from, struct proc *to, struct why *why);

/** Give a process its arguments instead of those it has. @args taken, @size bytes; NULL and 0 none.
 * They are within the machine's limit. */
void proc_set_args(struct proc *p, char *args, size_t size);

/** A LOADING process is now driven by a session: PS_RUNNING. @program copied, for people; or NULL.
 * -EBUSY not LOADING, -ENOMEM. */
int proc_drive(struct proc *p, const char *program);

/**
 * Start an image in a LOADING process: PS_RUNNING.
 * @bytes    borrowed for the call; @size bytes, the whole file.
 * @program  copied; its name for people.
 * @why      gets the reasons of a refusal; or NULL.
 * Returns   0; -EBUSY not LOADING, -ENOEXEC as elf_parse() or past the limits of memory, -ENOMEM,
 *           or what host_ops.spawn() answers. On failure the process is as it was.
 * Source    schema/abi.md, Programs.
 */
int proc_exec(struct proc *p, const void *bytes, size_t size, const char *program, struct why *why);

/**
 * End a process: descendants, calls, names, fds, memory; wake its parent.
 * @state    PS_DONE, PS_FAILURE or PS_KILLED; @code as proc_status.return_code.
 * @text     borrowed; for EVENT_END: why it failed, or NULL.
 * From outside of a machine that stands still it happens later (stack.h).
 * Harmless on an ended process. Afterwards @p may be freed: by its parent's waits, or because
 * nobody waits.
 */
void proc_end(struct proc *p, uint32_t state, int32_t code, const char *text);

/** A guest did something fatal: proc_end() with PS_FAILURE and a FAIL_* code. The calls it made last are
 * added to @text. */
void proc_fault(struct proc *p, int32_t fail_code, const char *text);

/** Free the record of an ended process that has a parent (it was waited for), and answer those who
 * now wait for it in vain. */
void proc_reap(struct proc *p);

/**
 * Park a PROC_WAIT or PROC_WAIT_ANY until a child fits it, and reap the child.
 * @out      the call's own result; filled when the answer is 0, now or when the call finishes.
 * Returns   SC_PENDING; 0 one has ended already, -ESRCH no such child (PROC_WAIT), -ECHILD no child
 *           at all (PROC_WAIT_ANY).
 */
int proc_wait(struct call *call, struct sc_proc_status *out);

/** Its status as PROC_STATUS tells it. */
void proc_status(const struct proc *p, struct sc_proc_status *out);

#endif
