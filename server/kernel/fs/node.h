/* SPDX-License-Identifier: MIT */
/*
 * Nodes: the names of a mount that are in use (vfs.h says what for). Private to the VFS's files.
 *
 * A mount finds its nodes in one table, by parent and name. Moving a node to another parent needs
 * no memory, because the table is made of chains through the nodes. So MOVE prepares everything,
 * lets the driver act, and then can't fail.
 */
#ifndef SERVER_KERNEL_FS_NODE_H
#define SERVER_KERNEL_FS_NODE_H

#include "server/kernel/fs/vfs.h"

/** Make the node of "/" of a new mount, and the mount's table, which is freed with its last node.
 * @out returned; node_unref(). -ENOMEM. */
int node_new_root(struct mount *m, struct node **out);

/** Get the node of a path; make it, and all above it, if not in use. @out returned; node_unref().
 * @why receives a reason; or NULL. -ENOMEM, also past the machine's limit. */
int node_get(struct mount *m, const struct path *path, struct why *why, struct node **out);

/** The node of a path, borrowed; NULL if it is not in use. */
struct node *node_find(struct mount *m, const struct path *path);

/** One more reference. Returns @n. */
struct node *node_ref(struct node *n);

/** Drop a reference. The last one frees the node and drops its reference to its parent. NULL is
 * ignored. Returns NULL. */
struct node *node_unref(struct node *n);

/** The path of a node in its mount. -ENAMETOOLONG if moves made it too long. */
int node_path(const struct node *n, struct path *out);

/**
 * Give a node, not the root, another parent and name (MOVE).
 * @parent   referenced; not @n nor below it.
 * @name     taken; no other node of @parent has it, unless that one is moved next (EXCHANGE).
 */
void node_move(struct node *n, struct node *parent, char *name);

/** Refuse to remove a name that an open file or a view uses. @n may be NULL: not in use. Returns 0,
 * -EBUSY. */
int node_check_unused(const struct node *n, struct why *why);

#endif
