/* SPDX-License-Identifier: MIT */
/* What commands share: options and complaints. */
#include "client/cli/base/cmd.h"
#include "server/base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int32_t option_pid(const char *text)
{
    char *end = NULL;
    long pid = strtol(text, &end, 10);

    return end != text && *end == '\0' && pid > 0 && pid <= INT32_MAX ? (int32_t)pid : 0;
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

/* Report an error of getopt. @word has the invalid option. */
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
        complain(0, command, "unknown option -%c; see `scbox help %s`", optopt, see);
    else
        complain(0, command, "unknown option %s; see `scbox help %s`", word, see);
}

int option_next(const char *command, const char *help, int argc, char **argv, const char *shorts,
                const struct option *longs)
{
    enum { ROWS = 32, SHORTS = 48 };
    struct option all[ROWS] = {{"help", no_argument, NULL, OPTION_HELP}};
    char letters[SHORTS];
    int found = 0;

    for (size_t i = 0; longs[i].name != NULL && i + 2 < ROWS; i++)
        all[i + 1] = longs[i];
    (void)snprintf(letters, sizeof letters, "+:h%s", shorts);
    opterr = 0;
    found = getopt_long(argc, argv, letters, all, NULL);
    if (found == OPTION_HELP)
        fputs(help, stdout);
    if (found != '?' && found != ':')
        return found;
    explain_option(command, found, argv[optind - 1]);
    return OPTION_WRONG;
}
