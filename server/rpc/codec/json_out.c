/* SPDX-License-Identifier: MIT */
#include "server/rpc/codec/json_out.h"

#include "server/base/base64.h"
#include "server/base/utf8.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json_out json_out_to(struct strbuf *to)
{
    return (struct json_out){.to = to};
}

/**
 * Begin to write at most @len bytes, behind the comma before a value or key, if there is one.
 * Returns   where, up to end(); NULL when the buffer has failed.
 */
static inline char *begin(struct json_out *o, size_t len)
{
    char *at;

    if (strbuf_reserve(o->to, len + o->comma) < 0)
        return NULL;
    at = o->to->ptr + o->to->len;
    if (o->comma)
        *at++ = ',';
    o->comma = true;
    return at;
}

/** Bytes up to @at are written. */
static inline void end(struct json_out *o, char *at)
{
    *at = '\0';
    o->to->len = (size_t)(at - o->to->ptr);
}

/** Write the comma before a value. */
static void separate(struct json_out *o)
{
    char *at = begin(o, 0);

    if (at != NULL)
        end(o, at);
}

void out_open(struct json_out *o, char bracket)
{
    char *at = begin(o, 1);

    if (at != NULL) {
        *at = bracket;
        end(o, at + 1);
    }
    o->comma = false;
}

void out_close(struct json_out *o, char bracket)
{
    (void)strbuf_addc(o->to, bracket);
    o->comma = true;
}

void out_key(struct json_out *o, const char *key)
{
    const size_t len = strlen(key);
    char *at = begin(o, len + 3);

    if (at != NULL) {
        *at++ = '"';
        memcpy(at, key, len);
        memcpy(at + len, "\":", 2);
        end(o, at + len + 2);
    }
    o->comma = false;
}

void out_raw(struct json_out *o, const char *json, size_t len)
{
    char *at = begin(o, len);

    if (at == NULL)
        return;
    memcpy(at, json, len);
    end(o, at + len);
}

void out_null(struct json_out *o)
{
    out_raw(o, "null", 4);
}

void out_bool(struct json_out *o, bool value)
{
    out_raw(o, value ? "true" : "false", value ? 4 : 5);
}

/** Write the decimal digits of a number up to before @end. Returns where they begin. */
static char *put_digits(uint64_t value, char *end)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return end;
}

static void put_whole(struct json_out *o, bool minus, uint64_t magnitude)
{
    const bool exact = magnitude <= (uint64_t)JSON_EXACT_MAX;
    char text[24];
    char *const behind = text + sizeof(text) - 1;
    char *at = put_digits(magnitude, behind);

    if (minus)
        *--at = '-';
    if (!exact) {
        *--at = '"';
        *behind = '"';
    }
    out_raw(o, at, (size_t)(behind - at) + !exact);
}

void out_int(struct json_out *o, int64_t value)
{
    put_whole(o, value < 0, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void out_uint(struct json_out *o, uint64_t value)
{
    put_whole(o, false, value);
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

/** Write one character that needs an escape. Guests may print many of them, so no printf() here. */
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
    const char *behind = text + len;

    separate(o);
    (void)strbuf_addc(o->to, '"');
    while (text < behind) {
        size_t n = 0;

        while (text + n < behind && is_plain(text[n]))
            n++;
        (void)strbuf_add(o->to, text, n);
        text += n;
        if (text == behind)
            break;
        if ((unsigned char)*text < 0x80) {
            put_escaped(o->to, *text++);
            continue;
        }
        n = utf8_sequence(text, (size_t)(behind - text));
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
