/* SPDX-License-Identifier: MIT */
/* schema/openrpc: what generators and coverage tools demand of an OpenRPC 1.2.6 document. */
#include "schema/calls.h"
#include "schema/openrpc/openrpc.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static cJSON *document;

static void setup(void)
{
    char *text = openrpc_document();

    document = text != NULL ? cJSON_Parse(text) : NULL;
    free(text);
    cr_assert_not_null(document);
}

static void teardown(void)
{
    cJSON_Delete(document);
}

TestSuite(openrpc, .init = setup, .fini = teardown);

static const cJSON *at(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *text_at(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(at(object, key));
}

/** What a reference points to; @item itself when it is none. */
static const cJSON *resolve(const cJSON *item)
{
    const char *target = text_at(item, "$ref");
    char path[128];
    char *save;

    if (target == NULL)
        return item;
    cr_assert(strncmp(target, "#/", 2) == 0 && strlen(target) < sizeof path, "%s", target);
    strcpy(path, target + 2);
    item = document;
    for (char *key = strtok_r(path, "/", &save); key != NULL; key = strtok_r(NULL, "/", &save))
        item = at(item, key);
    cr_assert_not_null(item, "%s points to nothing", target);
    return item;
}

/** Check a schema and those inside it: each has a title, each array its items. */
static void check_schema(const cJSON *schema, const char *where, int depth)
{
    const char *type;
    const cJSON *part;

    schema = resolve(schema);
    cr_assert_lt(depth, 16, "%s: nested without end", where);
    cr_assert_not_null(text_at(schema, "title"), "%s: a schema without title", where);
    type = text_at(schema, "type");
    if (type != NULL && strcmp(type, "array") == 0) {
        const cJSON *items = at(schema, "items");

        cr_assert_not_null(items, "%s: an array without items", where);
        if (text_at(items, "$ref") == NULL)
            check_schema(items, where, depth + 1);
    }
    cJSON_ArrayForEach(part, at(schema, "anyOf"))
        check_schema(part, where, depth + 1);
    cJSON_ArrayForEach(part, at(schema, "properties"))
        check_schema(part, where, depth + 1);
}

/** Check a method's parameters: required ones first, each name once. */
static void check_params(const cJSON *method, const char *where)
{
    const cJSON *param;
    bool optional = false;

    cJSON_ArrayForEach(param, at(method, "params")) {
        bool required = cJSON_IsTrue(at(param, "required"));

        cr_assert_not_null(text_at(param, "name"), "%s", where);
        cr_assert(!(required && optional), "%s: %s is required behind an optional one", where,
                  text_at(param, "name"));
        optional |= !required;
        check_schema(at(param, "schema"), where, 0);
        for (const cJSON *other = param->next; other != NULL; other = other->next)
            cr_assert_str_neq(text_at(param, "name"), text_at(other, "name"), "%s", where);
    }
}

/** Whether a method has a parameter of this name. */
static bool has_param(const cJSON *method, const char *name)
{
    const cJSON *param;

    cJSON_ArrayForEach(param, at(method, "params")) {
        if (strcmp(text_at(param, "name"), name) == 0)
            return true;
    }
    return false;
}

/** Methods that no replay of one request after the other can see succeed: no example makes an
 * archive to be stacked, and a step needs a call that is held. */
static bool has_no_example(const char *name)
{
    return strcmp(name, "SC_FS_ADD_SRC") == 0 || strcmp(name, "proc.step") == 0;
}

/** Check a method's examples: there are some, of parameters it has, with a result. */
static void check_examples(const cJSON *method, const char *where)
{
    const cJSON *example;
    const cJSON *pair;

    cr_assert_eq(at(method, "examples") == NULL, has_no_example(where), "%s: no example", where);
    cJSON_ArrayForEach(example, at(method, "examples")) {
        cr_assert_not_null(at(at(example, "result"), "value"), "%s", where);
        cJSON_ArrayForEach(pair, at(example, "params"))
            cr_assert(has_param(method, text_at(pair, "name")), "%s: %s", where,
                      text_at(pair, "name"));
    }
}

Test(openrpc, says_which_version_it_follows)
{
    cr_assert_str_eq(text_at(document, "openrpc"), "1.2.6");
    cr_assert_str_eq(text_at(at(document, "info"), "title"), "scbox");
    cr_assert_str_eq(text_at(at(document, "info"), "version"), OPENRPC_VERSION);
}

Test(openrpc, says_where_a_daemon_listens)
{
    const cJSON *server = at(document, "servers")->child;

    cr_assert(strncmp(text_at(server, "url"), "unix:", 5) == 0);
    cr_assert_not_null(text_at(server, "name"));
}

/** Whether a schema refers, at any depth, to @target or to itself. */
static bool reaches(const cJSON *schema, const char *target, int depth)
{
    const char *ref = text_at(schema, "$ref");
    const cJSON *part;

    if (depth > 40)
        return true;
    if (ref != NULL)
        return strcmp(ref, target) == 0 || reaches(resolve(schema), target, depth + 1);
    cJSON_ArrayForEach(part, schema) {
        if ((cJSON_IsObject(part) || cJSON_IsArray(part)) && reaches(part, target, depth + 1))
            return true;
    }
    return false;
}

Test(openrpc, no_schema_contains_itself)
{
    const cJSON *schema;
    char target[128];

    cJSON_ArrayForEach(schema, at(at(document, "components"), "schemas")) {
        (void)snprintf(target, sizeof target, "#/components/schemas/%s", schema->string);
        cr_assert_not(reaches(schema, target, 0), "%s", schema->string);
    }
}

Test(openrpc, only_what_is_required_is_required)
{
    const cJSON *schemas = at(at(document, "components"), "schemas");

    cr_assert_eq(cJSON_GetArraySize(at(at(schemas, "machine_limits"), "required")), 0);
    cr_assert_eq(cJSON_GetArraySize(at(at(schemas, "mount"), "required")), 2);
}

Test(openrpc, every_call_is_a_method)
{
    for (size_t i = 0; i < sc_calls_count; i++) {
        const cJSON *method;
        int found = 0;

        cJSON_ArrayForEach(method, at(document, "methods"))
            found += strcmp(text_at(method, "name"), sc_calls[i].name) == 0;
        cr_assert_eq(found, 1, "%s", sc_calls[i].name);
    }
}

Test(openrpc, every_method_is_complete)
{
    const cJSON *method;

    cJSON_ArrayForEach(method, at(document, "methods")) {
        const char *name = text_at(method, "name");
        const cJSON *error;

        check_params(method, name);
        check_schema(at(at(method, "result"), "schema"), name, 0);
        cr_assert_gt(cJSON_GetArraySize(at(method, "errors")), 0, "%s: no errors", name);
        cJSON_ArrayForEach(error, at(method, "errors"))
            cr_assert(cJSON_IsNumber(at(resolve(error), "code")), "%s", name);
        check_examples(method, name);
    }
}

Test(openrpc, every_schema_has_a_title)
{
    const cJSON *schema;

    cJSON_ArrayForEach(schema, at(at(document, "components"), "schemas"))
        check_schema(schema, schema->string, 0);
}
