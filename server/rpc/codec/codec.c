/* SPDX-License-Identifier: MIT */
/* The generated half of the codec: a decode_, lend_ and encode_ function a row of syscalls.def. */
#include "server/rpc/codec/codec.h"

#include "server/rpc/codec/kinds.h"

#include <stdlib.h>
#include <string.h>

#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    static int decode_##low(struct decoder *d, struct sc_##low##_args *out)                        \
    {                                                                                              \
        ARGS return 0;                                                                             \
    }
#define SC_ARG(kind, name, doc)                                                                    \
    if (take_##kind(d, &out->name) < 0)                                                            \
        return -1;
#define SC_OPT(kind, name, doc) SC_ARG(kind, name, doc)
#define SC_NO_ARGS                                                                                 \
    (void)d;                                                                                       \
    out->none = 0;
#include "schema/syscalls.def"

/** Room for @size result bytes. */
static int lend(struct decoder *d, uint64_t size, struct sc_buf *out)
{
    if (size > d->transfer_max)
        return fail(d->failure, RPC_E_PARAMS, "size",
                    "%llu bytes; one transfer has at most %llu (limit transfer_bytes)",
                    (unsigned long long)size, (unsigned long long)d->transfer_max);
    d->lent = malloc((size_t)size + 1);
    if (d->lent == NULL)
        return fail(d->failure, RPC_E_INTERNAL, NULL, "out of memory");
    d->lent_size = (size_t)size;
    *out = (struct sc_buf){d->lent, (size_t)size, 0};
    return 0;
}

#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    static int lend_##low(struct decoder *d, const struct sc_##low##_args *args,                   \
                          struct sc_##low##_out *out)                                              \
    {                                                                                              \
        (void)d;                                                                                   \
        (void)args;                                                                                \
        (void)out;                                                                                 \
        RESULTS return 0;                                                                          \
    }
#define SC_RET(kind, name, doc)
#define SC_OUT(type, name, doc)
#define SC_OUT_BUF(name, doc)                                                                      \
    if (lend(d, args->size, &out->name) < 0)                                                       \
        return -1;
#define SC_NO_RESULT
#include "schema/syscalls.def"

/* The members of a struct stand in the result object itself. */
#define SC_STRUCT(name, fields, doc)                                                               \
    static void put_struct_##name(struct json_out *o, const struct sc_##name *value)               \
    {                                                                                              \
        fields                                                                                     \
    }
#define SC_FIELD(kind, name, doc) put_##kind(o, #name, &value->name);
#include "schema/types.def"

/** Result bytes. */
static void put_result(const struct decoder *d, struct json_out *o, const char *key,
                       const struct sc_buf *value)
{
    if (d->brief)
        put_shown_data(o, key, value->ptr, value->len);
    else
        out_data(o, key, value->ptr, value->len, d->base64);
}

#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    static void encode_##low(const struct decoder *d, const struct sc_##low##_out *out,            \
                             struct json_out *o)                                                   \
    {                                                                                              \
        (void)d;                                                                                   \
        RESULTS                                                                                    \
    }
#define SC_RET(kind, name, doc) put_##kind(o, #name, &out->name);
#define SC_OUT(type, name, doc) put_struct_##type(o, &out->name);
#define SC_OUT_BUF(name, doc) put_result(d, o, #name, &out->name);
#define SC_OUT_PATH(name, doc) put_pbuf(o, #name, &out->name);
#define SC_NO_RESULT                                                                               \
    (void)out;                                                                                     \
    (void)o;
#include "schema/syscalls.def"

/* And back, of results. */
#define SC_STRUCT(name, fields, doc)                                                               \
    static int take_struct_##name(struct decoder *d, struct sc_##name *out)                        \
    {                                                                                              \
        fields return 0;                                                                           \
    }
#define SC_FIELD(kind, name, doc)                                                                  \
    if (take_##kind(d, &out->name) < 0)                                                            \
        return -1;
#include "schema/types.def"

#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    static int decode_##low##_out(struct decoder *d, struct sc_##low##_out *out)                   \
    {                                                                                              \
        RESULTS return 0;                                                                          \
    }
#define SC_RET(kind, name, doc) SC_TAKE(take_##kind(d, &out->name))
#define SC_OUT(type, name, doc) SC_TAKE(take_struct_##type(d, &out->name))
#define SC_OUT_BUF(name, doc) SC_TAKE(take_buf(d, &out->name))
#define SC_OUT_PATH(name, doc) SC_TAKE(take_pbuf(d, &out->name))
#define SC_TAKE(taken)                                                                             \
    if ((taken) < 0)                                                                               \
        return -1;
#define SC_NO_RESULT                                                                               \
    (void)d;                                                                                       \
    out->none = 0;
#include "schema/syscalls.def"
#undef SC_TAKE

#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    static void encode_##low##_args(const struct sc_##low##_args *args, struct json_out *o)        \
    {                                                                                              \
        ARGS                                                                                       \
    }
#define SC_ARG(kind, name, doc) put_##kind(o, #name, &args->name);
#define SC_OPT(kind, name, doc) SC_ARG(kind, name, doc)
#define SC_NO_ARGS                                                                                 \
    (void)args;                                                                                    \
    (void)o;
#include "schema/syscalls.def"

/** Whether arguments of a kind are strings of the params, which the call may use while it waits. */
static bool kind_is_text(enum sc_kind kind)
{
    return kind == SC_K_path || kind == SC_K_name || kind == SC_K_text || kind == SC_K_bytes ||
           kind == SC_K_sized || kind == SC_K_argv;
}

/** The argument whose name and "_strlen" make up @key, or -1. */
static int arg_of_strlen(const struct sc_call_info *info, const char *key)
{
    for (int i = 0; info->args[i].name != NULL; i++) {
        enum sc_kind kind = info->args[i].kind;
        size_t len = strlen(info->args[i].name);

        if ((kind == SC_K_path || kind == SC_K_name || kind == SC_K_text) &&
            strncmp(key, info->args[i].name, len) == 0 && strcmp(key + len, "_strlen") == 0)
            return i;
    }
    return -1;
}

/** Note an extra member once. */
static int take_once(const cJSON **at, const cJSON *item, struct failure *f)
{
    if (*at != NULL)
        return fail(f, RPC_E_PARAMS, NULL, "'%s' given twice", item->string);
    *at = item;
    return 1;
}

struct extras {
    struct decoder *decoder;
    const cJSON *background;
    const cJSON *encoding;
};

/** Members that every call may carry, and lengths of strings. */
static int take_extra(void *user, const cJSON *item, struct failure *f)
{
    struct extras *x = user;
    int i = arg_of_strlen(x->decoder->info, item->string);

    if (i >= 0)
        return take_once(&x->decoder->strlen_of[i], item, f);
    if (strcmp(item->string, "as") == 0)
        return take_once(&x->decoder->as, item, f);
    if (strcmp(item->string, "session") == 0)
        return take_once(&x->decoder->session, item, f);
    if (strcmp(item->string, "background") == 0)
        return take_once(&x->background, item, f);
    if (strcmp(item->string, "encoding") == 0)
        return take_once(&x->encoding, item, f);
    return 0;
}

/** Whether some of the fields are bytes, which "encoding" may say are base64. */
static bool have_bytes(const struct sc_field_info *fields)
{
    for (; fields->name != NULL; fields++) {
        if (fields->kind == SC_K_bytes || fields->kind == SC_K_sized || fields->kind == SC_K_argv ||
            fields->kind == SC_K_buf)
            return true;
    }
    return false;
}

/** @bytes: whether "encoding" has a meaning here. */
static int check_extras(struct decoder *d, const struct extras *x, bool bytes)
{
    if (x->background != NULL && !cJSON_IsBool(x->background))
        return fail_value(d->failure, x->background, "background", "not true or false");
    d->background = cJSON_IsTrue(x->background);
    if (x->encoding == NULL)
        return 0;
    if (!bytes)
        return fail(d->failure, RPC_E_PARAMS, "encoding",
                    "it is for data, and there is none here; a path or name that is no UTF-8 is "
                    "{\"base64\": \"…\"} in place of the string");
    if (!cJSON_IsString(x->encoding) || (strcmp(x->encoding->valuestring, "base64") != 0 &&
                                         strcmp(x->encoding->valuestring, "utf8") != 0))
        return fail_value(d->failure, x->encoding, "encoding", "neither \"base64\" nor \"utf8\"");
    d->base64 = strcmp(x->encoding->valuestring, "base64") == 0;
    return 0;
}

void codec_init(struct decoder *d, const struct sc_call_info *info, uint64_t transfer_max,
                struct failure *f)
{
    memset(d, 0, offsetof(struct decoder, at));
    d->info = info;
    d->transfer_max = transfer_max;
    d->failure = f;
}

int codec_decode(struct decoder *d, const cJSON *params, union sc_args *out)
{
    struct extras x = {d, NULL, NULL};

    for (size_t i = 0; d->info->args[i].name != NULL; i++) {
        d->strlen_of[i] = NULL;
        d->names[i] = NULL;
    }

    if (params_sort(d->info->args, params, take_extra, &x, d->at, d->failure) < 0 ||
        check_extras(d, &x, have_bytes(d->info->args) || have_bytes(d->info->results)) < 0)
        return -1;
    switch (d->info->nr) {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    case nr:                                                                                       \
        return decode_##low(d, &out->low);
#include "schema/syscalls.def"
    default:
        return fail(d->failure, RPC_E_NO_METHOD, NULL, "no call has number %d", d->info->nr);
    }
}

bool codec_forget(struct decoder *d)
{
    for (size_t i = 0; d->info->args[i].name != NULL; i++) {
        if (d->at[i] != NULL && cJSON_IsString(d->at[i]) && kind_is_text(d->info->args[i].kind))
            return false;
    }
    for (size_t i = 0; d->info->args[i].name != NULL; i++) {
        d->at[i] = NULL;
        d->strlen_of[i] = NULL;
    }
    d->as = NULL;
    d->session = NULL;
    return true;
}

int codec_lend(struct decoder *d, const union sc_args *args, union sc_out *out)
{
    switch (d->info->nr) {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    case nr:                                                                                       \
        return lend_##low(d, &args->low, &out->low);
#include "schema/syscalls.def"
    default:
        return 0;
    }
}

void codec_encode(const struct decoder *d, const union sc_out *out, struct json_out *o)
{
    if (d->info->results->name == NULL) {
        out_null(o);
        return;
    }
    out_open(o, '{');
    switch (d->info->nr) {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    case nr:                                                                                       \
        encode_##low(d, &out->low, o);                                                             \
        break;
#include "schema/syscalls.def"
    default:
        break;
    }
    out_close(o, '}');
}

void codec_encode_args(const struct sc_call_info *info, const union sc_args *args,
                       struct json_out *o)
{
    out_open(o, '{');
    switch (info->nr) {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    case nr:                                                                                       \
        encode_##low##_args(&args->low, o);                                                        \
        break;
#include "schema/syscalls.def"
    default:
        break;
    }
    out_close(o, '}');
}

/** The members of a result object: those of a struct stand in the object itself. */
static void list_results(const struct sc_call_info *info, struct sc_field_info *to)
{
    for (const struct sc_field_info *r = info->results; r->name != NULL; r++) {
        const struct sc_struct_info *type = sc_structs;

        if (r->type == NULL) {
            *to++ = *r;
            continue;
        }
        while (strcmp(type->name, r->type) != 0)
            type++;
        for (const struct sc_field_info *f = type->fields; f->name != NULL; f++)
            *to++ = *f;
    }
    *to = (struct sc_field_info){0};
}

/** The only member besides the results. */
static int take_encoding(void *user, const cJSON *item, struct failure *f)
{
    struct extras *x = user;

    return strcmp(item->string, "encoding") == 0 ? take_once(&x->encoding, item, f) : 0;
}

int codec_decode_result(const struct sc_call_info *info, const cJSON *result, union sc_out *out,
                        char **out_text, struct failure *f)
{
    struct sc_field_info fields[PARAMS_MAX + 1];
    const struct sc_call_info members = {.nr = info->nr, .args = fields};
    struct decoder d = {.info = &members, .transfer_max = UINT64_MAX, .failure = f};
    struct extras x = {&d, NULL, NULL};
    union sc_out made = *out;
    int err = -1;

    list_results(info, fields);
    if (params_sort(fields, result, take_encoding, &x, d.at, f) < 0 ||
        check_extras(&d, &x, have_bytes(fields)) < 0)
        return -1;
    switch (info->nr) {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    case nr:                                                                                       \
        err = decode_##low##_out(&d, &made.low);                                                   \
        break;
#include "schema/syscalls.def"
    default:
        break;
    }
    if (err == 0) {
        *out = made;
        *out_text = d.lent;
        d.lent = NULL;
    }
    codec_done(&d);
    return err;
}

void codec_done(struct decoder *d)
{
    for (size_t i = 0; d->info != NULL && d->info->args[i].name != NULL; i++)
        free(d->names[i]);
    free(d->bytes);
    free(d->lent);
}
