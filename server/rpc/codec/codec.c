/* SPDX-License-Identifier: MIT */
#include "server/rpc/codec/codec.h"

#include "server/rpc/codec/kinds.h"

#include <stdlib.h>
#include <string.h>

/** Decode the values of params_sort() to the struct at @out. Returns 0; -1 with d->failure set. */
static int decode_fields(struct decoder *d, void *out)
{
    const struct sc_field_info *f = d->info->args;

    for (d->next = 0; f->name != NULL; f++, d->next++) {
        if (kind_take(d, f, (char *)out + f->offset) < 0)
            return -1;
    }
    return 0;
}

/** Write the members of the struct at @from. Those of a nested struct are written into the same object. */
static void encode_fields(const struct decoder *d, const struct sc_field_info *f, const void *from,
                          struct json_out *o)
{
    for (; f->name != NULL; f++) {
        const void *value = (const char *)from + f->offset;

        if (f->repr == SC_R_struct)
            encode_fields(d, f->members, value, o);
        else
            kind_put(d, o, f, value);
    }
}

/** The argument whose name and "_strlen" make up @key, or -1. */
static int arg_of_strlen(const struct sc_call_info *info, const char *key)
{
    for (int i = 0; info->args[i].name != NULL; i++) {
        size_t len = strlen(info->args[i].name);

        if (info->args[i].repr == SC_R_string && strncmp(key, info->args[i].name, len) == 0 &&
            strcmp(key + len, "_strlen") == 0)
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

/** Whether any of the fields is bytes, to which "encoding" applies. */
static bool have_bytes(const struct sc_field_info *fields)
{
    for (; fields->name != NULL; fields++) {
        if (fields->repr == SC_R_data || fields->repr == SC_R_argv || fields->kind == SC_K_buf)
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
                    "it is for data, and there is none here; a path or name that is not UTF-8 is "
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
    return decode_fields(d, out);
}

bool codec_forget(struct decoder *d)
{
    for (size_t i = 0; d->info->args[i].name != NULL; i++) {
        const enum sc_repr repr = d->info->args[i].repr;

        if (d->at[i] != NULL && cJSON_IsString(d->at[i]) &&
            (repr == SC_R_string || repr == SC_R_data || repr == SC_R_argv))
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
    struct sc_buf *buf = sc_out_buf(d->info, out);
    const uint64_t size = buf != NULL ? sc_size_asked(d->info, args) : 0;

    if (buf == NULL)
        return 0;
    if (size > d->transfer_max)
        return fail(d->failure, RPC_E_PARAMS, "size",
                    "%llu bytes; one transfer has at most %llu (limit transfer_bytes)",
                    (unsigned long long)size, (unsigned long long)d->transfer_max);
    d->lent = malloc((size_t)size + 1);
    if (d->lent == NULL)
        return fail(d->failure, RPC_E_INTERNAL, NULL, "out of memory");
    d->lent_size = (size_t)size;
    *buf = (struct sc_buf){d->lent, (size_t)size, 0};
    return 0;
}

void codec_encode(const struct decoder *d, const union sc_out *out, struct json_out *o)
{
    if (d->info->results->name == NULL) {
        out_null(o);
        return;
    }
    out_open(o, '{');
    encode_fields(d, d->info->results, out, o);
    out_close(o, '}');
}

void codec_encode_args(const struct sc_call_info *info, const union sc_args *args,
                       struct json_out *o)
{
    out_open(o, '{');
    encode_fields(NULL, info->args, args, o);
    out_close(o, '}');
}

/** The members of a result object: those of a nested struct are in the object itself. */
static void list_results(const struct sc_call_info *info, struct sc_field_info *to)
{
    for (const struct sc_field_info *r = info->results; r->name != NULL; r++) {
        if (r->repr != SC_R_struct)
            *to++ = *r;
        for (const struct sc_field_info *m = r->members; m != NULL && m->name != NULL; m++) {
            *to = *m;
            to++->offset += r->offset;
        }
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
    int err;

    list_results(info, fields);
    if (params_sort(fields, result, take_encoding, &x, d.at, f) < 0 ||
        check_extras(&d, &x, have_bytes(fields)) < 0)
        return -1;
    err = decode_fields(&d, &made);
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
