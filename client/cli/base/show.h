/* SPDX-License-Identifier: MIT */
/* Output for people: indented JSON, and errors with their reasons. */
#ifndef CLIENT_CLI_BASE_SHOW_H
#define CLIENT_CLI_BASE_SHOW_H

#include "client/lib/scbox_cjson.h"
#include "server/base/strbuf.h"
#include "server/base/why.h"

#include <stdbool.h>
#include <stdio.h>

/**
 * Print bytes from the simulated system. Guests may print anything: unless @raw, bytes that
 * utf8_hex_at() finds are printed in hex (as \x1b), so that no terminal obeys them. Reports are
 * never raw.
 */
void show_bytes(FILE *to, const char *bytes, size_t len, bool raw);

/** Print a text of one line that may have such bytes, all of them in hex: a path, a reason. */
void show_word(FILE *to, const char *text);

/** The same for a path or name from the daemon: a string, or {"base64": …} for bytes that are not
 * UTF-8. */
void show_name(FILE *to, const cJSON *name);

/** show_bytes() that keeps line ends. */
void show_lines(FILE *to, const char *text, size_t len, bool raw);

/**
 * Print text that may have such bytes, and keep line ends: unchanged, or on a terminal as
 * show_bytes().
 */
void show_text(FILE *to, const char *text, size_t len);

/**
 * Append a value: on one line if it fits @width columns, otherwise indented by two blanks.
 * @width    0: everything on one line.
 */
void show_json(struct strbuf *out, const cJSON *value, size_t width);

/**
 * Print an error: name and text on a line that starts with "scbox COMMAND: ", each reason on a
 * line of its own, then the hint.
 */
void show_error(FILE *to, const char *command, const struct scbox_error *error);

/** Print reasons, one a line, the first after "scbox COMMAND: ". */
void show_why(FILE *to, const char *command, const struct why *why);

#endif
