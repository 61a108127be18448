/* SPDX-License-Identifier: MIT */
/* One file: parse it, make its machine, play its steps, write its report. */
#include "client/cli/test/scn_job.h"

#include "client/cli/base/json.h"
#include "client/cli/base/names.h"
#include "client/cli/engine/scn_print.h"
#include "client/cli/engine/scn_session.h"
#include "client/cli/scenario/scn_parse.h"
#include "client/lib/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SETUP_TIMEOUT_MS = 10 * 1000, /* the daemon has this long to make or destroy a machine */
    TEXT_MAX = 64 * 1024,         /* bytes of one text of a step */
    REPORT_MAX = 8 * 1024 * 1024, /* bytes of texts of a report, beside one program's output */
    FAILURE_MAX = 1024 * 1024,    /* likewise of the step that did not pass */
    HANG_SECONDS = 120, /* a process that nobody kills ends so long after its file's time */
    PARSE_MS = 15 * 1000,
    SETUP_MS = 4 * SETUP_TIMEOUT_MS,
    END_MS = 2 * SETUP_TIMEOUT_MS,
};

/** A file on its way. */
struct job {
    const struct scn_jobs *jobs;
    struct scn_progress *progress;
    int number;
    struct scn_scenario scenario;
    struct scbox_conn *conn;
    struct scn_session *session;
    char *machine; /* ours to destroy; NULL: none */
    char *tmp;
    cJSON *report;
    struct scn_output printed; /* what guests printed during the step under way */
    size_t output_max;         /* bytes kept of that */
    size_t room;               /* bytes of texts that the report still has room for */
    enum scn_outcome outcome;
    struct scn_parser empty; /* error: the file states nothing, and so can't pass; NULL: it does */
};

/* ---- the report ---- */

enum scn_outcome scn_report_outcome(const cJSON *report)
{
    const char *text = json_text(report, "outcome");

    for (int i = SCN_PASS; i < SCN_ERROR; i++) {
        if (strcmp(scn_outcome_name((enum scn_outcome)i), text) == 0)
            return (enum scn_outcome)i;
    }
    return SCN_ERROR;
}

static void add_text(cJSON *object, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        (void)cJSON_AddStringToObject(object, name, text);
}

/** Add the first @most bytes of a text, and how many follow. Returns how many are shown. */
static size_t add_start(cJSON *object, const char *name, const char *text, size_t most)
{
    size_t len = text != NULL ? strlen(text) : 0;
    struct strbuf shown = STRBUF_INIT;

    if (len <= most) {
        add_text(object, name, text);
        return len;
    }
    most = scn_whole_characters(text, most);
    (void)strbuf_add(&shown, text, most);
    (void)strbuf_addf(&shown, " … %zu bytes more", len - most);
    add_text(object, name, strbuf_str(&shown));
    strbuf_done(&shown);
    return most;
}

/** Add a line of the file, which has at most SCN_SOURCE_MAX bytes. */
static void add_line(cJSON *entry, const char *name, const char *line)
{
    (void)add_start(entry, name, line, TEXT_MAX);
}

/** Add what came of a step, as far as the report has room. */
static void add_step_text(struct job *j, cJSON *entry, const char *name, const char *text)
{
    j->room -= add_start(entry, name, text, j->room < TEXT_MAX ? j->room : TEXT_MAX);
}

/** Add what guests printed during a step. */
static void add_printed(struct job *j, cJSON *entry)
{
    struct scn_output fits = {0};

    if (j->printed.kept.len <= j->room) {
        (void)scn_output_put(&j->printed, entry, "log");
        j->room -= j->printed.kept.len;
    } else {
        scn_output_add(&fits, j->room, strbuf_str(&j->printed.kept), j->printed.kept.len);
        fits.cut += j->printed.cut;
        (void)scn_output_put(&fits, entry, "log");
        j->room = 0;
    }
    scn_output_done(&fits);
    scn_output_reset(&j->printed);
}

/** End a file before or between its steps. */
static void job_fail(struct job *j, enum scn_outcome outcome, const char *problem)
{
    if (j->outcome != SCN_PASS)
        return;
    j->outcome = outcome;
    (void)add_start(j->report, "problem", problem, TEXT_MAX);
}

/** As job_fail() with what the daemon or libscbox said. */
static void job_fail_error(struct job *j, const char *doing, const struct scbox_error *error)
{
    char *line = scbox_error_line(error);
    struct strbuf text = STRBUF_INIT;

    (void)strbuf_addf(&text, "%s: %s", doing, line != NULL ? line : "?");
    job_fail(j, SCN_ERROR, strbuf_str(&text));
    strbuf_done(&text);
    free(line);
}

/** The members of a result that a pattern names; returned; NULL when it names none at all. */
static cJSON *stated_members(const struct scn_expect *e, const cJSON *value)
{
    cJSON *members;

    if (e->kind != SCN_YIELDS || e->pattern->kind != SCN_OBJECT || !cJSON_IsObject(value))
        return NULL;
    members = cJSON_CreateObject();
    for (size_t i = 0; i < e->pattern->member_count; i++) {
        const char *key = e->pattern->members[i].key;
        const cJSON *member = cJSON_GetObjectItemCaseSensitive(value, key);

        (void)cJSON_AddItemToObject(members, key, cJSON_Duplicate(member, true));
    }
    return members;
}

/** Tell what came of a step that passed, in the words of a story: no more than it asked about. */
static void add_step(struct strbuf *out, const struct scn_step *step, const struct scn_result *r)
{
    const struct scn_expect *e = &step->expect;
    cJSON *members = stated_members(e, r->value);

    if (step->kind == SCN_RUN && r->value != NULL) {
        name_ending(out, r->value);
    } else if (members != NULL) {
        scn_add_value(out, members);
    } else if (r->value != NULL || r->error.code != 0) {
        scn_add_outcome(out, r);
        if (e->kind == SCN_YIELDS && e->pattern->kind == SCN_VAR)
            (void)strbuf_addf(out, ", now $%s", e->pattern->text);
    }
    cJSON_Delete(members);
}

/** Add what a step puts in, without what it states: all that @show input leaves. */
static void add_input(cJSON *entry, const struct scn_step *step)
{
    const char *line = step->run.source;
    struct strbuf given = STRBUF_INIT;
    bool expects = step->kind == SCN_EXPECT_FILE || step->kind == SCN_EXPECT_CENSUS ||
                   step->kind == SCN_EXPECT_TRACE || step->kind == SCN_EXPECT_NEVER;

    add_line(entry, "input", expects ? "expect …" : step->act);
    while (line != NULL && *line != '\0') {
        size_t len = strcspn(line, "\n");

        if (strncmp(line, "stdin", 5) == 0 || strncmp(line, "env", 3) == 0) {
            (void)strbuf_add(&given, line, len);
            (void)strbuf_addc(&given, '\n');
        }
        line += len + (line[len] == '\n');
    }
    (void)add_start(entry, "given", strbuf_str(&given), TEXT_MAX);
    strbuf_done(&given);
}

/** Tell what a step did; for one that did not pass, everything that helps. */
static void report_step(struct job *j, cJSON *steps, const struct scn_step *step,
                        const struct scn_result *r)
{
    cJSON *entry = json_object("line:i", step->line);
    struct strbuf told = STRBUF_INIT;
    char *reasons = scn_reasons(&r->error);

    add_step(&told, step, r);
    add_line(entry, "source", step->source);
    add_line(entry, "act", step->act);
    if (j->scenario.header.show != NULL)
        add_input(entry, step);
    if (r->outcome != SCN_PASS) /* the last step, and the one that counts: it has room of its own */
        j->room += FAILURE_MAX + j->output_max;
    add_text(entry, "outcome", scn_outcome_name(r->outcome));
    add_step_text(j, entry, "told", strbuf_str(&told));
    add_step_text(j, entry, "reasons", reasons);
    add_printed(j, entry);
    if (r->outcome != SCN_PASS) {
        add_text(entry, "file", step->file);
        add_step_text(j, entry, "sent", r->sent);
        add_step_text(j, entry, "expected", r->expected);
        add_step_text(j, entry, "came", r->came);
        add_step_text(j, entry, "problem", r->problem);
        add_step_text(j, entry, "advice", r->error.hint != NULL ? r->error.hint : "");
    }
    (void)cJSON_AddItemToArray(steps, entry);
    strbuf_done(&told);
    free(reasons);
    j->outcome = r->outcome;
}

/** Keep what guests print, as log or to the console, for the step during which they do. */
static void on_event(void *user, enum event_kind kind, const cJSON *params)
{
    struct job *j = user;
    size_t len = 0;
    char *bytes = NULL;

    if (kind != EVENT_LOG && kind != EVENT_CONSOLE)
        return;
    if (scbox_data_tree(params, &bytes, &len) == 0)
        scn_output_add(&j->printed, j->output_max, bytes, len);
    free(bytes);
}

static void add_cites(cJSON *report, const struct scn_header *h)
{
    cJSON *cites = cJSON_AddArrayToObject(report, "cites");

    for (size_t i = 0; i < h->cite_count; i++)
        (void)cJSON_AddItemToArray(cites, cJSON_CreateString(h->cites[i]));
}

static void report_header(struct job *j)
{
    const struct scn_header *h = &j->scenario.header;

    add_text(j->report, "title", h->title);
    if (h->cite_count > 0)
        add_cites(j->report, h);
    add_text(j->report, "set", h->set);
    add_text(j->report, "hint", h->hint);
    add_text(j->report, "visibility", h->visibility);
    add_text(j->report, "show", h->show);
    if (h->points > 0)
        (void)cJSON_AddNumberToObject(j->report, "points", h->points);
}

/* ---- how far it is ---- */

/** Begin a phase that may take a time. */
static void begin_phase(struct job *j, enum scn_phase phase, int64_t ms)
{
    j->progress->deadline_ms = clock_ms() + ms;
    j->progress->phase = phase;
}

/** Leave what is known by the head, for a report that this process does not come to write. */
static void leave_head(struct job *j)
{
    char *text = scbox_json(j->report);

    if (text != NULL && strlen(text) < sizeof j->progress->head)
        (void)snprintf(j->progress->head, sizeof j->progress->head, "%s", text);
    free(text);
}

static void leave_step(struct job *j, const struct scn_step *step)
{
    j->progress->line = step->line;
    (void)snprintf(j->progress->file, sizeof j->progress->file, "%s", step->file);
    (void)snprintf(j->progress->source, sizeof j->progress->source, "%s", step->source);
}

/* ---- the file ---- */

/** Tell the parser which variables there will be. */
static void know_variables(const struct scn_jobs *jobs, struct scn_parser *p)
{
    scn_know(p, "TMP", true);
    scn_know(p, "TOKEN", true);
    for (size_t i = 0; i < jobs->set_count; i++) {
        const char *set = jobs->sets[i];

        scn_know(p, scn_strndup(p->arena, set, strcspn(set, "=")), true);
    }
}

/** Tell a mistake of the file. */
static void report_mistake(struct job *j, const struct scn_parser *p, const char *path)
{
    job_fail(j, SCN_ERROR, p->error);
    if (strcmp(p->error_file, path) != 0)
        add_text(j->report, "at", p->error_file);
    if (p->error_line > 0) {
        (void)cJSON_AddNumberToObject(j->report, "line", p->error_line);
        (void)cJSON_AddNumberToObject(j->report, "column", p->error_column);
    }
}

/** Parse the file. That it states nothing is told in the end, if what it sets up could be. */
static void parse(struct job *j, struct scn_arena *arena, const char *path)
{
    struct scn_parser p = {.arena = arena};
    bool parsed;

    know_variables(j->jobs, &p);
    parsed = scn_parse_file(&p, path, &j->scenario);
    report_header(j);
    if (!parsed)
        report_mistake(j, &p, path);
    else if (!scn_check_stated(&p, &j->scenario, path))
        j->empty = p;
}

/* ---- what a file is played in ---- */

/** Whether the host can run the guests that a file needs; else the file is skipped, with the reason. */
static void check_needs(struct job *j)
{
    const char *needs = j->scenario.header.needs;
    struct scbox_error error = SCBOX_ERROR_INIT;
    struct strbuf reason = STRBUF_INIT;
    cJSON *info = NULL;
    const cJSON *guests;
    const cJSON *can;

    if (needs == NULL || j->outcome != SCN_PASS)
        return;
    if (scbox_call_tree(j->conn, "server.info", NULL, SETUP_TIMEOUT_MS, &info, &error) !=
        SCBOX_OK) {
        job_fail_error(j, "asking what guests the daemon can run", &error);
        scbox_error_done(&error);
        return;
    }
    guests = cJSON_GetObjectItemCaseSensitive(info, "guests");
    can = cJSON_GetObjectItemCaseSensitive(guests, needs);
    if (!cJSON_IsTrue(can)) {
        (void)strbuf_addf(&reason, "this host can't run %s guests%s%s", needs,
                          cJSON_IsString(can) ? ": " : "",
                          cJSON_IsString(can) ? can->valuestring : "");
        job_fail(j, SCN_SKIP, strbuf_str(&reason));
    }
    strbuf_done(&reason);
    cJSON_Delete(info);
}

static void make_machine(struct job *j)
{
    struct scbox_error error = SCBOX_ERROR_INIT;
    struct strbuf name = STRBUF_INIT;
    cJSON *params = NULL;

    (void)strbuf_addf(&name, "test-%ld-%d", (long)getppid(), j->number);
    params = json_object("name:s clock:s lockstep:b transient:b", strbuf_str(&name),
                         j->scenario.header.virtual_clock ? "virtual" : "real",
                         j->scenario.header.lockstep, !j->jobs->keep);
    if (scbox_call_tree(j->conn, "machine.create", params, SETUP_TIMEOUT_MS, NULL, &error) ==
        SCBOX_OK)
        j->machine = strbuf_take(&name);
    else
        job_fail_error(j, "making a machine", &error);
    strbuf_done(&name);
    scbox_error_done(&error);
}

/** Make $TMP and give all variables their values. */
static void set_variables(struct job *j)
{
    struct strbuf tmp = STRBUF_INIT;

    (void)strbuf_addf(&tmp, "%s/%d", j->jobs->tmp, j->number);
    j->tmp = strbuf_take(&tmp);
    if (j->tmp == NULL || mkdir(j->tmp, 0700) != 0) {
        job_fail(j, SCN_ERROR, "can't make the directory $TMP");
        return;
    }
    (void)scn_set(j->session, "TMP", j->tmp);
    (void)scn_give(j->session, j->jobs->sets, j->jobs->set_count);
}

/** Whether a file looks at the calls that were made. */
static bool is_watching(const struct scn_scenario *s)
{
    for (size_t i = 0; i < s->step_count; i++) {
        if (s->steps[i].kind == SCN_EXPECT_TRACE || s->steps[i].kind == SCN_EXPECT_NEVER)
            return true;
    }
    return false;
}

static void open_session(struct job *j, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash != NULL ? strndup(path, (size_t)(slash - path)) : NULL;
    struct scbox_error error = SCBOX_ERROR_INIT;
    struct scn_config config = {
        .machine = j->machine != NULL ? j->machine : j->jobs->machine,
        .dir = slash == path ? "/" : dir,
        .timeout_ms = SETUP_TIMEOUT_MS,
        .output_max = j->output_max,
        .on_event = on_event,
        .user = j,
        .lossless = j->jobs->machine == NULL,
        .record = is_watching(&j->scenario),
        .stop = j->jobs->stop,
    };

    if (scn_session_new(j->conn, &config, &j->session, &error) != SCBOX_OK)
        job_fail_error(j, "opening a session", &error);
    else
        set_variables(j);
    scbox_error_done(&error);
    free(dir);
}

static void set_up(struct job *j, const char *path)
{
    struct scbox_error error = SCBOX_ERROR_INIT;

    if (j->outcome != SCN_PASS)
        return;
    if (scbox_connect(j->jobs->socket, &j->conn, &error) != 0) {
        job_fail_error(j, "connecting", &error);
        scbox_error_done(&error);
        return;
    }
    check_needs(j);
    if (j->outcome == SCN_PASS && j->jobs->machine == NULL)
        make_machine(j);
    if (j->outcome == SCN_PASS)
        open_session(j, path);
}

static void tear_down(struct job *j)
{
    bool keep = j->jobs->keep && j->machine != NULL;

    scn_session_free(j->session);
    if (j->machine != NULL && !keep) {
        cJSON *params = cJSON_CreateObject();

        (void)cJSON_AddStringToObject(params, "machine", j->machine);
        (void)scbox_call_tree(j->conn, "machine.destroy", params, SETUP_TIMEOUT_MS, NULL, NULL);
    }
    scbox_disconnect(j->conn);
    scn_output_done(&j->printed);
    free(j->machine);
    free(j->tmp);
}

/* ---- the steps ---- */

static void play_steps(struct job *j)
{
    const struct scn_scenario *s = &j->scenario;
    int timeout_ms = s->header.timeout_ms > 0 ? s->header.timeout_ms : j->jobs->timeout_ms;
    cJSON *steps = cJSON_AddArrayToObject(j->report, "steps");
    size_t i;

    if (j->outcome != SCN_PASS)
        return;
    scn_session_timeout(j->session, timeout_ms);
    (void)alarm((unsigned)timeout_ms / 1000 + HANG_SECONDS);
    begin_phase(j, SCN_PLAYING, (int64_t)timeout_ms + SCN_GRACE_MS);
    for (i = 0; i < s->step_count && j->outcome == SCN_PASS; i++) {
        struct scn_result r = {0};

        if (s->steps[i].kind == SCN_COMMENT) {
            (void)cJSON_AddItemToArray(steps, json_object("comment:s", s->steps[i].method));
            continue;
        }
        leave_step(j, &s->steps[i]);
        if (*j->jobs->stop != 0)
            scn_verdict(&r, SCN_TIMEOUT, "interrupted");
        else
            scn_play(j->session, &s->steps[i], &r);
        if (*j->jobs->stop != 0 && r.outcome == SCN_TIMEOUT)
            r.outcome = SCN_ERROR; /* whoever ended it learns nothing about what was tested */
        report_step(j, steps, &s->steps[i], &r);
        scn_result_done(&r);
    }
    (void)cJSON_AddNumberToObject(j->report, "left", (double)(s->step_count - i));
}

/** Have the names of the session outlive it, in the machine that is left for a look. */
static void keep_names(struct job *j)
{
    struct scbox_error error = SCBOX_ERROR_INIT;

    if (!j->jobs->keep || j->machine == NULL || j->session == NULL)
        return;
    if (scbox_call_tree(j->conn, "session.share", NULL, SETUP_TIMEOUT_MS, NULL, &error) !=
        SCBOX_OK) {
        char *line = scbox_error_line(&error);

        add_text(j->report, "not_kept", line);
        free(line);
    }
    scbox_error_done(&error);
}

/** Write the report. Whoever reads it may take any time. */
static void write_report(struct job *j, int fd)
{
    char *text = scbox_json(j->report);
    size_t len = text != NULL ? strlen(text) : 0;
    size_t done = 0;

    begin_phase(j, SCN_ENDING, INT32_MAX);
    while (done < len) {
        ssize_t put = write(fd, text + done, len - done);

        if (put < 0 && errno != EINTR)
            break;
        done += put > 0 ? (size_t)put : 0;
    }
    free(text);
}

void scn_job_play(const struct scn_jobs *jobs, const char *path, int number,
                  struct scn_progress *progress, int fd)
{
    struct scn_arena arena = {0};
    struct job j = {
        .jobs = jobs, .progress = progress, .number = number, .report = cJSON_CreateObject()};
    int64_t start = clock_ms();

    begin_phase(&j, SCN_PARSING, PARSE_MS);
    add_text(j.report, "file", path);
    parse(&j, &arena, path);
    leave_head(&j);
    j.output_max =
        j.scenario.header.output_max != 0 ? j.scenario.header.output_max : jobs->output_max;
    j.room = REPORT_MAX + j.output_max;
    begin_phase(&j, SCN_SETTING_UP, SETUP_MS);
    set_up(&j, path);
    play_steps(&j);
    if (j.outcome == SCN_PASS && j.empty.error != NULL)
        report_mistake(&j, &j.empty, path);
    keep_names(&j);
    if (jobs->keep)
        add_text(j.report, "machine", j.machine);
    add_text(j.report, "outcome", scn_outcome_name(j.outcome));
    (void)cJSON_AddNumberToObject(j.report, "ms", (double)(clock_ms() - start));
    write_report(&j, fd);
    begin_phase(&j, SCN_ENDING, END_MS);
    tear_down(&j);
    scn_arena_done(&arena);
    cJSON_Delete(j.report);
}
