/* SPDX-License-Identifier: MIT */
/* scbox help: pages about commands, calls, errors and flags, made from the tables of schema/. */
#include "client/cli/cmd.h"
#include "client/cli/page.h"
#include "client/cli/scn.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMN = 16, TOPICS_MAX = 256 };

const char cmd_help_help[] =
    "Usage: scbox help [TOPIC]\n"
    "\n"
    "Explain something. TOPIC is one of\n"
    "\n"
    "  COMMAND        shell, run, test, trace, ns, call, help\n"
    "  calls          every call of the simulated system, one line each\n"
    "  CALL           open, SC_OPEN …: arguments, result, errors and their conditions\n"
    "  methods        the daemon's own methods, for `scbox call`; METHOD: the page of one\n"
    "  errno          every error; `errno ENOENT` or `ENOENT`: what it means, what to try,\n"
    "                 and which calls answer it when\n"
    "  flags          every named constant; `flags FM` or `FM`: those of one group\n"
    "\n"
    "Without a topic: what scbox is and which commands it has.\n";

static int overview(void)
{
    printf("scbox %s - a simulated operating system in one daemon\n\n", SCBOX_VERSION);
    fputs("Processes, capabilities and filesystems live in scboxd. scbox is how people get in.\n"
          "\nUsage: scbox COMMAND [OPTION…] [ARGUMENT…]\n",
          stdout);
    page_heading(stdout, "Commands");
    for (const struct command *c = commands; c->name != NULL; c++)
        page_entry(stdout, 2, COLUMN, c->name, c->summary);
    page_heading(stdout, "To begin with");
    page_entry(stdout, 2, 30, "scbox shell", "look around by hand; try `open root:/ READDIR`");
    page_entry(stdout, 2, 30, "scbox run ./hello", "run what scbox-cc built");
    page_entry(stdout, 2, 30, "scbox trace ./hello", "the same, with each call it makes");
    page_entry(stdout, 2, 30, "scbox help open", "what a call takes, gives and refuses");
    page_entry(stdout, 2, 30, "scbox COMMAND --help", "options of a command");
    fputs("\nscbox speaks to the daemon at --socket, $SCBOX_SOCKET, or the user's own socket.\n"
          "shell, run, test and trace start a private daemon when none runs, and stop it again.\n",
          stdout);
    return CMD_OK;
}

static int list_calls(void)
{
    puts("The calls of the simulated system; `scbox help CALL` has the page of each.\n");
    for (size_t i = 0; i < sc_calls_count; i++)
        page_entry(stdout, 2, COLUMN, sc_calls[i].word, sc_calls[i].doc);
    return CMD_OK;
}

static int list_methods(void)
{
    puts("Methods of the daemon beside the calls; `scbox help METHOD` has the page of each.\n");
    page_methods(stdout);
    return CMD_OK;
}

static int list_errors(void)
{
    puts("The errors that calls answer with; `scbox help ENOENT` tells which calls, and when.\n");
    for (const struct sc_errno_info *e = sc_errnos; e->name != NULL; e++)
        page_entry(stdout, 2, COLUMN, e->name, e->text);
    return CMD_OK;
}

static int explain_error(const struct sc_errno_info *error)
{
    printf("%s (%d) - %s\n\n", error->name, error->value, error->text);
    page_entry(stdout, 2, COLUMN, "What to try", error->hint);
    page_heading(stdout, "Calls that answer it, and when");
    for (size_t i = 0; i < sc_calls_count; i++) {
        for (const struct sc_error_info *e = sc_calls[i].errors; e->name != NULL; e++) {
            if (e->value == error->value)
                page_entry(stdout, 2, COLUMN, sc_calls[i].word, e->doc);
        }
    }
    return CMD_OK;
}

static const char *group_title(const char *group)
{
    static const struct {
        const char *group, *title;
    } titles[] = {
        {"FM", "FM - file modes: what a handle or a view allows; a mask"},
        {"MM", "MM - memory modes: what a process may do with a region; a mask"},
        {"FT", "FT - file types; one of"},
        {"RN", "RN - ways to rename; a mask"},
        {"PS", "PS - process states; one of"},
        {"FAIL", "FAIL - why a process failed (return_code in state FAILURE); one of"},
    };

    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (strcmp(titles[i].group, group) == 0)
            return titles[i].title;
    }
    return group;
}

/* All groups, or the one named. Returns whether there was any. */
static bool list_flags(const char *group)
{
    const char *last = "";
    char value[16];

    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (group != NULL && strcasecmp(f->group, group) != 0)
            continue;
        if (strcmp(last, f->group) != 0)
            page_heading(stdout, group_title(f->group));
        last = f->group;
        (void)snprintf(value, sizeof value, "%#x", f->value);
        printf("  %-13s%-8s%s\n", f->name, value, f->doc);
    }
    return *last != '\0';
}

/* Every word that has a page, for the nearest one to a mistyped topic. */
static int unknown_topic(const char *command, const char *topic)
{
    const char *words[TOPICS_MAX] = {"calls", "methods", "errno", "flags"};
    const char *near = NULL;
    size_t count = 4;
    size_t methods = 0;

    for (const struct command *c = commands; c->name != NULL && count + 1 < TOPICS_MAX; c++)
        words[count++] = c->name;
    for (size_t i = 0; i < sc_calls_count && count + 1 < TOPICS_MAX; i++)
        words[count++] = sc_calls[i].word;
    for (const struct sc_errno_info *e = sc_errnos; e->name != NULL && count + 1 < TOPICS_MAX; e++)
        words[count++] = e->name;
    for (const char *m; (m = page_method_name(methods)) != NULL && count + 1 < TOPICS_MAX;
         methods++)
        words[count++] = m;
    near = scn_nearest(topic, words);
    if (near != NULL)
        return complain(CMD_USAGE, command, "nothing is known of '%s'; did you mean '%s'?", topic,
                        near);
    return complain(CMD_USAGE, command, "nothing is known of '%s'; `scbox help help` lists topics",
                    topic);
}

int help_explain(const char *command_name, const char *topic)
{
    const struct command *command = command_find(topic);
    const struct sc_call_info *call = sc_call_by_name(topic);
    const struct sc_errno_info *error = sc_errno_by_name(topic, strlen(topic));

    if (command != NULL)
        fputs(command->help, stdout);
    else if (strcmp(topic, "errno") == 0)
        return list_errors(); /* the call of this name is explained as last_errno */
    else if (call != NULL)
        page_call(stdout, call);
    else if (error != NULL)
        return explain_error(error);
    else if (strcmp(topic, "calls") == 0)
        return list_calls();
    else if (strcmp(topic, "methods") == 0)
        return list_methods();
    else if (strcmp(topic, "flags") == 0)
        (void)list_flags(NULL);
    else if (page_method(stdout, topic))
        return CMD_OK;
    else if (!list_flags(topic))
        return unknown_topic(command_name, topic);
    return CMD_OK;
}

int cmd_help(int argc, char **argv)
{
    static const struct option none[] = {{0}};
    int found = argc > 0 ? option_next("help", argc, argv, "", none) : -1;

    if (found != -1)
        return found == OPTION_HELP ? CMD_OK : CMD_USAGE;
    if (argc == 0 || optind == argc)
        return overview();
    if (argc - optind > 2)
        return complain(CMD_USAGE, "help", "one topic at a time; see `scbox help help`");
    /* `errno ENOENT`, `flags FM`, `call open`: the second word says it all. */
    return help_explain("help", argv[argc - 1]);
}
