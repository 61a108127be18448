/* SPDX-License-Identifier: MIT */
/* Words and colours of results and reports. */
#ifndef CLIENT_CLI_ENGINE_SCN_PRINT_H
#define CLIENT_CLI_ENGINE_SCN_PRINT_H

#include "client/cli/engine/scn.h"
#include "server/base/strbuf.h"

enum scn_paint { PAINT_OFF, PAINT_GOOD, PAINT_BAD, PAINT_ODD, PAINT_DIM, PAINT_BOLD };

/** The escape sequence of a colour, "" unless @flags has SCN_PRINT_COLOR. */
const char *scn_paint(unsigned flags, enum scn_paint paint);

/**
 * Print text under a label, its further lines below its first.
 * @indent   columns before the label.
 * @text     NULL and "": nothing is printed.
 */
void scn_print_labelled(FILE *to, unsigned flags, int indent, const char *label, const char *text);

/** Append a result on one line where it fits: "fd 3", "type DIR  access READ,READDIR  size 0". */
void scn_add_value(struct strbuf *out, const cJSON *value);

/** Append the outcome of a line: its result, or "EACCES: permission denied". */
void scn_add_outcome(struct strbuf *out, const struct scn_result *r);

#endif
