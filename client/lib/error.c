/* SPDX-License-Identifier: MIT */
#include "client/lib/conn.h"
#include "client/lib/wire.h"
#include "schema/calls.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void scbox_error_done(struct scbox_error *error)
{
    if (error == NULL)
        return;
    free(error->name);
    free(error->reason);
    free(error->hint);
    free(error->data);
    *error = (struct scbox_error)SCBOX_ERROR_INIT;
}

/** The name of a -errno of the host, which has more of them than simulated systems. */
static const char *host_name(int err)
{
    const char *name = strerrorname_np(-err);

    return name != NULL ? name : sc_errno_name(err);
}

int error_set(struct scbox_error *error, int code, const char *fmt, ...)
{
    struct strbuf text = STRBUF_INIT;
    va_list ap;

    if (error == NULL)
        return code;
    scbox_error_done(error);
    va_start(ap, fmt);
    (void)strbuf_addv(&text, fmt, ap);
    va_end(ap);
    error->code = code;
    error->name = strdup(host_name(code));
    error->reason = strbuf_take(&text);
    return code;
}

/** A member of an object that is a string: returned, free(); NULL when there is none, or no memory. */
static char *member_text(const struct json_doc *doc, uint32_t object, const char *name)
{
    char *text = NULL;
    size_t len;

    if (json_kind(doc, object) == JSON_OBJECT)
        (void)wire_string(doc, json_get(doc, object, name), &text, &len);
    return text;
}

/** The sentences of data.why, one behind the other; without them what the errno means. */
static char *take_reason(const struct json_doc *doc, uint32_t data, const char *name)
{
    struct strbuf text = STRBUF_INIT;
    uint32_t why = json_kind(doc, data) == JSON_OBJECT ? json_get(doc, data, "why") : 0;
    uint32_t end = why != 0 && json_kind(doc, why) == JSON_ARRAY ? json_next(doc, why) : 0;
    char *one = NULL;
    size_t len;

    for (uint32_t i = why + 1; i < end; i = json_next(doc, i)) {
        if (wire_string(doc, i, &one, &len) < 0)
            continue;
        (void)strbuf_addf(&text, "%s%s", text.len > 0 ? "; " : "", one);
        free(one);
    }
    if (text.len == 0) {
        one = member_text(doc, data, "text");
        (void)strbuf_adds(&text, one != NULL ? one : name);
        free(one);
    }
    return strbuf_take(&text);
}

/** Fill an error from the object that was read. */
static void fill(struct scbox_error *error, const struct json_doc *doc)
{
    bool object = json_kind(doc, 0) == JSON_OBJECT;
    uint32_t data = object ? json_get(doc, 0, "data") : 0;
    int64_t code = 0;

    if (!object || wire_int(doc, json_get(doc, 0, "code"), &code) < 0 || code != (int)code)
        code = SCBOX_E_INTERNAL;
    error->code = (int)code;
    error->name = member_text(doc, 0, "message");
    if (error->name == NULL)
        error->name = strdup("an error without a message");
    if (data != 0) {
        error->data = wire_text(doc, data);
        error->hint = member_text(doc, data, "hint");
    }
    error->reason = take_reason(doc, data, error->name != NULL ? error->name : "");
}

int error_take(struct scbox_error *error, char *text)
{
    struct json_doc doc = JSON_DOC_INIT;
    struct json_error why;

    if (error != NULL && wire_read(&doc, text, strlen(text), &why) == 0) {
        scbox_error_done(error);
        fill(error, &doc);
    } else if (error != NULL) { /* it was read before, so only memory can be missing */
        error_set(error, SCBOX_E_INTERNAL, "out of memory");
    }
    json_doc_done(&doc);
    free(text);
    return SCBOX_REFUSED;
}

/** What an errno means: as the daemon says it, else as our own table does. Returned; free(); or NULL. */
static char *text_of(const struct scbox_error *error)
{
    const struct sc_errno_info *row = NULL;
    struct json_doc doc = JSON_DOC_INIT;
    struct json_error why;
    char *text = NULL;

    if (error->data != NULL && wire_read(&doc, error->data, strlen(error->data), &why) == 0)
        text = member_text(&doc, 0, "text");
    json_doc_done(&doc);
    if (text == NULL && error->name != NULL)
        row = sc_errno_by_name(error->name, strlen(error->name));
    return row != NULL ? strdup(row->text) : text;
}

char *scbox_error_line(const struct scbox_error *error)
{
    struct strbuf line = STRBUF_INIT;
    const char *what;
    char *text = NULL;

    if (error == NULL)
        return NULL;
    what = error_is_ours(error->code) ? error->reason : error->name;
    (void)strbuf_adds(&line, what != NULL ? what : "unknown error");
    if (!error_is_ours(error->code))
        text = text_of(error);
    if (text != NULL)
        (void)strbuf_addf(&line, ": %s", text);
    free(text);
    return strbuf_take(&line);
}
