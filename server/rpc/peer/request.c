/* SPDX-License-Identifier: MIT */
#include "server/rpc/peer/request.h"

#include "server/rpc/codec/json_tree.h"
#include "server/rpc/trace/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)0)
#endif

/** Larger buffers of results are not kept. */
enum { RESULT_KEPT = 4096 };

/** One that was kept, or a new one; its result is an empty buffer, all else is undefined. */
static struct request *take_spare(struct rpc *rpc)
{
    struct request *rq;

    if (rpc->spare_count == 0)
        return calloc(1, sizeof(*rq));
    rq = rpc->spare[--rpc->spare_count];
    ASAN_UNPOISON_MEMORY_REGION(rq, sizeof(*rq));
    return rq;
}

struct request *request_new(struct peer *peer, struct batch *batch)
{
    struct request *rq = take_spare(peer->rpc);
    struct strbuf result;

    if (rq == NULL)
        return NULL;
    result = rq->result;
    memset(rq, 0, offsetof(struct request, decoder));
    rq->result = result;
    rq->result.max = 0;
    rq->decoder.info = NULL;
    arena_init(&rq->arena);
    rq->peer = peer;
    rq->batch = batch;
    if (batch != NULL)
        batch->open++;
    list_init(&rq->link);
    list_init(&rq->entry.link);
    list_init(&rq->waiters);
    list_init(&rq->wait);
    peer->rpc->stats.messages++;
    return rq;
}

static int take_id(struct request *rq, struct json_span id)
{
    char *text = arena_take(&rq->arena, id.len + 1);

    if (text == NULL)
        return fail(&rq->failure, RPC_E_INTERNAL, NULL, "out of memory");
    memcpy(text, id.ptr, id.len);
    text[id.len] = '\0';
    rq->id = text;
    rq->id_len = id.len;
    return 0;
}

int request_fill(struct request *rq, const struct json_doc *doc, const struct envelope *env)
{
    char *method;

    if (env->id.len > 0 && take_id(rq, env->id) < 0)
        return -1;
    rq->kept = arena_mark(&rq->arena);
    if (env->method == 0)
        return 0;
    rq->doc = doc;
    method = arena_take(&rq->arena, doc->tokens[env->method].len);
    if (method == NULL)
        return fail(&rq->failure, RPC_E_INTERNAL, NULL, "out of memory");
    rq->method_len = json_string(doc, env->method, method);
    rq->method = method;
    if (env->params == 0)
        return 0;
    rq->params_at = env->params;
    rq->text = json_span(doc, env->params);
    rq->params = json_tree(doc, env->params, &rq->arena);
    return rq->params != NULL ? 0 : fail(&rq->failure, RPC_E_INTERNAL, NULL, "out of memory");
}

int request_may_park(struct request *rq)
{
    const struct rpc_limits *limits = &rq->peer->rpc->limits;

    if (rq->peer->in_flight >= limits->in_flight)
        return fail(&rq->failure, RPC_E_TOO_MANY, NULL,
                    "%llu requests wait for their answers (limit in_flight)",
                    (unsigned long long)limits->in_flight);
    if (rq->id != NULL && rq->id_len > limits->id_bytes)
        return fail(&rq->failure, RPC_E_INVALID, NULL,
                    "the id of a request that may wait has at most %llu bytes (limit id_bytes)",
                    (unsigned long long)limits->id_bytes);
    return 0;
}

int request_may_hold(struct request *rq, size_t bytes)
{
    const uint64_t most = rq->peer->rpc->limits.waiting_bytes;
    const size_t others = rq->peer->waiting_bytes;

    rq->held = bytes > REQUEST_SMALL ? bytes : 0;
    if (rq->held == 0 || others == 0 || (others <= most && bytes <= most - others))
        return 0;
    return fail(&rq->failure, RPC_E_TOO_MANY, NULL,
                "requests that wait for their answers hold %zu bytes (limit waiting_bytes)",
                others);
}

int request_act_for(struct request *rq, const char *token, int32_t as)
{
    struct peer *peer = rq->peer;
    struct session *s = peer->session;

    if (token != NULL)
        s = session_find(peer->rpc, token, peer->uid, &rq->failure);
    if (token != NULL && s == NULL)
        return -1;
    if (token != NULL && peer->session == NULL)
        peer_set_session(peer, s);
    rq->visits = s != peer->session;
    if (rq->visits)
        session_visit(s);
    rq->session = s != NULL ? session_ref(s) : NULL;
    rq->as = as;
    return 0;
}

/** Release the message, except parameters that the call still reads. */
static void drop_message(struct request *rq)
{
    if (!rq->has_call || codec_forget(&rq->decoder)) {
        rq->params = NULL;
        arena_return(&rq->arena, rq->kept);
    }
    rq->doc = NULL;
    rq->method = NULL;
    rq->params_at = 0;
    rq->text = (struct json_span){NULL, 0};
    rq->given = NULL;
}

/** It is one that waits. */
static void enlist(struct request *rq)
{
    if (!list_empty(&rq->link))
        return;
    list_append(&rq->peer->requests, &rq->link);
    rq->peer->in_flight++;
}

void request_park(struct request *rq)
{
    struct peer *peer = rq->peer;

    enlist(rq);
    rq->parked = true;
    peer->waiting_bytes += rq->held;
    drop_message(rq);
    if (rq->session != NULL && !rq->background)
        session_waits(rq->session, true);
}

static void set_on_way(struct request *rq, bool on_way)
{
    if (rq->on_way == on_way)
        return;
    rq->on_way = on_way;
    if (on_way)
        rq->peer->on_way++;
    else
        rq->peer->on_way--;
}

/** Whatever clock it waits for need not get there. */
static void give_up_goal(struct request *rq)
{
    struct input in = {.kind = INPUT_NO_GOAL, .no_goal = {rq->goal.number, &rq->goal}};

    if (timer_is_set(&rq->goal.timer))
        (void)machine_input(rq->goal.machine, &in);
}

/** It waits no more. */
static void unpark(struct request *rq)
{
    list_del(&rq->link);
    set_on_way(rq, false);
    rq->peer->in_flight--;
    rq->peer->waiting_bytes -= rq->kept_bytes;
    if (!rq->parked)
        return;
    list_del(&rq->wait);
    give_up_goal(rq);
    rq->peer->waiting_bytes -= rq->held;
    if (rq->session != NULL && !rq->background)
        session_waits(rq->session, false);
}

struct request *request_find(struct peer *peer, struct json_span id)
{
    for (struct list *i = peer->requests.next; i != &peer->requests; i = i->next) {
        struct request *rq = container_of(i, struct request, link);

        if (rq->id != NULL && rq->id_len == id.len && memcmp(rq->id, id.ptr, id.len) == 0)
            return rq;
    }
    return NULL;
}

struct json_out request_result(struct request *rq)
{
    return json_out_to(&rq->result);
}

/** Append constant text. */
#define ADD(to, text) (void)strbuf_add((to), (text), sizeof(text) - 1)

static char *put(char *at, const char *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

/** Write the answer of a request that has succeeded: most of them, so in one piece. */
static void write_success(const struct request *rq, struct strbuf *to)
{
    static const char start[] = "{\"jsonrpc\":\"2.0\",\"id\":";
    static const char middle[] = ",\"result\":";
    const char *result = rq->result.len > 0 ? rq->result.ptr : "null";
    const size_t len = rq->result.len > 0 ? rq->result.len : 4;
    char *at;

    if (strbuf_reserve(to, sizeof(start) + sizeof(middle) + rq->id_len + len) < 0)
        return;
    at = put(to->ptr + to->len, start, sizeof(start) - 1);
    at = put(at, rq->id, rq->id_len);
    at = put(at, middle, sizeof(middle) - 1);
    at = put(at, result, len);
    *at++ = '}';
    *at = '\0';
    to->len = (size_t)(at - to->ptr);
}

/** Write the answer to @to. */
static void write_answer(const struct request *rq, enum request_status status, struct strbuf *to)
{
    struct json_out o = json_out_to(to);

    if (status != REQUEST_FAILED) {
        write_success(rq, to);
        return;
    }
    ADD(to, "{\"jsonrpc\":\"2.0\",\"id\":");
    (void)strbuf_add(to, rq->id, rq->id_len);
    ADD(to, ",\"error\":");
    failure_write(&rq->failure, &o);
    (void)strbuf_addc(to, '}');
}

static void answer(struct request *rq, enum request_status status)
{
    struct batch *batch = rq->batch;
    struct strbuf *out = batch != NULL ? NULL : peer_begin(rq->peer);

    rq->peer->rpc->stats.errors += status == REQUEST_FAILED;
    if (batch != NULL) {
        (void)strbuf_addc(&batch->out, batch->out.len == 0 ? '[' : ',');
        write_answer(rq, status, &batch->out);
    } else if (out != NULL) {
        write_answer(rq, status, out);
        peer_seal(rq->peer);
    }
}

/** Keep a request, without what it owns, for a later one. */
static void keep(struct rpc *rpc, struct request *rq)
{
    if (rq->result.cap > RESULT_KEPT)
        strbuf_done(&rq->result);
    strbuf_reset(&rq->result);
    if (rpc->spare_count < REQUESTS_SPARE) {
        ASAN_POISON_MEMORY_REGION(rq, sizeof(*rq));
        rpc->spare[rpc->spare_count++] = rq;
        return;
    }
    strbuf_done(&rq->result);
    free(rq);
}

void requests_done(struct rpc *rpc)
{
    while (rpc->spare_count > 0) {
        struct request *rq = take_spare(rpc);

        strbuf_done(&rq->result);
        free(rq);
    }
}

static void request_free(struct request *rq)
{
    if (rq->visits)
        session_unvisit(rq->session);
    (void)session_unref(rq->session);
    if (rq->has_call)
        call_done(&rq->call);
    if (rq->decoder.info != NULL)
        codec_done(&rq->decoder);
    if (rq->failure.code != 0)
        failure_done(&rq->failure);
    if (rq->record.ptr != NULL)
        strbuf_done(&rq->record);
    arena_done(&rq->arena);
    keep(rq->peer->rpc, rq);
}

/** The result is not whole. Returns -1. */
static int fail_result(struct request *rq)
{
    if (!rq->result.over)
        return fail(&rq->failure, RPC_E_INTERNAL, NULL, "out of memory");
    return fail(&rq->failure, RPC_E_ANSWER, NULL,
                "the result has more than %zu bytes (limit answer_bytes); ask for less, with limit "
                "and after, or pid",
                rq->result.max);
}

void request_finish(struct request *rq, enum request_status status)
{
    struct peer *peer = rq->peer;
    struct batch *batch = rq->batch;

    if (!list_empty(&rq->link))
        unpark(rq);
    if (strbuf_failed(&rq->result) && status == REQUEST_DONE)
        status = (enum request_status)fail_result(rq);
    record_end(rq, status);
    if (rq->id != NULL && !peer->closing)
        answer(rq, status);
    while (!list_empty(&rq->waiters))
        request_finish(container_of(rq->waiters.next, struct request, wait), REQUEST_DONE);
    request_free(rq);
    if (batch != NULL)
        batch_release(batch);
    peer_request_gone(peer);
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
    if (rq->on_way && !entry_waits(&rq->entry)) { /* the machine stands still inside it */
        rq->cancel_code = code;
        rq->cancel_why = why;
        if (rq->has_call)
            cancel_call(rq);
        return;
    }
    entry_withdraw(&rq->entry);
    (void)fail(&rq->failure, code, NULL, "%s", why);
    if (rq->has_call)
        cancel_call(rq);
    else
        request_finish(rq, REQUEST_FAILED);
}

void request_abandon(struct request *rq, enum rpc_code code, const char *why)
{
    rq->cancel_code = code;
    rq->cancel_why = why;
    if (!rq->on_way)
        request_cancel(rq, code, why);
}

/* ---- Entering a machine in turn ---- */

bool request_enter(struct request *rq, struct machine *m)
{
    if (m->stand.stack == NULL || stack_is_inside(m))
        return true;
    rq->enters = m;
    return false;
}

/** Make it another failure, of the same call. */
static void forget_failure(struct request *rq)
{
    const char *syscall = rq->failure.syscall;

    failure_done(&rq->failure);
    rq->failure = (struct failure)FAILURE_INIT;
    rq->failure.syscall = syscall;
}

/** Its handler is called again: forget what it has found out. */
static void begin_again(struct request *rq)
{
    if (rq->visits)
        session_unvisit(rq->session);
    rq->visits = false;
    rq->session = session_unref(rq->session);
    forget_failure(rq);
}

enum request_status request_keep(struct request *rq, const void *given, size_t size)
{
    if (rq->enters == NULL || rq->given != NULL)
        return REQUEST_FAILED;
    rq->given = arena_take(&rq->arena, size);
    if (rq->given != NULL)
        memcpy(rq->given, given, size);
    return REQUEST_FAILED;
}

/** Its line is freed before it is carried out; what the handler needs is in the arena. Returns 0; -1
 * with the failure said. */
static int keep_message(struct request *rq, const struct machine *m)
{
    if (stack_is_closed(m) && (request_may_park(rq) < 0 || request_may_hold(rq, rq->text.len) < 0))
        return -1;
    rq->kept_bytes = rq->held;
    rq->held = 0;
    rq->doc = NULL;
    if (rq->given == NULL)
        return fail(&rq->failure, RPC_E_INTERNAL, NULL, "out of memory");
    return 0;
}

enum request_status request_enter_in_turn(struct request *rq, void (*run)(struct entry *in))
{
    struct machine *m = rq->enters;

    rq->enters = NULL;
    begin_again(rq);
    if (keep_message(rq, m) < 0)
        return REQUEST_FAILED;
    rq->peer->waiting_bytes += rq->kept_bytes;
    if (stack_enter(m, &rq->entry, run)) {
        if (rq->status != REQUEST_PARKED)
            rq->peer->waiting_bytes -= rq->kept_bytes;
        return rq->status;
    }
    set_on_way(rq, true);
    enlist(rq);
    return REQUEST_PARKED;
}

void request_arrived(struct request *rq, enum request_status status)
{
    rq->status = status;
    if (!rq->on_way)
        return;
    set_on_way(rq, false);
    if (rq->cancel_code != 0 && rq->failure.code == ECANCELED) { /* the slot has let go */
        forget_failure(rq);
        (void)fail(&rq->failure, rq->cancel_code, NULL, "%s", rq->cancel_why);
    }
    if (status != REQUEST_PARKED)
        request_finish(rq, status);
    else if (rq->cancel_code != 0)
        request_cancel(rq, rq->cancel_code, rq->cancel_why);
    else
        peer_request_gone(rq->peer); /* it holds its connection no more */
}

void batch_release(struct batch *b)
{
    if (--b->open > 0)
        return;
    if (b->out.len > 0) {
        (void)strbuf_addc(&b->out, ']');
        peer_send(b->peer, &b->out);
    }
    strbuf_done(&b->out);
    free(b);
}
