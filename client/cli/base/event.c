/* SPDX-License-Identifier: MIT */
#include "client/cli/base/event.h"

#include "client/cli/base/json.h"

#include <string.h>

enum event_kind event_kind_of(const char *method, const cJSON *params)
{
    if (strcmp(method, "event") != 0)
        return EVENT_UNKNOWN;
    return event_kind_by_name(json_text(params, "kind"));
}
