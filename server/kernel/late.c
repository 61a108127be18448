/* SPDX-License-Identifier: MIT */
#include "server/kernel/late.h"

#include "server/kernel/machine.h"
#include "server/kernel/mapped.h"

#include <errno.h>

enum { NS_PER_MS = 1000000 };

static struct machine *machine_of(const struct mapping *map)
{
    return map->in->mount->machine;
}

static void on_late_timer(struct timer *t);

/** Try again in so many ms. Without memory for a timer the next mapping that gets late sees to it. */
static void arm(struct machine *m, uint64_t ms)
{
    uint64_t deadline = m->ops->now_ns(m->host) + ms * NS_PER_MS;

    if (m->late_count > 0 && !timer_is_set(&m->late_timer) &&
        timer_set(&m->host_timers, &m->late_timer, deadline, on_late_timer) == 0)
        machine_arm(m);
}

/** Whether an error may be another one after a while. */
static bool passes(int err)
{
    return err == -EBUSY || err == -ENOSPC || err == -ENOMEM || err == -EDQUOT;
}

/** Take a mapping off the list. */
static void forget(struct machine *m, struct mapping *map)
{
    list_del(&map->late);
    m->late_count--;
    m->memory.bytes -= map->size;
}

/** End a late mapping that is stored (@err 0), or can't be. */
static void finish(struct machine *m, struct mapping *map, int err)
{
    forget(m, map);
    if (err == 0)
        mapping_drop(map);
    else
        mapping_lose(map, err);
}

/** Try the late mappings up to the first that does not fail for now: one part at a time. */
static void on_late_timer(struct timer *t)
{
    struct machine *m = container_of(t, struct machine, late_timer);

    for (struct list *i = m->late.next; i != &m->late; i = i->next) {
        struct mapping *map = container_of(i, struct mapping, late);
        int err = mapping_store(map, LATE_PAGES);

        if (passes(err))
            continue;
        if (err <= 0)
            finish(m, map, err);
        m->late_ms = LATE_RETRY_MS;
        arm(m, LATE_NEXT_MS);
        return;
    }
    if (m->late_ms < LATE_SLOW_MS)
        m->late_ms *= 2;
    arm(m, m->late_ms);
}

bool late_keep(struct mapping *map, int err)
{
    struct machine *m = machine_of(map);

    if (!passes(err) || m->late_count >= LATE_MAX)
        return false;
    list_append(&m->late, &map->late);
    m->late_count++;
    m->memory.bytes += map->size;
    event_note(m, 0, "%s: what was written to its mapped pages is stored later: %s",
               map->file->label, sc_errno_name(err));
    m->late_ms = LATE_RETRY_MS;
    arm(m, m->late_ms);
    return true;
}

void late_give_up(struct machine *m)
{
    timer_clear(&m->host_timers, &m->late_timer);
    while (!list_empty(&m->late)) {
        struct mapping *map = container_of(m->late.next, struct mapping, late);

        finish(m, map, mapping_store(map, SIZE_MAX));
    }
}
