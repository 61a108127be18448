/* SPDX-License-Identifier: MIT */
/* The addresses of an i386 guest's patched `int $0x40` instructions: a sorted set with a limit. */
#ifndef SERVER_BRIDGE_SITES_H
#define SERVER_BRIDGE_SITES_H

#include "server/bridge/tracee/tracee.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SITES_MAX = 4096 };

struct sites {
    uint32_t *at; /* sorted; owned */
    size_t count;
    size_t cap;
};

void sites_done(struct sites *s);

bool sites_has(const struct sites *s, uint32_t addr);

/** Add an address, if it is not there. Returns 0; -ENOSPC at the limit, -ENOMEM. */
int sites_add(struct sites *s, uint32_t addr);

/** Remove the sites that overlap [@addr, @addr + @size). */
void sites_forget(struct sites *s, uint64_t addr, uint64_t size);

/**
 * Read a tracee's memory as the program has written it: with `int $0x40` at its sites.
 * @buf      borrowed; @size bytes.
 * Returns   as tracee_read().
 */
int sites_read(const struct sites *s, const struct tracee *t, uint64_t addr, void *buf,
               size_t size);

#endif
