/* SPDX-License-Identifier: MIT */
/* A stream over a Unix socket: a message is a line. */
#ifndef SERVER_RPC_PEER_LINE_STREAM_H
#define SERVER_RPC_PEER_LINE_STREAM_H

#include "server/rpc/peer/server.h"
#include "server/rpc/peer/stream.h"

/** Accept a connection of the listener. @out returned, for peer_new(). Returns 0 or -errno. */
int line_stream_accept(struct rpc *rpc, struct stream **out);

/** Its socket, borrowed. */
int line_stream_fd(const struct stream *s);

#endif
