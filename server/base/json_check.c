/* SPDX-License-Identifier: MIT */
/* The check: a recursive descent, one function a production of RFC 8259, as deep as the limit. */
#include "server/base/json_chars.h"
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

static void skip_space(struct check *c)
{
    while (c->at < c->end && json_is_space(*c->at))
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

/** After a backslash and 'u': one UTF-16 unit, or a pair of surrogates. */
static int check_unicode(struct check *c)
{
    int32_t unit = json_hex4(c->at, c->end);

    if (unit < 0)
        return refuse(c, -EINVAL, "\\u needs four hexadecimal digits");
    if (unit >= 0xDC00 && unit <= 0xDFFF)
        return refuse(c, -EINVAL, "a low surrogate without a high one");
    c->at += 4;
    if (unit < 0xD800 || unit > 0xDBFF)
        return 0;
    unit = c->end - c->at >= 6 && c->at[0] == '\\' && c->at[1] == 'u' ? json_hex4(c->at + 2, c->end)
                                                                      : -1;
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
    if (c->at == c->end || !json_is_digit(*c->at))
        return refuse(c, -EINVAL, "a digit was expected");
    while (c->at < c->end && json_is_digit(*c->at))
        c->at++;
    return 0;
}

static int check_number(struct check *c)
{
    int err;

    (void)take(c, '-');
    if (take(c, '0')) {
        if (c->at < c->end && json_is_digit(*c->at))
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
    if (c->at < c->end && (*c->at == '-' || json_is_digit(*c->at)))
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
        c.at = text + utf8_valid_len(text, len);
        return refuse(&c, -EINVAL, "the text is not valid UTF-8");
    }
    return 0;
}
