/* SPDX-License-Identifier: MIT */
#include "schema/openrpc_build.h"

#include <stdio.h>
#include <string.h>

/* Values for examples, as JSON text. A row's name is that of a parameter or member, or of a kind. */
static const struct {
    const char *name;
    const char *json;
} samples[] = {
    {"from_fs", "\"root\""},
    {"new_name", "\"home\""},
    {"root", "\"/home\""},
    {"driver", "\"ramfs\""},
    {"opts", "\"quota_bytes=1048576\""},
    {"new_file", "\"root:/home/old.txt\""},
    {"command", "40"},
    {"machine", "\"default\""},
    {"state", "\"RUNNING\""},
    {"program", "\"shell\""},
    {"executor", "\"session\""},
    {"chain", "[]"},
    {"ok_modes", "[\"READ\", \"READDIR\"]"},
    {"mode", "[\"READ\"]"},
    {"fd", "3"},
    {"file", "\"root:/home/notes.txt\""},
    {"version", "\"" SCBOX_VERSION "\""},
    {"return_code", "0"},
    {"stat", "{\"type\": \"REGULAR\", \"access\": [\"READ\", \"WRITE\"], \"size\": 6}"},
    {"dirent",
     "{\"name\": \"notes.txt\", \"type\": \"REGULAR\", \"access\": [\"READ\"], \"size\": 6}"},
    {"proc_status", "{\"pid\": 5, \"state\": \"DONE\", \"return_code\": 0}"},
    {"fs_entry",
     "{\"name\": \"home\", \"driver\": \"ramfs\", \"ok_modes\": [\"READ\", \"READDIR\"], "
     "\"root\": \"/home\"}"},
    {"stat_ex",
     "{\"mode\": 33188, \"nlink\": 1, \"uid\": 0, \"gid\": 0, \"size\": 6, \"blocks\": 8, "
     "\"atime\": \"946684800000000000\", \"mtime\": \"946684800000000000\"}"},
    {"channel", "{\"first\": 3, \"second\": 4}"},
    {"flags", "[]"},
    {"fds", "[3, 4]"},
    {"argv", "[\"prog\", \"-v\"]"},
    {"uid", "1000"},
    {"time", "\"946684800000000000\""},
    {"path", "\"root:/home/notes.txt\""},
    {"name", "\"home\""},
    {"text", "\"\""},
    {"bytes", "\"hello\\n\""},
    {"sized", "\"hello\\n\""},
    {"buf", "\"hello\\n\""},
    {"ofd", "0"},
    {"pid", "5"},
    {"actor", "5"},
    {"int", "0"},
    {"num", "0"},
    {"off", "0"},
    {"size", "4096"},
    {"addr", "1073741824"},
    {"usecs", "1000"},
    {"mm", "[\"READ\", \"WRITE\"]"},
    {"ft", "\"REGULAR\""},
    {"string", "\"scboxd\""},
    {"integer", "1"},
    {"boolean", "true"},
    {"token", "\"5f0c3b1e9a7d42608f1b6c2d3e4a5b69\""},
    {"clock", "\"real\""},
    {"id", "7"},
    {"guest", "true"},
    {"count", "1"},
    {"chance", "1"},
    {"callargs", "{\"file\": \"root:/home/notes.txt\", \"mode\": [\"READ\"]}"},
    {"outcome", "{\"fd\": 3}"},
    {"maybe", "null"},
    {"callname", "\"SC_OPEN\""},
    {"errname", "\"ENOENT\""},
    {"warnings", "[]"},
    {"pids", "[6]"},
    {"words", "[\"log\", \"proc\"]"},
    {"seed", "42"},
    {"label", "\"home\""},
    {"maybelabel", "null"},
    {"labels", "[]"},
};

/** Put @item, taken, where @key says, or mark the document as failed. Returns it, NULL if failed. */
static cJSON *add_item(struct openrpc *doc, cJSON *parent, const char *key, cJSON *item)
{
    if (key != NULL ? cJSON_AddItemToObject(parent, key, item) : cJSON_AddItemToArray(parent, item))
        return item;
    cJSON_Delete(item);
    doc->failed = true;
    return NULL;
}

cJSON *openrpc_object(struct openrpc *doc, cJSON *parent, const char *key)
{
    return add_item(doc, parent, key, cJSON_CreateObject());
}

cJSON *openrpc_array(struct openrpc *doc, cJSON *parent, const char *key)
{
    return add_item(doc, parent, key, cJSON_CreateArray());
}

void openrpc_text(struct openrpc *doc, cJSON *parent, const char *key, const char *value)
{
    (void)add_item(doc, parent, key, cJSON_CreateString(value));
}

void openrpc_number(struct openrpc *doc, cJSON *parent, const char *key, double value)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%.0f", value); /* cJSON would round what is above 2^50 */
    (void)add_item(doc, parent, key, cJSON_CreateRaw(text));
}

void openrpc_bool(struct openrpc *doc, cJSON *parent, const char *key, bool value)
{
    (void)add_item(doc, parent, key, cJSON_CreateBool(value));
}

void openrpc_json(struct openrpc *doc, cJSON *parent, const char *key, const char *json)
{
    (void)add_item(doc, parent, key, cJSON_Parse(json));
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

/* An errno of a method that is not in its own table. */
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

const char *openrpc_sample(const char *name, const char *kind)
{
    const char *by_kind = "null";

    if (strcmp(kind, "perm") == 0) /* a mode, but no mask of names */
        return "420";

    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        if (strcmp(samples[i].name, name) == 0)
            return samples[i].json;
        if (strcmp(samples[i].name, kind) == 0)
            by_kind = samples[i].json;
    }
    return by_kind;
}
