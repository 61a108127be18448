/* SPDX-License-Identifier: MIT */
/*
 * The check is a recursive descent, one function a production of RFC 8259; its depth is the nesting limit.
 * The walk relies on the check: it looks for brackets and quotes only.
 */
#include "server/base/json_text.h"

#include "server/base/utf8.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

struct check {
    const char *start;
    const char *at;
    const char *end;
    struct json_limits left;
    struct json_error *error;
};

static int check_value(struct check *c);

static int refuse(struct check *c, int err, const char *what)
{
    c->error->at = (size_t)(c->at - c->start);
    c->error->what = c->at == c->end && err == -EINVAL ? "the text ends too early" : what;
    return err;
}

static bool is_space(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}

static bool is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

static void skip_space(struct check *c)
{
    while (c->at < c->end && is_space(*c->at))
        c->at++;
}

static bool next_is(const struct check *c, char ch)
{
    return c->at < c->end && *c->at == ch;
}

static bool take(struct check *c, char ch)
{
    if (!next_is(c, ch))
        return false;
    c->at++;
    return true;
}

static int hex_value(char ch)
{
    if (is_digit(ch))
        return ch - '0';
    if (ch >= 'a' && ch <= 'f')
        return ch - 'a' + 10;
    return ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : -1;
}

/** The four hexadecimal digits at @p, or -1. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t unit = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(p[i]);

        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/** After a backslash and 'u': one UTF-16 unit, or a pair of surrogates. */
static int check_unicode(struct check *c)
{
    int32_t unit = hex4(c->at, c->end);

    if (unit < 0)
        return refuse(c, -EINVAL, "\\u needs four hexadecimal digits");
    if (unit >= 0xDC00 && unit <= 0xDFFF)
        return refuse(c, -EINVAL, "a low surrogate without a high one");
    c->at += 4;
    if (unit < 0xD800 || unit > 0xDBFF)
        return 0;
    unit =
        c->end - c->at >= 6 && c->at[0] == '\\' && c->at[1] == 'u' ? hex4(c->at + 2, c->end) : -1;
    if (unit < 0xDC00 || unit > 0xDFFF)
        return refuse(c, -EINVAL, "a high surrogate without a low one");
    c->at += 6;
    return 0;
}

static int check_string(struct check *c)
{
    if (!take(c, '"'))
        return refuse(c, -EINVAL, "a string was expected");
    while (c->at < c->end && *c->at != '"') {
        if ((unsigned char)*c->at < 0x20)
            return refuse(c, -EINVAL, "a control character in a string must be escaped");
        if (*c->at++ != '\\')
            continue;
        if (c->at == c->end || strchr("\"\\/bfnrtu", *c->at) == NULL || *c->at == '\0')
            return refuse(c, -EINVAL, "an unknown escape in a string");
        if (*c->at++ == 'u') {
            int err = check_unicode(c);

            if (err < 0)
                return err;
        }
    }
    return take(c, '"') ? 0 : refuse(c, -EINVAL, "a string without its end");
}

static int check_digits(struct check *c)
{
    if (c->at == c->end || !is_digit(*c->at))
        return refuse(c, -EINVAL, "a digit was expected");
    while (c->at < c->end && is_digit(*c->at))
        c->at++;
    return 0;
}

static int check_number(struct check *c)
{
    int err;

    (void)take(c, '-');
    if (take(c, '0')) {
        if (c->at < c->end && is_digit(*c->at))
            return refuse(c, -EINVAL, "a number starts with 0");
        err = 0;
    } else {
        err = check_digits(c);
    }
    if (err == 0 && take(c, '.'))
        err = check_digits(c);
    if (err == 0 && (take(c, 'e') || take(c, 'E'))) {
        if (!take(c, '+'))
            (void)take(c, '-');
        err = check_digits(c);
    }
    return err;
}

static int check_literal(struct check *c)
{
    static const char *const literals[] = {"null", "true", "false"};

    for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
        size_t len = strlen(literals[i]);

        if ((size_t)(c->end - c->at) >= len && memcmp(c->at, literals[i], len) == 0) {
            c->at += len;
            return 0;
        }
    }
    return refuse(c, -EINVAL, "a value was expected");
}

static int check_member(struct check *c, char open)
{
    if (open == '{') {
        int err = check_string(c);

        if (err < 0)
            return err;
        skip_space(c);
        if (!take(c, ':'))
            return refuse(c, -EINVAL, "a ':' was expected after a key");
    }
    return check_value(c);
}

/** An array or object, at its opening bracket. */
static int check_members(struct check *c, char open, char close)
{
    int err;

    if (c->left.nesting == 0)
        return refuse(c, -E2BIG, "arrays and objects are nested too deep");
    c->left.nesting--;
    c->at++;
    skip_space(c);
    if (!take(c, close)) {
        do {
            skip_space(c);
            err = check_member(c, open);
            if (err < 0)
                return err;
            skip_space(c);
        } while (take(c, ','));
        if (!take(c, close))
            return refuse(c, -EINVAL, "a ',' or the closing bracket was expected");
    }
    c->left.nesting++;
    return 0;
}

static int check_value(struct check *c)
{
    skip_space(c);
    if (c->left.values == 0)
        return refuse(c, -E2BIG, "the text holds too many values");
    c->left.values--;
    if (next_is(c, '{'))
        return check_members(c, '{', '}');
    if (next_is(c, '['))
        return check_members(c, '[', ']');
    if (next_is(c, '"'))
        return check_string(c);
    if (c->at < c->end && (*c->at == '-' || is_digit(*c->at)))
        return check_number(c);
    return check_literal(c);
}

int json_check(const char *text, size_t len, const struct json_limits *limits,
               struct json_error *error)
{
    struct check c = {text, text, text + len, *limits, error};
    int err = check_value(&c);

    if (err < 0)
        return err;
    skip_space(&c);
    if (c.at < c.end)
        return refuse(&c, -EINVAL, "something stands behind the value");
    if (!utf8_valid(text, len)) {
        c.at = text;
        return refuse(&c, -EINVAL, "the text is not valid UTF-8");
    }
    return 0;
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
    while (value.len > 0 && is_space(value.ptr[0])) {
        value.ptr++;
        value.len--;
    }
    while (value.len > 0 && is_space(value.ptr[value.len - 1]))
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
        int32_t unit = hex4(*p + 1, end);

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
        } else if (depth == 0 && (*p == ',' || is_space(*p))) {
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
    while (p < end && (is_space(*p) || *p == ',' || *p == ':'))
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
