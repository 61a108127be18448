/* SPDX-License-Identifier: MIT */
/*
 * Events: what a machine tells whoever listens (debug log, console, lives of processes, calls). Their
 * kinds are the rows of schema/events.def; EVENT_LOST and EVENT_ENDED are made by a listener for its
 * client.
 *
 * A listener is embedded by its owner, added to a machine and removed before it is freed. Without
 * listeners for a kind, that kind costs one comparison.
 *
 * Every call of every gate is told twice: EVENT_CALL when it begins, EVENT_RETURN when it has
 * finished, however it did. EXIT does not return, and a call that began before anybody listened to
 * calls is not told at its end either. Of two events about calls the first one told happened first.
 */
#ifndef SERVER_KERNEL_EVENT_H
#define SERVER_KERNEL_EVENT_H

#include "schema/events.h"
#include "server/base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct fault_rule;
struct machine;

struct event {
    enum event_kind kind; /* its row in events.def says what else is used */
    int32_t pid;          /* whom it is about; 0: the machine */
    const char *bytes;    /* borrowed for the callback; not NUL-terminated; NULL of calls */
    size_t len;
    uint64_t count;                /* EVENT_LOST */
    uint32_t state;                /* EVENT_END: PS_DONE, PS_FAILURE, PS_KILLED */
    int32_t code;                  /* EVENT_END: as proc_status.return_code */
    uint64_t now_ns;               /* of calls: the machine's clock */
    const struct call *call;       /* EVENT_CALL, RETURN, FAULT, PAUSE: borrowed for the callback */
    const struct fault_rule *rule; /* EVENT_FAULT: the same */
    uint64_t number; /* events of the machine before it, plus 1: set by event_emit() */
};

struct listener {
    struct list link;
    unsigned kinds;  /* EVENT_* it wants */
    int32_t pid;     /* only about this process and those below it; 0: about all */
    uint64_t number; /* of those of the machine, from 1 */
    bool aside;      /* a call that only it was told of never waits for lossless listeners */
    /** Take an event. Must not begin calls or remove other listeners. */
    void (*on_event)(struct listener *self, struct machine *m, const struct event *event);
};

/** Start to listen; @l is borrowed until listener_remove(). */
void listener_add(struct machine *m, struct listener *l);

/** Stop to listen; harmless when it does not. */
void listener_remove(struct machine *m, struct listener *l);

/** Tell all listeners who want it. */
void event_emit(struct machine *m, const struct event *event);

/** Emit an event about a call. @rule: of EVENT_FAULT, else NULL. */
void event_call(enum event_kind kind, const struct call *call, const struct fault_rule *rule);

/** Emit EVENT_NOTE about process @pid. */
void event_note(struct machine *m, int32_t pid, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
