/* SPDX-License-Identifier: MIT */
/*
 * The tree of a ramfs: nodes, and the entries that name them.
 *
 *     ramfs ── root node ── entry "a" ── node (directory) ── entry "f" ──┐
 *                        └─ entry "g" ───────────────────────────────────┴─ node (regular, nlink 2)
 *
 * Life of a node: it exists while a name (nlink) or an open handle (refs) holds it, and node_put()
 * frees it when neither does. So an unlinked file lives on through its handles.
 * All nodes of an instance are in one list, so freeing the instance does not walk the tree.
 *
 * A directory's entries are hashed by name, and listed in the order they were added.
 */
#ifndef FSDRIVERS_RAMFS_NODE_H
#define FSDRIVERS_RAMFS_NODE_H

#include "fsdrivers/fsdriver.h"
#include "fsdrivers/fspath.h"
#include "fsdrivers/ramfs/budget.h"
#include "fsdrivers/ramfs/pages.h"
#include "server/base/list.h"

struct device;
struct entry;
struct xattr;

struct node {
    struct fs_stat stat;  /* blocks is not kept here */
    uint32_t refs;        /* open handles */
    struct list link;     /* in ramfs->nodes */
    struct xattr *xattrs; /* regular file, directory: in the order they were made */
    union {
        struct pages pages;          /* regular file */
        struct entry *entries;       /* directory: uthash */
        char *target;                /* symbolic link: stat.size bytes, NUL-terminated */
        const struct device *device; /* character device */
    };
};

struct ramfs {
    struct fs fs;
    struct fs_env env;
    struct node *root;
    struct list nodes; /* struct node.link: all nodes */
    struct budget budget;
    uint64_t next_ino;
    uint64_t bytes;   /* sizes of all regular files */
    uint64_t inodes;  /* nodes, the root included */
    uint64_t devices; /* nodes that are devices */
    bool may_create;
    bool may_move;
    bool may_delete;
};

/** The ramfs that an instance is embedded in. */
static inline struct ramfs *ramfs_of(struct fs *fs)
{
    return container_of(fs, struct ramfs, fs);
}

/** Update the stamps after a change of a node's content, or of a directory's entries. */
void touch_content(const struct ramfs *r, struct node *n);

/** Update the stamp after a change of a node's status. */
void touch(const struct ramfs *r, struct node *n);

/**
 * Make a node without a name, owned by @who.
 * @mode     type and permission bits.
 * @out      returned; give it a name by entry_add(), or free it by node_put().
 * Returns   0, -ENOSPC.
 */
int node_new(struct ramfs *r, const struct fs_caller *who, uint32_t mode, struct node **out);

/** Free a node if neither a name nor a user holds it. */
void node_put(struct ramfs *r, struct node *n);

/** Free a node that may still be held: for the end of the instance. */
void node_free(struct ramfs *r, struct node *n);

/** The node with a number, if it has a name; else NULL. O(nodes). */
struct node *node_by_ino(const struct ramfs *r, uint64_t ino);

bool node_is_dir(const struct node *n);

/** The entry with a name; NULL if there is none. */
struct entry *entry_find(const struct node *dir, struct fsname name);

/** The node that an entry names. */
struct node *entry_node(const struct entry *e);

/**
 * Add an entry. The caller updates link counts.
 * Returns   0, -ENOSPC.
 */
int entry_add(struct ramfs *r, struct node *dir, struct fsname name, struct node *n);

/** Remove an entry. */
void entry_remove(struct ramfs *r, struct node *dir, struct entry *e);

/** Let an entry name another node. */
void entry_set(struct entry *e, struct node *n);

/** Call @callback for every entry. Returns its first non-zero result. */
int entry_each(const struct node *dir, fs_readdir_fn callback, void *user);

/** The status of a node. */
void node_stat(const struct node *n, struct fs_stat *out);

#endif
