/* SPDX-License-Identifier: MIT */
/* The table of commands. */
#include "client/cli/base/cmd.h"

#include <string.h>

const struct command commands[] = {
    {"shell", "type calls of a simulated system and see their results", cmd_shell_help, cmd_shell},
    {"run", "run a program of this host as a guest, in a fresh machine", cmd_run_help, cmd_run},
    {"test", "play scenario files and report which pass", cmd_test_help, cmd_test},
    {"trace", "show the calls of a program or a machine when they are made", cmd_trace_help,
     cmd_trace},
    {"ns", "show the names of a process as calls that make them", cmd_ns_help, cmd_ns},
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
