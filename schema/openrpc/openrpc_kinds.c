/* SPDX-License-Identifier: MIT */
/* The OpenRPC document's schemas of call arguments: types.def and flags.def as JSON Schema. */
#include "schema/calls.h"
#include "schema/openrpc/openrpc_build.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/** Larger numbers are sent as text: 2^53 - 1. */
#define JSON_EXACT_MAX 9007199254740991.0

/** The range of a C type. */
enum range { RANGE_NONE, RANGE_I32, RANGE_U32, RANGE_I64, RANGE_U64 };

static const enum range ranges[] = {
#define SC_REPR(repr, ctype, doc)                                                                  \
    [SC_R_##repr] = _Generic((sc_repr_##repr){0}, int32_t                                          \
                             : RANGE_I32, uint32_t                                                 \
                             : RANGE_U32, int64_t                                                  \
                             : RANGE_I64, uint64_t                                                 \
                             : RANGE_U64, default                                                  \
                             : RANGE_NONE),
#include "schema/types.def"
};

cJSON *openrpc_form(struct openrpc *doc, cJSON *forms, const char *name, const char *part,
                    const char *type)
{
    cJSON *form = openrpc_object(doc, forms, NULL);
    char title[64];

    (void)snprintf(title, sizeof title, "%s_%s", name, part);
    openrpc_text(doc, form, "title", title);
    openrpc_text(doc, form, "type", type);
    return form;
}

/** Limit @schema, an integer, to its C type; a 64-bit one to what JSON represents exactly. */
static void add_range(struct openrpc *doc, cJSON *schema, enum range range)
{
    if (range == RANGE_I32) {
        openrpc_number(doc, schema, "minimum", INT32_MIN);
        openrpc_number(doc, schema, "maximum", INT32_MAX);
    } else if (range == RANGE_U32) {
        openrpc_number(doc, schema, "minimum", 0);
        openrpc_number(doc, schema, "maximum", UINT32_MAX);
    } else if (range == RANGE_I64 || range == RANGE_U64) {
        openrpc_number(doc, schema, "minimum", range == RANGE_I64 ? -JSON_EXACT_MAX : 0);
        openrpc_number(doc, schema, "maximum", JSON_EXACT_MAX);
    }
}

void openrpc_wide_integer(struct openrpc *doc, cJSON *schema, const char *name, bool is_signed)
{
    cJSON *forms = openrpc_array(doc, schema, "anyOf");

    add_range(doc, openrpc_form(doc, forms, name, "number", "integer"),
              is_signed ? RANGE_I64 : RANGE_U64);
    openrpc_text(doc, openrpc_form(doc, forms, name, "decimal", "string"), "pattern",
                 is_signed ? "^-?[0-9]+$" : "^[0-9]+$");
}

void openrpc_name(struct openrpc *doc, cJSON *schema, const char *name, bool nullable)
{
    cJSON *forms = openrpc_array(doc, schema, "anyOf");
    cJSON *coded;
    char title[64];

    (void)openrpc_form(doc, forms, name, "text", "string");
    if (nullable)
        (void)openrpc_form(doc, forms, name, "none", "null");
    coded = openrpc_form(doc, forms, name, "bytes", "object");
    openrpc_bool(doc, coded, "additionalProperties", false);
    (void)snprintf(title, sizeof title, "%s_base64", name);
    openrpc_text(doc,
                 openrpc_schema(doc, openrpc_object(doc, coded, "properties"), "base64", title,
                                "the bytes in base64, when they are not UTF-8"),
                 "type", "string");
    openrpc_text(doc, openrpc_array(doc, coded, "required"), NULL, "base64");
}

/** Add both forms of a flag to @forms: a name of the group, or its bits. */
static void add_flag_forms(struct openrpc *doc, cJSON *forms, const char *name, const char *group)
{
    cJSON *names = openrpc_array(doc, openrpc_form(doc, forms, name, "name", "string"), "enum");

    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, group) == 0)
            openrpc_text(doc, names, NULL, f->name);
    }
    if (strcmp(group, "FM") == 0)
        openrpc_text(doc, names, NULL, "ALL");
    add_range(doc, openrpc_form(doc, forms, name, "bits", "integer"), RANGE_U32);
}

/** A mask: an array of names, or an integer. */
static void fill_mask(struct openrpc *doc, cJSON *schema, const char *name, const char *group)
{
    cJSON *forms = openrpc_array(doc, schema, "anyOf");
    cJSON *list = openrpc_form(doc, forms, name, "names", "array");
    cJSON *items = openrpc_object(doc, list, "items");
    char title[64];

    (void)snprintf(title, sizeof title, "%s_element", name);
    openrpc_text(doc, items, "title", title);
    add_flag_forms(doc, openrpc_array(doc, items, "anyOf"), name, group);
    add_range(doc, openrpc_form(doc, forms, name, "mask", "integer"), RANGE_U32);
}

/** Make @schema an array of strings that may not be UTF-8. */
static void fill_name_list(struct openrpc *doc, cJSON *schema, const char *title)
{
    cJSON *items;

    openrpc_text(doc, schema, "type", "array");
    items = openrpc_object(doc, schema, "items");
    openrpc_text(doc, items, "title", title);
    openrpc_name(doc, items, title, false);
}

/** Handles. */
static void fill_fds(struct openrpc *doc, cJSON *schema)
{
    cJSON *items;

    openrpc_text(doc, schema, "type", "array");
    items = openrpc_object(doc, schema, "items");
    openrpc_text(doc, items, "title", "fds_element");
    openrpc_text(doc, items, "type", "integer");
    add_range(doc, items, RANGE_I32);
}

/** The arguments, the arguments and environment, or the bytes that guests pass. */
static void fill_argv(struct openrpc *doc, cJSON *schema)
{
    cJSON *forms = openrpc_array(doc, schema, "anyOf");
    cJSON *both;
    cJSON *members;

    fill_name_list(doc, openrpc_form(doc, forms, "argv", "arguments", "array"), "argv_argument");
    both = openrpc_form(doc, forms, "argv", "both", "object");
    openrpc_bool(doc, both, "additionalProperties", false);
    members = openrpc_object(doc, both, "properties");
    fill_name_list(doc, openrpc_object(doc, members, "argv"), "argv_both_argument");
    openrpc_text(doc, cJSON_GetObjectItemCaseSensitive(members, "argv"), "title", "argv_both_argv");
    fill_name_list(doc, openrpc_object(doc, members, "env"), "argv_both_variable");
    openrpc_text(doc, cJSON_GetObjectItemCaseSensitive(members, "env"), "title", "argv_both_env");
    (void)openrpc_form(doc, forms, "argv", "bytes", "string");
}

static void add_kind(struct openrpc *doc, cJSON *schemas, enum sc_kind kind)
{
    const struct sc_kind_info *k = &sc_kinds[kind];
    cJSON *schema = openrpc_schema(doc, schemas, k->name, k->name, k->doc);

    if (strcmp(k->json, "name") == 0) {
        openrpc_name(doc, schema, k->name, false);
    } else if (strcmp(k->json, "data") == 0) {
        openrpc_text(doc, schema, "type", "string");
    } else if (sc_group_is_mask(k->json)) {
        fill_mask(doc, schema, k->name, k->json);
    } else if (strcmp(k->json, "fds") == 0) {
        fill_fds(doc, schema);
    } else if (strcmp(k->json, "argv") == 0) {
        fill_argv(doc, schema);
    } else if (strcmp(k->json, "integer") != 0) {
        add_flag_forms(doc, openrpc_array(doc, schema, "anyOf"), k->name, k->json);
    } else if (ranges[k->repr] == RANGE_I64 || ranges[k->repr] == RANGE_U64) {
        openrpc_wide_integer(doc, schema, k->name, ranges[k->repr] == RANGE_I64);
    } else {
        openrpc_text(doc, schema, "type", "integer");
        add_range(doc, schema, ranges[k->repr]);
    }
}

/** Add a struct: its members. */
static void add_struct(struct openrpc *doc, cJSON *schemas, const struct sc_struct_info *info)
{
    cJSON *schema = openrpc_schema(doc, schemas, info->name, info->name, info->doc);
    cJSON *members;
    cJSON *required;

    openrpc_text(doc, schema, "type", "object");
    members = openrpc_object(doc, schema, "properties");
    required = openrpc_array(doc, schema, "required");
    for (const struct sc_field_info *f = info->fields; f->name != NULL; f++) {
        openrpc_ref(doc, members, f->name, "schemas", sc_kinds[f->kind].name);
        openrpc_text(doc, required, NULL, f->name);
    }
}

/** Add a schema that is in no table. */
static cJSON *add_plain(struct openrpc *doc, cJSON *schemas, const char *name, const char *type,
                        const char *description)
{
    cJSON *schema = openrpc_schema(doc, schemas, name, name, description);

    openrpc_text(doc, schema, "type", type);
    return schema;
}

void openrpc_add_kinds(struct openrpc *doc, cJSON *schemas)
{
    cJSON *encoding;
    cJSON *actor;

    for (size_t kind = 0; kind < SC_K_COUNT; kind++)
        add_kind(doc, schemas, (enum sc_kind)kind);
    for (const struct sc_struct_info *s = sc_structs; s->name != NULL; s++)
        add_struct(doc, schemas, s);
    (void)add_plain(doc, schemas, "nothing", "null", "a method without a result answers null");
    (void)add_plain(doc, schemas, "background", "boolean",
                    "true: the call does not keep a virtual clock from moving on");
    openrpc_wide_integer(doc,
                         openrpc_schema(doc, schemas, "strlen", "strlen",
                                        "bytes of a string; must match it or shorten it"),
                         "strlen", false);
    actor = add_plain(doc, schemas, "actor", "integer", "a process that the session drives");
    openrpc_number(doc, actor, "minimum", 1);
    openrpc_number(doc, actor, "maximum", INT32_MAX);
    encoding = add_plain(doc, schemas, "encoding", "string", "how the bytes beside it travel");
    openrpc_json(doc, encoding, "enum", "[\"utf8\", \"base64\"]");
}
