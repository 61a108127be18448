/* SPDX-License-Identifier: MIT */
/* A machine that is played again: replay.c has its inputs, replay_host.c its host. */
#ifndef SERVER_RPC_REPLAY_REPLAY_MACHINE_H
#define SERVER_RPC_REPLAY_REPLAY_MACHINE_H

#include "server/rpc/replay/replay.h"
#include "server/rpc/replay/replay_log.h"

struct replay {
    const struct replay_host *host;
    struct replay_log log;
    struct strbuf *error;
    int failed; /* the first -errno; 0 none */
    struct machine *m;
    struct listener out; /* writes the events */
    uint64_t ns;         /* the host's time of the input */
    uint64_t wall_ns;
    struct list calls;     /* struct replay_call.link: not finished */
    struct list guests;    /* struct replay_guest.link */
    struct list goals;     /* struct replay_goal.link */
    struct list listeners; /* struct replay_listener.link */
};

struct replay_guest {
    struct list link;
    struct replay *in;
    struct executor x;
    struct turn turn;
    int32_t pid;
};

/** For machine_spec.ops; the host is a struct replay. */
extern const struct host_ops replay_host_ops;

/** The guest of a process; NULL: there is none. */
struct replay_guest *replay_guest_find(const struct replay *r, int32_t pid);

/** For callbacks of the machine: play the inputs that are nested in this one. */
void replay_called_back(struct replay *r);

/* Play an input whose members are read. Each returns 0; -ESRCH its object does not exist; -ENOMEM. */
int replay_goal(struct replay *r, struct input *in);
int replay_no_goal(struct replay *r, struct input *in);
int replay_listen(struct replay *r, struct input *in);
int replay_unlisten(struct replay *r, struct input *in);

/** Remove all listeners, those of the log and r->out. */
void replay_free_listeners(struct replay *r);

/** Stop playing the log, with a reason. Only the first reason is kept. */
void replay_fail(struct replay *r, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * The next answer of the host in the log.
 * @buf      @size bytes, filled if the answer has some; or NULL.
 * Returns   the result; 0 when the log has none.
 */
int64_t replay_answer(struct replay *r, void *buf, size_t size);

#endif
