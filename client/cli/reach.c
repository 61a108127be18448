/* SPDX-License-Identifier: MIT */
#include "client/cli/reach.h"

#include "client/cli/show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A private daemon and a connection to it. */
static int start_private(const struct reach_spec *spec, struct reach *r)
{
    struct scbox_error error = SCBOX_ERROR_INIT;
    struct why why = WHY_INIT;
    int err = daemon_start(&spec->private_, &r->daemon, &why);

    if (err < 0) {
        show_why(stderr, spec->command, &why);
        if (why.count > 0 && strstr(why.text[0], "in use") != NULL)
            fputs("  hint: start scboxd, then every command uses that one\n", stderr);
    } else {
        err = scbox_connect(daemon_socket(r->daemon), &r->conn, &error);
        if (err < 0)
            show_error(stderr, spec->command, &error);
    }
    scbox_error_done(&error);
    why_done(&why);
    return err;
}

/* Whether there simply is no daemon, as opposed to one that can't be spoken to. */
static bool nobody_there(int err)
{
    return err == -ENOENT || err == -ECONNREFUSED || err == -ENOTDIR;
}

int reach_open(const struct reach_spec *spec, struct reach *out)
{
    struct scbox_error error = SCBOX_ERROR_INIT;
    bool named = spec->socket != NULL || getenv("SCBOX_SOCKET") != NULL;
    bool start = spec->must_start;
    struct reach r = {0};
    int err = 0;

    if (!start) {
        err = scbox_connect(spec->socket, &r.conn, &error);
        start = spec->may_start && !named && nobody_there(err);
        if (err < 0 && !start)
            show_error(stderr, spec->command, &error);
    }
    if (start)
        err = start_private(spec, &r);
    if (err < 0)
        reach_done(&r);
    else
        *out = r;
    scbox_error_done(&error);
    return err;
}

void reach_last_words(const struct reach *r)
{
    static const char ready[] = "scboxd ready";
    char *words = r->daemon != NULL ? daemon_last_words(r->daemon) : NULL;

    if (words != NULL && words[0] != '\0' && strncmp(words, ready, strlen(ready)) != 0)
        fprintf(stderr, "  why: its last words were: %s\n", words);
    free(words);
}

void reach_done(struct reach *r)
{
    scbox_close(r->conn);
    daemon_stop(r->daemon);
    *r = (struct reach){0};
}
