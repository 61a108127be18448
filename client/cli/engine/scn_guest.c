/* SPDX-License-Identifier: MIT */
/*
 * run: a guest program in a new child (guest.h), and the comparison of its end with what is stated.
 *
 * The result is {pid, state, return_code, log}: its end, and the debug log of it and its children;
 * log_cut if not all of the log was kept.
 * A child that can't be started, or does not end in time, is killed.
 */
#include "client/cli/base/call_text.h"
#include "client/cli/base/fault_line.h"
#include "client/cli/base/json.h"
#include "client/cli/base/names.h"
#include "client/cli/engine/guest.h"
#include "client/cli/engine/scn_match.h"
#include "client/cli/scenario/scn_bytes.h"
#include "client/lib/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    KILL_TIMEOUT_MS = 2000,
    LOOK_TIMEOUT_MS = 500, /* for finding out what a program is doing that did not end */
};

/** Whether a path is of the simulated system: NAME: without a slash in NAME. */
static bool is_simulated(const char *path)
{
    size_t name_len = strcspn(path, ":/");

    return name_len > 0 && path[name_len] == ':';
}

/** Set the arguments, the program's name first, and the environment. */
static int give_args(struct guest *g, const struct scn_step *step)
{
    const struct scn_vars *vars = &g->c->s->vars;
    struct strbuf words = STRBUF_INIT;
    int err = 0;

    for (size_t i = 0; i < step->arg_count && err == 0; i++)
        err = scn_add_word(&words, step->args[i].value, vars);
    for (size_t i = 0; i < step->run.env_count && err == 0; i++) {
        (void)strbuf_addf(&words, "%s=", step->run.env[i].name);
        err = scn_add_word(&words, step->run.env[i].value, vars);
    }
    if (err == 0)
        err = guest_args(g, step->arg_count, &words);
    strbuf_done(&words);
    return err;
}

/** Type a text, or the end of input (NULL), at the program's own terminal. */
static int type_text(struct guest *g, const struct scn_value *text)
{
    cJSON *params = json_object("pid:i", g->pid);

    if (text != NULL && scn_add_data(params, "data", text, &g->c->s->vars) != 0) {
        cJSON_Delete(params);
        return -ENOMEM;
    }
    (void)cJSON_AddTrueToObject(params, "own");
    (void)cJSON_AddBoolToObject(params, "eof", text == NULL);
    return scn_request(g->c->s, "console.input", params, g->c->r);
}

/** Bytes of a text. */
static size_t length_of(const struct guest *g, const struct scn_value *text)
{
    cJSON *object = cJSON_CreateObject();
    char *bytes = NULL;
    size_t len = 0;

    if (scn_add_data(object, "data", text, &g->c->s->vars) == 0)
        (void)scbox_data_tree(object, &bytes, &len);
    free(bytes);
    cJSON_Delete(object);
    return len;
}

/** Type the program's input at its own terminal, and the end of input. */
static int give_input(struct guest *g, const struct scn_run *run)
{
    int status = SCBOX_OK;

    if (run->stdin_count > 0 && !g->has_tty) {
        scn_verdict(g->c->r, SCN_ERROR,
                    "stdin is stated, but no filesystem has a terminal to read it from; begin with "
                    "`fs io devfs`");
        return -ENOTTY;
    }
    for (size_t i = 0; i < run->stdin_count && status == SCBOX_OK; i++) {
        const struct scn_value *text = run->stdin_text[i];

        status = type_text(g, text);
        if (status == SCBOX_OK && json_int(g->c->r->value, "size") < (int32_t)length_of(g, text)) {
            scn_verdict(g->c->r, SCN_ERROR, "stdin is longer than the terminal's buffer");
            return -E2BIG;
        }
    }
    return status == SCBOX_OK ? type_text(g, NULL) : status;
}

/** Copy a program of the host, open as @from, into a new filesystem. */
static int load(struct guest *g, const char *host, int from)
{
    char fs[sizeof g->fs];
    int unread = 0;
    int status;

    (void)snprintf(fs, sizeof fs, "run.%d", ++g->c->s->run_count);
    status = guest_load(g, fs, "program", from, &unread);
    scn_report_unread(g->c->r, host, unread);
    return status;
}

static int prepare(struct guest *g, const struct scn_step *step, const char *typed,
                   const char *host, int from)
{
    int status = guest_make(g);

    if (status == SCBOX_OK)
        status = give_args(g, step);
    if (status == SCBOX_OK)
        status = give_input(g, &step->run);
    if (status != SCBOX_OK)
        return status;
    if (!is_simulated(typed))
        return load(g, host, from);
    g->file = scn_bytes_json(typed, strlen(typed));
    return g->file != NULL ? SCBOX_OK : -ENOMEM;
}

/** Start the program and wait for its end; c->r->value is its status then. */
static int execute(struct guest *g)
{
    struct scn_session *s = g->c->s;
    int status = guest_exec(g);

    if (status == SCBOX_OK)
        status = guest_wait(g);
    if (status == SCBOX_OK)
        (void)scn_output_put(&s->log, g->c->r->value, "log");
    s->log_pid = 0;
    return status;
}

/** Remove what the step made. Errors are not reported. */
static void clean_up(struct guest *g)
{
    struct scn_session *s = g->c->s;
    struct scn_result ignored = {0};
    struct scn_caller quiet = {s, g->c->as, &ignored};
    const int timeout_ms = s->timeout_ms;
    const int64_t deadline = s->deadline_ms;

    scn_session_timeout(s, KILL_TIMEOUT_MS);
    if (g->running)
        (void)scn_call(&quiet, "SC_PROC_KILL", json_object("pid:i", g->pid), NULL);
    if (g->fs[0] != '\0')
        (void)scn_call(&quiet, "SC_RM_FS", json_object("fs_name:s", g->fs), NULL);
    s->deadline_ms = deadline;
    s->timeout_ms = timeout_ms;
    scn_result_done(&ignored);
    cJSON_Delete(g->file);
}

/* ---- too late ---- */

/** Report how long a program ran that did not end, and what it was doing. */
static void report_too_late(struct guest *g)
{
    struct scn_session *s = g->c->s;
    struct scn_result ignored = {0};
    const int timeout_ms = s->timeout_ms;
    const int64_t deadline = s->deadline_ms;
    struct strbuf text = STRBUF_INIT;
    const cJSON *call = NULL;
    bool known;

    (void)strbuf_addf(&text, "the program did not end; it ran for %.1f s and was ",
                      (double)(clock_ms() - g->started_ms) / 1000);
    scn_session_timeout(s, LOOK_TIMEOUT_MS);
    known = scn_request(s, "proc.info", json_object("pid:i", g->pid), &ignored) == SCBOX_OK;
    if (known)
        call = cJSON_GetArrayItem(json_member(ignored.value, "waiting"), 0);
    if (call != NULL) {
        (void)strbuf_adds(&text, "waiting in ");
        call_text_begin(&text, call);
        (void)strbuf_addc(&text, ')');
    } else {
        (void)strbuf_adds(&text, known ? "computing, not in a call" : "too busy to be inspected");
    }
    s->deadline_ms = deadline;
    s->timeout_ms = timeout_ms;
    scn_too_late(s, g->c->r, strbuf_str(&text));
    strbuf_done(&text);
    scn_result_done(&ignored);
}

/* ---- judgement ---- */

/** The function and line of a program's fault. Returned; NULL: not known. */
static char *find_place(struct scn_session *s, const struct scn_value *program)
{
    char *typed = scn_bytes_path(program, &s->vars);
    const char *copied = typed != NULL ? scn_copied_from(s, typed) : NULL;
    char *host = typed != NULL && !is_simulated(typed) ? scn_host_path(s, program) : NULL;
    char *place = NULL;

    if (host != NULL || copied != NULL)
        place = fault_place_in(s->fault, host != NULL ? host : copied);
    free(typed);
    free(host);
    return place;
}

/** Add the kind of fault, and its place. */
static void add_fault(struct scn_session *s, const struct scn_step *step, struct scn_result *r,
                      struct strbuf *out)
{
    char *words;

    if (s->fault == NULL || s->fault[0] == '\0')
        return;
    if (r->place == NULL)
        r->place = find_place(s, step->args[0].value);
    words = fault_words(s->fault, r->place);
    (void)strbuf_addf(out, "; %s", words != NULL ? words : s->fault);
    free(words);
}

/** Report an end that is not the stated one; a fault that was not stated is a crash. */
static void judge_end(struct scn_session *s, const struct scn_step *step, struct scn_result *r)
{
    struct strbuf what = STRBUF_INIT;
    bool fault = strcmp(json_text(r->value, "state"), "FAILURE") == 0;
    struct strbuf end = STRBUF_INIT;

    name_ending(&end, r->value);
    if (fault)
        add_fault(s, step, r, &what);
    scn_verdict(r, fault && step->run.state == NULL ? SCN_CRASH : SCN_FAIL,
                "the program ended: %s%s%s", strbuf_str(&end),
                step->run.source == NULL ? ", where exit code 0 is success" : "",
                strbuf_str(&what));
    strbuf_done(&what);
    strbuf_done(&end);
}

/** Compare the state and the code behind it, which may be a name. */
static bool state_is(struct scn_session *s, const struct scn_run *run, const cJSON *value)
{
    const cJSON *state = cJSON_GetObjectItemCaseSensitive(value, "state");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(value, "return_code");
    struct strbuf why = STRBUF_INIT;
    bool is = scn_match(run->state, state, &s->vars, &why);
    char *name = run->code != NULL ? scn_text(run->code, &s->vars) : NULL;

    if (is && name != NULL && strcmp(name, name_of_failure(json_int(value, "return_code"))) != 0)
        is = scn_match(run->code, code, &s->vars, &why);
    free(name);
    strbuf_done(&why);
    return is;
}

static bool exit_is(struct scn_session *s, const struct scn_run *run, const cJSON *value)
{
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(value, "return_code");
    struct strbuf why = STRBUF_INIT;
    bool is = strcmp(json_text(value, "state"), "DONE") == 0 &&
              scn_match(run->exit_code, code, &s->vars, &why);

    strbuf_done(&why);
    return is;
}

/** Compare the program's output with a line below run. */
static void judge_log(struct scn_session *s, const struct scn_value *stated, struct scn_result *r)
{
    struct strbuf why = STRBUF_INIT;
    cJSON *log = cJSON_CreateObject();

    if (scn_output_put(&s->log, log, "data") != 0)
        scn_verdict(r, SCN_ERROR, "out of memory");
    else if (stated->negated && scn_match(stated, log, &s->vars, &why))
        scn_verdict(r, SCN_FAIL, "the log matches what was excluded");
    else if (stated->negated && s->log.cut > 0)
        scn_verdict(
            r, SCN_FAIL,
            "the log may match what was excluded: only its first %zu bytes were kept; `@output "
            "SIZE` in the file's head keeps more",
            s->log.kept.len);
    else if (!stated->negated && !scn_match(stated, log, &s->vars, &why))
        scn_verdict(r, SCN_FAIL, "the log is not as stated: %s%s", strbuf_str(&why),
                    s->log.cut > 0 ? "; `@output SIZE` in the file's head keeps more" : "");
    cJSON_Delete(log);
    strbuf_done(&why);
}

/** Compare the program's end and output with the lines below run. */
static void judge_run(struct scn_session *s, const struct scn_step *step, struct scn_result *r)
{
    const struct scn_run *run = &step->run;
    bool done =
        strcmp(json_text(r->value, "state"), "DONE") == 0 && json_int(r->value, "return_code") == 0;

    if (run->source != NULL && r->expected == NULL)
        r->expected = strdup(run->source);
    if (run->exit_code != NULL && !exit_is(s, run, r->value))
        judge_end(s, step, r);
    if (run->state != NULL && !state_is(s, run, r->value))
        judge_end(s, step, r);
    if (run->exit_code == NULL && run->state == NULL && step->expect.kind == SCN_SUCCEEDS && !done)
        judge_end(s, step, r);
    for (size_t i = 0; i < run->log_count; i++)
        judge_log(s, run->log[i], r);
}

void scn_play_run(struct scn_caller *c, const struct scn_step *step)
{
    struct guest g = {.c = c};
    char *typed = scn_bytes_path(step->args[0].value, &c->s->vars);
    char *host = NULL;
    int from = -1;
    int status = -ENOMEM;

    if (typed == NULL)
        scn_verdict(c->r, SCN_ERROR, "a path can't contain NUL");
    else if (!is_simulated(typed)) { /* a missing file is reported before anything is made */
        host = scn_host_path(c->s, step->args[0].value);
        from = scn_host_open(c->r, host, typed);
    }
    if (c->r->outcome == SCN_PASS) {
        c->s->scaffold_pid = c->as != 0 ? c->as : c->s->pid;
        status = prepare(&g, step, typed, host, from);
        if (status == SCBOX_OK)
            status = execute(&g);
        if (status == -ETIMEDOUT && g.started_ms != 0)
            report_too_late(&g);
        clean_up(&g);
        c->s->scaffold_pid = 0;
        scn_judge(c->s, &step->expect, status, c->r);
        c->r->ended = status == SCBOX_OK;
        if (c->r->ended)
            judge_run(c->s, step, c->r);
    }
    if (from >= 0)
        (void)close(from);
    free(host);
    free(typed);
}
