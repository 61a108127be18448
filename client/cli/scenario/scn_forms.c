/* SPDX-License-Identifier: MIT */
/* The forms that are not calls: fs, copy, run, wait, expect, fault. include is in scn_file.c. */
#include "client/cli/scenario/scn_parse.h"
#include "client/cli/scenario/scn_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 16 }; /* of a group of constants, to choose the nearest from */

/** The text of a word or string that holds no variable; NULL of any other value. */
static const char *fixed_text(const struct scn_value *v)
{
    if (v == NULL || (v->kind != SCN_WORD && v->kind != SCN_STRING))
        return NULL;
    if (v->piece_count == 0)
        return "";
    return v->piece_count == 1 && !v->pieces[0].is_var ? v->pieces[0].text : NULL;
}

static bool is_brackets(const struct scn_value *v)
{
    return v != NULL && (v->kind == SCN_ARRAY || v->kind == SCN_OBJECT);
}

/** Parse one value as a further argument of a step. */
static bool parse_value_arg(struct scn_parser *p, struct scn_step *step, const char *name)
{
    struct scn_arg arg = {.name = name, .value = scn_parse_value(p, SCN_ARGUMENT)};

    if (arg.value == NULL)
        return false;
    if (is_brackets(arg.value)) {
        scn_fail(p, arg.value->column, "a word or a string is expected here");
        return false;
    }
    step->args = scn_grow(p->arena, step->args, step->arg_count, sizeof arg);
    step->args[step->arg_count++] = arg;
    return true;
}

/** Parse the arguments of a form: at least @least values, at most @most. */
static bool parse_values(struct scn_parser *p, struct scn_step *step, size_t least, size_t most,
                         const char *form)
{
    while (!scn_at_expect(p)) {
        if (step->arg_count == most) {
            scn_fail(p, 0, "nothing more was expected here: %s", form);
            return false;
        }
        if (!parse_value_arg(p, step, NULL))
            return false;
    }
    if (step->arg_count < least) {
        scn_fail(p, 0, "something is missing here: %s", form);
        return false;
    }
    return scn_parse_expect(p, step);
}

static bool parse_fs(struct scn_parser *p, struct scn_step *step)
{
    step->kind = SCN_FS;
    while (!scn_at_expect(p)) {
        const char *name = step->arg_count < 2 ? NULL : scn_take_arg_name(p);

        if (!parse_value_arg(p, step, name))
            return false;
    }
    if (step->arg_count < 2) {
        scn_fail(p, 0, "something is missing here: fs NAME DRIVER [key=value …]");
        return false;
    }
    return scn_parse_expect(p, step);
}

/** Refuse a path that is not of the simulated system, unless its refusal is stated. */
static bool check_simulated(struct scn_parser *p, const struct scn_step *step,
                            const struct scn_value *v)
{
    const char *text = fixed_text(v);
    bool refused = step->expect.kind == SCN_REFUSES || step->expect.kind == SCN_MAY_REFUSE;

    if (text != NULL && strchr(text, ':') == NULL && !refused)
        scn_fail(p, v->column, "%s is not a path of the simulated system: name:/path", text);
    return p->error == NULL;
}

static bool parse_copy(struct scn_parser *p, struct scn_step *step)
{
    step->kind = SCN_COPY;
    return parse_values(p, step, 2, 2, "copy HOSTFILE name:/path") &&
           check_simulated(p, step, step->args[1].value);
}

static bool parse_run(struct scn_parser *p, struct scn_step *step)
{
    step->kind = SCN_RUN;
    return parse_values(p, step, 1, 256, "run FILE [argument …]");
}

/** Read &N: which background step. */
static bool parse_wait(struct scn_parser *p, struct scn_step *step)
{
    int column;
    long which;
    char *end;

    scn_skip(p);
    column = scn_column(p, p->at);
    which = *p->at == '&' ? strtol(p->at + 1, &end, 10) : 0;
    if (which < 1 || which > p->background_count) {
        scn_fail(p, column,
                 "wait takes &1 for the first step that ended with &, &2 for the second …; "
                 "there are %d so far",
                 p->background_count);
        return false;
    }
    if (p->waited[which - 1]) {
        scn_fail(p, column, "the result of &%ld has already been taken", which);
        return false;
    }
    p->waited[which - 1] = true;
    p->at = end;
    step->kind = SCN_WAIT;
    step->background = (int)which;
    return scn_parse_expect(p, step);
}

static bool parse_expect_file(struct scn_parser *p, struct scn_step *step)
{
    step->kind = SCN_EXPECT_FILE;
    scn_skip(p);
    if (scn_at_end(p) || !parse_value_arg(p, step, NULL)) {
        scn_fail(p, 0, "something is missing here: expect file name:/path \"text\"");
        return false;
    }
    if (!check_simulated(p, step, step->args[0].value))
        return false;
    scn_skip(p);
    step->expect.kind = SCN_YIELDS;
    if (scn_at_end(p)) {
        scn_fail(p, 0, "the content of the file is missing here: \"text\" or /regex/");
        return false;
    }
    p->stated = p->at;
    step->expect.source = scn_strf(p->arena, "= %s", p->at);
    step->expect.pattern = scn_parse_value(p, SCN_PATTERN);
    return scn_parse_end(p) && scn_check_answer(p, step);
}

const char *const scn_expect_words[] = {"file", "census", "trace", "never", NULL};

static bool parse_expectation(struct scn_parser *p, struct scn_step *step)
{
    int column;
    char *word;

    scn_skip(p);
    column = scn_column(p, p->at);
    word = scn_take_word(p);
    if (strcmp(word, "file") == 0)
        return parse_expect_file(p, step);
    if (strcmp(word, "trace") == 0 || strcmp(word, "never") == 0)
        return scn_parse_watch(p, step, *word == 't' ? SCN_EXPECT_TRACE : SCN_EXPECT_NEVER);
    if (strcmp(word, "census") != 0) {
        scn_fail_near(p, column, scn_nearest(word, scn_expect_words),
                      "expect takes file, census, trace or never");
        return false;
    }
    step->kind = SCN_EXPECT_CENSUS;
    return scn_parse_end(p);
}

bool scn_parse_sugar(struct scn_parser *p, const char *word, int column, struct scn_step *step)
{
    if (strcmp(word, "fs") == 0)
        return parse_fs(p, step);
    if (strcmp(word, "copy") == 0)
        return parse_copy(p, step);
    if (strcmp(word, "run") == 0)
        return parse_run(p, step);
    if (strcmp(word, "wait") == 0)
        return parse_wait(p, step);
    if (strcmp(word, "expect") == 0)
        return parse_expectation(p, step);
    if (strcmp(word, "fault") == 0)
        return scn_parse_fault(p, step);
    scn_fail(p, column, "include must be on a line of its own, in a file");
    return false;
}

/* ---- the lines below run ---- */

/** Refuse a fixed text that is not a name of a group. */
static void check_name(struct scn_parser *p, const struct scn_value *v, const char *group,
                       const char *what)
{
    const char *names[NAMES_MAX + 1] = {NULL};
    const char *text = fixed_text(v);
    size_t count = 0;

    if (text == NULL || sc_flag_by_name(group, text, strlen(text)) != NULL)
        return;
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL && count < NAMES_MAX; f++) {
        if (strcmp(f->group, group) == 0)
            names[count++] = f->name;
    }
    scn_fail_near(p, v->column, scn_nearest(text, names), "%s is not a %s", text, what);
}

/** Refuse a line that was given already. */
static bool is_first(struct scn_parser *p, const struct scn_value *before, const char *word)
{
    if (before != NULL)
        scn_fail(p, 0, "%s is stated twice", word);
    return before == NULL;
}

static bool parse_state(struct scn_parser *p, struct scn_run *run)
{
    if (!is_first(p, run->state, "state"))
        return false;
    run->state = scn_parse_value(p, SCN_PATTERN);
    check_name(p, run->state, "PS", "state of a process");
    if (run->state != NULL && !scn_at_end(p))
        run->code = scn_parse_value(p, SCN_PATTERN);
    check_name(p, run->code, "FAIL", "failure of a program");
    return scn_parse_end(p);
}

/** Check an exit code: a number, or a variable. */
static bool parse_exit(struct scn_parser *p, struct scn_run *run)
{
    if (!is_first(p, run->exit_code, "exit"))
        return false;
    run->exit_code = scn_parse_value(p, SCN_PATTERN);
    if (is_brackets(run->exit_code))
        scn_fail(p, run->exit_code->column, "a program exits with a number");
    if (fixed_text(run->exit_code) != NULL)
        scn_fail(p, run->exit_code->column, "a program exits with a number, not with %s",
                 fixed_text(run->exit_code));
    return scn_parse_end(p);
}

/** Parse a value that may stand on several lines below run. */
static bool parse_one_more(struct scn_parser *p, enum scn_mode mode, struct scn_value ***list,
                           size_t *count)
{
    struct scn_value *v = scn_parse_value(p, mode);

    if (v == NULL)
        return false;
    if (is_brackets(v) || v->kind == SCN_NULL || v->kind == SCN_TRUE || v->kind == SCN_FALSE) {
        scn_fail(p, v->column, "text is expected here: \"text\", a word%s or b64\"…\"",
                 mode == SCN_PATTERN ? ", /regex/, *" : "");
        return false;
    }
    *list = scn_grow(p->arena, *list, *count, sizeof v);
    (*list)[(*count)++] = v;
    return scn_parse_end(p);
}

/** Parse what the log is, or with ! before it is not. */
static bool parse_log(struct scn_parser *p, struct scn_run *run)
{
    bool negated = *p->at == '!';

    p->at += negated;
    scn_skip(p);
    if (negated && *p->at == '$') {
        scn_fail(p, 0, "! can't capture; a variable is compared as ${NAME} in a \"string\"");
        return false;
    }
    if (!parse_one_more(p, SCN_PATTERN, &run->log, &run->log_count))
        return false;
    run->log[run->log_count - 1]->negated = negated;
    return true;
}

/** Parse NAME=VALUE for the program's environment. */
static bool parse_env(struct scn_parser *p, struct scn_run *run)
{
    struct scn_arg var = {.name = scn_take_arg_name(p)};

    if (var.name == NULL) {
        scn_fail(p, 0, "a variable of the program is written NAME=VALUE, or NAME=\"a value\"");
        return false;
    }
    var.value = scn_parse_value(p, SCN_ARGUMENT);
    if (is_brackets(var.value))
        scn_fail(p, var.value->column, "a variable of the program is text");
    run->env = scn_grow(p->arena, run->env, run->env_count, sizeof var);
    run->env[run->env_count++] = var;
    return scn_parse_end(p);
}

const char *const scn_run_words[] = {"stdin", "env", "log", "exit", "state", NULL};

bool scn_is_below_run(const char *word)
{
    for (size_t i = 0; scn_run_words[i] != NULL; i++) {
        if (strcmp(scn_run_words[i], word) == 0)
            return true;
    }
    return false;
}

/** Parse what a line below run states. The cursor is on its first word. */
static bool parse_stated(struct scn_parser *p, struct scn_run *run)
{
    int column = scn_column(p, p->at);
    char *word = scn_take_word(p);

    scn_skip(p);
    if (strcmp(word, "log") == 0)
        return parse_log(p, run);
    if (strcmp(word, "stdin") == 0)
        return parse_one_more(p, SCN_ARGUMENT, &run->stdin_text, &run->stdin_count);
    if (strcmp(word, "env") == 0)
        return parse_env(p, run);
    if (strcmp(word, "state") == 0)
        return parse_state(p, run);
    if (strcmp(word, "exit") == 0)
        return parse_exit(p, run);
    scn_fail_near(p, column, scn_nearest(word, scn_run_words),
                  "a line below run begins with stdin, env, log, exit or state");
    return false;
}

/** Add a line to those that are shown in messages. */
static void add_source(struct scn_parser *p, struct scn_run *run, const char *line, size_t len)
{
    size_t need = run->source_len + len + 2; /* with the end of the line before it and a NUL */
    char *larger;

    if (need > run->source_room) {
        larger = scn_alloc(p->arena, need * 2);
        if (run->source != NULL)
            memcpy(larger, run->source, run->source_len);
        run->source = larger;
        run->source_room = need * 2;
    }
    if (run->source_len > 0)
        run->source[run->source_len++] = '\n';
    memcpy(run->source + run->source_len, line, len);
    run->source_len += len;
    run->source[run->source_len] = '\0';
}

bool scn_parse_run_line(struct scn_parser *p, struct scn_step *step)
{
    struct scn_run *run = &step->run;
    const char *start;

    scn_skip(p);
    start = p->at;
    if (!parse_stated(p, run))
        return false;
    add_source(p, run, start, (size_t)(p->at - start));
    return true;
}
