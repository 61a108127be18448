/* SPDX-License-Identifier: MIT */
/* The lines below a `run` as they are saved: what it was given, how it ended and what it printed. */
#include "client/cli/base/json.h"
#include "client/cli/base/names.h"
#include "client/cli/scenario/scn_ast.h"
#include "client/cli/shell/shell.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A string; what would be a variable in it is written as an escape. */
void shell_add_string(struct strbuf *out, const cJSON *text)
{
    char *json = scbox_json(text);

    for (const char *p = json != NULL ? json : "\"\""; *p != '\0'; p++) {
        if (*p == '$')
            (void)strbuf_adds(out, "\\u0024");
        else
            (void)strbuf_addc(out, *p);
    }
    free(json);
}

/* The lines below a `run`, but those that state what did not come. */
static void add_below(struct strbuf *out, const struct scn_step *step, bool as_stated)
{
    const char *line = step->run.source;

    while (line != NULL && *line != '\0') {
        size_t len = strcspn(line, "\n");

        if (as_stated || strncmp(line, "stdin", 5) == 0 || strncmp(line, "env", 3) == 0)
            (void)strbuf_addf(out, "\n  %.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static void add_ending(struct strbuf *out, const cJSON *status)
{
    const char *state = json_text(status, "state");
    int32_t code = json_int(status, "return_code");

    if (strcmp(state, "DONE") == 0)
        (void)strbuf_addf(out, "\n  exit %d", code);
    else if (strcmp(state, "FAILURE") == 0)
        (void)strbuf_addf(out, "\n  state FAILURE %s", name_of_failure(code));
    else
        (void)strbuf_addf(out, "\n  state %s", state);
}

/* A line of a log as a regular expression: a number in it may be another one each time. */
static void add_log_line(struct strbuf *out, const char *line, size_t len)
{
    (void)strbuf_adds(out, "\n  log /^");
    for (size_t i = 0; i < len; i++) {
        if (isdigit((unsigned char)line[i])) {
            i += strspn(line + i, "0123456789") - 1;
            (void)strbuf_adds(out, "[0-9]+");
        } else if ((unsigned char)line[i] < ' ') {
            (void)strbuf_addc(out, '.');
        } else if (line[i] == '$') {
            (void)strbuf_adds(out, "[$]");
        } else {
            (void)strbuf_addf(out, strchr("\\^.[]|()*+?{}/", line[i]) != NULL ? "\\%c" : "%c",
                              line[i]);
        }
    }
    (void)strbuf_adds(out, "$/");
}

/* What a program printed. */
static void add_log(struct strbuf *out, const cJSON *status)
{
    const cJSON *log = json_member(status, "log");

    if (!cJSON_IsString(log) || log->valuestring[0] == '\0' ||
        strlen(log->valuestring) > SHELL_STATED_MAX || cJSON_HasObjectItem(status, "log_cut") ||
        cJSON_HasObjectItem(status, "encoding"))
        return;
    if (strpbrk(log->valuestring, "0123456789") == NULL) {
        (void)strbuf_adds(out, "\n  log ");
        shell_add_string(out, log);
        return;
    }
    for (const char *line = log->valuestring; *line != '\0';) {
        size_t len = strcspn(line, "\n");

        if (len > 0)
            add_log_line(out, line, len);
        line += len + (line[len] == '\n');
    }
}

void shell_add_run(struct strbuf *out, const struct scn_step *step, const struct scn_result *r)
{
    const struct scn_run *run = &step->run;
    bool as_stated = r->outcome == SCN_PASS;

    add_below(out, step, as_stated);
    if (!r->ended || step->expect.kind != SCN_SUCCEEDS)
        return;
    if (!as_stated || (run->exit_code == NULL && run->state == NULL))
        add_ending(out, r->value);
    if (!as_stated || run->log_count == 0)
        add_log(out, r->value);
}
