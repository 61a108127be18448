/* SPDX-License-Identifier: MIT */
#include "server/rpc/trace/trace.h"

#include "server/rpc/peer/peer.h"
#include "server/rpc/trace/event_out.h"

#include <stdio.h>
#include <string.h>

/** Write an event. What several subscriptions send is written once: it may be long. */
static void write_event(const struct subscription *s, const struct event *event, struct strbuf *out)
{
    struct rpc_machine *machine = s->machine;
    struct json_out o = json_out_to(out);
    struct json_out once = json_out_to(&machine->last_event);

    if (machine->subscriptions.next == machine->subscriptions.prev || s->shown != 0) {
        o.shown = s->shown;
        event_write(&o, event);
        return;
    }
    if (machine->last_event_number != event->number) {
        strbuf_done(&machine->last_event);
        event_write(&once, event);
        machine->last_event_number = event->number;
    }
    (void)strbuf_add(out, strbuf_str(&machine->last_event), machine->last_event.len);
    out->failed = out->failed || strbuf_failed(&machine->last_event);
}

/** Send an event that only this subscription has. */
static void send_own(struct subscription *s, const struct event *event)
{
    struct strbuf *out = peer_begin(s->peer);
    struct json_out o;

    if (out == NULL)
        return;
    o = json_out_to(out);
    event_write(&o, event);
    peer_seal(s->peer);
}

/** Send how many events were dropped since the last one that was sent. */
static void send_lost(struct subscription *s)
{
    if (s->lost > 0)
        send_own(s, &(struct event){.kind = EVENT_LOST, .count = s->lost});
    s->lost = 0;
}

static void on_stall_time(uv_timer_t *timer);

/** When a subscription has stalled its machine for too long, by the loop's clock. */
static uint64_t stall_end(const struct subscription *s)
{
    return s->stalled_ms + s->peer->rpc->limits.stall_ms;
}

/** Wait for the end of the first stall there is. */
static void await_stall(struct rpc *rpc)
{
    uint64_t first = UINT64_MAX;
    const uint64_t now = uv_now(rpc->loop);

    for (const struct list *i = rpc->peers.next; i != &rpc->peers; i = i->next) {
        const struct peer *peer = container_of(i, struct peer, link);

        if (peer->events.stalling && stall_end(&peer->events) < first)
            first = stall_end(&peer->events);
    }
    if (first == UINT64_MAX)
        (void)uv_timer_stop(&rpc->stalls);
    else
        (void)uv_timer_start(&rpc->stalls, on_stall_time, first > now ? first - now : 0, 0);
}

static void on_stall_time(uv_timer_t *timer)
{
    struct rpc *rpc = timer->data;
    char why[96];

    (void)snprintf(why, sizeof(why), "its connection has not read for %llu ms (limit stall_ms)",
                   (unsigned long long)rpc->limits.stall_ms);
    for (struct list *i = rpc->peers.next; i != &rpc->peers; i = i->next) {
        struct subscription *s = &container_of(i, struct peer, link)->events;

        if (!s->stalling || stall_end(s) > uv_now(rpc->loop))
            continue;
        rpc_log(rpc, "warn", "a lossless subscription of user %u to machine '%s' ends: %s",
                s->peer->uid, s->machine->name, why);
        subscription_end(s, why);
    }
    await_stall(rpc);
}

static void on_event(struct listener *self, struct machine *m, const struct event *event)
{
    struct subscription *s = container_of(self, struct subscription, listener);
    struct rpc *rpc = s->peer->rpc;
    struct strbuf *out;

    if (peer_is_full(s->peer) && !s->lossless) {
        s->lost++;
        rpc->stats.events_lost++;
        return;
    }
    send_lost(s);
    rpc->stats.events++;
    out = peer_begin(s->peer);
    if (out != NULL) {
        write_event(s, event, out);
        peer_seal(s->peer);
    }
    if (s->lossless && !s->stalling && peer_is_full(s->peer)) {
        s->stalling = true;
        s->stalled_ms = uv_now(rpc->loop);
        machine_input_plain(m, INPUT_STALL);
        await_stall(rpc);
    }
}

/** Continue the calls that waited for this subscription. */
static void unstall(struct subscription *s)
{
    if (!s->stalling)
        return;
    s->stalling = false;
    machine_input_plain(s->machine->m, INPUT_UNSTALL);
}

void subscription_drained(struct subscription *s)
{
    if (!peer_is_full(s->peer))
        unstall(s);
}

void subscription_init(struct subscription *s, struct peer *peer)
{
    *s = (struct subscription){.peer = peer};
    list_init(&s->in_machine);
}

void subscription_start(struct subscription *s, struct rpc_machine *machine, unsigned kinds,
                        int32_t pid, bool lossless)
{
    subscription_stop(s);
    s->shown = 0;
    s->machine = machine;
    s->lost = 0;
    s->lossless = lossless;
    s->listener = (struct listener){.kinds = kinds, .pid = pid, .on_event = on_event};
    list_append(&machine->subscriptions, &s->in_machine);
    input_listen(machine->m, &s->listener);
}

void subscription_end(struct subscription *s, const char *why)
{
    send_lost(s);
    subscription_stop(s);
    send_own(s, &(struct event){.kind = EVENT_ENDED, .bytes = why, .len = strlen(why)});
}

void trace_write_stalls(struct json_out *o, const void *of)
{
    const struct rpc_machine *machine = of;

    out_open(o, '[');
    for (const struct list *i = machine->subscriptions.next; i != &machine->subscriptions;
         i = i->next) {
        const struct subscription *s = container_of(i, struct subscription, in_machine);
        const struct session *session = s->peer->session;

        if (!s->stalling)
            continue;
        object_stall(o, &(struct rpc_stall_fields){
                            .by = session != NULL && !session_is_over(session) ? session->pid : 0,
                            .by_machine = session != NULL && !session_is_over(session)
                                              ? session->machine_name
                                              : NULL,
                            .by_uid = s->peer->uid,
                            .for_ms = (int64_t)(uv_now(s->peer->rpc->loop) - s->stalled_ms)});
    }
    out_close(o, ']');
}

void subscription_stop(struct subscription *s)
{
    if (s->machine == NULL)
        return;
    unstall(s);
    input_unlisten(s->machine->m, &s->listener);
    list_del(&s->in_machine);
    strbuf_done(&s->machine->last_event);
    s->machine->last_event_number = 0;
    s->machine = NULL;
}
