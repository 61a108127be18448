/* SPDX-License-Identifier: MIT */
#include "server/rpc/replay/replay.h"

#include "server/kernel/call/pause.h"
#include "server/rpc/codec/codec.h"
#include "server/rpc/replay/replay_machine.h"
#include "server/rpc/trace/event_out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_MAX = 1 << 24 }; /* bytes that a gate lends for results, at most */

/* A call that is played. */
struct replay_call {
    struct list link;
    struct replay *in;
    struct call call;
    struct call_mover mover;
    struct list owned; /* struct replay_bytes: what the arguments point to, and room for results */
};

void replay_fail(struct replay *r, int err, const char *fmt, ...)
{
    va_list ap;

    if (r->failed != 0)
        return;
    r->failed = err;
    (void)strbuf_addf(r->error, "line %zu: ", replay_log_number(&r->log));
    va_start(ap, fmt);
    (void)strbuf_addv(r->error, fmt, ap);
    va_end(ap);
}

static const cJSON *member(const cJSON *line, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(line, key);
}

/* Calls. */

static void free_call(struct replay_call *c)
{
    list_del(&c->link);
    call_done(&c->call);
    replay_free_kept(&c->owned);
    free(c);
}

static void on_call_done(struct call *call)
{
    struct replay_call *c = call->user;
    struct replay *r = c->in;

    free_call(c);
    replay_called_back(r);
}

static int fetch(struct call_mover *mover, uint64_t at, size_t size)
{
    const struct replay_call *c = container_of(mover, struct replay_call, mover);

    (void)at;
    return (int)replay_answer(c->in, mover->slice, size);
}

static int deliver(struct call_mover *mover, uint64_t at, const char *bytes, size_t size)
{
    (void)at;
    (void)bytes;
    (void)size;
    return (int)replay_answer(container_of(mover, struct replay_call, mover)->in, NULL, 0);
}

/** Room for a call's results. -EINVAL more than any gate lends. */
static int keep_room(struct replay_call *c, size_t size, char **out)
{
    if (size > ROOM_MAX)
        return -EINVAL;
    *out = calloc(size + 1, 1);
    return *out != NULL ? replay_keep(&c->owned, *out) : -ENOMEM;
}

static int read_args(struct replay_call *c, const cJSON *args)
{
    const cJSON *item = args != NULL ? args->child : NULL;
    int err = 0;

    for (const struct sc_field_info *a = sc_call_by_nr(c->call.nr)->args;
         err == 0 && a->name != NULL; a++) {
        err =
            replay_get_value(item, input_log_type(a), (char *)&c->call.args + a->offset, &c->owned);
        item = item != NULL ? item->next : NULL;
    }
    return err;
}

/** What a gate lends a call: room for results, and a way for what is longer. */
static int read_room(struct replay_call *c, const cJSON *line)
{
    struct sc_buf *room = sc_out_buf(sc_call_by_nr(c->call.nr), &c->call.out);
    uint64_t size = 0;
    uint64_t whole;
    int err = 0;

    if (room != NULL) {
        err = replay_get_uint(line, "room", &size);
        room->cap = (size_t)size;
        if (err == 0)
            err = keep_room(c, room->cap, &room->ptr);
    }
    if (err < 0 || replay_get_uint(line, "whole", &whole) < 0)
        return err;
    if (replay_get_uint(line, "first", &size) < 0)
        return -EINVAL;
    c->mover.first_size = (size_t)size;
    if (replay_get_uint(line, "slice", &size) < 0)
        return -EINVAL;
    c->mover.slice_size = (size_t)size;
    c->mover.fetch = fetch;
    c->mover.deliver = deliver;
    c->call.mover = &c->mover;
    for (const struct sc_field_info *a = sc_call_by_nr(c->call.nr)->args; a->name != NULL; a++) {
        struct sc_str *bytes = (struct sc_str *)((char *)&c->call.args + a->offset);

        if (input_log_type(a) != INPUT_TYPE_bytes)
            continue;
        if (bytes->len < c->mover.first_size)
            return -EINVAL;
        bytes->len = (size_t)whole;
    }
    return keep_room(c, c->mover.slice_size, &c->mover.slice);
}

/** The call of a line, by process @p. Returns 0, -EINVAL, -ENOMEM. */
static int make_call(struct replay *r, const cJSON *line, struct proc *p, const struct abi *abi,
                     struct replay_call **out)
{
    const char *name = cJSON_GetStringValue(member(line, "call"));
    const struct sc_call_info *info = name != NULL ? sc_call_by_name(name) : NULL;
    const bool waits = cJSON_IsTrue(member(line, "waits"));
    struct replay_call *c;
    int err;

    if (info == NULL || (!waits && info->nr != SC_MAKE_FS)) /* which makes a new machine's names */
        return -EINVAL;
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return -ENOMEM;
    c->in = r;
    list_init(&c->owned);
    list_append(&r->calls, &c->link);
    call_init(&c->call, p, abi, info->nr, waits ? on_call_done : NULL, c);
    err = read_args(c, member(line, "args"));
    if (err == 0)
        err = read_room(c, line);
    if (err < 0)
        free_call(c);
    *out = c;
    return err;
}

static int play_call(struct replay *r, const cJSON *line, struct input *in)
{
    const struct abi *abi = abi_by_name(cJSON_GetStringValue(member(line, "gate")));
    struct replay_guest *g;
    struct replay_call *c;
    struct proc *p;
    int64_t pid;
    int err = replay_get_int(line, "pid", &pid);

    if (err < 0 || abi == NULL)
        return -EINVAL;
    p = proc_find(r->m, (int32_t)pid);
    g = abi != &abi_driven ? replay_guest_find(r, (int32_t)pid) : NULL;
    if (p == NULL || (abi != &abi_driven && g == NULL))
        return -ESRCH;
    err = make_call(r, line, p, abi, &c);
    if (err < 0)
        return err;
    in->call.call = &c->call;
    in->call.turn = g != NULL ? &g->turn : NULL;
    if (machine_input(r->m, in) != SC_PENDING)
        free_call(c);
    return 0;
}

static int play_cancel(struct replay *r, struct input *in)
{
    for (const struct list *i = r->calls.next; i != &r->calls; i = i->next) {
        struct replay_call *c = container_of(i, struct replay_call, link);

        if (c->call.seq != in->cancel.seq || in->cancel.err >= 0)
            continue;
        in->cancel.call = &c->call;
        (void)machine_input(r->m, in);
        return 0;
    }
    return -ESRCH;
}

/** Read the outcome of an `answer` input from the line. */
static int play_answer(struct replay *r, const cJSON *line, struct input *in)
{
    const cJSON *result = member(line, "result");
    struct call *call = pause_held(r->m, in->answer.pid);
    struct failure f = FAILURE_INIT;
    int err = 0;

    if (call == NULL || call->nr == SC_EXIT || in->answer.status > 0)
        return -ESRCH;
    if (result != NULL)
        err = codec_decode_result(sc_call_by_nr(call->nr), result, &call->out, &call->text, &f);
    failure_done(&f);
    if (err < 0)
        return -EINVAL;
    (void)machine_input(r->m, in);
    return 0;
}

/* Inputs. */

static int play_peek(struct replay *r, struct input *in)
{
    if (in->peek.size > ROOM_MAX)
        return -EINVAL;
    in->peek.buf = malloc((size_t)in->peek.size + 1);
    if (in->peek.buf == NULL)
        return -ENOMEM;
    (void)machine_input(r->m, in);
    free(in->peek.buf);
    return 0;
}

/** Whether it is an input that a machine takes while it stands still. All others are queued. */
static bool comes_in_slot(enum input_kind kind)
{
    switch (kind) {
    case INPUT_SLOT:
    case INPUT_NOTE:
    case INPUT_NO_CALL:
    case INPUT_RESUME_GUEST:
    case INPUT_PAUSE:
    case INPUT_RESUME:
    case INPUT_LIFT:
    case INPUT_SETTLE:
    case INPUT_UNRULE:
    case INPUT_UNLISTEN:
    case INPUT_RELEASE:
    case INPUT_STALL:
    case INPUT_UNSTALL:
    case INPUT_NO_GOAL:
        return true;
    default:
        return false;
    }
}

/** Whether the machine can take the input: on one that it can't take, the kernel would CHECK. */
static bool is_possible(const struct replay *r, const struct input *in, const struct turn *turn)
{
    switch (in->kind) {
    case INPUT_RELEASE:
        return r->m->clock.holds > 0;
    case INPUT_UNSTALL:
        return r->m->watch.stalls > 0;
    case INPUT_SLOT:
        return in->slot.err == -EIO || in->slot.err == -EINTR;
    case INPUT_END:
        return in->end.state >= PS_DONE && in->end.state <= PS_KILLED;
    case INPUT_RULE:
        return in->rule.error <= 0 &&
               (in->rule.nr == FAULT_ANY_CALL || sc_call_by_nr(in->rule.nr) != NULL);
    case INPUT_GUEST:
    case INPUT_RESUME_GUEST:
        return list_empty(&turn->link) && r->m->turns.running != turn;
    default:
        return true;
    }
}

/** An input of a guest, of which in->…turn is the one at @turn. */
static int play_guest(struct replay *r, struct input *in, int32_t pid, struct turn **turn)
{
    struct replay_guest *g = replay_guest_find(r, pid);

    if (g == NULL || !is_possible(r, in, &g->turn))
        return -ESRCH;
    *turn = &g->turn;
    (void)machine_input(r->m, in);
    return 0;
}

/** Carry out an input whose members are read. What it answers was answered then. */
static int play_kind(struct replay *r, const cJSON *line, struct input *in)
{
    if (r->m->stand.slot_of != NULL ? !comes_in_slot(in->kind) : in->kind == INPUT_SLOT)
        return -ESRCH;
    switch (in->kind) {
    case INPUT_CALL:
        return play_call(r, line, in);
    case INPUT_CANCEL:
        return play_cancel(r, in);
    case INPUT_ANSWER:
        return play_answer(r, line, in);
    case INPUT_GUEST:
        return play_guest(r, in, in->guest.pid, &in->guest.turn);
    case INPUT_RESUME_GUEST:
        return play_guest(r, in, in->resume_guest.pid, &in->resume_guest.turn);
    case INPUT_NO_CALL:
        return play_guest(r, in, in->no_call.pid, &in->no_call.turn);
    case INPUT_PEEK:
        return play_peek(r, in);
    case INPUT_GOAL:
        return replay_goal(r, in);
    case INPUT_NO_GOAL:
        return replay_no_goal(r, in);
    case INPUT_LISTEN:
        return replay_listen(r, in);
    case INPUT_UNLISTEN:
        return replay_unlisten(r, in);
    default:
        if (!is_possible(r, in, NULL))
            return -ESRCH;
        (void)machine_input(r->m, in);
        return 0;
    }
}

static int kind_of(const cJSON *line, enum input_kind *out)
{
    const char *name = cJSON_GetStringValue(member(line, "input"));

    for (int i = 0; name != NULL && i < INPUT_COUNT; i++) {
        if (strcmp(name, input_name((enum input_kind)i)) == 0) {
            *out = (enum input_kind)i;
            return 0;
        }
    }
    return -EINVAL;
}

/** Play the next line, an input. */
static void play_line(struct replay *r)
{
    struct input in = {.kind = INPUT_TICK};
    cJSON *line = replay_log_take(&r->log);
    struct list owned;
    int err = kind_of(line, &in.kind);

    list_init(&owned);
    if (err == 0) {
        for (const struct input_member *i = input_members(in.kind); err == 0 && i->name != NULL;
             i++)
            err = replay_get_value(member(line, i->name), i->type, (char *)&in.session + i->offset,
                                   &owned);
    }
    if (err == 0)
        err = play_kind(r, line, &in);
    if (err == -EINVAL)
        replay_fail(r, err, "the line before is not one of a log of inputs");
    else if (err == -ESRCH)
        replay_fail(r, -EIO,
                    "the machine did not do the same again: what the line before is about "
                    "does not exist");
    else if (err < 0)
        replay_fail(r, err, "out of memory");
    replay_free_kept(&owned);
    cJSON_Delete(line);
}

void replay_called_back(struct replay *r)
{
    uint64_t place;

    while (r->failed == 0 && replay_get_uint(replay_log_peek(&r->log), "in", &place) == 0 &&
           place == r->m->input.callbacks)
        play_line(r);
}

/** machine_spec.on_slot */
static void on_slot(void *user, struct machine *m)
{
    struct replay *r = user;
    uint64_t slot;

    while (r->failed == 0 && m->stand.slot_of != NULL &&
           replay_get_uint(replay_log_peek(&r->log), "slot", &slot) == 0 && slot == m->stand.slots)
        play_line(r);
}

/** Play all inputs that came from outside. */
static void play_inputs(struct replay *r)
{
    const cJSON *line;

    while (r->failed == 0 && (line = replay_log_peek(&r->log)) != NULL &&
           !cJSON_IsTrue(member(line, "end"))) {
        if (replay_get_uint(line, "ns", &r->ns) < 0) {
            replay_fail(r, -EIO,
                        "the machine did not do the same again: this came inside an "
                        "input");
            return;
        }
        (void)replay_get_uint(line, "wall_ns", &r->wall_ns);
        play_line(r);
    }
}

/* Machines. */

static void on_event(struct listener *self, struct machine *m, const struct event *event)
{
    struct replay *r = container_of(self, struct replay, out);
    struct strbuf line = STRBUF_INIT;
    struct json_out o = json_out_to(&line);

    (void)m;
    event_write(&o, event);
    (void)strbuf_addc(&line, '\n');
    if (strbuf_failed(&line))
        replay_fail(r, -ENOMEM, "out of memory");
    else
        r->host->write(r->host->user, line.ptr, line.len);
    strbuf_done(&line);
    replay_called_back(r);
}

static int read_spec(const cJSON *line, struct machine_spec *spec, uint64_t *ns)
{
    const cJSON *limits = member(line, "limits");
    const char *clock = cJSON_GetStringValue(member(line, "clock"));
    uint64_t version;
    int err = replay_get_uint(line, "version", &version);

    if (err < 0 || version != INPUT_LOG_VERSION || clock == NULL)
        return -EINVAL;
    spec->name = cJSON_GetStringValue(member(line, "machine"));
    spec->clock = strcmp(clock, "virtual") == 0 ? CLOCK_VIRTUAL : CLOCK_REAL;
    spec->lockstep = cJSON_IsTrue(member(line, "lockstep"));
    err = replay_get_uint(line, "seed", &spec->seed);
    if (err == 0)
        err = replay_get_uint(line, "ns", ns);
#define MACHINE_LIMIT(name, initial, ceiling, most, doc)                                           \
    if (err == 0 && cJSON_HasObjectItem(limits, #name)) /* older logs lack newer ones */           \
        err = replay_get_uint(limits, #name, &spec->limits.name);                                  \
    if (err == 0 && spec->limits.name > (most))                                                    \
        err = -EINVAL;
    MACHINE_LIMITS(MACHINE_LIMIT)
#undef MACHINE_LIMIT
    return spec->name != NULL ? err : -EINVAL;
}

static void write_name(const struct replay *r)
{
    struct strbuf line = STRBUF_INIT;
    struct json_out o = json_out_to(&line);

    out_open(&o, '{');
    out_key(&o, "machine");
    out_string(&o, r->m->name);
    out_close(&o, '}');
    (void)strbuf_addc(&line, '\n');
    if (!strbuf_failed(&line))
        r->host->write(r->host->user, line.ptr, line.len);
    strbuf_done(&line);
}

/** Make the machine of the next line. */
static int make_machine(struct replay *r)
{
    cJSON *line = replay_log_take(&r->log);
    struct machine_spec spec = {.fs_open = r->host->fs_open, .on_slot = on_slot, .user = r};
    int err = read_spec(line, &spec, &r->ns);

    if (err < 0)
        replay_fail(r, err, "the machine before has no first line of a log of version %d",
                    INPUT_LOG_VERSION);
    else if (machine_new(&spec, &replay_host_ops, r, &r->m) < 0)
        replay_fail(r, -ENOMEM, "out of memory");
    cJSON_Delete(line);
    return r->failed;
}

static void play_machine(struct replay *r, uint64_t number)
{
    list_init(&r->calls);
    list_init(&r->guests);
    list_init(&r->goals);
    list_init(&r->listeners);
    replay_log_select(&r->log, number);
    if (make_machine(r) < 0)
        return;
    write_name(r);
    r->out = (struct listener){.kinds = EVENT_KINDS, .aside = true, .on_event = on_event};
    listener_add(r->m, &r->out);
    play_inputs(r);
    replay_free_listeners(r);
    replay_log_select(&r->log, UINT64_MAX); /* nothing is played while it ends */
    machine_free(r->m);
}

int replay(char *log, size_t len, const struct replay_host *host, struct strbuf *error)
{
    struct replay r = {.host = host, .error = error};
    uint64_t last = 0;

    r.failed = replay_log_init(&r.log, log, len, error);
    while (r.failed == 0) { /* machines are numbered as they were made */
        uint64_t next = UINT64_MAX;

        for (size_t i = 0; i < r.log.count; i++) {
            if (r.log.lines[i].machine > last && r.log.lines[i].machine < next)
                next = r.log.lines[i].machine;
        }
        if (next == UINT64_MAX)
            break;
        play_machine(&r, next);
        last = next;
    }
    if (r.failed == -ENOMEM && error->len == 0)
        (void)strbuf_adds(error, "out of memory");
    replay_log_done(&r.log);
    return r.failed;
}
