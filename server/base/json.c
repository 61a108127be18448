/* SPDX-License-Identifier: MIT */
#include "server/base/json.h"

#include "server/base/json_chars.h"
#include "server/base/utf8.h"

#include <stdlib.h>

void json_doc_done(struct json_doc *doc)
{
    free(doc->tokens);
    *doc = (struct json_doc)JSON_DOC_INIT;
}

int json_check(const char *text, size_t len, const struct json_limits *limits,
               struct json_error *error)
{
    struct json_doc doc = JSON_DOC_INIT;
    int err = json_read(&doc, text, len, limits, error);

    json_doc_done(&doc);
    return err;
}

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

struct json_span json_trim(struct json_span text)
{
    while (text.len > 0 && json_is_space(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && json_is_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

bool json_has_nul(const struct json_doc *doc, uint32_t i)
{
    const uint32_t end = doc->has_nul ? doc->tokens[i].next : i;

    for (; i < end; i++) {
        if ((doc->tokens[i].flags & JSON_NUL) != 0)
            return true;
    }
    return false;
}

/** Read the escape at *@p, behind its backslash, and move *@p past it. Returns its character. */
static uint32_t take_escape(const char **p, const char *end)
{
    static const char names[] = "bfnrt";
    static const char meant[] = "\b\f\n\r\t";
    uint32_t unit;

    if (**p != 'u') {
        const char *name = strchr(names, *(*p)++);

        return (unsigned char)(name != NULL ? meant[name - names] : (*p)[-1]);
    }
    unit = (uint32_t)json_hex4(*p + 1, end);
    *p += 5;
    if (unit < 0xD800 || unit > 0xDBFF)
        return unit;
    unit = 0x10000 + ((unit - 0xD800) << 10) + ((uint32_t)json_hex4(*p + 2, end) - 0xDC00);
    *p += 6;
    return unit;
}

bool json_escaped_is(const struct json_doc *doc, uint32_t i, const char *text)
{
    const struct json_span span = json_span(doc, i);
    const char *p = span.ptr + 1;
    const char *end = span.ptr + span.len - 1;

    for (; p < end && *text != '\0'; text++) {
        uint32_t c = (unsigned char)*p++;

        if (c == '\\')
            c = take_escape(&p, end);
        if (c != (unsigned char)*text)
            return false;
    }
    return p == end && *text == '\0';
}

size_t json_string(const struct json_doc *doc, uint32_t i, char *out)
{
    const struct json_span span = json_span(doc, i);
    const char *p = span.ptr + 1;
    const char *end = span.ptr + span.len - 1;
    char *to = out;

    if ((doc->tokens[i].flags & JSON_ESCAPED) == 0) {
        memcpy(out, p, span.len - 2);
        p = end;
        to = out + span.len - 2;
    }
    while (p < end) {
        if (*p++ == '\\')
            to += utf8_encode(take_escape(&p, end), to);
        else
            *to++ = p[-1];
    }
    *to = '\0';
    return (size_t)(to - out);
}

uint32_t json_get(const struct json_doc *doc, uint32_t object, const char *key)
{
    for (uint32_t i = object + 1; i < doc->tokens[object].next; i = json_next_key(doc, i)) {
        if (json_is(doc, i, key))
            return i + 1;
    }
    return 0;
}
