/* SPDX-License-Identifier: MIT */
#include "server/rpc/codec/params.h"

#include "server/base/base64.h"
#include "server/kernel/creds.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_SHOWN_MAX = 200 };

/** Whether a number is whole and exact: cJSON would print the longest of these rounded. */
static bool is_whole(const cJSON *item)
{
    const double max = (double)JSON_EXACT_MAX;

    return cJSON_IsNumber(item) && item->valuedouble >= -max && item->valuedouble <= max &&
           (double)(int64_t)item->valuedouble == item->valuedouble;
}

void show_value(struct failure *f, const cJSON *item)
{
    char *value = item != NULL && !is_whole(item) ? cJSON_PrintUnformatted(item) : NULL;

    if (item != NULL && is_whole(item))
        (void)strbuf_addf(&f->value, "%" PRId64, (int64_t)item->valuedouble);
    else if (value != NULL && strlen(value) <= VALUE_SHOWN_MAX)
        (void)strbuf_adds(&f->value, value);
    cJSON_free(value);
}

int fail_value(struct failure *f, const cJSON *item, const char *arg, const char *fmt, ...)
{
    struct strbuf text = STRBUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    (void)strbuf_addv(&text, fmt, ap);
    va_end(ap);
    (void)fail(f, RPC_E_PARAMS, arg, "%s", strbuf_str(&text));
    show_value(f, item);
    strbuf_done(&text);
    return -1;
}

/** fail() for a name that is not a field, with the names of all fields. */
static int fail_unknown(struct failure *f, const struct sc_field_info *fields, const char *name)
{
    struct strbuf known = STRBUF_INIT;

    for (const struct sc_field_info *i = fields; i->name != NULL; i++)
        (void)strbuf_addf(&known, "%s%s", i == fields ? "" : ", ", i->name);
    (void)fail(f, RPC_E_PARAMS, NULL, "unknown argument '%s'; there %s %s", name,
               fields->name == NULL || fields[1].name == NULL ? "is" : "are",
               known.len > 0 ? known.ptr : "none");
    strbuf_done(&known);
    return -1;
}

static int field_by_name(const struct sc_field_info *fields, const char *name)
{
    for (int i = 0; fields[i].name != NULL; i++) {
        if (strcmp(fields[i].name, name) == 0)
            return i;
    }
    return -1;
}

static int sort_object(const struct sc_field_info *fields, const cJSON *params,
                       param_extra_fn extra, void *user, const cJSON **at, struct failure *f)
{
    for (const cJSON *item = params->child; item != NULL; item = item->next) {
        int i = field_by_name(fields, item->string);
        int taken = i < 0 && extra != NULL ? extra(user, item, f) : 0;

        if (taken < 0)
            return -1;
        if (taken == 0 && i < 0)
            return fail_unknown(f, fields, item->string);
        if (i >= 0 && at[i] != NULL)
            return fail(f, RPC_E_PARAMS, fields[i].name, "given twice");
        if (i >= 0)
            at[i] = item;
    }
    return 0;
}

static int sort_array(const struct sc_field_info *fields, const cJSON *params, const cJSON **at,
                      struct failure *f)
{
    size_t i = 0;

    for (const cJSON *item = params->child; item != NULL; item = item->next) {
        if (fields[i].name == NULL)
            return fail(f, RPC_E_PARAMS, NULL, "more than %zu arguments", i);
        at[i++] = item;
    }
    return 0;
}

int params_sort(const struct sc_field_info *fields, const cJSON *params, param_extra_fn extra,
                void *user, const cJSON **at, struct failure *f)
{
    int err = 0;

    for (size_t i = 0; fields[i].name != NULL; i++)
        at[i] = NULL;
    if (params != NULL && cJSON_IsObject(params))
        err = sort_object(fields, params, extra, user, at, f);
    else if (params != NULL)
        err = sort_array(fields, params, at, f);
    for (size_t i = 0; err == 0 && fields[i].name != NULL; i++) {
        if (at[i] == NULL && !fields[i].optional)
            err = fail(f, RPC_E_PARAMS, fields[i].name, "missing: %s", fields[i].doc);
    }
    return err;
}

/** A whole number, as it was written. */
struct whole {
    bool minus;
    bool over; /* beyond what 64 bits hold */
    uint64_t magnitude;
};

/** Read an optional minus and digits, nothing else. Returns whether the text is that. */
static bool read_decimal(const char *text, struct whole *out)
{
    *out = (struct whole){.minus = *text == '-'};
    if (out->minus)
        text++;
    if (*text == '\0')
        return false;
    for (; *text >= '0' && *text <= '9'; text++)
        out->over |= __builtin_mul_overflow(out->magnitude, 10, &out->magnitude) ||
                     __builtin_add_overflow(out->magnitude, *text - '0', &out->magnitude);
    return *text == '\0';
}

/**
 * A number that is whole and exact, or text that is one.
 * @wide     it has 64 bits, and may so be a decimal string.
 * Returns   0; -1 with @f set.
 */
static int take_whole(const cJSON *item, const char *arg, bool wide, struct whole *out,
                      struct failure *f)
{
    if (is_whole(item)) {
        const int64_t value = (int64_t)item->valuedouble;

        *out = (struct whole){value < 0, false, (uint64_t)(value < 0 ? -value : value)};
        return 0;
    }
    if (wide && cJSON_IsString(item) && read_decimal(item->valuestring, out))
        return 0;
    if (wide)
        return fail_value(f, item, arg,
                          "not a whole number (above 2^53-1 it must be a decimal string)");
    return fail_value(f, item, arg, "not a whole number");
}

int params_int(const cJSON *item, const char *arg, int64_t min, int64_t max, int64_t *out,
               struct failure *f)
{
    struct whole n = {0};
    int64_t value;

    if (take_whole(item, arg, max > UINT32_MAX, &n, f) < 0)
        return -1;
    value = (int64_t)(n.minus ? -n.magnitude : n.magnitude);
    n.over |= n.magnitude > (uint64_t)INT64_MAX + n.minus;
    if (n.over || value < min || value > max)
        return fail_value(f, item, arg, "outside of %" PRId64 " to %" PRId64, min, max);
    *out = value;
    return 0;
}

int params_uint(const cJSON *item, const char *arg, uint64_t max, uint64_t *out, struct failure *f)
{
    struct whole n = {0};

    if (take_whole(item, arg, max > UINT32_MAX, &n, f) < 0)
        return -1;
    if (n.over || n.minus || n.magnitude > max)
        return fail_value(f, item, arg, "outside of 0 to %" PRIu64, max);
    *out = n.magnitude;
    return 0;
}

/* One function a type of methods.def. @item may be NULL: then the value is the empty one. */

static int take_string(const cJSON *item, const char *arg, rpc_string *out, struct failure *f)
{
    *out = NULL;
    if (item == NULL)
        return 0;
    if (!cJSON_IsString(item))
        return fail_value(f, item, arg, "not a string");
    *out = item->valuestring;
    return 0;
}

/** A name; one in base64 is decoded in the message itself, where the result is always shorter. */
static int take_label(const cJSON *item, const char *arg, rpc_label *out, struct failure *f)
{
    char *bytes;
    size_t len;

    if (item == NULL || cJSON_IsString(item))
        return take_string(item, arg, out, f);
    if (params_name(item, arg, &bytes, &len, f) < 0)
        return -1;
    memcpy(item->child->valuestring, bytes, len + 1);
    *out = item->child->valuestring;
    free(bytes);
    return 0;
}

static int take_token(const cJSON *item, const char *arg, rpc_token *out, struct failure *f)
{
    return take_string(item, arg, out, f);
}

/** The name of a call that there is. */
static int take_callname(const cJSON *item, const char *arg, rpc_callname *out, struct failure *f)
{
    if (take_string(item, arg, out, f) < 0)
        return -1;
    if (*out == NULL || sc_call_by_name(*out) != NULL)
        return 0;
    return fail_value(f, item, arg, "no call has this name; rpc.discover lists them all");
}

/** The name of an errno that errno.def has. */
static int take_errname(const cJSON *item, const char *arg, rpc_errname *out, struct failure *f)
{
    if (take_string(item, arg, out, f) < 0)
        return -1;
    if (*out == NULL || sc_errno_by_name(*out, strlen(*out)) != NULL)
        return 0;
    return fail_value(f, item, arg, "no errno has this name");
}

static int take_encoding(const cJSON *item, const char *arg, rpc_encoding *out, struct failure *f)
{
    if (take_string(item, arg, out, f) < 0)
        return -1;
    if (*out == NULL || strcmp(*out, "utf8") == 0 || strcmp(*out, "base64") == 0)
        return 0;
    return fail_value(f, item, arg, "neither \"base64\" nor \"utf8\"");
}

static int take_clock(const cJSON *item, const char *arg, rpc_clock *out, struct failure *f)
{
    if (take_string(item, arg, out, f) < 0)
        return -1;
    if (*out == NULL || strcmp(*out, "real") == 0 || strcmp(*out, "virtual") == 0)
        return 0;
    return fail_value(f, item, arg, "neither \"real\" nor \"virtual\"");
}

static int take_integer(const cJSON *item, const char *arg, rpc_integer *out, struct failure *f)
{
    *out = 0;
    return item == NULL ? 0 : params_int(item, arg, INT64_MIN, INT64_MAX, out, f);
}

/** Negative ones mean what they are as 64 bits, as they always did. */
static int take_seed(const cJSON *item, const char *arg, rpc_seed *out, struct failure *f)
{
    const char *text = item != NULL && item->valuestring != NULL ? item->valuestring : "";
    int64_t value = 0;

    *out = 0;
    if (item == NULL)
        return 0;
    if (*text != '-' && !(cJSON_IsNumber(item) && item->valuedouble < 0))
        return params_uint(item, arg, UINT64_MAX, out, f);
    if (params_int(item, arg, INT64_MIN, INT64_MAX, &value, f) < 0)
        return -1;
    *out = (uint64_t)value;
    return 0;
}

static int take_count(const cJSON *item, const char *arg, rpc_count *out, struct failure *f)
{
    int64_t value = 0;

    if (item != NULL && params_int(item, arg, 1, JSON_EXACT_MAX, &value, f) < 0)
        return -1;
    *out = (uint64_t)value;
    return 0;
}

static int take_boolean(const cJSON *item, const char *arg, rpc_boolean *out, struct failure *f)
{
    *out = item != NULL && cJSON_IsTrue(item);
    return item == NULL || cJSON_IsBool(item) ? 0 : fail_value(f, item, arg, "not true or false");
}

static int take_pid(const cJSON *item, const char *arg, rpc_pid *out, struct failure *f)
{
    int64_t value = 0;

    if (item != NULL && params_int(item, arg, 0, INT32_MAX, &value, f) < 0)
        return -1;
    *out = (int32_t)value;
    return 0;
}

static int take_uid(const cJSON *item, const char *arg, rpc_uid *out, struct failure *f)
{
    int64_t value = 0;

    if (item != NULL && params_int(item, arg, 0, CREDS_NONE - 1, &value, f) < 0)
        return -1;
    *out = (uint32_t)value;
    return 0;
}

static int take_words(const cJSON *item, const char *arg, rpc_words *out, struct failure *f)
{
    *out = NULL;
    if (!cJSON_IsArray(item))
        return fail_value(f, item, arg, "not an array of strings");
    for (const cJSON *i = item->child; i != NULL; i = i->next) {
        if (!cJSON_IsString(i))
            return fail_value(f, i, arg, "not a string");
    }
    *out = item->child;
    return 0;
}

static int take_mounts(const cJSON *item, const char *arg, rpc_mounts *out, struct failure *f)
{
    *out = NULL;
    if (item == NULL)
        return 0;
    if (!cJSON_IsArray(item))
        return fail_value(f, item, arg, "not an array");
    *out = item->child;
    return 0;
}

static int take_mlimits(const cJSON *item, const char *arg, rpc_mlimits *out, struct failure *f)
{
    *out = NULL;
    if (item == NULL)
        return 0;
    if (!cJSON_IsObject(item))
        return fail_value(f, item, arg, "not an object");
    *out = item->child;
    return 0;
}

static int take_chance(const cJSON *item, const char *arg, rpc_chance *out, struct failure *f)
{
    char *end = NULL;

    *out = item == NULL || !cJSON_IsNumber(item) ? 1 : item->valuedouble;
    if (item == NULL || cJSON_IsNumber(item))
        return 0;
    if (cJSON_IsString(item) && item->valuestring[strspn(item->valuestring, "0123456789.")] == '\0')
        *out = strtod(item->valuestring, &end);
    return end != NULL && end > item->valuestring && *end == '\0'
               ? 0
               : fail_value(f, item, arg, "neither a number nor a decimal string");
}

static int take_outcome(const cJSON *item, const char *arg, rpc_outcome *out, struct failure *f)
{
    *out = item;
    return item == NULL || cJSON_IsObject(item) ? 0 : fail_value(f, item, arg, "not an object");
}

int params_base64(struct sc_str in, const char *arg, char **out, size_t *out_len, struct failure *f)
{
    char *bytes = malloc(in.len + 1);

    if (bytes == NULL)
        return fail(f, RPC_E_INTERNAL, arg, "out of memory");
    if (base64_decode(in.ptr, in.len, bytes, out_len) < 0) {
        free(bytes);
        return fail(f, RPC_E_PARAMS, arg, "not base64 as RFC 4648 section 4 has it");
    }
    *out = bytes;
    return 0;
}

int params_name(const cJSON *item, const char *arg, char **out, size_t *out_len, struct failure *f)
{
    const cJSON *text = cJSON_IsObject(item) ? item->child : NULL;
    char *bytes;

    if (text == NULL || text->next != NULL || strcmp(text->string, "base64") != 0 ||
        !cJSON_IsString(text))
        return fail_value(f, item, arg, "neither a string nor {\"base64\": \"…\"}");
    if (params_base64((struct sc_str){text->valuestring, strlen(text->valuestring)}, arg, &bytes,
                      out_len, f) < 0)
        return -1;
    bytes[*out_len] = '\0';
    if (memchr(bytes, '\0', *out_len) != NULL) {
        free(bytes);
        return fail_value(f, item, arg, "holds a NUL byte");
    }
    *out = bytes;
    return 0;
}

int params_data(const char *text, rpc_encoding encoding, char **out, size_t *out_len,
                struct failure *f)
{
    struct sc_str in = {text != NULL ? text : "", text != NULL ? strlen(text) : 0};

    if (encoding != NULL && strcmp(encoding, "base64") == 0)
        return params_base64(in, "data", out, out_len, f);
    *out = malloc(in.len + 1);
    if (*out == NULL)
        return fail(f, RPC_E_INTERNAL, "data", "out of memory");
    memcpy(*out, in.ptr, in.len);
    *out_len = in.len;
    return 0;
}

/** Ids keep their text: the caller of params_decode() fills them in. */
static int take_id(const cJSON *item, const char *arg, rpc_id *out, struct failure *f)
{
    *out = (struct json_span){NULL, 0};
    if (cJSON_IsString(item) || cJSON_IsNumber(item) || cJSON_IsRaw(item) || cJSON_IsNull(item))
        return 0;
    return fail_value(f, item, arg, "not an id: a string, a number or null");
}

/* Places for all parameters. */
#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS)                                          \
    _Static_assert(0 PARAMS <= PARAMS_MAX, name);
#define RPC_PARAM(type, name, doc) +1
#define RPC_OPT(type, name, doc) +1
#define RPC_NO_PARAMS
#include "schema/methods.def"

#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS)                                          \
    static int take_##id(const cJSON *const *at, struct rpc_##id##_params *out, struct failure *f) \
    {                                                                                              \
        PARAMS return 0;                                                                           \
    }
#define RPC_PARAM(type, name, doc)                                                                 \
    if (take_##type(*at++, #name, &out->name, f) < 0)                                              \
        return -1;
#define RPC_OPT(type, name, doc) RPC_PARAM(type, name, doc)
#define RPC_OPT_AS(type, member, name, doc)                                                        \
    if (take_##type(*at++, #name, &out->member, f) < 0)                                            \
        return -1;
#define RPC_NO_PARAMS                                                                              \
    (void)at;                                                                                      \
    (void)f;                                                                                       \
    out->none = 0;
#include "schema/methods.def"

/** The text of the parameter "id", or of the first one. */
static struct json_span raw_id(const struct json_doc *doc, uint32_t at)
{
    uint32_t id;

    if (at == 0)
        return (struct json_span){NULL, 0};
    id = json_kind(doc, at) == JSON_OBJECT ? json_get(doc, at, "id") : at + 1;
    return json_span(doc, id);
}

int params_decode(int method, const cJSON *params, const struct json_doc *doc, uint32_t at,
                  union rpc_params *out, struct failure *f)
{
    const cJSON *sorted[PARAMS_MAX];
    int err = -1;

    if (params_sort(rpc_methods[method].params, params, NULL, NULL, sorted, f) < 0)
        return -1;
    switch (method) {
#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS)                                          \
    case METHOD_##id:                                                                              \
        err = take_##id(sorted, &out->id, f);                                                      \
        break;
#include "schema/methods.def"
    default:
        break;
    }
    if (err == 0 && method == METHOD_call_wait)
        out->call_wait.id = raw_id(doc, at);
    if (err == 0 && method == METHOD_cancel_request)
        out->cancel_request.id = raw_id(doc, at);
    return err;
}

int params_mount(const cJSON *object, struct rpc_mount_object *out, struct failure *f)
{
    const struct sc_field_info *fields = rpc_struct_by_name("mount", strlen("mount"))->fields;
    const cJSON *at[PARAMS_MAX];

    if (!cJSON_IsObject(object))
        return fail_value(f, object, "names", "not an object of name, driver and opts");
    if (params_sort(fields, object, NULL, NULL, at, f) < 0 ||
        take_label(at[0], "name", &out->name, f) < 0 ||
        take_string(at[1], "driver", &out->driver, f) < 0)
        return -1;
    return take_label(at[2], "opts", &out->opts, f);
}

/** Take one of machine_limits' members. @seen: bits of those taken before. */
static int take_limit(const cJSON *item, unsigned *seen, struct rpc_machine_limits_object *out,
                      struct failure *f)
{
#define MACHINE_LIMIT(name, initial, ceiling, max, doc) {#name, &out->name, (max)},
    const struct {
        const char *name;
        int64_t *at;
        int64_t max;
    } rows[] = {MACHINE_LIMITS(MACHINE_LIMIT)};
#undef MACHINE_LIMIT

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].name, item->string) != 0)
            continue;
        if ((*seen & 1u << i) != 0)
            return fail(f, RPC_E_PARAMS, "limits", "limit '%s' given twice", item->string);
        *seen |= 1u << i;
        return params_int(item, "limits", 0, rows[i].max, rows[i].at, f);
    }
    return fail(f, RPC_E_PARAMS, "limits", "unknown limit '%s'", item->string);
}

int params_machine_limits(const cJSON *first, struct rpc_machine_limits_object *out,
                          struct failure *f)
{
    unsigned seen = 0;

    *out = (struct rpc_machine_limits_object){0};
    for (const cJSON *item = first; item != NULL; item = item->next) {
        if (take_limit(item, &seen, out, f) < 0)
            return -1;
    }
    return 0;
}
