/* SPDX-License-Identifier: MIT */
/*
 * fault, and the recorded calls, which `expect trace` and `expect never` search.
 *
 * A call is recorded when it begins; its record is replaced when it ends. Its process matters only
 * if the line states it, and its order does not.
 */
#include "client/cli/base/call_text.h"
#include "client/cli/base/json.h"
#include "client/cli/engine/scn_match.h"
#include "client/cli/engine/scn_session.h"
#include "client/cli/scenario/scn_bytes.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORD_MAX = 200000,                  /* calls kept in one recording */
    RECORD_BYTES_MAX = 384 * 1024 * 1024, /* bytes of memory they take */
    LOOK_EVERY = 256,                     /* calls compared between two checks of the deadline */
    NEAREST = 3,                          /* calls shown if none matches */
};

/* ---- fault ---- */

/** Detach the warnings of an answer, so that the rule's number remains. NULL: none. */
static cJSON *detach_warnings(cJSON *answer)
{
    cJSON *warnings = cJSON_DetachItemFromObjectCaseSensitive(answer, "warnings");

    if (warnings != NULL && warnings->child != NULL)
        return warnings;
    cJSON_Delete(warnings);
    return NULL;
}

void scn_play_fault(struct scn_session *s, const struct scn_step *step, struct scn_result *r)
{
    cJSON *params = cJSON_CreateObject();
    cJSON *warnings;
    int status;

    if (step->call != NULL)
        (void)cJSON_AddStringToObject(params, "call", step->call->name);
    for (size_t i = 0; i < step->arg_count; i++) {
        const struct scn_arg *arg = &step->args[i];
        bool path = strcmp(arg->name, "path") == 0;

        (void)cJSON_AddItemToObject(params, arg->name,
                                    path ? scn_name_json(arg->value, &s->vars)
                                         : scn_eval(arg->value, &s->vars));
    }
    status = scn_request(s, step->method, params, r);
    warnings = detach_warnings(r->value);
    scn_judge_setup(s, &step->expect, status, r);
    if (warnings != NULL)
        (void)cJSON_AddItemToObject(r->value, "warnings", warnings);
}

/* ---- recording ---- */

static void drop_calls(struct scn_record *record)
{
    for (size_t i = 0; i < record->count; i++)
        cJSON_Delete(record->calls[i].event);
    free(record->calls);
    record->calls = NULL;
    record->count = 0;
    record->room = 0;
    record->weight = 0;
}

/** A copy of an event. NULL: the recording would be too large. */
static cJSON *keep(struct scn_record *record, const cJSON *event)
{
    size_t weight = json_weight(event);
    cJSON *copy = record->weight + weight <= RECORD_BYTES_MAX ? cJSON_Duplicate(event, true) : NULL;

    if (copy == NULL)
        record->incomplete = true;
    else
        record->weight += weight;
    return copy;
}

/** Replace the record of a call by its end. Returns whether the begin was recorded. */
static bool settle(struct scn_record *record, const cJSON *ended)
{
    uint64_t seq = json_count(ended, "seq");

    for (size_t i = record->count; i > 0; i--) {
        struct scn_recorded *at = &record->calls[i - 1];

        if (at->seq != seq)
            continue;
        record->weight -= json_weight(at->event);
        cJSON_Delete(at->event);
        *at = (struct scn_recorded){seq, keep(record, ended), true};
        return true;
    }
    return false;
}

static void append(struct scn_record *record, bool ended, const cJSON *params)
{
    size_t room = record->room != 0 ? record->room * 2 : 256;
    struct scn_recorded *larger = record->calls;

    if (record->count == record->room)
        larger = realloc(record->calls, room * sizeof *larger);
    if (larger == NULL || record->count == RECORD_MAX) {
        record->incomplete = true;
        return;
    }
    if (record->count == record->room)
        record->room = room;
    record->calls = larger;
    record->calls[record->count++] =
        (struct scn_recorded){json_count(params, "seq"), keep(record, params), ended};
}

void scn_record_event(struct scn_record *record, enum event_kind kind, const cJSON *params)
{
    const bool ended = kind == EVENT_RETURN;

    if (record->incomplete)
        return;
    if (kind == EVENT_LOST)
        record->incomplete = true;
    else if (kind == EVENT_CALL || (ended && !settle(record, params)))
        append(record, ended, params);
    if (record->incomplete) /* it can no longer be judged */
        drop_calls(record);
}

void scn_record_done(struct scn_record *record)
{
    drop_calls(record);
    *record = (struct scn_record){0};
}

/* ---- matching ---- */

/** Whether a value is a word with wildcards. */
static bool is_glob(const struct scn_value *v, const char *text)
{
    return v->kind == SCN_WORD && strpbrk(text, "*?[") != NULL;
}

/** The value that an argument of the line is compared with. Returned; cJSON_Delete(); NULL:
 * none. */
static cJSON *compared(const cJSON *event, const struct scn_arg *arg)
{
    if (arg->info != NULL)
        return call_text_argument(event, arg->info);
    if (strcmp(arg->name, "pid") == 0)
        return cJSON_Duplicate(json_member(event, "pid"), true);
    return cJSON_Duplicate(json_member(json_member(event, "args"), arg->name), true);
}

static bool arg_is(const struct scn_session *s, const cJSON *event, const struct scn_arg *arg,
                   struct scn_vars *vars)
{
    cJSON *got = compared(event, arg);
    char *text = scn_bytes_path(arg->value, &s->vars);
    struct strbuf why = STRBUF_INIT;
    size_t len = 0;
    char *bytes = text != NULL && is_glob(arg->value, text) ? scn_json_bytes(got, &len) : NULL;
    bool is;

    if (bytes != NULL)
        is = fnmatch(text, bytes, 0) == 0;
    else
        is = got != NULL && scn_match(arg->value, got, vars, &why);
    strbuf_done(&why);
    free(bytes);
    free(text);
    cJSON_Delete(got);
    return is;
}

/** Whether the reasons of a refusal contain every stated word. */
static bool why_is(const struct scn_expect *e, const struct scn_vars *vars, const cJSON *event)
{
    char *reasons = scn_reasons_of(0, event);
    bool is = reasons != NULL;

    for (size_t i = 0; i < e->why_count && is; i++)
        is = scn_found_in(e->why[i], vars, reasons);
    free(reasons);
    return is;
}

/** Whether a call failed with the stated error. */
static bool error_is(const struct scn_expect *e, const char *error)
{
    if (e->code == SCN_ANY_ERROR)
        return *error != '\0';
    return strcmp(error, sc_errno_name(e->code)) == 0;
}

static bool outcome_is(const struct scn_expect *e, const struct scn_recorded *call,
                       struct scn_vars *vars)
{
    const cJSON *event = call->event;
    const char *error = json_text(event, "error");
    const cJSON null = {.type = cJSON_NULL};
    const cJSON *result = json_member(event, "result");
    struct strbuf why = STRBUF_INIT;
    bool is = true;

    if (e->kind == SCN_SUCCEEDS)
        return true;
    if (!call->ended)
        return false; /* it has not ended */
    if (e->kind == SCN_YIELDS)
        is = *error == '\0' && scn_match(e->pattern, result != NULL ? result : &null, vars, &why);
    else if (e->kind == SCN_REFUSES || *error != '\0')
        is = error_is(e, error) && why_is(e, vars, event);
    strbuf_done(&why);
    return is;
}

/** How well a call matches a line: 0 not at all, -1 completely, which captures into @vars. */
static int likeness(const struct scn_session *s, const struct scn_step *step,
                    const struct scn_recorded *call, struct scn_vars *vars)
{
    bool all = true;
    int score = 1;

    if (step->call != NULL && call_of_event(call->event) != step->call)
        return 0;
    for (size_t i = 0; i < step->arg_count; i++) {
        bool is = arg_is(s, call->event, &step->args[i], vars);

        score += is ? 2 : 0;
        all = all && is;
    }
    if (!outcome_is(&step->expect, call, vars))
        return score;
    return all ? -1 : score + 1;
}

/* ---- the verdict ---- */

/** The nearest calls, best first. */
struct nearest {
    const struct scn_recorded *call[NEAREST];
    int score[NEAREST];
};

static void consider(struct nearest *best, const struct scn_recorded *call, int score)
{
    size_t at = NEAREST;

    while (at > 0 && score > best->score[at - 1])
        at--;
    if (at == NEAREST)
        return;
    for (size_t i = NEAREST - 1; i > at; i--) {
        best->call[i] = best->call[i - 1];
        best->score[i] = best->score[i - 1];
    }
    best->call[at] = call;
    best->score[at] = score;
}

static void add_call(struct strbuf *out, const struct scn_recorded *call)
{
    (void)strbuf_addf(out, "%s%d  ", out->len > 0 ? "\n" : "", json_int(call->event, "pid"));
    call_text_begin(out, call->event);
    if (call->ended) {
        (void)strbuf_adds(out, ") ");
        call_text_outcome(out, call->event);
    } else {
        (void)strbuf_adds(out, ") continues");
    }
}

/** The first recorded call that matches a line. NULL: none; @near receives the nearest ones. */
static const struct scn_recorded *find(struct scn_session *s, const struct scn_step *step,
                                       struct nearest *near)
{
    for (size_t i = 0; i < s->record.count; i++) {
        const struct scn_recorded *call = &s->record.calls[i];
        struct scn_vars vars = {0};
        int score = 0;

        if (i % LOOK_EVERY == 0 && scn_time_over(s))
            break;
        if (step->call != NULL && call_of_event(call->event) != step->call)
            continue;
        if (scn_vars_copy(&s->vars, &vars) == 0)
            score = likeness(s, step, call, &vars);
        if (score < 0) {
            scn_vars_done(&s->vars);
            s->vars = vars;
            return call;
        }
        scn_vars_done(&vars);
        consider(near, call, score);
    }
    return NULL;
}

/** Wait until every call that has ended is recorded: an answer follows the events before it. */
static bool catch_up(struct scn_session *s, struct scn_result *r)
{
    cJSON *census = scn_census(s, r);

    if (census == NULL)
        scn_verdict(r, SCN_ERROR, "the daemon did not answer");
    cJSON_Delete(census);
    cJSON_Delete(r->value);
    r->value = NULL;
    free(r->sent);
    r->sent = NULL;
    return r->outcome == SCN_PASS;
}

static bool can_judge(struct scn_session *s, struct scn_result *r)
{
    if (!s->record.on)
        scn_verdict(
            r, SCN_ERROR,
            "no calls are recorded: in the shell `:trace on` starts it, a file does so by itself");
    else if (catch_up(s, r) && s->record.incomplete)
        scn_verdict(r, SCN_ERROR,
                    "not all calls could be recorded: there were more than %d, or more than %d MiB "
                    "of them",
                    RECORD_MAX, RECORD_BYTES_MAX / 1024 / 1024);
    return r->outcome == SCN_PASS;
}

void scn_play_watch(struct scn_session *s, const struct scn_step *step, struct scn_result *r)
{
    struct nearest near = {0};
    struct strbuf came = STRBUF_INIT;
    bool never = step->kind == SCN_EXPECT_NEVER;
    const struct scn_recorded *found;

    if (!can_judge(s, r))
        return;
    found = find(s, step, &near);
    r->expected = strdup(step->expect.source);
    if (found == NULL && scn_time_over(s))
        scn_verdict(r, SCN_TIMEOUT, "the recorded calls could not be compared in time");
    if (found != NULL)
        add_call(&came, found);
    for (size_t i = 0; found == NULL && i < NEAREST && near.call[i] != NULL; i++)
        add_call(&came, near.call[i]);
    if (found != NULL && never)
        scn_verdict(r, SCN_FAIL, "a recorded call is like this");
    else if (found == NULL && !never)
        scn_verdict(r, SCN_FAIL, "none of the %zu recorded calls is like this%s", s->record.count,
                    near.call[0] != NULL ? "; those that come nearest:" : "");
    r->came = strbuf_take(&came);
}
