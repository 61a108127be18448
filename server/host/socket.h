/* SPDX-License-Identifier: MIT */
/*
 * The daemon's directories, and its socket with the lock that keeps it single.
 *
 * The daemon holds PATH.lock (flock) while it lives, whatever happens to the socket's name. So two
 * daemons that start together can't both remove a stale socket and listen.
 */
#ifndef SERVER_HOST_SOCKET_H
#define SERVER_HOST_SOCKET_H

#include "server/base/strbuf.h"

struct listen_socket {
    char *path; /* owned */
    int fd;     /* bound, not yet listening; -1: the server took it */
    int lock_fd;
};

/**
 * Create a directory and its parents, for the owner alone (0700). An existing one is not changed.
 * @error    receives one line on failure.
 * Returns   0 or -errno.
 */
int make_private_dir(const char *path, struct strbuf *error);

/**
 * Bind the daemon's socket: create its directory, take the lock, remove a dead daemon's socket.
 * @path     copied.
 * @error    receives one line on failure: path too long, directory open to others, another daemon
 *           runs …
 * Returns   0 or -errno; on success release with listen_socket_close().
 */
int listen_socket_open(struct listen_socket *s, const char *path, struct strbuf *error);

/** Remove the socket and release the lock. */
void listen_socket_close(struct listen_socket *s);

#endif
