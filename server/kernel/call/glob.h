/* SPDX-License-Identifier: MIT */
/*
 * Path patterns, for fault rules.
 *
 *     *       any number of any bytes; '/' is not special
 *     ?       any one byte
 *     [abx-z] one of these bytes; [!…] any other byte; a leading ']' is a member
 *     \c      the byte c itself
 */
#ifndef SERVER_KERNEL_CALL_GLOB_H
#define SERVER_KERNEL_CALL_GLOB_H

#include "schema/calls.h"

#include <stdbool.h>

/** The most bytes of a pattern. */
enum { GLOB_MAX = 256 };

/** Check a pattern. Returns NULL, or why it is invalid, a sentence without a full stop. */
const char *glob_check(const char *pattern);

/** Whether the whole of @text matches a pattern that glob_check() accepted. Takes time of at most
 * the product of their lengths. */
bool glob_matches(const char *pattern, struct sc_str text);

#endif
