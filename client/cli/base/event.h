/* SPDX-License-Identifier: MIT */
/*
 * Notifications of a daemon. Whoever takes them from a connection asks event_kind_of() once and passes
 * the kind on; nothing else of the client looks at that member.
 */
#ifndef CLIENT_CLI_BASE_EVENT_H
#define CLIENT_CLI_BASE_EVENT_H

#include "schema/events.h"

#include <cjson/cJSON.h>

/** Take an event. @params borrowed for the callback: the members of its row in events.def. */
typedef void (*event_fn)(void *user, enum event_kind kind, const cJSON *params);

/** What a notification is; EVENT_UNKNOWN when it is no event, or one that this client does not know. */
enum event_kind event_kind_of(const char *method, const cJSON *params);

/** Whether an event tells that a call begins or has finished. */
static inline int event_is_call(enum event_kind kind)
{
    return kind == EVENT_CALL || kind == EVENT_RETURN;
}

#endif
