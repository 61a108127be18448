/* SPDX-License-Identifier: MIT */
/*
 * SIGCHLD, by which the host reports that a guest has stopped.
 *
 * It is sent to the process, and at most one is pending. So one stands for any number of stops, of guests
 * of any bridge, and its siginfo names only one of them. The bridge that reads it passes it on to the
 * threads of all other bridges, which do not pass it on again.
 *
 *     sigchld_open(&s);      blocks the signal in this thread
 *     s.fd is readable  -->  sigchld_read(&s), then look at the guests of this thread's bridge
 *     sigchld_close(&s);
 *
 * A wait in tracee.c may take one, too, on any bridge's thread; it then sends the process another one.
 */
#ifndef SERVER_BRIDGE_TRACEE_SIGCHLD_H
#define SERVER_BRIDGE_TRACEE_SIGCHLD_H

#include "server/base/list.h"

#include <pthread.h>
#include <stdbool.h>

struct sigchld {
    int fd;           /* signalfd */
    pthread_t thread; /* the bridge's, which serves its stops when fd is readable: unique */
    struct list link; /* in the list of the process */
    bool was_blocked; /* in the thread, before sigchld_open() */
};

/** Returns 0; -EMFILE, -ENFILE, -ENOMEM: nothing is open. */
int sigchld_open(struct sigchld *s);

void sigchld_close(struct sigchld *s);

/** Take the signals that are pending, and pass them on. */
void sigchld_read(const struct sigchld *s);

/** Make @s->fd readable again, because work is left. */
void sigchld_again(const struct sigchld *s);

/**
 * In a process that inherits orphans (PID 1, a subreaper): make the host reap every child that ends and is
 * not traced. From then on nothing in the process can wait for its own children.
 */
void sigchld_drop_orphans(void);

#endif
