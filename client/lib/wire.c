/* SPDX-License-Identifier: MIT */
#include "client/lib/wire.h"

#include "client/lib/scbox.h"
#include "server/base/base64.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int wire_read(struct json_doc *doc, const char *text, size_t len, struct json_error *error)
{
    static const struct json_limits limits = {SCBOX_NESTING_MAX, SIZE_MAX};

    return json_read(doc, text, len, &limits, error);
}

void wire_add_string(struct strbuf *to, const char *bytes, size_t len)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char names[] = "\"\\bfnrt";

    (void)strbuf_addc(to, '"');
    for (size_t i = 0; i < len; i++) {
        const char *name = bytes[i] != '\0' ? strchr(named, bytes[i]) : NULL;

        if (name != NULL)
            (void)strbuf_addf(to, "\\%c", names[name - named]);
        else if ((unsigned char)bytes[i] < ' ')
            (void)strbuf_addf(to, "\\u%04x", (unsigned)bytes[i]);
        else
            (void)strbuf_addc(to, bytes[i]);
    }
    (void)strbuf_addc(to, '"');
}

void wire_add_base64(struct strbuf *to, const void *bytes, size_t len)
{
    size_t size = base64_encoded_size(len);

    (void)strbuf_addc(to, '"');
    if (strbuf_reserve(to, size) == 0) {
        base64_encode(bytes, len, to->ptr + to->len);
        to->len += size;
    }
    (void)strbuf_addc(to, '"');
}

char *wire_text(const struct json_doc *doc, uint32_t i)
{
    struct json_span span = json_span(doc, i);

    return strndup(span.ptr, span.len);
}

static bool is_string(const struct json_doc *doc, uint32_t i)
{
    return i != 0 && json_kind(doc, i) == JSON_STRING;
}

int wire_string(const struct json_doc *doc, uint32_t i, char **out, size_t *out_len)
{
    char *bytes;

    if (!is_string(doc, i))
        return -EINVAL;
    bytes = malloc(json_span(doc, i).len);
    if (bytes == NULL)
        return -ENOMEM;
    *out_len = json_string(doc, i, bytes);
    *out = bytes;
    return 0;
}

int wire_base64(const struct json_doc *doc, uint32_t i, char **out, size_t *out_len)
{
    char *text = NULL;
    char *bytes;
    size_t len = 0;
    int err = wire_string(doc, i, &text, &len);

    if (err < 0)
        return err;
    bytes = malloc(len + 1);
    if (bytes == NULL)
        err = -ENOMEM;
    else
        err = base64_decode(text, len, bytes, &len);
    free(text);
    if (err < 0) {
        free(bytes);
        return err;
    }
    bytes[len] = '\0';
    *out = bytes;
    *out_len = len;
    return 0;
}

int wire_data(const struct json_doc *doc, uint32_t i, char **out, size_t *out_len)
{
    uint32_t data;
    uint32_t encoding;

    if (json_kind(doc, i) != JSON_OBJECT)
        return -EINVAL;
    data = json_get(doc, i, "data");
    encoding = json_get(doc, i, "encoding");
    if (data == 0)
        return wire_base64(doc, json_get(doc, i, "base64"), out, out_len);
    if (is_string(doc, encoding) && json_is(doc, encoding, "base64"))
        return wire_base64(doc, data, out, out_len);
    return wire_string(doc, data, out, out_len);
}

int scbox_data(const char *object, char **out, size_t *out_len)
{
    struct json_doc doc = JSON_DOC_INIT;
    struct json_error why;
    int err;

    if (object == NULL || out == NULL || out_len == NULL)
        return -EINVAL;
    err = wire_read(&doc, object, strlen(object), &why);
    if (err == 0)
        err = wire_data(&doc, 0, out, out_len);
    json_doc_done(&doc);
    return err == -E2BIG ? -EINVAL : err;
}

/**
 * The digits of a whole number with a NUL behind them, without the quotes of a string.
 * @out      room for 24 bytes: all 64-bit numbers and their sign.
 */
static bool take_digits(const struct json_doc *doc, uint32_t i, char out[24])
{
    struct json_span span = i != 0 ? json_span(doc, i) : (struct json_span){NULL, 0};

    if (is_string(doc, i))
        span = (struct json_span){span.ptr + 1, span.len - 2};
    else if (i == 0 || json_kind(doc, i) != JSON_NUMBER)
        return false;
    if (span.len == 0 || span.len >= 24 || strspn(span.ptr, "-0123456789") < span.len)
        return false;
    memcpy(out, span.ptr, span.len);
    out[span.len] = '\0';
    return true;
}

int wire_int(const struct json_doc *doc, uint32_t i, int64_t *out)
{
    char digits[24];
    char *end = NULL;
    long long value;

    if (!take_digits(doc, i, digits))
        return -EINVAL;
    errno = 0;
    value = strtoll(digits, &end, 10);
    if (errno != 0 || *end != '\0')
        return -EINVAL;
    *out = value;
    return 0;
}

int wire_uint(const struct json_doc *doc, uint32_t i, uint64_t *out)
{
    char digits[24];
    char *end = NULL;
    unsigned long long value;

    if (!take_digits(doc, i, digits) || digits[0] == '-')
        return -EINVAL;
    errno = 0;
    value = strtoull(digits, &end, 10);
    if (errno != 0 || *end != '\0')
        return -EINVAL;
    *out = value;
    return 0;
}
