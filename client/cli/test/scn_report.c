/* SPDX-License-Identifier: MIT */
#include "client/cli/test/scn_report.h"

#include "client/cli/base/json.h"
#include "client/cli/base/show.h"
#include "client/cli/engine/scn_print.h"
#include "client/cli/test/scn_job.h"
#include "server/base/base64.h"
#include "server/base/utf8.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

void scn_report(struct scn_reporter *r, const struct scn_format *format, size_t index,
                const cJSON *report)
{
    enum scn_outcome outcome = scn_report_outcome(report);
    double points = json_number(report, "points");
    cJSON *read;

    r->counts[outcome]++;
    r->points_max += points;
    if (outcome == SCN_PASS)
        r->points += points;
    if (scn_is_partial(report))
        r->partial++;
    read = r->audience == SCN_STUDENT ? scn_for_student(report) : NULL;
    format->file(r, index, read != NULL ? read : report);
    cJSON_Delete(read);
    fflush(r->to);
}

/** The step that did not pass, or NULL. */
static const cJSON *failed_step(const cJSON *report)
{
    const cJSON *steps = cJSON_GetObjectItemCaseSensitive(report, "steps");
    const cJSON *step;

    cJSON_ArrayForEach(step, steps) {
        const char *outcome = json_text(step, "outcome");

        if (*outcome != '\0' && strcmp(outcome, "pass") != 0)
            return step;
    }
    return NULL;
}

/* ---- people ---- */

static bool is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static const char *mark(enum scn_outcome outcome)
{
    if (outcome == SCN_PASS)
        return is_utf8() ? "✓" : "ok";
    if (outcome == SCN_SKIP)
        return is_utf8() ? "–" : "--";
    return is_utf8() ? "✗" : "NO";
}

static enum scn_paint paint_of(enum scn_outcome outcome)
{
    if (outcome == SCN_PASS)
        return PAINT_GOOD;
    return outcome == SCN_SKIP || outcome == SCN_TIMEOUT ? PAINT_ODD : PAINT_BAD;
}

static void print_mark(const struct scn_reporter *r, enum scn_outcome outcome)
{
    fprintf(r->to, "%s%s%s ", scn_paint(r->flags, paint_of(outcome)), mark(outcome),
            scn_paint(r->flags, PAINT_OFF));
}

/** Print a text of one line, which a file of somebody else's may hold. */
static void print_painted(const struct scn_reporter *r, enum scn_paint paint, const char *text)
{
    fputs(scn_paint(r->flags, paint), r->to);
    show_word(r->to, text);
    fputs(scn_paint(r->flags, PAINT_OFF), r->to);
}

/** Print text below a label, where steps are told. */
static void print_labelled(const struct scn_reporter *r, const char *label, const char *text)
{
    enum { INDENT = 6 };

    scn_print_labelled(r->to, r->flags, INDENT, label, text);
}

/** Print what a guest printed, beside a line. */
static void print_log(const struct scn_reporter *r, const char *log, size_t size)
{
    while (size > 0) {
        const char *end = memchr(log, '\n', size);
        size_t len = end != NULL ? (size_t)(end - log) : size;

        fprintf(r->to, "      %s%s%s ", scn_paint(r->flags, PAINT_DIM), is_utf8() ? "│" : "|",
                scn_paint(r->flags, PAINT_OFF));
        show_bytes(r->to, log, len, false);
        fputc('\n', r->to);
        len += end != NULL;
        log += len;
        size -= len;
    }
}

/** What guests printed during a step. Returned; free(). NULL: no memory. */
static char *printed_bytes(const cJSON *step, size_t *size)
{
    const char *log = json_text(step, "log");
    bool coded = strcmp(json_text(step, "encoding"), "base64") == 0;
    char *bytes = malloc(strlen(log) + 1);

    *size = strlen(log);
    if (bytes == NULL || (coded && base64_decode(log, *size, bytes, size) == 0))
        return bytes;
    memcpy(bytes, log, *size + 1);
    return bytes;
}

/** Print what guests printed during a step, and how much of it was cut. */
static void print_printed(const struct scn_reporter *r, const cJSON *step)
{
    const double cut = json_number(step, "log_cut");
    size_t size = 0;
    char *bytes = printed_bytes(step, &size);

    if (bytes != NULL)
        print_log(r, bytes, size);
    free(bytes);
    if (cut > 0)
        fprintf(r->to, "      %s… %.0f further bytes were printed, but not kept%s\n",
                scn_paint(r->flags, PAINT_DIM), cut, scn_paint(r->flags, PAINT_OFF));
}

/** Columns of a UTF-8 text, each character being one wide. */
static int columns(const char *text)
{
    int count = 0;

    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

/** Print a comment as a heading; comments that follow each other stand together. */
static void print_heading(const struct scn_reporter *r, const cJSON *step)
{
    const cJSON *before = step->prev; /* cJSON: the first one's is the last one */
    bool follows = before->next == step && cJSON_HasObjectItem(before, "comment");

    fputs(follows ? "  " : "\n  ", r->to);
    print_painted(r, PAINT_BOLD, json_text(step, "comment"));
    fputc('\n', r->to);
}

/** Blanks between a step and what it told, so that the latter stand below each other. */
static int gap_behind(const char *source)
{
    enum { TOLD_COLUMN = 62, LEAST = 3 };
    int gap = TOLD_COLUMN - columns(source);

    return gap > LEAST ? gap : LEAST;
}

static void print_step(const struct scn_reporter *r, const cJSON *step)
{
    enum scn_outcome outcome = scn_report_outcome(step);
    const char *source = json_text(step, outcome == SCN_PASS ? "act" : "source");
    const char *told = json_text(step, "told");

    fputs("    ", r->to);
    print_mark(r, outcome);
    show_word(r->to, source);
    if (*told != '\0' && outcome == SCN_PASS && strchr(told, '\n') == NULL) {
        fprintf(r->to, "%*s", gap_behind(source), "");
        print_painted(r, PAINT_DIM, told);
    }
    fputc('\n', r->to);
    if (outcome != SCN_PASS)
        return;
    if (strchr(told, '\n') != NULL)
        print_labelled(r, "", told);
    print_printed(r, step);
    print_labelled(r, "because", json_text(step, "reasons"));
}

/** Print everything that helps to see why a step did not pass. */
static void print_failure(const struct scn_reporter *r, const cJSON *report, const cJSON *step)
{
    int left = json_int(report, "left");

    fputs("    ", r->to);
    show_word(r->to, json_text(step, "file"));
    fprintf(r->to, ":%d: ", json_int(step, "line"));
    print_painted(r, PAINT_BOLD, json_text(step, "source"));
    fputc('\n', r->to);
    print_labelled(r, "sent", json_text(step, "sent"));
    print_labelled(r, "expected", json_text(step, "expected"));
    print_labelled(r, "came", json_text(step, "came"));
    print_labelled(r, json_text(step, "outcome"), json_text(step, "problem"));
    print_labelled(r, "because", json_text(step, "reasons"));
    print_labelled(r, "try", json_text(step, "advice"));
    print_printed(r, step);
    if (left > 0)
        fprintf(r->to, "      %s%d later step%s not played%s\n", scn_paint(r->flags, PAINT_DIM),
                left, left == 1 ? " was" : "s were", scn_paint(r->flags, PAINT_OFF));
}

/** Print why a file could not be played at all. */
static void print_problem(const struct scn_reporter *r, const cJSON *report)
{
    const char *problem = json_text(report, "problem");
    const char *at = json_text(report, "at");
    int line = json_int(report, "line");

    if (*problem == '\0')
        return;
    fputs("    ", r->to);
    if (line > 0) {
        show_word(r->to, *at != '\0' ? at : json_text(report, "file"));
        fprintf(r->to, ":%d:%d: ", line, json_int(report, "column"));
    }
    show_word(r->to, problem);
    fputc('\n', r->to);
}

static void people_begin(struct scn_reporter *r)
{
    (void)r;
}

static void print_cites(const struct scn_reporter *r, const cJSON *report)
{
    const cJSON *cite;

    cJSON_ArrayForEach(cite, json_member(report, "cites")) {
        fputs("    ", r->to);
        print_painted(r, PAINT_DIM, cite->valuestring);
        fputc('\n', r->to);
    }
}

static void people_file(struct scn_reporter *r, size_t index, const cJSON *report)
{
    const char *title = json_text(report, "title");
    const char *machine = json_text(report, "machine");
    const double points = json_number(report, "points");
    enum scn_outcome outcome = scn_report_outcome(report);
    const cJSON *failed = failed_step(report);
    const cJSON *step;

    if (r->verbose && index > 0)
        fputc('\n', r->to);
    print_mark(r, outcome);
    show_word(r->to, json_text(report, "file"));
    if (*title != '\0') {
        fputs("  ", r->to);
        print_painted(r, PAINT_BOLD, title);
    }
    fprintf(r->to, "  %s%.0f ms", scn_paint(r->flags, PAINT_DIM), json_number(report, "ms"));
    if (points > 0)
        fprintf(r->to, "  %g of %g points", outcome == SCN_PASS ? points : 0, points);
    fprintf(r->to, "%s\n", scn_paint(r->flags, PAINT_OFF));
    if (r->verbose)
        print_cites(r, report);
    cJSON_ArrayForEach(step, cJSON_GetObjectItemCaseSensitive(report, "steps")) {
        if (r->verbose && cJSON_HasObjectItem(step, "comment"))
            print_heading(r, step);
        else if (r->verbose)
            print_step(r, step);
    }
    if (failed != NULL)
        print_failure(r, report, failed);
    print_problem(r, report);
    if (outcome == SCN_FAIL || outcome == SCN_TIMEOUT || outcome == SCN_CRASH)
        print_labelled(r, "hint", json_text(report, "hint"));
    if (*machine != '\0')
        fprintf(r->to, "    kept: scbox shell %s%s%s--machine %s\n",
                r->socket != NULL ? "--socket " : "", r->socket != NULL ? r->socket : "",
                r->socket != NULL ? " " : "", machine);
    if (*json_text(report, "not_kept") != '\0') {
        fputs("    but without the filesystems of the scenario: ", r->to);
        show_word(r->to, json_text(report, "not_kept"));
        fputc('\n', r->to);
    }
}

static void people_end(struct scn_reporter *r, int64_t ms)
{
    const char *separator = "";

    if (r->count > 1 || r->verbose)
        fputc('\n', r->to);
    for (int i = SCN_PASS; i <= SCN_ERROR; i++) {
        static const char *const words[] = {"passed",    "skipped", "failed",
                                            "timed out", "crashed", "in error"};

        if (r->counts[i] == 0)
            continue;
        fprintf(r->to, "%s%s%zu %s%s", separator,
                scn_paint(r->flags, paint_of((enum scn_outcome)i)), r->counts[i], words[i],
                scn_paint(r->flags, PAINT_OFF));
        separator = ", ";
    }
    if (r->unplayed > 0)
        fprintf(r->to, "%s%s%zu not played%s", separator, scn_paint(r->flags, PAINT_ODD),
                r->unplayed, scn_paint(r->flags, PAINT_OFF));
    fprintf(r->to, " in %.1f s", (double)ms / 1000);
    if (r->points_max > 0)
        fprintf(r->to, "; %g of %g points", r->points, r->points_max);
    fputc('\n', r->to);
}

/* ---- TAP 13 ---- */

static void tap_begin(struct scn_reporter *r)
{
    fprintf(r->to, "TAP version 13\n1..%zu\n", r->count);
}

/** Print a value as JSON, which is YAML, too. What terminals obey, and cJSON lets pass, is escaped there. */
static void tap_value(const struct scn_reporter *r, const cJSON *value)
{
    char *text = scbox_json(value);
    const char *at = text;

    while (at != NULL && *at != '\0') {
        size_t hex = utf8_hex_at(at, strlen(at));
        size_t size = utf8_char_size(*at);

        if (hex != 0)
            fprintf(r->to, "\\u%04x", utf8_code_point(at));
        else
            (void)fwrite(at, 1, size, r->to);
        at += hex != 0 ? hex : size;
    }
    free(text);
}

/** Print a member of the YAML block. */
static void tap_member(const struct scn_reporter *r, const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

    if (member == NULL)
        return;
    fprintf(r->to, "  %s: ", name);
    tap_value(r, member);
    fputc('\n', r->to);
}

/** Print what guests printed as text: bytes that are none in hex, for those who read it. */
static void tap_log(const struct scn_reporter *r, const cJSON *step)
{
    size_t size = 0;
    char *bytes = printed_bytes(step, &size);
    char *text = NULL;
    size_t len = 0;
    FILE *to = bytes != NULL && size > 0 ? open_memstream(&text, &len) : NULL;
    cJSON log = {.type = cJSON_String};

    if (to != NULL) {
        show_lines(to, bytes, size, false);
        if (fclose(to) == 0) {
            log.valuestring = text;
            fputs("  log: ", r->to);
            tap_value(r, &log);
            fputc('\n', r->to);
        }
    }
    free(text);
    free(bytes);
}

/** Text on the test line: what is behind a # there would be read as a directive. */
static void tap_text(const struct scn_reporter *r, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "#\n");

        show_bytes(r->to, text, len, false);
        text += len;
        if (*text != '\0')
            fputc(' ', r->to);
        text += *text != '\0';
    }
}

static void tap_file(struct scn_reporter *r, size_t index, const cJSON *report)
{
    static const char *const of_step[] = {"file",     "line", "source",  "sent",
                                          "expected", "came", "problem", "reasons"};
    static const char *const of_file[] = {"problem", "at",   "line",   "column",
                                          "points",  "hint", "machine"};
    enum scn_outcome outcome = scn_report_outcome(report);
    const cJSON *step = failed_step(report);

    fprintf(r->to, "%s %zu - ", outcome > SCN_SKIP ? "not ok" : "ok", index + 1);
    tap_text(r, json_text(report, "file"));
    if (*json_text(report, "title") != '\0') {
        fputs(": ", r->to);
        tap_text(r, json_text(report, "title"));
    }
    if (outcome == SCN_SKIP) {
        fputs(" # SKIP ", r->to);
        tap_text(r, json_text(report, "problem"));
    }
    fputs("\n  ---\n", r->to);
    tap_member(r, report, "outcome");
    tap_member(r, report, "ms");
    for (size_t i = 0; step != NULL && i < sizeof of_step / sizeof of_step[0]; i++)
        tap_member(r, step, of_step[i]);
    if (step != NULL) {
        tap_log(r, step);
        tap_member(r, step, "log_cut");
    }
    for (size_t i = 0; i < sizeof of_file / sizeof of_file[0]; i++)
        tap_member(r, report, of_file[i]);
    fputs("  ...\n", r->to);
}

static void tap_end(struct scn_reporter *r, int64_t ms)
{
    (void)ms;
    if (r->unplayed > 0)
        fprintf(r->to, "Bail out! interrupted: %zu of %zu files were not played\n", r->unplayed,
                r->count);
}

const struct scn_format scn_formats[] = {
    {"people", people_begin, people_file, people_end},
    {"tap", tap_begin, tap_file, tap_end},
    {0},
};
