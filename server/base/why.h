/* SPDX-License-Identifier: MIT */
/*
 * Reasons: the chain of sentences that tells why something was refused.
 *
 * An errno says what; a `struct why` says who refused, which bits were missing, who took them away.
 * Whoever refuses adds a sentence; whoever passes the refusal on may add its own behind it. A lost
 * sentence (no memory, chain full) never changes an outcome.
 */
#ifndef SERVER_BASE_WHY_H
#define SERVER_BASE_WHY_H

#include <stddef.h>

enum { WHY_MAX = 16 };

struct why {
    char *text[WHY_MAX]; /* owned */
    size_t count;
};

#define WHY_INIT                                                                                   \
    {                                                                                              \
        {0}, 0                                                                                     \
    }

/** Append a sentence. @why may be NULL: then nobody wants to know. Returns @err, for tail calls. */
int why_add(struct why *why, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** Forget all sentences. */
void why_done(struct why *why);

#endif
