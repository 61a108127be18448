/* SPDX-License-Identifier: MIT */
/*
 * Writing compact JSON into a strbuf. The writer puts commas; the caller closes what it opened.
 *
 *     struct json_out out = json_out_to(&buf);
 *     out_open(&out, '{');
 *     out_key(&out, "fd"); out_int(&out, 3);
 *     out_close(&out, '}');
 *
 * Memory failures are the strbuf's: sticky, checked once at the end.
 */
#ifndef SERVER_RPC_CODEC_JSON_OUT_H
#define SERVER_RPC_CODEC_JSON_OUT_H

#include "server/base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Whole numbers up to this travel as JSON numbers, larger ones as decimal strings: 2^53 - 1. */
#define JSON_EXACT_MAX INT64_C(9007199254740991)

struct json_out {
    struct strbuf *to;
    bool comma;   /* the next value of an array, or key, needs one before it */
    size_t shown; /* bytes of data that an event shows; 0: the default (event_out.h) */
};

struct json_out json_out_to(struct strbuf *to);

/** Open or close an array or object. */
void out_open(struct json_out *o, char bracket);
void out_close(struct json_out *o, char bracket);

/** A key; its value must follow. @key is a plain ASCII word. */
void out_key(struct json_out *o, const char *key);

void out_null(struct json_out *o);
void out_bool(struct json_out *o, bool value);
void out_int(struct json_out *o, int64_t value);
void out_uint(struct json_out *o, uint64_t value);

/** A fraction, with as many digits as identify it. @value is finite. */
void out_double(struct json_out *o, double value);

/** Text for people; a byte that is not UTF-8 becomes \xff. */
void out_text(struct json_out *o, const char *text, size_t len);

/** NUL-terminated text, or null for NULL. */
void out_string(struct json_out *o, const char *text);

/** A key and its value. */
static inline void out_key_int(struct json_out *o, const char *key, int64_t value)
{
    out_key(o, key);
    out_int(o, value);
}

static inline void out_key_uint(struct json_out *o, const char *key, uint64_t value)
{
    out_key(o, key);
    out_uint(o, value);
}

static inline void out_key_string(struct json_out *o, const char *key, const char *text)
{
    out_key(o, key);
    out_string(o, text);
}

/**
 * A key with bytes: as text when they are UTF-8 without NUL and @base64 is false; else in base64,
 * followed by the member "encoding".
 */
void out_data(struct json_out *o, const char *key, const char *bytes, size_t len, bool base64);

/**
 * A path or name: as text when it is UTF-8 without NUL, else {"base64": "…"}; null for NULL.
 */
void out_name(struct json_out *o, const char *name, size_t len);
void out_name_string(struct json_out *o, const char *name);

/** A value that is JSON already. */
void out_raw(struct json_out *o, const char *json, size_t len);

#endif
