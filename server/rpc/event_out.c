/* SPDX-License-Identifier: MIT */
#include "server/rpc/event_out.h"

#include "server/kernel/call.h"
#include "server/kernel/fault.h"
#include "server/rpc/kinds.h"

static const char *kind_name(enum event_kind kind)
{
    switch (kind) {
    case EVENT_LOG:
        return "log";
    case EVENT_CONSOLE:
        return "console";
    case EVENT_NOTE:
        return "note";
    case EVENT_START:
        return "start";
    case EVENT_END:
        return "end";
    case EVENT_CALL:
        return "call";
    case EVENT_RETURN:
        return "return";
    case EVENT_FAULT:
        return "fault";
    case EVENT_PAUSE:
        return "pause";
    default:
        return "?";
    }
}

/** Begin a notification, up to its params. */
static void open_event(struct json_out *o, const char *kind)
{
    out_open(o, '{');
    out_key(o, "jsonrpc");
    out_string(o, "2.0");
    out_key(o, "method");
    out_string(o, "event");
    out_key(o, "params");
    out_open(o, '{');
    out_key(o, "kind");
    out_string(o, kind);
}

static void close_event(struct json_out *o)
{
    out_close(o, '}');
    out_close(o, '}');
    (void)strbuf_addc(o->to, '\n');
    o->comma = false;
}

static void put_uint(struct json_out *o, const char *key, uint64_t value)
{
    out_key(o, key);
    out_uint(o, value);
}

static void put_error(struct json_out *o, int err)
{
    out_key(o, "error");
    out_string(o, sc_errno_name(err));
}

/** How a call went. */
static void put_outcome(struct json_out *o, const struct sc_call_info *info,
                        const struct call *call)
{
    const struct decoder d = {.info = info, .brief = true};

    if (call->status < 0) {
        put_error(o, call->status);
        out_why(o, &call->why);
    } else {
        out_key(o, "result");
        codec_encode(&d, &call->out, o);
    }
    if (call->fault != 0)
        put_uint(o, "fault", call->fault);
}

/** What a rule does to a call. */
static void put_rule(struct json_out *o, const struct fault_rule *rule)
{
    const struct fault_spec *s = &rule->spec;

    put_uint(o, "fault", rule->id);
    if (s->error != 0)
        put_error(o, s->error);
    if (s->delay_us != 0)
        put_uint(o, "delay_us", s->delay_us);
    if (s->transfer != 0)
        put_uint(o, "short", s->transfer);
}

static void put_call(struct json_out *o, const struct event *event)
{
    const struct call *call = event->call;
    const struct sc_call_info *info = sc_call_by_nr(call->nr);

    put_uint(o, "seq", call->seq);
    put_pid(o, "pid", &call->pid);
    put_uint(o, "now_ns", event->now_ns);
    if (event->kind == EVENT_RETURN)
        put_uint(o, "duration_ns", event->now_ns - call->begun_ns);
    out_key(o, "call");
    out_string(o, info->name);
    out_key(o, "args");
    codec_encode_args(info, &call->args, o);
    if (event->kind == EVENT_RETURN)
        put_outcome(o, info, call);
    else if (event->kind == EVENT_FAULT)
        put_rule(o, event->rule);
}

void event_write(struct json_out *o, const struct event *event)
{
    open_event(o, kind_name(event->kind));
    if (event->call != NULL) {
        put_call(o, event);
    } else {
        put_pid(o, "pid", &event->pid);
        out_data(o, "data", event->bytes, event->len, false);
    }
    if (event->kind == EVENT_END) {
        put_ps(o, "state", &event->state);
        put_int(o, "return_code", &event->code);
    }
    close_event(o);
}

void event_write_lost(struct json_out *o, uint64_t count)
{
    open_event(o, "lost");
    put_uint(o, "count", count);
    close_event(o);
}

void event_write_ended(struct json_out *o, const char *why)
{
    open_event(o, "ended");
    out_key(o, "why");
    out_string(o, why);
    close_event(o);
}
