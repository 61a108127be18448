/* SPDX-License-Identifier: MIT */
/*
 * A line, or a `run` with the lines below it, is played as a file is.
 *
 * A `run` begins at the next line that is not indented, so the shell waits for one. On a terminal
 * it also begins at an empty line, or if nothing is typed for a while.
 */
#include "client/cli/base/cmd.h"
#include "client/cli/scenario/scn_parse.h"
#include "client/cli/shell/shell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_QUIET_MS = 2000 };

/* ---- what came ---- */

static void print_result(struct shell *sh, const struct scn_result *r, bool person)
{
    bool colored = person && getenv("NO_COLOR") == NULL;

    if (*sh->interrupted) {
        puts(person ? "\ninterrupted" : "interrupted");
        if (edit_drop(sh->edit) > 0)
            puts("the rest of the paste is dropped");
        shell_step_interrupted(sh);
    } else {
        scn_print_result(stdout, r, colored ? SCN_PRINT_COLOR : 0);
    }
}

/* Report the number of a line that failed, if input is not from a terminal. */
static void name_line(const struct shell *sh, const struct scn_step *step, const char *text)
{
    if (step != NULL && step->file != NULL)
        complain(0, "shell", "%s:%d: %s", step->file, step->line, step->source);
    else
        complain(0, "shell", "line %u: %.*s", sh->line_number, (int)strcspn(text, "\n"), text);
}

struct playing {
    struct shell *sh;
    const char *text;
};

static void on_played(void *user, const struct scn_step *step, const struct scn_result *r)
{
    const struct playing *p = user;
    struct shell *sh = p->sh;
    bool person = edit_on_terminal(sh->edit);
    bool included = step != NULL && step->file != NULL;

    shell_end_line(sh);
    if (r->outcome != SCN_PASS && (!person || included))
        name_line(sh, step, p->text);
    print_result(sh, r, person);
    if (step != NULL)
        shell_keep(sh, step, r);
    sh->daemon_gone = r->error.code == -ECONNRESET || r->error.code == -EPIPE;
    sh->failed += r->outcome != SCN_PASS;
}

/* Handle an @key: it can't change the shell's machine, which exists already. */
static void report_key(struct shell *sh, const char *text)
{
    shell_keep_key(sh, text);
    if (strncmp(text, "@output", 7) == 0) {
        puts("applies to the output of programs from now on, and to what `:save` writes");
        return;
    }
    printf("%.*s is kept for `:save`; it does not change this shell or its machine\n",
           (int)strcspn(text, " \t"), text);
}

void shell_play(struct shell *sh, const char *text)
{
    struct playing p = {sh, text};

    shell_need_tmp(sh, text);
    if (scn_exec_text(sh->session, text, on_played, &p) == SCN_PASS && *text == '@')
        report_key(sh, text);
}

/* ---- run and what is below it ---- */

static bool is_blank(const char *line)
{
    const char *text = line + strspn(line, " \t");

    return *text == '\0' || *text == '#';
}

bool shell_is_below_run(const char *line)
{
    const char *text = line + strspn(line, " \t");
    char word[16];

    (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(text, " \t"), text);
    return text > line && scn_is_below_run(word);
}

/* Whether a line is a `run`, maybe of an [actor]. */
static bool is_run(const char *line)
{
    const char *text = line + strspn(line, " \t");

    if (*text == '[' && strchr(text, ']') != NULL)
        text = strchr(text, ']') + 1;
    text += strspn(text, " \t");
    return strncmp(text, "run", 3) == 0 && (text[3] == ' ' || text[3] == '\t');
}

/* How long the next line may take: for ever while a person gives one after the other. */
static void await_line(struct shell *sh, bool first)
{
    bool typed = edit_on_terminal(sh->edit) && !edit_came_along(sh->edit);

    edit_quiet_after(sh->edit, first || !typed ? BLOCK_QUIET_MS : 0);
}

bool shell_block_begins(struct shell *sh, const char *line)
{
    if (!is_run(line) || shell_holds_call(sh))
        return false;
    (void)strbuf_adds(&sh->block, line + strspn(line, " \t"));
    edit_set_prompt(sh->edit, "  below run> ");
    if (edit_on_terminal(sh->edit) && !edit_has_more(sh->edit) && !sh->told_below) {
        puts("Indented lines may follow (stdin, env, log, exit, state); Enter, or 2 s, starts it.");
        sh->told_below = true;
    }
    await_line(sh, true);
    return true;
}

/* Add a line to the block; a person is told at once when it does not parse, and may type it
 * again. */
static void add_below(struct shell *sh, const char *line)
{
    struct playing p = {sh, line};
    bool typed =
        edit_on_terminal(sh->edit) && !edit_came_along(sh->edit) && !edit_has_more(sh->edit);
    struct strbuf longer = STRBUF_INIT;

    (void)strbuf_addf(&longer, "%s\n%s", strbuf_str(&sh->block), line);
    if (!typed || scn_check_text(sh->session, strbuf_str(&longer), on_played, &p)) {
        strbuf_done(&sh->block);
        sh->block = longer;
    } else {
        strbuf_done(&longer);
    }
}

bool shell_block_takes(struct shell *sh, const char *line)
{
    bool blank = is_blank(line);

    if (sh->block.len == 0)
        return false;
    if (!blank && *line != ' ' && *line != '\t') {
        edit_unread(sh->edit);
        return false;
    }
    if (line[strspn(line, " \t")] == '\0' && edit_on_terminal(sh->edit) && !edit_has_more(sh->edit))
        return false;           /* a person says that this is all */
    if (blank && sh->step.on) { /* an answer to what will be held */
        edit_unread(sh->edit);
        return false;
    }
    if (!blank)
        add_below(sh, line);
    await_line(sh, false);
    return true;
}

void shell_drop_block(struct shell *sh)
{
    strbuf_reset(&sh->block);
    edit_set_prompt(sh->edit, NULL);
}

void shell_play_block(struct shell *sh)
{
    char *text = strbuf_take(&sh->block);

    edit_set_prompt(sh->edit, NULL);
    if (text != NULL)
        shell_play(sh, text);
    free(text);
}

/* ---- the end of the shell's own process ---- */

/* Whether a step would end a process: EXIT, as a call or as a method. */
static bool is_exit(const struct scn_step *step)
{
    if (step->kind == SCN_CALL)
        return step->call->nr == SC_EXIT;
    return step->kind == SCN_METHOD && strcmp(step->method, "SC_EXIT") == 0;
}

bool shell_allows(void *user, const struct scn_step *step)
{
    struct shell *sh = user;
    const char *line = NULL;
    bool yes = false;

    if (!is_exit(step) || scn_step_pid(sh->session, step) != sh->feed.own_pid ||
        !edit_on_terminal(sh->edit))
        return true;
    puts("This ends the shell's own process, and with it the shell and all processes below it.");
    edit_set_prompt(sh->edit, "End it? [y/N] ");
    if (edit_read(sh->edit, &line) == EDIT_LINE) {
        yes = strcmp(line, "y") == 0 || strcmp(line, "yes") == 0;
        if (!yes && *line != '\0' && strcmp(line, "n") != 0 && strcmp(line, "no") != 0)
            edit_unread(sh->edit); /* no answer, but the next step */
    }
    edit_set_prompt(sh->edit, NULL);
    if (!yes)
        puts("Not ended. `:quit` or Ctrl-D ends the shell; `[$kid] exit 3` ends a child.");
    return yes;
}
