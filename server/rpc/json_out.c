/* SPDX-License-Identifier: MIT */
#include "server/rpc/json_out.h"

#include "server/base/base64.h"
#include "server/base/utf8.h"

#include <float.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json_out json_out_to(struct strbuf *to)
{
    return (struct json_out){.to = to};
}

/** Put the comma that stands before a value. */
static void separate(struct json_out *o)
{
    if (o->comma)
        (void)strbuf_addc(o->to, ',');
    o->comma = true;
}

void out_open(struct json_out *o, char bracket)
{
    separate(o);
    (void)strbuf_addc(o->to, bracket);
    o->comma = false;
}

void out_close(struct json_out *o, char bracket)
{
    (void)strbuf_addc(o->to, bracket);
    o->comma = true;
}

void out_key(struct json_out *o, const char *key)
{
    separate(o);
    (void)strbuf_addc(o->to, '"');
    (void)strbuf_adds(o->to, key);
    (void)strbuf_add(o->to, "\":", 2);
    o->comma = false;
}

void out_raw(struct json_out *o, const char *json, size_t len)
{
    separate(o);
    (void)strbuf_add(o->to, json, len);
}

void out_null(struct json_out *o)
{
    out_raw(o, "null", 4);
}

void out_bool(struct json_out *o, bool value)
{
    out_raw(o, value ? "true" : "false", value ? 4 : 5);
}

void out_int(struct json_out *o, int64_t value)
{
    bool exact = value >= -JSON_EXACT_MAX && value <= JSON_EXACT_MAX;

    separate(o);
    (void)strbuf_addf(o->to, exact ? "%" PRId64 : "\"%" PRId64 "\"", value);
}

void out_uint(struct json_out *o, uint64_t value)
{
    bool exact = value <= (uint64_t)JSON_EXACT_MAX;

    separate(o);
    (void)strbuf_addf(o->to, exact ? "%" PRIu64 : "\"%" PRIu64 "\"", value);
}

void out_double(struct json_out *o, double value)
{
    char text[32];

    for (int digits = 1; digits <= DBL_DECIMAL_DIG; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    out_raw(o, text, strlen(text));
}

/** Length of the UTF-8 sequence at @p, 0 when there is none. */
static size_t sequence_at(const char *p, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++) {
        if (utf8_valid(p, n))
            return n;
    }
    return 0;
}

/** One character that can't stand as it is. Guests may print many of them, so no printf() here. */
static void put_escaped(struct strbuf *to, char c)
{
    static const char meant[] = "\"\\\b\f\n\r\t";
    static const char names[] = "\"\\bfnrt";
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(meant, c) : NULL;
    const unsigned byte = (unsigned char)c;
    char text[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 0xF]};

    if (at != NULL)
        text[1] = names[at - meant];
    (void)strbuf_add(to, text, at != NULL ? 2 : sizeof(text));
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

void out_text(struct json_out *o, const char *text, size_t len)
{
    const char *end = text + len;

    separate(o);
    (void)strbuf_addc(o->to, '"');
    while (text < end) {
        size_t n = 0;

        while (text + n < end && is_plain(text[n]))
            n++;
        (void)strbuf_add(o->to, text, n);
        text += n;
        if (text == end)
            break;
        if ((unsigned char)*text < 0x80) {
            put_escaped(o->to, *text++);
            continue;
        }
        n = sequence_at(text, (size_t)(end - text));
        if (n > 0)
            (void)strbuf_add(o->to, text, n);
        else
            (void)strbuf_addf(o->to, "\\\\x%02x", (unsigned char)*text);
        text += n > 0 ? n : 1;
    }
    (void)strbuf_addc(o->to, '"');
}

void out_string(struct json_out *o, const char *text)
{
    if (text != NULL)
        out_text(o, text, strlen(text));
    else
        out_null(o);
}

/** A string of base64. */
static void put_base64(struct json_out *o, const char *bytes, size_t len)
{
    size_t size = base64_encoded_size(len);

    separate(o);
    (void)strbuf_addc(o->to, '"');
    if (strbuf_reserve(o->to, size + 1) == 0) {
        base64_encode(bytes, len, o->to->ptr + o->to->len);
        o->to->len += size;
    }
    (void)strbuf_addc(o->to, '"');
}

void out_name(struct json_out *o, const char *name, size_t len)
{
    if (len == 0 || (memchr(name, '\0', len) == NULL && utf8_valid(name, len))) {
        out_text(o, name, len);
        return;
    }
    out_open(o, '{');
    out_key(o, "base64");
    put_base64(o, name, len);
    out_close(o, '}');
}

void out_name_string(struct json_out *o, const char *name)
{
    if (name != NULL)
        out_name(o, name, strlen(name));
    else
        out_null(o);
}

void out_data(struct json_out *o, const char *key, const char *bytes, size_t len, bool base64)
{
    base64 = base64 || memchr(bytes, '\0', len) != NULL || !utf8_valid(bytes, len);
    out_key(o, key);
    if (!base64) {
        out_text(o, bytes, len);
        return;
    }
    put_base64(o, bytes, len);
    out_key(o, "encoding");
    out_string(o, "base64");
}
