/* SPDX-License-Identifier: MIT */
/* The life of a guest, and its memory as the kernel asks for it. */
#include "server/bridge/guest.h"

#include "server/base/check.h"
#include "server/base/list.h"
#include "server/bridge/load.h"
#include "server/bridge/stub.h"
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

/* Memory calls put the host's in the place of the guest's own; what more calls they need, they make
 * with the same instruction once more. An i386 guest may stand at one that can't: `int $0x40`, which
 * has no gate in the host's kernel. Then it borrows two bytes of its memory for an `int $0x80`. */

/** A region of the guest's own memory, best another one than what is at @but; NULL. */
static const struct region *private_region(const struct guest *g, uint64_t but)
{
    const struct aspace *memory = &g->proc->memory;
    const struct region *found = NULL;

    for (size_t i = 0; i < memory->count; i++) {
        const struct region *r = &memory->at[i];

        if (r->kind != REGION_FILE && (found == NULL || r->addr != but))
            found = r;
    }
    return found;
}

/** Whether the guest stands behind an instruction that calls the host's kernel. */
static bool has_call_insn(const struct guest *g)
{
    unsigned char insn[CALL_INSN_SIZE];

    if (g->tracee.at == AT_SIGNAL)
        return false;
    if (g->tracee.gate != SC_GATE_I386)
        return true;
    return tracee_read(&g->tracee, g->tracee.regs.rip - CALL_INSN_SIZE, insn, sizeof(insn)) == 0 &&
           memcmp(insn, stub_call_insn(SC_GATE_I386), sizeof(insn)) == 0;
}

/**
 * Make the guest ready for injected calls that change the region at @addr.
 * @saved    gets what borrow_end() puts back.
 * Returns   0; -ESRCH it is in no call that came by a stop; -EIO it is in no state to go on.
 */
static int borrow_begin(struct guest *g, uint64_t addr, unsigned char saved[CALL_INSN_SIZE])
{
    struct tracee *t = &g->tracee;
    const struct region *r;

    t->gate_at = 0;
    if (!g->in_call || g->via != VIA_STOP ||
        (t->at != AT_ENTRY && t->at != AT_EXIT && t->at != AT_SIGNAL))
        return -ESRCH;
    if (has_call_insn(g))
        return 0;
    r = private_region(g, addr);
    if (r == NULL)
        return -EIO;
    if (tracee_read(t, r->addr, saved, CALL_INSN_SIZE) < 0 ||
        tracee_write(t, r->addr, stub_call_insn(t->gate), CALL_INSN_SIZE) < 0)
        return -ESRCH; /* being killed: its memory went first */
    t->gate_at = r->addr;
    return 0;
}

/** Give back what was borrowed; there is nothing to if the call has unmapped it. Notes when a host
 * call has left the guest in no state to go on. Returns @err. */
static int borrow_end(struct guest *g, const unsigned char saved[CALL_INSN_SIZE], int err)
{
    struct tracee *t = &g->tracee;

    if (t->gate_at != 0 && t->at != AT_GONE)
        (void)tracee_write(t, t->gate_at, saved, CALL_INSN_SIZE);
    t->gate_at = 0;
    g->lost = g->lost || err == -EIO;
    return err;
}

static int guest_map(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode)
{
    struct guest *g = to_guest(x);
    unsigned char saved[CALL_INSN_SIZE];
    int err = borrow_begin(g, addr, saved);

    return borrow_end(g, saved, err < 0 ? err : load_map(&g->tracee, addr, size, mode));
}

static int guest_map_shared(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode, int fd,
                            uint64_t offset)
{
    struct guest *g = to_guest(x);
    const struct share share = {g->listener, g->bridge->request, g->bridge->request_size};
    struct share_part part = {.addr = addr, .size = size, .fd = fd, .offset = offset};
    unsigned char saved[CALL_INSN_SIZE];
    int err = borrow_begin(g, addr, saved);

    return borrow_end(g, saved, err < 0 ? err : load_map_shared(&g->tracee, &share, &part, mode));
}

static int guest_unmap(struct executor *x, uint64_t addr, uint64_t size)
{
    struct guest *g = to_guest(x);
    unsigned char saved[CALL_INSN_SIZE];
    int err = borrow_begin(g, addr, saved);

    err = borrow_end(g, saved, err < 0 ? err : load_unmap(&g->tracee, addr, size));
    if (err == 0)
        sites_forget(&g->sites, addr, size);
    return err;
}

static int guest_protect(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode)
{
    struct guest *g = to_guest(x);
    unsigned char saved[CALL_INSN_SIZE];
    int err = borrow_begin(g, addr, saved);

    return borrow_end(g, saved, err < 0 ? err : load_protect(&g->tracee, addr, size, mode));
}

static int guest_peek(struct executor *x, uint64_t addr, void *buf, size_t size)
{
    const struct guest *g = to_guest(x);
    int err = tracee_read(&g->tracee, addr, buf, size);

    if (err == 0)
        sites_restore(&g->sites, addr, buf, size);
    return err;
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

/** Kill first: a call whose listener is gone would return to the guest. */
static void guest_kill(struct executor *x)
{
    struct guest *g = to_guest(x);

    turn_end(&g->turn);
    g->proc = NULL;
    tracee_kill(&g->tracee);
    tracee_done(&g->tracee);
    uv_close((uv_handle_t *)&g->poll, on_poll_closed);
    (void)close(g->listener);
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

int guest_start(struct bridge *b, struct proc *proc, const struct tracee *t, int listener,
                struct guest **out)
{
    struct guest *g = calloc(1, sizeof(*g));

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
    b->guest_count++;
    (void)uv_poll_start(&g->poll, UV_READABLE, guest_on_notify);
    machine_guest_busy(proc, true);
    turn_init(&g->turn, proc, guest_run);
    turn_ask_later(&g->turn);
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
