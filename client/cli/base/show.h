/* SPDX-License-Identifier: MIT */
/* What people are shown: JSON laid out to be read, and errors with their reasons. */
#ifndef CLIENT_CLI_BASE_SHOW_H
#define CLIENT_CLI_BASE_SHOW_H

#include "client/lib/scbox_cjson.h"
#include "server/base/strbuf.h"
#include "server/base/why.h"

#include <stdbool.h>
#include <stdio.h>

/**
 * Print bytes that come from the simulated system. Guests may print anything: unless @raw, what
 * utf8_hex_at() finds is shown in hex (as \x1b), and no terminal obeys it. Reports are never raw.
 */
void show_bytes(FILE *to, const char *bytes, size_t len, bool raw);

/** Print a text of one line that may hold such bytes, with all of them shown: a path, a reason. */
void show_word(FILE *to, const char *text);

/** The same of a path or name as the daemon gives it: a string, or {"base64": …} for bytes that are no UTF-8. */
void show_name(FILE *to, const cJSON *name);

/** show_bytes() with its lines kept. */
void show_lines(FILE *to, const char *text, size_t len, bool raw);

/**
 * Print text that holds such bytes, lines kept: as it is, but on a terminal as show_bytes() does.
 */
void show_text(FILE *to, const char *text, size_t len);

/**
 * Append a value: what fits a line of @width columns on one line, the rest indented by two blanks.
 * @width    0: everything on one line.
 */
void show_json(struct strbuf *out, const cJSON *value, size_t width);

/**
 * Print an error: name and text on a line that starts with "scbox COMMAND: ", each reason on a line of its
 * own, then the hint.
 */
void show_error(FILE *to, const char *command, const struct scbox_error *error);

/** Print reasons, one a line, the first after "scbox COMMAND: ". */
void show_why(FILE *to, const char *command, const struct why *why);

#endif
