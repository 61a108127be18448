/* SPDX-License-Identifier: MIT */
/*
 * The commands of scbox, and what they share.
 *
 * Each command is a row of COMMANDS, and a file cmd_<name>.c with a function and a help text. A
 * command gets its own arguments (argv[0] is its name), prints results to stdout and one line for
 * each error to stderr, and returns an exit code.
 */
#ifndef CLIENT_CLI_BASE_CMD_H
#define CLIENT_CLI_BASE_CMD_H

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>

/** Exit codes of all commands. */
enum {
    CMD_OK = 0,
    CMD_FAILED = 1,   /* the daemon refused, a scenario failed */
    CMD_USAGE = 2,    /* the command line is wrong */
    CMD_DAEMON = 125, /* no daemon, or it ended */
};

struct command {
    const char *name;
    const char *summary; /* one line, for the list */
    const char *help;    /* the whole page, printed by --help and `scbox help NAME` */
    int (*run)(int argc, char **argv);
};

/** Each command: its name and a line for the list, in the list's order. cmd_<name>.c has the rest. */
#define COMMANDS(COMMAND)                                                                          \
    COMMAND(shell, "type calls of a simulated system and see their results")                       \
    COMMAND(run, "run a program of this host as a guest, in a fresh machine")                      \
    COMMAND(test, "play scenario files and report which pass")                                     \
    COMMAND(trace, "show the calls of a program or a machine when they are made")                  \
    COMMAND(ns, "show the names of a process as calls that make them")                             \
    COMMAND(call, "send one request and print its result as JSON")                                 \
    COMMAND(help, "explain a call, an error, a flag or a command")

#define COMMAND(name, summary)                                                                     \
    int cmd_##name(int argc, char **argv);                                                         \
    extern const char cmd_##name##_help[];
COMMANDS(COMMAND)
#undef COMMAND

/** Ended by a NULL name; in commands.c, which links them all. */
extern const struct command commands[];

/** The command of a name, or NULL. */
const struct command *command_find(const char *name);

/** The result of option_next() for -h, --help: the page was printed, return CMD_OK. */
enum { OPTION_HELP = 'h', OPTION_WRONG = '?' };

/**
 * getopt_long() that reports errors by complain() and prints a command's help.
 * @command  its name; "scbox COMMAND: …" starts a complaint.
 * @help     what --help prints.
 * @shorts   as getopt() takes them, without 'h'; it stops at the first word that is not an option.
 * @longs    ended by a zeroed row; --help is added.
 * Returns   an option, -1 at the end, OPTION_HELP or OPTION_WRONG (both: nothing more to print).
 */
int option_next(const char *command, const char *help, int argc, char **argv, const char *shorts,
                const struct option *longs);

/** Convert a word to the number of a process; 0: it is not one. */
int32_t option_pid(const char *text);

/** Print "scbox COMMAND: …" and a newline to stderr. Returns @code, for tail calls. */
int complain(int code, const char *command, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
