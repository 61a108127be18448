/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/reference.h"

#include "server/base/json_chars.h"
#include "server/base/near.h"
#include "server/base/utf8.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* The check: a recursive descent, one function a production of RFC 8259, as deep as the limit. */

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
        return refuse(c, -EINVAL, "a low surrogate must follow a high one");
    c->at += 4;
    if (unit < 0xD800 || unit > 0xDBFF)
        return 0;
    unit = c->end - c->at >= 6 && c->at[0] == '\\' && c->at[1] == 'u' ? json_hex4(c->at + 2, c->end)
                                                                      : -1;
    if (unit < 0xDC00 || unit > 0xDFFF)
        return refuse(c, -EINVAL, "a low surrogate must follow the high one");
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
    return take(c, '"') ? 0 : refuse(c, -EINVAL, "the string has no closing quote");
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
        return refuse(c, -E2BIG, "the text has too many values");
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

int ref_check(const char *text, size_t len, const struct json_limits *limits,
              struct json_error *error)
{
    struct check c = {text, text, text + len, *limits, error};
    int err = check_value(&c);

    if (err < 0)
        return err;
    skip_space(&c);
    if (c.at < c.end)
        return refuse(&c, -EINVAL, "there is text behind the value");
    if (!utf8_valid(text, len)) {
        c.at = text + utf8_valid_len(text, len);
        return refuse(&c, -EINVAL, "the text is not valid UTF-8");
    }
    return 0;
}

/* Walking checked text: it relies on the check, so it looks for brackets and quotes only. */

enum json_kind ref_kind(struct json_span value)
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

bool ref_has_nul(struct json_span value)
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

bool ref_string_is(struct json_span string, const char *text)
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

void ref_iter_init(struct ref_iter *it, struct json_span container)
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

bool ref_iter_next(struct ref_iter *it, struct json_span *key, struct json_span *value)
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

bool ref_get(struct json_span object, const char *key, struct json_span *out)
{
    struct ref_iter it;
    struct json_span name;
    struct json_span value;

    ref_iter_init(&it, object);
    while (ref_iter_next(&it, &name, &value)) {
        if (ref_string_is(name, key)) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* The envelope, from a tree. */

/** The members of a request. */
struct members {
    cJSON *jsonrpc, *id, *method, *params, *result, *error;
    cJSON *unknown; /* the first that is none of them */
};

/** Bytes of a member's name that a failure shows. */
enum { MEMBER_SHOWN_MAX = 100 };

static const char *const member_names[] = {"jsonrpc", "id", "method", "params", "result", "error"};

static cJSON **member_by_name(struct members *m, const char *name)
{
    cJSON **const at[] = {&m->jsonrpc, &m->id, &m->method, &m->params, &m->result, &m->error};

    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        if (strcmp(member_names[i], name) == 0)
            return at[i];
    }
    return NULL;
}

/** Find the members. -1 when one is given twice. */
static int collect(const cJSON *tree, struct members *m, struct failure *f)
{
    for (cJSON *item = tree->child; item != NULL; item = item->next) {
        cJSON **at = member_by_name(m, item->string);

        if (at != NULL && *at != NULL)
            return fail(f, RPC_E_INVALID, NULL, "member '%s' given twice", item->string);
        if (at != NULL)
            *at = item;
        else if (m->unknown == NULL)
            m->unknown = item;
    }
    return 0;
}

/** fail() about a member that no request has, with the one that may have been meant. */
static int fail_unknown(const cJSON *item, struct failure *f)
{
    struct near near = {.word = item->string};

    for (size_t i = 0; i < sizeof(member_names) / sizeof(member_names[0]); i++)
        near_try(&near, member_names[i]);
    if (near.found != NULL)
        return fail(f, RPC_E_INVALID, NULL, "unknown member '%.*s'; did you mean '%s'?",
                    MEMBER_SHOWN_MAX, item->string, near.found);
    return fail(f, RPC_E_INVALID, NULL,
                "unknown member '%.*s'; a request has jsonrpc, id, method and params",
                MEMBER_SHOWN_MAX, item->string);
}

/** Whether the id can be echoed: a string, a number or null. */
static bool id_is_valid(struct json_span id)
{
    enum json_kind kind = ref_kind(id);

    return kind == JSON_STRING || kind == JSON_NUMBER || kind == JSON_NULL;
}

static int check_request(const struct members *m, struct json_span id, struct failure *f)
{
    if (m->id != NULL && !id_is_valid(id))
        return fail(f, RPC_E_INVALID, NULL, "an id is a string, a number or null");
    if (!cJSON_IsString(m->method))
        return fail(f, RPC_E_INVALID, NULL, "member 'method' must be a string");
    if (!cJSON_IsString(m->jsonrpc) || strcmp(m->jsonrpc->valuestring, "2.0") != 0)
        return fail(f, RPC_E_INVALID, NULL, "member 'jsonrpc' must be \"2.0\"");
    if (m->params != NULL && !cJSON_IsArray(m->params) && !cJSON_IsObject(m->params))
        return fail(f, RPC_E_INVALID, NULL, "member 'params' must be an object or an array");
    return m->unknown != NULL ? fail_unknown(m->unknown, f) : 0;
}

/**
 * Turn the numbers of a tree that are beyond what a double holds for sure to raw text, so that who
 * is told of them is told what was written. Goes as deep as ref_check() lets a text nest.
 * @text     what @item was made of.
 * Returns   0, -ENOMEM.
 */
static int keep_large_numbers(cJSON *item, struct json_span text)
{
    struct ref_iter it;
    struct json_span key;
    struct json_span value;
    int err = 0;

    if (cJSON_IsNumber(item) && !(fabs(item->valuedouble) <= (double)JSON_EXACT_MAX)) {
        item->valuestring = cJSON_malloc(text.len + 1);
        if (item->valuestring == NULL)
            return -ENOMEM;
        memcpy(item->valuestring, text.ptr, text.len);
        item->valuestring[text.len] = '\0';
        item->type = cJSON_Raw;
        return 0;
    }
    if (!cJSON_IsArray(item) && !cJSON_IsObject(item))
        return 0;
    ref_iter_init(&it, text);
    item = item->child;
    for (; err == 0 && item != NULL && ref_iter_next(&it, &key, &value); item = item->next)
        err = keep_large_numbers(item, value);
    return err;
}

static int parse(struct json_span text, struct ref_envelope *out, struct failure *f)
{
    if (ref_kind(text) != JSON_OBJECT)
        return fail(f, RPC_E_INVALID, NULL, "a request is an object");
    if (ref_has_nul(text))
        return fail(f, RPC_E_INVALID, NULL,
                    "a string holds \\u0000; send such bytes with \"encoding\": \"base64\"");
    out->tree = cJSON_ParseWithLength(text.ptr, text.len);
    if (out->tree == NULL || keep_large_numbers(out->tree, text) < 0)
        return fail(f, RPC_E_INTERNAL, NULL, "out of memory");
    return 0;
}

/** Whether an invalid request asked for no answer: it names a method and has no id. */
static bool wants_no_answer(struct json_span text)
{
    struct json_span member;

    return ref_kind(text) == JSON_OBJECT && !ref_get(text, "id", &member) &&
           ref_get(text, "method", &member) && ref_kind(member) == JSON_STRING;
}

/** What becomes of a request that can't be carried out. */
static enum envelope_kind reject(struct json_span text, bool id_is_sure, struct ref_envelope *out)
{
    static const struct json_span null_id = {"null", 4};

    if (wants_no_answer(text))
        return ENVELOPE_DROP;
    if (!id_is_sure || !ref_get(text, "id", &out->id) || !id_is_valid(out->id))
        out->id = null_id;
    return ENVELOPE_INVALID;
}

enum envelope_kind ref_envelope_read(struct json_span text, struct ref_envelope *out,
                                     struct failure *f)
{
    struct members m = {0};

    *out = (struct ref_envelope){0};
    if (parse(text, out, f) < 0)
        return reject(text, ref_kind(text) == JSON_OBJECT, out);
    if (collect(out->tree, &m, f) < 0)
        return reject(text, false, out);
    if (m.method == NULL && (m.result != NULL || m.error != NULL))
        return ENVELOPE_DROP;
    (void)ref_get(text, "id", &out->id);
    if (check_request(&m, out->id, f) < 0)
        return reject(text, true, out);
    out->method = m.method->valuestring;
    out->params = m.params;
    if (m.params != NULL)
        (void)ref_get(text, "params", &out->params_text);
    return m.id != NULL ? ENVELOPE_REQUEST : ENVELOPE_NOTIFICATION;
}
