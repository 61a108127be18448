/* SPDX-License-Identifier: MIT */
/* A stream for tests: over any socket, with four bytes of length before each message, the highest first. */
#ifndef TESTS_RPC_PREFIX_STREAM_H
#define TESTS_RPC_PREFIX_STREAM_H

#include "server/rpc/peer/server.h"
#include "server/rpc/peer/stream.h"

enum { PREFIX_SIZE = 4 };

/** @fd taken on success; does not block. @out returned, for peer_new(). Returns 0 or -errno. */
int prefix_stream_new(struct rpc *rpc, int fd, struct stream **out);

void prefix_write(char *to, size_t len);
size_t prefix_read(const char *from);

#endif
