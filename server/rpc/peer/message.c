/* SPDX-License-Identifier: MIT */
#include "server/rpc/peer/message.h"

#include "server/rpc/codec/envelope.h"
#include "server/rpc/peer/dispatch.h"
#include "server/rpc/peer/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** More tokens of a message are not kept for the next. */
enum { TOKENS_KEPT = 4096 };

void message_answer_failure(struct peer *peer, const struct failure *f)
{
    struct strbuf *out = peer_begin(peer);
    struct json_out o;

    peer->rpc->stats.errors++;
    if (out == NULL)
        return;
    o = json_out_to(out);
    out_open(&o, '{');
    out_key(&o, "jsonrpc");
    out_string(&o, "2.0");
    out_key(&o, "id");
    out_null(&o);
    out_key(&o, "error");
    failure_write(f, &o);
    out_close(&o, '}');
    peer_seal(peer);
}

static void answer_null_id(struct peer *peer, int code, const char *why)
{
    struct failure f = FAILURE_INIT;

    (void)fail(&f, code, NULL, "%s", why);
    message_answer_failure(peer, &f);
    failure_done(&f);
}

/** Check whether one more answer fits in the request's batch. Returns 0; -1 with the failure set. */
static int check_batch(struct request *rq)
{
    if (rq->batch == NULL || rq->batch->out.len <= rq->peer->rpc->limits.queued_bytes)
        return 0;
    return fail(&rq->failure, RPC_E_TOO_MANY, NULL,
                "the answers of this batch have %zu bytes already (limit queued_bytes)",
                rq->batch->out.len);
}

/** Read the envelope into the request. */
static enum envelope_kind read_envelope(struct request *rq, const struct json_doc *doc, uint32_t at)
{
    struct envelope env;
    enum envelope_kind kind = envelope_read(doc, at, &env, &rq->failure);

    if (kind == ENVELOPE_DROP || request_fill(rq, doc, &env) == 0)
        return kind;
    if (rq->id == NULL && kind != ENVELOPE_NOTIFICATION)
        message_answer_failure(rq->peer, &rq->failure); /* else it would wait for ever */
    return ENVELOPE_INVALID;
}

static void take_request(struct peer *peer, struct batch *batch, const struct json_doc *doc,
                         uint32_t at)
{
    struct request *rq = request_new(peer, batch);
    enum request_status status = REQUEST_FAILED;

    if (rq == NULL) {
        answer_null_id(peer, RPC_E_INTERNAL, "out of memory");
        return;
    }
    switch (read_envelope(rq, doc, at)) {
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

static size_t count_members(const struct json_doc *doc)
{
    size_t count = 0;

    for (uint32_t i = 1; i < doc->count; i = json_next(doc, i))
        count++;
    return count;
}

/** Whether a batch may have so many members. Returns 0; -1 answered. */
static int check_count(struct peer *peer, size_t count)
{
    const size_t most = (size_t)peer->rpc->limits.batch;
    struct failure f = FAILURE_INIT;

    if (count > 0 && count <= most)
        return 0;
    if (count == 0)
        (void)fail(&f, RPC_E_INVALID, NULL, "a batch is empty; it has 1 to %zu members", most);
    else
        (void)fail(&f, RPC_E_INVALID, NULL,
                   "a batch of %zu members; it has at most %zu (limit batch)", count, most);
    message_answer_failure(peer, &f);
    failure_done(&f);
    return -1;
}

/** Begin the batch that rpc->message is. Its members are taken one by one, by message_take_next(). */
static void begin_batch(struct peer *peer)
{
    size_t count = count_members(&peer->rpc->message);
    struct batch *batch;

    if (check_count(peer, count) < 0)
        return;
    batch = calloc(1, sizeof(*batch));
    if (batch == NULL) {
        answer_null_id(peer, RPC_E_INTERNAL, "out of memory");
        return;
    }
    batch->peer = peer;
    batch->open = 1;
    peer->batch = batch;
    peer->message = peer->rpc->message;
    peer->rpc->message = (struct json_doc)JSON_DOC_INIT;
    peer->member = 1;
}

void message_abandon(struct peer *peer)
{
    struct batch *batch = peer->batch;

    peer->batch = NULL;
    json_doc_done(&peer->message);
    if (batch != NULL)
        batch_release(batch);
}

/** Answer a message that is not valid JSON, or past a limit. */
static void answer_bad_message(struct peer *peer, int err, const struct json_error *error)
{
    struct failure f = FAILURE_INIT;

    int code = err == -E2BIG ? RPC_E_INVALID : err == -ENOMEM ? RPC_E_INTERNAL : RPC_E_PARSE;

    (void)fail(&f, code, NULL, "%s, at byte %zu of the %s", error->what, error->at + 1,
               peer->stream->ops->unit);
    message_answer_failure(peer, &f);
    failure_done(&f);
}

static void take_message(struct peer *peer, struct json_span text)
{
    const struct rpc_limits *limits = &peer->rpc->limits;
    struct json_limits text_limits = {(size_t)limits->nesting, (size_t)limits->values};
    struct json_doc *message = &peer->rpc->message;
    struct json_error error;
    int err = json_read(message, text.ptr, text.len, &text_limits, &error);

    if (err < 0)
        answer_bad_message(peer, err, &error);
    else if (json_kind(message, 0) == JSON_ARRAY)
        begin_batch(peer);
    else
        take_request(peer, NULL, message, 0);
    if (message->cap > TOKENS_KEPT)
        json_doc_done(message);
}

/** Take the next member of the batch, or find that there is none. */
static void take_member(struct peer *peer)
{
    const uint32_t i = peer->member;

    if (i >= peer->message.count) {
        message_abandon(peer);
        return;
    }
    peer->member = json_next(&peer->message, i);
    take_request(peer, peer->batch, &peer->message, i);
}

int message_take_next(struct peer *peer)
{
    struct json_span text;
    int got;

    if (peer->batch != NULL) {
        take_member(peer);
        return 1;
    }
    got = peer->stream->ops->next(peer->stream, &text);
    if (got == 1)
        take_message(peer, text);
    return got;
}
