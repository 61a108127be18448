/* SPDX-License-Identifier: MIT */
/* Playing a step: calls and methods of the daemon, and the judgement of what came. */
#include "client/cli/engine/scn_session.h"

#include "client/cli/base/json.h"
#include "client/cli/engine/scn_match.h"
#include "client/cli/scenario/scn_bytes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const outcome_names[] = {
    [SCN_PASS] = "pass",       [SCN_SKIP] = "skip",   [SCN_FAIL] = "fail",
    [SCN_TIMEOUT] = "timeout", [SCN_CRASH] = "crash", [SCN_ERROR] = "error",
};

const char *scn_outcome_name(enum scn_outcome outcome)
{
    return outcome_names[outcome];
}

void scn_result_done(struct scn_result *r)
{
    free(r->sent);
    free(r->expected);
    free(r->came);
    free(r->problem);
    free(r->place);
    free(r->fault);
    cJSON_Delete(r->value);
    scbox_error_done(&r->error);
    *r = (struct scn_result){0};
}

void scn_verdict(struct scn_result *r, enum scn_outcome outcome, const char *fmt, ...)
{
    struct strbuf text = STRBUF_INIT;
    va_list ap;

    if (r->outcome != SCN_PASS)
        return;
    va_start(ap, fmt);
    (void)strbuf_addv(&text, fmt, ap);
    va_end(ap);
    r->outcome = outcome;
    free(r->problem);
    r->problem = strbuf_take(&text);
}

/* ---- reasons ---- */

char *scn_reasons(const struct scbox_error *error)
{
    const cJSON *why = cJSON_GetObjectItemCaseSensitive(error->data, "why");
    const char *arg = json_text(error->data, "arg");
    struct strbuf text = STRBUF_INIT;
    const cJSON *item;

    if (error->code < SCN_NO_ERRNO && *arg != '\0')
        (void)strbuf_addf(&text, "argument '%s'", arg);
    cJSON_ArrayForEach(item, why) {
        if (cJSON_IsString(item))
            (void)strbuf_addf(&text, "%s%s", text.len > 0 ? "\n" : "", item->valuestring);
    }
    return strbuf_take(&text);
}

/** Whether the reasons hold every word that was stated. */
static void judge_why(struct scn_session *s, const struct scn_expect *e, struct scn_result *r)
{
    char *reasons = scn_reasons(&r->error);

    for (size_t i = 0; i < e->why_count; i++) {
        if (reasons != NULL && scn_found_in(e->why[i], &s->vars, reasons))
            continue;
        scn_verdict(r, SCN_FAIL, "it was refused as stated, but %s",
                    reasons != NULL && reasons[0] != '\0' ? "no reason holds the word"
                                                          : "no reason was given");
    }
    free(reasons);
}

/* ---- judgement ---- */

/** Fill in what came, as the language would write it. */
static void tell_came(int status, struct scn_result *r)
{
    struct strbuf came = STRBUF_INIT;
    char *text = NULL;

    if (status == SCBOX_OK) {
        text = scn_readable(r->value);
        (void)strbuf_addf(&came, "= %s", text != NULL ? text : "?");
    } else {
        text = scbox_error_line(&r->error);
        (void)strbuf_adds(&came, "! ");
        if (r->error.code < SCN_NO_ERRNO) /* JSON-RPC's own errors go by their numbers */
            (void)strbuf_addf(&came, "%d: ", r->error.code);
        (void)strbuf_adds(&came, text != NULL ? text : "?");
    }
    free(text);
    free(r->came);
    r->came = strbuf_take(&came);
}

void scn_too_late(struct scn_session *s, struct scn_result *r, const char *what)
{
    scn_verdict(r, SCN_TIMEOUT, "%s; all steps of the file together have %g s", what,
                (double)s->timeout_ms / 1000);
}

/** Judge a request that got no answer. */
static void judge_silence(struct scn_session *s, int status, struct scn_result *r)
{
    if (status == -ETIMEDOUT)
        scn_too_late(s, r, "no answer came in time");
    else if (status == -EINTR)
        scn_verdict(r, SCN_TIMEOUT, "interrupted");
    else
        scn_verdict(r, SCN_ERROR, "%s",
                    r->error.message != NULL ? r->error.message : strerror(-status));
}

/** The protocol's errors. */
enum {
#define RPC_ERROR(NAME, code, message, doc) RPC_E_##NAME = (code),
#include "schema/rpcerrors.def"
};

/** Whether an error is the daemon's or the host's trouble, whatever it was asked. */
static bool is_trouble(const struct scn_result *r)
{
    switch (r->error.code) {
    case RPC_E_INTERNAL:
    case RPC_E_NO_SESSION:
    case RPC_E_TOO_LARGE:
    case RPC_E_SHUTTING_DOWN:
    case RPC_E_TOO_MANY:
    case RPC_E_NOT_AUTHORISED:
    case RPC_E_ANSWER:
    case RPC_E_CANCELLED:
        return true;
    case ENOTSUP: /* this host runs no such programs, or not one more */
    case EAGAIN:
        return r->sent != NULL && strncmp(r->sent, "SC_PROC_EXEC ", 13) == 0;
    default:
        return false;
    }
}

/** Judge an error that is not the one that was stated and tells nothing of what is tested. */
static void judge_trouble(const struct scn_expect *e, struct scn_result *r)
{
    bool refusal = e->kind == SCN_REFUSES || e->kind == SCN_MAY_REFUSE;

    if (refusal && e->code == r->error.code)
        return;
    if (is_trouble(r))
        scn_verdict(r, SCN_ERROR, "the daemon or the host could not do this");
    else if (r->error.code < SCN_NO_ERRNO && !(refusal && e->code <= SCN_ANY_ERROR))
        scn_verdict(r, SCN_ERROR, "the daemon does not take this step: the scenario is wrong");
}

static void judge_refusal(struct scn_session *s, const struct scn_expect *e, struct scn_result *r)
{
    judge_trouble(e, r);
    if (e->kind != SCN_REFUSES && e->kind != SCN_MAY_REFUSE)
        scn_verdict(r, SCN_FAIL, "it was refused");
    else if (e->code == SCN_ANY_ERROR || r->error.code == e->code)
        judge_why(s, e, r);
    else if (e->code < 0)
        scn_verdict(r, SCN_FAIL, "it was refused, but not with %d", e->code);
    else
        scn_verdict(r, SCN_FAIL, "it was refused, but not with %s", sc_errno_name(e->code));
}

static void judge_result(struct scn_session *s, const struct scn_expect *e, struct scn_result *r)
{
    struct strbuf why = STRBUF_INIT;

    if (e->kind == SCN_REFUSES)
        scn_verdict(r, SCN_FAIL, "it succeeded");
    else if (e->kind == SCN_YIELDS && !scn_match(e->pattern, r->value, &s->vars, &why))
        scn_verdict(r, SCN_FAIL, "%s", strbuf_str(&why));
    strbuf_done(&why);
}

void scn_judge(struct scn_session *s, const struct scn_expect *expect, int status,
               struct scn_result *r)
{
    if (expect->source != NULL && r->expected == NULL)
        r->expected = strdup(expect->source);
    if (r->outcome != SCN_PASS)
        return; /* it did not come to a request; why not was told */
    tell_came(status, r);
    if (status < 0)
        judge_silence(s, status, r);
    else if (status == SCBOX_REFUSED)
        judge_refusal(s, expect, r);
    else
        judge_result(s, expect, r);
}

void scn_judge_setup(struct scn_session *s, const struct scn_expect *expect, int status,
                     struct scn_result *r)
{
    if (r->outcome == SCN_PASS && status == SCBOX_REFUSED &&
        (expect->kind == SCN_SUCCEEDS || expect->kind == SCN_YIELDS)) {
        tell_came(status, r);
        scn_verdict(r, SCN_ERROR, "what the scenario sets up was refused");
    }
    scn_judge(s, expect, status, r);
}

/* ---- calls and methods ---- */

/** Remember a process that a call made: the one result of kind pid there is. */
static void note_made(struct scn_session *s, const struct scn_step *step,
                      const struct scn_result *r)
{
    const struct sc_field_info *info = step->call->results;
    const cJSON *pid;

    if (info->name == NULL || info->kind != SC_K_pid)
        return;
    pid = cJSON_GetObjectItemCaseSensitive(r->value, info->name);
    if (cJSON_IsNumber(pid))
        (void)scn_made(s, pid->valueint);
}

/** Note which program a process was given. */
static void note_started(struct scn_session *s, const struct scn_step *step)
{
    char *file = NULL;
    int32_t pid = 0;

    if (step->call->nr != SC_PROC_EXEC)
        return;
    for (size_t i = 0; i < step->arg_count; i++) {
        const struct scn_arg *arg = &step->args[i];
        char *text = scn_bytes_path(arg->value, &s->vars);

        if (text != NULL && arg->info->kind == SC_K_pid)
            pid = (int32_t)strtol(text, NULL, 0);
        if (text == NULL || arg->info->kind != SC_K_path) {
            free(text);
            continue;
        }
        free(file);
        file = text;
    }
    if (file != NULL)
        scn_started(s, pid, file);
    free(file);
}

/** Tell why and where a process failed, when a call told its end. */
static void add_fault(const struct scn_session *s, struct scn_result *r)
{
    struct strbuf all = STRBUF_INIT;

    if (strcmp(json_text(r->value, "state"), "FAILURE") != 0)
        return;
    r->fault = scn_fault_of(s, json_int(r->value, "pid"));
    if (r->fault == NULL || r->problem == NULL)
        return;
    (void)strbuf_addf(&all, "%s; %s", r->problem, r->fault);
    free(r->problem);
    r->problem = strbuf_take(&all);
}

/** Note what a method of the daemon did that the session keeps track of. */
static void note_method(struct scn_session *s, const char *method, const cJSON *params)
{
    const cJSON *pid = cJSON_GetObjectItemCaseSensitive(params, "pid");

    if (strcmp(method, "proc.drive") == 0 && cJSON_IsNumber(pid))
        scn_driven(s, pid->valueint);
}

static cJSON *step_params(const struct scn_session *s, const struct scn_step *step, int32_t as)
{
    cJSON *params;

    if (step->kind == SCN_CALL)
        params = scn_eval_call(step, &s->vars);
    else if (step->arg_count > 0)
        params = scn_eval(step->args[0].value, &s->vars);
    else
        params = cJSON_CreateObject();
    if (as != 0 && cJSON_IsObject(params))
        (void)cJSON_AddNumberToObject(params, "as", as);
    if (step->background != 0 && cJSON_IsObject(params))
        (void)cJSON_AddBoolToObject(params, "background", true);
    return params;
}

static void play_request(struct scn_session *s, const struct scn_step *step, struct scn_result *r)
{
    const char *method = step->kind == SCN_CALL ? step->call->name : step->method;
    int32_t as = 0;
    int status = scn_act_as(s, step, &as, r);
    cJSON *params;

    r->call = step->call;
    if (status != SCBOX_OK) {
        scn_judge(s, &step->expect, status, r);
        return;
    }
    params = step_params(s, step, as);
    if (step->background != 0) {
        status = scn_begin_background(s, step, method, params, r);
        if (status < 0)
            judge_silence(s, status, r);
        return;
    }
    if (step->kind == SCN_METHOD)
        note_method(s, method, params);
    status = scn_request(s, method, params, r);
    if (status == SCBOX_OK && step->kind == SCN_CALL)
        note_made(s, step, r);
    if (status == SCBOX_OK && step->kind == SCN_CALL)
        note_started(s, step);
    scn_judge(s, &step->expect, status, r);
    add_fault(s, r);
}

/**
 * Take the result of a background step. The clock of a virtual machine moves only while a session waits,
 * so the daemon is told that this one does.
 */
static void play_wait(struct scn_session *s, const struct scn_step *step, struct scn_result *r)
{
    struct scn_background *b = scn_background_at(s, step->background);
    const struct scn_expect *expect;
    cJSON *params = cJSON_CreateObject();
    int status;

    if (b == NULL) {
        cJSON_Delete(params);
        scn_verdict(r, SCN_ERROR, "the result of &%d was taken already", step->background);
        return;
    }
    (void)cJSON_AddNumberToObject(params, "id", (double)b->id);
    status = scn_request(s, "call.wait", params, r);
    if (status == SCBOX_OK) {
        status = scn_receive(s, b->id, r);
        b->id = 0;
    }
    free(r->sent);
    r->sent = b->sent != NULL ? strdup(b->sent) : NULL;
    r->call = b->call;
    expect = step->expect.kind != SCN_SUCCEEDS ? &step->expect : &b->expect;
    scn_judge(s, expect, status, r);
    add_fault(s, r);
}

/** Play a step made of several calls. */
static void play_form(struct scn_session *s, const struct scn_step *step, struct scn_result *r)
{
    struct scn_caller c = {.s = s, .r = r};
    int status = scn_act_as(s, step, &c.as, r);

    if (status != SCBOX_OK || step->kind == SCN_FS || step->kind == SCN_COPY) {
        if (status == SCBOX_OK)
            status = step->kind == SCN_FS ? scn_play_fs(&c, step) : scn_play_copy(&c, step);
        scn_judge_setup(s, &step->expect, status, r);
    } else if (step->kind == SCN_EXPECT_FILE) {
        scn_judge(s, &step->expect, scn_play_expect_file(&c, step), r);
    } else if (step->kind == SCN_EXPECT_CENSUS) {
        scn_play_expect_census(&c);
    } else {
        scn_play_run(&c, step);
    }
}

static size_t sizes_of_args(const struct scn_arg *args, size_t count, const struct scn_vars *vars)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += scn_text_size(args[i].value, vars);
    return size;
}

static size_t sizes_of(struct scn_value *const *values, size_t count, const struct scn_vars *vars)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += scn_text_size(values[i], vars);
    return size;
}

/** Whether a step's texts are small enough; a line can name a large variable a thousand times. */
static bool texts_fit(const struct scn_session *s, const struct scn_step *step,
                      struct scn_result *r)
{
    const struct scn_run *run = &step->run;
    const struct scn_vars *vars = &s->vars;
    size_t size = sizes_of_args(step->args, step->arg_count, vars) +
                  sizes_of_args(run->env, run->env_count, vars) +
                  sizes_of(step->expect.why, step->expect.why_count, vars) +
                  sizes_of(run->stdin_text, run->stdin_count, vars) +
                  sizes_of(run->log, run->log_count, vars) +
                  scn_text_size(step->expect.pattern, vars);

    if (size > SCN_TEXTS_MAX)
        scn_verdict(r, SCN_ERROR,
                    "the texts of this step have more than %d bytes with their variables filled in",
                    SCN_TEXTS_MAX);
    return size <= SCN_TEXTS_MAX;
}

void scn_play(struct scn_session *s, const struct scn_step *step, struct scn_result *r)
{
    if (!texts_fit(s, step, r))
        return;
    switch (step->kind) {
    case SCN_COMMENT:
        return;
    case SCN_CALL:
    case SCN_METHOD:
        play_request(s, step, r);
        return;
    case SCN_WAIT:
        play_wait(s, step, r);
        return;
    case SCN_EXPECT_TRACE:
    case SCN_EXPECT_NEVER:
        scn_play_watch(s, step, r);
        return;
    case SCN_FAULT:
        scn_play_fault(s, step, r);
        return;
    default:
        play_form(s, step, r);
        return;
    }
}
