/* SPDX-License-Identifier: MIT */
#include "server/rpc/peer/turns.h"

#include "server/rpc/peer/peer.h"

enum {
    PASS_REQUESTS = 256, /* in a pass, of all connections */
    PASS_NS = 1000000,
    HANDLES = 3,
};

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

/** The peer that has the next turn; NULL: none. */
static struct peer *next(struct turns *t)
{
    struct list *line = &t->waiting;

    if (list_empty(&t->waiting) || (t->fresh_next && !list_empty(&t->fresh)))
        line = &t->fresh;
    t->fresh_next = line == &t->waiting;
    return list_empty(line) ? NULL : container_of(line->next, struct peer, in_line);
}

static void on_pass(uv_check_t *check)
{
    struct turns *t = check->data;
    const uint64_t end = uv_hrtime() + PASS_NS;
    size_t left = PASS_REQUESTS;
    struct peer *peer;

    while (left > 0 && uv_hrtime() < end && (peer = next(t)) != NULL) {
        size_t taken;

        list_del(&peer->in_line);
        taken = peer_take_turn(peer);
        if (peer_has_more(peer)) {
            list_del(&peer->in_line); /* it may have joined again in its own turn */
            list_append(&t->waiting, &peer->in_line);
        }
        left -= taken < left ? taken : left;
    }
    if (list_empty(&t->fresh) && list_empty(&t->waiting))
        (void)uv_idle_stop(&t->idle);
    else
        (void)uv_idle_start(&t->idle, on_idle);
}

static void on_flush(uv_prepare_t *prepare)
{
    struct turns *t = prepare->data;

    while (!list_empty(&t->unsent)) {
        struct peer *peer = container_of(t->unsent.next, struct peer, unsent);

        list_del(&peer->unsent);
        peer_flush(peer);
    }
}

void turns_init(struct turns *t, uv_loop_t *loop)
{
    list_init(&t->fresh);
    list_init(&t->waiting);
    list_init(&t->unsent);
    (void)uv_check_init(loop, &t->pass);
    (void)uv_prepare_init(loop, &t->flush);
    (void)uv_idle_init(loop, &t->idle);
    t->pass.data = t;
    t->flush.data = t;
    t->idle.data = t;
    t->handles = HANDLES;
    (void)uv_check_start(&t->pass, on_pass);
    (void)uv_prepare_start(&t->flush, on_flush);
}

static void on_closed(uv_handle_t *handle)
{
    struct turns *t = handle->data;

    if (--t->handles == 0)
        t->closed(t->user);
}

void turns_close(struct turns *t, void (*closed)(void *user), void *user)
{
    t->closed = closed;
    t->user = user;
    uv_close((uv_handle_t *)&t->pass, on_closed);
    uv_close((uv_handle_t *)&t->flush, on_closed);
    uv_close((uv_handle_t *)&t->idle, on_closed);
}

void turns_join(struct turns *t, struct peer *peer)
{
    if (!list_empty(&peer->in_line) || peer->closing)
        return;
    list_append(&t->fresh, &peer->in_line);
    (void)uv_idle_start(&t->idle, on_idle);
}

void turns_send(struct turns *t, struct peer *peer)
{
    if (list_empty(&peer->unsent) && !peer->closing)
        list_append(&t->unsent, &peer->unsent);
}

void turns_leave(struct peer *peer)
{
    list_del(&peer->in_line);
    list_del(&peer->unsent);
}
