/* SPDX-License-Identifier: MIT */
/*
 * Nodes: the names of a mount that are in use (vfs.h tells what for). Only the VFS's own files use
 * these.
 *
 * A mount finds its nodes by parent and name in one table. The table is the nodes' own chains, so
 * hanging a node elsewhere takes no memory: MOVE gets everything ready, lets the driver act, and
 * then can't fail.
 */
#ifndef SERVER_KERNEL_FS_NODE_H
#define SERVER_KERNEL_FS_NODE_H

#include "server/kernel/fs/vfs.h"

/** The node of "/" for a new mount, and with it the mount's table, which goes with its last node.
 * @out returned; node_unref(). -ENOMEM. */
int node_new_root(struct mount *m, struct node **out);

/** The node of a path, made with all above it if not in use yet. @out returned; node_unref(). @why
 * gets a reason; or NULL. -ENOMEM, also past the machine's limit. */
int node_get(struct mount *m, const struct path *path, struct why *why, struct node **out);

/** The node of a path, borrowed; NULL when it is not in use. */
struct node *node_find(struct mount *m, const struct path *path);

/** One more reference. Returns @n. */
struct node *node_ref(struct node *n);

/** One reference less, the last frees the node and drops its reference to its parent. NULL is fine.
 * Returns NULL. */
struct node *node_unref(struct node *n);

/** Its path in its mount. -ENAMETOOLONG when moves made it too long. */
int node_path(const struct node *n, struct path *out);

/**
 * Hang a node, not the root, under another parent with another name (MOVE).
 * @parent   referenced; not @n nor below it.
 * @name     taken; no other node of @parent has it, or that one is moved away next (EXCHANGE).
 */
void node_move(struct node *n, struct node *parent, char *name);

/** Refuse what would pull a name away from under an open file or a view. @n may be NULL: not in
 * use. Returns 0, -EBUSY. */
int node_check_unused(const struct node *n, struct why *why);

#endif
