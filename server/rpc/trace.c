/* SPDX-License-Identifier: MIT */
#include "server/rpc/trace.h"

#include "server/rpc/conn.h"
#include "server/rpc/event_out.h"

/** Append an event. What several subscriptions send is written once: it may be long. */
static void add_event(struct rpc_machine *machine, const struct event *event, struct json_out *o)
{
    struct json_out once = json_out_to(&machine->told);

    if (machine->subscriptions.next == machine->subscriptions.prev) {
        event_write(o, event);
        return;
    }
    if (machine->told_number != event->number) {
        strbuf_done(&machine->told);
        event_write(&once, event);
        machine->told_number = event->number;
    }
    (void)strbuf_add(o->to, strbuf_str(&machine->told), machine->told.len);
    o->to->failed = o->to->failed || strbuf_failed(&machine->told);
}

static void on_event(struct listener *self, struct machine *m, const struct event *event)
{
    struct subscription *s = container_of(self, struct subscription, listener);
    struct rpc *rpc = s->conn->rpc;
    struct strbuf text = STRBUF_INIT;
    struct json_out o = json_out_to(&text);

    if (conn_is_full(s->conn) && !s->lossless) {
        s->lost++;
        rpc->stats.events_lost++;
        return;
    }
    if (s->lost > 0)
        event_write_lost(&o, s->lost);
    s->lost = 0;
    add_event(s->machine, event, &o);
    rpc->stats.events++;
    conn_send(s->conn, &text);
    strbuf_done(&text);
    if (s->lossless && !s->stalling && conn_is_full(s->conn)) {
        s->stalling = true;
        machine_stall(m);
    }
}

/** Let the calls go on that waited for this subscription. */
static void unstall(struct subscription *s)
{
    if (!s->stalling)
        return;
    s->stalling = false;
    machine_unstall(s->machine->m);
}

void subscription_drained(struct subscription *s)
{
    if (!conn_is_full(s->conn))
        unstall(s);
}

void subscription_init(struct subscription *s, struct conn *conn)
{
    *s = (struct subscription){.conn = conn};
    list_init(&s->in_machine);
}

void subscription_start(struct subscription *s, struct rpc_machine *machine, unsigned kinds,
                        int32_t pid, bool lossless)
{
    subscription_stop(s);
    s->machine = machine;
    s->lost = 0;
    s->lossless = lossless;
    s->listener = (struct listener){.kinds = kinds, .pid = pid, .on_event = on_event};
    list_append(&machine->subscriptions, &s->in_machine);
    listener_add(machine->m, &s->listener);
}

void subscription_stop(struct subscription *s)
{
    if (s->machine == NULL)
        return;
    unstall(s);
    listener_remove(s->machine->m, &s->listener);
    list_del(&s->in_machine);
    strbuf_done(&s->machine->told);
    s->machine->told_number = 0;
    s->machine = NULL;
}
