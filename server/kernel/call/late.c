/* SPDX-License-Identifier: MIT */
#include "server/kernel/call/late.h"

#include "server/kernel/call/call.h"
#include "server/kernel/fs/node.h"
#include "server/kernel/machine.h"
#include "server/kernel/proc/mapped.h"

#include <errno.h>

enum { NS_PER_MS = 1000000 };

static struct machine *machine_of(const struct mapping *map)
{
    return map->in->mount->machine;
}

static void on_late_timer(struct timer *t);

/** Set the timer to @ms, or sooner. Without memory for it the next mapping that becomes late sets
 * it. */
static void arm(struct machine *m, uint64_t ms)
{
    uint64_t deadline = machine_host_ns(m) + ms * NS_PER_MS;

    if (m->late.count == 0)
        return;
    if (timer_is_set(&m->late.timer) && m->late.timer.deadline_ns <= deadline)
        return;
    if (timer_is_set(&m->late.timer))
        timer_clear(&m->clock.host_timers, &m->late.timer);
    if (timer_set(&m->clock.host_timers, &m->late.timer, deadline, on_late_timer) == 0)
        machine_arm(m);
}

/** Whether an error may pass with time. */
static bool passes(int err)
{
    return err == -EBUSY || err == -ENOSPC || err == -ENOMEM || err == -EDQUOT;
}

/** Count a late mapping as refused by its store. */
static void mark_failed(struct machine *m, struct mapping *map)
{
    if (!map->failed)
        m->late.failed++;
    map->failed = true;
}

/** Take a mapping off the list. */
static void forget(struct machine *m, struct mapping *map)
{
    list_del(&map->late);
    m->late.count--;
    if (map->failed)
        m->late.failed--;
    m->memory.bytes -= map->size;
}

/** End a late mapping that was stored (@err 0), or can't be. */
static void finish(struct machine *m, struct mapping *map, int err)
{
    forget(m, map);
    if (err == 0)
        mapping_drop(map);
    else
        mapping_lose(map, err);
}

/** Move a mapping behind the others. */
static void put_last(struct machine *m, struct mapping *map)
{
    mark_failed(m, map);
    list_del(&map->late);
    list_append(&m->late.mappings, &map->late);
}

/** Store a part of a late mapping. Returns false if it failed for now. */
static bool store_part(struct machine *m, struct mapping *map)
{
    size_t pages = LATE_PAGES;
    int err = mapping_store(map, &pages);

    if (passes(err)) {
        put_last(m, map);
        return false;
    }
    if (err <= 0)
        finish(m, map, err);
    return true;
}

/** Store a part of the first late mapping that does not fail. Returns false if all fail. */
static bool store_first(struct machine *m)
{
    size_t attempts = m->late.count < LATE_MAX ? m->late.count : LATE_MAX;

    for (; attempts > 0; attempts--) {
        if (store_part(m, container_of(m->late.mappings.next, struct mapping, late)))
            return true;
    }
    return false;
}

static void on_late_timer(struct timer *t)
{
    struct machine *m = container_of(t, struct machine, late.timer);

    if (store_first(m)) {
        m->late.retry_ms = LATE_RETRY_MS;
        arm(m, LATE_NEXT_MS);
        return;
    }
    if (m->late.retry_ms < LATE_SLOW_MS)
        m->late.retry_ms *= 2;
    arm(m, m->late.retry_ms);
}

size_t late_pages(const struct machine *m)
{
    return m->spec.clock == CLOCK_VIRTUAL ? SIZE_MAX : LATE_PAGES;
}

/** Put a mapping on the list. */
static void append(struct machine *m, struct mapping *map)
{
    list_append(&m->late.mappings, &map->late);
    m->late.count++;
    m->memory.bytes += map->size;
}

bool late_keep(struct mapping *map, int err)
{
    struct machine *m = machine_of(map);

    if (err > 0) {
        append(m, map);
        arm(m, LATE_NEXT_MS);
        return true;
    }
    if (!passes(err) || m->late.failed >= LATE_MAX)
        return false;
    append(m, map);
    mark_failed(m, map);
    event_note(m, 0, "%s: the changes of its mapped pages will be stored later: %s",
               map->file->label, sc_errno_name(err));
    m->late.retry_ms = LATE_RETRY_MS;
    arm(m, m->late.retry_ms);
    return true;
}

int late_wait(struct call *call)
{
    struct machine *m = call->machine;

    if (m->late.count == m->late.failed || !call_may_wait(call) || !store_first(m))
        return 0;
    return call_park_again(call, &m->ready.calls);
}

/** A late mapping of a file that was opened by a name, not refused by its store; NULL: none. */
static struct mapping *find_waiting(struct machine *m, const struct node *n)
{
    for (struct list *i = m->late.mappings.next; n != NULL && i != &m->late.mappings; i = i->next) {
        struct mapping *map = container_of(i, struct mapping, late);

        if (!map->failed && map->file->node == n)
            return map;
    }
    return NULL;
}

int late_wait_for(struct call *call, const struct place *at)
{
    struct machine *m = call->machine;
    struct mapping *map;

    if (m->late.count == m->late.failed || !call_may_wait(call))
        return 0;
    map = find_waiting(m, node_find(at->view->mount, &at->path));
    if (map == NULL)
        return 0;
    (void)store_part(m, map);
    return call_park_again(call, &m->ready.calls);
}

void late_give_up(struct machine *m)
{
    timer_clear(&m->clock.host_timers, &m->late.timer);
    while (!list_empty(&m->late.mappings)) {
        struct mapping *map = container_of(m->late.mappings.next, struct mapping, late);
        size_t pages = SIZE_MAX;

        finish(m, map, mapping_store(map, &pages));
    }
}
