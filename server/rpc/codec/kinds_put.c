/* SPDX-License-Identifier: MIT */
/*
 * Values of calls to JSON: results, and arguments in events, in the form that methods take.
 *
 * What is long in an event is cut, so that an event has a limit: of data the first SHOWN_DATA_MAX bytes stand, or
 * as many as the listener asked for (at most CALL_HEAD: no more of a long transfer is there),
 * and the member "size" tells how many there are; a string past SHOWN_TEXT_MAX bytes ends in "…".
 */
#include "server/base/utf8.h"
#include "server/rpc/codec/kinds.h"

#include <string.h>

enum {
    SHOWN_DATA_MAX = 256,
    SHOWN_TEXT_MAX = SC_PATH_SIZE,
    SEQUENCE_MAX = 4, /* bytes of a character */
};

/** The number of bytes of @len that are written: cut to @max between two characters. */
static size_t shown_len(const char *bytes, size_t len, size_t max)
{
    if (len <= max)
        return len;
    for (size_t n = max; n > 0 && n + SEQUENCE_MAX > max; n--) {
        if (utf8_valid(bytes, n))
            return n;
    }
    return max;
}

static void put_whole_size(struct json_out *o, size_t size)
{
    out_key(o, "size");
    out_uint(o, size);
}

/** The number of bytes of data that are written. */
static size_t data_max(const struct json_out *o)
{
    return o->shown != 0 ? o->shown : SHOWN_DATA_MAX;
}

/** Bytes for an event. */
static void put_shown_data(struct json_out *o, const char *key, const char *bytes, size_t len)
{
    size_t shown = shown_len(bytes, len, data_max(o));

    out_data(o, key, bytes, shown, false);
    if (shown < len)
        put_whole_size(o, len);
}

static void put_shown_text(struct json_out *o, const char *key, const struct sc_str *value)
{
    static const char more[] = "…";
    char text[SHOWN_TEXT_MAX + sizeof(more)];
    size_t shown = shown_len(value->ptr, value->len, SHOWN_TEXT_MAX);

    out_key(o, key);
    if (shown == value->len || !utf8_valid(value->ptr, shown)) {
        out_name(o, value->ptr, shown);
        return;
    }
    memcpy(text, value->ptr, shown);
    memcpy(text + shown, more, sizeof(more) - 1);
    out_text(o, text, shown + sizeof(more) - 1);
}

static void put_fds(struct json_out *o, const char *key, const struct sc_str *value)
{
    size_t shown = value->len < SHOWN_DATA_MAX ? value->len : SHOWN_DATA_MAX;

    out_key(o, key);
    out_open(o, '[');
    for (size_t i = 0; i + sizeof(int32_t) <= shown; i += sizeof(int32_t)) {
        int32_t fd;

        memcpy(&fd, value->ptr + i, sizeof(fd));
        out_int(o, fd);
    }
    out_close(o, ']');
    if (shown < value->len)
        put_whole_size(o, value->len / sizeof(int32_t));
}

/** The count that arguments and environment begin with, "2\0"; SIZE_MAX when they do not. */
static size_t argument_count(const struct sc_str *blob)
{
    size_t count = 0;
    size_t i = 0;

    for (; i < blob->len && blob->ptr[i] >= '0' && blob->ptr[i] <= '9' && i < 6; i++)
        count = count * 10 + (size_t)(blob->ptr[i] - '0');
    if (i == 0 || i == blob->len || blob->ptr[i] != '\0' || blob->ptr[blob->len - 1] != '\0')
        return SIZE_MAX;
    return count;
}

/** Write up to @count of the strings from *@at on, none behind @end. */
static void put_strings(struct json_out *o, const char *key, const char **at, const char *end,
                        size_t count)
{
    out_key(o, key);
    out_open(o, '[');
    for (; count > 0 && *at < end; count--) {
        size_t len = strlen(*at);

        if (len >= (size_t)(end - *at))
            *at = end;
        else
            out_name(o, *at, len);
        *at = *at < end ? *at + len + 1 : end;
    }
    out_close(o, ']');
}

static void put_argv(struct json_out *o, const char *key, const struct sc_str *value)
{
    size_t count = argument_count(value);
    size_t shown = value->len < data_max(o) ? value->len : data_max(o);
    const char *at;

    if (count == SIZE_MAX) {
        put_shown_data(o, key, value->ptr, value->len);
        return;
    }
    at = value->ptr + strlen(value->ptr) + 1;
    out_key(o, key);
    out_open(o, '{');
    put_strings(o, "argv", &at, value->ptr + shown, count);
    put_strings(o, "env", &at, value->ptr + shown, SIZE_MAX);
    out_close(o, '}');
    if (shown < value->len)
        put_whole_size(o, value->len);
}

static void put_buf(const struct decoder *d, struct json_out *o, const struct sc_field_info *field,
                    const struct sc_buf *value)
{
    if (sc_kinds[field->kind].form == SC_JSON_name) {
        out_key(o, field->name);
        out_name(o, value->ptr, value->len);
    } else if (d->brief) {
        put_shown_data(o, field->name, value->ptr, value->len);
    } else {
        out_data(o, field->name, value->ptr, value->len, d->base64);
    }
}

static void put_dname(struct json_out *o, const char *key, const struct sc_dname *value)
{
    out_key(o, key);
    out_name(o, value->bytes, strnlen(value->bytes, sizeof(value->bytes)));
}

static void put_rpath(struct json_out *o, const char *key, const struct sc_str *value)
{
    out_key(o, key);
    out_name(o, value->ptr, value->len);
}

void kind_put(const struct decoder *d, struct json_out *o, const struct sc_field_info *field,
              const void *value)
{
    const char *key = field->name;
    const struct sc_str *str = value;

    switch (field->repr) {
    case SC_R_i32:
        out_key_int(o, key, *(const int32_t *)value);
        break;
    case SC_R_u32:
        out_key_uint(o, key, *(const uint32_t *)value);
        break;
    case SC_R_mask:
        out_key(o, key);
        put_mask(o, sc_kinds[field->kind].form, *(const uint32_t *)value);
        break;
    case SC_R_choice:
        out_key(o, key);
        put_choice(o, sc_kinds[field->kind].form, *(const uint32_t *)value);
        break;
    case SC_R_i64:
    case SC_R_offset:
    case SC_R_span:
        out_key_int(o, key, *(const int64_t *)value);
        break;
    case SC_R_u64:
    case SC_R_word:
        out_key_uint(o, key, *(const uint64_t *)value);
        break;
    case SC_R_string:
        put_shown_text(o, key, str);
        break;
    case SC_R_data:
        put_shown_data(o, key, str->ptr, str->len);
        break;
    case SC_R_fds:
        put_fds(o, key, str);
        break;
    case SC_R_argv:
        put_argv(o, key, str);
        break;
    case SC_R_buf:
        put_buf(d, o, field, value);
        break;
    case SC_R_dname:
        put_dname(o, key, value);
        break;
    case SC_R_rpath:
        put_rpath(o, key, str);
        break;
    case SC_R_struct: /* its members are fields of their own */
        break;
    }
}
