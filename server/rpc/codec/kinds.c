/* SPDX-License-Identifier: MIT */
#include "server/rpc/codec/kinds.h"

#include "server/base/strbuf.h"

#include <stdlib.h>
#include <string.h>

const cJSON *next_arg(struct decoder *d, const char **arg)
{
    *arg = d->info->args[d->next].name;
    return d->at[d->next++];
}

/** Cut a string to what <arg>_strlen says, as C callers do. */
static int cut_string(struct decoder *d, const cJSON *len_item, struct sc_str *out)
{
    uint64_t len;

    if (len_item == NULL)
        return 0;
    if (params_uint(len_item, len_item->string, SIZE_MAX, &len, d->failure) < 0)
        return -1;
    if (len > out->len)
        return fail_value(d->failure, len_item, len_item->string,
                          "more bytes than the string has: %zu", out->len);
    out->len = (size_t)len;
    return 0;
}

int take_named(struct decoder *d, struct sc_str *out)
{
    char **decoded = &d->names[d->next];
    const char *arg;
    const cJSON *item = next_arg(d, &arg);
    size_t len;

    *out = (struct sc_str){"", 0};
    if (item == NULL)
        return 0;
    if (cJSON_IsString(item)) {
        *out = (struct sc_str){item->valuestring, strlen(item->valuestring)};
        return 0;
    }
    if (params_name(item, arg, decoded, &len, d->failure) < 0)
        return -1;
    *out = (struct sc_str){*decoded, len};
    return 0;
}

static int take_str(struct decoder *d, struct sc_str *out)
{
    const cJSON *len_item = d->strlen_of[d->next];

    return take_named(d, out) < 0 ? -1 : cut_string(d, len_item, out);
}

int take_path(struct decoder *d, struct sc_str *out)
{
    return take_str(d, out);
}

int take_name(struct decoder *d, struct sc_str *out)
{
    return take_str(d, out);
}

int take_text(struct decoder *d, struct sc_str *out)
{
    const bool given = d->at[d->next] != NULL;
    int err = take_str(d, out);

    if (err == 0 && !given)
        out->ptr = NULL; /* to MAKE_FS, no options are not the same as "" */
    return err;
}

/** Replace the text of base64 in *@out by what it stands for. */
static int decode_base64(struct decoder *d, const char *arg, struct sc_str *out)
{
    size_t len;

    if (params_base64(*out, arg, &d->bytes, &len, d->failure) < 0)
        return -1;
    *out = (struct sc_str){d->bytes, len};
    return 0;
}

int take_bytes(struct decoder *d, struct sc_str *out)
{
    const char *arg;
    const cJSON *item = next_arg(d, &arg);

    if (!cJSON_IsString(item))
        return fail_value(d->failure, item, arg, "not a string");
    *out = (struct sc_str){item->valuestring, strlen(item->valuestring)};
    if (d->base64 && decode_base64(d, arg, out) < 0)
        return -1;
    if (out->len > d->transfer_max)
        return fail(d->failure, RPC_E_PARAMS, arg,
                    "%zu bytes; one transfer has at most %llu (limit transfer_bytes)", out->len,
                    (unsigned long long)d->transfer_max);
    return 0;
}

int take_sized(struct decoder *d, struct sc_str *out)
{
    return take_bytes(d, out);
}

static int take_int32(struct decoder *d, int32_t *out)
{
    const char *arg;
    const cJSON *item = next_arg(d, &arg);
    int64_t value = 0;

    if (item != NULL && params_int(item, arg, INT32_MIN, INT32_MAX, &value, d->failure) < 0)
        return -1;
    *out = (int32_t)value;
    return 0;
}

static int take_int64(struct decoder *d, int64_t *out)
{
    const char *arg;
    const cJSON *item = next_arg(d, &arg);

    *out = 0;
    return item == NULL ? 0 : params_int(item, arg, INT64_MIN, INT64_MAX, out, d->failure);
}

static int take_uint64(struct decoder *d, uint64_t *out)
{
    const char *arg;
    const cJSON *item = next_arg(d, &arg);

    *out = 0;
    return item == NULL ? 0 : params_uint(item, arg, UINT64_MAX, out, d->failure);
}

int take_fd(struct decoder *d, int32_t *out)
{
    return take_int32(d, out);
}

int take_ofd(struct decoder *d, int32_t *out)
{
    return take_int32(d, out);
}

int take_pid(struct decoder *d, int32_t *out)
{
    return take_int32(d, out);
}

int take_int(struct decoder *d, int32_t *out)
{
    return take_int32(d, out);
}

int take_num(struct decoder *d, uint32_t *out)
{
    const char *arg;
    const cJSON *item = next_arg(d, &arg);
    uint64_t value = 0;

    if (item != NULL && params_uint(item, arg, UINT32_MAX, &value, d->failure) < 0)
        return -1;
    *out = (uint32_t)value;
    return 0;
}

int take_off(struct decoder *d, int64_t *out)
{
    return take_int64(d, out);
}

int take_usecs(struct decoder *d, int64_t *out)
{
    return take_int64(d, out);
}

int take_size(struct decoder *d, uint64_t *out)
{
    return take_uint64(d, out);
}

int take_addr(struct decoder *d, uint64_t *out)
{
    return take_uint64(d, out);
}

/** fail() about something that names no flag, with the names that do. */
static int fail_flag(struct decoder *d, const cJSON *item, const char *arg, const char *group)
{
    struct strbuf names = STRBUF_INIT;

    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, group) == 0)
            (void)strbuf_addf(&names, "%s%s", names.len > 0 ? ", " : "", f->name);
    }
    (void)fail_value(d->failure, item, arg, "none of %s", strbuf_str(&names));
    strbuf_done(&names);
    return -1;
}

/** Add the flag that a string names to *@mask. */
static int add_flag(struct decoder *d, const cJSON *item, const char *arg, const char *group,
                    uint32_t *mask)
{
    const struct sc_flag_info *flag = NULL;

    if (cJSON_IsString(item) && strcmp(group, "FM") == 0 && strcmp(item->valuestring, "ALL") == 0) {
        *mask |= SC_FM_ALL;
        return 0;
    }
    if (cJSON_IsString(item))
        flag = sc_flag_by_name(group, item->valuestring, strlen(item->valuestring));
    if (flag == NULL)
        return fail_flag(d, item, arg, group);
    *mask |= flag->value;
    return 0;
}

/** Add an element of a list: a flag's name, or the bits of those without. */
static int add_element(struct decoder *d, const cJSON *item, const char *arg, const char *group,
                       uint32_t *mask)
{
    uint64_t bits = 0;

    if (!cJSON_IsNumber(item) && !cJSON_IsRaw(item))
        return add_flag(d, item, arg, group, mask);
    if (params_uint(item, arg, UINT32_MAX, &bits, d->failure) < 0)
        return -1;
    *mask |= (uint32_t)bits;
    return 0;
}

/** A mask: an array of names, or a number. */
static int take_mask(struct decoder *d, const char *group, uint32_t *out)
{
    const char *arg;
    const cJSON *item = next_arg(d, &arg);
    uint64_t value = 0;

    *out = 0;
    if (item == NULL)
        return 0;
    if (cJSON_IsArray(item)) {
        for (const cJSON *i = item->child; i != NULL; i = i->next) {
            if (add_element(d, i, arg, group, out) < 0)
                return -1;
        }
        return 0;
    }
    if (!cJSON_IsNumber(item) && !cJSON_IsRaw(item))
        return fail_value(d->failure, item, arg, "neither an array of names nor a number");
    if (params_uint(item, arg, UINT32_MAX, &value, d->failure) < 0)
        return -1;
    *out = (uint32_t)value;
    return 0;
}

int take_fm(struct decoder *d, uint32_t *out)
{
    return take_mask(d, "FM", out);
}

int take_mm(struct decoder *d, uint32_t *out)
{
    return take_mask(d, "MM", out);
}

int take_flag(struct decoder *d, const char *group, uint32_t *out)
{
    const char *arg = d->info->args[d->next].name;

    *out = 0;
    if (!cJSON_IsString(d->at[d->next]))
        return take_num(d, out);
    return add_flag(d, d->at[d->next++], arg, group, out);
}

int take_ft(struct decoder *d, uint32_t *out)
{
    return take_flag(d, "FT", out);
}

int take_rn(struct decoder *d, uint32_t *out)
{
    return take_mask(d, "RN", out);
}

int take_perm(struct decoder *d, uint32_t *out)
{
    return take_num(d, out);
}

int take_uid(struct decoder *d, uint32_t *out)
{
    return take_num(d, out);
}

int take_time(struct decoder *d, int64_t *out)
{
    return take_int64(d, out);
}

/** An array of integers becomes an array of int32_t, as guests pass it. */
int take_fds(struct decoder *d, struct sc_str *out)
{
    const char *arg;
    const cJSON *item = next_arg(d, &arg);
    size_t len = 0;

    if (!cJSON_IsArray(item))
        return fail_value(d->failure, item, arg, "not an array of file descriptors");
    d->bytes = malloc((size_t)cJSON_GetArraySize(item) * sizeof(int32_t) + 1);
    if (d->bytes == NULL)
        return fail(d->failure, RPC_E_INTERNAL, arg, "out of memory");
    for (const cJSON *i = item->child; i != NULL; i = i->next, len += sizeof(int32_t)) {
        int64_t value = 0;
        int32_t fd;

        if (params_int(i, arg, INT32_MIN, INT32_MAX, &value, d->failure) < 0)
            return -1;
        fd = (int32_t)value;
        memcpy(d->bytes + len, &fd, sizeof(fd));
    }
    *out = (struct sc_str){d->bytes, len};
    return 0;
}

/** Append the strings of an array, each with its NUL. */
static int add_strings(struct decoder *d, const cJSON *list, const char *arg, struct strbuf *out)
{
    if (list != NULL && !cJSON_IsArray(list))
        return fail_value(d->failure, list, arg, "not an array of strings");
    for (const cJSON *i = list != NULL ? list->child : NULL; i != NULL; i = i->next) {
        char *decoded = NULL;
        const char *text = i->valuestring;
        int err = 0;

        if (!cJSON_IsString(i) && params_name(i, arg, &decoded, &(size_t){0}, d->failure) < 0)
            return -1;
        text = decoded != NULL ? decoded : text;
        err = strbuf_add(out, text, strlen(text) + 1);
        free(decoded);
        if (err < 0)
            return fail(d->failure, RPC_E_INTERNAL, arg, "out of memory");
    }
    return 0;
}

/** [arguments] or {"argv": […], "env": […]} becomes what guests pass: count, arguments,
 * environment, each with its NUL. A string is taken as it is. */
int take_argv(struct decoder *d, struct sc_str *out)
{
    const char *arg;
    const cJSON *item = next_arg(d, &arg);
    const cJSON *argv = item;
    const cJSON *env = NULL;
    struct strbuf blob = STRBUF_INIT;

    if (cJSON_IsString(item)) {
        d->next--;
        return take_bytes(d, out);
    }
    if (cJSON_IsObject(item)) {
        argv = NULL;
        for (const cJSON *i = item->child; i != NULL; i = i->next) {
            const cJSON **to = strcmp(i->string, "argv") == 0  ? &argv
                               : strcmp(i->string, "env") == 0 ? &env
                                                               : NULL;

            if (to == NULL || *to != NULL)
                return fail(d->failure, RPC_E_PARAMS, arg,
                            "has the members argv and env, once each; not '%s'", i->string);
            *to = i;
        }
    } else if (!cJSON_IsArray(item)) {
        return fail_value(d->failure, item, arg, "neither an array nor an object");
    }
    if (strbuf_addf(&blob, "%d", cJSON_GetArraySize(argv)) < 0 || strbuf_add(&blob, "", 1) < 0) {
        strbuf_done(&blob);
        return fail(d->failure, RPC_E_INTERNAL, arg, "out of memory");
    }
    if (add_strings(d, argv, arg, &blob) < 0 || add_strings(d, env, arg, &blob) < 0) {
        strbuf_done(&blob);
        return -1;
    }
    *out = (struct sc_str){blob.ptr, blob.len};
    d->bytes = blob.ptr; /* the decoder owns it from here on */
    return 0;
}

void put_dname(struct json_out *o, const char *key, const struct sc_dname *value)
{
    out_key(o, key);
    out_name(o, value->bytes, strnlen(value->bytes, sizeof(value->bytes)));
}

void put_fd(struct json_out *o, const char *key, const int32_t *value)
{
    out_key_int(o, key, *value);
}

void put_pid(struct json_out *o, const char *key, const int32_t *value)
{
    out_key_int(o, key, *value);
}

void put_int(struct json_out *o, const char *key, const int32_t *value)
{
    out_key_int(o, key, *value);
}

void put_size(struct json_out *o, const char *key, const uint64_t *value)
{
    out_key_uint(o, key, *value);
}

void put_fm(struct json_out *o, const char *key, const uint32_t *value)
{
    out_key(o, key);
    put_mask(o, MASK_FM, *value);
}

void put_ft(struct json_out *o, const char *key, const uint32_t *value)
{
    out_key(o, key);
    put_value(o, VALUE_FT, *value);
}

void put_num(struct json_out *o, const char *key, const uint32_t *value)
{
    out_key_uint(o, key, *value);
}

void put_uid(struct json_out *o, const char *key, const uint32_t *value)
{
    put_num(o, key, value);
}

void put_ofd(struct json_out *o, const char *key, const int32_t *value)
{
    out_key_int(o, key, *value);
}

void put_big(struct json_out *o, const char *key, const uint64_t *value)
{
    out_key_uint(o, key, *value);
}

void put_time(struct json_out *o, const char *key, const int64_t *value)
{
    out_key_int(o, key, *value);
}

void put_rpath(struct json_out *o, const char *key, const struct sc_str *value)
{
    out_key(o, key);
    out_name(o, value->ptr, value->len);
}

void put_pbuf(struct json_out *o, const char *key, const struct sc_buf *value)
{
    out_key(o, key);
    out_name(o, value->ptr, value->len);
}

void put_ps(struct json_out *o, const char *key, const uint32_t *value)
{
    out_key(o, key);
    put_value(o, VALUE_PS, *value);
}
