/* SPDX-License-Identifier: MIT */
/*
 * Reading a message in many plain passes: a strict check, walks over the checked text, a tree by cJSON
 * whose large numbers are replaced by their text, the envelope from that tree. This is how the daemon read messages
 * before server/base/json.h, and what fuzz_message compares it with.
 */
#ifndef TESTS_FUZZ_REFERENCE_H
#define TESTS_FUZZ_REFERENCE_H

#include "server/base/json.h"
#include "server/rpc/codec/envelope.h"

#include <cjson/cJSON.h>

/** As json_check(). */
int ref_check(const char *text, size_t len, const struct json_limits *limits,
              struct json_error *error);

/* What follows works on values of a text that ref_check() took. */

enum json_kind ref_kind(struct json_span value);
bool ref_has_nul(struct json_span value);

/** Where a walk over an array or object is. */
struct ref_iter {
    const char *at;
    const char *end;
    bool object;
};

void ref_iter_init(struct ref_iter *it, struct json_span container);

/** Take the next member. @key  with its quotes; empty for arrays. Returns whether there was one. */
bool ref_iter_next(struct ref_iter *it, struct json_span *key, struct json_span *value);

/** Whether a string value means the ASCII text @text. */
bool ref_string_is(struct json_span string, const char *text);

/** The first member of an object with the ASCII key @key; false when there is none. */
bool ref_get(struct json_span object, const char *key, struct json_span *out);

struct ref_envelope {
    cJSON *
        tree; /* returned; cJSON_Delete(); NULL: no object, U+0000, or a number too long for cJSON */
    struct json_span id;
    const char *method;
    cJSON *params;
    struct json_span params_text;
};

enum envelope_kind ref_envelope_read(struct json_span text, struct ref_envelope *out,
                                     struct failure *f);

#endif
