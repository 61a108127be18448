/* SPDX-License-Identifier: MIT */
/*
 * Completion of a line of the shell: the words that are possible at the cursor.
 *
 * They depend on the line and the call table (a mask argument takes flags, a path takes views and
 * files); struct complete_source lists what exists in the simulated system.
 */
#ifndef CLIENT_CLI_SHELL_COMPLETE_H
#define CLIENT_CLI_SHELL_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

enum { CANDIDATES_MAX = 10000 }; /* candidates; a directory may have more */

/** Words that fit, sorted, each once. */
struct candidates {
    char **word; /* owned; whole words, not remainders */
    size_t count;
    size_t room;
    size_t start; /* byte of the line where the word to complete begins */
};

struct complete_source {
    void *user;
    /** Add the names of the views, each with a ':' behind it. */
    void (*views)(void *user, struct candidates *out);
    /** Add the entries of a directory (NAME:/PATH), each with @dir before it, directories with
     * '/'. */
    void (*entries)(void *user, const char *dir, struct candidates *out);
    /** Add the variables, each with '$' before it. */
    void (*variables)(void *user, struct candidates *out);
    const char *const *commands; /* ":help" …, ended by NULL */
};

/**
 * Find the words that are possible at the end of a line.
 * @line     the line up to the cursor.
 * @out      filled; candidates_done().
 */
void complete_line(const struct complete_source *source, const char *line, struct candidates *out);

/** Bytes that all candidates begin with. */
size_t candidates_common(const struct candidates *c);

/** Add prefix and word as one, unless memory is short. */
void candidates_add(struct candidates *c, const char *prefix, const char *word, const char *suffix);

void candidates_done(struct candidates *c);

#endif
