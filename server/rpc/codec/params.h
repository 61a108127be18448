/* SPDX-License-Identifier: MIT */
/*
 * Parameters of a request, by name or by position, sorted into the order of their table; and the
 * values of the methods other than calls, decoded into typed structs (methods.def).
 */
#ifndef SERVER_RPC_CODEC_PARAMS_H
#define SERVER_RPC_CODEC_PARAMS_H

#include "schema/methods.h"
#include "server/base/json.h"
#include "server/rpc/codec/failure.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

enum { PARAMS_MAX = 16 }; /* no table row has more */

/** Called for a member that is not a field. Returns 1 taken, 0 unknown, -1 with @f set. */
typedef int (*param_extra_fn)(void *user, const cJSON *item, struct failure *f);

/**
 * Sort parameters.
 * @fields   what may and must be given; ended by a NULL name.
 * @params   an object, an array, or NULL for none; borrowed.
 * @extra    called for unknown members of an object; may be NULL.
 * @at       filled in the order of @fields, one element for each; NULL for missing ones.
 * Returns   0; -1 unknown, given twice, too many or missing: said in @f.
 */
int params_sort(const struct sc_field_info *fields, const cJSON *params, param_extra_fn extra,
                void *user, const cJSON **at, struct failure *f);

/**
 * A whole number: a JSON number that is exact, or, where @max is beyond 32 bits, a decimal string.
 * @arg      static; for the failure.
 * @out      the number's text as int64_t or, when @is_unsigned, uint64_t in the same bits.
 * Returns   0, -1 said in @f: not a whole number, or outside @min..@max (of 64 bits when unsigned).
 */
int params_int(const cJSON *item, const char *arg, int64_t min, int64_t max, int64_t *out,
               struct failure *f);
int params_uint(const cJSON *item, const char *arg, uint64_t max, uint64_t *out, struct failure *f);

/** Show an argument's value with a failure, unless it is long. */
void show_value(struct failure *f, const cJSON *item);

/** fail() with RPC_E_PARAMS and the argument's value. */
int fail_value(struct failure *f, const cJSON *item, const char *arg, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* struct rpc_session_open_params … : what handlers of methods.def get. */
#define RPC_TYPE(type, ctype, given, json, doc) typedef ctype rpc_##type;
#include "schema/methods.def"

#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS)                                          \
    struct rpc_##id##_params {                                                                     \
        PARAMS                                                                                     \
    };
#define RPC_PARAM(type, name, doc) rpc_##type name;
#define RPC_OPT(type, name, doc) rpc_##type name;
#define RPC_OPT_AS(type, member, name, doc) rpc_##type member;
#define RPC_NO_PARAMS char none;
#include "schema/methods.def"

/* struct rpc_mount_object …: the flat objects of methods.def. */
#define RPC_STRUCT(name, fields, doc)                                                              \
    struct rpc_##name##_object {                                                                   \
        fields                                                                                     \
    };
#define RPC_FIELD(type, name, doc) rpc_##type name;
#include "schema/methods.def"

/** Decode base64. @out returned; free(). Returns 0; -1 said in @f. */
int params_base64(struct sc_str in, const char *arg, char **out, size_t *out_len,
                  struct failure *f);

/** The bytes of a `data` parameter, NULL for none, and its `encoding`. @out returned; free().
 * Returns 0; -1 said in @f. */
int params_data(const char *text, rpc_encoding encoding, char **out, size_t *out_len,
                struct failure *f);

/**
 * Bytes of a path or name that is not UTF-8: {"base64": "…"}, without NUL.
 * @item     any value.
 * @out      returned, NUL-terminated; free().
 * Returns   0; -1 said in @f.
 */
int params_name(const cJSON *item, const char *arg, char **out, size_t *out_len, struct failure *f);

union rpc_params {
#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS) struct rpc_##id##_params id;
#include "schema/methods.def"
};

/**
 * Decode a method's parameters.
 * @params   as params_sort(); what @out points to lives as long as it.
 * @at       the token of the same params in @doc, for ids, which keep their text; 0: there are
 *           no params.
 */
int params_decode(int method, const cJSON *params, const struct json_doc *doc, uint32_t at,
                  union rpc_params *out, struct failure *f);

/** Decode an object into one of methods.def's structs. Returns 0, -1. */
int params_mount(const cJSON *object, struct rpc_mount_object *out, struct failure *f);

/** The same, of an object given by its first member, NULL for none. */
int params_machine_limits(const cJSON *first, struct rpc_machine_limits_object *out,
                          struct failure *f);

#endif
