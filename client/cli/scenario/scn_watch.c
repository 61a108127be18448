/* SPDX-License-Identifier: MIT */
/* The words about calls that others make: fault, expect trace, expect never. */
#include "client/cli/scenario/scn_parse.h"
#include "client/cli/scenario/scn_words.h"

#include <stdlib.h>
#include <string.h>

/**
 * Take the call that a line is about, or * for any.
 * @out      NULL: any.
 */
static bool take_call(struct scn_parser *p, const char *form, const struct sc_call_info **out)
{
    int column;
    char *word;

    scn_skip(p);
    column = scn_column(p, p->at);
    *out = NULL;
    if (scn_take_star(p, 0))
        return true;
    word = scn_take_word(p);
    *out = sc_call_by_name(word);
    if (word[0] == '\0')
        scn_fail(p, column, "something is missing here: %s", form);
    else if (*out == NULL)
        scn_fail_near(p, column, scn_nearest(word, NULL), "no call is named %s", word);
    return p->error == NULL;
}

static void add_arg(struct scn_parser *p, struct scn_step *step, const struct scn_arg *arg)
{
    step->args = scn_grow(p->arena, step->args, step->arg_count, sizeof *arg);
    step->args[step->arg_count++] = *arg;
}

/** Whether a step has this already; pid= without info is the caller, with it the call's own. */
static bool has_arg(const struct scn_step *step, const struct scn_arg *arg)
{
    for (size_t i = 0; i < step->arg_count; i++) {
        if (step->args[i].info == arg->info && strcmp(step->args[i].name, arg->name) == 0)
            return true;
    }
    return false;
}

/* ---- fault ---- */

static const char fault_form[] =
    "fault CALL|* [pid=] [path=GLOB] [nth=|every=|p=] [times=] ERRNO|delay=US|short=N";

/* What a fault is written with, and what fault.add calls it. */
static const struct fault_key {
    const char *key;
    const char *param;
    bool number;
    bool effect; /* it says what happens to the call */
} fault_keys[] = {
    {"pid", "pid", true, false},        {"path", "path", false, false},
    {"nth", "nth", true, false},        {"every", "every", true, false},
    {"p", "probability", false, false}, {"times", "times", true, false},
    {"delay", "delay_us", true, true},  {"short", "short", true, true},
    {"ERRNO", "error", false, true},
};
enum { FAULT_KEY_COUNT = sizeof fault_keys / sizeof fault_keys[0] };

const char *scn_fault_key_name(size_t n)
{
    return n < FAULT_KEY_COUNT ? fault_keys[n].key : NULL;
}

static const struct fault_key *fault_key(struct scn_parser *p, int column, const char *name)
{
    struct scn_near near = {.word = name};

    for (size_t i = 0; i < FAULT_KEY_COUNT; i++) {
        if (strcmp(fault_keys[i].key, name) == 0)
            return &fault_keys[i];
        scn_nearer(&near, fault_keys[i].key);
    }
    scn_fail_near(p, column, near.found, "a fault has no %s=", name);
    return NULL;
}

/** Check the word of an errno, which a variable may hold too. */
static void check_errno(struct scn_parser *p, const struct scn_value *v)
{
    const char *word = scn_literal(v);

    if (v->kind != SCN_VAR && word != NULL && sc_errno_by_name(word, strlen(word)) == NULL)
        scn_fail_errno(p, v->column, word);
}

/** Check a count, 1 or greater, which a variable may hold too. */
static void check_number(struct scn_parser *p, const char *key, const struct scn_value *v)
{
    if (v->kind != SCN_NUMBER && v->kind != SCN_VAR && scn_literal(v) != NULL)
        scn_fail(p, v->column, "%s= takes a number", key);
    else if (v->kind == SCN_NUMBER && strtoll(v->text, NULL, 0) <= 0 &&
             strncmp(v->text, "0o", 2) != 0)
        scn_fail(p, v->column, "%s= takes a number, 1 or greater", key);
}

/** Check a probability. */
static void check_chance(struct scn_parser *p, const struct scn_value *v)
{
    const char *text = v->kind != SCN_VAR ? scn_literal(v) : NULL;
    char *end = NULL;
    double chance = text != NULL ? strtod(text, &end) : 1;

    if ((text != NULL && (end == text || *end != '\0')) || !(chance > 0 && chance <= 1))
        scn_fail(p, v->column, "p= takes a probability, above 0 and at most 1: 0.1");
}

/** Parse KEY=VALUE or an errno of a fault. */
static bool parse_fault_part(struct scn_parser *p, struct scn_step *step, bool *effect)
{
    int column = scn_column(p, p->at);
    const char *name = scn_take_arg_name(p);
    const struct fault_key *key = fault_key(p, column, name != NULL ? name : "ERRNO");
    struct scn_arg arg = {0};

    if (key == NULL)
        return false;
    arg.name = key->param;
    if (has_arg(step, &arg)) {
        scn_fail(p, column, "%s is given twice", key->key);
        return false;
    }
    arg.value = scn_parse_value(p, SCN_ARGUMENT);
    if (arg.value == NULL)
        return false;
    if (name == NULL)
        check_errno(p, arg.value);
    else if (key->number)
        check_number(p, key->key, arg.value);
    else if (strcmp(key->key, "p") == 0)
        check_chance(p, arg.value);
    *effect = *effect || key->effect;
    add_arg(p, step, &arg);
    return p->error == NULL;
}

/** Parse `fault clear` and which one. */
static bool parse_clear(struct scn_parser *p, struct scn_step *step)
{
    struct scn_arg arg = {.name = "fault"};

    step->method = "fault.clear";
    if (!scn_at_expect(p)) {
        arg.value = scn_parse_value(p, SCN_ARGUMENT);
        if (arg.value == NULL)
            return false;
        check_number(p, "fault clear", arg.value);
        add_arg(p, step, &arg);
    }
    return p->error == NULL && scn_parse_expect(p, step);
}

bool scn_parse_fault(struct scn_parser *p, struct scn_step *step)
{
    const char *start;
    bool effect = false;

    scn_skip(p);
    start = p->at;
    step->kind = SCN_FAULT;
    step->method = "fault.add";
    if (strcmp(scn_take_word(p), "clear") == 0)
        return parse_clear(p, step);
    p->at = start;
    if (!take_call(p, fault_form, &step->call))
        return false;
    while (!scn_at_expect(p)) {
        if (!parse_fault_part(p, step, &effect))
            return false;
    }
    if (!effect) {
        scn_fail(p, 0, "an errno, delay= or short= is missing here: %s", fault_form);
        return false;
    }
    return scn_parse_expect(p, step);
}

/* ---- expect trace, expect never ---- */

/** Parse what an argument must be. A $variable is compared: these lines capture only behind =. */
static struct scn_value *parse_wanted(struct scn_parser *p)
{
    bool variable = *p->at == '$';
    struct scn_value *v = scn_parse_value(p, variable ? SCN_ARGUMENT : SCN_PATTERN);

    if (v != NULL && v->kind == SCN_VAR) {
        v->kind = SCN_WORD;
        v->pieces = scn_grow(p->arena, NULL, 0, sizeof *v->pieces);
        v->pieces[0] = (struct scn_piece){v->text, true};
        v->piece_count = 1;
        v->text = NULL;
    }
    return v;
}

/** Whether a value is to be looked at by scn_check_arg(): text and flags that are all there. */
static bool is_checked(const struct scn_value *v)
{
    const char *word = scn_literal(v);

    return v->kind == SCN_NUMBER || (v->kind == SCN_WORD && word != NULL && !strpbrk(word, "*?["));
}

/** Parse one argument of the call; @next is the one that a value without a name is about. */
static bool parse_watched_arg(struct scn_parser *p, struct scn_step *step,
                              const struct sc_field_info **next)
{
    int column = scn_column(p, p->at);
    struct scn_arg arg = {.name = scn_take_arg_name(p)};

    if (arg.name == NULL && (*next == NULL || (*next)->name == NULL))
        scn_fail(p, column, "name=value is expected here");
    else if (arg.name == NULL)
        arg.info = (*next)++;
    else if (strcmp(arg.name, "pid") != 0 && step->call != NULL)
        arg.info = scn_arg_by_name(p, column, step->call, arg.name);
    if (p->error != NULL)
        return false;
    if (arg.info != NULL)
        arg.name = arg.info->name;
    if (has_arg(step, &arg)) {
        scn_fail(p, column, "%s is given twice", arg.name);
        return false;
    }
    arg.value = parse_wanted(p);
    if (arg.value == NULL)
        return false;
    if (arg.info != NULL && is_checked(arg.value) && !scn_check_arg(p, arg.info, arg.value))
        return false;
    add_arg(p, step, &arg);
    return true;
}

bool scn_parse_watch(struct scn_parser *p, struct scn_step *step, enum scn_step_kind kind)
{
    const struct sc_field_info *next;
    const char *start;
    const char *end;

    step->kind = kind;
    scn_skip(p);
    start = p->at;
    if (!take_call(p, "expect trace|never CALL|* [name=value …] [= pattern | ! ERRNO]",
                   &step->call))
        return false;
    next = step->call != NULL ? step->call->args : NULL;
    while (!scn_at_expect(p)) {
        if (!parse_watched_arg(p, step, &next))
            return false;
    }
    if (!scn_parse_expect(p, step))
        return false;
    for (end = p->at; end > start && (end[-1] == ' ' || end[-1] == '\t');)
        end--;
    step->expect.source = scn_strndup(p->arena, start, (size_t)(end - start));
    return true;
}
