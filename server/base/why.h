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

#include <stdarg.h>
#include <stddef.h>

/** Room for a chain of views as deep as they get, and what stands at its ends. */
enum { WHY_MAX = 80 };

struct why {
    char **text; /* owned, and so is each sentence */
    size_t count;
};

#define WHY_INIT                                                                                   \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/** Append a sentence, unless nobody wants to know (@why is NULL) or the chain is full. */
void why_note(struct why *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** why_note() with @err as its value, for `return why_add(why, -EINVAL, "…");`. A macro, so that
 * the compiler sees which error it is. */
#define why_add(why, err, ...) (why_note((why), __VA_ARGS__), (err))

/** Forget all sentences. */
void why_done(struct why *why);

#endif
