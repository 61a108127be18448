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
#ifndef SERVER_RPC_REQUEST_H
#define SERVER_RPC_REQUEST_H

#include "server/base/arena.h"
#include "server/kernel/call.h"
#include "server/kernel/clock.h"
#include "server/rpc/codec.h"
#include "server/rpc/conn.h"
#include "server/rpc/envelope.h"

enum request_status { REQUEST_FAILED = -1, REQUEST_DONE = 0, REQUEST_PARKED = 1 };

/** Answers that leave together. */
struct batch {
    struct conn *conn;
    struct strbuf out;
    size_t open; /* members not yet finished, and 1 while members are still taken */
};

struct request {
    struct conn *conn;
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

    /* While it waits. */
    struct list link;    /* in conn->requests */
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
struct request *request_new(struct conn *c, struct batch *batch);

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

/** The connection's waiting request with this id, NULL when there is none. */
struct request *request_find(struct conn *c, struct json_span id);

/** Answer, and free. @status DONE: with rq->result; FAILED: with rq->failure. */
void request_finish(struct request *rq, enum request_status status);

/** End a waiting request with an error. Never from inside of a machine. */
void request_cancel(struct request *rq, enum rpc_code code, const char *why);

/** A writer of the request's result. */
struct json_out request_result(struct request *rq);

/** Give up the reference; at the last one the answers are sent. */
void batch_release(struct batch *b);

#endif
