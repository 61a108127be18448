/* SPDX-License-Identifier: MIT */
#include "server/kernel/node.h"

#include "server/base/check.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** Put a node into its parent's table. */
static int hang(struct node *n, struct node *parent)
{
    HASH_ADD_KEYPTR(hh, parent->children, n->name, strlen(n->name), n);
    if (!hash_added(n))
        return -ENOMEM;
    n->parent = node_ref(parent);
    return 0;
}

static int node_new(struct mount *m, struct node *parent, const char *name, size_t len,
                    struct node **out)
{
    struct node *n = calloc(1, sizeof(*n));

    if (n == NULL)
        return -ENOMEM;
    n->mount = m;
    n->refs = 1;
    n->name = strndup(name, len);
    if (n->name == NULL || (parent != NULL && hang(n, parent) < 0)) {
        free(n->name);
        free(n);
        return -ENOMEM;
    }
    m->machine->census.nodes++;
    *out = n;
    return 0;
}

int node_new_root(struct mount *m, struct node **out)
{
    return node_new(m, NULL, "", 0, out);
}

struct node *node_ref(struct node *n)
{
    n->refs++;
    return n;
}

struct node *node_unref(struct node *n)
{
    while (n != NULL && --n->refs == 0) {
        struct node *parent = n->parent;

        CHECK(n->children == NULL);
        if (parent != NULL)
            HASH_DEL(parent->children, n);
        n->mount->machine->census.nodes--;
        free(n->name);
        free(n);
        n = parent;
    }
    return NULL;
}

/** Cut the next component off a canonical path. False when there is none left. */
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

int node_get(struct mount *m, const struct path *path, struct node **out)
{
    struct node *n = node_ref(m->root);
    const char *at = path->str;
    const char *name;
    size_t len;

    while (next_component(&at, &name, &len)) {
        struct node *child;
        int err = 0;

        HASH_FIND(hh, n->children, name, len, child);
        if (child != NULL)
            (void)node_ref(child);
        else
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

    while (n != NULL && next_component(&at, &name, &len)) {
        struct node *child;

        HASH_FIND(hh, n->children, name, len, child);
        n = child;
    }
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

int node_move(struct node *n, struct node *parent, char *name)
{
    struct node *old_parent = n->parent;
    char *old_name = n->name;

    HASH_DEL(old_parent->children, n);
    n->name = name;
    if (hang(n, parent) < 0) {
        n->name = old_name;
        /* The slot it just left is free again, so this needs no memory unless the table itself went. */
        CHECK(hang(n, old_parent) == 0);
        (void)node_unref(old_parent);
        return -ENOMEM;
    }
    free(old_name);
    (void)node_unref(old_parent);
    return 0;
}
