/* SPDX-License-Identifier: MIT */
/* The bridge of hosts that are not x86-64: the same interface, and every guest is refused. */
#include "server/bridge/bridge.h"

#include <errno.h>
#include <stdlib.h>

struct bridge {
    uv_idle_t idle; /* closing is asynchronous here too */
    bridge_closed_fn closed;
    void *user;
};

int bridge_new(uv_loop_t *loop, struct bridge **out)
{
    struct bridge *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return -ENOMEM;
    (void)uv_idle_init(loop, &b->idle);
    b->idle.data = b;
    *out = b;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct bridge *b = handle->data;

    if (b->closed != NULL)
        b->closed(b->user);
    free(b);
}

void bridge_close(struct bridge *b, bridge_closed_fn closed, void *user)
{
    b->closed = closed;
    b->user = user;
    uv_close((uv_handle_t *)&b->idle, on_closed);
}

int bridge_probe(struct bridge *b, const struct abi *abi, struct why *why)
{
    (void)b;
    (void)abi;
    return why_add(why, -ENOTSUP, "guests need an x86-64 host, and this one is another machine");
}

void bridge_set_patching(struct bridge *b, bool patching)
{
    (void)b;
    (void)patching;
}

bool bridge_has_root(const struct bridge *b)
{
    (void)b;
    return false;
}

bool bridge_choose_cpu(struct bridge *b)
{
    (void)b;
    return false;
}

int bridge_spawn(struct bridge *b, struct proc *proc, const struct exec_image *image,
                 struct why *why, struct executor **out)
{
    (void)proc;
    (void)out;
    return bridge_probe(b, image->abi, why);
}
