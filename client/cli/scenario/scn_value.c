/* SPDX-License-Identifier: MIT */
/* Values of the scenario language, one small function for each kind. */
#include "client/cli/scenario/scn_parse.h"
#include "server/base/base64.h"

#include <ctype.h>
#include <string.h>

enum { NESTING_MAX = 32 };

static struct scn_value *parse_at_depth(struct scn_parser *p, enum scn_mode mode, int depth);

static struct scn_value *parse_bytes(struct scn_parser *p)
{
    struct scn_value *v = scn_value_new(p, SCN_BYTES);
    const char *start = p->at + strlen("b64\"");
    const char *end = strchr(start, '"');
    size_t len = 0;
    char *room;

    if (end == NULL) {
        scn_fail(p, 0, "b64\" has no closing \"");
        return NULL;
    }
    len = (size_t)(end - start);
    room = scn_alloc(p->arena, len / 4 * 3 + 1);
    if (base64_decode(start, len, room, &(size_t){0}) != 0) {
        scn_fail(p, 0, "this is not base64");
        return NULL;
    }
    v->text = scn_strndup(p->arena, start, len);
    p->at = end + 1;
    return v;
}

/** Whether the word [start, end) is a number: decimal, 0x or 0o, with or without a minus. */
static bool is_number(const char *start, const char *end)
{
    const char *digits = "0123456789";

    if (start < end && *start == '-')
        start++;
    if (end - start > 2 && start[0] == '0' && (start[1] == 'x' || start[1] == 'o')) {
        digits = start[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
        start += 2;
    }
    return start < end && strspn(start, digits) >= (size_t)(end - start);
}

/** The literal a word is in JSON, or SCN_WORD. */
static enum scn_kind literal_kind(const char *start, size_t len)
{
    if (len == 4 && memcmp(start, "null", len) == 0)
        return SCN_NULL;
    if (len == 4 && memcmp(start, "true", len) == 0)
        return SCN_TRUE;
    if (len == 5 && memcmp(start, "false", len) == 0)
        return SCN_FALSE;
    return SCN_WORD;
}

static struct scn_value *parse_word(struct scn_parser *p, enum scn_mode mode, int depth)
{
    struct scn_value *v = scn_value_new(p, SCN_WORD);
    const char *end = p->at;

    while (!scn_ends_word(*end, depth))
        end++;
    if (end == p->at) {
        scn_fail(p, 0, "a value is missing here");
        return NULL;
    }
    if (is_number(p->at, end)) {
        v->kind = SCN_NUMBER;
        v->text = scn_strndup(p->arena, p->at, (size_t)(end - p->at));
        p->at = end;
        return v;
    }
    if (mode != SCN_ARGUMENT || depth > 0)
        v->kind = literal_kind(p->at, (size_t)(end - p->at));
    if (v->kind != SCN_WORD) {
        p->at = end;
        return v;
    }
    return scn_take_pieces(p, v, depth) ? v : NULL;
}

/** A $NAME that is a value of its own: in a pattern it may be one nobody knows yet. */
static struct scn_value *parse_var(struct scn_parser *p, enum scn_mode mode)
{
    struct scn_value *v = scn_value_new(p, SCN_VAR);
    int column = 0;

    v->text = scn_take_var(p, &column);
    if (v->text == NULL)
        return NULL;
    if (scn_known(p, v->text) != NULL)
        return v;
    if (mode != SCN_PATTERN || !islower((unsigned char)v->text[0])) {
        scn_fail_unknown(p, column, v->text);
        return NULL;
    }
    scn_know(p, v->text, false);
    return p->error == NULL ? v : NULL;
}

/** Whether the cursor is on $NAME with nothing behind it that would make it part of a word. */
static bool is_lone_var(const struct scn_parser *p, int depth)
{
    const char *end = p->at + 1;

    if (*p->at != '$')
        return false;
    while (isalnum((unsigned char)*end) || *end == '_')
        end++;
    return end > p->at + 1 && scn_ends_word(*end, depth);
}

/** Read a member's key and its colon; NULL after a mistake. */
static char *take_key(struct scn_parser *p)
{
    struct scn_value *quoted;
    char *key;

    if (*p->at == '"') {
        quoted = scn_parse_string(p);
        if (quoted == NULL)
            return NULL;
        key = (char *)scn_literal(quoted);
    } else {
        key = scn_take_word(p);
    }
    if (key == NULL || key[0] == '\0') {
        scn_fail(p, 0, "a member's name is missing here");
        return NULL;
    }
    scn_skip(p);
    if (*p->at != ':') {
        scn_fail(p, 0, "a : is missing behind the member's name");
        return NULL;
    }
    p->at++;
    return key;
}

/** The end of a flag behind a comma, as in {access: READ,WRITE}; NULL when a member follows. */
static const char *flag_end(const char *comma)
{
    const char *end = comma + 1;

    while (isupper((unsigned char)*end) || *end == '_')
        end++;
    return end > comma + 1 && (*end == ',' || *end == '}') ? end : NULL;
}

/** Take the further flags behind the first word of a member's value. */
static void take_flags(struct scn_parser *p, struct scn_value *v)
{
    const char *end;
    int count = 1;

    if (v->kind != SCN_WORD || scn_literal(v) == NULL)
        return;
    while (*p->at == ',' && (end = flag_end(p->at)) != NULL) {
        if (++count > SCN_FLAGS_MAX) {
            scn_fail(p, 0, "more than %d flags", SCN_FLAGS_MAX);
            return;
        }
        char *more = scn_strndup(p->arena, p->at, (size_t)(end - p->at));

        v->pieces[0].text = scn_strf(p->arena, "%s%s", v->pieces[0].text, more);
        p->at = end;
    }
}

static struct scn_value *parse_brackets(struct scn_parser *p, enum scn_mode mode, int depth)
{
    bool object = *p->at == '{';
    char close = object ? '}' : ']';
    struct scn_value *v = scn_value_new(p, object ? SCN_OBJECT : SCN_ARRAY);

    p->at++;
    for (scn_skip(p); *p->at != close; scn_skip(p)) {
        struct scn_member m = {0};

        m.column = scn_column(p, p->at);
        if (object)
            m.key = take_key(p);
        scn_skip(p);
        if (p->error == NULL)
            m.value = parse_at_depth(p, mode, depth + 1);
        if (m.value == NULL)
            return NULL;
        if (object)
            take_flags(p, m.value);
        if (p->error != NULL)
            return NULL;
        v->members = scn_grow(p->arena, v->members, v->member_count, sizeof m);
        v->members[v->member_count++] = m;
        scn_skip(p);
        if (*p->at == ',') {
            p->at++;
        } else if (*p->at != close) {
            scn_fail(p, 0, "a , or %c is missing here", close);
            return NULL;
        }
    }
    p->at++;
    return v;
}

static struct scn_value *parse_at_depth(struct scn_parser *p, enum scn_mode mode, int depth)
{
    struct scn_value *v;

    if (depth > NESTING_MAX) {
        scn_fail(p, 0, "the value is nested more than %d deep", NESTING_MAX);
        return NULL;
    }
    if (*p->at == '"')
        return scn_parse_string(p);
    if (strncmp(p->at, "b64\"", 4) == 0)
        return parse_bytes(p);
    if (*p->at == '{' || *p->at == '[')
        return parse_brackets(p, mode, depth);
    if (is_lone_var(p, depth))
        return parse_var(p, mode);
    if (mode == SCN_PATTERN && *p->at == '/' && !scn_ends_word(p->at[1], depth))
        return scn_parse_regex(p);
    if (mode == SCN_PATTERN && *p->at == '*' && scn_ends_word(p->at[1], depth)) {
        v = scn_value_new(p, SCN_ANY);
        p->at++;
        return v;
    }
    return parse_word(p, mode, depth);
}

struct scn_value *scn_parse_value(struct scn_parser *p, enum scn_mode mode)
{
    struct scn_value *v = parse_at_depth(p, mode, 0);

    if (v != NULL && !scn_ends_word(*p->at, 0)) {
        scn_fail(p, 0, "a blank is missing here");
        return NULL;
    }
    return v;
}
