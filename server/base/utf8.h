/* SPDX-License-Identifier: MIT */
#ifndef SERVER_BASE_UTF8_H
#define SERVER_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Whether bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing past U+10FFFF.
 * @ptr   borrowed; @len bytes.
 * Source RFC 3629 section 4.
 */
bool utf8_valid(const char *ptr, size_t len);

/** The length of the well-formed sequence at @ptr (@left bytes are there); 0 if it is none. */
size_t utf8_sequence(const char *ptr, size_t left);

/** Encode a character: at most U+10FFFF, no surrogate. @out has 4 bytes. Returns the bytes used. */
size_t utf8_encode(uint32_t c, char *out);

/** The number of bytes before the first that is not well-formed UTF-8. */
size_t utf8_valid_len(const char *ptr, size_t len);

/**
 * The number of bytes at @ptr to show in hex to people; 0 if the character there is shown as it is.
 * Hex is for invalid UTF-8, control characters (terminals obey U+0080 to U+009F, too), line and
 * paragraph separators (U+2028, U+2029) and the marks of bidirectional text.
 * @len      not 0.
 */
size_t utf8_hex_at(const char *ptr, size_t len);

/** Bytes of the character that begins with @first, in well-formed UTF-8. */
size_t utf8_char_size(char first);

/** The code point of the well-formed character at @ptr. */
unsigned utf8_code_point(const char *ptr);

#endif
