/* SPDX-License-Identifier: MIT */
/* server.*, rpc.discover, call.wait, $/cancelRequest: the daemon and the connection themselves. */
#include "schema/openrpc.h"
#include "server/rpc/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Version of the table of calls: it changes when a guest or client must know. */
enum { ABI_VERSION = 1 };

static void put_guest(struct json_out *o, const struct rpc_daemon *d, const struct abi *abi)
{
    const char *refusal = d->guest_refusal(d->user, abi);

    out_key(o, abi->name);
    if (refusal == NULL)
        out_bool(o, true);
    else
        out_string(o, refusal);
}

enum request_status method_server_info(struct request *rq,
                                       const struct rpc_server_info_params *params)
{
    const struct rpc_daemon *d = &rq->conn->rpc->opt.daemon;
    struct json_out o = request_result(rq);

    (void)params;
    out_open(&o, '{');
    out_key(&o, "name");
    out_string(&o, "scboxd");
    out_key(&o, "version");
    out_string(&o, SCBOX_VERSION);
    out_key(&o, "pid");
    out_int(&o, getpid());
    out_key(&o, "abi");
    out_int(&o, ABI_VERSION);
    out_key(&o, "guests");
    out_open(&o, '{');
    for (size_t i = 0; i < ABI_COUNT; i++)
        put_guest(&o, d, abis[i]);
    out_close(&o, '}');
    out_close(&o, '}');
    return REQUEST_DONE;
}

/** Write a struct of counters: the only one of methods.def that is one. */
static void put_stats(struct json_out *o, const struct rpc_stats_object *s)
{
    const struct {
        const char *name;
        int64_t value;
    } rows[] = {
        {"connections", s->connections},
        {"connections_total", s->connections_total},
        {"connections_refused", s->connections_refused},
        {"sessions", s->sessions},
        {"sessions_total", s->sessions_total},
        {"machines", s->machines},
        {"messages", s->messages},
        {"errors", s->errors},
        {"events", s->events},
        {"events_lost", s->events_lost},
        {"bytes_in", s->bytes_in},
        {"bytes_out", s->bytes_out},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        out_key(o, rows[i].name);
        out_int(o, rows[i].value);
    }
}

enum request_status method_server_stats(struct request *rq,
                                        const struct rpc_server_stats_params *params)
{
    struct json_out o = request_result(rq);

    (void)params;
    out_open(&o, '{');
    put_stats(&o, &rq->conn->rpc->stats);
    out_close(&o, '}');
    return REQUEST_DONE;
}

enum request_status method_server_shutdown(struct request *rq,
                                           const struct rpc_server_shutdown_params *params)
{
    const struct rpc_daemon *d = &rq->conn->rpc->opt.daemon;
    const uint32_t uid = rq->conn->uid;

    (void)params;
    if (uid != 0 && uid != geteuid())
        return fail(&rq->failure, RPC_E_NOT_AUTHORISED, NULL,
                    "user %u may not stop the daemon; its own user and root may", uid);
    d->stop(d->user);
    return REQUEST_DONE;
}

/** Make the document, once: it is the same for all. */
static int make_document(struct strbuf *to)
{
    char *text = to->len == 0 ? openrpc_document() : NULL;

    if (text != NULL) {
        cJSON_Minify(text); /* a message is one line */
        (void)strbuf_adds(to, text);
        free(text);
    }
    return to->len > 0 && !strbuf_failed(to) ? 0 : -ENOMEM;
}

enum request_status method_rpc_discover(struct request *rq,
                                        const struct rpc_rpc_discover_params *params)
{
    struct strbuf *document = &rq->conn->rpc->document;
    struct json_out o = request_result(rq);

    (void)params;
    if (rq->id == NULL)
        return REQUEST_DONE; /* nobody reads it */
    if (make_document(document) < 0) {
        strbuf_done(document);
        (void)fail(&rq->failure, RPC_E_INTERNAL, NULL, "out of memory");
        return REQUEST_FAILED;
    }
    out_raw(&o, document->ptr, document->len);
    return REQUEST_DONE;
}

enum request_status method_call_wait(struct request *rq, const struct rpc_call_wait_params *params)
{
    struct request *other = request_find(rq->conn, params->id);

    if (other == NULL)
        return REQUEST_DONE;
    if (request_may_park(rq) < 0)
        return REQUEST_FAILED;
    list_append(&other->waiters, &rq->wait);
    request_park(rq);
    return REQUEST_PARKED;
}

enum request_status method_cancel_request(struct request *rq,
                                          const struct rpc_cancel_request_params *params)
{
    struct request *other = request_find(rq->conn, params->id);

    if (other != NULL)
        request_cancel(other, RPC_E_CANCELLED, "by $/cancelRequest");
    return REQUEST_DONE;
}
