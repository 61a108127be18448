/* SPDX-License-Identifier: MIT */
#include "server/rpc/rpc.h"

#include "server/kernel/door/slow.h"
#include "server/rpc/peer/request.h"

#include <errno.h>
#include <stdlib.h>

/** How long a stop waits for answers to be read; how long machines may take to end until a log says so, and
 * until their slow filesystems are left alone. */
enum { STOP_PATIENCE_MS = 1000, STOP_SILENCE_MS = 1000, STOP_MACHINES_MS = 10000 };

#define NS_PER_MS UINT64_C(1000000)

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
    list_init(&rpc->ending);
    (void)uv_timer_init(loop, &rpc->later);
    (void)uv_timer_init(loop, &rpc->patience);
    (void)uv_pipe_init(loop, &rpc->listener, 0);
    (void)uv_timer_init(loop, &rpc->stalls);
    rpc->later.data = rpc;
    rpc->patience.data = rpc;
    rpc->stalls.data = rpc;
    rpc->listener.data = rpc;
    rpc->handles = 5;
    names_init(&rpc->names);
    turns_init(&rpc->turns, loop);
    *out = rpc;
    return 0;
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

/** During a stop: after the last machine was freed, close what is left. */
static void close_if_empty(struct rpc *rpc)
{
    if (!rpc->stopping || !list_empty(&rpc->peers) || rpc->machines != NULL ||
        !list_empty(&rpc->ending) || uv_is_closing((uv_handle_t *)&rpc->later))
        return;
    uv_close((uv_handle_t *)&rpc->later, on_handle_closed);
    uv_close((uv_handle_t *)&rpc->patience, on_handle_closed);
    uv_close((uv_handle_t *)&rpc->stalls, on_handle_closed);
    turns_close(&rpc->turns, on_turns_closed, rpc);
}

static void on_later(uv_timer_t *timer)
{
    machines_tidy(timer->data);
    close_if_empty(timer->data);
}

void rpc_tidy_later(struct rpc *rpc)
{
    (void)uv_timer_start(&rpc->later, on_later, 0, 0);
}

/** Log that a stop waits for a machine. */
static void log_wait(const struct rpc_machine *machine, const char *driver)
{
    rpc_log(machine->rpc, "warn",
            "the stop waits for machine %s and its filesystem of driver %s: %d seconds at most",
            machine->name, driver, (STOP_MACHINES_MS - STOP_SILENCE_MS) / 1000);
}

/** Log what a stop waits for: machines that end, or that requests of connections are inside of. */
static void on_silence_over(uv_timer_t *timer)
{
    const struct rpc *rpc = timer->data;

    for (const struct rpc_machine *m = rpc->machines; m != NULL; m = m->hh.next) {
        if (slow_waits_for(m->m) != NULL)
            log_wait(m, slow_waits_for(m->m));
    }
    for (const struct list *i = rpc->ending.next; i != &rpc->ending; i = i->next) {
        const struct rpc_machine *machine = container_of(i, struct rpc_machine, in_ending);
        const char *driver = slow_waits_for(machine->m);

        log_wait(machine, driver != NULL ? driver : "?");
    }
}

/** No slot that a machine waits for has longer than until STOP_MACHINES_MS from now. */
static void hurry_machines(struct rpc *rpc)
{
    const struct rpc_daemon *d = &rpc->opt.daemon;
    const uint64_t deadline = d->ops->now_ns(d->host) + STOP_MACHINES_MS * NS_PER_MS;

    for (struct rpc_machine *m = rpc->machines; m != NULL; m = m->hh.next)
        slow_hurry(m->m, deadline);
    for (const struct list *i = rpc->ending.next; i != &rpc->ending; i = i->next)
        slow_hurry(container_of(i, struct rpc_machine, in_ending)->m, deadline);
}

/** All connections are closed: end the machines. */
static void end_machines(struct rpc *rpc)
{
    struct rpc_machine *machine;
    struct rpc_machine *next;

    HASH_ITER(hh, rpc->machines, machine, next) {
        machines_end(machine);
    }
    (void)uv_timer_start(&rpc->patience, on_silence_over, STOP_SILENCE_MS, 0);
    close_if_empty(rpc);
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
    /* A request inside of a machine that stands still keeps its connection, and so all machines. */
    (void)uv_timer_start(&rpc->patience, on_silence_over, STOP_SILENCE_MS, 0);
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
    hurry_machines(rpc);
    (void)uv_timer_start(&rpc->patience, on_patience_over, STOP_PATIENCE_MS, 0);
    rpc_peer_gone(rpc);
}
