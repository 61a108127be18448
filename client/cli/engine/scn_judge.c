/* SPDX-License-Identifier: MIT */
/* Outcomes: results compared with what a step states. */
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

char *scn_reasons_of(int code, const cJSON *data)
{
    const cJSON *why = cJSON_GetObjectItemCaseSensitive(data, "why");
    const char *arg = json_text(data, "arg");
    struct strbuf text = STRBUF_INIT;
    const cJSON *item;

    if (code < SCN_NO_ERRNO && *arg != '\0')
        (void)strbuf_addf(&text, "argument '%s'", arg);
    cJSON_ArrayForEach(item, why) {
        if (cJSON_IsString(item))
            (void)strbuf_addf(&text, "%s%s", text.len > 0 ? "\n" : "", item->valuestring);
    }
    return strbuf_take(&text);
}

char *scn_reasons(const struct scbox_error *error)
{
    cJSON *data = scbox_error_tree(error);
    char *reasons = scn_reasons_of(error->code, data);

    cJSON_Delete(data);
    return reasons;
}

/** Whether the reasons contain every stated word. */
static void judge_why(struct scn_session *s, const struct scn_expect *e, struct scn_result *r)
{
    char *reasons = scn_reasons(&r->error);

    for (size_t i = 0; i < e->why_count; i++) {
        if (reasons != NULL && scn_found_in(e->why[i], &s->vars, reasons))
            continue;
        scn_verdict(r, SCN_FAIL, "it was refused as stated, but %s",
                    reasons != NULL && reasons[0] != '\0' ? "its reasons lack the word"
                                                          : "no reason was given");
    }
    free(reasons);
}

/* ---- judgement ---- */

/** Set the text of the result, in the syntax of the language. */
static void set_came(int status, struct scn_result *r)
{
    struct strbuf came = STRBUF_INIT;
    char *text = NULL;

    if (status == SCBOX_OK) {
        text = scn_readable(r->value);
        (void)strbuf_addf(&came, "= %s", text != NULL ? text : "?");
    } else {
        text = scbox_error_line(&r->error);
        (void)strbuf_adds(&came, "! ");
        if (r->error.code < SCN_NO_ERRNO) /* JSON-RPC's own errors have numbers only */
            (void)strbuf_addf(&came, "%d: ", r->error.code);
        (void)strbuf_adds(&came, text != NULL ? text : "?");
    }
    free(text);
    free(r->came);
    r->came = strbuf_take(&came);
}

void scn_too_late(struct scn_session *s, struct scn_result *r, const char *what)
{
    scn_verdict(r, SCN_TIMEOUT, "%s; the limit of all steps of the file is %g s", what,
                (double)s->timeout_ms / 1000);
}

void scn_judge_silence(struct scn_session *s, int status, struct scn_result *r)
{
    if (status == -ETIMEDOUT)
        scn_too_late(s, r, "no answer came in time");
    else if (status == -EINTR)
        scn_verdict(r, SCN_TIMEOUT, "interrupted");
    else
        scn_verdict(r, SCN_ERROR, "%s",
                    r->error.reason != NULL ? r->error.reason : strerror(-status));
}

/** The protocol's errors. */
enum {
#define RPC_ERROR(NAME, code, message, doc) RPC_E_##NAME = (code),
#include "schema/rpcerrors.def"
};

/** Whether an error is trouble of the daemon or the host, not of the request. */
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
    case ENOTSUP: /* this host can't run such programs, or no further one */
    case EAGAIN:
        return r->sent != NULL && strncmp(r->sent, "SC_PROC_EXEC ", 13) == 0;
    default:
        return false;
    }
}

/** Judge an error that was not stated and does not come from the tested program. */
static void judge_trouble(const struct scn_expect *e, struct scn_result *r)
{
    bool refusal = e->kind == SCN_REFUSES || e->kind == SCN_MAY_REFUSE;

    if (refusal && e->code == r->error.code)
        return;
    if (is_trouble(r))
        scn_verdict(r, SCN_ERROR, "the daemon or the host could not do this");
    else if (r->error.code < SCN_NO_ERRNO && !(refusal && e->code <= SCN_ANY_ERROR))
        scn_verdict(r, SCN_ERROR, "the daemon rejects this step: the scenario has a mistake");
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
        return; /* no request was sent, and the reason is known */
    set_came(status, r);
    if (status < 0)
        scn_judge_silence(s, status, r);
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
        set_came(status, r);
        scn_verdict(r, SCN_ERROR, "what the scenario sets up was refused");
    }
    scn_judge(s, expect, status, r);
}
