/* SPDX-License-Identifier: MIT */
/* The life of a guest, and its memory as the kernel asks for it. */
#include "server/bridge/guest.h"

#include "server/base/check.h"
#include "server/base/list.h"
#include "server/bridge/tracee/load.h"
#include "server/bridge/tracee/trampoline.h"
#include "server/kernel/input.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 384, NOTES_MAX = 256 };

static struct guest *to_guest(struct executor *x)
{
    return container_of(x, struct guest, x);
}

/* Memory calls put the host's in the place of the guest's own. Where that does not do, because there
 * are several or the guest is in no call of the host's (an i386 guest at an `int $0x40`), a
 * trampoline is mapped for them. */

/** Find memory that no other process shares, and read what its first bytes are. The books may have a
 * region already that is about to be mapped. Returns the address; 0 none. */
static uint64_t private_memory(const struct guest *g, unsigned char bytes[CALL_INSN_SIZE])
{
    const struct aspace *memory = &g->proc->memory;

    for (size_t i = 0; i < memory->count; i++) {
        const struct region *r = &memory->at[i];

        if (r->kind != REGION_FILE && tracee_read(&g->tracee, r->addr, bytes, CALL_INSN_SIZE) == 0)
            return r->addr;
    }
    return 0;
}

/** Map the trampoline by an instruction that is put into private memory for that one call. */
static int borrow_gate(struct guest *g)
{
    struct tracee *t = &g->tracee;
    unsigned char saved[CALL_INSN_SIZE];
    const uint64_t at = private_memory(g, saved);
    int err;

    if (at == 0 || tracee_write(t, at, t->arch->call_insn, sizeof(saved)) < 0)
        return -EIO;
    t->gate_at = at;
    err = trampoline_map(t);
    if (err < 0)
        t->gate_at = 0;
    (void)tracee_write(t, at, saved, sizeof(saved)); /* fails only if it has ended */
    return err;
}

/**
 * Make the guest ready for injected calls.
 * @several  there will be more than one.
 * Returns   0; -ESRCH it is not in a call that came by a stop; -ENOMEM; -EIO it can't continue.
 */
static int begin_host_calls(struct guest *g, bool several)
{
    struct tracee *t = &g->tracee;

    if (!g->in_call || g->via != VIA_STOP || t->at == AT_RUNNING || t->at == AT_GONE)
        return -ESRCH;
    if (t->at == AT_ENTRY)
        return several ? trampoline_map(t) : 0;
    return borrow_gate(g);
}

/** The end of what begin_host_calls() began. Notes when a host call has left the guest in no state to
 * go on. Returns @err, or what is worse. */
static int end_host_calls(struct guest *g, int err)
{
    if (g->tracee.gate_at != 0 && err != -ESRCH && err != -EIO) {
        int end = trampoline_unmap(&g->tracee);

        err = end < 0 ? end : err;
    }
    g->lost = g->lost || err == -EIO;
    if (g->tracee.at == AT_GONE)
        guest_reaped(g);
    return err;
}

static int guest_map(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode)
{
    struct guest *g = to_guest(x);
    int err = begin_host_calls(g, false);

    return end_host_calls(g, err < 0 ? err : load_map(&g->tracee, addr, size, mode));
}

static int guest_map_shared(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode, int fd,
                            uint64_t offset)
{
    struct guest *g = to_guest(x);
    const struct share share = {g->listener, &g->bridge->notify};
    struct share_part part = {.addr = addr, .size = size, .fd = fd, .offset = offset};
    int err = begin_host_calls(g, true);

    return end_host_calls(g, err < 0 ? err : load_map_shared(&g->tracee, &share, &part, mode));
}

static int guest_unmap(struct executor *x, uint64_t addr, uint64_t size)
{
    struct guest *g = to_guest(x);
    int err = begin_host_calls(g, false);

    err = end_host_calls(g, err < 0 ? err : load_unmap(&g->tracee, addr, size));
    if (err == 0)
        sites_forget(&g->sites, addr, size);
    return err;
}

static int guest_protect(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode)
{
    struct guest *g = to_guest(x);
    int err = begin_host_calls(g, false);

    return end_host_calls(g, err < 0 ? err : load_protect(&g->tracee, addr, size, mode));
}

static int guest_peek(struct executor *x, uint64_t addr, void *buf, size_t size)
{
    const struct guest *g = to_guest(x);

    return sites_read(&g->sites, &g->tracee, addr, buf, size);
}

static int guest_poke(struct executor *x, uint64_t addr, const void *buf, size_t size)
{
    return tracee_write(&to_guest(x)->tracee, addr, buf, size);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct guest *g = handle->data;

    g->poll_closed = true;
    guest_release(g);
}

/** Kill first: a call whose listener is closed would return to the guest. */
static void guest_kill(struct executor *x)
{
    struct guest *g = to_guest(x);

    turn_end(&g->turn);
    guest_stands(g);
    g->proc = NULL;
    tracee_kill(&g->tracee);
    tracee_done(&g->tracee);
    uv_close((uv_handle_t *)&g->poll, on_poll_closed);
    (void)close(g->listener);
    g->listener = -1;
}

static const struct executor_ops guest_ops = {
    .map = guest_map,
    .map_shared = guest_map_shared,
    .unmap = guest_unmap,
    .protect = guest_protect,
    .peek = guest_peek,
    .poke = guest_poke,
    .kill = guest_kill,
};

int guest_start(struct bridge *b, struct proc *proc, const struct guest_abi *abi,
                const struct tracee *t, int listener, struct guest **out)
{
    struct guest *g = calloc(1, sizeof(*g));
    struct input in = {.kind = INPUT_GUEST, .guest = {proc->pid, &g->turn}};

    if (g == NULL)
        return -ENOMEM;
    *g = (struct guest){.x = {&guest_ops},
                        .bridge = b,
                        .proc = proc,
                        .abi = abi,
                        .tracee = *t,
                        .host_pid = t->pid,
                        .listener = listener,
                        .patching = b->patching};
    marshal_init(&g->marshal, abi->convention);
    list_init(&g->running);
    list_init(&g->stopped);
    HASH_ADD(hh, b->guests, host_pid, sizeof(g->host_pid), g);
    if (!hash_added(g)) {
        free(g);
        return -ENOMEM;
    }
    if (uv_poll_init(b->loop, &g->poll, listener) < 0) {
        HASH_DEL(b->guests, g);
        free(g);
        return -ENOMEM;
    }
    g->poll.data = g;
    bridge_guest_made(b);
    (void)uv_poll_start(&g->poll, UV_READABLE | UV_DISCONNECT, guest_on_notify);
    turn_init(&g->turn, &proc->task, guest_run);
    (void)machine_input(proc->machine, &in);
    *out = g;
    return 0;
}

void guest_reaped(struct guest *g)
{
    if (!g->reaped)
        HASH_DEL(g->bridge->guests, g);
    g->reaped = true;
}

void guest_release(struct guest *g)
{
    struct bridge *b = g->bridge;

    if (g->proc != NULL || !g->reaped || !g->poll_closed || g->in_call)
        return;
    list_del(&g->stopped);
    marshal_done(&g->marshal);
    sites_done(&g->sites);
    free(g);
    bridge_guest_freed(b);
}

void guest_fail(struct guest *g, int32_t fail_code, const char *fmt, ...)
{
    char text[TEXT_MAX];
    struct input in = {.kind = INPUT_CRASH, .crash = {g->proc->pid, fail_code, text}};
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)machine_input(g->proc->machine, &in);
}

void guest_stands(struct guest *g)
{
    if (list_empty(&g->running))
        return;
    list_del(&g->running);
    g->bridge->running_count--;
}

void guest_went_on(struct guest *g, int err)
{
    if (err == 0) {
        guest_stands(g);
        list_append(&g->bridge->running, &g->running);
        g->bridge->running_count++;
    } else if (err != -ESRCH) {
        guest_fail(g, FAIL_EXCEPTION, "the host refuses to restore its registers: %s",
                   strerror(-err));
    }
}

void guest_note(struct guest *g, const char *fmt, ...)
{
    static const char last[] = " (the last note about this guest)";
    char text[TEXT_MAX + sizeof(last)];
    struct input in = {.kind = INPUT_NOTE, .note = {g->proc->pid, text}};
    va_list ap;

    if (g->notes == NOTES_MAX)
        return;
    g->notes++;
    va_start(ap, fmt);
    (void)vsnprintf(text, TEXT_MAX, fmt, ap);
    va_end(ap);
    if (g->notes == NOTES_MAX)
        (void)strcat(text, last);
    (void)machine_input(g->proc->machine, &in);
}
