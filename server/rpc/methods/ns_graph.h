/* SPDX-License-Identifier: MIT */
/*
 * The origin of every view, as a graph in the DOT language: a cluster for each process with its names,
 * the views of these names, the views above them, and the filesystems at the end.
 *
 *     process 3: "home" --> view home, /home, READ --"taken from"--> view root --> ramfs
 *          ^
 *          +- - "bound" - - process 2, its parent, unless the process made the view itself
 *
 * Nodes are numbered in the order of the walk, so the same machine has the same graph.
 */
#ifndef SERVER_RPC_METHODS_NS_GRAPH_H
#define SERVER_RPC_METHODS_NS_GRAPH_H

#include "server/base/strbuf.h"
#include "server/kernel/machine.h"

/** Write the graph of a machine that has not ended. Returns 0; -ENOMEM: it is not whole. */
int ns_graph_write(struct strbuf *out, const struct machine *m);

#endif
