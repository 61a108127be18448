/* SPDX-License-Identifier: MIT */
/*
 * What programs print, kept up to a limit. What comes behind it is counted and dropped.
 *
 * A pattern may say nothing of what was dropped. So of a text that was cut it sees the lines that came
 * whole, and only a regular expression that is found in them holds: every other pattern fails, in words.
 */
#ifndef CLIENT_CLI_SCENARIO_SCN_OUTPUT_H
#define CLIENT_CLI_SCENARIO_SCN_OUTPUT_H

#include "server/base/strbuf.h"

#include <cjson/cJSON.h>
#include <stdint.h>

enum {
    SCN_OUTPUT_BYTES = 64 * 1024,      /* kept of one program when nothing else is asked for */
    SCN_OUTPUT_MAX = 16 * 1024 * 1024, /* the most that can be asked for */
};

struct scn_output {
    struct strbuf kept;
    uint64_t cut; /* bytes that were dropped */
};

/** Forget all. */
void scn_output_reset(struct scn_output *o);

void scn_output_done(struct scn_output *o);

/** Keep bytes, at most @max in all; the last character that is kept is a whole one. */
void scn_output_add(struct scn_output *o, size_t max, const char *bytes, size_t len);

/** Add @name, "encoding" where it needs one, and @name_cut where bytes were dropped. 0 or -ENOMEM. */
int scn_output_tell(const struct scn_output *o, cJSON *object, const char *name);

/** Read 4096, 64K or 1M. Returns bytes, 0 when it is none of these or more than SCN_OUTPUT_MAX. */
size_t scn_output_size(const char *text);

/** Bytes of @len that end with a whole character, when what follows was cut off. */
size_t scn_whole_characters(const char *bytes, size_t len);

#endif
