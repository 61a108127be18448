/* SPDX-License-Identifier: MIT */
/*
 * Waiting for files: calls that go on when a file has become ready.
 *
 *     a call can't go on:   wait_for_file()  ->  parked in the queue of what it waits for
 *     something changed:    waitq_wake(queue)     notes the queue, touches no call
 *     books in order:       wait_settle(machine)  tries the calls of noted queues again, in the
 *                                                 order they came, until the first that must wait on
 *
 * Ends of channels have queues of their own. A driver has none: when one of its devices has nothing
 * yet, the call waits for input to the terminal of its process's session.
 *
 * All calls of a queue wait for one condition (bytes to read here, room to write there), so where the
 * first must wait the others must, too: a wake-up costs what it wakes. Between the change and
 * wait_settle(), which ends every call and every end of a process, nobody is told anything; so a
 * change may happen in the midst of whatever is being done. A call tried again may end processes,
 * close files and begin calls: nothing is kept across it.
 *
 * A parked call holds references to the files it waits for. Closing their fds meanwhile takes
 * nothing from it: it is answered as if the fd were open still, and the last reference goes then.
 */
#ifndef SERVER_KERNEL_CALL_WAIT_H
#define SERVER_KERNEL_CALL_WAIT_H

#include "server/base/list.h"

#include <stdbool.h>
#include <stddef.h>

struct call;
struct machine;
struct open_file;
struct wait_set;

/** Bytes that a place in one line takes at most. */
enum { WAIT_SIZE = 64 };

/** The calls that wait for one thing. */
struct waitq {
    struct machine *machine;
    struct list waiters; /* struct wait.link, in the order they came */
    struct list woken;   /* in machine->woken while noted */
};

/** Try a parked call again. @f is what it waits for, the first of several. Returns the final
 * status, or SC_PENDING: nothing was done. */
typedef int (*wait_again_fn)(struct call *call, struct open_file *f);

void waitq_init(struct waitq *q, struct machine *m);

/** Nobody waits in it any more. */
void waitq_done(struct waitq *q);

/** What the queue's calls wait for may have come. */
void waitq_wake(struct waitq *q);

/** Let the calls that wait for something else now go to the ends of the queues of that: their
 * processes have got another terminal, whose queue is there. */
void waitq_sort(struct waitq *q);

/** Whether a call would have to stand in line for @f. */
bool wait_has_line(const struct open_file *f, bool write);

/**
 * Park a call until a file is ready.
 * @f        referenced until the call ends.
 * @write    it waits for room, not for bytes.
 * Returns   SC_PENDING; -ENOMEM.
 */
int wait_for_file(struct call *call, struct open_file *f, bool write, wait_again_fn again);

/** A set of files to wait for, empty, with room for @count. Returned: becomes call->waits, or
 * wait_free(). NULL no memory. */
struct wait_set *wait_new(size_t count, wait_again_fn again);

/** Let @call, which is to be parked, stand in line for a file as well. @f referenced. Returns 0,
 * -ENOMEM. */
int wait_add(struct wait_set *set, struct call *call, struct open_file *f, bool write);

/** Whether a file of the set is ready, and which: its number in the order they were added. */
bool wait_set_ready(const struct wait_set *set, size_t *out_index);

/** Leave all lines and drop the references. NULL is fine. */
void wait_free(struct wait_set *set);

/** Let all calls go on that can. Whatever wakes queues calls this once its books are in order. From
 * inside of itself it does nothing: the outer one sees to it. */
void wait_settle(struct machine *m);

#endif
