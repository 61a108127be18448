/* SPDX-License-Identifier: MIT */
#include "client/lib/typed.h"

#include "schema/calls.h"
#include "server/base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX ((UINT64_C(1) << 53) - 1) /* larger numbers travel as strings */

/* ---- arguments ---- */

static void add_key(struct typed *t, const char *name)
{
    (void)strbuf_addf(&t->params, "%s\"%s\":", t->params.len > 1 ? "," : "", name);
}

void typed_begin(struct typed *t, struct scbox_conn *conn, const char *method)
{
    *t =
        (struct typed){.conn = conn, .method = method, .params = STRBUF_INIT, .doc = JSON_DOC_INIT};
    (void)strbuf_addc(&t->params, '{');
    if (conn != NULL && conn->as != 0)
        typed_int(t, "as", conn->as);
}

/** Whether an argument is there; note that it is not. */
static bool is_given(struct typed *t, const char *name, const void *value)
{
    if (value == NULL && t->null == NULL)
        t->null = name;
    return value != NULL;
}

void typed_text(struct typed *t, const char *name, const char *value)
{
    if (is_given(t, name, value))
        typed_text_opt(t, name, value);
}

void typed_text_opt(struct typed *t, const char *name, const char *value)
{
    size_t len = value != NULL ? strlen(value) : 0;

    if (value == NULL)
        return;
    add_key(t, name);
    if (utf8_valid(value, len)) {
        wire_add_string(&t->params, value, len);
        return;
    }
    (void)strbuf_adds(&t->params, "{\"base64\":");
    wire_add_base64(&t->params, value, len);
    (void)strbuf_addc(&t->params, '}');
}

void typed_int(struct typed *t, const char *name, int64_t value)
{
    if (value >= 0) {
        typed_uint(t, name, (uint64_t)value);
        return;
    }
    add_key(t, name);
    (void)strbuf_addf(&t->params, -(uint64_t)value > EXACT_MAX ? "\"%" PRId64 "\"" : "%" PRId64,
                      value);
}

void typed_uint(struct typed *t, const char *name, uint64_t value)
{
    add_key(t, name);
    (void)strbuf_addf(&t->params, value > EXACT_MAX ? "\"%" PRIu64 "\"" : "%" PRIu64, value);
}

void typed_data(struct typed *t, const char *name, const void *bytes, size_t size)
{
    if (size > 0 && !is_given(t, name, bytes))
        return;
    add_key(t, name);
    if (size == 0 || (utf8_valid(bytes, size) && memchr(bytes, '\0', size) == NULL)) {
        wire_add_string(&t->params, bytes, size);
        return;
    }
    wire_add_base64(&t->params, bytes, size);
    (void)strbuf_adds(&t->params, ",\"encoding\":\"base64\"");
}

void typed_fds(struct typed *t, const char *name, const int32_t *fds, size_t count)
{
    if (count > 0 && !is_given(t, name, fds))
        return;
    add_key(t, name);
    (void)strbuf_addc(&t->params, '[');
    for (size_t i = 0; i < count; i++)
        (void)strbuf_addf(&t->params, "%s%" PRId32, i > 0 ? "," : "", fds[i]);
    (void)strbuf_addc(&t->params, ']');
}

void typed_args(struct typed *t, const char *name, const char *const *argv, const char *const *env)
{
    struct strbuf block = STRBUF_INIT;
    size_t count = 0;

    if (!is_given(t, name, argv))
        return;
    while (argv[count] != NULL)
        count++;
    (void)strbuf_addf(&block, "%zu", count);
    (void)strbuf_addc(&block, '\0');
    for (; *argv != NULL; argv++)
        (void)strbuf_add(&block, *argv, strlen(*argv) + 1);
    for (; env != NULL && *env != NULL; env++)
        (void)strbuf_add(&block, *env, strlen(*env) + 1);
    if (strbuf_failed(&block))
        t->params.failed = true;
    else
        typed_data(t, name, block.ptr, block.len);
    strbuf_done(&block);
}

/* ---- the call ---- */

/** Read what came. Returns SCBOX_OK or -errno. */
static int read_result(struct typed *t, struct scbox_error *error)
{
    struct json_error why;

    if (wire_read(&t->doc, t->result, strlen(t->result), &why) < 0) /* it was read before */
        return error_set(error, -ENOMEM, "out of memory");
    return SCBOX_OK;
}

void typed_call(struct typed *t, struct scbox_error *error)
{
    int64_t id = 0;

    (void)strbuf_addc(&t->params, '}');
    if (t->conn == NULL)
        t->outcome = error_set(error, -EINVAL, "%s: no connection: it is NULL", t->method);
    else if (t->null != NULL)
        t->outcome = error_set(error, -EINVAL, "%s: the argument %s is NULL", t->method, t->null);
    else if (strbuf_failed(&t->params))
        t->outcome = error_set(error, -ENOMEM, "out of memory");
    else
        t->outcome = request_send(t->conn, t->method, t->params.ptr, &id, error);
    if (t->outcome == SCBOX_OK)
        t->outcome = request_await(t->conn, id, t->conn->timeout_ms, &t->result, error);
    if (t->outcome == SCBOX_OK)
        t->outcome = read_result(t, error);
}

/* ---- results ---- */

/** Keep what one member came to. @err 0, -EINVAL when it is wrong, -ENOMEM. */
static void note(struct typed *t, const char *name, int err)
{
    if (err == -ENOMEM)
        t->outcome = err;
    else if (err < 0 && t->wrong == NULL)
        t->wrong = name;
}

/** Find a member of the result. Returns 0 when there is none, or nothing is to be taken any more. */
static uint32_t member(struct typed *t, const char *name)
{
    uint32_t at = 0;

    if (t->outcome != SCBOX_OK)
        return 0;
    if (json_kind(&t->doc, 0) == JSON_OBJECT)
        at = json_get(&t->doc, 0, name);
    if (at == 0)
        note(t, name, -EINVAL);
    return at;
}

void typed_i64(struct typed *t, const char *name, int64_t *out)
{
    uint32_t at = member(t, name);

    if (at != 0)
        note(t, name, wire_int(&t->doc, at, out));
}

void typed_u64(struct typed *t, const char *name, uint64_t *out)
{
    uint32_t at = member(t, name);

    if (at != 0)
        note(t, name, wire_uint(&t->doc, at, out));
}

void typed_i32(struct typed *t, const char *name, int32_t *out)
{
    int64_t value = 0;

    typed_i64(t, name, &value);
    if (value < INT32_MIN || value > INT32_MAX)
        note(t, name, -EINVAL);
    *out = (int32_t)value;
}

void typed_u32(struct typed *t, const char *name, uint32_t *out)
{
    uint64_t value = 0;

    typed_u64(t, name, &value);
    if (value > UINT32_MAX)
        note(t, name, -EINVAL);
    *out = (uint32_t)value;
}

/** The value of a flag's name, or the number of one without a name. Returns 0 or -EINVAL. */
static int take_flag(const struct json_doc *doc, uint32_t at, const char *group, uint32_t *out)
{
    struct json_span text = json_span(doc, at);
    const struct sc_flag_info *flag;
    uint64_t value;

    if (json_kind(doc, at) != JSON_STRING) {
        if (wire_uint(doc, at, &value) < 0 || value > UINT32_MAX)
            return -EINVAL;
        *out = (uint32_t)value;
        return 0;
    }
    flag = sc_flag_by_name(group, text.ptr + 1, text.len - 2);
    if (flag == NULL)
        return -EINVAL;
    *out = flag->value;
    return 0;
}

void typed_flags(struct typed *t, const char *name, const char *group, uint32_t *out)
{
    uint32_t at = member(t, name);
    uint32_t mask = 0;
    uint32_t bits = 0;

    if (at != 0 && json_kind(&t->doc, at) == JSON_ARRAY) {
        for (uint32_t i = at + 1; i < json_next(&t->doc, at); i = json_next(&t->doc, i)) {
            note(t, name, take_flag(&t->doc, i, group, &bits));
            mask |= bits;
        }
    } else if (at != 0) {
        note(t, name, take_flag(&t->doc, at, group, &mask));
    }
    *out = mask;
}

/** The bytes of a name: a string, or {base64} of one that is no UTF-8. As wire_string(). */
static int take_name(const struct json_doc *doc, uint32_t at, char **out, size_t *out_len)
{
    if (json_kind(doc, at) == JSON_OBJECT)
        return wire_base64(doc, json_get(doc, at, "base64"), out, out_len);
    return wire_string(doc, at, out, out_len);
}

void typed_name(struct typed *t, const char *name, char *out, size_t size)
{
    uint32_t at = member(t, name);
    char *bytes = NULL;
    size_t len = 0;
    int err;

    if (at == 0)
        return;
    err = take_name(&t->doc, at, &bytes, &len);
    if (err == 0 && len < size)
        memcpy(out, bytes, len + 1);
    else if (err == 0)
        err = -EINVAL;
    free(bytes);
    note(t, name, err);
}

/** Keep bytes that came, unless there are more than were asked for. */
static void keep_bytes(struct typed *t, const char *name, uint64_t size, int err)
{
    if (err == 0 && t->bytes_len > size)
        err = -EINVAL;
    note(t, name, err);
}

void typed_bytes(struct typed *t, const char *name, uint64_t size)
{
    if (member(t, name) != 0)
        keep_bytes(t, name, size, wire_data(&t->doc, 0, &t->bytes, &t->bytes_len));
}

void typed_path(struct typed *t, const char *name, uint64_t size)
{
    uint32_t at = member(t, name);

    if (at != 0)
        keep_bytes(t, name, size, take_name(&t->doc, at, &t->bytes, &t->bytes_len));
}

bool typed_is_ok(struct typed *t, struct scbox_error *error)
{
    if (t->outcome == SCBOX_OK && t->wrong != NULL)
        t->outcome = error_set(error, -EBADMSG, "the daemon's answer to %s has no proper %s",
                               t->method, t->wrong);
    else if (t->outcome == -ENOMEM)
        error_set(error, -ENOMEM, "out of memory");
    return t->outcome == SCBOX_OK;
}

void typed_store(const struct typed *t, void *out, size_t *out_len)
{
    if (out != NULL && t->bytes_len > 0)
        memcpy(out, t->bytes, t->bytes_len);
    if (out_len != NULL)
        *out_len = t->bytes_len;
}

int typed_end(struct typed *t)
{
    strbuf_done(&t->params);
    json_doc_done(&t->doc);
    free(t->result);
    free(t->bytes);
    return t->outcome;
}
