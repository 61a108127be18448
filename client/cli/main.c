/* SPDX-License-Identifier: MIT */
/* scbox: the command line of the simulated system. Words to commands; commands are in cmd_*.c. */
#include "client/cli/cmd.h"
#include "client/cli/scn.h"
#include "server/base/strbuf.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct command commands[] = {
    {"shell", "type calls into a simulated system and see what happens", cmd_shell_help, cmd_shell},
    {"run", "run a program of this host as a guest, in a fresh machine", cmd_run_help, cmd_run},
    {"test", "play scenario files and tell which pass", cmd_test_help, cmd_test},
    {"call", "send one request and print its result as JSON", cmd_call_help, cmd_call},
    {"help", "explain a call, an error, a flag or a command", cmd_help_help, cmd_help},
    {0},
};

const struct command *command_find(const char *name)
{
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0)
            return c;
    }
    return NULL;
}

int complain(int code, const char *command, const char *fmt, ...)
{
    struct strbuf line = STRBUF_INIT;
    va_list ap;

    (void)strbuf_addf(&line, "scbox%s%s: ", *command != '\0' ? " " : "", command);
    va_start(ap, fmt);
    (void)strbuf_addv(&line, fmt, ap);
    va_end(ap);
    fflush(stdout);
    fprintf(stderr, "%s\n", strbuf_str(&line));
    strbuf_done(&line);
    return code;
}

/* getopt's finding in our words. @word is what it stumbled over. */
static void explain_option(const char *command, int found, const char *word)
{
    const char *see = *command != '\0' ? command : "--help";

    if (found == ':' && optopt != 0 && word[0] == '-' && word[1] != '-')
        complain(0, command, "option -%c needs a value; see `scbox help %s`", optopt, see);
    else if (found == ':')
        complain(0, command, "option %s needs a value; see `scbox help %s`", word, see);
    else if (optopt != 0 && word[1] == '-')
        complain(0, command, "option %s takes no value; see `scbox help %s`", word, see);
    else if (optopt != 0)
        complain(0, command, "there is no option -%c; see `scbox help %s`", optopt, see);
    else
        complain(0, command, "there is no option %s; see `scbox help %s`", word, see);
}

int option_next(const char *command, int argc, char **argv, const char *shorts,
                const struct option *longs)
{
    enum { ROWS = 24, SHORTS = 48 };
    struct option all[ROWS] = {{"help", no_argument, NULL, OPTION_HELP}};
    char letters[SHORTS];
    int found = 0;

    for (size_t i = 0; longs[i].name != NULL && i + 2 < ROWS; i++)
        all[i + 1] = longs[i];
    (void)snprintf(letters, sizeof letters, "+:h%s", shorts);
    opterr = 0;
    found = getopt_long(argc, argv, letters, all, NULL);
    if (found == OPTION_HELP)
        fputs(command_find(command)->help, stdout);
    if (found != '?' && found != ':')
        return found;
    explain_option(command, found, argv[optind - 1]);
    return OPTION_WRONG;
}

static int unknown_word(const char *word)
{
    const char *names[sizeof commands / sizeof commands[0]];
    const char *near = NULL;
    size_t count = 0;

    for (const struct command *c = commands; c->name != NULL; c++)
        names[count++] = c->name;
    names[count] = NULL;
    near = scn_nearest(word, names);
    if (near != NULL)
        return complain(CMD_USAGE, "", "there is no command '%s'; did you mean '%s'?", word, near);
    if (sc_call_by_name(word) != NULL)
        return complain(CMD_USAGE, "",
                        "'%s' is a call of the simulated system: `scbox call %s`, or `scbox shell`",
                        word, word);
    return complain(CMD_USAGE, "", "there is no command '%s'; `scbox --help` lists them", word);
}

int main(int argc, char **argv)
{
    const struct command *command = NULL;

    (void)setlocale(LC_CTYPE, "");
    if (argc < 2) {
        (void)cmd_help(0, NULL);
        return CMD_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return cmd_help(0, NULL);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("scbox %s, %zu calls\n", SCBOX_VERSION, sc_calls_count);
        return CMD_OK;
    }
    command = command_find(argv[1]);
    if (command == NULL)
        return unknown_word(argv[1]);
    return command->run(argc - 1, argv + 1);
}
