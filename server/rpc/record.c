/* SPDX-License-Identifier: MIT */
#include "server/rpc/record.h"

#include <string.h>

void record_begin(struct request *rq)
{
    struct json_out o = json_out_to(&rq->record);
    struct json_span text = rq->params_text;

    if (rq->conn->rpc->opt.daemon.record == NULL)
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
    const struct rpc_daemon *d = &rq->conn->rpc->opt.daemon;
    struct json_out o = {.to = &rq->record, .comma = true};

    if (rq->record.len == 0)
        return;
    write_outcome(rq, status, &o);
    (void)strbuf_addc(&rq->record, '\n');
    if (!strbuf_failed(&rq->record))
        d->record(d->user, rq->record.ptr, rq->record.len);
}
