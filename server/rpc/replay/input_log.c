/* SPDX-License-Identifier: MIT */
#include "server/rpc/replay/input_log.h"

#include "server/kernel/call/pause.h"
#include "server/rpc/codec/codec.h"

#include <string.h>

enum input_type input_log_type(const struct sc_field_info *arg)
{
    static const enum input_type types[] = {
#define SC_REPR(repr, ctype, doc)                                                                  \
    [SC_R_##repr] = _Generic((sc_repr_##repr){0}, int32_t                                          \
                             : INPUT_TYPE_i32, uint32_t                                            \
                             : INPUT_TYPE_u32, int64_t                                             \
                             : INPUT_TYPE_i64, uint64_t                                            \
                             : INPUT_TYPE_u64, default                                             \
                             : INPUT_TYPE_bytes),
#include "schema/types.def"
    };

    return types[arg->repr];
}

/** A line, open behind the number of its machine. */
static struct json_out open_line(const struct rpc_machine *machine, struct strbuf *line)
{
    struct json_out o = json_out_to(line);

    out_open(&o, '{');
    out_key(&o, "m");
    out_uint(&o, machine->id);
    return o;
}

static void write_line(const struct rpc_machine *machine, struct json_out *o)
{
    const struct rpc_daemon *d = &machine->rpc->opt.daemon;

    out_close(o, '}');
    (void)strbuf_addc(o->to, '\n');
    if (strbuf_failed(o->to))
        rpc_log(machine->rpc, "warn", "no memory for a line of the log of inputs: it has a gap");
    else
        d->inputs(d->user, o->to->ptr, o->to->len);
    strbuf_done(o->to);
}

/** struct listener.on_event: events are not logged, but they are counted when the log is played. */
static void on_no_event(struct listener *self, struct machine *m, const struct event *event)
{
    (void)self;
    (void)m;
    (void)event;
}

void input_log_begin(struct rpc_machine *machine)
{
    struct strbuf line = STRBUF_INIT;
    const struct machine *m = machine->m;
    struct json_out o;

    if (machine->rpc->opt.daemon.inputs == NULL)
        return;
    o = open_line(machine, &line);
    out_key(&o, "machine");
    out_string(&o, machine->name);
    out_key_uint(&o, "version", INPUT_LOG_VERSION);
    out_key(&o, "clock");
    out_string(&o, m->spec.clock == CLOCK_VIRTUAL ? "virtual" : "real");
    out_key(&o, "lockstep");
    out_bool(&o, m->spec.lockstep);
    out_key_uint(&o, "seed", m->spec.seed);
    out_key_uint(&o, "ns", m->clock.started_ns);
    out_key(&o, "limits");
    out_open(&o, '{');
#define MACHINE_LIMIT(name, initial, ceiling, most, doc) out_key_uint(&o, #name, m->limits.name);
    MACHINE_LIMITS(MACHINE_LIMIT)
#undef MACHINE_LIMIT
    out_close(&o, '}');
    write_line(machine, &o);
    machine->logger =
        (struct listener){.kinds = EVENT_KINDS, .aside = true, .on_event = on_no_event};
    input_listen(machine->m, &machine->logger);
}

void input_log_end(struct rpc_machine *machine)
{
    struct strbuf line = STRBUF_INIT;
    struct json_out o;

    if (machine->rpc->opt.daemon.inputs == NULL)
        return;
    input_unlisten(machine->m, &machine->logger);
    o = open_line(machine, &line);
    out_key(&o, "end");
    out_bool(&o, true);
    write_line(machine, &o);
}

/** The value that lies at @at. */
static void put_value(struct json_out *o, enum input_type type, const void *at)
{
    const struct sc_str *bytes = at;

    switch (type) {
    case INPUT_TYPE_pid:
    case INPUT_TYPE_i32:
        out_int(o, *(const int32_t *)at);
        break;
    case INPUT_TYPE_u32:
        out_uint(o, *(const uint32_t *)at);
        break;
    case INPUT_TYPE_i64:
        out_int(o, *(const int64_t *)at);
        break;
    case INPUT_TYPE_u64:
        out_uint(o, *(const uint64_t *)at);
        break;
    case INPUT_TYPE_flag:
        out_bool(o, *(const bool *)at);
        break;
    case INPUT_TYPE_real:
        out_double(o, *(const double *)at);
        break;
    case INPUT_TYPE_str:
        out_name_string(o, *(const char *const *)at);
        break;
    case INPUT_TYPE_bytes:
        out_name(o, bytes->ptr != NULL ? bytes->ptr : "", bytes->len);
        break;
    }
}

/** Of a long transfer the gate's buffer has the first bytes; the rest are answers. */
static void put_args(struct json_out *o, const struct call *call)
{
    const struct call_mover *mover = call->mover;

    out_key(o, "args");
    out_open(o, '[');
    for (const struct sc_field_info *a = sc_call_by_nr(call->nr)->args; a->name != NULL; a++) {
        const enum input_type type = input_log_type(a);
        const void *at = (const char *)&call->args + a->offset;
        struct sc_str cut;

        if (type == INPUT_TYPE_bytes && mover != NULL && mover->first_size > 0) {
            memcpy(&cut, at, sizeof(cut));
            cut.len = cut.len < mover->first_size ? cut.len : mover->first_size;
            at = &cut;
        }
        put_value(o, type, at);
    }
    out_close(o, ']');
}

/** The length of the bytes that a long transfer moves. */
static uint64_t whole_size(const struct call *call)
{
    for (const struct sc_field_info *a = sc_call_by_nr(call->nr)->args; a->name != NULL; a++) {
        if (input_log_type(a) == INPUT_TYPE_bytes)
            return ((const struct sc_str *)((const char *)&call->args + a->offset))->len;
    }
    return 0;
}

static void put_call(struct json_out *o, const struct call *call)
{
    union sc_out out = call->out;
    const struct sc_buf *room = sc_out_buf(sc_call_by_nr(call->nr), &out);

    out_key_int(o, "pid", call->pid);
    out_key(o, "gate");
    out_string(o, call->abi->name);
    out_key(o, "call");
    out_string(o, sc_call_by_nr(call->nr)->name);
    put_args(o, call);
    if (room != NULL)
        out_key_uint(o, "room", room->cap);
    out_key(o, "waits");
    out_bool(o, call->done != NULL);
    if (call->mover != NULL) {
        out_key_uint(o, "whole", whole_size(call));
        out_key_uint(o, "first", call->mover->first_size);
        out_key_uint(o, "slice", call->mover->slice_size);
    }
}

/** Write the outcome of an `answer` input. */
static void put_result(struct json_out *o, struct machine *m, const struct input *in)
{
    const struct call *call = pause_held(m, in->answer.pid);
    struct decoder d = {.base64 = true};

    if (call == NULL || in->answer.status < 0)
        return;
    d.info = sc_call_by_nr(call->nr);
    out_key(o, "result");
    codec_encode(&d, &call->out, o);
}

void input_log_input(void *user, struct machine *m, const struct input *in)
{
    const struct rpc_machine *machine = user;
    struct strbuf line = STRBUF_INIT;
    struct json_out o = open_line(machine, &line);

    out_key(&o, "input");
    out_string(&o, input_name(in->kind));
    if (m->stand.slot_of != NULL) {
        out_key_uint(&o, "slot", m->stand.slots);
    } else if (m->input.depth > 0) {
        out_key_uint(&o, "in", m->input.callbacks);
    } else {
        out_key_uint(&o, "ns", m->input.now_ns);
        if (m->spec.clock == CLOCK_REAL)
            out_key_uint(&o, "wall_ns", m->input.wall_ns);
    }
    for (const struct input_member *i = input_members(in->kind); i->name != NULL; i++) {
        out_key(&o, i->name);
        put_value(&o, i->type, (const char *)&in->session + i->offset);
    }
    if (in->kind == INPUT_CALL)
        put_call(&o, in->call.call);
    if (in->kind == INPUT_ANSWER)
        put_result(&o, m, in);
    write_line(machine, &o);
}

void input_log_answer(void *user, struct machine *m, int64_t result, const void *bytes, size_t len)
{
    const struct rpc_machine *machine = user;
    struct strbuf line = STRBUF_INIT;
    struct json_out o = open_line(machine, &line);

    out_key_uint(&o, "answer", m->input.answers);
    out_key_int(&o, "result", result);
    if (bytes != NULL) {
        out_key(&o, "bytes");
        out_name(&o, bytes, len);
    }
    write_line(machine, &o);
}
