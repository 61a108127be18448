/* SPDX-License-Identifier: MIT */
/*
 * The envelope of one request: the members around method and params (JSON-RPC 2.0 section 4). Pure:
 * tokens in, struct out, so that it can be tested and fuzzed without a connection.
 */
#ifndef SERVER_RPC_CODEC_ENVELOPE_H
#define SERVER_RPC_CODEC_ENVELOPE_H

#include "server/base/json.h"
#include "server/rpc/codec/failure.h"

struct envelope {
    struct json_span id; /* as it was written, in the text; "null" when unusable; empty: none */
    uint32_t method;     /* its token; 0 when there is none */
    uint32_t params;     /* the same */
};

enum envelope_kind {
    ENVELOPE_REQUEST,      /* to be answered */
    ENVELOPE_NOTIFICATION, /* never to be answered */
    ENVELOPE_DROP,    /* an answer to a request that the daemon never sent, or a bad notification */
    ENVELOPE_INVALID, /* to be answered with the failure, under envelope.id */
};

/**
 * Read one request.
 * @at       its token in @doc.
 * @out      always filled; borrows from the text.
 * @f        the failure of ENVELOPE_INVALID.
 */
enum envelope_kind envelope_read(const struct json_doc *doc, uint32_t at, struct envelope *out,
                                 struct failure *f);

#endif
