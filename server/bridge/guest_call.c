/* SPDX-License-Identifier: MIT */
/*
 * The calls of guests.
 *
 * A notification is taken, carried out and answered; only one a guest and loop turn, so that no
 * guest's flood of calls keeps another one waiting. A call that comes by a ptrace stop differs in
 * how it is answered, and in nothing else.
 */
#include "server/bridge/guest.h"
#include "server/kernel/machine.h"
#include "server/kernel/result.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

void guest_run(struct turn *t)
{
    struct guest *g = container_of(t, struct guest, turn);
    struct seccomp_notif_resp *r = g->bridge->response;

    if (!g->begun) {
        g->begun = true;
        guest_went_on(g, tracee_resume(&g->tracee));
        return;
    }
    if (g->via == VIA_STOP) {
        guest_went_on(g, tracee_answer(&g->tracee, g->result));
        return;
    }
    memset(r, 0, g->bridge->response_size);
    r->id = g->notify_id;
    r->val = g->result;
    while (ioctl(g->listener, SECCOMP_IOCTL_NOTIF_SEND, r) < 0 && errno == EINTR)
        continue; /* any other error: it has been killed meanwhile */
}

/** Send the answer when it is the guest's turn. */
static void send_answer(struct guest *g, int64_t result)
{
    g->result = result;
    machine_guest_busy(g->proc, true);
    turn_ask(&g->turn);
}

/** Whether the guest can be answered where it stands. */
static bool can_answer(const struct guest *g)
{
    return !g->lost && (g->via == VIA_NOTIFY || g->tracee.at == AT_ENTRY ||
                        g->tracee.at == AT_EXIT || g->tracee.at == AT_SIGNAL);
}

/** The call is over, for the guest too. */
static void finish(struct guest *g, int64_t result)
{
    call_done(&g->call);
    g->in_call = false;
    if (g->proc == NULL)
        guest_release(g);
    else if (can_answer(g))
        send_answer(g, result);
    else if (g->tracee.at == AT_GONE) /* it ended while a host call ran in its name */
        bridge_take_end(g);
    else
        guest_fail(g, FAIL_EXCEPTION, "the host lost control of the guest during %s",
                   sc_call_by_nr(g->call.nr)->name);
}

static void on_call_done(struct call *call)
{
    struct guest *g = call->user;

    finish(g, g->proc != NULL ? marshal_out(&g->marshal, call, &g->tracee) : 0);
}

/** A call that the gate itself refuses, because of a limit on what it copies. */
static void refuse(struct guest *g, int err)
{
    g->proc->last_errno = -err;
    finish(g, result_of_failure(g->call.gate, g->call.nr, err));
}

/** Arguments that can't be had end the guest. */
static void end_by_arguments(struct guest *g, const uint64_t regs[MARSHAL_ARGS], int err)
{
    const char *name = sc_call_by_nr(g->call.nr)->name;

    call_done(&g->call);
    g->in_call = false;
    if (err == -EFAULT)
        guest_fail(g, FAIL_SC_SEGFAULT,
                   "bad pointer in %s(0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64
                   ", 0x%" PRIx64 ")",
                   name, regs[0], regs[1], regs[2], regs[3], regs[4]);
    else
        guest_fail(g, FAIL_EXCEPTION, "the host denied memory of the guest during %s", name);
}

/** Carry out a call that exists. */
static void begin(struct guest *g, int nr, const uint64_t regs[MARSHAL_ARGS])
{
    int err;

    g->in_call = true;
    call_init(&g->call, g->proc, g->tracee.gate, nr, on_call_done, g);
    err = marshal_in(&g->marshal, &g->call, &g->tracee, &g->sites, regs);
    if (err == -EFAULT || err == -EIO) {
        end_by_arguments(g, regs, err);
        return;
    }
    if (err < 0) {
        refuse(g, err);
        return;
    }
    if (call_begin(&g->call) != SC_PENDING)
        on_call_done(&g->call);
    else if (g->proc != NULL)
        machine_guest_busy(g->proc, false);
}

/** A number that no call has. On i386, numbers past the table leave the register as it is. */
static void refuse_number(struct guest *g, int nr)
{
    const bool i386 = g->tracee.gate == SC_GATE_I386;

    if (i386 && (uint32_t)nr >= SC_MAX) {
        send_answer(g, nr);
        return;
    }
    guest_note(g, "Unimplemented syscall %d", nr);
    g->proc->last_errno = ENOSYS;
    send_answer(g, i386 ? -1 : -ENOSYS);
}

/** Take a call of any number, from whichever way it came: the guest's turn ends here, and only
 * send_answer() asks for the next one. */
static void take(struct guest *g, enum guest_via via, int nr, const uint64_t regs[MARSHAL_ARGS])
{
    turn_end(&g->turn);
    g->via = via;
    if (sc_call_by_nr(nr) != NULL)
        begin(g, nr, regs);
    else
        refuse_number(g, nr);
}

/** Take the notification that made the listener readable. Does not wait: one that was withdrawn,
 * for the guest was killed in between, has still been counted, and the answer is ENOENT. Returns
 * whether there was one. */
static bool receive(struct guest *g)
{
    struct bridge *b = g->bridge;

    memset(b->request, 0, b->request_size);
    return ioctl(g->listener, SECCOMP_IOCTL_NOTIF_RECV, b->request) == 0;
}

/** An i386 guest entered the host's kernel at an address where no `int $0x40` was. */
static void fail_no_gate(struct guest *g, uint64_t site)
{
    if (site >=
        guest_user_limit(SC_GATE_I386)) /* where the host would have gone on, not the site */
        guest_fail(g, FAIL_EXCEPTION, "sysenter is no gate");
    else
        guest_fail(g, FAIL_EXCEPTION, "int $0x80 at 0x%" PRIx64 " is no gate%s", site,
                   g->sites.count > 0 ? " (or a copy of code whose int $0x40 was patched when it "
                                        "first ran: scboxd --no-patch)"
                                      : "");
}

void guest_on_notify(uv_poll_t *poll, int status, int events)
{
    struct guest *g = poll->data;
    const struct seccomp_notif *n = g->bridge->request;
    uint64_t regs[MARSHAL_ARGS];

    if ((events & UV_DISCONNECT) != 0) { /* nobody calls any more: NOTIF_RECV would wait for ever */
        (void)uv_poll_stop(poll);
        return;
    }
    if (status < 0) /* the host was interrupted while it looked; libuv has stopped looking */
        (void)uv_poll_start(poll, UV_READABLE | UV_DISCONNECT, guest_on_notify);
    if (status < 0 || g->in_call || !receive(g))
        return;
    if (g->tracee.gate == SC_GATE_I386 &&
        !guest_take_site(g, n->data.instruction_pointer - CALL_INSN_SIZE)) {
        fail_no_gate(g, n->data.instruction_pointer - CALL_INSN_SIZE);
        return;
    }
    g->notify_id = n->id;
    for (size_t i = 0; i < MARSHAL_ARGS; i++)
        regs[i] = n->data.args[i];
    take(g, VIA_NOTIFY, n->data.nr, regs);
}

void guest_on_entry(struct guest *g)
{
    const struct user_regs_struct *r = &g->tracee.regs;
    const uint64_t regs32[MARSHAL_ARGS] = {r->rbx, r->rcx, r->rdx, r->rsi, r->rdi};
    const uint64_t regs64[MARSHAL_ARGS] = {r->rdi, r->rsi, r->rdx, r->r10, r->r8};
    const bool i386 = g->tracee.gate == SC_GATE_I386;
    const uint64_t site = r->rip - CALL_INSN_SIZE;
    const int nr = (int)r->orig_rax;

    if (site >= guest_user_limit(g->tracee.gate))
        guest_fail(g, FAIL_EXCEPTION, "a call from above the user limit is no gate");
    else if (i386 && !guest_take_site(g, site))
        fail_no_gate(g, site);
    else
        take(g, VIA_STOP, nr, i386 ? regs32 : regs64);
}

void guest_on_gate(struct guest *g)
{
    struct user_regs_struct *r = &g->tracee.regs;
    const uint64_t regs[MARSHAL_ARGS] = {r->rbx, r->rcx, r->rdx, r->rsi, r->rdi};
    const int nr = (int)r->rax;

    r->rip += CALL_INSN_SIZE;
    take(g, VIA_STOP, nr, regs);
}
