/* SPDX-License-Identifier: MIT */
#include "server/kernel/door/errand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** A gathered directory entry; its name follows, with its NUL. */
struct listed {
    struct fs_stat stat;
    bool has_stat;
    size_t name_size;
};

/** The second string of a call; NULL: it has none. */
static const char *second(const struct slot_call *c)
{
    if (c->shape == SLOT_TWO_PATHS)
        return c->to.path;
    return c->shape == SLOT_SYMLINK ? c->target : NULL;
}

static size_t string_size(const char *s)
{
    return s != NULL ? strlen(s) + 1 : 0;
}

/** The number of bytes to be read or written. */
static size_t data_size(const struct slot_call *c)
{
    if (c->shape == SLOT_FILLS)
        return c->in.buf.len;
    return c->shape == SLOT_WRITES ? c->out.bytes.len : 0;
}

/** fs_readdir_fn: gather an entry. */
static int gather(void *user, const char *name, const struct fs_stat *stat)
{
    struct strbuf *to = user;
    struct listed one = {.has_stat = stat != NULL, .name_size = strlen(name) + 1};

    if (stat != NULL)
        one.stat = *stat;
    (void)strbuf_add(to, &one, sizeof(one));
    (void)strbuf_add(to, name, one.name_size);
    return strbuf_failed(to) ? -ENOMEM : 0;
}

/** Copy a string to *@at and move that behind it. Returns the copy; NULL for NULL. */
static const char *copy_string(char **at, const char *s)
{
    char *copy = *at;

    if (s == NULL)
        return NULL;
    memcpy(copy, s, string_size(s));
    *at += string_size(s);
    return copy;
}

/** Point the call's arguments to the errand's copies. */
static void own_arguments(struct errand *e, const struct slot_call *c)
{
    char *at = e->bytes;

    if (c->who != NULL) {
        e->who = *c->who;
        e->call.who = &e->who;
    }
    if (c->file != NULL) {
        e->file = *c->file;
        e->call.file = &e->file;
    }
    e->call.path = copy_string(&at, c->path);
    if (c->shape == SLOT_TWO_PATHS)
        e->call.to.path = copy_string(&at, c->to.path);
    else if (c->shape == SLOT_SYMLINK)
        e->call.target = copy_string(&at, c->target);
    else if (c->shape == SLOT_STATS)
        e->call.stat = &e->stat;
    else if (c->shape == SLOT_STATS_FS)
        e->call.statfs = &e->statfs;
    else if (c->shape == SLOT_DESTROYS || c->shape == SLOT_EXPLAINS)
        e->call.why = &e->why;
    if (c->shape == SLOT_OPENS_SOURCE) {
        e->call.opening.why = &e->why;
        e->call.opening.out = &e->opened;
    }
    if (c->shape == SLOT_FILLS) { /* bytes that the slot does not fill must not change */
        memcpy(at, c->in.buf.ptr, c->in.buf.len);
        e->call.in.buf.ptr = at;
    }
    if (c->shape == SLOT_WRITES) {
        memcpy(at, c->out.bytes.ptr, c->out.bytes.len);
        e->call.out.bytes.ptr = at;
    }
    if (c->shape == SLOT_LISTS) {
        e->call.entries.callback = gather;
        e->call.entries.user = &e->entries;
    }
}

int errand_new(struct slow *s, slot_fn slot, const struct slot_call *c, struct errand **out)
{
    const size_t size = string_size(c->path) + string_size(second(c)) + data_size(c);
    struct errand *e = malloc(sizeof(*e) + size);

    if (e == NULL)
        return -ENOMEM;
    memset(e, 0, sizeof(*e));
    e->slow = s;
    e->slot = slot;
    e->call = *c;
    e->entries.max = ERRAND_ENTRIES_MAX;
    list_init(&e->job.link);
    own_arguments(e, c);
    *out = e;
    return 0;
}

/** Call readdir()'s callback for the gathered entries. Returns as readdir(). */
static int64_t give_entries(const struct errand *e, const struct slot_call *c)
{
    int result = 0;

    for (size_t at = 0; result == 0 && at < e->entries.len;) {
        struct listed one;
        const char *name = e->entries.ptr + at + sizeof(one);

        memcpy(&one, e->entries.ptr + at, sizeof(one));
        result = c->entries.callback(c->entries.user, name, one.has_stat ? &one.stat : NULL);
        at += sizeof(one) + one.name_size;
    }
    return result;
}

/** Add the reasons that the slot gave. */
static void give_reasons(const struct errand *e, struct why *to)
{
    for (size_t i = 0; to != NULL && i < e->why.count; i++)
        (void)why_add(to, 0, "%s", e->why.text[i]);
}

int64_t errand_take(struct errand *e, const struct slot_call *c)
{
    if (c->file != NULL)
        *c->file = e->file;
    if (c->shape == SLOT_FILLS && e->result >= 0 && data_size(c) > 0)
        memcpy(c->in.buf.ptr, e->call.in.buf.ptr, c->in.buf.len);
    else if (c->shape == SLOT_STATS)
        *c->stat = e->stat;
    else if (c->shape == SLOT_STATS_FS)
        *c->statfs = e->statfs;
    else if (c->shape == SLOT_DESTROYS || c->shape == SLOT_EXPLAINS)
        give_reasons(e, c->why);
    if (c->shape == SLOT_OPENS_SOURCE) {
        give_reasons(e, c->opening.why);
        *c->opening.out = e->opened;
    }
    return c->shape == SLOT_LISTS && e->result == 0 ? give_entries(e, c) : e->result;
}

void errand_free(struct errand *e)
{
    strbuf_done(&e->entries);
    why_done(&e->why);
    free(e);
}
