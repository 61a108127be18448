/* SPDX-License-Identifier: MIT */
#include "server/rpc/codec/results.h"

#include "server/kernel/call/call.h"
#include "server/rpc/codec/codec.h"
#include "server/rpc/codec/kinds.h"

/* One function a representation, which writes a value. What may write a member beside its own has the
 * key, too: all of them take it. */

static void give_text(struct json_out *o, const char *key, given_text text)
{
    out_key_string(o, key, text);
}

static void give_name(struct json_out *o, const char *key, given_name name)
{
    out_key(o, key);
    if (name.ptr != NULL)
        out_name(o, name.ptr, name.len);
    else
        out_null(o);
}

static void give_i64(struct json_out *o, const char *key, given_i64 value)
{
    out_key_int(o, key, value);
}

static void give_u64(struct json_out *o, const char *key, given_u64 value)
{
    out_key_uint(o, key, value);
}

static void give_i32(struct json_out *o, const char *key, given_i32 value)
{
    out_key_int(o, key, value);
}

static void give_u32(struct json_out *o, const char *key, given_u32 value)
{
    out_key_uint(o, key, value);
}

static void give_flag(struct json_out *o, const char *key, given_flag value)
{
    out_key(o, key);
    out_bool(o, value);
}

static void give_real(struct json_out *o, const char *key, given_real value)
{
    out_key(o, key);
    out_double(o, value);
}

static void give_bytes(struct json_out *o, const char *key, given_bytes bytes)
{
    out_data(o, key, bytes.ptr, bytes.len, bytes.base64);
}

static void give_part(struct json_out *o, const char *key, given_part part)
{
    out_key(o, key);
    part.write(o, part.of);
}

void write_fm(struct json_out *o, const void *mask)
{
    put_mask(o, SC_JSON_FM, *(const uint32_t *)mask);
}

void write_mm(struct json_out *o, const void *mask)
{
    put_mask(o, SC_JSON_MM, *(const uint32_t *)mask);
}

void write_args(struct json_out *o, const void *of)
{
    const struct call *call = of;
    const struct sc_call_info *info = sc_call_by_nr(call->nr);

    if (info != NULL)
        codec_encode_args(info, &call->args, o);
    else
        out_null(o);
}

/* The same by type: type_pid() is give_i32(). */
#define RPC_TYPE(type, ctype, given, json, doc)                                                    \
    static inline void type_##type(struct json_out *o, const char *key, given_##given value)       \
    {                                                                                              \
        give_##given(o, key, value);                                                               \
    }
#include "schema/methods.def"

#define RESULT_OBJECT(id, RESULTS)                                                                 \
    void result_##id(struct json_out *o, const struct rpc_##id##_result *r)                        \
    {                                                                                              \
        out_open(o, '{');                                                                          \
        RESULTS                                                                                    \
        out_close(o, '}');                                                                         \
    }
#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS) RESULT_##shape(id, RESULTS)
#define RPC_RESULT(type, name, doc) type_##type(o, #name, r->name);
#define RPC_RESULT_AS(type, member, name, doc) type_##type(o, #name, r->member);
#define RPC_BESIDE(type, name, doc)
#define RPC_NO_RESULTS
#include "schema/methods.def"

#define RPC_STRUCT(name, FIELDS, doc)                                                              \
    void object_##name(struct json_out *o, const struct rpc_##name##_fields *r)                    \
    {                                                                                              \
        out_open(o, '{');                                                                          \
        FIELDS                                                                                     \
        out_close(o, '}');                                                                         \
    }
#define RPC_FIELD(type, name, doc) type_##type(o, #name, r->name);
#include "schema/methods.def"
