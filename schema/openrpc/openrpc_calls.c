/* SPDX-License-Identifier: MIT */
/* The OpenRPC document's SC_* methods: one for each row of syscalls.def. */
#include "schema/calls.h"
#include "schema/openrpc/openrpc_build.h"

#include <stdio.h>
#include <string.h>

/** Whether an optional argument stands before a required one. */
static bool has_gap(const struct sc_field_info *args)
{
    bool optional = false;

    for (; args->name != NULL; args++) {
        if (optional && !args->optional)
            return true;
        optional |= args->optional != 0;
    }
    return false;
}

/** Whether a call takes or returns bytes, which may be base64 (`encoding`). */
static bool has_data(const struct sc_call_info *call)
{
    const struct sc_field_info *result = call->results;

    if (result->name != NULL && result->type == NULL && result->kind == SC_K_buf)
        return true;
    for (const struct sc_field_info *a = call->args; a->name != NULL; a++) {
        if (a->repr == SC_R_data || a->repr == SC_R_argv)
            return true;
    }
    return false;
}

/** Add the named parameters that every call has beside its arguments. */
static void add_named_params(struct openrpc *doc, cJSON *params, const struct sc_call_info *call)
{
    for (const struct sc_field_info *a = call->args; a->name != NULL; a++) {
        char name[64];

        if (a->repr != SC_R_string)
            continue;
        (void)snprintf(name, sizeof name, "%s_strlen", a->name);
        openrpc_param(doc, params, name, "by name only; the string's length when left out",
                      "strlen", false);
    }
    if (has_data(call))
        openrpc_param(doc, params, "encoding", "by name only; for bytes that are not text",
                      "encoding", false);
    openrpc_param(doc, params, "as", "by name only; the process in whose name the session calls",
                  "actor", false);
    openrpc_param(doc, params, "session", "by name only; the connection's own when left out",
                  "token", false);
    openrpc_param(doc, params, "background", "by name only; does not hold a virtual clock",
                  "background", false);
}

/** Add the parameters. OpenRPC wants optional ones last, whatever the row's order. */
static void add_params(struct openrpc *doc, cJSON *method, const struct sc_call_info *call)
{
    cJSON *params;

    openrpc_text(doc, method, "paramStructure", has_gap(call->args) ? "by-name" : "either");
    params = openrpc_array(doc, method, "params");
    for (int optional = 0; optional <= 1; optional++) {
        for (const struct sc_field_info *a = call->args; a->name != NULL; a++) {
            if (a->optional == optional)
                openrpc_param(doc, params, a->name, a->doc, sc_kinds[a->kind].name, !optional);
        }
    }
    add_named_params(doc, params, call);
}

/** Add the schema of a result with one member: {"fd": 3}, {"data": "…"}. */
static void add_member_schema(struct openrpc *doc, cJSON *parent, const struct sc_call_info *call)
{
    char title[64];
    cJSON *schema;
    cJSON *members;
    cJSON *required;

    (void)snprintf(title, sizeof title, "%s_result", call->word);
    schema = openrpc_schema(doc, parent, "schema", title, call->results->doc);
    openrpc_text(doc, schema, "type", "object");
    members = openrpc_object(doc, schema, "properties");
    required = openrpc_array(doc, schema, "required");
    for (const struct sc_field_info *r = call->results; r->name != NULL; r++) {
        openrpc_ref(doc, members, r->name, "schemas", sc_kinds[r->kind].name);
        if (r->kind == SC_K_buf)
            openrpc_ref(doc, members, "encoding", "schemas", "encoding");
        openrpc_text(doc, required, NULL, r->name);
    }
}

static void add_result(struct openrpc *doc, cJSON *method, const struct sc_call_info *call)
{
    const struct sc_field_info *result = call->results;
    bool none = result->name == NULL;
    cJSON *descriptor = openrpc_descriptor(doc, method, "result", none ? "nothing" : result->name,
                                           none ? "null" : result->doc);

    if (none)
        openrpc_ref(doc, descriptor, "schema", "schemas", "nothing");
    else if (result->type != NULL)
        openrpc_ref(doc, descriptor, "schema", "schemas", result->type);
    else
        add_member_schema(doc, descriptor, call);
}

/** Add the errors: the row's, each with its condition, and those of every method. */
static void add_errors(struct openrpc *doc, cJSON *method, const struct sc_call_info *call)
{
    cJSON *errors = openrpc_array(doc, method, "errors");

    for (const struct sc_error_info *e = call->errors; e->name != NULL; e++)
        openrpc_error(doc, errors, NULL, e->value, e->name, e->doc);
    openrpc_call_failures(doc, errors, call->errors);
    openrpc_common_errors(doc, errors);
}

void openrpc_add_calls(struct openrpc *doc, cJSON *methods)
{
    for (size_t i = 0; i < sc_calls_count; i++) {
        cJSON *method = openrpc_object(doc, methods, NULL);

        openrpc_text(doc, method, "name", sc_calls[i].name);
        openrpc_text(doc, method, "summary", sc_calls[i].doc);
        add_params(doc, method, &sc_calls[i]);
        add_result(doc, method, &sc_calls[i]);
        add_errors(doc, method, &sc_calls[i]);
        openrpc_add_examples(doc, method, sc_calls[i].name);
    }
}
