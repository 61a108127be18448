/* SPDX-License-Identifier: MIT */
/* The OpenRPC document's other methods, one for each row of methods.def, and their types. */
#include "schema/methods.h"
#include "schema/openrpc/openrpc_build.h"

#include <stdio.h>
#include <string.h>

/** The name of a type's schema: that of its struct, else its own. */
static const char *schema_of(const char *type_name)
{
    const struct rpc_type_info *type = rpc_type_by_name(type_name);
    const struct sc_struct_info *shape =
        type != NULL ? rpc_struct_by_name(type->json, strlen(type->json)) : NULL;

    return shape != NULL ? shape->name : type_name;
}

/** Fill @schema: an object of @fields. */
static void fill_object(struct openrpc *doc, cJSON *schema, const struct sc_field_info *fields)
{
    cJSON *members;
    cJSON *required;

    openrpc_text(doc, schema, "type", "object");
    members = openrpc_object(doc, schema, "properties");
    required = openrpc_array(doc, schema, "required");
    for (; fields->name != NULL; fields++) {
        openrpc_ref(doc, members, fields->name, "schemas", schema_of(fields->type));
        if (!fields->optional)
            openrpc_text(doc, required, NULL, fields->name);
    }
}

/** Add the schema of an array type's items: a struct, or a JSON type of @len bytes. */
static void add_items(struct openrpc *doc, cJSON *schema, const struct rpc_type_info *type,
                      size_t len)
{
    const struct sc_struct_info *shape = rpc_struct_by_name(type->json, len);
    char title[64];
    char json[16];
    cJSON *items;

    if (shape != NULL) {
        openrpc_ref(doc, schema, "items", "schemas", shape->name);
        return;
    }
    (void)snprintf(title, sizeof title, "%s_element", type->name);
    if (len == 4 && memcmp(type->json, "name", 4) == 0) {
        openrpc_name(doc, openrpc_schema(doc, schema, "items", title, type->doc), title, false);
        return;
    }
    (void)snprintf(json, sizeof json, "%.*s", (int)len, type->json);
    items = openrpc_schema(doc, schema, "items", title, type->doc);
    openrpc_text(doc, items, "type", json);
}

/** A value that may be null. Generators warn about arrays of types. */
static void fill_nullable(struct openrpc *doc, cJSON *schema, const char *name, const char *json,
                          size_t len)
{
    cJSON *forms = openrpc_array(doc, schema, "anyOf");
    char word[16];

    (void)snprintf(word, sizeof word, "%.*s", (int)len, json);
    (void)openrpc_form(doc, forms, name, "some", word);
    (void)openrpc_form(doc, forms, name, "none", "null");
}

static void add_type(struct openrpc *doc, cJSON *schemas, const struct rpc_type_info *type)
{
    size_t len = strcspn(type->json, "[ ");
    cJSON *schema = openrpc_schema(doc, schemas, type->name, type->name, type->doc);

    if (strncmp(type->json, "name", 4) == 0 && type->json[4] != '[') {
        openrpc_name(doc, schema, type->name, type->json[4] == ' ');
    } else if (type->json[len] == ' ') {
        fill_nullable(doc, schema, type->name, type->json, len);
    } else if (strcmp(type->json, "integer") == 0) {
        openrpc_wide_integer(doc, schema, type->name, true);
    } else if (strcmp(type->json, "natural") == 0) {
        openrpc_wide_integer(doc, schema, type->name, false);
    } else if (type->json[len] == '[') {
        openrpc_text(doc, schema, "type", "array");
        add_items(doc, schema, type, len);
    } else if (strcmp(type->json, "any") != 0) {
        openrpc_text(doc, schema, "type", type->json);
    }
}

/** Add all types except those that are only a struct, or a kind of types.def: pid. */
void openrpc_add_types(struct openrpc *doc, cJSON *schemas)
{
    for (const struct rpc_type_info *t = rpc_types; t->name != NULL; t++) {
        if (strcmp(schema_of(t->name), t->name) == 0 &&
            rpc_struct_by_name(t->name, strlen(t->name)) == NULL &&
            !cJSON_HasObjectItem(schemas, t->name))
            add_type(doc, schemas, t);
    }
    for (const struct sc_struct_info *s = rpc_structs; s->name != NULL; s++)
        fill_object(doc, openrpc_schema(doc, schemas, s->name, s->name, s->doc), s->fields);
}

static void add_result(struct openrpc *doc, cJSON *method, const struct rpc_method_info *m)
{
    cJSON *descriptor = openrpc_descriptor(doc, method, "result", m->id, m->doc);
    cJSON *schema;
    char title[64];

    if (m->shape == RPC_VOID) {
        openrpc_ref(doc, descriptor, "schema", "schemas", "nothing");
        return;
    }
    (void)snprintf(title, sizeof title, "%s_result", m->id);
    schema = openrpc_schema(doc, descriptor, "schema", title, m->doc);
    if (m->shape == RPC_ARRAY) {
        openrpc_text(doc, schema, "type", "array");
        (void)snprintf(title, sizeof title, "%s_element", m->id);
        schema = openrpc_schema(doc, schema, "items", title, m->doc);
    }
    fill_object(doc, schema, m->results);
    if (m->shape == RPC_DOCUMENT)
        openrpc_bool(doc, schema, "additionalProperties", true);
}

/** Whether a method has a parameter with this name. */
static bool takes(const struct rpc_method_info *m, const char *name)
{
    const struct sc_field_info *p = m->params;

    while (p->name != NULL && strcmp(p->name, name) != 0)
        p++;
    return p->name != NULL;
}

void openrpc_add_methods(struct openrpc *doc, cJSON *methods)
{
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        const struct rpc_method_info *m = &rpc_methods[i];
        cJSON *method = openrpc_object(doc, methods, NULL);
        cJSON *params;
        cJSON *errors;

        openrpc_text(doc, method, "name", m->name);
        openrpc_text(doc, method, "summary", m->doc);
        openrpc_text(doc, method, "paramStructure", "by-name");
        params = openrpc_array(doc, method, "params");
        for (const struct sc_field_info *p = m->params; p->name != NULL; p++)
            openrpc_param(doc, params, p->name, p->doc, schema_of(p->type), !p->optional);
        add_result(doc, method, m);
        errors = openrpc_array(doc, method, "errors");
        openrpc_failures(doc, errors, m->name);
        if (takes(m, "as"))
            openrpc_actor_failures(doc, errors, m->name);
        openrpc_common_errors(doc, errors);
        openrpc_add_examples(doc, method, m->name);
    }
}
