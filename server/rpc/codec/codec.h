/* SPDX-License-Identifier: MIT */
/*
 * Between JSON and the argument and result structs of the calls, by their fields in schema/calls.h.
 *
 *     codec_init(&d, row, transfer_max, &f);
 *     codec_decode(&d, params, &call.args);             strings point into params
 *     codec_lend(&d, &call.args, &call.out);            room for result bytes
 *     … the call …                                      codec_forget(&d) if it waits
 *     codec_encode(&d, &call.out, &json_out);
 *     codec_done(&d);                                   when the call has finished
 */
#ifndef SERVER_RPC_CODEC_CODEC_H
#define SERVER_RPC_CODEC_CODEC_H

#include "schema/calls.h"
#include "server/rpc/codec/failure.h"
#include "server/rpc/codec/params.h"

/** Decodes one call's arguments and encodes its results. */
struct decoder {
    /* Set by the caller. */
    const struct sc_call_info *info;
    uint64_t transfer_max; /* bytes of one data argument or result */
    struct failure *failure;

    /* Filled by codec_decode(). */
    const cJSON *as; /* the members that every call may carry; NULL when missing */
    const cJSON *session;
    bool background;
    bool base64; /* "encoding" is base64: for data arguments and results */
    bool brief;  /* set by the caller that encodes an event: result bytes are cut */

    /* The codec's own. */
    size_t next; /* the argument being decoded */
    char *bytes; /* decoded base64 */
    char *lent;  /* room for result bytes */
    size_t lent_size;

    /* In the row's order, and only as many as it has: set by codec_decode(). */
    const cJSON *at[PARAMS_MAX]; /* the values of arguments */
    const cJSON *strlen_of[PARAMS_MAX];
    char *names[PARAMS_MAX]; /* decoded paths and names */
};

/** Set the caller's members, and clear the others. */
void codec_init(struct decoder *d, const struct sc_call_info *info, uint64_t transfer_max,
                struct failure *f);

/**
 * Decode arguments.
 * @params   an object, an array, or NULL; borrowed until the call has finished, or codec_forget()
 *           releases it.
 * Returns   0; -1 said in d->failure.
 */
int codec_decode(struct decoder *d, const cJSON *params, union sc_args *out);

/**
 * The call waits: release the params, unless an argument is text that points into them.
 * Returns   whether the params may be freed before codec_done().
 */
bool codec_forget(struct decoder *d);

/** Lend the call room for its result bytes. Returns 0; -1 said in d->failure. */
int codec_lend(struct decoder *d, const union sc_args *args, union sc_out *out);

/** Write a call's results: an object of them, or null for a call without. */
void codec_encode(const struct decoder *d, const union sc_out *out, struct json_out *o);

/** Write a call's arguments for an event: an object as its method takes it, with long values cut
 * (kinds_put.c). */
void codec_encode_args(const struct sc_call_info *info, const union sc_args *args,
                       struct json_out *o);

/**
 * Decode the results of a call from the object its method would answer.
 * @out      the call's own, so with the buffer that it was lent; changed only on success, except
 *           that buffer.
 * @out_text returned; free(): what results of kind rpath point to; NULL when there are none.
 * Returns   0; -1 said in @f.
 */
int codec_decode_result(const struct sc_call_info *info, const cJSON *result, union sc_out *out,
                        char **out_text, struct failure *f);

/** Free the memory of decoding and lending. */
void codec_done(struct decoder *d);

#endif
