/* SPDX-License-Identifier: MIT */
/*
 * The calls of guests.
 *
 * A notification is taken, carried out and answered; only one a guest and loop turn, so that no
 * guest's flood of calls keeps another one waiting. A call that comes by a ptrace stop differs in
 * how it is answered, and in nothing else.
 */
#include "server/bridge/guest.h"
#include "server/kernel/input.h"

#include <errno.h>

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
    guest_went_on(g, 0);
}

void guest_send_answer(struct guest *g, int64_t result)
{
    struct input in = {.kind = INPUT_RESUME_GUEST, .resume_guest = {g->proc->pid, &g->turn}};

    g->result = result;
    (void)machine_input(g->proc->machine, &in);
}

/** Whether the guest can be answered at its stop. */
static bool can_answer(const struct guest *g)
{
    return !g->lost && (g->via == VIA_NOTIFY || g->tracee.at == AT_ENTRY ||
                        g->tracee.at == AT_EXIT || g->tracee.at == AT_SIGNAL);
}

void guest_finish(struct guest *g, int64_t result)
{
    call_done(&g->call);
    g->in_call = false;
    if (g->proc == NULL)
        guest_release(g);
    else if (can_answer(g))
        guest_send_answer(g, result);
    else if (g->tracee.at == AT_GONE) /* it ended while a host call ran in its name */
        bridge_take_end(g);
    else
        guest_fail(g, FAIL_EXCEPTION, "the host lost control of the guest during %s",
                   sc_call_by_nr(g->call.nr)->name);
}

/* A wait for an answer ends for no signal but a deadly one, so it is answered; the stop is pending by
 * then. */
bool guest_stop_behind_call(struct guest *g)
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

void guest_take(struct guest *g, enum guest_via via, int nr, const uint64_t args[ARCH_ARGS])
{
    g->via = via;
    g->abi->take(g, nr, args);
}

/** Whether a call made at @site came through a gate; if not, the guest has been ended. */
static bool admit(struct guest *g, uint64_t site)
{
    return g->abi->admit == NULL || g->abi->admit(g, site);
}

void guest_on_notify(uv_poll_t *poll, int status, int events)
{
    struct guest *g = poll->data;
    const struct seccomp_notif *n = g->bridge->notify.request;
    uint64_t args[ARCH_ARGS];

    if ((events & UV_DISCONNECT) != 0) { /* the guest has ended: NOTIF_RECV would wait for ever */
        (void)uv_poll_stop(poll);
        return;
    }
    if (status < 0) /* the host was interrupted while it looked; libuv has stopped looking */
        (void)uv_poll_start(poll, UV_READABLE | UV_DISCONNECT, guest_on_notify);
    if (status < 0 || g->in_call || notify_receive(&g->bridge->notify, g->listener) < 0)
        return;
    guest_stands(g);
    if (!admit(g, n->data.instruction_pointer - CALL_INSN_SIZE))
        return;
    g->notify_id = n->id;
    for (size_t i = 0; i < ARCH_ARGS; i++)
        args[i] = n->data.args[i];
    guest_take(g, VIA_NOTIFY, n->data.nr, args);
}

void guest_on_entry(struct guest *g)
{
    const struct user_regs_struct *r = &g->tracee.regs;
    const uint64_t site = r->rip - CALL_INSN_SIZE;
    uint64_t args[ARCH_ARGS];

    if (site >= guest_user_limit(g)) {
        guest_fail(g, FAIL_EXCEPTION, "a call from above the user limit is not a gate");
    } else if (admit(g, site)) {
        arch_get_args(g->tracee.arch, r, args);
        guest_take(g, VIA_STOP, (int)r->orig_rax, args);
    }
}
