/* SPDX-License-Identifier: MIT */
/*
 * Play a log of inputs (input_log.h) again: each of its machines is made again, with only the log as its
 * outside, and its events are written as a subscriber gets them.
 */
#ifndef SERVER_RPC_REPLAY_REPLAY_H
#define SERVER_RPC_REPLAY_REPLAY_H

#include "server/rpc/rpc.h"

struct replay_host {
    const struct host_ops *ops; /* of the host: machines get memory objects from it */
    void *host;
    fs_open_fn fs_open;
    /** Take a line, its end included: {"machine": …} where one begins, then its events. */
    void (*write)(void *user, const char *line, size_t len);
    void *user;
};

/**
 * Play a log.
 * @log      borrowed: the text, @len bytes; changed.
 * @error    set to what is wrong, with the number of the line.
 * Returns   0; -EINVAL a line is not one of a log, or the log is newer; -ENOTSUP the log has something
 *           that can't be played: a filesystem from a source; -EIO a machine
 *           did not do the same again; -ENOMEM.
 */
int replay(char *log, size_t len, const struct replay_host *host, struct strbuf *error);

#endif
