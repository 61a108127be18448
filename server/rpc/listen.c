/* SPDX-License-Identifier: MIT */
/* Accepting connections, and who may have one. */
#include "server/rpc/conn.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

static bool uid_is_listed(const struct rpc_options *opt, uint32_t uid)
{
    for (size_t i = 0; i < opt->uid_count; i++) {
        if (opt->uids[i] == uid)
            return true;
    }
    return uid == 0 || uid == geteuid();
}

/** Whether the peer may use the daemon; why not is said in @f. */
static bool may_enter(struct conn *c, struct failure *f)
{
    struct rpc *rpc = c->rpc;
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);
    uv_os_fd_t fd;

    if ((uint64_t)rpc->stats.connections > rpc->limits.connections) {
        (void)fail(f, EAGAIN, NULL, "%llu connections are open (limit connections)",
                   (unsigned long long)rpc->limits.connections);
        return false;
    }
    if (uv_fileno((uv_handle_t *)&c->pipe, &fd) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
        !uid_is_listed(&rpc->opt, peer.uid)) {
        (void)fail(f, RPC_E_NOT_AUTHORISED, NULL,
                   "uid %ld is neither the daemon's user nor listed in allow_uids",
                   (long)(int32_t)peer.uid);
        return false;
    }
    return true;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct rpc *rpc = listener->data;
    struct failure f = FAILURE_INIT;
    struct conn *c;

    if (status < 0 || conn_accept(rpc, &c) < 0) {
        rpc_log(rpc, "warn", "a connection could not be accepted: %s",
                status < 0 ? uv_strerror(status) : "no resources");
        return;
    }
    if (may_enter(c, &f)) {
        conn_start(c);
        return;
    }
    rpc->stats.connections_refused++;
    rpc_log(rpc, "warn", "a connection was refused: %s", f.why.text[0]);
    conn_refuse(c, &f);
    failure_done(&f);
}

int rpc_listen(struct rpc *rpc, int fd)
{
    int err = uv_pipe_open(&rpc->listener, fd);

    if (err == 0)
        err = uv_listen((uv_stream_t *)&rpc->listener, BACKLOG, on_connection);
    return err;
}
