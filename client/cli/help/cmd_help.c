/* SPDX-License-Identifier: MIT */
/* scbox help: pages about commands, calls, errors and flags, made from the tables of schema/. */
#include "client/cli/base/cmd.h"
#include "client/cli/help/page.h"
#include "schema/calls.h"
#include "schema/machine_limits.h"
#include "server/base/near.h"
#include "server/base/strbuf.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMN = 16 };

const char cmd_help_help[] =
    "Usage: scbox help [TOPIC]\n"
    "\n"
    "Explain something that can be typed. TOPIC is one of\n"
    "\n"
    "  COMMAND        shell, run, test, trace, ns, call, help\n"
    "  calls          every call of the simulated system, one line each\n"
    "  CALL           open, SC_OPEN …: arguments, result, errors and their conditions\n"
    "  methods        the daemon's own methods, for `scbox call`; METHOD: one of them\n"
    "  errno          every error; `errno ENOENT` or `ENOENT`: its meaning, what to\n"
    "                 try, and the calls that return it, with the condition\n"
    "  flags          every named constant; `flags FM` or `FM`: those of one group;\n"
    "                 `READ`: one of them\n"
    "  language       the words of scenarios and of the shell; WORD: run, @title …\n"
    "  drivers        the filesystem drivers; DRIVER, OPTION: ramfs, quota_bytes …\n"
    "  commands       the commands of the shell itself; `:mem`: one of them\n"
    "  limits         the limits of a machine\n"
    "  kinds          kinds of arguments; KIND: path, fd …\n"
    "\n"
    "Without a topic: what scbox is, and its commands.\n";

static int overview(void)
{
    printf("scbox %s - a simulated operating system in one daemon\n\n", SCBOX_VERSION);
    fputs("Processes, capabilities and filesystems are in scboxd; scbox is its client.\n"
          "\nUsage: scbox COMMAND [OPTION…] [ARGUMENT…]\n",
          stdout);
    page_heading(stdout, "Commands");
    for (const struct command *c = commands; c->name != NULL; c++)
        page_entry(stdout, 2, COLUMN, c->name, c->summary);
    page_heading(stdout, "To begin with");
    page_entry(stdout, 2, 30, "scbox shell", "look around by hand; try `open root:/ READDIR`");
    page_entry(stdout, 2, 30, "scbox run ./hello", "run what scbox-cc built");
    page_entry(stdout, 2, 30, "scbox trace ./hello", "the same, with each call it makes");
    page_entry(stdout, 2, 30, "scbox help open", "arguments, result and errors of a call");
    page_entry(stdout, 2, 30, "scbox COMMAND --help", "options of a command");
    fputs("\nscbox uses the daemon at --socket, $SCBOX_SOCKET, or the user's own socket.\n"
          "shell, run, test and trace start a private daemon if none runs, and stop it\nagain.\n",
          stdout);
    return CMD_OK;
}

static void list_calls(FILE *to)
{
    for (size_t i = 0; i < sc_calls_count; i++)
        page_entry(to, 2, COLUMN, sc_calls[i].word, sc_calls[i].doc);
}

static void list_errors(FILE *to)
{
    for (const struct sc_errno_info *e = sc_errnos; e->name != NULL; e++)
        page_entry(to, 2, COLUMN, e->name, e->text);
}

static void explain_error(FILE *to, const struct sc_errno_info *error)
{
    fprintf(to, "%s (%d) - %s\n\n", error->name, error->value, error->text);
    page_entry(to, 2, COLUMN, "What to try", error->hint);
    page_heading(to, "Calls that return it, and when");
    for (size_t i = 0; i < sc_calls_count; i++) {
        for (const struct sc_error_info *e = sc_calls[i].errors; e->name != NULL; e++) {
            if (e->value == error->value)
                page_entry(to, 2, COLUMN, sc_calls[i].word, e->doc);
        }
    }
}

static const char *group_title(const char *group)
{
    static const struct {
        const char *group, *title;
    } titles[] = {
        {"FM", "FM - file modes: the rights of a handle or a view; a mask"},
        {"MM", "MM - memory modes: the rights of a process on a region; a mask"},
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

/* Print all groups, or the named one. Returns whether any was printed. */
static bool print_flags(FILE *to, const char *group)
{
    const char *last = "";
    char value[16];

    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (group != NULL && strcasecmp(f->group, group) != 0)
            continue;
        if (strcmp(last, f->group) != 0)
            page_heading(to, group_title(f->group));
        last = f->group;
        (void)snprintf(value, sizeof value, "%#x", f->value);
        fprintf(to, "  %-13s%-8s%s\n", f->name, value, f->doc);
    }
    return *last != '\0';
}

static void print_limit(FILE *to, const char *name, int64_t initial, const char *doc)
{
    struct strbuf text = STRBUF_INIT;

    (void)strbuf_addf(&text, "%s %" PRId64, name, initial);
    page_entry(to, 2, COLUMN * 2, strbuf_str(&text), doc);
    strbuf_done(&text);
}

static void list_limits(FILE *to)
{
#define LIMIT_ENTRY(name, initial, ceiling, most, doc) print_limit(to, #name, initial, doc);
    MACHINE_LIMITS(LIMIT_ENTRY)
#undef LIMIT_ENTRY
}

static void list_kinds(FILE *to)
{
    for (size_t i = 0; i < SC_K_COUNT; i++)
        page_entry(to, 2, COLUMN, sc_kinds[i].name, sc_kinds[i].doc);
}

static void list_flags(FILE *to)
{
    (void)print_flags(to, NULL);
}

/* Topics that are lists, with the text above each list; "": print() writes it. */
static const struct list {
    const char *name;
    const char *intro;
    void (*print)(FILE *to);
} lists[] = {
    {"calls", "The calls of the simulated system; `scbox help CALL` has the page of each.\n\n",
     list_calls},
    {"methods", "Methods of the daemon beside the calls; `scbox help METHOD` explains one.\n\n",
     page_methods},
    {"errno", "The errors of calls; `scbox help ENOENT` lists the calls that return it.\n\n",
     list_errors},
    {"flags", "", list_flags},
    {"language", "", page_language},
    {"drivers", "", page_drivers},
    {"commands",
     "The commands of the shell itself; in the shell `help :mem` is the page of one.\n\n",
     page_commands},
    {"limits",
     "The limits of a machine, with their defaults. machine.create takes others as\n"
     "`limits {name: number}`; `:machine` in the shell shows those of its machine.\n\n",
     list_limits},
    {"kinds", "Kinds of arguments and results of calls.\n\n", list_kinds},
};
enum { LIST_COUNT = sizeof lists / sizeof lists[0] };

const char *help_list_name(size_t n)
{
    return n < LIST_COUNT ? lists[n].name : NULL;
}

static bool explain_list(const char *topic)
{
    for (size_t i = 0; i < LIST_COUNT; i++) {
        if (strcmp(lists[i].name, topic) == 0) {
            fputs(lists[i].intro, stdout);
            lists[i].print(stdout);
            return true;
        }
    }
    return false;
}

static bool explain_command(FILE *to, const char *topic)
{
    const struct command *command = command_find(topic);

    if (command != NULL)
        fputs(command->help, to);
    return command != NULL;
}

static bool explain_call(FILE *to, const char *topic)
{
    const struct sc_call_info *call = sc_call_by_name(topic);

    if (call != NULL)
        page_call(to, call);
    return call != NULL;
}

static bool explain_errno(FILE *to, const char *topic)
{
    const struct sc_errno_info *error = sc_errno_by_name(topic, strlen(topic));

    if (error != NULL)
        explain_error(to, error);
    return error != NULL;
}

/* A constant by its name: READ is one of several groups. */
static bool explain_flag(FILE *to, const char *topic)
{
    struct strbuf text = STRBUF_INIT;
    bool found = false;

    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->name, topic) != 0)
            continue;
        strbuf_reset(&text);
        (void)strbuf_addf(&text, "%s; %#x of %s", f->doc, f->value, group_title(f->group));
        page_entry(to, 0, COLUMN, f->name, strbuf_str(&text));
        found = true;
    }
    strbuf_done(&text);
    return found || print_flags(to, topic);
}

static bool explain_kind(FILE *to, const char *topic)
{
    for (size_t i = 0; i < SC_K_COUNT; i++) {
        if (strcmp(sc_kinds[i].name, topic) == 0) {
            fprintf(to, "%s - a kind of arguments and results of calls\n\n", topic);
            page_entry(to, 0, 2, "", sc_kinds[i].doc);
            return true;
        }
    }
    return false;
}

static bool explain_shell(FILE *to, const char *topic)
{
    return page_command(to, topic, true);
}

/* The topic nearest to an unknown word. */
static const char *nearest_topic(const char *topic)
{
    struct near near = {.word = topic};
    const char *word;

    for (size_t i = 0; i < LIST_COUNT; i++)
        near_try(&near, lists[i].name);
    for (const struct command *c = commands; c->name != NULL; c++)
        near_try(&near, c->name);
    for (size_t i = 0; i < sc_calls_count; i++)
        near_try(&near, sc_calls[i].word);
    for (size_t i = 0; (word = page_word_name(i)) != NULL; i++)
        near_try(&near, word);
    for (size_t i = 0; (word = page_driver_name(i)) != NULL; i++)
        near_try(&near, word);
    for (const char *const *c = page_command_names(); *c != NULL; c++)
        near_try(&near, *c);
    for (const struct sc_errno_info *e = sc_errnos; e->name != NULL; e++)
        near_try(&near, e->name);
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++)
        near_try(&near, f->name);
    for (size_t i = 0; (word = page_method_name(i)) != NULL; i++)
        near_try(&near, word);
    return near.found;
}

static int unknown_topic(const char *command, const char *topic)
{
    const char *near = nearest_topic(topic);

    if (near != NULL)
        return complain(CMD_USAGE, command, "there is no page about '%s'; did you mean '%s'?",
                        topic, near);
    return complain(CMD_USAGE, command,
                    "there is no page about '%s'; `scbox help help` lists topics", topic);
}

/* The topic of a name: sc_open, the name in programs, is open. */
static const char *topic_of(const char *name)
{
    const char *word = strncmp(name, "sc_", 3) == 0 ? name + 3 : name;

    return sc_call_by_name(word) != NULL ? word : name;
}

/* Print one page of a topic, after a blank line if it is not the first. */
static bool explain(bool (*page)(FILE *to, const char *topic), const char *topic, bool first)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    bool found = to != NULL && page(to, topic);

    if (to != NULL && fclose(to) == 0 && found)
        printf("%s%s", first ? "" : "\n", text);
    free(text);
    return found;
}

int help_explain(const char *command_name, const char *topic)
{
    static bool (*const pages[])(FILE * to, const char *topic) = {
        explain_command, explain_call, explain_errno, page_word,  explain_shell,
        explain_flag,    explain_kind, page_driver,   page_method};
    bool in_shell = strcmp(command_name, "shell") == 0;
    bool found = false;

    topic = topic_of(topic);
    if (explain_list(topic)) /* errno is a list, too; the call is last_errno */
        return CMD_OK;
    for (size_t i = in_shell ? 1 : 0; i < sizeof pages / sizeof pages[0]; i++)
        found |= explain(pages[i], topic, !found);
    if (in_shell && command_find(topic) != NULL) {
        printf("%s`scbox help %s` is the page of the command.\n", found ? "\n" : "", topic);
        found = true;
    }
    return found ? CMD_OK : unknown_topic(command_name, topic);
}

int cmd_help(int argc, char **argv)
{
    static const struct option none[] = {{0}};
    int found = argc > 0 ? option_next("help", cmd_help_help, argc, argv, "", none) : -1;

    if (found != -1)
        return found == OPTION_HELP ? CMD_OK : CMD_USAGE;
    if (argc == 0 || optind == argc)
        return overview();
    if (argc - optind > 2)
        return complain(CMD_USAGE, "help", "one topic at a time; see `scbox help help`");
    /* `errno ENOENT`, `flags FM`, `call open`: only the second word matters. */
    return help_explain("help", argv[argc - 1]);
}
