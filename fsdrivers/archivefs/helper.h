/* SPDX-License-Identifier: MIT */
/*
 * The helper process of an instance: start it, ask it, end it.
 *
 * It is a program of its own, scbox-archive, and has one descriptor, a socket. Archives come to it as descriptors
 * for reading. A helper that breaks the protocol is killed; a dead one is reaped as soon as somebody asks
 * it, and at the latest by helper_kill(). One that is slow is left alone: the answer to a question that was
 * given up is skipped when it comes.
 */
#ifndef FSDRIVERS_ARCHIVEFS_HELPER_H
#define FSDRIVERS_ARCHIVEFS_HELPER_H

#include "fsdrivers/archivefs/wire.h"
#include "server/base/why.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct helper {
    int fd;    /* -1: it is dead */
    pid_t pid; /* 0: it is reaped */
    uint32_t seq;
    atomic_bool interrupted; /* from any thread: helper_next() returns soon */
};

/** A packet of an answer. */
struct helper_packet {
    struct wire_head head;
    _Alignas(8) char bytes[WIRE_PACKET_MAX - sizeof(struct wire_head)];
    size_t len; /* bytes behind the head */
};

/** A time of helper_next(), @ms from now. */
int64_t helper_deadline(int64_t ms);

/**
 * Start a helper, and wait until it has given up what it does not need.
 * @packet   memory for its words.
 * @out      helper_kill(), on success only.
 * Returns   0; -EIO it can't be found, started or locked in; -EMFILE.
 */
int helper_start(struct helper *out, struct helper_packet *packet, int64_t deadline,
                 struct why *why);

/**
 * Ask something. The answer is read by helper_next().
 * @ask      its seq is set here.
 * @fd       borrowed; is sent with the question; -1 none.
 * Returns   0; -EIO the helper is dead, or so slow that it does not take it.
 */
int helper_ask(struct helper *c, struct wire_ask *ask, int fd);

/** Add to the question that is being answered. Returns as helper_ask(). */
int helper_tell(struct helper *c, const struct wire_ask *more, int fd);

/**
 * Wait for a packet of the answer.
 * Returns   0; -EIO the helper is dead; -ETIMEDOUT; -EINTR.
 */
int helper_next(struct helper *c, int64_t deadline, struct helper_packet *out);

/** Kill the helper, at its instance's end or because it has broken the protocol, and reap it. A dead one is
 * fine, but its fd must be -1. Returns -EIO. */
int helper_kill(struct helper *c);

#endif
