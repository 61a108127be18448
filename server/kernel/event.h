/* SPDX-License-Identifier: MIT */
/*
 * Events: what a machine emits to its listeners (debug log, console, starts and ends of processes,
 * calls). Their kinds are the rows of schema/events.def. EVENT_LOST and EVENT_ENDED are not
 * emitted; a subscription makes them for its client.
 *
 * A listener is embedded in its owner, added to a machine, and removed before it is freed. A kind
 * without listeners costs one comparison.
 *
 * Every call of every gate emits EVENT_CALL when it begins and EVENT_RETURN when it has finished,
 * whatever the result. EXIT has no EVENT_RETURN, nor has a call that began while no listener wanted
 * calls. Events about calls are emitted in the order in which things happened.
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
    enum event_kind kind; /* its row in events.def names the members that are set */
    int32_t pid;          /* the process it is about; 0: the machine */
    const char *bytes;    /* borrowed for the callback; not NUL-terminated; NULL for calls */
    size_t len;
    uint64_t count;                /* EVENT_LOST */
    uint32_t state;                /* EVENT_END: PS_DONE, PS_FAILURE, PS_KILLED */
    int32_t code;                  /* EVENT_END: as proc_status.return_code */
    uint64_t now_ns;               /* for calls: the machine's clock */
    const struct call *call;       /* EVENT_CALL, RETURN, FAULT, PAUSE: borrowed for the callback */
    const struct fault_rule *rule; /* EVENT_FAULT: the same */
    uint64_t number; /* events of the machine before it, plus 1: set by event_emit() */
};

struct listener {
    struct list link;
    unsigned kinds;  /* the EVENT_* it wants */
    int32_t pid;     /* only this process and those below it; 0: all */
    uint64_t number; /* among the machine's listeners, from 1 */
    bool aside;      /* its events never make a call wait for stalled listeners */
    /** Take an event, borrowed. Must not begin calls or remove other listeners. */
    void (*on_event)(struct listener *self, struct machine *m, const struct event *event);
};

/** Add a listener, borrowed until listener_remove(). */
void listener_add(struct machine *m, struct listener *l);

/** Remove a listener; no effect if it was not added. */
void listener_remove(struct machine *m, struct listener *l);

/** Emit an event to all listeners that want it. */
void event_emit(struct machine *m, const struct event *event);

/** Emit an event about a call. @rule: for EVENT_FAULT, else NULL. */
void event_call(enum event_kind kind, const struct call *call, const struct fault_rule *rule);

/** Emit EVENT_NOTE about process @pid. */
void event_note(struct machine *m, int32_t pid, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
