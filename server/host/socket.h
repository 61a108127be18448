/* SPDX-License-Identifier: MIT */
/*
 * The daemon's places on the host: its directories, and the socket with the lock that makes sure
 * there is only one daemon behind it.
 *
 * PATH.lock is held (flock) as long as the daemon lives, whatever becomes of the socket's name; so
 * two daemons that start at once can't both remove a stale socket and listen.
 */
#ifndef SERVER_HOST_SOCKET_H
#define SERVER_HOST_SOCKET_H

#include "server/base/strbuf.h"

struct listen_socket {
    char *path; /* owned */
    int fd;     /* bound, not yet listening; -1 once taken */
    int lock_fd;
};

/**
 * Make a directory and those above it, for the owner alone (0700); an existing one stays as it is.
 * @error    gets one line on failure.
 * Returns   0 or -errno.
 */
int make_private_dir(const char *path, struct strbuf *error);

/**
 * Bind the daemon's socket: make its directory, take the lock, remove what a dead daemon left.
 * @path     copied.
 * @error    gets one line on failure: path too long, directory open to others, a daemon already
 *           running …
 * Returns   0 or -errno; on success release with listen_socket_close().
 */
int listen_socket_open(struct listen_socket *s, const char *path, struct strbuf *error);

/** Remove the socket and release the lock. */
void listen_socket_close(struct listen_socket *s);

#endif
