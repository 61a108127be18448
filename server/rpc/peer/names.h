/* SPDX-License-Identifier: MIT */
/* Methods by name: the calls of syscalls.def and the rows of methods.def in one hash table. */
#ifndef SERVER_RPC_PEER_NAMES_H
#define SERVER_RPC_PEER_NAMES_H

#include "schema/calls.h"

enum { NAMES_SLOTS = 512 }; /* a power of two; names.c checks that they suffice */

/** A method's name, and its call or row of methods.def. */
struct method_name {
    const char *name; /* static; NULL: the entry is free */
    size_t len;
    const struct sc_call_info *call; /* or NULL, and then: */
    int method;                      /* a METHOD_* */
};

struct names {
    struct method_name slots[NAMES_SLOTS];
};

/** Fill the table. */
void names_init(struct names *n);

/** Look a method up by its exact name of @len bytes; NULL when there is none. */
const struct method_name *names_find(const struct names *n, const char *name, size_t len);

#endif
