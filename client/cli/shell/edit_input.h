/* SPDX-License-Identifier: MIT */
/*
 * Bytes that were read from stdin and not taken yet: typed ahead, pasted, or the rest of a pipe.
 *
 * Terminals put marks around a paste on request. Between them a byte is text: control characters
 * are dropped, and CR LF is one line end.
 */
#ifndef CLIENT_CLI_SHELL_EDIT_INPUT_H
#define CLIENT_CLI_SHELL_EDIT_INPUT_H

#include "server/base/strbuf.h"

#include <stdbool.h>

enum { EDIT_AHEAD_MAX = 4 * 1024 * 1024 }; /* bytes read from a terminal before they are needed */

struct edit_input {
    struct strbuf bytes;
    size_t at;    /* so many were taken */
    bool pasting; /* between the marks */
};

/** How many bytes are there. */
size_t edit_input_ahead(const struct edit_input *in);

/** The first of them; NUL-terminated. Borrowed until more is read. */
const char *edit_input_at(const struct edit_input *in);

/** Read what there is, or wait for it. Returns false at the end. */
bool edit_input_read(struct edit_input *in);

/** Read on while something is there at once; in a paste, until its end. */
void edit_input_read_ahead(struct edit_input *in);

/** Take a byte. Returns false if it is not part of a line: a mark, or dropped. */
bool edit_input_take(struct edit_input *in, char *out);

/** Forget all but the first bytes. */
void edit_input_cut(struct edit_input *in, size_t keep);

/** Forget everything. Returns how many bytes that were. */
size_t edit_input_drop(struct edit_input *in);

#endif
