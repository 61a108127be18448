/* SPDX-License-Identifier: MIT */
/* Results in words, made from the result alone: no code here depends on a call. */
#include "client/cli/engine/scn_print.h"

#include "client/cli/base/json.h"
#include "client/cli/base/names.h"
#include "client/cli/base/show.h"
#include "client/cli/engine/scn_session.h"

#include <stdlib.h>
#include <string.h>

enum { JSON_WIDTH = 96 };

/* ---- colours ---- */

const char *scn_paint(unsigned flags, enum scn_paint paint)
{
    static const char *const codes[] = {
        [PAINT_OFF] = "\033[0m",  [PAINT_GOOD] = "\033[32m", [PAINT_BAD] = "\033[31m",
        [PAINT_ODD] = "\033[33m", [PAINT_DIM] = "\033[2m",   [PAINT_BOLD] = "\033[1m",
    };

    return (flags & SCN_PRINT_COLOR) != 0 ? codes[paint] : "";
}

/* ---- values ---- */

/** Whether an array is flags: strings, and perhaps a number for bits without a name. */
static bool is_flags(const cJSON *value)
{
    const cJSON *item;

    if (!cJSON_IsArray(value))
        return false;
    cJSON_ArrayForEach(item, value) {
        if (!cJSON_IsString(item) && !cJSON_IsNumber(item))
            return false;
    }
    return true;
}

/** Whether a value is a path or name that is not UTF-8. */
static bool is_coded_name(const cJSON *value)
{
    return cJSON_IsObject(value) && value->child != NULL && value->child->next == NULL &&
           strcmp(value->child->string, "base64") == 0;
}

static void add_scalar(struct strbuf *out, const cJSON *value)
{
    char *text = NULL;

    if (is_coded_name(value) && cJSON_IsString(value->child)) {
        (void)strbuf_addf(out, "b64\"%s\"", value->child->valuestring);
        return;
    }
    text = scn_json_text(value);
    (void)strbuf_adds(out, text != NULL ? text : "?");
    free(text);
}

static void add_member(struct strbuf *out, const cJSON *value)
{
    const cJSON *item;

    if (!is_flags(value)) {
        add_scalar(out, value);
        return;
    }
    if (value->child == NULL)
        (void)strbuf_adds(out, "none");
    if (names_every_mode(value)) {
        (void)strbuf_adds(out, "ALL");
        return;
    }
    cJSON_ArrayForEach(item, value) {
        if (item != value->child)
            (void)strbuf_addc(out, ',');
        add_scalar(out, item);
    }
}

/** Print bytes that a call returned, in quotes if they are text. */
static void add_data(struct strbuf *out, const cJSON *value)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(value, "data");
    bool coded = cJSON_HasObjectItem(value, "encoding");
    char *text = scbox_json(data);

    (void)strbuf_addf(out, "%s%s", coded ? "b64" : "", text != NULL ? text : "?");
    free(text);
}

/** Whether every member is small enough for one line. */
static bool is_flat(const cJSON *value)
{
    const cJSON *item;

    if (!cJSON_IsObject(value))
        return !cJSON_IsArray(value);
    cJSON_ArrayForEach(item, value) {
        if ((cJSON_IsObject(item) && !is_coded_name(item)) ||
            (cJSON_IsArray(item) && !is_flags(item)))
            return false;
    }
    return true;
}

/** A list of flat objects, one a line. */
static void add_list(struct strbuf *out, const cJSON *list)
{
    const cJSON *item;

    if (list->child == NULL)
        (void)strbuf_adds(out, "nothing");
    cJSON_ArrayForEach(item, list) {
        if (item != list->child)
            (void)strbuf_addc(out, '\n');
        scn_add_value(out, item);
    }
}

static bool is_flat_list(const cJSON *value)
{
    const cJSON *item;

    if (!cJSON_IsArray(value))
        return false;
    cJSON_ArrayForEach(item, value) {
        if (!cJSON_IsObject(item) || !is_flat(item))
            return false;
    }
    return true;
}

void scn_add_value(struct strbuf *out, const cJSON *value)
{
    const cJSON *item;

    if (value == NULL || cJSON_IsNull(value)) {
        (void)strbuf_adds(out, "ok");
    } else if (cJSON_HasObjectItem(value, "data") && cJSON_GetArraySize(value) <= 2) {
        add_data(out, value);
    } else if (is_flat_list(value)) {
        add_list(out, value);
    } else if (!is_flat(value)) {
        show_json(out, value, JSON_WIDTH);
    } else if (!cJSON_IsObject(value) || is_coded_name(value)) {
        add_scalar(out, value);
    } else {
        cJSON_ArrayForEach(item, value) {
            (void)strbuf_addf(out, "%s%s ", item != value->child ? "  " : "", item->string);
            add_member(out, item);
        }
    }
}

void scn_add_outcome(struct strbuf *out, const struct scn_result *r)
{
    char *line;

    if (r->error.code == 0) {
        scn_add_value(out, r->value);
        return;
    }
    line = scbox_error_line(&r->error);
    (void)strbuf_adds(out, line != NULL ? line : "?");
    free(line);
}

/* ---- whole results ---- */

void scn_print_labelled(FILE *to, unsigned flags, int indent, const char *label, const char *text)
{
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, "\n");

        fprintf(to, "%*s%s%-9s%s ", indent, "", scn_paint(flags, PAINT_DIM), label,
                scn_paint(flags, PAINT_OFF));
        show_bytes(to, text, len, false);
        fputc('\n', to);
        text += len + (text[len] == '\n');
        label = "";
    }
}

/** Print text under a label, below the line's result. */
static void print_labelled(FILE *to, unsigned flags, const char *label, const char *text)
{
    enum { INDENT = 2 };

    scn_print_labelled(to, flags, INDENT, label, text);
}

/** Print the reasons of a refusal, and the hint. */
static void print_reasons(FILE *to, const struct scn_result *r, unsigned flags)
{
    char *reasons = scn_reasons(&r->error);

    print_labelled(to, flags, "because", reasons);
    if (r->outcome != SCN_PASS)
        print_labelled(to, flags, "hint", r->error.hint != NULL ? r->error.hint : "");
    free(reasons);
}

/** Whether the daemon refused a line, by an errno or by an error of JSON-RPC. */
static bool is_refused(const struct scn_result *r)
{
    return r->error.code > 0 || r->error.code < SCN_NO_ERRNO;
}

/** Print a line whose outcome is not the stated one. */
static void print_problem(FILE *to, const struct scn_result *r, unsigned flags)
{
    const char *red = scn_paint(flags, r->outcome == SCN_TIMEOUT ? PAINT_ODD : PAINT_BAD);

    if (r->column > 0)
        fprintf(to, "%scolumn %d:%s %s\n", red, r->column, scn_paint(flags, PAINT_OFF), r->problem);
    else
        fprintf(to, "%s%s:%s %s\n", red, scn_outcome_name(r->outcome), scn_paint(flags, PAINT_OFF),
                r->problem);
    print_labelled(to, flags, "expected", r->expected);
    print_labelled(to, flags, "came", r->came);
    print_reasons(to, r, flags);
}

/** Print a refusal of a line that states nothing. */
static void print_refusal(FILE *to, const struct scn_result *r, unsigned flags)
{
    struct strbuf text = STRBUF_INIT;

    scn_add_outcome(&text, r);
    fprintf(to, "%s%s%s\n", scn_paint(flags, r->outcome == SCN_PASS ? PAINT_ODD : PAINT_BAD),
            strbuf_str(&text), scn_paint(flags, PAINT_OFF));
    strbuf_done(&text);
    print_reasons(to, r, flags);
}

/** Whether a result is printed as plain bytes. */
static bool is_text(const struct scn_result *r)
{
    return r->error.code == 0 && cJSON_HasObjectItem(r->value, "data") &&
           cJSON_GetArraySize(r->value) == 1;
}

static void print_text(FILE *to, const cJSON *value, unsigned flags)
{
    const char *text = value->child->valuestring;
    size_t len = strlen(text);

    show_text(to, text, len);
    if (len == 0)
        fprintf(to, "%s(no bytes)%s", scn_paint(flags, PAINT_DIM), scn_paint(flags, PAINT_OFF));
    if (len == 0 || text[len - 1] != '\n')
        fputc('\n', to);
}

/** Print the end of a program of which nothing was stated. */
static void print_ending(FILE *to, const struct scn_result *r, unsigned flags)
{
    struct strbuf text = STRBUF_INIT;

    name_ending(&text, r->value);
    if (r->place != NULL)
        (void)strbuf_addf(&text, " %s", r->place);
    fprintf(to, "%s%s%s\n", r->outcome == SCN_PASS ? "" : scn_paint(flags, PAINT_ODD),
            strbuf_str(&text), r->outcome == SCN_PASS ? "" : scn_paint(flags, PAINT_OFF));
    strbuf_done(&text);
}

static void print_value(FILE *to, const cJSON *value)
{
    struct strbuf text = STRBUF_INIT;

    scn_add_value(&text, value);
    show_text(to, strbuf_str(&text), text.len);
    fputc('\n', to);
    strbuf_done(&text);
}

void scn_print_result(FILE *to, const struct scn_result *r, unsigned flags)
{
    bool stated = r->expected != NULL;

    if (r->ended && (!stated || r->outcome == SCN_PASS))
        print_ending(to, r, flags);
    else if (r->outcome != SCN_PASS && (stated || !is_refused(r)))
        print_problem(to, r, flags);
    else if (r->error.code != 0)
        print_refusal(to, r, flags);
    else if (is_text(r))
        print_text(to, r->value, flags);
    else if (r->value != NULL || r->came != NULL)
        print_value(to, r->value);
    else if (r->sent != NULL)
        fprintf(to, "%scontinues in the background%s\n", scn_paint(flags, PAINT_DIM),
                scn_paint(flags, PAINT_OFF));
    if (r->fault != NULL && r->outcome == SCN_PASS)
        print_labelled(to, flags, "fault", r->fault);
}
