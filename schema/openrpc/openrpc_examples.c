/* SPDX-License-Identifier: MIT */
/* The examples of the OpenRPC document's methods, and the order that they give the methods. */
#include "schema/openrpc/openrpc_build.h"

#include <string.h>

static const struct example {
    const char *method;
    const char *params;
    const char *result;
} examples[] = {
#define RPC_EXAMPLE(method, params, result) {method, params, result},
#include "schema/examples.def"
};

enum { EXAMPLE_COUNT = sizeof examples / sizeof examples[0] };

/** Add one example. OpenRPC has its parameters as a list of names and values. */
static void add_example(struct openrpc *doc, cJSON *list, const struct example *e)
{
    cJSON *example = openrpc_object(doc, list, NULL);
    cJSON *params;
    cJSON *given = cJSON_Parse(e->params);
    cJSON *pair;

    openrpc_text(doc, example, "name", e->method);
    params = openrpc_array(doc, example, "params");
    doc->failed = doc->failed || given == NULL;
    while (given != NULL && given->child != NULL) {
        cJSON *value = cJSON_DetachItemViaPointer(given, given->child);

        pair = openrpc_object(doc, params, NULL);
        openrpc_text(doc, pair, "name", value->string);
        openrpc_item(doc, pair, "value", value);
    }
    cJSON_Delete(given);
    pair = openrpc_object(doc, example, "result");
    openrpc_text(doc, pair, "name", e->method);
    openrpc_json(doc, pair, "value", e->result);
}

void openrpc_add_examples(struct openrpc *doc, cJSON *method, const char *name)
{
    cJSON *list = NULL;

    for (size_t i = 0; i < EXAMPLE_COUNT; i++) {
        if (strcmp(examples[i].method, name) != 0)
            continue;
        if (list == NULL)
            list = openrpc_array(doc, method, "examples");
        add_example(doc, list, &examples[i]);
    }
}

/** The method with a name in @methods, or NULL. */
static cJSON *method_by_name(const cJSON *methods, const char *name)
{
    cJSON *method;

    cJSON_ArrayForEach(method, methods) {
        const char *its = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(method, "name"));

        if (its != NULL && strcmp(its, name) == 0)
            return method;
    }
    return NULL;
}

void openrpc_order(cJSON *methods)
{
    for (size_t i = EXAMPLE_COUNT; i-- > 0;) {
        cJSON *method = method_by_name(methods, examples[i].method);

        if (method != NULL)
            (void)cJSON_InsertItemInArray(methods, 0, cJSON_DetachItemViaPointer(methods, method));
    }
}
