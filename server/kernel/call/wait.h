/* SPDX-License-Identifier: MIT */
/*
 * Waiting for files: calls that continue when a file has become ready.
 *
 *     a call must wait:    wait_for_file()    parks it in the queue of what it waits for
 *     a change:            waitq_wake(queue)  notes the queue, touches no call
 *     books in order:      wait_settle(m)     tries the calls of noted queues again, in the order
 *                                             they came, up to the first that must still wait
 *
 * Each end of a channel has queues. A driver has none: a call that finds a device without data
 * waits for input to the terminal of its process's session.
 *
 * All calls of a queue wait for one condition (bytes to read, or room to write), so if the first
 * must wait, the others must, too: a wake-up costs only the calls that it wakes. Between the change
 * and wait_settle(), which ends every call and every end of a process, no callback runs; so a
 * change may happen in the middle of anything. A call that is tried again may end processes, close
 * files and begin calls: keep no pointers across it.
 *
 * A parked call holds references to the files it waits for. Closing their fds meanwhile does not
 * affect it: it is answered as if they were open, and then drops the references.
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

/** The most bytes of a place in one queue. */
enum { WAIT_SIZE = 64 };

/** The calls that wait for one condition. */
struct waitq {
    struct machine *machine;
    struct list waiters; /* struct wait.link, in the order they came */
    struct list woken;   /* in machine->woken while noted */
};

/** Try a parked call again. @f the file it waits for, the first of several. Returns the final
 * status, or SC_PENDING: nothing was done. */
typedef int (*wait_again_fn)(struct call *call, struct open_file *f);

void waitq_init(struct waitq *q, struct machine *m);

/** Free a queue, in which no call waits. */
void waitq_done(struct waitq *q);

/** Note that the condition of the queue may have become true. */
void waitq_wake(struct waitq *q);

/** Move the calls whose processes have another terminal now to the ends of that terminal's
 * queues. */
void waitq_sort(struct waitq *q);

/** Whether a call would have to queue for @f. */
bool wait_has_line(const struct open_file *f, bool write);

/**
 * Park a call until a file is ready.
 * @f        referenced until the call ends.
 * @write    wait for room, not for bytes.
 * Returns   SC_PENDING; -ENOMEM.
 */
int wait_for_file(struct call *call, struct open_file *f, bool write, wait_again_fn again);

/** Make an empty set of files to wait for, with room for @count. Returned: becomes call->waits, or
 * wait_free(). NULL: no memory. */
struct wait_set *wait_new(size_t count, wait_again_fn again);

/** Queue @call, which is about to be parked, for one more file. @f referenced. Returns 0,
 * -ENOMEM. */
int wait_add(struct wait_set *set, struct call *call, struct open_file *f, bool write);

/** Whether a file of the set is ready, and the first one's index in the order they were added. */
bool wait_set_ready(const struct wait_set *set, size_t *out_index);

/** Leave all queues and drop the references. NULL is ignored. */
void wait_free(struct wait_set *set);

/** Continue all calls that can. Everything that wakes queues calls this once its books are in
 * order. A nested call does nothing: the outer one does the work. */
void wait_settle(struct machine *m);

#endif
