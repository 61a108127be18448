/* SPDX-License-Identifier: MIT */
/*
 * A guest program in a new child, from NEW_PROC to its end: what `run` of scenarios, scbox run and
 * scbox trace do.
 *
 *     guest_make     NEW_PROC, and BIND_FS for each of the caller's names
 *     guest_args     SET_ARGS
 *     guest_load     MAKE_FS, OPEN, WRITE, CLOSE: copy a program of the host to a new filesystem
 *     guest_exec     PROC_EXEC
 *     guest_wait     PROC_WAIT
 *
 * Each returns as scn_request(), with g->c->r. The owner kills a guest that is still running.
 */
#ifndef CLIENT_CLI_ENGINE_GUEST_H
#define CLIENT_CLI_ENGINE_GUEST_H

#include "client/cli/engine/scn_session.h"

struct guest {
    struct scn_caller *c; /* borrowed */
    int32_t pid;
    char fs[32];        /* name of the program's filesystem; "": none */
    cJSON *file;        /* path of the program in the simulated system; owned */
    bool running;       /* it was made, and not waited for yet */
    bool has_tty;       /* some name may have devices */
    int64_t started_ms; /* start of its program; 0: not started */
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

/** Start the program g->file. From then on the session keeps its output and why it failed. */
int guest_exec(struct guest *g);

/** Wait for its end: g->c->r->value becomes {pid, state, return_code}. */
int guest_wait(struct guest *g);

#endif
