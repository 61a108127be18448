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

#endif
