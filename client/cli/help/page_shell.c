/* SPDX-License-Identifier: MIT */
/* Pages of the commands of the shell, made from shell_commands.def. */
#include "client/cli/help/page.h"
#include "server/base/strbuf.h"

#include <string.h>

enum { DOC_COLUMN = 22 };

static const struct {
    const char *name;
    const char *args;
    const char *doc;
} rows[] = {
#define SHELL_COMMAND(name, args, doc, fn) {name, args, doc},
#include "client/cli/help/shell_commands.def"
#undef SHELL_COMMAND
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

const char page_step_help[] =
    "  (enter)         carry the call out, and stop before the next one\n"
    "  e ERRNO         do not; it fails with this error\n"
    "  r [RESULT]      do not; it succeeds with this, a value or {name: value, …}\n"
    "  c               let this process run on without stopping\n"
    "  q               let everything run on; so does Ctrl-C\n"
    "  fds, names      what this process has open and can reach\n"
    "  mem [ADDR [SIZE]]  what memory it has; what is in it\n"
    "  tree            the processes of the machine";

/* A row of the table, in columns. */
static void print_command(FILE *to, int indent, size_t row)
{
    struct strbuf form = STRBUF_INIT;

    (void)strbuf_addf(&form, "%s%s%s", rows[row].name, *rows[row].args != '\0' ? " " : "",
                      rows[row].args);
    page_entry(to, indent, DOC_COLUMN + indent, strbuf_str(&form), rows[row].doc);
    strbuf_done(&form);
}

void page_commands(FILE *to)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        print_command(to, 2, i);
}

bool page_command(FILE *to, const char *word, bool whole)
{
    bool found = false;

    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strcmp(rows[i].name + (*word != ':'), word) != 0)
            continue;
        print_command(to, whole ? 0 : 2, i);
        found = true;
    }
    if (whole && found && strcmp(word + (*word == ':'), "step") == 0)
        fprintf(to, "\nWhile a call is held:\n%s\n", page_step_help);
    return found;
}

const char *const *page_command_names(void)
{
    static const char *names[ROW_COUNT + 1];

    for (size_t i = 0; i < ROW_COUNT; i++)
        names[i] = rows[i].name;
    return names;
}
