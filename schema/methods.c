/* SPDX-License-Identifier: MIT */
/* The method table as data: lists of methods, types and structs, and their look-ups. */
#include "schema/methods.h"

#include <string.h>

#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS)                                          \
    static const struct sc_field_info id##_params[] = {PARAMS{0}};                                 \
    static const struct sc_field_info id##_results[] = {RESULTS{0}};
#define RPC_PARAM(type_, name_, doc_)                                                              \
    {.name = #name_, .doc = doc_, .kind = SC_K_COUNT, .type = #type_},
#define RPC_OPT(type_, name_, doc_)                                                                \
    {.name = #name_, .doc = doc_, .kind = SC_K_COUNT, .type = #type_, .optional = 1},
#define RPC_NO_PARAMS
#define RPC_RESULT(type_, name_, doc_)                                                             \
    {.name = #name_, .doc = doc_, .kind = SC_K_COUNT, .type = #type_},
#define RPC_BESIDE(type_, name_, doc_)                                                             \
    {.name = #name_, .doc = doc_, .kind = SC_K_COUNT, .type = #type_, .optional = 1},
#define RPC_NO_RESULTS
#include "schema/methods.def"

const struct rpc_method_info rpc_methods[METHOD_COUNT] = {
#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS)                                          \
    {name, #id, RPC_##shape, doc, id##_params, id##_results},
#include "schema/methods.def"
};

const struct rpc_type_info rpc_types[] = {
#define RPC_TYPE(type, ctype, given, json, doc) {#type, json, doc},
#include "schema/methods.def"
    {0},
};

#define RPC_STRUCT(name, fields, doc)                                                              \
    static const struct sc_field_info name##_fields[] = {fields{0}};
#define RPC_FIELD(type_, name_, doc_)                                                              \
    {.name = #name_, .doc = doc_, .kind = SC_K_COUNT, .type = #type_},
#define RPC_FIELD_OPT(type_, name_, doc_)                                                          \
    {.name = #name_, .doc = doc_, .kind = SC_K_COUNT, .type = #type_, .optional = 1},
#include "schema/methods.def"

const struct sc_struct_info rpc_structs[] = {
#define RPC_STRUCT(name, fields, doc) {#name, doc, name##_fields},
#include "schema/methods.def"
    {0},
};

const struct rpc_type_info *rpc_type_by_name(const char *name)
{
    for (const struct rpc_type_info *t = rpc_types; t->name != NULL; t++) {
        if (strcmp(t->name, name) == 0)
            return t;
    }
    return NULL;
}

const struct sc_struct_info *rpc_struct_by_name(const char *name, size_t len)
{
    for (const struct sc_struct_info *s = rpc_structs; s->name != NULL; s++) {
        if (strlen(s->name) == len && memcmp(s->name, name, len) == 0)
            return s;
    }
    return NULL;
}
