/* SPDX-License-Identifier: MIT */
/* The life of a guest, and its memory as the kernel asks for it. */
#include "server/bridge/guest.h"

#include "server/base/check.h"
#include "server/base/list.h"
#include "server/bridge/load.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 256, NOTES_MAX = 256 };

static struct guest *to_guest(struct executor *x)
{
    return container_of(x, struct guest, x);
}

uint64_t guest_user_limit(enum sc_gate gate)
{
    return gate == SC_GATE_I386 ? ASPACE_LIMIT_I386 : ASPACE_LIMIT_X86_64;
}

/** Whether the guest stands where its memory can be changed: in a call that came by a stop. */
static bool can_inject(const struct guest *g)
{
    return g->in_call && g->via == VIA_STOP &&
           (g->tracee.at == AT_ENTRY || g->tracee.at == AT_EXIT);
}

/** Note when a host call has left the guest in no state to go on. Returns @err. */
static int injected(struct guest *g, int err)
{
    g->lost = g->lost || err == -EIO;
    return err;
}

static int guest_map(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode)
{
    struct guest *g = to_guest(x);

    return can_inject(g) ? injected(g, load_map(&g->tracee, addr, size, mode)) : -ESRCH;
}

static int guest_unmap(struct executor *x, uint64_t addr, uint64_t size)
{
    struct guest *g = to_guest(x);
    int err = can_inject(g) ? injected(g, load_unmap(&g->tracee, addr, size)) : -ESRCH;

    if (err == 0)
        sites_forget(&g->sites, addr, size);
    return err;
}

static int guest_protect(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode)
{
    struct guest *g = to_guest(x);

    return can_inject(g) ? injected(g, load_protect(&g->tracee, addr, size, mode)) : -ESRCH;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct guest *g = handle->data;

    g->poll_closed = true;
    guest_release(g);
}

/** Kill first: a call whose listener is gone would return to the guest. */
static void guest_kill(struct executor *x)
{
    struct guest *g = to_guest(x);

    g->proc = NULL;
    tracee_kill(&g->tracee);
    tracee_done(&g->tracee);
    uv_close((uv_handle_t *)&g->poll, on_poll_closed);
    (void)close(g->listener);
}

static const struct executor_ops guest_ops = {
    .map = guest_map,
    .unmap = guest_unmap,
    .protect = guest_protect,
    .kill = guest_kill,
};

int guest_start(struct bridge *b, struct proc *proc, const struct tracee *t, int listener,
                struct guest **out)
{
    struct guest *g = calloc(1, sizeof(*g));
    int err;

    if (g == NULL)
        return -ENOMEM;
    *g = (struct guest){.x = {&guest_ops},
                        .bridge = b,
                        .proc = proc,
                        .tracee = *t,
                        .host_pid = t->pid,
                        .listener = listener,
                        .patching = b->patching};
    marshal_init(&g->marshal);
    err = tracee_resume(&g->tracee); /* its first call waits for the listener to be polled */
    if (err < 0) {
        free(g);
        return err;
    }
    HASH_ADD(hh, b->guests, host_pid, sizeof(g->host_pid), g);
    if (!hash_added(g)) {
        free(g);
        return -ENOMEM;
    }
    err = uv_poll_init(b->loop, &g->poll, listener);
    if (err < 0) {
        HASH_DEL(b->guests, g);
        free(g);
        return -ENOMEM;
    }
    g->poll.data = g;
    b->guest_count++;
    (void)uv_poll_start(&g->poll, UV_READABLE, guest_on_notify);
    machine_guest_busy(proc, true);
    *out = g;
    return 0;
}

void guest_release(struct guest *g)
{
    struct bridge *b = g->bridge;

    if (g->proc != NULL || g->tracee.at != AT_GONE || !g->poll_closed || g->in_call)
        return;
    marshal_done(&g->marshal);
    sites_done(&g->sites);
    free(g);
    bridge_guest_freed(b);
}

void guest_fail(struct guest *g, int32_t fail_code, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    proc_fault(g->proc, fail_code, text);
}

void guest_went_on(struct guest *g, int err)
{
    if (err < 0 && err != -ESRCH)
        guest_fail(g, FAIL_EXCEPTION, "registers the host will not restore: %s", strerror(-err));
}

void guest_note(struct guest *g, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list ap;

    if (g->notes == NOTES_MAX)
        return;
    g->notes++;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    event_note(g->proc->machine, g->proc->pid, "%s%s", text,
               g->notes == NOTES_MAX ? " (the last note about this guest)" : "");
}
