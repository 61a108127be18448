/* SPDX-License-Identifier: MIT */
/* Playing a step: calls and methods of the daemon. */
#include "client/cli/engine/scn_session.h"

#include "client/cli/base/json.h"
#include "client/cli/scenario/scn_bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** Remember a process that a call made: its result of kind pid. */
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

/** Remember the program of a process. */
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

/** Add why and where a process failed, if the call returned its end. */
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

/** Update the session's state after a method of the daemon. */
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
            scn_judge_silence(s, status, r);
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
 * Take the result of a background step. A virtual clock moves only while sessions wait, so the
 * daemon must know that this one does.
 */
static void play_wait(struct scn_session *s, const struct scn_step *step, struct scn_result *r)
{
    struct scn_background *b = scn_background_at(s, step->background);
    const struct scn_expect *expect;
    int status;

    if (b == NULL) {
        scn_verdict(r, SCN_ERROR, "the result of &%d has already been taken", step->background);
        return;
    }
    status = scn_request(s, "call.wait", json_object("id:v", cJSON_CreateNumber((double)b->id)), r);
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

/** Whether a step's texts are small enough: a line can use a large variable many times. */
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
        scn_verdict(r, SCN_ERROR, "with its variables this step has more than %d bytes of text",
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
