/* SPDX-License-Identifier: MIT */
/* The OpenRPC document's methods that are no calls: a row of methods.def each, and their types. */
#include "schema/events.h"
#include "schema/machine_limits.h"
#include "schema/openrpc_build.h"

#include <stdio.h>
#include <string.h>

/** A parameter, result or member as data; NULL ends a list. */
struct field {
    const char *name;
    const char *type;
    const char *doc;
    bool optional;
};

struct type {
    const char *name;
    const char *json; /* as methods.def explains it */
    const char *doc;
};

struct shape {
    const char *name;
    const char *doc;
    const struct field *fields;
};

enum result_shape { SHAPE_VOID, SHAPE_OBJECT, SHAPE_ARRAY, SHAPE_DOCUMENT };

struct method {
    const char *name;
    const char *id;
    enum result_shape shape;
    const char *doc;
    const struct field *params;
    const struct field *results;
};

static const struct type types[] = {
#define RPC_TYPE(type, ctype, json, doc) {#type, json, doc},
#include "schema/methods.def"
};

#define RPC_STRUCT(name, fields, doc) static const struct field name##_fields[] = {fields{0}};
#define RPC_FIELD(type, name, doc) {#name, #type, doc, false},
#define RPC_FIELD_OPT(type, name, doc) {#name, #type, doc, true},
#include "schema/methods.def"

static const struct shape structs[] = {
#define RPC_STRUCT(name, fields, doc) {#name, doc, name##_fields},
#include "schema/methods.def"
};

#define RPC_METHOD(name, id, shape, doc, params, results)                                          \
    static const struct field id##_params[] = {params{0}};                                         \
    static const struct field id##_results[] = {results{0}};
#define RPC_PARAM(type, name, doc) {#name, #type, doc, false},
#define RPC_OPT(type, name, doc) {#name, #type, doc, true},
#define RPC_NO_PARAMS
#define RPC_RESULT(type, name, doc) {#name, #type, doc, false},
#define RPC_RESULT_OPT(type, name, doc) {#name, #type, doc, true},
#define RPC_NO_RESULTS
#include "schema/methods.def"

static const struct method table[] = {
#define RPC_METHOD(name, id, shape, doc, params, results)                                          \
    {name, #id, SHAPE_##shape, doc, id##_params, id##_results},
#include "schema/methods.def"
};

/** The struct of this name, @len bytes, or NULL. */
static const struct shape *struct_of(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof structs / sizeof structs[0]; i++) {
        if (strlen(structs[i].name) == len && memcmp(structs[i].name, name, len) == 0)
            return &structs[i];
    }
    return NULL;
}

static const struct type *type_of(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    }
    return NULL;
}

/** The name of a type's schema: its struct's, when it is one, else its own. */
static const char *schema_of(const char *type_name)
{
    const struct type *type = type_of(type_name);
    const struct shape *shape = type != NULL ? struct_of(type->json, strlen(type->json)) : NULL;

    return shape != NULL ? shape->name : type_name;
}

/** Fill @schema in as an object of @fields. */
static void fill_object(struct openrpc *doc, cJSON *schema, const struct field *fields)
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

/** Add the schema of what an array type holds: a struct, or a JSON type of @len bytes. */
static void add_items(struct openrpc *doc, cJSON *schema, const struct type *type, size_t len)
{
    const struct shape *shape = struct_of(type->json, len);
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

/** A value that may be null. Generators warn of an array of types. */
static void fill_nullable(struct openrpc *doc, cJSON *schema, const char *name, const char *json,
                          size_t len)
{
    cJSON *forms = openrpc_array(doc, schema, "anyOf");
    char word[16];

    (void)snprintf(word, sizeof word, "%.*s", (int)len, json);
    (void)openrpc_form(doc, forms, name, "some", word);
    (void)openrpc_form(doc, forms, name, "none", "null");
}

static void add_type(struct openrpc *doc, cJSON *schemas, const struct type *type)
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

/** Add all types but those that are just a struct, or that types.def has as a kind: pid. */
void openrpc_add_types(struct openrpc *doc, cJSON *schemas)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(schema_of(types[i].name), types[i].name) == 0 &&
            struct_of(types[i].name, strlen(types[i].name)) == NULL &&
            !cJSON_HasObjectItem(schemas, types[i].name))
            add_type(doc, schemas, &types[i]);
    }
    for (size_t i = 0; i < sizeof structs / sizeof structs[0]; i++)
        fill_object(doc,
                    openrpc_schema(doc, schemas, structs[i].name, structs[i].name, structs[i].doc),
                    structs[i].fields);
}

static void add_result(struct openrpc *doc, cJSON *method, const struct method *m)
{
    cJSON *descriptor = openrpc_descriptor(doc, method, "result", m->id, m->doc);
    cJSON *schema;
    char title[64];

    if (m->shape == SHAPE_VOID) {
        openrpc_ref(doc, descriptor, "schema", "schemas", "nothing");
        return;
    }
    (void)snprintf(title, sizeof title, "%s_result", m->id);
    schema = openrpc_schema(doc, descriptor, "schema", title, m->doc);
    if (m->shape == SHAPE_ARRAY) {
        openrpc_text(doc, schema, "type", "array");
        (void)snprintf(title, sizeof title, "%s_element", m->id);
        schema = openrpc_schema(doc, schema, "items", title, m->doc);
    }
    fill_object(doc, schema, m->results);
    if (m->shape == SHAPE_DOCUMENT)
        openrpc_bool(doc, schema, "additionalProperties", true);
}

/** Whether a method has a parameter of this name. */
static bool takes(const struct method *m, const char *name)
{
    const struct field *p = m->params;

    while (p->name != NULL && strcmp(p->name, name) != 0)
        p++;
    return p->name != NULL;
}

void openrpc_add_methods(struct openrpc *doc, cJSON *methods)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct method *m = &table[i];
        cJSON *method = openrpc_object(doc, methods, NULL);
        cJSON *params;
        cJSON *errors;

        openrpc_text(doc, method, "name", m->name);
        openrpc_text(doc, method, "summary", m->doc);
        openrpc_text(doc, method, "paramStructure", "by-name");
        params = openrpc_array(doc, method, "params");
        for (const struct field *p = m->params; p->name != NULL; p++)
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
