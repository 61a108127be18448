/* SPDX-License-Identifier: MIT */
#include "server/rpc/trace/record.h"

#include <string.h>

void record_begin(struct request *rq)
{
    struct json_out o = json_out_to(&rq->record);
    struct json_span text = rq->text;

    if (rq->peer->rpc->opt.daemon.record == NULL)
        return;
    out_open(&o, '{');
    out_key(&o, "gate");
    out_string(&o, "rpc");
    out_key(&o, "call");
    out_string(&o, rq->method);
    out_key(&o, "params");
    out_text(&o, text.len > 0 ? text.ptr : "",
             text.len < RECORD_PARAMS_MAX ? text.len : RECORD_PARAMS_MAX);
}

/** The last members: how it went. */
static void write_outcome(const struct request *rq, enum request_status status, struct json_out *o)
{
    out_key(o, status == REQUEST_FAILED ? "error" : "result");
    if (status == REQUEST_FAILED)
        failure_write(&rq->failure, o);
    else if (rq->result.len == 0 || rq->result.len >= RECORD_RESULT_MAX)
        out_null(o);
    else
        out_raw(o, rq->result.ptr, rq->result.len);
    if (status == REQUEST_DONE && rq->result.len >= RECORD_RESULT_MAX) {
        out_key(o, "size");
        out_uint(o, rq->result.len);
    }
    out_close(o, '}');
}

void record_end(struct request *rq, enum request_status status)
{
    const struct rpc_daemon *d = &rq->peer->rpc->opt.daemon;
    struct json_out o = {.to = &rq->record, .comma = true};

    if (rq->record.len == 0)
        return;
    write_outcome(rq, status, &o);
    (void)strbuf_addc(&rq->record, '\n');
    if (!strbuf_failed(&rq->record))
        d->record(d->user, rq->record.ptr, rq->record.len);
}

static void write_guest_call(const struct call *call, struct json_out *o)
{
    out_open(o, '{');
    out_key(o, "gate");
    out_string(o, call->abi->name);
    out_key(o, "call");
    out_string(o, sc_call_by_nr(call->nr)->name);
    out_key(o, "status");
    out_int(o, call->status);
    if (call->fault != 0) {
        out_key(o, "fault");
        out_uint(o, call->fault);
    }
    if (call->proc == NULL && call->nr != SC_EXIT) { /* it ended while the call was held */
        out_key(o, "ended");
        out_bool(o, true);
    }
    out_close(o, '}');
}

/** A call of a guest has finished; EXIT, which does not return, begins. */
static void on_call(struct listener *self, struct machine *m, const struct event *event)
{
    const struct rpc_daemon *d = &container_of(self, struct rpc_machine, recorder)->rpc->opt.daemon;
    const struct call *call = event->call;
    struct strbuf line = STRBUF_INIT;
    struct json_out o = json_out_to(&line);

    (void)m;
    if (call->abi == &abi_driven || (event->kind == EVENT_CALL && call->nr != SC_EXIT))
        return;
    write_guest_call(call, &o);
    (void)strbuf_addc(&line, '\n');
    if (!strbuf_failed(&line))
        d->record(d->user, line.ptr, line.len);
    strbuf_done(&line);
}

void record_watch(struct rpc_machine *machine)
{
    list_init(&machine->recorder.link);
    if (machine->rpc->opt.daemon.record == NULL)
        return;
    machine->recorder =
        (struct listener){.kinds = EVENT_CALL | EVENT_RETURN, .aside = true, .on_event = on_call};
    input_listen(machine->m, &machine->recorder);
}

void record_unwatch(struct rpc_machine *machine)
{
    if (machine->rpc->opt.daemon.record != NULL)
        input_unlisten(machine->m, &machine->recorder);
}
