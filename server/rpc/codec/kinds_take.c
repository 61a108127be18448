/* SPDX-License-Identifier: MIT */
/* Values of calls from JSON: arguments, and the results of a held call that proc.step sets. */
#include "server/base/strbuf.h"
#include "server/rpc/codec/kinds.h"

#include <stdlib.h>
#include <string.h>

/* In all functions @f is the field of the value, d->at[d->next]. */

/** A path or name: a string, or {"base64": "…"}. Missing: a NULL pointer, as to MAKE_FS no options are not
 * the same as "". */
static int take_named(struct decoder *d, const struct sc_field_info *f, struct sc_str *out)
{
    const cJSON *item = d->at[d->next];
    size_t len;

    *out = (struct sc_str){NULL, 0};
    if (item == NULL)
        return 0;
    if (cJSON_IsString(item)) {
        *out = (struct sc_str){item->valuestring, strlen(item->valuestring)};
        return 0;
    }
    if (params_name(item, f->name, &d->names[d->next], &len, d->failure) < 0)
        return -1;
    *out = (struct sc_str){d->names[d->next], len};
    return 0;
}

/** Cut a string to its <arg>_strlen, as C callers do. */
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

static int take_string(struct decoder *d, const struct sc_field_info *f, struct sc_str *out)
{
    return take_named(d, f, out) < 0 ? -1 : cut_string(d, d->strlen_of[d->next], out);
}

static int take_data(struct decoder *d, const struct sc_field_info *f, struct sc_str *out)
{
    const cJSON *item = d->at[d->next];

    if (!cJSON_IsString(item))
        return fail_value(d->failure, item, f->name, "not a string");
    *out = (struct sc_str){item->valuestring, strlen(item->valuestring)};
    if (d->base64) {
        if (params_base64(*out, f->name, &d->bytes, &out->len, d->failure) < 0)
            return -1;
        out->ptr = d->bytes;
    }
    if (out->len > d->transfer_max)
        return fail(d->failure, RPC_E_PARAMS, f->name,
                    "%zu bytes; one transfer has at most %llu (limit transfer_bytes)", out->len,
                    (unsigned long long)d->transfer_max);
    return 0;
}

static int take_int(struct decoder *d, const struct sc_field_info *f, int64_t min, int64_t max,
                    int64_t *out)
{
    const cJSON *item = d->at[d->next];

    *out = 0;
    return item == NULL ? 0 : params_int(item, f->name, min, max, out, d->failure);
}

static int take_uint(struct decoder *d, const struct sc_field_info *f, uint64_t max, uint64_t *out)
{
    const cJSON *item = d->at[d->next];

    *out = 0;
    return item == NULL ? 0 : params_uint(item, f->name, max, out, d->failure);
}

static int take_i32(struct decoder *d, const struct sc_field_info *f, int32_t *out)
{
    int64_t value;
    int err = take_int(d, f, INT32_MIN, INT32_MAX, &value);

    *out = (int32_t)value;
    return err;
}

static int take_u32(struct decoder *d, const struct sc_field_info *f, uint32_t *out)
{
    uint64_t value;
    int err = take_uint(d, f, UINT32_MAX, &value);

    *out = (uint32_t)value;
    return err;
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

/** An array of names, or a number. */
static int take_mask(struct decoder *d, const struct sc_field_info *f, uint32_t *out)
{
    const cJSON *item = d->at[d->next];

    if (item != NULL && !cJSON_IsArray(item) && !cJSON_IsNumber(item) && !cJSON_IsRaw(item))
        return fail_value(d->failure, item, f->name, "neither an array of names nor a number");
    if (!cJSON_IsArray(item))
        return take_u32(d, f, out);
    *out = 0;
    for (const cJSON *i = item->child; i != NULL; i = i->next) {
        if (add_element(d, i, f->name, sc_kinds[f->kind].json, out) < 0)
            return -1;
    }
    return 0;
}

/** A name, or a number. */
static int take_choice(struct decoder *d, const struct sc_field_info *f, uint32_t *out)
{
    const cJSON *item = d->at[d->next];

    *out = 0;
    return cJSON_IsString(item) ? add_flag(d, item, f->name, sc_kinds[f->kind].json, out)
                                : take_u32(d, f, out);
}

/** An array of integers becomes an array of int32_t, as guests pass it. */
static int take_fds(struct decoder *d, const struct sc_field_info *f, struct sc_str *out)
{
    const cJSON *item = d->at[d->next];
    size_t len = 0;

    if (!cJSON_IsArray(item))
        return fail_value(d->failure, item, f->name, "not an array of file descriptors");
    d->bytes = malloc((size_t)cJSON_GetArraySize(item) * sizeof(int32_t) + 1);
    if (d->bytes == NULL)
        return fail(d->failure, RPC_E_INTERNAL, f->name, "out of memory");
    for (const cJSON *i = item->child; i != NULL; i = i->next, len += sizeof(int32_t)) {
        int64_t value = 0;
        int32_t fd;

        if (params_int(i, f->name, INT32_MIN, INT32_MAX, &value, d->failure) < 0)
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
static int take_argv(struct decoder *d, const struct sc_field_info *f, struct sc_str *out)
{
    const cJSON *item = d->at[d->next];
    const cJSON *argv = item;
    const cJSON *env = NULL;
    struct strbuf blob = STRBUF_INIT;

    if (cJSON_IsString(item))
        return take_data(d, f, out);
    if (cJSON_IsObject(item)) {
        argv = NULL;
        for (const cJSON *i = item->child; i != NULL; i = i->next) {
            const cJSON **to = strcmp(i->string, "argv") == 0  ? &argv
                               : strcmp(i->string, "env") == 0 ? &env
                                                               : NULL;

            if (to == NULL || *to != NULL)
                return fail(d->failure, RPC_E_PARAMS, f->name,
                            "has the members argv and env, once each; not '%s'", i->string);
            *to = i;
        }
    } else if (!cJSON_IsArray(item)) {
        return fail_value(d->failure, item, f->name, "neither an array nor an object");
    }
    if (strbuf_addf(&blob, "%d", cJSON_GetArraySize(argv)) < 0 || strbuf_add(&blob, "", 1) < 0) {
        strbuf_done(&blob);
        return fail(d->failure, RPC_E_INTERNAL, f->name, "out of memory");
    }
    if (add_strings(d, argv, f->name, &blob) < 0 || add_strings(d, env, f->name, &blob) < 0) {
        strbuf_done(&blob);
        return -1;
    }
    *out = (struct sc_str){blob.ptr, blob.len};
    d->bytes = blob.ptr; /* the decoder owns it from here on */
    return 0;
}

static int take_dname(struct decoder *d, const struct sc_field_info *f, struct sc_dname *out)
{
    struct sc_str name;

    if (take_named(d, f, &name) < 0)
        return -1;
    if (name.len >= sizeof(out->bytes))
        return fail(d->failure, RPC_E_PARAMS, f->name, "longer than %zu bytes",
                    sizeof(out->bytes) - 1);
    memset(out, 0, sizeof(*out));
    memcpy(out->bytes, name.ptr, name.len);
    return 0;
}

static int take_rpath(struct decoder *d, const struct sc_field_info *f, struct sc_str *out)
{
    struct sc_str path;

    if (take_named(d, f, &path) < 0)
        return -1;
    if (path.len >= SC_PATH_SIZE)
        return fail(d->failure, RPC_E_PARAMS, f->name, "longer than %d bytes", SC_PATH_SIZE - 1);
    d->lent = strdup(path.ptr);
    if (d->lent == NULL)
        return fail(d->failure, RPC_E_INTERNAL, f->name, "out of memory");
    *out = (struct sc_str){d->lent, path.len};
    return 0;
}

/** Bytes or a path, into the buffer that the call was lent. */
static int take_buf(struct decoder *d, const struct sc_field_info *f, struct sc_buf *out)
{
    struct sc_str bytes;
    int err =
        sc_kinds[f->kind].form == SC_JSON_name ? take_named(d, f, &bytes) : take_data(d, f, &bytes);

    if (err < 0)
        return err;
    if (bytes.len > out->cap)
        return fail(d->failure, RPC_E_PARAMS, f->name, "%zu bytes; the call asked for at most %zu",
                    bytes.len, out->cap);
    memcpy(out->ptr, bytes.ptr, bytes.len);
    out->len = bytes.len;
    return 0;
}

int kind_take(struct decoder *d, const struct sc_field_info *field, void *out)
{
    switch (field->repr) {
    case SC_R_i32:
        return take_i32(d, field, out);
    case SC_R_u32:
        return take_u32(d, field, out);
    case SC_R_mask:
        return take_mask(d, field, out);
    case SC_R_choice:
        return take_choice(d, field, out);
    case SC_R_i64:
    case SC_R_offset:
    case SC_R_span:
        return take_int(d, field, INT64_MIN, INT64_MAX, out);
    case SC_R_u64:
    case SC_R_word:
        return take_uint(d, field, UINT64_MAX, out);
    case SC_R_string:
        return take_string(d, field, out);
    case SC_R_data:
        return take_data(d, field, out);
    case SC_R_fds:
        return take_fds(d, field, out);
    case SC_R_argv:
        return take_argv(d, field, out);
    case SC_R_buf:
        return take_buf(d, field, out);
    case SC_R_dname:
        return take_dname(d, field, out);
    case SC_R_rpath:
        return take_rpath(d, field, out);
    case SC_R_struct: /* its members are fields of their own */
        break;
    }
    return 0;
}
