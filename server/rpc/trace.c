/* SPDX-License-Identifier: MIT */
#include "server/rpc/trace.h"

#include "server/rpc/conn.h"
#include "server/rpc/kinds.h"

static const char *kind_name(enum event_kind kind)
{
    switch (kind) {
    case EVENT_LOG:
        return "log";
    case EVENT_CONSOLE:
        return "console";
    case EVENT_NOTE:
        return "note";
    case EVENT_START:
        return "start";
    case EVENT_END:
        return "end";
    default:
        return "?";
    }
}

/** Begin a notification, up to its params. */
static void open_event(struct json_out *o, const char *kind)
{
    out_open(o, '{');
    out_key(o, "jsonrpc");
    out_string(o, "2.0");
    out_key(o, "method");
    out_string(o, "event");
    out_key(o, "params");
    out_open(o, '{');
    out_key(o, "kind");
    out_string(o, kind);
}

static void close_event(struct json_out *o)
{
    out_close(o, '}');
    out_close(o, '}');
    (void)strbuf_addc(o->to, '\n');
    o->comma = false;
}

static void write_event(struct json_out *o, const struct event *event)
{
    open_event(o, kind_name(event->kind));
    out_key(o, "pid");
    out_int(o, event->pid);
    out_data(o, "data", event->bytes, event->len, false);
    if (event->kind == EVENT_END) {
        put_ps(o, "state", &event->state);
        put_int(o, "return_code", &event->code);
    }
    close_event(o);
}

static void write_lost(struct json_out *o, uint64_t count)
{
    open_event(o, "lost");
    out_key(o, "count");
    out_uint(o, count);
    close_event(o);
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
        write_lost(&o, s->lost);
    s->lost = 0;
    write_event(&o, event);
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
                        bool lossless)
{
    subscription_stop(s);
    s->machine = machine;
    s->lost = 0;
    s->lossless = lossless;
    s->listener = (struct listener){.kinds = kinds, .on_event = on_event};
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
    s->machine = NULL;
}
