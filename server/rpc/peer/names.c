/* SPDX-License-Identifier: MIT */
#include "server/rpc/peer/names.h"

#include "server/rpc/codec/params.h"

#include <string.h>

/* Half of the entries are free, so a look-up compares one or two of them. */
enum {
    NAMES_COUNT = METHOD_COUNT
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS) +1
#include "schema/syscalls.def"
};
_Static_assert(NAMES_COUNT <= NAMES_SLOTS / 2, "more names than slots are good for");

/** The entry at which the search of a name begins. */
static size_t first_slot(const char *name, size_t len)
{
    uint32_t hash = (uint32_t)len;
    uint32_t word;

    for (; len >= sizeof(word); len -= sizeof(word), name += sizeof(word)) {
        memcpy(&word, name, sizeof(word));
        hash = (hash ^ word) * 2654435761;
        hash ^= hash >> 15;
    }
    for (; len > 0; len--)
        hash = (hash ^ (unsigned char)*name++) * 16777619;
    return (hash ^ hash >> 16) % NAMES_SLOTS;
}

/** The entry of a name, or the free one where it would be. */
static size_t slot_of(const struct names *n, const char *name, size_t len)
{
    size_t i = first_slot(name, len);

    while (n->slots[i].name != NULL &&
           (n->slots[i].len != len || memcmp(n->slots[i].name, name, len) != 0))
        i = (i + 1) % NAMES_SLOTS;
    return i;
}

static void enter(struct names *n, const char *name, const struct sc_call_info *call, int method)
{
    const size_t len = strlen(name);

    n->slots[slot_of(n, name, len)] = (struct method_name){name, len, call, method};
}

void names_init(struct names *n)
{
    memset(n, 0, sizeof(*n));
    for (size_t i = 0; i < sc_calls_count; i++)
        enter(n, sc_calls[i].name, &sc_calls[i], -1);
    for (int i = 0; i < METHOD_COUNT; i++)
        enter(n, rpc_methods[i].name, NULL, i);
}

const struct method_name *names_find(const struct names *n, const char *name, size_t len)
{
    const struct method_name *found = &n->slots[slot_of(n, name, len)];

    return found->name != NULL ? found : NULL;
}
