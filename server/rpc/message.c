/* SPDX-License-Identifier: MIT */
#include "server/rpc/message.h"

#include "server/rpc/dispatch.h"
#include "server/rpc/envelope.h"
#include "server/rpc/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void message_answer_failure(struct conn *c, const struct failure *f)
{
    struct strbuf text = STRBUF_INIT;
    struct json_out o = json_out_to(&text);

    out_open(&o, '{');
    out_key(&o, "jsonrpc");
    out_string(&o, "2.0");
    out_key(&o, "id");
    out_null(&o);
    out_key(&o, "error");
    failure_write(f, &o);
    out_close(&o, '}');
    (void)strbuf_addc(&text, '\n');
    c->rpc->stats.errors++;
    conn_send(c, &text);
    strbuf_done(&text);
}

static void answer_null_id(struct conn *c, int code, const char *why)
{
    struct failure f = FAILURE_INIT;

    (void)fail(&f, code, NULL, "%s", why);
    message_answer_failure(c, &f);
    failure_done(&f);
}

/** Whether one more answer fits in the request's batch. Returns 0; -1 with the failure said. */
static int check_batch(struct request *rq)
{
    if (rq->batch == NULL || rq->batch->out.len <= rq->conn->rpc->limits.queued_bytes)
        return 0;
    return fail(&rq->failure, RPC_E_TOO_MANY, NULL,
                "the answers of this batch have %zu bytes already (limit queued_bytes)",
                rq->batch->out.len);
}

/** Read the envelope into the request. */
static enum envelope_kind read_envelope(struct request *rq, struct json_span text)
{
    struct envelope env;
    enum envelope_kind kind = envelope_read(text, &env, &rq->failure);

    rq->tree = env.tree;
    rq->method = env.method;
    rq->params = env.params;
    rq->params_text = env.params_text;
    if (kind != ENVELOPE_REQUEST && kind != ENVELOPE_INVALID)
        return kind;
    rq->id = strndup(env.id.ptr, env.id.len);
    if (rq->id != NULL)
        return kind;
    answer_null_id(rq->conn, RPC_E_INTERNAL, "out of memory"); /* else it would wait for ever */
    return ENVELOPE_DROP;
}

static void take_request(struct conn *c, struct batch *batch, struct json_span text)
{
    struct request *rq = request_new(c, batch);
    enum request_status status = REQUEST_FAILED;

    if (rq == NULL) {
        answer_null_id(c, RPC_E_INTERNAL, "out of memory");
        return;
    }
    switch (read_envelope(rq, text)) {
    case ENVELOPE_REQUEST:
    case ENVELOPE_NOTIFICATION:
        if (check_batch(rq) == 0)
            status = dispatch(rq);
        break;
    case ENVELOPE_DROP:
    case ENVELOPE_INVALID:
        break;
    }
    if (status != REQUEST_PARKED)
        request_finish(rq, status);
}

static size_t count_members(struct json_span array)
{
    struct json_iter it;
    struct json_span key;
    struct json_span value;
    size_t count = 0;

    json_iter_init(&it, array);
    while (json_iter_next(&it, &key, &value))
        count++;
    return count;
}

/** Whether a batch may have so many members. Returns 0; -1 answered. */
static int check_count(struct conn *c, size_t count)
{
    const size_t most = (size_t)c->rpc->limits.batch;
    struct failure f = FAILURE_INIT;

    if (count > 0 && count <= most)
        return 0;
    if (count == 0)
        (void)fail(&f, RPC_E_INVALID, NULL, "a batch is empty; it has 1 to %zu members", most);
    else
        (void)fail(&f, RPC_E_INVALID, NULL,
                   "a batch of %zu members; it has at most %zu (limit batch)", count, most);
    message_answer_failure(c, &f);
    failure_done(&f);
    return -1;
}

/** Begin a batch. Its members are taken one by one, by message_take_next(). */
static void begin_batch(struct conn *c, struct json_span array)
{
    size_t count = count_members(array);
    struct batch *batch;

    if (check_count(c, count) < 0)
        return;
    batch = calloc(1, sizeof(*batch));
    if (batch == NULL) {
        answer_null_id(c, RPC_E_INTERNAL, "out of memory");
        return;
    }
    batch->conn = c;
    batch->open = 1;
    c->batch = batch;
    json_iter_init(&c->members, array);
}

void message_abandon(struct conn *c)
{
    struct batch *batch = c->batch;

    c->batch = NULL;
    if (batch != NULL)
        batch_release(batch);
}

/** Answer a line that is no JSON we take. */
static void answer_bad_line(struct conn *c, int err, const struct json_error *error)
{
    struct failure f = FAILURE_INIT;

    (void)fail(&f, err == -E2BIG ? RPC_E_INVALID : RPC_E_PARSE, NULL, "%s, at byte %zu of the line",
               error->what, error->at + 1);
    message_answer_failure(c, &f);
    failure_done(&f);
}

/** What a first line looks like, for the failure. */
static const char *protocol_of(struct json_span line)
{
    static const struct {
        const char *start;
        const char *name;
    } rows[] = {
        {"GET ", "HTTP"},
        {"POST ", "HTTP"},
        {"HEAD ", "HTTP"},
        {"PUT ", "HTTP"},
        {"OPTIONS ", "HTTP"},
        {"DELETE ", "HTTP"},
        {"CONNECT ", "HTTP"},
        {"PRI ", "HTTP"},
        {"Content-", "a header, as of HTTP or LSP"},
        {"content-", "a header, as of HTTP or LSP"},
        {"\x16\x03", "TLS"},
        {"SSH-", "SSH"},
        {"\xEF\xBB\xBF", "a byte order mark"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = strlen(rows[i].start);

        if (line.len >= len && memcmp(line.ptr, rows[i].start, len) == 0)
            return rows[i].name;
    }
    return "something else";
}

/** A connection begins with something else than JSON-RPC: say so, and serve it no more. @line: what has
 * arrived of its first line. */
static void refuse_opening(struct conn *c, struct json_span line)
{
    struct json_limits limits = {(size_t)c->rpc->limits.nesting, (size_t)c->rpc->limits.values};
    struct json_error error;
    struct failure f = FAILURE_INIT;

    if (json_check(line.ptr, line.len, &limits, &error) == 0)
        (void)fail(&f, RPC_E_INVALID, NULL, "a request is an object, a batch an array");
    else
        (void)fail(&f, RPC_E_PARSE, NULL,
                   "a connection begins with { or [, one JSON-RPC message a line; this is %s",
                   protocol_of(line));
    conn_refuse(c, &f);
    failure_done(&f);
}

static void take_line(struct conn *c, struct json_span line)
{
    const struct rpc_limits *limits = &c->rpc->limits;
    struct json_limits text_limits = {(size_t)limits->nesting, (size_t)limits->values};
    struct json_error error;
    int err = json_check(line.ptr, line.len, &text_limits, &error);

    if (err < 0)
        answer_bad_line(c, err, &error);
    else if (json_kind(line) == JSON_ARRAY)
        begin_batch(c, line);
    else
        take_request(c, NULL, line);
}

int message_take_next(struct conn *c)
{
    struct json_span key;
    struct json_span span;
    int got;

    if (c->batch != NULL) {
        if (json_iter_next(&c->members, &key, &span))
            take_request(c, c->batch, span);
        else
            message_abandon(c);
        return 1;
    }
    got = frame_next(&c->in, c->ended, &span);
    if (got == 1)
        take_line(c, span);
    else if (got == -EPROTO)
        refuse_opening(c, span);
    return got;
}
