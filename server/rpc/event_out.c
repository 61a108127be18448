/* SPDX-License-Identifier: MIT */
#include "server/rpc/event_out.h"

#include "server/kernel/call.h"
#include "server/kernel/fault.h"
#include "server/kernel/machine.h"
#include "server/kernel/result.h"
#include "server/rpc/kinds.h"

#include <string.h>

/** Handles of a SELECT whose files are told. */
enum { SHOWN_FILES_MAX = 16 };

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

/** The files of handles that a call is given: "files": {"fd": "root:/a"}; opened with the first of them. */
struct files_out {
    struct json_out *o;
    const struct call *call;
    bool open;
};

/** The path of a handle as it was opened; null when there is no such handle. */
static void put_file_of(struct json_out *o, const struct call *call, int32_t fd)
{
    const struct open_file *f = fd_find(&call->proc->fds, fd);

    out_name_string(o, f != NULL ? f->label : NULL);
}

static void open_files(struct files_out *files, const char *arg)
{
    if (!files->open) {
        out_key(files->o, "files");
        out_open(files->o, '{');
        files->open = true;
    }
    out_key(files->o, arg);
}

static void put_file(struct files_out *files, const char *arg, int32_t fd)
{
    if (fd_find(&files->call->proc->fds, fd) == NULL)
        return;
    open_files(files, arg);
    put_file_of(files->o, files->call, fd);
}

static void put_file_list(struct files_out *files, const char *arg, struct sc_str fds)
{
    size_t count = fds.len / sizeof(int32_t);

    open_files(files, arg);
    out_open(files->o, '[');
    for (size_t i = 0; i < count && i < SHOWN_FILES_MAX; i++) {
        int32_t fd;

        memcpy(&fd, fds.ptr + i * sizeof(fd), sizeof(fd));
        put_file_of(files->o, files->call, fd);
    }
    out_close(files->o, ']');
}

static void put_files_of(struct files_out *files, const char *arg, enum sc_kind kind,
                         const void *value)
{
    if (value == &files->call->args.bind_fd.new_fd && files->call->nr == SC_BIND_FD)
        return; /* a number in the child, no handle of the caller */
    if (kind == SC_K_fd || kind == SC_K_ofd)
        put_file(files, arg, *(const int32_t *)value);
    else if (kind == SC_K_fds)
        put_file_list(files, arg, *(const struct sc_str *)value);
}

/** What the handles among a call's arguments are, as far as they are there. */
static void put_files(struct json_out *o, const struct call *call)
{
    struct files_out files = {.o = o, .call = call};

    if (call->proc == NULL)
        return;
    switch (call->nr) {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    case nr: {                                                                                     \
        const struct sc_##low##_args *args = &call->args.low;                                      \
        (void)args;                                                                                \
        ARGS break;                                                                                \
    }
#define SC_ARG(kind, name, doc) put_files_of(&files, #name, SC_K_##kind, &args->name);
#define SC_OPT(kind, name, doc) SC_ARG(kind, name, doc)
#define SC_NO_ARGS
#include "schema/syscalls.def"
    default:
        break;
    }
    if (files.open)
        out_close(o, '}');
}

/** Through which gate a guest's call came, and what it has in its result register. */
static void put_gate(struct json_out *o, const struct call *call, bool ended)
{
    if (call->gate == SC_GATE_RPC)
        return;
    out_key(o, "gate");
    out_string(o, call->gate == SC_GATE_I386 ? "i386" : "x86_64");
    if (!ended)
        return;
    out_key(o, "register");
    out_int(o, result_of(call));
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
    put_files(o, call);
    put_gate(o, call, event->kind == EVENT_RETURN);
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
