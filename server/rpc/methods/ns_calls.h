/* SPDX-License-Identifier: MIT */
/*
 * A namespace as the calls that rebuild it.
 *
 *     make_fs ramfs root                      by the process's parent
 *     bind_subfs tmp root /tmp READ,WRITE $PID
 *     [$PID] subfs log tmp /log WRITE         by the process itself
 *
 * Each name is given as it was: made or taken by the process itself, or by its parent, who then
 * binds it. What a view was taken from must have a name there. A view whose name is gone is made
 * again under its old name, from the nearest one above it that can be named, in the end from its
 * filesystem; the last lines take these names away again. A filesystem that is made anew, and is no
 * read-only one nor kept in a source, begins empty: the files that become roots of views are created
 * first.
 */
#ifndef SERVER_RPC_METHODS_NS_CALLS_H
#define SERVER_RPC_METHODS_NS_CALLS_H

#include "server/kernel/proc/proc.h"
#include "server/rpc/codec/json_out.h"

/** Write the lines as an array of strings. Returns 0; -ENOMEM: the array is not whole. */
int ns_calls_write(struct json_out *o, const struct proc *p);

#endif
