/* SPDX-License-Identifier: MIT */
/*
 * A step: [actor] word arguments expectation &
 *
 * Words, arguments and flags come from the call table; no code here depends on a call.
 */
#include "client/cli/scenario/scn_parse.h"
#include "client/cli/scenario/scn_words.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- the end of a step ---- */

bool scn_parse_end(struct scn_parser *p)
{
    if (p->error != NULL)
        return false;
    if (!scn_at_end(p)) {
        scn_fail(p, 0, "nothing more was expected here");
        return false;
    }
    return true;
}

/** Whether the cursor is at the end of the arguments: at = ! & or the end of the line. */
bool scn_at_expect(struct scn_parser *p)
{
    return scn_at_end(p) || *p->at == '=' || *p->at == '!' || *p->at == '&';
}

void scn_fail_errno(struct scn_parser *p, int column, const char *word)
{
    struct scn_near near = {.word = word};

    for (const struct sc_errno_info *e = sc_errnos; e->name != NULL; e++)
        scn_nearer(&near, e->name);
    scn_fail_near(p, column, near.found, "no errno is called %s", word[0] != '\0' ? word : "\"\"");
}

/** Read ENOENT, a number for the errors of JSON-RPC, or * for any error. */
static bool parse_code(struct scn_parser *p, int *out)
{
    const struct sc_errno_info *row;
    int column;
    char *word;

    scn_skip(p);
    column = scn_column(p, p->at);
    if (scn_take_star(p, 0)) {
        *out = SCN_ANY_ERROR;
        return true;
    }
    if (*p->at == '-' || isdigit((unsigned char)*p->at)) {
        char *end;
        long code = strtol(p->at, &end, 10);

        if (end == p->at || !scn_ends_word(*end, 0) || code < INT_MIN || code > INT_MAX) {
            scn_fail(p, column, "an errno by name, or the number of an error, belongs here");
            return false;
        }
        p->at = end;
        *out = (int)code;
        return true;
    }
    word = scn_take_word(p);
    row = sc_errno_by_name(word, strlen(word));
    if (row == NULL) {
        scn_fail_errno(p, column, word);
        return false;
    }
    *out = row->value;
    return true;
}

/** Read the words behind `why`. */
static bool parse_why(struct scn_parser *p, struct scn_expect *e)
{
    int column = scn_column(p, p->at);
    char *word = scn_take_word(p);

    if (strcmp(word, "why") != 0) {
        scn_fail(p, column, "only `why WORD` may follow the errno");
        return false;
    }
    for (scn_skip(p); !scn_at_expect(p); scn_skip(p)) {
        struct scn_value *v = scn_parse_value(p, SCN_PATTERN);

        if (v == NULL)
            return false;
        if (v->kind != SCN_WORD && v->kind != SCN_STRING && v->kind != SCN_REGEX &&
            v->kind != SCN_VAR && v->kind != SCN_NUMBER) {
            scn_fail(p, v->column, "why takes words, numbers, strings or /regex/");
            return false;
        }
        e->why = scn_grow(p->arena, e->why, e->why_count, sizeof(struct scn_value *));
        e->why[e->why_count++] = v;
    }
    if (e->why_count == 0)
        scn_fail(p, 0, "why needs a word that the reasons must contain");
    return p->error == NULL;
}

static bool parse_refusal(struct scn_parser *p, struct scn_expect *e)
{
    p->at++;
    e->kind = SCN_REFUSES;
    if (*p->at == '?') {
        p->at++;
        e->kind = SCN_MAY_REFUSE;
    }
    return parse_code(p, &e->code) && (scn_at_expect(p) || parse_why(p, e));
}

static bool parse_yield(struct scn_parser *p, struct scn_expect *e)
{
    p->at++;
    scn_skip(p);
    e->kind = SCN_YIELDS;
    if (scn_at_end(p) || *p->at == '=') {
        scn_fail(p, 0,
                 *p->at == '=' ? "one = is enough"
                               : "a value, a $name or a pattern is missing behind =");
        return false;
    }
    e->pattern = scn_parse_value(p, SCN_PATTERN);
    return e->pattern != NULL;
}

/** Assign the number of a step in the background. */
static void begin_background(struct scn_parser *p, struct scn_step *step)
{
    if (p->background_count == SCN_BACKGROUND_MAX) {
        scn_fail(p, 0, "more than %d steps continue in the background", SCN_BACKGROUND_MAX);
        return;
    }
    p->at++;
    p->waited = scn_grow(p->arena, p->waited, (size_t)p->background_count, sizeof(bool));
    p->waited[p->background_count] = false;
    step->background = ++p->background_count;
}

bool scn_parse_expect(struct scn_parser *p, struct scn_step *step)
{
    const char *start;
    bool ok = true;

    scn_skip(p);
    start = p->at;
    p->stated = start;
    if (*p->at == '=')
        ok = parse_yield(p, &step->expect);
    else if (*p->at == '!')
        ok = parse_refusal(p, &step->expect);
    if (!ok)
        return false;
    if (p->at > start)
        step->expect.source = scn_strndup(p->arena, start, (size_t)(p->at - start));
    scn_skip(p);
    if (*p->at == '&') {
        if (step->kind != SCN_CALL && step->kind != SCN_METHOD) {
            scn_fail(p, 0, "only calls can continue in the background");
            return false;
        }
        begin_background(p, step);
    }
    return scn_parse_end(p) && scn_check_answer(p, step);
}

/* ---- arguments ---- */

static bool check_flag(struct scn_parser *p, const struct scn_value *v, const char *group,
                       const char *word, size_t len)
{
    char *name = scn_strndup(p->arena, word, len);
    struct scn_near near = {.word = name};

    if (sc_flag_by_name(group, word, len) != NULL ||
        (strcmp(group, "FM") == 0 && strcmp(name, "ALL") == 0))
        return true;
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, group) == 0)
            scn_nearer(&near, f->name);
    }
    if (strcmp(group, "FM") == 0)
        scn_nearer(&near, "ALL");
    scn_fail_near(p, v->column, near.found, "no %s flag is called %s", group, name);
    return false;
}

bool scn_check_flags(struct scn_parser *p, const struct scn_value *v, const char *group)
{
    const char *at = scn_literal(v);
    bool ok = true;

    while (ok) {
        size_t len = strcspn(at, ",");

        ok = check_flag(p, v, group, at, len);
        if (at[len] == '\0')
            break;
        at += len + 1;
    }
    return ok;
}

bool scn_check_arg(struct scn_parser *p, const struct sc_field_info *info,
                   const struct scn_value *v)
{
    const char *json = sc_kinds[info->kind].json;
    bool brackets = v->kind == SCN_ARRAY || v->kind == SCN_OBJECT;

    if (strcmp(json, "name") == 0 || strcmp(json, "data") == 0) {
        if (brackets) {
            scn_fail(p, v->column, "%s is text: %s", info->name, info->doc);
            return false;
        }
        return true;
    }
    if (strcmp(json, "fds") == 0 || strcmp(json, "argv") == 0) {
        if (!brackets && v->kind != SCN_VAR)
            scn_fail(p, v->column, "%s is a list in [brackets]: %s", info->name, info->doc);
        return p->error == NULL;
    }
    if (v->kind == SCN_NUMBER || v->kind == SCN_VAR || scn_literal(v) == NULL)
        return true;
    if (strcmp(json, "integer") == 0) {
        scn_fail(p, v->column, "%s is a number: %s", info->name, info->doc);
        return false;
    }
    return scn_check_flags(p, v, json);
}

/** Take NAME= where a named argument begins, else NULL. */
char *scn_take_arg_name(struct scn_parser *p)
{
    const char *start = p->at;
    const char *end = start;

    if (!isalpha((unsigned char)*start))
        return NULL;
    while (isalnum((unsigned char)*end) || *end == '_')
        end++;
    if (*end != '=' || scn_ends_word(end[1], 0))
        return NULL;
    p->at = end + 1;
    return scn_strndup(p->arena, start, (size_t)(end - start));
}

const struct sc_field_info *scn_arg_by_name(struct scn_parser *p, int column,
                                            const struct sc_call_info *call, const char *name)
{
    struct scn_near near = {.word = name};

    for (const struct sc_field_info *a = call->args; a->name != NULL; a++) {
        if (strcmp(a->name, name) == 0)
            return a;
        scn_nearer(&near, a->name);
    }
    scn_fail_near(p, column, near.found, "%s has no argument %s", call->word, name);
    return NULL;
}

bool scn_is_given(const struct scn_step *step, const struct sc_field_info *info)
{
    for (size_t i = 0; i < step->arg_count; i++) {
        if (step->args[i].info == info)
            return true;
    }
    return false;
}

/** Parse one argument; @next is the one a positional value would be. */
static bool parse_arg(struct scn_parser *p, struct scn_step *step,
                      const struct sc_field_info **next)
{
    int column = scn_column(p, p->at);
    struct scn_arg arg = {.name = scn_take_arg_name(p)};

    if (arg.name != NULL)
        arg.info = scn_arg_by_name(p, column, step->call, arg.name);
    else if ((*next)->name == NULL)
        scn_fail(p, 0, "%s takes no more arguments", step->call->word);
    else
        arg.info = (*next)++;
    if (p->error != NULL)
        return false;
    if (scn_is_given(step, arg.info)) {
        scn_fail(p, column, "%s is given twice", arg.info->name);
        return false;
    }
    arg.value = scn_parse_value(p, SCN_ARGUMENT);
    if (arg.value == NULL || !scn_check_arg(p, arg.info, arg.value))
        return false;
    step->args = scn_grow(p->arena, step->args, step->arg_count, sizeof arg);
    step->args[step->arg_count++] = arg;
    return true;
}

static bool parse_call(struct scn_parser *p, struct scn_step *step)
{
    const struct sc_field_info *next = step->call->args;

    step->kind = SCN_CALL;
    while (!scn_at_expect(p)) {
        if (!parse_arg(p, step, &next))
            return false;
    }
    for (const struct sc_field_info *a = step->call->args; a->name != NULL; a++) {
        if (!a->optional && !scn_is_given(step, a)) {
            scn_fail(p, 0, "%s needs %s: %s", step->call->word, a->name, a->doc);
            return false;
        }
    }
    return scn_parse_expect(p, step);
}

/** Read name=value … into the object they stand for; NULL after a mistake. */
static struct scn_value *parse_pairs(struct scn_parser *p, const char *method)
{
    struct scn_value *pairs = scn_value_new(p, SCN_OBJECT);

    for (; !scn_at_expect(p); scn_skip(p)) {
        struct scn_member pair = {.column = scn_column(p, p->at)};

        pair.key = scn_take_arg_name(p);
        if (pair.key == NULL) {
            scn_fail(p, 0, "%s takes name=value …, {name: value, …} or [value, …]", method);
            return NULL;
        }
        pair.value = scn_parse_value(p, SCN_PARAMETER);
        if (pair.value == NULL)
            return NULL;
        pairs->members = scn_grow(p->arena, pairs->members, pairs->member_count, sizeof pair);
        pairs->members[pairs->member_count++] = pair;
    }
    return pairs;
}

static bool parse_method(struct scn_parser *p, struct scn_step *step, char *method)
{
    step->kind = SCN_METHOD;
    step->method = method;
    if (!scn_at_expect(p)) {
        bool brackets = *p->at == '{' || *p->at == '[';
        struct scn_arg arg = {
            .value = brackets ? scn_parse_value(p, SCN_PARAMETER) : parse_pairs(p, method),
        };

        if (arg.value == NULL)
            return false;
        step->args = scn_grow(p->arena, NULL, 0, sizeof arg);
        step->args[step->arg_count++] = arg;
    }
    return scn_parse_expect(p, step) && scn_check_method(p, step);
}

/* ---- the start of a step ---- */

/** Whether a value can't be a pid: it has no variables, and is not a number. */
static bool is_no_pid(const struct scn_value *v)
{
    return v->kind != SCN_NUMBER && v->kind != SCN_VAR &&
           (v->kind != SCN_WORD || scn_literal(v) != NULL);
}

static bool parse_actor(struct scn_parser *p, struct scn_step *step)
{
    struct scn_value *v;

    if (*p->at != '[')
        return true;
    v = scn_parse_value(p, SCN_ARGUMENT);
    if (v == NULL)
        return false;
    if (v->member_count != 1 || is_no_pid(v->members[0].value)) {
        scn_fail(p, v->column, "[actor] is one process: [$kid] or [3]");
        return false;
    }
    step->actor = v->members[0].value;
    scn_skip(p);
    return true;
}

static bool is_sugar(const char *word)
{
    for (size_t i = 0; scn_words[i] != NULL; i++) {
        if (strcmp(scn_words[i], word) == 0)
            return true;
    }
    return false;
}

/** Report a word that can't begin a step. */
static bool fail_word(struct scn_parser *p, int column, const char *word)
{
    struct scn_near near = {.word = word};

    for (size_t i = 0; i < sc_calls_count; i++)
        scn_nearer(&near, sc_calls[i].word);
    for (size_t i = 0; scn_words[i] != NULL; i++)
        scn_nearer(&near, scn_words[i]);
    if (word[0] == '\0')
        scn_fail(p, column, "a step begins with the name of a call");
    else if (scn_is_below_run(word))
        scn_fail(p, column, "%s stands below a run, behind a blank", word);
    else
        scn_fail_near(p, column, near.found, "no call is named %s", word);
    return false;
}

static bool parse_worded(struct scn_parser *p, struct scn_step *step)
{
    int column = scn_column(p, p->at);
    char *word = scn_take_word(p);

    step->column = column;
    if (is_sugar(word))
        return scn_parse_sugar(p, word, column, step);
    if (strchr(word, '.') != NULL || strncmp(word, "SC_", 3) == 0)
        return parse_method(p, step, word);
    step->call = sc_call_by_name(word);
    if (step->call == NULL || !scn_ends_word(*p->at, 0))
        return fail_word(p, column, word);
    return parse_call(p, step);
}

/** Text without the blanks around it. */
static char *trimmed(struct scn_parser *p, const char *start, const char *end)
{
    while (start < end && isspace((unsigned char)*start))
        start++;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    return scn_strndup(p->arena, start, (size_t)(end - start));
}

bool scn_parse_step(struct scn_parser *p, struct scn_step *out)
{
    const char *start;

    *out = (struct scn_step){.kind = SCN_COMMENT, .file = p->file, .line = p->line};
    start = p->at;
    if (scn_at_end(p)) {
        const char *text = p->at + (*p->at == '#');

        out->method = trimmed(p, text, text + strlen(text));
        return true;
    }
    if (!parse_actor(p, out) || !parse_worded(p, out))
        return false;
    out->source = trimmed(p, start, p->at);
    out->act = trimmed(p, start, p->stated != NULL ? p->stated : p->at);
    return true;
}
