/* SPDX-License-Identifier: MIT */
/* The OpenRPC document's events: each row of events.def, as a schema and in x-notifications. */
#include "schema/events.h"
#include "schema/openrpc/openrpc_build.h"

#include <stdio.h>

/** The name of an event's schema: event_log. */
static void schema_name(const struct event_info *event, char *out, size_t size)
{
    (void)snprintf(out, size, "event_%s", event->name);
}

static void add_schema(struct openrpc *doc, cJSON *schemas, const struct event_info *event)
{
    char name[64];
    char title[80];
    cJSON *schema;
    cJSON *members;
    cJSON *required;
    cJSON *kind;

    schema_name(event, name, sizeof name);
    schema = openrpc_schema(doc, schemas, name, name, event->doc);
    openrpc_text(doc, schema, "type", "object");
    members = openrpc_object(doc, schema, "properties");
    required = openrpc_array(doc, schema, "required");
    (void)snprintf(title, sizeof title, "%s_kind", name);
    kind = openrpc_schema(doc, members, "kind", title, "which event it is");
    openrpc_text(doc, kind, "type", "string");
    openrpc_text(doc, openrpc_array(doc, kind, "enum"), NULL, event->name);
    openrpc_text(doc, required, NULL, "kind");
    for (const struct event_member_info *m = event->members; m->name != NULL; m++) {
        openrpc_ref(doc, members, m->name, "schemas", event_member_type(m));
        if (!m->optional)
            openrpc_text(doc, required, NULL, m->name);
    }
}

void openrpc_add_events(struct openrpc *doc, cJSON *schemas)
{
    for (size_t i = 0; i < EVENT_COUNT; i++)
        add_schema(doc, schemas, &sc_events[i]);
}

void openrpc_add_notifications(struct openrpc *doc)
{
    cJSON *method = openrpc_object(doc, openrpc_array(doc, doc->root, "x-notifications"), NULL);
    cJSON *list;

    openrpc_text(doc, method, "name", "event");
    openrpc_text(doc, method, "summary",
                 "What trace.subscribe has asked for; params is an object of one of these.");
    list = openrpc_array(doc, method, "params");
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        const struct event_info *event = &sc_events[i];
        const char *word = event_word(event->word);
        cJSON *row = openrpc_descriptor(doc, list, NULL, event->name, event->doc);
        char name[64];

        if (word != NULL)
            openrpc_text(doc, row, "word", word);
        schema_name(event, name, sizeof name);
        openrpc_ref(doc, row, "schema", "schemas", name);
    }
}
