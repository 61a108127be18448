/* SPDX-License-Identifier: MIT */
/*
 * Patterns for paths, as fault rules have them.
 *
 *     *       any bytes, none too; '/' is nothing special
 *     ?       any one byte
 *     [abx-z] one of these bytes; [!…] one of the others; ']' first is a member
 *     \c      the byte c itself
 */
#ifndef SERVER_KERNEL_CALL_GLOB_H
#define SERVER_KERNEL_CALL_GLOB_H

#include "schema/calls.h"

#include <stdbool.h>

/** Bytes of a pattern at most. */
enum { GLOB_MAX = 256 };

/** Why a pattern is none, a sentence without its end; NULL when it is one. @pattern borrowed. */
const char *glob_check(const char *pattern);

/** Whether the whole of @text matches a pattern that glob_check() took. Its time is at most the
 * product of their lengths. */
bool glob_matches(const char *pattern, struct sc_str text);

#endif
