/* SPDX-License-Identifier: MIT */
/*
 * Reasons: the chain of sentences that says why something was refused.
 *
 * An errno says what; a `struct why` says which component refused, which bits were missing and what
 * removed them. The function that refuses adds a sentence; its callers may append their own. A lost
 * sentence (no memory, chain full) never changes a result.
 */
#ifndef SERVER_BASE_WHY_H
#define SERVER_BASE_WHY_H

#include <stdarg.h>
#include <stddef.h>

/** Room for the deepest chain of views, and the sentences at its ends. */
enum { WHY_MAX = 80 };

struct why {
    char **text; /* owned, and so is each sentence */
    size_t count;
};

#define WHY_INIT                                                                                   \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/** Append a sentence. Does nothing if @why is NULL or the chain is full. */
void why_note(struct why *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** why_note(), then the value @err: `return why_add(why, -EINVAL, "…");`. It is a macro so that the
 * compiler sees the value. */
#define why_add(why, err, ...) (why_note((why), __VA_ARGS__), (err))

/** Forget all sentences. */
void why_done(struct why *why);

#endif
