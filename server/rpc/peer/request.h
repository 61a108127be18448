/* SPDX-License-Identifier: MIT */
/*
 * The life of a request.
 *
 *     request_new() -> handler -> DONE or FAILED ----------------------------> request_finish()
 *                          |                                                     answered, freed
 *                          +---> PARKED: request_park() ... its wait ends, or request_cancel()
 *
 * A request is answered exactly once, unless it is a notification or its connection is gone. A
 * connection is freed after its requests.
 *
 * A parked request holds little of the daemon's memory, however large its message was: it keeps the
 * id, of limited length, and the parameters only if the call still reads text of theirs. These are in
 * the request's arena, where they do not move.
 *
 * A few answered requests are kept and used again.
 *
 * Members of a batch are requests like others; the batch collects their answers, and is sent after
 * the last one.
 */
#ifndef SERVER_RPC_PEER_REQUEST_H
#define SERVER_RPC_PEER_REQUEST_H

#include "server/base/arena.h"
#include "server/kernel/call/call.h"
#include "server/kernel/clock.h"
#include "server/rpc/codec/codec.h"
#include "server/rpc/codec/envelope.h"
#include "server/rpc/peer/peer.h"

enum request_status { REQUEST_FAILED = -1, REQUEST_DONE = 0, REQUEST_PARKED = 1 };

/*
 * A request enters a machine that may stand still (kernel/stack.h) in turn:
 *
 *     dispatch() -> handler: request_enter() is false -> the request is an input of the machine, and its
 *                                                        handler is called once more, from the start
 *
 * Until then, and while the machine stands still inside it, it is parked like any other request.
 */

/** The answers of a batch, which are sent together. */
struct batch {
    struct peer *peer;
    struct strbuf out;
    size_t open; /* members not yet finished, and 1 while members are still taken */
};

struct request {
    struct peer *peer;
    struct batch *batch; /* or NULL */
    const char *id;      /* its JSON text; in the arena; NULL for a notification */
    size_t id_len;
    struct arena_mark kept; /* the end of the id in the arena */

    /* Its message; only while the request is begun, except what the call still reads. */
    const struct json_doc *doc;
    const char *method; /* in the arena */
    size_t method_len;
    const cJSON *params;   /* in the arena, or NULL */
    uint32_t params_at;    /* the token of the params, or 0 */
    struct json_span text; /* the text of the params; empty: there are none */

    struct session *session; /* referenced: it acts for this one, which may be over; or NULL */
    int32_t as;              /* the process of the session that it acts as; 0: its own */
    bool visits;             /* it has called session_visit() */

    struct strbuf result; /* JSON; empty: null */
    struct failure failure;
    struct strbuf record; /* the begin of its line of the record; empty when nothing is recorded */

    /* If it enters a machine in turn. */
    struct entry entry;
    struct machine *enters;     /* the machine that request_enter() refused; or NULL */
    void *given;                /* its parameters, decoded; in the arena; NULL: not yet */
    enum request_status status; /* returned by its handler */
    bool on_way;                /* it is queued, or the machine stands still inside it */
    size_t kept_bytes;          /* of its message, counted in peer->waiting_bytes */
    enum rpc_code cancel_code;  /* set by request_cancel() while the machine stood still; or 0 */
    const char *cancel_why;

    /* While it is parked. */
    struct list link;    /* in peer->requests */
    bool parked;         /* request_park() was called */
    bool background;     /* of a call: the session thinks even while this request is in flight */
    struct list waiters; /* struct request.wait: call.wait requests that wait for this one */
    struct list wait;
    struct clock_goal goal; /* if set: it waits until a clock is there */

    bool has_call; /* call_init() was called */
    size_t held;   /* bytes it holds while parked: request_may_hold() */

    /* Not cleared when a request begins. decoder and call are set only for SC_* calls. */
    struct decoder decoder; /* its info is NULL until then */
    struct call call;
    struct arena arena;
};

/** A request without contents. Returns it, or NULL. */
struct request *request_new(struct peer *peer, struct batch *batch);

/**
 * Copy id, method and params of an envelope into the request's arena.
 * @doc      what @env was read from; borrowed until the request is answered or parked.
 * Returns   0; -1 without memory, with rq->failure set. The id is copied first: it is missing only if
 *           there is no memory for it.
 */
int request_fill(struct request *rq, const struct json_doc *doc, const struct envelope *env);

/** Free the requests that are kept to be used again. */
void requests_done(struct rpc *rpc);

/** Check whether the connection may have one more parked request. Returns 0; -1 with the failure set. */
int request_may_park(struct request *rq);

/** A request that holds no more bytes is small: only the limit in_flight applies to it. */
enum { REQUEST_SMALL = 4096 };

/** Check whether it may hold @bytes while it is parked. Returns 0; -1 with the failure set. */
int request_may_hold(struct request *rq, size_t bytes);

/**
 * Set the session that a request acts for: that of @token, or for NULL the connection's, if it has one.
 * A connection without a session takes the one of the token.
 * Returns   0; -1 with the failure set.
 */
int request_act_for(struct request *rq, const char *token, int32_t as);

/** Park a request, and count it for its session. */
void request_park(struct request *rq);

/**
 * Whether a handler may enter a machine now. Called before the handler does anything else.
 * Returns   true: it may. false: it must return REQUEST_FAILED, and is called again.
 */
bool request_enter(struct request *rq, struct machine *m);

/**
 * Keep decoded parameters for the second call of a handler that may not enter a machine yet, because
 * decoding changes the message.
 * @given    borrowed; @size bytes.
 * Returns   REQUEST_FAILED, for `return request_keep(…)`.
 */
enum request_status request_keep(struct request *rq, const void *given, size_t size);

/** Enter the machine that request_enter() has refused, now or when the queue reaches it. @run calls the
 * handler again, then request_arrived(). Returns the handler's status, or PARKED. */
enum request_status request_enter_in_turn(struct request *rq, void (*run)(struct entry *in));

/** For @run, after the handler has returned @status. May free the request. */
void request_arrived(struct request *rq, enum request_status status);

/** The connection's parked request with this id; NULL: there is none. */
struct request *request_find(struct peer *peer, struct json_span id);

/** Answer, and free. @status DONE: with rq->result; FAILED: with rq->failure. */
void request_finish(struct request *rq, enum request_status status);

/** Its connection is gone: end a parked request with an error. One that waits for its turn in a machine
 * still has it. */
void request_abandon(struct request *rq, enum rpc_code code, const char *why);

/** End a parked request with an error; if its machine stands still, it ends later. Never call it from
 * inside a machine. */
void request_cancel(struct request *rq, enum rpc_code code, const char *why);

/** A writer to request.result. */
struct json_out request_result(struct request *rq);

/** Release a reference; the last one sends the answers. */
void batch_release(struct batch *b);

#endif
