/* SPDX-License-Identifier: MIT */
/* The table of commands. */
#include "client/cli/base/cmd.h"

#include <string.h>

const struct command commands[] = {
#define COMMAND(name, summary) {#name, summary, cmd_##name##_help, cmd_##name},
    COMMANDS(COMMAND)
#undef COMMAND
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
