/* SPDX-License-Identifier: MIT */
/* Whether a scenario states anything: one that only sets things up would always pass. */
#include "client/cli/scenario/scn_parse.h"

#include <string.h>

/** Whether a step that sets something up states what must come of it. */
static bool is_outcome_stated(const struct scn_expect *e)
{
    if (e->kind == SCN_YIELDS)
        return e->pattern->kind != SCN_VAR && e->pattern->kind != SCN_ANY;
    return e->kind == SCN_REFUSES || (e->kind == SCN_MAY_REFUSE && e->code != SCN_ANY_ERROR);
}

/** Whether a step can fail by what is tested; a call must succeed, unless it is shared set-up. */
static bool states_something(const struct scn_step *step, bool included)
{
    bool succeeds = step->expect.kind == SCN_SUCCEEDS || step->expect.kind == SCN_YIELDS;

    switch (step->kind) {
    case SCN_COMMENT:
        return false;
    case SCN_CALL:
        return (succeeds && !included) || is_outcome_stated(&step->expect);
    case SCN_METHOD:
        if (sc_call_by_name(step->method) != NULL && succeeds && !included)
            return true;
        return is_outcome_stated(&step->expect);
    case SCN_FS:
    case SCN_COPY:
    case SCN_FAULT:
        return is_outcome_stated(&step->expect);
    default:
        return true;
    }
}

bool scn_check_stated(struct scn_parser *p, const struct scn_scenario *s, const char *path)
{
    const struct scn_step *first = NULL;

    for (size_t i = 0; i < s->step_count; i++) {
        const struct scn_step *step = &s->steps[i];

        if (states_something(step, strcmp(step->file, path) != 0))
            return true;
        if (first == NULL && step->kind != SCN_COMMENT)
            first = step;
    }
    scn_begin_line(p, "", first != NULL ? first->line : 1);
    p->file = first != NULL ? first->file : path;
    scn_fail(p, 1,
             first != NULL ? "no step states anything that could fail: what only sets things up "
                             "(fs, copy, fault, methods, calls of included files) can't pass"
                           : "a scenario without steps can't pass");
    return false;
}
