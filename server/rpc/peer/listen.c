/* SPDX-License-Identifier: MIT */
/* Accepts connections, and checks their users. */
#include "server/rpc/peer/line_stream.h"
#include "server/rpc/peer/peer.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128, REFUSAL_LOG_MS = 1000 };

/**
 * File descriptors that connections leave to everything else. When there is none left at all, libuv
 * accepts connections and closes them without a word to anybody; we want to tell before.
 */
enum { FILES_SPARE = 8 };

static bool uid_is_listed(const struct rpc_options *opt, uint32_t uid)
{
    for (size_t i = 0; i < opt->uid_count; i++) {
        if (opt->uids[i] == uid)
            return true;
    }
    return uid == 0 || uid == geteuid();
}

/** Whether descriptors are left besides @fd, the lowest that was free. Returns 0, -1. */
static int check_files(int fd, struct failure *f)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || (rlim_t)fd + FILES_SPARE < files.rlim_cur)
        return 0;
    return fail(f, EMFILE, NULL,
                "the daemon may have %llu files open and nearly has: raise that (ulimit -n), or "
                "lower its limit connections",
                (unsigned long long)files.rlim_cur);
}

/** Whether the peer may use the daemon; if not, @f is set. */
static bool may_enter(struct peer *peer, struct failure *f)
{
    struct rpc *rpc = peer->rpc;
    struct ucred cred = {.uid = (uid_t)-1};
    socklen_t size = sizeof(cred);
    const int fd = line_stream_fd(peer->stream);

    if (fd >= 0 && check_files(fd, f) < 0)
        return false;
    if ((uint64_t)rpc->stats.connections > rpc->limits.connections) {
        (void)fail(f, EAGAIN, NULL, "%llu connections are open (limit connections)",
                   (unsigned long long)rpc->limits.connections);
        return false;
    }
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0 ||
        !uid_is_listed(&rpc->opt, cred.uid)) {
        (void)fail(f, RPC_E_NOT_AUTHORISED, NULL,
                   "uid %ld is neither the daemon's user nor listed in allow_uids",
                   (long)(int32_t)cred.uid);
        return false;
    }
    peer->uid = cred.uid;
    return true;
}

/** Log that a connection was refused: one of them in a while, so that they do not fill the log. */
static void log_refusal(struct rpc *rpc, const char *why)
{
    const uint64_t now = uv_now(rpc->loop);

    if (rpc->refusal_logged && now - rpc->refusal_ms < REFUSAL_LOG_MS) {
        rpc->refusals_unsaid++;
        return;
    }
    if (rpc->refusals_unsaid > 0)
        rpc_log(rpc, "warn", "%u more connections were refused", rpc->refusals_unsaid);
    rpc_log(rpc, "warn", "a connection was refused: %s", why);
    rpc->refusals_unsaid = 0;
    rpc->refusal_logged = true;
    rpc->refusal_ms = now;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct rpc *rpc = listener->data;
    struct failure f = FAILURE_INIT;
    struct peer *peer;
    struct stream *stream;
    int err = status < 0 ? status : line_stream_accept(rpc, &stream);

    if (err == 0)
        err = peer_new(rpc, stream, &peer);
    if (err < 0) {
        rpc->stats.connections_refused++;
        log_refusal(rpc, err == UV_EMFILE || err == UV_ENFILE
                             ? "too many open files: raise the limit (ulimit -n)"
                             : uv_strerror(err));
        return;
    }
    if (may_enter(peer, &f)) {
        peer_start(peer);
        return;
    }
    rpc->stats.connections_refused++;
    log_refusal(rpc, f.why.text[0]);
    peer_refuse(peer, &f);
    failure_done(&f);
}

int rpc_listen(struct rpc *rpc, int fd)
{
    int err = uv_pipe_open(&rpc->listener, fd);

    if (err == 0)
        err = uv_listen((uv_stream_t *)&rpc->listener, BACKLOG, on_connection);
    return err;
}
