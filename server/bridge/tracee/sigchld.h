/* SPDX-License-Identifier: MIT */
/*
 * SIGCHLD: how the host says that a guest has stopped.
 *
 * It is sent to the process, and at most one is pending. So one stands for any number of stops, of any
 * bridge's guests, and whom it names is no more than one of them. Whoever reads it passes it on to the
 * threads of all other bridges; what was passed on is not passed on again.
 *
 *     sigchld_open(&s);      blocks the signal in this thread
 *     s.fd is readable  -->  sigchld_read(&s), then look at the guests of this thread's bridge
 *     sigchld_close(&s);
 *
 * A wait in tracee.c may take one as well, on any bridge's thread; it sends the process another one.
 */
#ifndef SERVER_BRIDGE_TRACEE_SIGCHLD_H
#define SERVER_BRIDGE_TRACEE_SIGCHLD_H

#include "server/base/list.h"

#include <pthread.h>
#include <stdbool.h>

struct sigchld {
    int fd;           /* signalfd */
    pthread_t thread; /* whose stops are looked for when it is readable: no two have the same */
    struct list link; /* in the list of the process */
    bool was_blocked; /* in the thread, before */
};

/** Returns 0; -EMFILE, -ENFILE, -ENOMEM: then there is nothing to close. */
int sigchld_open(struct sigchld *s);

void sigchld_close(struct sigchld *s);

/** Take the signals that are pending, and pass them on. */
void sigchld_read(const struct sigchld *s);

/** Have @s->fd readable again, for what is left to do. */
void sigchld_again(const struct sigchld *s);

/**
 * In a process that inherits orphans (PID 1, a subreaper): have the host reap every child that ends and is
 * not traced. From then on nobody in the process can wait for a child of its own.
 */
void sigchld_drop_orphans(void);

#endif
