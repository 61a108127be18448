/* SPDX-License-Identifier: MIT */
#include "server/rpc/codec/failure.h"

#include <errno.h>
#include <string.h>

#include "schema/calls.h"

#include <stdlib.h>

int fail(struct failure *f, int code, const char *arg, const char *fmt, ...)
{
    struct strbuf text = STRBUF_INIT;
    va_list ap;

    /* The protocol's codes are all below -32000, errnos above. */
    f->code = code < 0 && code > -32000 ? -code : code;
    f->arg = arg;
    va_start(ap, fmt);
    (void)strbuf_addv(&text, fmt, ap);
    va_end(ap);
    (void)why_add(&f->why, 0, "%s", strbuf_str(&text));
    strbuf_done(&text);
    return -1;
}

int fail_why(struct failure *f, int err, struct why *why)
{
    f->code = -err;
    f->why = *why;
    *why = (struct why)WHY_INIT;
    return -1;
}

static const char *message_of(int code)
{
    switch (code) {
#define RPC_ERROR(NAME, code, message, doc)                                                        \
    case RPC_E_##NAME:                                                                             \
        return message;
#include "schema/rpcerrors.def"
    default:
        return sc_errno_name(code);
    }
}

void out_why(struct json_out *o, const struct why *why)
{
    out_key(o, "why");
    out_open(o, '[');
    for (size_t i = 0; i < why->count; i++)
        out_string(o, why->text[i]);
    out_close(o, ']');
}

/** What to try: the hints of schema/errno.def are about calls and their own arguments. */
static const char *hint_of(const struct failure *f, const struct sc_errno_info *info)
{
    if (f->arg != NULL && strcmp(f->arg, "as") == 0)
        return f->code == EPERM
                   ? "let the session drive the process with proc.drive"
                   : "as is the pid of a process below the session's own; proc.tree lists them";
    return f->syscall != NULL ? info->hint : "see the method's page: scbox help METHOD";
}

/** The members of error.data. */
static void write_data(const struct failure *f, struct json_out *o)
{
    const struct sc_errno_info *info = f->code > 0 ? sc_errno_by_value(f->code) : NULL;

    if (f->syscall != NULL) {
        out_key(o, "syscall");
        out_string(o, f->syscall);
    }
    if (f->arg != NULL) {
        out_key(o, "arg");
        out_string(o, f->arg);
    }
    if (f->value.len > 0) {
        out_key(o, "value");
        out_raw(o, f->value.ptr, f->value.len);
    }
    if (f->imposed || f->fault != 0) {
        out_key(o, "fault");
        out_uint(o, f->fault);
    }
    out_why(o, &f->why);
    if (info != NULL) {
        out_key(o, "hint");
        out_string(o, hint_of(f, info));
        out_key(o, "text");
        out_string(o, info->text);
    }
}

void failure_write(const struct failure *f, struct json_out *o)
{
    out_open(o, '{');
    out_key(o, "code");
    out_int(o, f->code);
    out_key(o, "message");
    out_string(o, message_of(f->code));
    out_key(o, "data");
    out_open(o, '{');
    write_data(f, o);
    out_close(o, '}');
    out_close(o, '}');
}

void failure_done(struct failure *f)
{
    strbuf_done(&f->value);
    why_done(&f->why);
}
