/* SPDX-License-Identifier: MIT */
/*
 * The envelope of one request: what stands around method and params (JSON-RPC 2.0 section 4). Pure:
 * text in, struct out, so that it can be tested and fuzzed without a connection.
 */
#ifndef SERVER_RPC_ENVELOPE_H
#define SERVER_RPC_ENVELOPE_H

#include "server/base/json_text.h"
#include "server/rpc/failure.h"

#include <cjson/cJSON.h>

struct envelope {
    cJSON *tree; /* returned; cJSON_Delete(); NULL when the text is no object. Numbers that a
                            double can't hold for sure (beyond 2^53-1) are of type cJSON_Raw: text */
    struct json_span id; /* as it was written, in the text; "null" when unusable; empty: none */
    const char *method;  /* in the tree; NULL when there is none */
    cJSON *params;       /* in the tree; NULL when there is none */
    struct json_span params_text; /* the same, in the text */
};

enum envelope_kind {
    ENVELOPE_REQUEST,      /* to be answered */
    ENVELOPE_NOTIFICATION, /* never to be answered */
    ENVELOPE_DROP,         /* an answer to something we never asked, or a bad notification */
    ENVELOPE_INVALID,      /* to be answered with the failure, under envelope.id */
};

/**
 * Read one request.
 * @text     a value that json_check() took; borrowed as long as @out is used.
 * @out      always filled; release out->tree.
 * @f        the failure of ENVELOPE_INVALID.
 */
enum envelope_kind envelope_read(struct json_span text, struct envelope *out, struct failure *f);

#endif
