/* SPDX-License-Identifier: MIT */
/* The methods of methods.def as data. calls.h is the same for the calls. */
#ifndef SCHEMA_METHODS_H
#define SCHEMA_METHODS_H

#include "schema/calls.h"
#include "schema/events.h"
#include "schema/machine_limits.h"

/** Numbers of the methods, indexes in rpc_methods: METHOD_session_open … */
enum rpc_method {
#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS) METHOD_##id,
#include "schema/methods.def"
    METHOD_COUNT
};

enum rpc_shape { RPC_VOID, RPC_OBJECT, RPC_ARRAY, RPC_DOCUMENT };

/** A row of methods.def as data. */
struct rpc_method_info {
    const char *name; /* session.open */
    const char *id;   /* session_open */
    enum rpc_shape shape;
    const char *doc;
    const struct sc_field_info *params; /* in these lists, type names a row of rpc_types */
    const struct sc_field_info *results;
};

/** A type of methods.def as data. */
struct rpc_type_info {
    const char *name; /* NULL ends the list */
    const char *json; /* as methods.def explains */
    const char *doc;
};

extern const struct rpc_method_info rpc_methods[METHOD_COUNT];
extern const struct rpc_type_info rpc_types[];
extern const struct sc_struct_info rpc_structs[]; /* ended by a NULL name */

/** The type with a name, or NULL. */
const struct rpc_type_info *rpc_type_by_name(const char *name);

/** The struct with a name of @len bytes, or NULL. */
const struct sc_struct_info *rpc_struct_by_name(const char *name, size_t len);

#endif
