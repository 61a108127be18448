/* SPDX-License-Identifier: MIT */
/* Typed lines, parsed with the session's variables and played. */
#include "client/cli/engine/scn_session.h"
#include "client/cli/scenario/scn_parse.h"
#include "server/base/utf8.h"

#include <stdlib.h>
#include <string.h>

/** Make a parser with the session's variables. */
static void parser_for(struct scn_session *s, struct scn_arena *arena, struct scn_parser *p)
{
    *p = (struct scn_parser){.arena = arena};
    for (size_t i = 0; i < s->vars.count; i++)
        scn_know(p, s->vars.items[i].name, s->vars.items[i].given);
    for (size_t i = 0; i < s->background_count; i++) {
        p->waited = scn_grow(arena, p->waited, i, sizeof(bool));
        p->waited[i] = s->background[i].id == 0;
    }
    p->background_count = (int)s->background_count;
}

cJSON *scn_read_value(struct scn_session *s, const char *text, char **problem)
{
    struct scn_arena arena = {0};
    struct scn_parser p;
    struct scn_value *value;
    cJSON *json = NULL;

    parser_for(s, &arena, &p);
    scn_begin_line(&p, text, 0);
    value = scn_parse_value(&p, SCN_ARGUMENT);
    if (value != NULL && scn_parse_end(&p))
        json = scn_eval(value, &s->vars);
    else
        *problem = strdup(p.error);
    scn_arena_done(&arena);
    return json;
}

/** Report a mistake with its line, unless the text is one typed line. */
static void report_mistake(const struct scn_parser *p, scn_played_fn fn, void *user)
{
    struct scn_result r = {.column = p->error_column};

    if (p->error_file != NULL)
        scn_verdict(&r, SCN_ERROR, "%s:%d:%d: %s", p->error_file, p->error_line, p->error_column,
                    p->error);
    else if (p->error_line > 1)
        scn_verdict(&r, SCN_ERROR, "%s; in the line below run: %s", p->error, p->text);
    else
        scn_verdict(&r, SCN_ERROR, "%s", p->error);
    if (p->error_file != NULL)
        r.column = 0;
    fn(user, NULL, &r);
    scn_result_done(&r);
}

static enum scn_outcome play_steps(struct scn_session *s, const struct scn_scenario *scenario,
                                   scn_played_fn fn, void *user)
{
    enum scn_outcome outcome = SCN_PASS;

    for (size_t i = 0; i < scenario->step_count && outcome == SCN_PASS && !scn_stopped(s); i++) {
        struct scn_result r = {0};

        if (s->allow != NULL && !s->allow(s->user, &scenario->steps[i]))
            break;
        scn_play(s, &scenario->steps[i], &r);
        outcome = r.outcome;
        fn(user, &scenario->steps[i], &r);
        scn_result_done(&r);
    }
    return outcome;
}

/** Parse a text with the session's variables. @p, @out and what they hold are in @arena. */
static bool parse_text(struct scn_session *s, const char *text, struct scn_arena *arena,
                       struct scn_parser *p, struct scn_scenario *out)
{
    char *lines = scn_strndup(arena, text, strlen(text));

    parser_for(s, arena, p);
    scn_begin_line(p, lines, 1);
    if (!utf8_valid(text, strlen(text)))
        scn_fail(p, 1, "the line is not UTF-8");
    return p->error == NULL && scn_parse_text(p, lines, out);
}

enum scn_outcome scn_exec_text(struct scn_session *s, const char *text, scn_played_fn fn,
                               void *user)
{
    struct scn_arena arena = {0};
    struct scn_scenario scenario;
    struct scn_parser p;
    size_t going_on = s->background_count;
    enum scn_outcome outcome = SCN_ERROR;

    if (!parse_text(s, text, &arena, &p, &scenario)) {
        report_mistake(&p, fn, user);
    } else {
        if (scenario.header.output_max != 0)
            s->output_max = scenario.header.output_max;
        outcome = play_steps(s, &scenario, fn, user);
    }
    if (s->background_count > going_on)
        scn_arena_move(&s->kept, &arena);
    scn_arena_done(&arena);
    return outcome;
}

bool scn_check_text(struct scn_session *s, const char *text, scn_played_fn fn, void *user)
{
    struct scn_arena arena = {0};
    struct scn_scenario scenario;
    struct scn_parser p;
    bool ok = parse_text(s, text, &arena, &p, &scenario);

    if (!ok)
        report_mistake(&p, fn, user);
    scn_arena_done(&arena);
    return ok;
}
