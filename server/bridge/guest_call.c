/* SPDX-License-Identifier: MIT */
/*
 * The calls of guests.
 *
 * A notification is taken, carried out and answered; only one a guest and loop turn, so that no
 * guest's flood of calls keeps another one waiting. A call that comes by a ptrace stop differs in
 * how it is answered, and in nothing else.
 */
#include "server/bridge/fault_text.h"
#include "server/bridge/guest.h"
#include "server/kernel/input.h"
#include "server/kernel/result.h"

#include <errno.h>
#include <inttypes.h>

/** Answer the notification that a guest waits in, unless it was killed meanwhile. */
static void answer_notification(struct guest *g)
{
    (void)notify_answer(&g->bridge->notify, g->listener, g->notify_id, g->result);
}

void guest_run(struct turn *t)
{
    struct guest *g = container_of(t, struct guest, turn);

    if (!g->begun) {
        g->begun = true;
        guest_went_on(g, tracee_resume(&g->tracee));
        return;
    }
    if (g->via == VIA_STOP) {
        guest_went_on(g, tracee_answer(&g->tracee, g->result));
        return;
    }
    answer_notification(g);
}

/** Send the answer when it is the guest's turn. */
static void send_answer(struct guest *g, int64_t result)
{
    struct input in = {.kind = INPUT_RESUME_GUEST, .resume_guest = {g->proc->pid, &g->turn}};

    g->result = result;
    (void)machine_input(g->proc->machine, &in);
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

/** The guest has tried a call that is none of the kernel's. @err  positive; 0 it is not told. */
static void note_no_call(struct guest *g, int err)
{
    struct input in = {.kind = INPUT_NO_CALL, .no_call = {g->proc->pid, err, &g->turn}};

    (void)machine_input(g->proc->machine, &in);
}

/** A call that the gate itself refuses, because of a limit on what it copies. */
static void refuse(struct guest *g, int err)
{
    note_no_call(g, -err);
    finish(g, result_of_failure(g->call.gate, g->call.nr, err));
}

/**
 * Stop a guest right behind its call, before it runs on, so that its registers can be read. A wait for
 * an answer ends for no signal but a deadly one, so it is answered; the stop is pending by then.
 * Returns   whether it stands there.
 */
static bool stop_behind_call(struct guest *g)
{
    bool stopped;

    if (g->via == VIA_STOP)
        return g->tracee.at != AT_RUNNING && g->tracee.at != AT_GONE;
    if (g->tracee.at != AT_RUNNING || kill(g->tracee.pid, SIGSTOP) < 0)
        return false;
    answer_notification(g);
    stopped = tracee_take_stop(&g->tracee) == 0;
    if (g->tracee.at == AT_GONE)
        guest_reaped(g);
    return stopped;
}

/** Arguments that can't be had end the guest. */
static void end_by_arguments(struct guest *g, const uint64_t regs[MARSHAL_ARGS], int err)
{
    const char *name = sc_call_by_nr(g->call.nr)->name;
    char text[FAULT_TEXT_MAX];
    bool stopped;

    call_done(&g->call);
    g->in_call = false;
    if (err != -EFAULT) {
        guest_fail(g, FAIL_EXCEPTION, "the host denied memory of the guest during %s", name);
        return;
    }
    stopped = stop_behind_call(g);
    fault_text_pointer(g, name, regs, stopped, text);
    if (stopped)
        fault_text_callers(g, text);
    guest_fail(g, FAIL_SC_SEGFAULT, "%s", text);
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
    if (input_call(&g->call, &g->turn) != SC_PENDING)
        on_call_done(&g->call);
}

/** A number that no call has. On i386, numbers past the table leave the register as it is. */
static void refuse_number(struct guest *g, int nr)
{
    const bool i386 = g->tracee.gate == SC_GATE_I386;

    if (i386 && (uint32_t)nr >= SC_MAX) {
        note_no_call(g, 0);
        send_answer(g, nr);
        return;
    }
    guest_note(g, "Unimplemented syscall %d", nr);
    note_no_call(g, ENOSYS);
    send_answer(g, i386 ? -1 : -ENOSYS);
}

/** Take a call of any number, from whichever way it came: the guest's turn ends here, and only
 * send_answer() asks for the next one. */
static void take(struct guest *g, enum guest_via via, int nr, const uint64_t regs[MARSHAL_ARGS])
{
    g->via = via;
    if (sc_call_by_nr(nr) != NULL)
        begin(g, nr, regs);
    else
        refuse_number(g, nr);
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
    const struct seccomp_notif *n = g->bridge->notify.request;
    uint64_t regs[MARSHAL_ARGS];

    if ((events & UV_DISCONNECT) != 0) { /* nobody calls any more: NOTIF_RECV would wait for ever */
        (void)uv_poll_stop(poll);
        return;
    }
    if (status < 0) /* the host was interrupted while it looked; libuv has stopped looking */
        (void)uv_poll_start(poll, UV_READABLE | UV_DISCONNECT, guest_on_notify);
    if (status < 0 || g->in_call || notify_receive(&g->bridge->notify, g->listener) < 0)
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
