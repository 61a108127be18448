/* SPDX-License-Identifier: MIT */
/* scbox: the command line of the simulated system. The commands are in cmd_*.c, their table in
 * commands.c. */
#include "client/cli/base/cmd.h"
#include "client/cli/scenario/scn_words.h"
#include "schema/calls.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int unknown_word(const char *word)
{
    enum { NAMES_MAX = 16 };
    const char *names[NAMES_MAX];
    const char *near = NULL;
    size_t count = 0;

    for (const struct command *c = commands; c->name != NULL && count + 1 < NAMES_MAX; c++)
        names[count++] = c->name;
    names[count] = NULL;
    near = scn_nearest(word, names);
    if (near != NULL)
        return complain(CMD_USAGE, "", "unknown command '%s'; did you mean '%s'?", word, near);
    if (sc_call_by_name(word) != NULL)
        return complain(CMD_USAGE, "",
                        "'%s' is a call of the simulated system: `scbox call %s`, or `scbox shell`",
                        word, word);
    return complain(CMD_USAGE, "", "unknown command '%s'; `scbox --help` lists them", word);
}

/* Flush stdout: a command whose output could not be written has failed. */
static int finish(int code)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    int err;

    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return code;
    err = errno; /* 0: an earlier write failed */
    if (err == 0 && poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0)
        err = EPIPE;
    if (err == EPIPE) /* the reader has ended: end without a message, as by SIGPIPE */
        return 128 + SIGPIPE;
    complain(0, "", "stdout could not be written%s%s", err != 0 ? ": " : "",
             err != 0 ? strerror(err) : "");
    return code == CMD_OK ? CMD_FAILED : code;
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
        return finish(cmd_help(0, NULL));
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("scbox %s, MIT licence\n"
               "supports %zu calls, and guests for i386 (int $0x40) and x86_64 (syscall)\n",
               SCBOX_VERSION, sc_calls_count);
        return finish(CMD_OK);
    }
    command = command_find(argv[1]);
    if (command == NULL)
        return unknown_word(argv[1]);
    return finish(command->run(argc - 1, argv + 1));
}
