/* SPDX-License-Identifier: MIT */
/* Base64 with the standard alphabet and padding (RFC 4648 section 4). */
#ifndef SERVER_BASE_BASE64_H
#define SERVER_BASE_BASE64_H

#include <stddef.h>

/** Bytes that base64_encode() writes for @len bytes, without a NUL. */
size_t base64_encoded_size(size_t len);

/** Encode @len bytes of @in to @out, which has base64_encoded_size(@len) bytes. No NUL is added. */
void base64_encode(const void *in, size_t len, char *out);

/**
 * Decode @len characters of @in.
 * @out      borrowed; room for @len / 4 * 3 bytes; undefined on error.
 * @out_len  bytes written.
 * Returns   0; -EINVAL on a character outside the alphabet, wrong padding, non-zero spare bits or
 *           a length that is not a multiple of 4.
 */
int base64_decode(const char *in, size_t len, void *out, size_t *out_len);

#endif
