/* SPDX-License-Identifier: MIT */
#include "server/rpc/peer/marks.h"

#include "server/rpc/peer/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct mark *mark_at(const struct list *i)
{
    return container_of(i, struct mark, in_machine);
}

static void mark_free(struct mark *mark)
{
    mark->machine->pauses -= mark->kind == MARK_PAUSE;
    list_del(&mark->in_machine);
    list_del(&mark->in_owner);
    free(mark);
}

/** Whether a pause of the same process, or machine, by the same owner is noted already. */
static bool is_noted(const struct rpc_machine *machine, const struct mark *made)
{
    for (const struct list *i = machine->marks.next; i != &machine->marks; i = i->next) {
        const struct mark *mark = mark_at(i);

        if (mark->kind == MARK_PAUSE && mark->owner == made->owner && mark->pid == made->pid)
            return true;
    }
    return false;
}

/** Set a mark's owner. */
static void name_owner(const struct request *rq, struct mark *mark)
{
    const struct session *s = rq->session;

    mark->uid = rq->peer->uid;
    if (s == NULL || session_is_over(s))
        return;
    mark->by = s->pid;
    (void)strcpy(mark->by_machine, s->machine_name);
}

int marks_add(struct request *rq, struct rpc_machine *machine, const struct mark *made, bool keep)
{
    struct session *s = rq->session;
    struct list *owner = s != NULL && !session_is_over(s) ? &s->marks : &rq->peer->marks;
    struct mark full = *made;
    struct mark *mark;

    full.machine = machine;
    full.owner = keep ? NULL : owner;
    if (full.kind == MARK_PAUSE && is_noted(machine, &full))
        return 0;
    if (full.kind == MARK_PAUSE && machine->pauses >= PAUSES_MAX)
        return fail(&rq->failure, EAGAIN, NULL, "machine '%s' has %d pauses (limit PAUSES_MAX)",
                    machine->name, PAUSES_MAX);
    mark = malloc(sizeof(*mark));
    if (mark == NULL)
        return fail(&rq->failure, ENOMEM, NULL, "out of memory");
    name_owner(rq, &full);
    *mark = full;
    machine->pauses += mark->kind == MARK_PAUSE;
    list_init(&mark->in_owner);
    list_append(&machine->marks, &mark->in_machine);
    if (!keep)
        list_append(owner, &mark->in_owner);
    return 0;
}

/** Whether some pause of the machine names @pid. */
static bool is_paused(const struct rpc_machine *machine, int32_t pid)
{
    for (const struct list *i = machine->marks.next; i != &machine->marks; i = i->next) {
        if (mark_at(i)->kind == MARK_PAUSE && mark_at(i)->pid == pid)
            return true;
    }
    return false;
}

/** The machine's pause is over: only processes with a pause of their own stay paused. */
static void lift_pause(struct rpc_machine *machine)
{
    machine_input_plain(machine->m, INPUT_LIFT);
    for (const struct list *i = machine->marks.next; i != &machine->marks; i = i->next) {
        struct input in = {.kind = INPUT_PAUSE, .pause = {mark_at(i)->pid}};

        if (mark_at(i)->kind == MARK_PAUSE)
            (void)machine_input(machine->m, &in);
    }
    machine_input_plain(machine->m, INPUT_SETTLE);
}

/** Undo a mark whose owner has ended, unless another mark has the same effect. */
static void undo(struct mark *mark)
{
    struct rpc_machine *machine = mark->machine;
    const enum mark_kind kind = mark->kind;
    const int32_t pid = mark->pid;
    struct input unrule = {.kind = INPUT_UNRULE, .unrule = {mark->fault}};
    struct input resume = {.kind = INPUT_RESUME, .resume = {pid}};

    mark_free(mark);
    if (kind == MARK_FAULT)
        (void)machine_input(machine->m, &unrule);
    else if (pid == 0 && !is_paused(machine, 0))
        lift_pause(machine);
    else if (pid != 0 && !is_paused(machine, 0) && !is_paused(machine, pid))
        (void)machine_input(machine->m, &resume);
}

void marks_undo(struct list *of_owner, unsigned kinds)
{
    for (struct list *i = of_owner->next, *next; i != of_owner; i = next) {
        struct mark *mark = container_of(i, struct mark, in_owner);

        next = i->next;
        if ((mark->kind & kinds) != 0)
            undo(mark);
    }
}

/** Forget the marks of a kind that name a process or rule; 0: all of the kind. */
static void forget(struct rpc_machine *machine, enum mark_kind kind, uint32_t which)
{
    for (struct list *i = machine->marks.next, *next; i != &machine->marks; i = next) {
        struct mark *mark = mark_at(i);
        uint32_t id = mark->kind == MARK_FAULT ? mark->fault : (uint32_t)mark->pid;

        next = i->next;
        if (mark->kind == kind && (which == 0 || id == which))
            mark_free(mark);
    }
}

void marks_resumed(struct rpc_machine *machine, int32_t pid)
{
    forget(machine, MARK_PAUSE, (uint32_t)pid);
}

void marks_cleared(struct rpc_machine *machine, uint32_t fault)
{
    forget(machine, MARK_FAULT, fault);
}

const struct mark *marks_of_fault(const struct rpc_machine *machine, uint32_t fault)
{
    for (const struct list *i = machine->marks.next; i != &machine->marks; i = i->next) {
        if (mark_at(i)->kind == MARK_FAULT && mark_at(i)->fault == fault)
            return mark_at(i);
    }
    return NULL;
}

void marks_done(struct rpc_machine *machine)
{
    while (!list_empty(&machine->marks))
        mark_free(mark_at(machine->marks.next));
}

struct mark_owner mark_owner(const struct mark *mark)
{
    if (mark == NULL)
        return (struct mark_owner){.keep = true};
    return (struct mark_owner){mark->by, mark->by_machine[0] != '\0' ? mark->by_machine : NULL,
                               mark->uid, mark->owner == NULL};
}

void marks_write_pauses(struct json_out *o, const void *of)
{
    const struct rpc_machine *machine = of;

    out_open(o, '[');
    for (const struct list *i = machine->marks.next; i != &machine->marks; i = i->next) {
        const struct mark *mark = mark_at(i);
        const struct mark_owner whose = mark_owner(mark);

        if (mark->kind == MARK_PAUSE)
            object_pause(o, &(struct rpc_pause_fields){mark->pid, whose.by, whose.by_machine,
                                                       whose.by_uid, whose.keep});
    }
    out_close(o, ']');
}

void marks_write_faults(struct json_out *o, const void *of)
{
    const struct rpc_machine *machine = of;

    out_open(o, '[');
    for (const struct list *i = machine->marks.next; i != &machine->marks; i = i->next) {
        const struct mark *mark = mark_at(i);
        const struct mark_owner whose = mark_owner(mark);

        if (mark->kind == MARK_FAULT)
            object_faultmark(o,
                             &(struct rpc_faultmark_fields){mark->fault, whose.by, whose.by_machine,
                                                            whose.by_uid, whose.keep});
    }
    out_close(o, ']');
}
