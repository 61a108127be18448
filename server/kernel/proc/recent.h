/* SPDX-License-Identifier: MIT */
/* The calls that a process finished last: told, for people, when it faults. */
#ifndef SERVER_KERNEL_PROC_RECENT_H
#define SERVER_KERNEL_PROC_RECENT_H

#include "server/base/strbuf.h"

#include <stdint.h>

enum { RECENT_MAX = 4 };

/** A ring; zeroed is empty. */
struct recent {
    struct recent_call {
        int16_t nr;
        int16_t status;  /* 0, or -errno */
        uint32_t repeat; /* how often in a row with this status */
    } at[RECENT_MAX];
    uint32_t count; /* of entries so far, also of those that are overwritten */
};

/** Note a finished call. SC_ERRNO, which only asks for the reason of another, is left out. */
void recent_add(struct recent *r, int nr, int status);

/** Append "; last calls: SC_OPEN (ENOENT), SC_READ x 3", the last one at the end; nothing of none. */
void recent_text(const struct recent *r, struct strbuf *out);

#endif
