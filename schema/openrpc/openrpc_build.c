/* SPDX-License-Identifier: MIT */
#include "schema/openrpc/openrpc_build.h"

#include <stdio.h>
#include <string.h>

cJSON *openrpc_item(struct openrpc *doc, cJSON *parent, const char *key, cJSON *item)
{
    if (key != NULL ? cJSON_AddItemToObject(parent, key, item) : cJSON_AddItemToArray(parent, item))
        return item;
    cJSON_Delete(item);
    doc->failed = true;
    return NULL;
}

cJSON *openrpc_object(struct openrpc *doc, cJSON *parent, const char *key)
{
    return openrpc_item(doc, parent, key, cJSON_CreateObject());
}

cJSON *openrpc_array(struct openrpc *doc, cJSON *parent, const char *key)
{
    return openrpc_item(doc, parent, key, cJSON_CreateArray());
}

void openrpc_text(struct openrpc *doc, cJSON *parent, const char *key, const char *value)
{
    (void)openrpc_item(doc, parent, key, cJSON_CreateString(value));
}

void openrpc_number(struct openrpc *doc, cJSON *parent, const char *key, double value)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%.0f", value); /* cJSON would round numbers above 2^50 */
    (void)openrpc_item(doc, parent, key, cJSON_CreateRaw(text));
}

void openrpc_bool(struct openrpc *doc, cJSON *parent, const char *key, bool value)
{
    (void)openrpc_item(doc, parent, key, cJSON_CreateBool(value));
}

void openrpc_json(struct openrpc *doc, cJSON *parent, const char *key, const char *json)
{
    (void)openrpc_item(doc, parent, key, cJSON_Parse(json));
}

void openrpc_ref(struct openrpc *doc, cJSON *parent, const char *key, const char *group,
                 const char *name)
{
    char target[96];

    (void)snprintf(target, sizeof target, "#/components/%s/%s", group, name);
    openrpc_text(doc, openrpc_object(doc, parent, key), "$ref", target);
}

cJSON *openrpc_schema(struct openrpc *doc, cJSON *parent, const char *key, const char *title,
                      const char *description)
{
    cJSON *schema = openrpc_object(doc, parent, key);

    openrpc_text(doc, schema, "title", title);
    openrpc_text(doc, schema, "description", description);
    return schema;
}

cJSON *openrpc_descriptor(struct openrpc *doc, cJSON *parent, const char *key, const char *name,
                          const char *description)
{
    cJSON *descriptor = openrpc_object(doc, parent, key);

    openrpc_text(doc, descriptor, "name", name);
    openrpc_text(doc, descriptor, "description", description);
    return descriptor;
}

void openrpc_param(struct openrpc *doc, cJSON *params, const char *name, const char *description,
                   const char *schema, bool required)
{
    cJSON *param = openrpc_descriptor(doc, params, NULL, name, description);

    openrpc_bool(doc, param, "required", required);
    openrpc_ref(doc, param, "schema", "schemas", schema);
}

void openrpc_error(struct openrpc *doc, cJSON *parent, const char *key, int code,
                   const char *message, const char *condition)
{
    cJSON *error = openrpc_object(doc, parent, key);

    openrpc_number(doc, error, "code", code);
    openrpc_text(doc, error, "message", message);
    openrpc_text(doc, openrpc_object(doc, error, "data"), "condition", condition);
}

/* errno numbers by name, as in calls.c. */
enum {
#define SC_ERRNO_ROW(name, value, text, hint) ERR_##name = value,
#include "schema/errno.def"
};

/* An errno of a method that its own table does not have. */
static const struct failure_row {
    const char *method;
    const char *name;
    const char *key; /* in components.errors */
    int code;
    const char *condition;
} failures[] = {
#define RPC_FAILURE(method, NAME, condition) {method, #NAME, "SC_" #NAME, ERR_##NAME, condition},
#include "schema/rpcerrors.def"
};

void openrpc_failures(struct openrpc *doc, cJSON *errors, const char *method)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        const struct failure_row *f = &failures[i];

        if (strcmp(f->method, method) == 0)
            openrpc_error(doc, errors, cJSON_IsArray(errors) ? NULL : f->key, f->code, f->name,
                          f->condition);
    }
}

/** Whether rpcerrors.def lists an errno for a method. */
static bool is_listed(const char *method, int code)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (failures[i].code == code && strcmp(failures[i].method, method) == 0)
            return true;
    }
    return false;
}

void openrpc_actor_failures(struct openrpc *doc, cJSON *errors, const char *method)
{
    if (!is_listed(method, ERR_ESRCH))
        openrpc_ref(doc, errors, NULL, "errors", "SC_ESRCH");
    if (!is_listed(method, ERR_EPERM))
        openrpc_ref(doc, errors, NULL, "errors", "SC_EPERM");
}

static bool row_has(const struct sc_error_info *row, int code)
{
    for (; row->name != NULL; row++) {
        if (row->value == code)
            return true;
    }
    return false;
}

void openrpc_call_failures(struct openrpc *doc, cJSON *errors, const struct sc_error_info *row)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        const struct failure_row *f = &failures[i];

        if (strcmp(f->method, OPENRPC_ANY_CALL) == 0 && !row_has(row, f->code))
            openrpc_ref(doc, errors, NULL, "errors", f->key);
    }
}

void openrpc_common_errors(struct openrpc *doc, cJSON *errors)
{
    static const char *const names[] = {"INVALID",    "PARAMS",         "INTERNAL",
                                        "NO_SESSION", "SHUTTING_DOWN",  "TOO_MANY",
                                        "CANCELLED",  "NOT_AUTHORISED", "ANSWER"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        openrpc_ref(doc, errors, NULL, "errors", names[i]);
}
