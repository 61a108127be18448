/* SPDX-License-Identifier: MIT */
#include "server/rpc/rpc.h"

#include "server/rpc/peer/request.h"

#include <errno.h>
#include <stdlib.h>

/** How long a stop waits for answers to be read. */
enum { STOP_PATIENCE_MS = 1000 };

void rpc_log(struct rpc *rpc, const char *level, const char *fmt, ...)
{
    struct strbuf line = STRBUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    (void)strbuf_addv(&line, fmt, ap);
    va_end(ap);
    rpc->opt.daemon.log(rpc->opt.daemon.user, level, strbuf_str(&line));
    strbuf_done(&line);
}

int rpc_new(uv_loop_t *loop, const struct rpc_options *options, struct rpc **out)
{
    struct rpc *rpc = calloc(1, sizeof(*rpc));

    if (rpc == NULL)
        return -ENOMEM;
    rpc->loop = loop;
    rpc->opt = *options;
    rpc->limits = options->limits;
    list_init(&rpc->peers);
    list_init(&rpc->in_grace);
    (void)uv_timer_init(loop, &rpc->later);
    (void)uv_pipe_init(loop, &rpc->listener, 0);
    (void)uv_timer_init(loop, &rpc->stalls);
    rpc->later.data = rpc;
    rpc->stalls.data = rpc;
    rpc->listener.data = rpc;
    rpc->handles = 4;
    names_init(&rpc->names);
    turns_init(&rpc->turns, loop);
    *out = rpc;
    return 0;
}

static void on_later(uv_timer_t *timer)
{
    machines_tidy(timer->data);
}

void rpc_tidy_later(struct rpc *rpc)
{
    if (!rpc->stopping)
        (void)uv_timer_start(&rpc->later, on_later, 0, 0);
}

/** The last step of a stop, once no connection and no handle is left. */
static void end_if_gone(struct rpc *rpc)
{
    void (*on_stopped)(void *user) = rpc->on_stopped;
    void *user = rpc->stopped_user;

    if (rpc->handles > 0)
        return;
    strbuf_done(&rpc->document);
    json_doc_done(&rpc->message);
    requests_done(rpc);
    free(rpc);
    on_stopped(user);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct rpc *rpc = handle->data;

    rpc->handles--;
    end_if_gone(rpc);
}

static void on_turns_closed(void *user)
{
    struct rpc *rpc = user;

    rpc->handles--;
    end_if_gone(rpc);
}

/** All connections are gone: end the machines and close what is left. */
static void end_machines(struct rpc *rpc)
{
    struct rpc_machine *machine;
    struct rpc_machine *next;

    HASH_ITER(hh, rpc->machines, machine, next) {
        machines_remove(machine);
    }
    uv_close((uv_handle_t *)&rpc->later, on_handle_closed);
    uv_close((uv_handle_t *)&rpc->stalls, on_handle_closed);
    turns_close(&rpc->turns, on_turns_closed, rpc);
}

void rpc_peer_gone(struct rpc *rpc)
{
    if (rpc->stopping && list_empty(&rpc->peers))
        end_machines(rpc);
}

static void on_patience_over(uv_timer_t *timer)
{
    struct rpc *rpc = timer->data;

    for (struct list *i = rpc->peers.next; i != &rpc->peers; i = i->next)
        peer_close(container_of(i, struct peer, link));
}

void rpc_stop(struct rpc *rpc, void (*on_stopped)(void *user), void *user)
{
    if (rpc->stopping)
        return;
    rpc->stopping = true;
    rpc->on_stopped = on_stopped;
    rpc->stopped_user = user;
    uv_close((uv_handle_t *)&rpc->listener, on_handle_closed);
    for (struct list *i = rpc->peers.next; i != &rpc->peers; i = i->next)
        peer_finish(container_of(i, struct peer, link));
    (void)uv_timer_start(&rpc->later, on_patience_over, STOP_PATIENCE_MS, 0);
    rpc_peer_gone(rpc);
}
