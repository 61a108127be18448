/* SPDX-License-Identifier: MIT */
#include "client/cli/reach/reach.h"

#include "client/cli/base/show.h"
#include "client/cli/reach/roster.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOIN_TRIES = 30, JOIN_PAUSE_MS = 100 }; /* for a daemon that is starting */

bool reach_is_named(const char *socket)
{
    const char *named = getenv("SCBOX_SOCKET");

    return socket != NULL || (named != NULL && *named != '\0');
}

/*
 * Join the private daemon of another command.
 * Returns   0; @err: there is none; -ENOTUNIQ: there are several, which was printed.
 */
static int join_private(const struct reach_spec *spec, int err, struct reach *r)
{
    struct roster roster;

    roster_find(&roster);
    if (roster.count > 1) {
        fprintf(
            stderr,
            "scbox %s: %zu private daemons run; choose the socket of one with --socket PATH:\n%s",
            spec->command, roster.count, strbuf_str(&roster.list));
        err = -ENOTUNIQ;
    } else if (roster.count == 1) {
        r->conn = roster.conn;
        r->joined = roster.socket;
        r->owner = roster.owner;
        roster.conn = NULL;
        roster.socket = NULL;
        roster.owner = NULL;
        err = 0;
    }
    roster_done(&roster);
    return err;
}

/* Whether a daemon did not start because another one uses the user's state. */
static bool state_in_use(const struct why *why)
{
    return why->count > 0 && strstr(why->text[0], "in use") != NULL;
}

/*
 * Start a private daemon. If another one uses the state, that was started at the same time and
 * will be in the roster when it is ready, or it is ending and will release the state.
 * Returns 0: started, or joined if r->joined is set; -errno, which was printed.
 */
static int start_or_join(const struct reach_spec *spec, struct reach *r)
{
    struct why why = WHY_INIT;
    int err;

    for (int tries = spec->joins ? JOIN_TRIES : 1;; tries--) {
        int joined;

        err = daemon_start(&spec->private_, &r->daemon, &why);
        if (err == 0 || !state_in_use(&why) || tries <= 1)
            break;
        joined = join_private(spec, err, r);
        if (joined != err) {
            why_done(&why);
            return joined;
        }
        why_done(&why);
        (void)poll(NULL, 0, JOIN_PAUSE_MS);
    }
    if (err < 0)
        show_why(stderr, spec->command, &why);
    if (err < 0 && state_in_use(&why))
        fputs("  hint: start scboxd, then every command uses it\n", stderr);
    why_done(&why);
    return err;
}

/* A private daemon and a connection to it. */
static int start_private(const struct reach_spec *spec, struct reach *r)
{
    struct scbox_error error = SCBOX_ERROR_INIT;
    int err = start_or_join(spec, r);

    if (err < 0 || r->joined != NULL)
        return err;
    if (daemon_unlisted(r->daemon) != NULL)
        fprintf(stderr, "scbox %s: other commands will not find this daemon: %s\n", spec->command,
                daemon_unlisted(r->daemon));
    err = scbox_connect(daemon_socket(r->daemon), &r->conn, &error);
    if (err < 0)
        show_error(stderr, spec->command, &error);
    scbox_error_done(&error);
    return err;
}

/* Whether an error means that no daemon runs. */
static bool nobody_there(int err)
{
    return err == -ENOENT || err == -ECONNREFUSED || err == -ENOTDIR;
}

/* Connect to a running daemon. Returns 0 or -errno; errors are printed unless @start becomes
 * true. */
static int find_running(const struct reach_spec *spec, struct reach *r, bool *start)
{
    struct scbox_error error = SCBOX_ERROR_INIT;
    bool named = reach_is_named(spec->socket);
    int err = scbox_connect(spec->socket, &r->conn, &error);

    if (spec->joins && !named && nobody_there(err))
        err = join_private(spec, err, r);
    *start = spec->may_start && !named && nobody_there(err);
    if (err < 0 && err != -ENOTUNIQ && !*start)
        show_error(stderr, spec->command, &error);
    scbox_error_done(&error);
    return err;
}

int reach_open(const struct reach_spec *spec, struct reach *out)
{
    bool start = spec->must_start;
    struct reach r = {0};
    int err = 0;

    if (!start)
        err = find_running(spec, &r, &start);
    if (start)
        err = start_private(spec, &r);
    if (err < 0)
        reach_done(&r);
    else
        *out = r;
    return err;
}

void reach_last_words(const struct reach *r)
{
    static const char ready[] = "scboxd ready";
    char *words = r->daemon != NULL ? daemon_last_words(r->daemon) : NULL;

    if (r->owner != NULL)
        fprintf(stderr, "  why: it was the private daemon of %s, which has ended\n", r->owner);
    if (words != NULL && words[0] != '\0' && strncmp(words, ready, strlen(ready)) != 0)
        fprintf(stderr, "  why: the last line of its log: %s\n", words);
    free(words);
}

void reach_done(struct reach *r)
{
    scbox_disconnect(r->conn);
    daemon_stop(r->daemon);
    free(r->joined);
    free(r->owner);
    *r = (struct reach){0};
}
