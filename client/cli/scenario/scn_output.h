/* SPDX-License-Identifier: MIT */
/*
 * Output of programs, kept up to a limit. Further bytes are counted and dropped.
 *
 * A pattern can't judge the dropped bytes. So it is compared with the complete lines of a text
 * that was cut, and only a regular expression that is found in them matches: all other patterns
 * fail with this reason.
 */
#ifndef CLIENT_CLI_SCENARIO_SCN_OUTPUT_H
#define CLIENT_CLI_SCENARIO_SCN_OUTPUT_H

#include "server/base/strbuf.h"

#include <cjson/cJSON.h>
#include <stdint.h>

enum {
    SCN_OUTPUT_BYTES = 64 * 1024,      /* kept of one program by default */
    SCN_OUTPUT_MAX = 16 * 1024 * 1024, /* the maximum */
};

struct scn_output {
    struct strbuf kept;
    uint64_t cut; /* bytes that were dropped */
};

/** Forget all. */
void scn_output_reset(struct scn_output *o);

void scn_output_done(struct scn_output *o);

/** Keep bytes, at most @max in all, and only complete characters. */
void scn_output_add(struct scn_output *o, size_t max, const char *bytes, size_t len);

/** Add @name, "encoding" if needed, and @name_cut if bytes were dropped. 0 or -ENOMEM. */
int scn_output_put(const struct scn_output *o, cJSON *object, const char *name);

/** Read 4096, 64K or 1M. Returns bytes, 0 when it is none of these or more than SCN_OUTPUT_MAX. */
size_t scn_output_size(const char *text);

/** Bytes of @len that end with a whole character, when what follows was cut off. */
size_t scn_whole_characters(const char *bytes, size_t len);

#endif
