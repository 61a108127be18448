/* SPDX-License-Identifier: MIT */
/*
 * The life of a request.
 *
 *     request_new() -> handler -> DONE or FAILED ----------------------------> request_finish()
 *                          |                                                     answered, freed
 *                          +---> PARKED: request_park() ... its wait ends, or request_cancel()
 *
 * A request is answered exactly once, unless it is a notification or its connection is gone. A
 * connection never goes before its requests.
 *
 * What waits holds little of the daemon's memory, whatever it was sent with: of its message it keeps
 * the id, of limited length, and its parameters if the call still reads text of theirs. All of these
 * lie in the request's arena, where they do not move.
 *
 * A few requests that were answered are kept for the next ones.
 *
 * Members of a batch are requests like others; their answers gather in the batch, which is sent
 * when the last of them has come.
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
 * A machine that may stand still (kernel/stack.h) is entered in turn:
 *
 *     dispatch() -> handler: request_enter() is false -> the request is an input of the machine, and its
 *                                                        handler is called once more, from the start
 *
 * Until then, and while the machine stands still inside of it, it waits like any other request.
 */

/** Answers that leave together. */
struct batch {
    struct peer *peer;
    struct strbuf out;
    size_t open; /* members not yet finished, and 1 while members are still taken */
};

struct request {
    struct peer *peer;
    struct batch *batch; /* or NULL */
    const char *id;      /* as it was written; in the arena; NULL of a notification */
    size_t id_len;
    struct arena_mark kept; /* what the arena has for the id */

    /* Its message; only while the request is begun, but for what the call still reads. */
    const struct json_doc *doc;
    const char *method; /* in the arena */
    size_t method_len;
    const cJSON *params;   /* in the arena, or NULL */
    uint32_t params_at;    /* their token, or 0 */
    struct json_span text; /* and their text; empty when there are none */

    struct session *session; /* referenced: whom it acts for, maybe over; NULL: nobody */
    int32_t as;              /* and which of its processes; 0 its own */
    bool visits;             /* session_visit() is ours */

    struct strbuf result; /* JSON; empty stands for null */
    struct failure failure;
    struct strbuf
        record; /* what the record will say of it, begun; empty when nothing is recorded */

    /* Of one that enters a machine in turn. */
    struct entry entry;
    struct machine *enters;     /* what its handler was refused; or NULL */
    void *given;                /* its parameters, decoded; in the arena; NULL: not yet */
    enum request_status status; /* what its handler has answered */
    bool on_way;               /* it waits for its turn, or the machine stands still inside of it */
    size_t kept_bytes;         /* of its message, counted in peer->waiting_bytes */
    enum rpc_code cancel_code; /* of request_cancel() while the machine stood still; or 0 */
    const char *cancel_why;

    /* While it waits. */
    struct list link;    /* in peer->requests */
    bool parked;         /* request_park() was done */
    bool background;     /* of a call: the session's clock need not go on for it */
    struct list waiters; /* struct request.wait: call.wait requests for this one */
    struct list wait;
    struct clock_goal goal; /* set: it waits for a clock to be there */

    bool has_call; /* call_init() was done */
    size_t held;   /* bytes it holds if it waits: request_may_hold() */

    /* Not cleared when a request begins; those of SC_* calls are set when it is one. */
    struct decoder decoder; /* its info is NULL until then */
    struct call call;
    struct arena arena;
};

/** A request without contents. Returns it, or NULL. */
struct request *request_new(struct peer *peer, struct batch *batch);

/**
 * Copy id, method and params of an envelope into the request's arena.
 * @doc      what @env was read from; borrowed until the request is answered or parked.
 * Returns   0; -1 without memory, said in rq->failure. The id comes first: only when there is no
 *           memory for it the request has none.
 */
int request_fill(struct request *rq, const struct json_doc *doc, const struct envelope *env);

/** Free the requests that are kept for later ones. */
void requests_done(struct rpc *rpc);

/** Whether the connection may let one more wait. Returns 0; -1 with the failure said. */
int request_may_park(struct request *rq);

/** A request that holds no more bytes is small: in_flight is limit enough. */
enum { REQUEST_SMALL = 4096 };

/** Whether it may hold so many bytes while it waits. Returns 0; -1 with the failure said. */
int request_may_hold(struct request *rq, size_t bytes);

/**
 * Say whom a request acts for: the session of a token, or of NULL the connection's, if it has one.
 * A connection without a session has the one of the token from then on.
 * Returns   0; -1 with the failure said.
 */
int request_act_for(struct request *rq, const char *token, int32_t as);

/** Let a request wait, for the session it acts for. */
void request_park(struct request *rq);

/**
 * Whether a handler may enter a machine now. To be asked before it does anything.
 * Returns   true: it may. false: it shall answer REQUEST_FAILED, and is called again.
 */
bool request_enter(struct request *rq, struct machine *m);

/**
 * Keep decoded parameters for the second call of a handler that may not enter a machine yet: decoding changes
 * the message.
 * @given    borrowed; @size bytes.
 * Returns   REQUEST_FAILED, for `return request_keep(…)`.
 */
enum request_status request_keep(struct request *rq, const void *given, size_t size);

/** Let it enter the machine that its handler was refused, now or when its turn comes. @run calls the
 * handler again, and request_arrived(). Returns what the handler answers, or PARKED. */
enum request_status request_enter_in_turn(struct request *rq, void (*run)(struct entry *in));

/** For @run, after the handler has answered @status. May free the request. */
void request_arrived(struct request *rq, enum request_status status);

/** The connection's waiting request with this id, NULL when there is none. */
struct request *request_find(struct peer *peer, struct json_span id);

/** Answer, and free. @status DONE: with rq->result; FAILED: with rq->failure. */
void request_finish(struct request *rq, enum request_status status);

/** Its connection is gone: end a waiting request with an error. One that waits for its turn in a machine has it
 * all the same. */
void request_abandon(struct request *rq, enum rpc_code code, const char *why);

/** End a waiting request with an error; of one whose machine stands still, it ends later. Never from inside
 * of a machine. */
void request_cancel(struct request *rq, enum rpc_code code, const char *why);

/** A writer of the request's result. */
struct json_out request_result(struct request *rq);

/** Give up the reference; at the last one the answers are sent. */
void batch_release(struct batch *b);

#endif
