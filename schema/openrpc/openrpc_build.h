/* SPDX-License-Identifier: MIT */
/*
 * Private to the openrpc_*.c files: a JSON tree that is built without checking errors.
 *
 * Every helper takes the document and marks it as failed when memory runs out; it ignores a NULL
 * parent. So the writers read like the document they write, and openrpc_document() checks once. A
 * @key of NULL appends to @parent, which is an array.
 */
#ifndef SCHEMA_OPENRPC_OPENRPC_BUILD_H
#define SCHEMA_OPENRPC_OPENRPC_BUILD_H

#include "schema/calls.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct openrpc {
    cJSON *root;
    bool failed;
};

/** Add @item, taken, as @key, or mark the document as failed. Returns it, NULL if failed. */
cJSON *openrpc_item(struct openrpc *doc, cJSON *parent, const char *key, cJSON *item);

/** Add an empty object and return it, borrowed from the document. */
cJSON *openrpc_object(struct openrpc *doc, cJSON *parent, const char *key);

/** Add an empty array and return it, borrowed from the document. */
cJSON *openrpc_array(struct openrpc *doc, cJSON *parent, const char *key);

/** Add a string. */
void openrpc_text(struct openrpc *doc, cJSON *parent, const char *key, const char *value);

/** Add a whole number; exact up to 2^53. */
void openrpc_number(struct openrpc *doc, cJSON *parent, const char *key, double value);

/** Add true or false. */
void openrpc_bool(struct openrpc *doc, cJSON *parent, const char *key, bool value);

/** Add the value of a JSON text. */
void openrpc_json(struct openrpc *doc, cJSON *parent, const char *key, const char *json);

/** Add {"$ref": "#/components/@group/@name"}. */
void openrpc_ref(struct openrpc *doc, cJSON *parent, const char *key, const char *group,
                 const char *name);

/** Add an object with title and description, the start of a schema, and return it. */
cJSON *openrpc_schema(struct openrpc *doc, cJSON *parent, const char *key, const char *title,
                      const char *description);

/** Add a schema titled "@name_@part" to @forms. Generators name types by titles. Returns it,
 * borrowed. */
cJSON *openrpc_form(struct openrpc *doc, cJSON *forms, const char *name, const char *part,
                    const char *type);

/** Make @schema that of a 64-bit whole number: a number, or decimal text above 2^53 - 1. */
void openrpc_wide_integer(struct openrpc *doc, cJSON *schema, const char *name, bool is_signed);

/** Make @schema that of a path or name: text, an object with the bytes in base64, or null. */
void openrpc_name(struct openrpc *doc, cJSON *schema, const char *name, bool nullable);

/** Add a content descriptor without its schema and return it. */
cJSON *openrpc_descriptor(struct openrpc *doc, cJSON *parent, const char *key, const char *name,
                          const char *description);

/** Add a parameter whose schema is components.schemas.@schema. */
void openrpc_param(struct openrpc *doc, cJSON *params, const char *name, const char *description,
                   const char *schema, bool required);

/** Add an error: as @key of an object, or, if that is NULL, to an array. */
void openrpc_error(struct openrpc *doc, cJSON *parent, const char *key, int code,
                   const char *message, const char *condition);

/** Stands for a method's name: any of the calls. */
#define OPENRPC_ANY_CALL "SC_*"

/** Add the errnos that rpcerrors.def lists for a method, to an object, with keys like SC_ESRCH. */
void openrpc_failures(struct openrpc *doc, cJSON *errors, const char *method);

/** Add the errnos of the parameter `as`, except those that the method lists itself. */
void openrpc_actor_failures(struct openrpc *doc, cJSON *errors, const char *method);

/** Add references to the errnos that any call can answer, except those of the call's own row. */
void openrpc_call_failures(struct openrpc *doc, cJSON *errors, const struct sc_error_info *row);

/** Add references to the errors that every method can answer. */
void openrpc_common_errors(struct openrpc *doc, cJSON *errors);

/** Add the examples of a method, if it has any. */
void openrpc_add_examples(struct openrpc *doc, cJSON *method, const char *name);

/** Sort the methods as in examples.def; those without an example come last. */
void openrpc_order(cJSON *methods);

/* The parts of the document, one file each. */

/** Methods SC_*, from syscalls.def. */
void openrpc_add_calls(struct openrpc *doc, cJSON *methods);

/** All other methods, from methods.def. */
void openrpc_add_methods(struct openrpc *doc, cJSON *methods);

/** Schemas of kinds and structs, from types.def and flags.def. */
void openrpc_add_kinds(struct openrpc *doc, cJSON *schemas);

/** Schemas of types and structs, from methods.def. */
void openrpc_add_types(struct openrpc *doc, cJSON *schemas);

/** Schemas of events, from events.def: event_log … */
void openrpc_add_events(struct openrpc *doc, cJSON *schemas);

/** x-notifications: the messages that the daemon sends on its own. */
void openrpc_add_notifications(struct openrpc *doc);

#endif
