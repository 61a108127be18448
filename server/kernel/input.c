/* SPDX-License-Identifier: MIT */
#include "server/kernel/input.h"

#include "server/base/check.h"
#include "server/kernel/call/pause.h"
#include "server/kernel/door/slow.h"
#include "server/kernel/fs/make_fs.h"
#include "server/kernel/fs/tty.h"
#include "server/kernel/proc/memory.h"

#include <errno.h>
#include <string.h>

enum { DRIVER_NAME_MAX = 63 };

/* Who acts. */

static int take_session(struct machine *m, struct input *in)
{
    struct input_session *s = &in->session;
    struct proc *p;
    int err = m->init != NULL && !proc_has_ended(m->init) ? proc_new(m->init, &p) : -ESRCH;

    if (err < 0)
        return err;
    err = proc_copy_names(m->init, p);
    if (err == 0)
        err = proc_drive(p, s->program);
    if (err < 0) {
        proc_end(p, PS_KILLED, 0, NULL);
        return err;
    }
    p->uid = s->uid;
    p->gid = s->gid;
    p->detached = true;
    p->driver = s->driver;
    s->proc = p;
    return 0;
}

static int take_drive(struct machine *m, struct input *in)
{
    struct proc *p = proc_find(m, in->drive.pid);
    int err = p != NULL ? proc_drive(p, in->drive.program) : -ESRCH;

    if (err == 0)
        p->driver = in->drive.driver;
    return err;
}

static int take_credentials(struct machine *m, struct input *in)
{
    struct proc *p = proc_find(m, in->credentials.pid);

    if (p == NULL)
        return -ESRCH;
    p->uid = in->credentials.uid;
    p->gid = in->credentials.gid;
    return 0;
}

static int take_share(struct machine *m, struct input *in)
{
    struct proc *p = proc_find(m, in->share.pid);

    return p != NULL ? proc_share_names(p, m->init, in->why) : -ESRCH;
}

static int take_end(struct machine *m, struct input *in)
{
    struct proc *p = proc_find(m, in->end.pid);

    if (p == NULL)
        return -ESRCH;
    proc_end(p, in->end.state, in->end.code, in->end.text);
    return 0;
}

static int take_crash(struct machine *m, struct input *in)
{
    struct proc *p = proc_find(m, in->crash.pid);

    if (p == NULL)
        return -ESRCH;
    proc_fault(p, in->crash.code, in->crash.text);
    return 0;
}

/* Calls. */

static int take_call(struct machine *m, struct input *in)
{
    (void)m;
    in->call.call->turn = in->call.turn;
    return call_begin(in->call.call);
}

static int take_slot(struct machine *m, struct input *in)
{
    return slow_end_slot(m, in->slot.err);
}

static int take_cancel(struct machine *m, struct input *in)
{
    (void)m;
    call_cancel(in->cancel.call, in->cancel.err);
    return 0;
}

/* Guests on the host. */

static int take_guest(struct machine *m, struct input *in)
{
    (void)m;
    machine_guest_busy(in->guest.turn->task, true);
    turn_ask_later(in->guest.turn);
    return 0;
}

static int take_resume_guest(struct machine *m, struct input *in)
{
    (void)m;
    machine_guest_busy(in->resume_guest.turn->task, true);
    turn_ask(in->resume_guest.turn);
    return 0;
}

static int take_no_call(struct machine *m, struct input *in)
{
    struct turn *turn = in->no_call.turn;

    (void)m;
    turn_end(turn);
    if (in->no_call.err != 0)
        turn->task->last_errno = in->no_call.err;
    return 0;
}

static int take_note(struct machine *m, struct input *in)
{
    event_note(m, in->note.pid, "%s", in->note.text);
    return 0;
}

/* What people do. */

static int take_console(struct machine *m, struct input *in)
{
    const struct input_console *t = &in->console;
    struct proc *p = proc_find(m, t->pid);

    if (p == NULL || proc_has_ended(p))
        return why_add(in->why, -ESRCH, "process %d has ended", t->pid);
    if (t->own && tty_own(p) < 0)
        return -ENOMEM;
    return (int)tty_input(p, t->bytes.ptr, t->bytes.len, t->end, in->why);
}

/** Move bytes as the program would, or from outside. */
static int move(struct machine *m, int32_t pid, bool touch, uint32_t way, uint64_t addr, void *buf,
                size_t size, struct why *why)
{
    struct proc *p = proc_find(m, pid);

    if (p == NULL)
        return -ESRCH;
    return touch ? memory_touch(p, way, addr, buf, size, why)
                 : memory_inspect(p, way, addr, buf, size, why);
}

static int take_peek(struct machine *m, struct input *in)
{
    const struct input_peek *k = &in->peek;

    return move(m, k->pid, k->touch, MM_READ, k->addr, k->buf, (size_t)k->size, in->why);
}

static int take_poke(struct machine *m, struct input *in)
{
    const struct input_poke *k = &in->poke;

    return move(m, k->pid, k->touch, MM_WRITE, k->addr, (void *)k->bytes.ptr, k->bytes.len,
                in->why);
}

static int take_pause(struct machine *m, struct input *in)
{
    struct proc *p = proc_find(m, in->pause.pid);

    if (in->pause.pid == 0)
        pause_machine(m);
    else if (p != NULL)
        pause_proc(p);
    return in->pause.pid == 0 || p != NULL ? 0 : -ESRCH;
}

static int take_resume(struct machine *m, struct input *in)
{
    struct proc *p = proc_find(m, in->resume.pid);

    if (in->resume.pid == 0)
        resume_machine(m);
    else if (p != NULL)
        resume_proc(p);
    return in->resume.pid == 0 || p != NULL ? 0 : -ESRCH;
}

static int take_step(struct machine *m, struct input *in)
{
    struct call *call = pause_held(m, in->step.pid);

    if (call == NULL)
        return -ESRCH;
    pause_step(call);
    return 0;
}

static int take_answer(struct machine *m, struct input *in)
{
    struct call *call = pause_held(m, in->answer.pid);

    if (call == NULL)
        return -ESRCH;
    pause_answer(call, in->answer.status);
    return 0;
}

static int take_rule(struct machine *m, struct input *in)
{
    struct input_rule *r = &in->rule;
    const struct fault_spec spec = {.nr = r->nr,
                                    .pid = r->pid,
                                    .path = r->path,
                                    .nth = r->nth,
                                    .every = r->every,
                                    .times = r->times,
                                    .probability = r->probability,
                                    .error = r->error,
                                    .delay_us = r->delay_us,
                                    .transfer = r->transfer};

    return fault_add(m, &spec, in->why, &r->id);
}

static int take_unrule(struct machine *m, struct input *in)
{
    if (in->unrule.id != 0)
        return fault_remove(m, in->unrule.id);
    fault_clear(m);
    return 0;
}

static int take_mount(struct machine *m, struct input *in)
{
    return machine_mount(m, in->mount.fs_name, in->mount.driver, in->mount.opts, in->why);
}

static int take_listen(struct machine *m, struct input *in)
{
    listener_add(m, in->listen.listener);
    return 0;
}

static int take_unlisten(struct machine *m, struct input *in)
{
    listener_remove(m, in->unlisten.listener);
    return 0;
}

/* Time, and other inputs without members. */

#define TAKE(name, function)                                                                       \
    static int take_##name(struct machine *m, struct input *in)                                    \
    {                                                                                              \
        (void)in;                                                                                  \
        function(m);                                                                               \
        return 0;                                                                                  \
    }
TAKE(tick, machine_tick)
TAKE(hold, machine_hold)
TAKE(release, machine_release)
TAKE(stall, machine_stall)
TAKE(unstall, machine_unstall)
TAKE(lift, pause_lift)
TAKE(settle, pause_settle)
#undef TAKE

static int take_goal(struct machine *m, struct input *in)
{
    return clock_go_to(m, in->goal.goal, in->goal.now_ns, in->goal.done);
}

static int take_no_goal(struct machine *m, struct input *in)
{
    (void)m;
    clock_give_up(in->no_goal.goal);
    return 0;
}

/* The table. */

#define INPUT(name, UPPER, doc, MEMBERS)                                                           \
    static const struct input_member *name##_members(void)                                         \
    {                                                                                              \
        typedef struct input_##name row;                                                           \
        static const struct input_member members[] = {MEMBERS{NULL, INPUT_TYPE_pid, 0}};           \
                                                                                                   \
        (void)sizeof(row);                                                                         \
        return members;                                                                            \
    }
#define IN(type, member) {#member, INPUT_TYPE_##type, offsetof(row, member)},
#define LOCAL(ctype, member)
#define NOTHING
#include "server/kernel/inputs.def"

static const struct {
    const char *name;
    int (*take)(struct machine *m, struct input *in);
    const struct input_member *(*members)(void);
} rows[INPUT_COUNT] = {
#define INPUT(name, UPPER, doc, MEMBERS) [INPUT_##UPPER] = {#name, take_##name, name##_members},
#define IN(type, member)
#define LOCAL(ctype, member)
#define NOTHING
#include "server/kernel/inputs.def"
};

const char *input_name(enum input_kind kind)
{
    return rows[kind].name;
}

const struct input_member *input_members(enum input_kind kind)
{
    return rows[kind].members();
}

void input_tell(struct machine *m, const struct input *in)
{
    if (m->spec.on_input == NULL)
        return;
    if (m->input.depth == 0) {
        m->input.now_ns = m->ops->now_ns(m->host);
        m->input.wall_ns = m->ops->wall_ns(m->host);
    }
    m->spec.on_input(m->spec.user, m, in);
}

/** Whether an input of a machine with a stack is an entry (stack.h), logged when it is carried out. */
static bool is_entry(const struct machine *m, enum input_kind kind)
{
    const bool has_turn = kind == INPUT_CALL || kind == INPUT_CANCEL || kind == INPUT_END ||
                          kind == INPUT_CRASH || kind == INPUT_TICK;

    return has_turn && !stack_is_inside(m);
}

/** Whether MAKE_FS names a driver that may have to wait. */
static bool makes_slow(const struct machine *m, const struct sc_str *driver)
{
    char name[DRIVER_NAME_MAX + 1] = "";

    if (m->spec.fs_waits == NULL || driver->len > DRIVER_NAME_MAX)
        return false;
    if (driver->len > 0)
        memcpy(name, driver->ptr, driver->len);
    return m->spec.fs_waits(name);
}

/** Before an input from outside: see to the machine's stack, if it needs one. */
static void prepare_stack(struct machine *m, const struct input *in)
{
    if (in->kind == INPUT_CALL && in->call.call->nr == SC_MAKE_FS &&
        makes_slow(m, &in->call.call->args.make_fs.driver))
        (void)stack_need(m, NULL); /* without memory for it MAKE_FS fails */
    stack_adopt(m);
}

int machine_input(struct machine *m, struct input *in)
{
    int result;

    if ((m->stand.next_stack != NULL ||
         (in->kind == INPUT_CALL && in->call.call->nr == SC_MAKE_FS)) &&
        m->input.depth == 0)
        prepare_stack(m, in);
    if (m->stand.stack != NULL && is_entry(m, in->kind))
        return rows[in->kind].take(m, in);
    if (m->spec.on_input != NULL)
        input_tell(m, in);
    m->input.depth++;
    result = rows[in->kind].take(m, in);
    m->input.depth--;
    return result;
}

void input_listen(struct machine *m, struct listener *l)
{
    struct input in = {.kind = INPUT_LISTEN,
                       .listen = {.number = ++m->watch.added,
                                  .kinds = l->kinds,
                                  .pid = l->pid,
                                  .aside = l->aside,
                                  .listener = l}};

    l->number = in.listen.number;
    (void)machine_input(m, &in);
}

void input_unlisten(struct machine *m, struct listener *l)
{
    struct input in = {.kind = INPUT_UNLISTEN, .unlisten = {.number = l->number, .listener = l}};

    (void)machine_input(m, &in);
}
