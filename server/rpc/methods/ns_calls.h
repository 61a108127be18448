/* SPDX-License-Identifier: MIT */
/*
 * A namespace as the calls that rebuild it.
 *
 *     make_fs ramfs root                      by the process's parent
 *     bind_subfs tmp root /tmp READ,WRITE $PID
 *     [$PID] subfs log tmp /log WRITE         by the process itself
 *
 * Each name is made as it was: by the process itself, or by its parent, which then binds it. The view
 * above a view must have a name there. If it has none any more, it is made again under its old name,
 * from the nearest view above it that can be named, or else from its filesystem; the last lines remove
 * these names. A new filesystem is empty, unless it is read-only or has a source: the files that
 * become roots of views are created first.
 */
#ifndef SERVER_RPC_METHODS_NS_CALLS_H
#define SERVER_RPC_METHODS_NS_CALLS_H

#include "server/kernel/proc/proc.h"
#include "server/rpc/codec/json_out.h"

/** Write the lines as an array of strings. Returns 0; -ENOMEM: the array is not whole. */
int ns_calls_write(struct json_out *o, const struct proc *p);

#endif
