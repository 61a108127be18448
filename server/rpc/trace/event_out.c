/* SPDX-License-Identifier: MIT */
#include "server/rpc/trace/event_out.h"

#include "server/kernel/call/call.h"
#include "server/kernel/call/fault.h"
#include "server/kernel/call/result.h"
#include "server/kernel/machine.h"
#include "server/rpc/codec/kinds.h"

#include <string.h>

/** The most handles of a SELECT whose files are written. */
enum { SHOWN_FILES_MAX = 16 };

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
}

/* One function a source of events.def; each writes a member, or nothing if it has no value. */

/** A number that is left out when it is 0. */
static void add_some(struct json_out *o, const char *key, uint64_t value)
{
    if (value != 0)
        out_key_uint(o, key, value);
}

static void add_pid(struct json_out *o, const char *key, const struct event *event)
{
    out_key_int(o, key, event->pid);
}

static void add_data(struct json_out *o, const char *key, const struct event *event)
{
    out_data(o, key, event->bytes, event->len, false);
}

static void add_state(struct json_out *o, const char *key, const struct event *event)
{
    out_key(o, key);
    put_choice(o, SC_JSON_PS, event->state);
}

static void add_code(struct json_out *o, const char *key, const struct event *event)
{
    out_key_int(o, key, event->code);
}

static void add_text(struct json_out *o, const char *key, const struct event *event)
{
    out_key(o, key);
    out_text(o, event->bytes, event->len);
}

static void add_count(struct json_out *o, const char *key, const struct event *event)
{
    out_key_uint(o, key, event->count);
}

static void add_seq(struct json_out *o, const char *key, const struct event *event)
{
    out_key_uint(o, key, event->call->seq);
}

static void add_now(struct json_out *o, const char *key, const struct event *event)
{
    out_key_uint(o, key, event->now_ns);
}

static void add_duration(struct json_out *o, const char *key, const struct event *event)
{
    out_key_uint(o, key, event->now_ns - event->call->begun_ns);
}

static void add_call(struct json_out *o, const char *key, const struct event *event)
{
    out_key_string(o, key, sc_call_by_nr(event->call->nr)->name);
}

static void add_args(struct json_out *o, const char *key, const struct event *event)
{
    out_key(o, key);
    codec_encode_args(sc_call_by_nr(event->call->nr), &event->call->args, o);
}

/** The files of handles that a call is given: "files": {"fd": "root:/a"}; opened with the first of them. */
struct files_out {
    struct json_out *o;
    const char *key;
    const struct call *call;
    bool open;
};

/** The path of a handle as it was opened; null if there is no such handle. */
static void put_file_of(struct json_out *o, const struct call *call, int32_t fd)
{
    const struct open_file *f = fd_find(&call->proc->fds, fd);

    out_name_string(o, f != NULL ? f->label : NULL);
}

static void open_files(struct files_out *files, const char *arg)
{
    if (!files->open) {
        out_key(files->o, files->key);
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

/** What the handles among a call's arguments are, as far as they are there. */
static void add_files(struct json_out *o, const char *key, const struct event *event)
{
    const struct call *call = event->call;
    struct files_out files = {.o = o, .key = key, .call = call};

    if (call->proc == NULL)
        return;
    for (const struct sc_field_info *a = sc_call_by_nr(call->nr)->args; a->name != NULL; a++) {
        const void *value = (const char *)&call->args + a->offset;

        if (a->kind == SC_K_fd || a->kind == SC_K_ofd)
            put_file(&files, a->name, *(const int32_t *)value);
        else if (a->kind == SC_K_fds)
            put_file_list(&files, a->name, *(const struct sc_str *)value);
    }
    if (files.open)
        out_close(o, '}');
}

static void add_gate(struct json_out *o, const char *key, const struct event *event)
{
    if (event->call->abi != &abi_driven)
        out_key_string(o, key, event->call->abi->name);
}

static void add_register(struct json_out *o, const char *key, const struct event *event)
{
    if (event->call->abi == &abi_driven)
        return;
    out_key(o, key);
    out_int(o, result_of(event->call));
}

/* How a call went. */

static void add_error(struct json_out *o, const char *key, const struct event *event)
{
    if (event->call->status < 0)
        out_key_string(o, key, sc_errno_name(event->call->status));
}

static void add_why(struct json_out *o, const char *key, const struct event *event)
{
    (void)key;
    if (event->call->status < 0)
        out_why(o, &event->call->why);
}

static void add_result(struct json_out *o, const char *key, const struct event *event)
{
    const struct decoder d = {.info = sc_call_by_nr(event->call->nr), .brief = true};

    if (event->call->status < 0)
        return;
    out_key(o, key);
    codec_encode(&d, &event->call->out, o);
}

static void add_hit(struct json_out *o, const char *key, const struct event *event)
{
    add_some(o, key, event->call->fault);
}

/* What a rule does to a call. */

static void add_rule(struct json_out *o, const char *key, const struct event *event)
{
    out_key_uint(o, key, event->rule->id);
}

static void add_injected(struct json_out *o, const char *key, const struct event *event)
{
    if (event->rule->spec.error != 0)
        out_key_string(o, key, sc_errno_name(event->rule->spec.error));
}

static void add_delay(struct json_out *o, const char *key, const struct event *event)
{
    add_some(o, key, event->rule->spec.delay_us);
}

static void add_transfer(struct json_out *o, const char *key, const struct event *event)
{
    add_some(o, key, event->rule->spec.transfer);
}

void event_write(struct json_out *o, const struct event *event)
{
    switch (event->kind) {
#define EVENT_ROW(UP, kind, word, MEMBERS, doc)                                                    \
    case EVENT_##UP:                                                                               \
        open_event(o, #kind);                                                                      \
        MEMBERS                                                                                    \
        break;
#define EVENT_MEMBER(source, name, doc) add_##source(o, #name, event);
#define EVENT_BESIDE(source, name, doc)
#include "schema/events.def"
    case EVENT_UNKNOWN:
        return;
    }
    close_event(o);
}
