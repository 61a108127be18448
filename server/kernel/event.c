/* SPDX-License-Identifier: MIT */
#include "server/kernel/event.h"

#include "server/base/strbuf.h"
#include "server/kernel/call/call.h"
#include "server/kernel/machine.h"

/** Keep the union of all listeners' kinds, so that without listeners a kind costs one test. */
static void update_listened(struct machine *m)
{
    m->listened = 0;
    for (struct list *i = m->listeners.next; i != &m->listeners; i = i->next)
        m->listened |= container_of(i, struct listener, link)->kinds;
}

void listener_add(struct machine *m, struct listener *l)
{
    list_append(&m->listeners, &l->link);
    update_listened(m);
}

void listener_remove(struct machine *m, struct listener *l)
{
    list_del(&l->link);
    update_listened(m);
}

static bool wants(const struct listener *l, struct machine *m, const struct event *event)
{
    if ((l->kinds & event->kind) == 0)
        return false;
    return l->pid == 0 || proc_is_in(proc_find(m, event->pid), l->pid);
}

void event_emit(struct machine *m, const struct event *event)
{
    struct event e;

    if ((m->listened & event->kind) == 0)
        return;
    e = *event;
    e.number = ++m->events;
    m->callbacks++;
    for (struct list *i = m->listeners.next, *next; i != &m->listeners; i = next) {
        struct listener *l = container_of(i, struct listener, link);

        next = i->next;
        if (!wants(l, m, &e))
            continue;
        m->told |= !l->aside;
        l->on_event(l, m, &e);
    }
}

void event_call(enum event_kind kind, const struct call *call, const struct fault_rule *rule)
{
    struct machine *m = call->machine;

    if ((m->listened & kind) != 0)
        event_emit(m, &(struct event){.kind = kind,
                                      .pid = call->pid,
                                      .now_ns = machine_now_ns(m),
                                      .call = call,
                                      .rule = rule});
}

void event_note(struct machine *m, int32_t pid, const char *fmt, ...)
{
    struct strbuf text = STRBUF_INIT;
    va_list ap;

    if ((m->listened & EVENT_NOTE) == 0)
        return;
    va_start(ap, fmt);
    (void)strbuf_addv(&text, fmt, ap);
    va_end(ap);
    event_emit(m, &(struct event){
                      .kind = EVENT_NOTE, .pid = pid, .bytes = strbuf_str(&text), .len = text.len});
    strbuf_done(&text);
}
