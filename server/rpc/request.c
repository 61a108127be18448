/* SPDX-License-Identifier: MIT */
#include "server/rpc/request.h"

#include "server/rpc/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct request *request_new(struct conn *c, struct batch *batch)
{
    struct request *rq = calloc(1, sizeof(*rq));

    if (rq == NULL)
        return NULL;
    rq->conn = c;
    rq->batch = batch;
    if (batch != NULL)
        batch->open++;
    list_init(&rq->link);
    list_init(&rq->waiters);
    list_init(&rq->wait);
    c->rpc->stats.messages++;
    return rq;
}

int request_may_park(struct request *rq)
{
    const struct rpc_limits *limits = &rq->conn->rpc->limits;

    if (rq->conn->in_flight >= limits->in_flight)
        return fail(&rq->failure, RPC_E_TOO_MANY, NULL,
                    "%llu requests wait for their answers (limit in_flight)",
                    (unsigned long long)limits->in_flight);
    if (rq->id != NULL && strlen(rq->id) > limits->id_bytes)
        return fail(&rq->failure, RPC_E_INVALID, NULL,
                    "the id of a request that may wait has at most %llu bytes (limit id_bytes)",
                    (unsigned long long)limits->id_bytes);
    return 0;
}

int request_may_hold(struct request *rq, size_t bytes)
{
    const uint64_t most = rq->conn->rpc->limits.waiting_bytes;
    const size_t others = rq->conn->waiting_bytes;

    rq->held = bytes > REQUEST_SMALL ? bytes : 0;
    if (rq->held == 0 || others == 0 || (others <= most && bytes <= most - others))
        return 0;
    return fail(&rq->failure, RPC_E_TOO_MANY, NULL,
                "requests that wait for their answers hold %zu bytes (limit waiting_bytes)",
                others);
}

int request_act_for(struct request *rq, const char *token, int32_t as)
{
    struct conn *c = rq->conn;
    struct session *s = c->session;

    if (token != NULL)
        s = session_find(c->rpc, token, c->uid, &rq->failure);
    if (token != NULL && s == NULL)
        return -1;
    if (token != NULL && c->session == NULL)
        conn_set_session(c, s);
    rq->visits = s != c->session;
    if (rq->visits)
        session_visit(s);
    rq->session = s != NULL ? session_ref(s) : NULL;
    rq->as = as;
    return 0;
}

/** Let go of the message, but for parameters that the call still reads. */
static void drop_message(struct request *rq)
{
    bool unused = !rq->has_call || codec_forget(&rq->decoder);
    cJSON *kept = unused ? NULL : cJSON_DetachItemViaPointer(rq->tree, rq->params);

    cJSON_Delete(rq->tree);
    rq->tree = kept;
    rq->params = kept;
    rq->method = NULL;
    rq->params_text = (struct json_span){NULL, 0};
}

void request_park(struct request *rq)
{
    struct conn *c = rq->conn;

    list_append(&c->requests, &rq->link);
    c->in_flight++;
    c->waiting_bytes += rq->held;
    drop_message(rq);
    if (rq->session != NULL && !rq->background)
        session_waits(rq->session, true);
}

/** Whatever clock it waits for need not get there. */
static void give_up_goal(struct request *rq)
{
    struct input in = {.kind = INPUT_NO_GOAL, .no_goal = {rq->goal.number, &rq->goal}};

    if (timer_is_set(&rq->goal.timer))
        (void)machine_input(rq->goal.machine, &in);
}

/** The opposite of request_park(). */
static void unpark(struct request *rq)
{
    list_del(&rq->link);
    list_del(&rq->wait);
    give_up_goal(rq);
    rq->conn->in_flight--;
    rq->conn->waiting_bytes -= rq->held;
    if (rq->session != NULL && !rq->background)
        session_waits(rq->session, false);
}

struct request *request_find(struct conn *c, struct json_span id)
{
    for (struct list *i = c->requests.next; i != &c->requests; i = i->next) {
        struct request *rq = container_of(i, struct request, link);

        if (rq->id != NULL && strlen(rq->id) == id.len && memcmp(rq->id, id.ptr, id.len) == 0)
            return rq;
    }
    return NULL;
}

struct json_out request_result(struct request *rq)
{
    return json_out_to(&rq->result);
}

/** Write the answer to @to. */
static void write_answer(const struct request *rq, enum request_status status, struct strbuf *to)
{
    struct json_out o = json_out_to(to);

    out_open(&o, '{');
    out_key(&o, "jsonrpc");
    out_string(&o, "2.0");
    out_key(&o, "id");
    out_raw(&o, rq->id, strlen(rq->id));
    out_key(&o, status == REQUEST_FAILED ? "error" : "result");
    if (status == REQUEST_FAILED)
        failure_write(&rq->failure, &o);
    else if (rq->result.len > 0)
        out_raw(&o, rq->result.ptr, rq->result.len);
    else
        out_null(&o);
    out_close(&o, '}');
}

static void answer(struct request *rq, enum request_status status)
{
    struct strbuf text = STRBUF_INIT;

    rq->conn->rpc->stats.errors += status == REQUEST_FAILED;
    if (rq->batch != NULL) {
        (void)strbuf_addc(&rq->batch->out, rq->batch->out.len == 0 ? '[' : ',');
        write_answer(rq, status, &rq->batch->out);
        return;
    }
    write_answer(rq, status, &text);
    (void)strbuf_addc(&text, '\n');
    conn_send(rq->conn, &text);
    strbuf_done(&text);
}

static void request_free(struct request *rq)
{
    if (rq->visits)
        session_unvisit(rq->session);
    (void)session_unref(rq->session);
    if (rq->has_call)
        call_done(&rq->call);
    codec_done(&rq->decoder);
    failure_done(&rq->failure);
    strbuf_done(&rq->result);
    strbuf_done(&rq->record);
    cJSON_Delete(rq->tree);
    free(rq->id);
    free(rq);
}

/** The result is not whole. Returns -1. */
static int fail_result(struct request *rq)
{
    if (!rq->result.over)
        return fail(&rq->failure, RPC_E_INTERNAL, NULL, "out of memory");
    return fail(&rq->failure, RPC_E_ANSWER, NULL,
                "the result has more than %zu bytes (limit answer_bytes); of a list ask for parts, "
                "with limit and after",
                rq->result.max);
}

void request_finish(struct request *rq, enum request_status status)
{
    struct conn *c = rq->conn;
    struct batch *batch = rq->batch;

    if (!list_empty(&rq->link))
        unpark(rq);
    if (strbuf_failed(&rq->result) && status == REQUEST_DONE)
        status = (enum request_status)fail_result(rq);
    record_end(rq, status);
    if (rq->id != NULL && !c->closing)
        answer(rq, status);
    while (!list_empty(&rq->waiters))
        request_finish(container_of(rq->waiters.next, struct request, wait), REQUEST_DONE);
    request_free(rq);
    if (batch != NULL)
        batch_release(batch);
    conn_request_gone(c);
}

/** Its done() finishes the request. */
static void cancel_call(struct request *rq)
{
    struct call *call = &rq->call;
    struct input in = {.kind = INPUT_CANCEL, .cancel = {call->seq, -ECANCELED, call}};

    (void)machine_input(call->machine, &in);
}

void request_cancel(struct request *rq, enum rpc_code code, const char *why)
{
    (void)fail(&rq->failure, code, NULL, "%s", why);
    if (rq->has_call)
        cancel_call(rq);
    else
        request_finish(rq, REQUEST_FAILED);
}

void batch_release(struct batch *b)
{
    if (--b->open > 0)
        return;
    if (b->out.len > 0) {
        (void)strbuf_add(&b->out, "]\n", 2);
        conn_send(b->conn, &b->out);
    }
    strbuf_done(&b->out);
    free(b);
}
