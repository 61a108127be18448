/* SPDX-License-Identifier: MIT */
#include "server/kernel/call/wait.h"

#include "server/base/check.h"
#include "server/kernel/call/call.h"
#include "server/kernel/fs/channel.h"
#include "server/kernel/fs/tty.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <stdlib.h>

/** A call's place in one queue. */
struct wait {
    struct list link; /* in waitq.waiters */
    struct call *call;
    struct open_file *file; /* referenced */
    bool write;
};

_Static_assert(sizeof(struct wait) <= WAIT_SIZE, "WAIT_SIZE is too small");

struct wait_set {
    wait_again_fn again;
    size_t count;
    struct wait at[];
};

/** The queue in which @call waits for @f. NULL: no memory. */
static struct waitq *queue_of(const struct call *call, const struct open_file *f, bool write)
{
    return f->end != NULL ? channel_queue(f->end, write) : tty_queue(call->proc);
}

void waitq_init(struct waitq *q, struct machine *m)
{
    q->machine = m;
    list_init(&q->waiters);
    list_init(&q->woken);
}

void waitq_done(struct waitq *q)
{
    /* Calls in a channel's queue reference its end. Calls in a terminal's queue belong to the
     * process that has it and those below it, and were all abandoned when it ended. */
    CHECK(list_empty(&q->waiters));
    list_del(&q->woken);
}

void waitq_sort(struct waitq *q)
{
    for (struct list *i = q->waiters.next, *next; i != &q->waiters; i = next) {
        struct wait *w = container_of(i, struct wait, link);
        struct waitq *to = queue_of(w->call, w->file, w->write);

        next = i->next;
        if (to == q || to == NULL)
            continue;
        list_del(&w->link);
        list_append(&to->waiters, &w->link);
    }
}

void waitq_wake(struct waitq *q)
{
    if (list_empty(&q->waiters) || !list_empty(&q->woken))
        return;
    list_append(&q->machine->woken, &q->woken);
}

bool wait_has_line(const struct open_file *f, bool write)
{
    return f->end != NULL && !list_empty(&channel_queue(f->end, write)->waiters);
}

struct wait_set *wait_new(size_t count, wait_again_fn again)
{
    struct wait_set *set = calloc(1, sizeof(*set) + count * sizeof(set->at[0]));

    if (set != NULL)
        set->again = again;
    return set;
}

int wait_add(struct wait_set *set, struct call *call, struct open_file *f, bool write)
{
    struct waitq *q = queue_of(call, f, write);
    struct wait *w;

    if (q == NULL)
        return -ENOMEM;
    w = &set->at[set->count++];
    w->call = call;
    w->file = open_file_ref(f);
    w->write = write;
    list_init(&w->link);
    list_append(&q->waiters, &w->link);
    return 0;
}

bool wait_set_ready(const struct wait_set *set, size_t *out_index)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct fs_caller who = proc_caller(set->at[i].call->proc);

        *out_index = i;
        if (vfs_is_ready(set->at[i].file, &who, set->at[i].write))
            return true;
    }
    return false;
}

void wait_free(struct wait_set *set)
{
    for (size_t i = 0; set != NULL && i < set->count; i++)
        list_del(&set->at[i].link);
    for (size_t i = 0; set != NULL && i < set->count; i++)
        (void)open_file_unref(set->at[i].file);
    free(set);
}

int wait_for_file(struct call *call, struct open_file *f, bool write, wait_again_fn again)
{
    struct wait_set *set = wait_new(1, again);

    if (set == NULL || wait_add(set, call, f, write) < 0) {
        wait_free(set);
        return -ENOMEM;
    }
    return call_park_waiting(call, set);
}

/** Finish the first call of a queue if it can continue. Returns whether it did; then the queue may
 * have been freed. */
static bool finish_first(struct waitq *q)
{
    struct call *call;
    int status;

    if (list_empty(&q->waiters))
        return false;
    call = container_of(q->waiters.next, struct wait, link)->call;
    status = call->waits->again(call, call->waits->at[0].file);
    if (status == SC_PENDING)
        return false;
    call_finish(call, status);
    return true;
}

void wait_settle(struct machine *m)
{
    if (m->settling)
        return;
    m->settling = true;
    while (!list_empty(&m->woken)) {
        struct waitq *q = container_of(m->woken.next, struct waitq, woken);

        if (!finish_first(q))
            list_del(&q->woken);
    }
    m->settling = false;
}
