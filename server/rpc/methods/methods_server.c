/* SPDX-License-Identifier: MIT */
/* server.*, rpc.discover, call.wait, $/cancelRequest: the daemon and the connection themselves. */
#include "schema/openrpc/openrpc.h"
#include "server/rpc/peer/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Version of the table of calls: it changes when a guest or client must know. */
enum { ABI_VERSION = 1 };

/** The members of struct guests are the ABIs there are: one that is missing is found by coverage/abi. */
static void write_guests(struct json_out *o, const void *of)
{
    const struct rpc_daemon *d = of;

    out_open(o, '{');
    for (size_t i = 0; i < ABI_COUNT; i++) {
        const char *refusal = d->guest_refusal(d->user, abis[i]);

        out_key(o, abis[i]->name);
        if (refusal == NULL)
            out_bool(o, true);
        else
            out_string(o, refusal);
    }
    out_close(o, '}');
}

enum request_status method_server_info(struct request *rq,
                                       const struct rpc_server_info_params *params)
{
    const struct rpc_daemon *d = &rq->peer->rpc->opt.daemon;
    struct json_out o = request_result(rq);

    (void)params;
    result_server_info(&o, &(struct rpc_server_info_result){.name = "scboxd",
                                                            .version = SCBOX_VERSION,
                                                            .pid = getpid(),
                                                            .abi = ABI_VERSION,
                                                            .guests = {write_guests, d}});
    return REQUEST_DONE;
}

enum request_status method_server_stats(struct request *rq,
                                        const struct rpc_server_stats_params *params)
{
    struct json_out o = request_result(rq);

    (void)params;
    result_server_stats(&o, &rq->peer->rpc->stats);
    return REQUEST_DONE;
}

enum request_status method_server_shutdown(struct request *rq,
                                           const struct rpc_server_shutdown_params *params)
{
    const struct rpc_daemon *d = &rq->peer->rpc->opt.daemon;
    const uint32_t uid = rq->peer->uid;

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
    struct strbuf *document = &rq->peer->rpc->document;
    struct json_out o = request_result(rq);

    (void)params;
    if (rq->id == NULL)
        return REQUEST_DONE; /* no answer is sent */
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
    struct request *other = request_find(rq->peer, params->id);

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
    struct request *other = request_find(rq->peer, params->id);

    if (other != NULL)
        request_cancel(other, RPC_E_CANCELLED, "by $/cancelRequest");
    return REQUEST_DONE;
}
