/* SPDX-License-Identifier: MIT */
#include "server/kernel/fs/node.h"

#include "server/kernel/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CHAINS_FIRST = 16 };

/** The head of the chain for a name in a directory. */
static struct node **chain_of(const struct node_table *t, const struct node *parent,
                              const char *name, size_t len)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325) ^ (parent != NULL ? parent->id : 0);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)name[i]) * UINT64_C(0x100000001B3); /* FNV-1a */
    hash ^= hash >> 32;
    return &t->chain[hash & (t->chain_count - 1)];
}

static void chain_add(struct node_table *t, struct node *n)
{
    struct node **head = chain_of(t, n->parent, n->name, strlen(n->name));

    n->next = *head;
    *head = n;
}

static void chain_del(struct node_table *t, struct node *n)
{
    struct node **at = chain_of(t, n->parent, n->name, strlen(n->name));

    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
}

/** Grow the table so that chains are short. Without memory they stay long: slower, but correct. */
static void spread(struct node_table *t)
{
    struct node_table wide = {.chain_count = t->chain_count * 2};

    wide.chain = calloc(wide.chain_count, sizeof(struct node *));
    if (wide.chain == NULL)
        return;
    for (size_t i = 0; i < t->chain_count; i++) {
        for (struct node *n = t->chain[i], *next; n != NULL; n = next) {
            next = n->next;
            chain_add(&wide, n);
        }
    }
    free(t->chain);
    t->chain = wide.chain;
    t->chain_count = wide.chain_count;
}

static struct node *find_child(const struct node *parent, const char *name, size_t len)
{
    struct node *n = *chain_of(&parent->mount->nodes, parent, name, len);

    while (n != NULL &&
           (n->parent != parent || strncmp(n->name, name, len) != 0 || n->name[len] != '\0'))
        n = n->next;
    return n;
}

static int node_new(struct mount *m, struct node *parent, const char *name, size_t len,
                    struct node **out)
{
    struct node *n = calloc(1, sizeof(*n));

    if (n == NULL)
        return -ENOMEM;
    n->name = strndup(name, len);
    if (n->name == NULL) {
        free(n);
        return -ENOMEM;
    }
    n->mount = m;
    n->refs = 1;
    n->id = m->nodes.next_id++;
    n->parent = parent != NULL ? node_ref(parent) : NULL;
    chain_add(&m->nodes, n);
    if (++m->nodes.count > m->nodes.chain_count)
        spread(&m->nodes);
    m->machine->census.nodes++;
    *out = n;
    return 0;
}

int node_new_root(struct mount *m, struct node **out)
{
    int err;

    m->nodes = (struct node_table){.chain_count = CHAINS_FIRST};
    m->nodes.chain = calloc(CHAINS_FIRST, sizeof(struct node *));
    if (m->nodes.chain == NULL)
        return -ENOMEM;
    err = node_new(m, NULL, "", 0, out);
    if (err < 0)
        free(m->nodes.chain);
    return err;
}

struct node *node_ref(struct node *n)
{
    n->refs++;
    return n;
}

struct node *node_unref(struct node *n)
{
    while (n != NULL && --n->refs == 0) {
        struct node_table *t = &n->mount->nodes;
        struct node *parent = n->parent;

        chain_del(t, n);
        n->mount->machine->census.nodes--;
        if (--t->count == 0)
            free(t->chain);
        free(n->name);
        free(n);
        n = parent;
    }
    return NULL;
}

/** Cut off the next component of a canonical path. False if none is left. */
static bool next_component(const char **at, const char **name, size_t *len)
{
    const char *slash;

    if (**at == '/')
        (*at)++;
    if (**at == '\0')
        return false;
    slash = strchr(*at, '/');
    *name = *at;
    *len = slash != NULL ? (size_t)(slash - *at) : strlen(*at);
    *at += *len;
    return true;
}

int node_get(struct mount *m, const struct path *path, struct why *why, struct node **out)
{
    const struct machine *machine = m->machine;
    struct node *n = node_ref(m->root);
    const char *at = path->str;
    const char *name;
    size_t len;

    while (next_component(&at, &name, &len)) {
        struct node *child = find_child(n, name, len);
        int err = 0;

        if (child != NULL)
            (void)node_ref(child);
        else
            err = machine_check_room(machine->census.nodes, machine->limits.nodes, -ENOMEM, "nodes",
                                     why);
        if (child == NULL && err == 0)
            err = node_new(m, n, name, len, &child);
        (void)node_unref(n);
        if (err < 0)
            return err;
        n = child;
    }
    *out = n;
    return 0;
}

struct node *node_find(struct mount *m, const struct path *path)
{
    struct node *n = m->root;
    const char *at = path->str;
    const char *name;
    size_t len;

    while (n != NULL && next_component(&at, &name, &len))
        n = find_child(n, name, len);
    return n;
}

int node_path(const struct node *n, struct path *out)
{
    size_t len = 0;
    char *at;

    if (n->parent == NULL) {
        path_set_root(out);
        return 0;
    }
    for (const struct node *i = n; i->parent != NULL; i = i->parent)
        len += 1 + strlen(i->name);
    if (len > FS_PATH_MAX)
        return -ENAMETOOLONG;
    out->len = len;
    at = out->str + len;
    *at = '\0';
    for (const struct node *i = n; i->parent != NULL; i = i->parent) {
        size_t name_len = strlen(i->name);

        at -= name_len;
        memcpy(at, i->name, name_len);
        *--at = '/';
    }
    return 0;
}

void node_move(struct node *n, struct node *parent, char *name)
{
    struct node_table *t = &n->mount->nodes;
    struct node *old_parent = n->parent;

    chain_del(t, n);
    free(n->name);
    n->name = name;
    n->parent = node_ref(parent);
    chain_add(t, n);
    (void)node_unref(old_parent);
}

int node_check_unused(const struct node *n, struct why *why)
{
    if (n == NULL)
        return 0;
    if (n->open_count > 0)
        return why_add(why, -EBUSY, "it has open handles: %u", n->open_count);
    if (n->root_count > 0)
        return why_add(why, -EBUSY, "it is the root of views: %u", n->root_count);
    return 0;
}
