/* SPDX-License-Identifier: MIT */
#include "tests/model/scenario.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct line {
    struct line *next;
    char *text;   /* owned */
    char *stated; /* owned; what must come; NULL: nothing is said */
    int id;       /* the step, while it waits; else 0 */
    int number;   /* of what goes on in the background, from 1; 0: it does not */
    int nr;
    struct line *waits_for; /* the line is `wait` for it */
};

struct scenario {
    const struct model *model;
    struct line *first;
    struct line **end;
};

struct scenario *scenario_new(void)
{
    struct scenario *s = calloc(1, sizeof(*s));

    if (s == NULL)
        abort();
    s->end = &s->first;
    return s;
}

void scenario_begin(struct scenario *s, const struct model *m)
{
    s->model = m;
}

void scenario_free(struct scenario *s)
{
    for (struct line *l = s->first; l != NULL;) {
        struct line *next = l->next;

        free(l->text);
        free(l->stated);
        free(l);
        l = next;
    }
    free(s);
}

static struct line *add_line(struct scenario *s)
{
    struct line *l = calloc(1, sizeof(*l));

    if (l == NULL)
        abort();
    *s->end = l;
    s->end = &l->next;
    return l;
}

/** A stream that fills @text when it is closed. */
static FILE *open_text(char **text)
{
    static size_t len;
    FILE *to = open_memstream(text, &len);

    if (to == NULL)
        abort();
    return to;
}

void scenario_say(struct scenario *s, const char *line)
{
    add_line(s)->text = strdup(line);
}

/** State what must come of a call that answered at once. */
static void state(const struct scenario *s, FILE *to, const struct step *step,
                  const struct verdict *v, int came, const union sc_out *out)
{
    struct values values;
    int error = v->error_count > 0 ? v->errors[0] : 0;

    for (size_t i = 0; i < v->error_count; i++)
        error = v->errors[i] == came ? came : error; /* of several, the one that came */
    if (error != 0) {
        (void)fprintf(to, " ! %s", sc_errno_name(error));
        return;
    }
    if (step->nr == SC_OPEN || step->nr == SC_NEW_PROC) {
        (void)fprintf(to, " = $s%d", step->id);
        return;
    }
    if (step->nr == SC_MK_CHANNEL) {
        (void)fprintf(to, " = {first: $s%d, second: $s%db}", step->id, step->id);
        return;
    }
    values_of(step->nr, v->listing != NULL ? out : &v->out, &values);
    values_drop_open(&values, v);
    if (values.count == 0 || (v->listing != NULL && came != 0))
        return;
    (void)fputs(" = ", to);
    values_print(to, &values, s->model);
}

/** Whether a YIELD waits: a daemon has let it go on by now, and ERRNO may be of that. */
static bool yield_waits(const struct scenario *s)
{
    const struct line *l = s->first;

    while (l != NULL && (l->nr != SC_YIELD || l->id == 0))
        l = l->next;
    return l != NULL;
}

void scenario_step(struct scenario *s, const struct step *step, const struct verdict *v, int came,
                   const union sc_out *out)
{
    struct line *l = add_line(s);
    FILE *to = open_text(&l->text);

    if (step->nr == SC_SET_ARGS && v->error_count > 0)
        (void)fputs("# maybe of a form that JSON can't have: ", to);
    step_print(to, step);
    (void)fclose(to);
    l->nr = step->nr;
    if (v->parked) {
        l->id = step->id;
        l->number = -1; /* which is known when it is known which ones end */
        return;
    }
    if (step->nr == SC_ERRNO && yield_waits(s))
        return;
    to = open_text(&l->stated);
    state(s, to, step, v, came, out);
    (void)fclose(to);
}

void scenario_user(struct scenario *s, const struct step *step)
{
    char text[96];

    (void)snprintf(text, sizeof(text),
                   "proc.credentials {pid: $s%d, uid: %" PRId64 ", gid: %" PRId64 "}", step->actor,
                   step->args[0].num, step->args[1].num);
    scenario_say(s, text);
}

void scenario_touch(struct scenario *s, const struct step *step, int status,
                    const struct values *bytes)
{
    bool reads = step->nr == STEP_READ_MEMORY;
    struct line *l = add_line(s);
    FILE *to = open_text(&l->text);

    (void)fprintf(to, "mem.%s {", reads ? "read" : "write");
    if (step->actor != 0)
        (void)fprintf(to, "pid: $s%d, ", step->actor);
    (void)fprintf(to, "addr: %" PRId64 ", ", step->args[0].num);
    if (reads)
        (void)fprintf(to, "size: %" PRId64, step->args[1].num);
    else
        (void)fprintf(to, "data: \"%.*s\"", (int)step->args[1].len, step->args[1].text);
    (void)fputc('}', to);
    if (status < 0)
        (void)fprintf(to, " ! %s", sc_errno_name(status));
    else if (reads)
        (void)fputs(" = ", to), values_print(to, bytes, s->model);
    (void)fclose(to);
}

/** Have a step that waits waited for here. */
static void wait_here(struct scenario *s, struct line *l)
{
    struct line *wait = add_line(s);

    wait->text = strdup("wait");
    wait->waits_for = l;
    l->id = 0;
}

void scenario_woken(struct scenario *s, const struct mwoken *w)
{
    struct values values;
    struct line *l = s->first;
    FILE *to;

    while (l != NULL && l->id != w->id)
        l = l->next;
    if (l == NULL || (l->nr == SC_YIELD && w->status < 0))
        return; /* a daemon lets go on who yielded before anybody can end it */
    to = open_text(&l->stated);
    if (w->status < 0) {
        (void)fprintf(to, " ! %s", sc_errno_name(w->status));
    } else if (values_of(w->nr, &w->out, &values), values.count > 0) {
        (void)fputs(" = ", to);
        values_print(to, &values, s->model);
    }
    (void)fclose(to);
    wait_here(s, l);
}

void scenario_print(struct scenario *s, FILE *to)
{
    int backgrounds = 0;

    for (struct line *l = s->first; l != NULL; l = l->next) {
        if (l->number != 0 && l->id == 0)
            l->number = ++backgrounds;
        (void)fprintf(to, "%s%s%s%s", l->id != 0 ? "# waits to the end: " : "", l->text,
                      l->stated != NULL ? l->stated : "", l->number != 0 ? " &" : "");
        if (l->waits_for != NULL)
            (void)fprintf(to, " &%d", l->waits_for->number);
        (void)fputc('\n', to);
    }
}
