/* SPDX-License-Identifier: MIT */
/*
 * Notifications of a daemon. The receiver of a notification calls event_kind_of() once and passes
 * the kind on; no other code of the client reads that member.
 */
#ifndef CLIENT_CLI_BASE_EVENT_H
#define CLIENT_CLI_BASE_EVENT_H

#include "schema/events.h"

#include <cjson/cJSON.h>

/** Receive an event. @params borrowed for the callback: the members of its row in events.def. */
typedef void (*event_fn)(void *user, enum event_kind kind, const cJSON *params);

/** The kind of a notification; EVENT_UNKNOWN: not an event, or one that this client does not
 * know. */
enum event_kind event_kind_of(const char *method, const cJSON *params);

/** Whether an event is the begin or the end of a call. */
static inline int event_is_call(enum event_kind kind)
{
    return kind == EVENT_CALL || kind == EVENT_RETURN;
}

#endif
