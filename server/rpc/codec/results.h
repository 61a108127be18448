/* SPDX-License-Identifier: MIT */
/*
 * Results of methods.def: a struct for each row, and the function that writes it as an object.
 *
 *     result_fd_list(o, &(struct rpc_fd_list_result){
 *                           .fd = fd, .file = given_name_of(f->label), .mode = {write_fm, &f->mode}});
 *
 * A handler of shape OBJECT writes one, one of shape ARRAY opens and closes the array around them.
 * Types and names are checked by the compiler; the order, and the names in JSON, are the row's.
 */
#ifndef SERVER_RPC_CODEC_RESULTS_H
#define SERVER_RPC_CODEC_RESULTS_H

#include "schema/methods.h"
#include "server/rpc/codec/json_out.h"

#include <string.h>

/* Representations of results: RPC_TYPE's column given. All borrowed. */
typedef const char *given_text;   /* NULL: null */
typedef struct sc_str given_name; /* a path or name; a NULL ptr: null */
typedef int64_t given_i64;
typedef uint64_t given_u64;
typedef int32_t given_i32;
typedef uint32_t given_u32;
typedef bool given_flag;
typedef double given_real;

/** Bytes, with the member "encoding" behind them when they travel in base64. */
typedef struct {
    const char *ptr;
    size_t len;
    bool base64; /* even if they are text */
} given_bytes;

/** A value that a function writes: an array, an object. */
typedef struct {
    void (*write)(struct json_out *o, const void *of);
    const void *of;
} given_part;

/** A NUL-terminated name, or NULL for null. */
static inline given_name given_name_of(const char *text)
{
    return (given_name){text, text != NULL ? strlen(text) : 0};
}

/* Functions for parts. */
void write_fm(struct json_out *o, const void *mask); /* a uint32_t of FM_* */
void write_mm(struct json_out *o, const void *mask); /* a uint32_t of MM_* */
void write_args(struct json_out *o, const void *of); /* the arguments of a struct call */

/* rpc_pid_given … */
#define RPC_TYPE(type, ctype, given, json, doc) typedef given_##given rpc_##type##_given;
#include "schema/methods.def"

/* struct rpc_session_open_result … of all that answer objects, and result_session_open() … */
#define RESULT_VOID(id, RESULTS)
#define RESULT_DOCUMENT(id, RESULTS)
#define RESULT_ARRAY(id, RESULTS) RESULT_OBJECT(id, RESULTS)
#define RESULT_OBJECT(id, RESULTS)                                                                 \
    struct rpc_##id##_result {                                                                     \
        RESULTS                                                                                    \
    };                                                                                             \
    void result_##id(struct json_out *o, const struct rpc_##id##_result *r);
#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS) RESULT_##shape(id, RESULTS)
#define RPC_RESULT(type, name, doc) rpc_##type##_given name;
#define RPC_RESULT_AS(type, member, name, doc) rpc_##type##_given member;
#define RPC_BESIDE(type, name, doc)
#define RPC_NO_RESULTS
#include "schema/methods.def"
#undef RESULT_OBJECT

/* struct rpc_census_fields …: members of results that are objects; and object_census() … */
#define RPC_STRUCT(name, FIELDS, doc)                                                              \
    struct rpc_##name##_fields {                                                                   \
        FIELDS                                                                                     \
    };                                                                                             \
    void object_##name(struct json_out *o, const struct rpc_##name##_fields *r);
#define RPC_FIELD(type, name, doc) rpc_##type##_given name;
#include "schema/methods.def"

#endif
