/* SPDX-License-Identifier: MIT */
/* The first instants of a guest's host process: from clone() to execveat(). */
#ifndef SERVER_BRIDGE_TRACEE_CHILD_H
#define SERVER_BRIDGE_TRACEE_CHILD_H

#include "server/bridge/abi/arch.h"
#include "server/bridge/tracee/jail.h"

#include <linux/filter.h>
#include <sys/types.h>

/** The child's steps, in this order; a host can refuse each of them. */
enum child_step {
    CHILD_NAMESPACE,
    CHILD_ROOT,
    CHILD_CAPABILITIES,
    CHILD_DEATHSIG,
    CHILD_SETSID,
    CHILD_LIMITS,
    CHILD_TRACEME,
    CHILD_SIGMASK,
    CHILD_STOP, /* SIGSTOP: from here on the tracer is in control */
    CHILD_NO_NEW_PRIVS,
    CHILD_FILTER,
    CHILD_CLOSE, /* this and later steps stop AT_ENTRY, and the tracer lets them run */
    CHILD_EXEC,
};

/** Shared by parent and child, which run in one address space until the exec. */
struct child {
    const struct arch *arch;
    pid_t parent;
    int stub_fd;
    struct jail jail;
    const struct sock_fprog *filter;
    int listener;         /* returned by CHILD_FILTER, in the shared fd table; -1 before */
    enum child_step step; /* the current one, or the one that failed */
    int error;            /* positive errno of the failure; 0: none */
};

/**
 * Start a child that runs one of the functions below in this address space, with all signals blocked,
 * because no handler of the daemon may run in it.
 * @stack_end  the end of its stack.
 * @flags      CLONE_* beside CLONE_VM.
 * @pidfd      gets its pidfd, close-on-exec, if @flags has CLONE_PIDFD; NULL otherwise.
 * Returns     its pid, or -errno.
 */
pid_t child_start(int (*main)(void *), void *arg, void *stack_end, int flags, int *pidfd);

/** The child of a guest, on a stack below 4 GiB. @arg  struct child, borrowed until exec or exit. */
int child_main(void *arg);

/** Enter the jail and do nothing. @arg  struct jail. Returns 0 if that is possible. */
int child_try_jail(void *arg);

/** With CLONE_FILES: open the user namespace that the child is in. @arg  struct
 * jail: gets user_fd, or -1. */
int child_open_namespace(void *arg);

/** The name of a step, for messages. */
const char *child_step_name(enum child_step step);

#endif
