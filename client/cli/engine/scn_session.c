/* SPDX-License-Identifier: MIT */
#include "client/cli/engine/scn_session.h"

#include "client/cli/base/call_text.h"
#include "client/cli/base/json.h"
#include "client/lib/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    CLOSE_TIMEOUT_MS = 5000,
    LOOK_MS = 200,     /* between two checks of the stop flag */
    ASK_AFTER_MS = 15, /* answers that need no person arrive sooner */
    ASK_AFTER_TURNS = 2,
};

/* ---- requests ---- */

/** Milliseconds until the deadline; -1: none. */
static int time_left(const struct scn_session *s)
{
    int64_t left = s->deadline_ms - clock_ms();

    if (s->deadline_ms < 0)
        return SCBOX_FOREVER;
    if (left < 0)
        return 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}

bool scn_time_over(const struct scn_session *s)
{
    return time_left(s) == 0;
}

bool scn_stopped(const struct scn_session *s)
{
    return s->stop != NULL && *s->stop != 0;
}

/** The shorter of two waits; below 0: no limit. */
static int sooner(int a, int b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

void scn_sleep(struct scn_session *s, bool listening, int most_ms)
{
    struct pollfd fds[1 + SCN_ALSO_FDS] = {
        {.fd = listening ? scbox_fd(s->conn) : -1, .events = POLLIN}};

    for (size_t i = 1; i <= SCN_ALSO_FDS; i++)
        fds[i].fd = -1;
    if (s->also != NULL)
        most_ms = sooner(most_ms, s->also->before(s->user, listening, fds + 1));
    (void)poll(fds, 1 + SCN_ALSO_FDS, sooner(time_left(s), most_ms));
    if (s->also != NULL)
        s->also->after(s->user, listening, fds + 1);
}

/**
 * Wait for an answer, which may depend on a person's. As scbox_receive_tree(); -EINTR only if the
 * stop flag is set.
 */
static int receive(struct scn_session *s, int64_t id, cJSON **value, struct scbox_error *error)
{
    /* A signal between the check of the stop flag and the sleep does not end the sleep. */
    const int look_ms = s->stop != NULL && s->also == NULL ? LOOK_MS : -1;

    for (int turns = 0;;) {
        bool over = scn_time_over(s);
        int status = scbox_receive_tree(s->conn, id, 0, value, error);
        bool ask;

        if (status != -ETIMEDOUT && status != -EINTR)
            return status;
        if (scn_stopped(s))
            return -EINTR;
        if (over)
            return -ETIMEDOUT;
        ask = s->must_ask != NULL && s->must_ask(s->user);
        turns = ask ? turns + 1 : 0;
        if (turns <= ASK_AFTER_TURNS) {
            scn_sleep(s, true, ask ? ASK_AFTER_MS : look_ms);
            continue;
        }
        turns = 0;
        s->ask(s->user);
    }
}

int scn_receive(struct scn_session *s, int64_t id, struct scn_result *r)
{
    cJSON *value = NULL;
    int status = receive(s, id, &value, &r->error);

    if (status == -ETIMEDOUT || status == -EINTR)
        scbox_forget(s->conn, id);
    if (status == SCBOX_OK || status == -EINTR)
        scbox_error_done(&r->error);
    if (status == -EINTR)
        r->error = (struct scbox_error){
            .code = -EINTR, .name = strdup("EINTR"), .reason = strdup("interrupted")};
    cJSON_Delete(r->value);
    r->value = value;
    return status;
}

/** Keep a request's text, for a report. */
static void keep_sent(struct scn_result *r, const char *method, const cJSON *params)
{
    char *text = params != NULL ? scbox_json(params) : NULL;
    struct strbuf sent = STRBUF_INIT;

    (void)strbuf_addf(&sent, "%s %s", method, text != NULL ? text : "");
    free(text);
    free(r->sent);
    r->sent = strbuf_take(&sent);
}

int scn_request(struct scn_session *s, const char *method, cJSON *params, struct scn_result *r)
{
    int64_t id = 0;
    int status;

    if (!s->unopened)
        keep_sent(r, method, params);
    status = scbox_send_tree(s->conn, method, params, &id, &r->error);
    return status < 0 ? status : scn_receive(s, id, r);
}

int scn_session_call(struct scn_session *s, const char *method, cJSON *params, cJSON **out,
                     struct scbox_error *error)
{
    struct scn_result r = {0};
    int status = scn_request(s, method, params, &r);

    if (status == SCBOX_OK && out != NULL) {
        *out = r.value;
        r.value = NULL;
    }
    if (error != NULL) {
        scbox_error_done(error);
        *error = r.error;
        r.error = (struct scbox_error)SCBOX_ERROR_INIT;
    }
    scn_result_done(&r);
    return status;
}

cJSON *scn_listen_params(const char *kinds, bool lossless, int32_t pid, int shown)
{
    cJSON *events = cJSON_CreateArray();
    cJSON *params = json_object("events:v lossless:b", events, lossless);

    for (size_t len; *kinds != '\0'; kinds += len + (kinds[len] == ',')) {
        char kind[16];

        len = strcspn(kinds, ",");
        (void)snprintf(kind, sizeof kind, "%.*s", (int)len, kinds);
        (void)cJSON_AddItemToArray(events, cJSON_CreateString(kind));
    }
    if (pid != 0)
        (void)cJSON_AddNumberToObject(params, "pid", pid);
    if (shown != 0)
        (void)cJSON_AddNumberToObject(params, "shown", shown);
    return params;
}

cJSON *scn_census(struct scn_session *s, struct scn_result *r)
{
    cJSON *census;

    if (scn_request(s, "machine.info", cJSON_CreateObject(), r) != SCBOX_OK)
        return NULL;
    census = cJSON_DetachItemFromObjectCaseSensitive(r->value, "census");
    if (census == NULL)
        scn_verdict(r, SCN_ERROR, "the daemon's machine.info has no census");
    return census;
}

/* ---- events ---- */

/** Whether a process is the guest under `run`, or a later one that no step made. */
static bool is_guest(const struct scn_session *s, int32_t pid)
{
    if (pid <= s->log_pid)
        return pid == s->log_pid;
    for (size_t i = 0; i < s->actor_count; i++) {
        if (s->actors[i].pid == pid)
            return false;
    }
    return true;
}

/** Whether an event is of a call that scn_session_aside() hides. */
static bool is_aside(struct scn_session *s, enum event_kind kind, const cJSON *params)
{
    if (s->aside && kind == EVENT_CALL && json_int(params, "pid") == s->pid)
        s->aside_call = json_count(params, "seq");
    else if (!event_is_call(kind))
        return false;
    return s->aside_call != 0 && json_count(params, "seq") == s->aside_call;
}

static void on_event(void *user, const char *method, const cJSON *params)
{
    struct scn_session *s = user;
    const enum event_kind kind = event_kind_of(method, params);
    size_t len = 0;
    char *bytes = NULL;

    if (is_aside(s, kind, params))
        return;
    if (s->log_pid != 0 && kind == EVENT_LOG && is_guest(s, json_int(params, "pid")) &&
        scbox_data_tree(params, &bytes, &len) == 0)
        scn_output_add(&s->log, s->output_max, bytes, len);
    free(bytes);
    if (s->log_pid != 0 && kind == EVENT_END && json_int(params, "pid") == s->log_pid) {
        free(s->fault);
        s->fault = event_data(params);
    }
    if (kind == EVENT_END)
        scn_ended(s, json_int(params, "pid"), json_text(params, "data"));
    if (s->record.on)
        scn_record_event(&s->record, kind, params);
    if (s->on_event != NULL)
        s->on_event(s->user, kind, params);
}

/* ---- life ---- */

/** Open a session of the daemon, and subscribe to the machine's events. @r receives errors. */
static int open_session(struct scn_session *s, const struct scn_config *config,
                        struct scn_result *r)
{
    int status = scn_request(s, "session.open", json_object("machine:s", config->machine), r);

    if (status != SCBOX_OK)
        return status;
    s->pid = json_int(r->value, "pid");
    s->machine = strdup(json_text(r->value, "machine"));
    s->open = true;
    if (s->machine == NULL)
        return -ENOMEM;
    status = scn_session_record(s, config->record, "", &r->error);
    if (status != SCBOX_OK)
        return status;
    s->census = scn_census(s, r);
    return s->census != NULL ? SCBOX_OK : -EPROTO;
}

int scn_session_new(struct scbox_conn *conn, const struct scn_config *config,
                    struct scn_session **out, struct scbox_error *error)
{
    struct scn_session *s = calloc(1, sizeof *s);
    struct scn_result r = {0};
    int status;

    if (s == NULL) {
        error->code = -ENOMEM;
        return -ENOMEM;
    }
    s->conn = conn;
    s->dir = config->dir != NULL ? strdup(config->dir) : NULL;
    s->output_max = config->output_max != 0 ? config->output_max : SCN_OUTPUT_BYTES;
    s->on_event = config->on_event;
    s->user = config->user;
    s->must_ask = config->must_ask;
    s->ask = config->ask;
    s->allow = config->allow;
    s->stop = config->stop;
    s->also = config->also;
    s->lossless = config->lossless;
    s->unopened = config->unopened;
    scn_session_timeout(s, config->timeout_ms);
    scbox_on_event_tree(conn, on_event, s);
    status = config->unopened ? SCBOX_OK : open_session(s, config, &r);
    scbox_error_done(error);
    *error = r.error;
    r.error = (struct scbox_error)SCBOX_ERROR_INIT;
    scn_result_done(&r);
    if (status != SCBOX_OK) {
        scn_session_free(s);
        return status;
    }
    *out = s;
    return SCBOX_OK;
}

void scn_session_free(struct scn_session *s)
{
    if (s == NULL)
        return;
    scn_drop_background(s);
    if (s->open)
        (void)scbox_call_tree(s->conn, "session.close", NULL, CLOSE_TIMEOUT_MS, NULL, NULL);
    scbox_on_event_tree(s->conn, NULL, NULL);
    scn_vars_done(&s->vars);
    scn_arena_done(&s->kept);
    scn_output_done(&s->log);
    scn_record_done(&s->record);
    cJSON_Delete(s->census);
    scn_forget_copied(s);
    free(s->fault);
    free(s->background);
    for (size_t i = 0; i < s->actor_count; i++) {
        free(s->actors[i].host);
        free(s->actors[i].fault);
    }
    free(s->actors);
    free(s->machine);
    free(s->dir);
    free(s);
}

int32_t scn_session_pid(const struct scn_session *s)
{
    return s->pid;
}

const char *scn_session_machine(const struct scn_session *s)
{
    return s->machine;
}

void scn_session_timeout(struct scn_session *s, int timeout_ms)
{
    s->timeout_ms = timeout_ms;
    s->deadline_ms = timeout_ms == SCBOX_FOREVER ? -1 : clock_ms() + timeout_ms;
}

int scn_session_record(struct scn_session *s, bool on, const char *only, struct scbox_error *error)
{
    struct strbuf kinds = STRBUF_INIT;
    int status;

    (void)strbuf_addf(&kinds, "log,console,note,proc%s%s%s", on ? ",calls" : "",
                      *only != '\0' ? "," : "", only);
    status = scbox_subscribe(s->conn, strbuf_str(&kinds), s->lossless, time_left(s), error);
    if (status == SCBOX_OK && !on)
        scn_record_done(&s->record);
    if (status == SCBOX_OK)
        s->record.on = on;
    strbuf_done(&kinds);
    return status;
}

/* ---- variables ---- */

int scn_set(struct scn_session *s, const char *name, const char *text)
{
    if (name[0] == '\0' || name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                             "0123456789_")] != '\0')
        return -EINVAL;
    return scn_vars_set(&s->vars, name, cJSON_CreateString(text), true);
}

const char *scn_give(struct scn_session *s, char *const *sets, size_t count)
{
    uint64_t random = 0;
    char token[24];

    (void)getrandom(&random, sizeof random, 0);
    (void)snprintf(token, sizeof token, "t%016llx", (unsigned long long)random);
    (void)scn_set(s, "TOKEN", token);
    for (size_t i = 0; i < count; i++) {
        const char *value = strchr(sets[i], '=');
        char *name = value != NULL ? strndup(sets[i], (size_t)(value - sets[i])) : NULL;
        int err = name != NULL ? scn_set(s, name, value + 1) : -EINVAL;

        free(name);
        if (err < 0)
            return sets[i];
    }
    return NULL;
}

void scn_each_var(const struct scn_session *s,
                  void (*fn)(void *user, const char *name, const char *value), void *user)
{
    for (size_t i = 0; i < s->vars.count; i++) {
        char *text = scbox_json(s->vars.items[i].value);

        if (text != NULL)
            fn(user, s->vars.items[i].name, text);
        free(text);
    }
}

void scn_session_aside(struct scn_session *s, bool on)
{
    s->aside = on;
}

int32_t scn_session_scaffold(const struct scn_session *s)
{
    return s->scaffold_pid;
}
