/* SPDX-License-Identifier: MIT */
#include "server/kernel/stack.h"

#include "server/base/check.h"
#include "server/base/fiber.h"
#include "server/kernel/machine.h"

#include <errno.h>

/** Bytes of a machine's stack. The deepest seen is a seventh of it. */
enum { MACHINE_STACK_SIZE = 256 * 1024 };

int stack_need(struct machine *m, struct why *why)
{
    int err;

    if (m->stand.stack != NULL || m->stand.next_stack != NULL)
        return 0;
    err = fiber_new(MACHINE_STACK_SIZE, &m->stand.next_stack);
    if (err == -ENOTSUP)
        return why_add(why, err, "slow filesystems can't be used on this processor");
    if (err == 0)
        machine_arm(m);
    return err;
}

void stack_adopt(struct machine *m)
{
    if (m->stand.next_stack == NULL)
        return;
    m->stand.stack = m->stand.next_stack;
    m->stand.next_stack = NULL;
}

void stack_done(struct machine *m)
{
    CHECK(list_empty(&m->stand.entries)); /* machine_free() has run them all */
    fiber_free(m->stand.stack);
    fiber_free(m->stand.next_stack);
    m->stand.stack = NULL;
    m->stand.next_stack = NULL;
}

static void run_entry(void *arg)
{
    struct machine *m = arg;
    struct entry *in = m->stand.entering;

    if (in->tell == NULL ||
        m->input.depth > 0) { /* not an input, or the tick that made the stack */
        in->run(in);
        return;
    }
    in->tell(in);
    m->input.depth++;
    in->run(in);
    m->input.depth--;
}

/** Run an entry on the machine's stack. Returns whether it has ended. */
static bool start(struct machine *m, struct entry *in)
{
    m->stand.entering = in;
    return fiber_start(m->stand.stack, run_entry, m) == FIBER_ENDED;
}

/** Run the queued entries, until the machine stands still again. */
static void drain(struct machine *m)
{
    while (m->stand.slot == NULL && !list_empty(&m->stand.entries)) {
        struct entry *in = container_of(m->stand.entries.next, struct entry, link);

        list_del(&in->link);
        (void)start(m, in);
    }
    machine_arm(m);
}

bool stack_enter(struct machine *m, struct entry *in, void (*run)(struct entry *in))
{
    in->run = run;
    if (m->stand.stack == NULL || fiber_is_running(m->stand.stack)) {
        run(in);
        return true;
    }
    if (stack_is_closed(m)) {
        list_append(&m->stand.entries, &in->link);
        return false;
    }
    return start(m, in);
}

bool stack_is_closed(const struct machine *m)
{
    return m->stand.stack != NULL && !fiber_is_running(m->stand.stack) &&
           (m->stand.slot != NULL || !list_empty(&m->stand.entries));
}

bool stack_is_inside(const struct machine *m)
{
    return m->stand.stack != NULL && fiber_is_running(m->stand.stack);
}

bool stack_is_here(const struct machine *m)
{
    return m->stand.stack != NULL && fiber_is_here(m->stand.stack);
}

void stack_stand(struct machine *m)
{
    fiber_suspend(m->stand.stack);
}

void stack_go_on(struct machine *m)
{
    if (fiber_resume(m->stand.stack) == FIBER_ENDED)
        drain(m);
}
