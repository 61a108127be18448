/* SPDX-License-Identifier: MIT */
/* Walking checked text: it relies on the check, so it looks for brackets and quotes only. */
#include "server/base/json_text.h"

#include "server/base/json_chars.h"

#include <string.h>

void json_position(const char *text, size_t at, size_t *out_line, size_t *out_column)
{
    size_t line_start = 0;

    *out_line = 1;
    for (size_t i = 0; i < at; i++) {
        if (text[i] == '\n') {
            (*out_line)++;
            line_start = i + 1;
        }
    }
    *out_column = at - line_start + 1;
}

enum json_kind json_kind(struct json_span value)
{
    switch (value.len > 0 ? *value.ptr : 'n') {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

struct json_span json_trim(struct json_span value)
{
    while (value.len > 0 && json_is_space(value.ptr[0])) {
        value.ptr++;
        value.len--;
    }
    while (value.len > 0 && json_is_space(value.ptr[value.len - 1]))
        value.len--;
    return value;
}

bool json_has_nul(struct json_span value)
{
    const char *end = value.ptr + value.len;
    const char *p = value.ptr;

    while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
        if (end - p >= 6 && memcmp(p, "\\u0000", 6) == 0)
            return true;
        p += 2; /* an escaped backslash is no start of an escape */
    }
    return false;
}

/** The ASCII character at *@p of a string, escapes undone; -1 for any other. Moves *@p past it. */
static int take_ascii(const char **p, const char *end)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    const char *name;

    if (**p != '\\')
        return *(*p)++;
    (*p)++;
    if (**p == 'u') {
        int32_t unit = json_hex4(*p + 1, end);

        *p += 5;
        return unit < 0x80 ? (int)unit : -1;
    }
    name = strchr(names, *(*p)++);
    return name != NULL ? meant[name - names] : -1;
}

bool json_string_is(struct json_span string, const char *text)
{
    const char *p = string.ptr + 1;
    const char *end = string.ptr + string.len - 1;

    for (; p < end && *text != '\0'; text++) {
        if (take_ascii(&p, end) != *text)
            return false;
    }
    return p == end && *text == '\0';
}

/** The byte behind a string that starts at @p. */
static const char *skip_string(const char *p)
{
    for (p++; *p != '"'; p++) {
        if (*p == '\\')
            p++;
    }
    return p + 1;
}

/** The byte behind a value that starts at @p. */
static const char *skip_value(const char *p, const char *end)
{
    size_t depth = 0;

    while (p < end) {
        if (*p == '"') {
            p = skip_string(p);
        } else if (*p == '{' || *p == '[') {
            depth++;
            p++;
        } else if (*p == '}' || *p == ']') {
            if (depth == 0)
                break; /* the container of a number or literal */
            depth--;
            p++;
        } else if (depth == 0 && (*p == ',' || json_is_space(*p))) {
            break;
        } else {
            p++;
            continue;
        }
        if (depth == 0)
            break;
    }
    return p;
}

void json_iter_init(struct json_iter *it, struct json_span container)
{
    it->object = *container.ptr == '{';
    it->at = container.ptr + 1;
    it->end = container.ptr + container.len - 1; /* the closing bracket */
}

/** Skip what stands between members. */
static const char *skip_between(const char *p, const char *end)
{
    while (p < end && (json_is_space(*p) || *p == ',' || *p == ':'))
        p++;
    return p;
}

bool json_iter_next(struct json_iter *it, struct json_span *key, struct json_span *value)
{
    const char *p = skip_between(it->at, it->end);

    if (p >= it->end)
        return false;
    *key = (struct json_span){p, 0};
    if (it->object) {
        key->len = (size_t)(skip_string(p) - p);
        p = skip_between(p + key->len, it->end);
    }
    it->at = skip_value(p, it->end);
    *value = (struct json_span){p, (size_t)(it->at - p)};
    return true;
}

bool json_get(struct json_span object, const char *key, struct json_span *out)
{
    struct json_iter it;
    struct json_span name;
    struct json_span value;

    json_iter_init(&it, object);
    while (json_iter_next(&it, &name, &value)) {
        if (json_string_is(name, key)) {
            *out = value;
            return true;
        }
    }
    return false;
}
