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

/** The bytes of the well-formed sequence that stands first; 0 when there is none. @left: there are. */
size_t utf8_sequence(const char *ptr, size_t left);

/** Write a character, none of the surrogates, at most U+10FFFF. @out  4 bytes. Returns how many it has. */
size_t utf8_encode(uint32_t c, char *out);

/** How many of the bytes are well-formed before the first that is not. */
size_t utf8_valid_len(const char *ptr, size_t len);

/**
 * How many of the bytes here are shown in hex wherever people read them, 0 when a character begins that is
 * shown as it is. In hex: what is no UTF-8; control characters (terminals obey U+0080 to U+009F, too); what
 * ends or turns a line (U+2028, U+2029, the marks of bidirectional text).
 * @len      not 0.
 */
size_t utf8_hex_at(const char *ptr, size_t len);

/** Bytes of the character that begins with @first, in well-formed UTF-8. */
size_t utf8_char_size(char first);

/** The code point of the well-formed character at @ptr. */
unsigned utf8_code_point(const char *ptr);

#endif
