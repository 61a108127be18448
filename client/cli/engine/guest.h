/* SPDX-License-Identifier: MIT */
/*
 * A guest program in a new child, from NEW_PROC to its end: what `run` of scenarios, scbox run and scbox
 * trace do.
 *
 *     guest_make     NEW_PROC, and BIND_FS for each of the caller's names
 *     guest_args     SET_ARGS
 *     guest_load     MAKE_FS, OPEN, WRITE, CLOSE: a program of the host, in a filesystem of its own
 *     guest_exec     PROC_EXEC
 *     guest_wait     PROC_WAIT
 *
 * Each returns as scn_request(), with g->c->r. The owner kills what is running at its end.
 */
#ifndef CLIENT_CLI_ENGINE_GUEST_H
#define CLIENT_CLI_ENGINE_GUEST_H

#include "client/cli/engine/scn_session.h"

struct guest {
    struct scn_caller *c; /* borrowed */
    int32_t pid;
    char fs[32];        /* name of the program's filesystem; "" when it has none */
    cJSON *file;        /* path of the program in the simulated system; owned */
    bool running;       /* it was made and not waited for */
    bool has_tty;       /* some name may have devices */
    int64_t started_ms; /* when its program was; 0: not yet */
};

int guest_make(struct guest *g);

/** @words: @count arguments, the program's name first, and the environment, each ended by NUL. */
int guest_args(struct guest *g, size_t count, const struct strbuf *words);

/**
 * @fs       name of the new filesystem, which the guest does not get.
 * @name     of the file in it.
 * @from     the program, open.
 * @out_unread  as of scn_upload().
 */
int guest_load(struct guest *g, const char *fs, const char *name, int from, int *out_unread);

/** Start the program g->file. From then on the session keeps what it prints and why it fails. */
int guest_exec(struct guest *g);

/** g->c->r->value is {pid, state, return_code} then. */
int guest_wait(struct guest *g);

#endif
