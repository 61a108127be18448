/* SPDX-License-Identifier: MIT */
/* JSON on the wire: appending values to a text, and reading them from a parsed one. */
#ifndef CLIENT_LIB_WIRE_H
#define CLIENT_LIB_WIRE_H

#include "server/base/json.h"
#include "server/base/strbuf.h"

/** json_read() with the limits of this library. */
int wire_read(struct json_doc *doc, const char *text, size_t len, struct json_error *error);

/** Append bytes as a JSON string. They are not checked for UTF-8. */
void wire_add_string(struct strbuf *to, const char *bytes, size_t len);

/** Append bytes as a JSON string in base64. */
void wire_add_base64(struct strbuf *to, const void *bytes, size_t len);

/* Of these, @i is the index of a value; 0, or one of another kind, is a value that is missing. */

/** A value's text: returned, free(); NULL without memory. */
char *wire_text(const struct json_doc *doc, uint32_t i);

/** What a string means: returned, free(), a NUL behind @out_len bytes. Returns 0, -EINVAL,
 * -ENOMEM. */
int wire_string(const struct json_doc *doc, uint32_t i, char **out, size_t *out_len);

/** The bytes of a string in base64, as wire_string(). */
int wire_base64(const struct json_doc *doc, uint32_t i, char **out, size_t *out_len);

/** The bytes of {data, encoding?} or {base64}, as wire_string(). @i may be 0: the text's own
 * value. */
int wire_data(const struct json_doc *doc, uint32_t i, char **out, size_t *out_len);

/** A whole number, or a string of its digits as those above 2^53-1 travel. Returns 0 or -EINVAL. */
int wire_int(const struct json_doc *doc, uint32_t i, int64_t *out);

/** The same up to 2^64-1. */
int wire_uint(const struct json_doc *doc, uint32_t i, uint64_t *out);

#endif
