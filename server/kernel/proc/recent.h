/* SPDX-License-Identifier: MIT */
/* The calls that a process finished last, for the text of its fault. */
#ifndef SERVER_KERNEL_PROC_RECENT_H
#define SERVER_KERNEL_PROC_RECENT_H

#include "server/base/strbuf.h"

#include <stdint.h>

enum { RECENT_MAX = 4 };

/** A ring; all zero is empty. */
struct recent {
    struct recent_call {
        int16_t nr;
        int16_t status;  /* 0, or -errno */
        uint32_t repeat; /* how often in a row with this status */
    } at[RECENT_MAX];
    uint32_t count; /* entries ever made, overwritten ones included */
};

/** Add a finished call. SC_ERRNO, which only asks about another call, is left out. */
void recent_add(struct recent *r, int nr, int status);

/** Append "; last calls: SC_OPEN (ENOENT), SC_READ x 3", the latest last; "" if none. */
void recent_text(const struct recent *r, struct strbuf *out);

#endif
