/* SPDX-License-Identifier: MIT */
#ifndef SERVER_BASE_UTF8_H
#define SERVER_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Whether bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing past U+10FFFF.
 * @ptr   borrowed; @len bytes.
 * Source RFC 3629 section 4.
 */
bool utf8_valid(const char *ptr, size_t len);

/** How many of the bytes are well-formed before the first that is not. */
size_t utf8_valid_len(const char *ptr, size_t len);

#endif
