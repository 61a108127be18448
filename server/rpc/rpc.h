/* SPDX-License-Identifier: MIT */
/*
 * The RPC layer as the daemon sees it: JSON-RPC 2.0, one message a line, over Unix sockets.
 *
 *     rpc_new(loop, &options, &rpc);
 *     rpc_add_machine(rpc, &request, &why, &m);      the default machine, then machine_mount() …
 *     rpc_listen(rpc, fd);
 *     uv_run(loop, UV_RUN_DEFAULT);
 *     … on SIGTERM or server.shutdown: rpc_stop(rpc, on_stopped, user);
 *
 * What is behind it, on the way of a request in and of its answer out:
 *
 *     listen              accepts connections, checks their users
 *     peer                the life of a peer; its requests and answers, in turns
 *     stream              carries its messages: line_stream, a line each over a Unix socket
 *     frame               bytes to lines
 *     message, envelope   a message to requests; batches; server/base/json.h reads it
 *     request             the life of a request: answered at once, or parked, finished, cancelled
 *     dispatch, names     a method's name to its handler
 *     json_tree           the values of a message as cJSON structs in the request's arena
 *     params              parameters to structs (methods.def)
 *     codec, kinds        the same for calls, and their results to JSON (syscalls.def)
 *     sc_gate             SC_* calls
 *     methods_*           all other methods
 *     session             the right to drive a process, tokens, grace
 *     machines            machines by name, and their end
 *     trace               events to notifications
 *     failure, json_out   errors and values to JSON
 *     record              requests with their answers, for checks against the schema
 *     input_log, replay   the inputs of machines, and the same machines made from them again
 */
#ifndef SERVER_RPC_RPC_H
#define SERVER_RPC_RPC_H

#include "schema/limits.h"
#include "server/kernel/machine.h"

#include <uv.h>

struct rpc;

/** What the RPC layer needs of the daemon. All members get @user; only record and inputs may be NULL. */
struct rpc_daemon {
    const struct host_ops *ops; /* for machines, with @host */
    void *host;
    fs_open_fn fs_open;
    fs_trait_fn fs_waits;
    fs_trait_fn fs_helps;
    /** A client has asked the daemon to stop; the daemon calls rpc_stop() later. */
    void (*stop)(void *user);
    /** The reason why guests of an ABI can't run here; NULL: they can. */
    const char *(*guest_refusal)(void *user, const struct abi *abi);
    /** Write a line to the log, at level "debug" or "warn". */
    void (*log)(void *user, const char *level, const char *line);
    /** Store a line of the record (record.h), its end included; NULL: nothing is recorded. */
    void (*record)(void *user, const char *line, size_t len);
    /** Store a line of the log of inputs (input_log.h) likewise. */
    void (*inputs)(void *user, const char *line, size_t len);
    void *user;
};

struct rpc_options {
    struct rpc_limits limits;
    struct machine_limits machine_limits; /* the most each machine may have; 0: not configured */
    struct machine_limits ceilings;       /* the most it may have if not configured; none is 0 */
    const uint32_t *uids; /* users that may connect, besides root and the daemon's own; borrowed */
    size_t uid_count;
    struct rpc_daemon daemon;
};

/** The settings of a new machine. */
struct rpc_machine_request {
    const char *name; /* NULL: generated */
    enum clock_kind clock;
    bool lockstep; /* as in struct machine_spec */
    uint64_t seed;
    uint32_t uid;                 /* its owner, besides root and the daemon's user */
    struct machine_limits limits; /* a member of 0 means the most that is allowed */
};

/** The machine of requests that name none. */
#define RPC_DEFAULT_MACHINE "default"

/** @options are copied. @out returned; rpc_stop() frees it. Returns 0, -ENOMEM. */
int rpc_new(uv_loop_t *loop, const struct rpc_options *options, struct rpc **out);

/**
 * Make a machine.
 * @out      borrowed; it ends by machine.destroy, with its init or by rpc_stop().
 * Returns   0; -EINVAL a bad name, or a limit above the most that is allowed, -EEXIST, -EAGAIN past the
 *           limit, -ENOMEM; with the reason in @why.
 */
int rpc_add_machine(struct rpc *rpc, const struct rpc_machine_request *request, struct why *why,
                    struct machine **out);

/** Accept connections on a bound socket. @fd taken on success. Returns 0 or -errno. */
int rpc_listen(struct rpc *rpc, int fd);

/**
 * Stop: accept no more connections, answer waiting requests with -32003, allow a moment to send the
 * answers, end all sessions and machines, free everything.
 * @on_stopped  called from the loop when all is done; @rpc is freed by then.
 */
void rpc_stop(struct rpc *rpc, void (*on_stopped)(void *user), void *user);

#endif
