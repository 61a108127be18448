/* SPDX-License-Identifier: MIT */
#include "server/rpc/replay/replay_log.h"

#include "server/base/base64.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** Note a line that belongs to a machine. */
static int add_line(struct replay_log *l, const char *text, size_t number, struct strbuf *error)
{
    struct replay_line *bigger;
    cJSON *json = cJSON_Parse(text);
    uint64_t machine;
    int err = replay_get_uint(json, "m", &machine);

    cJSON_Delete(json);
    if (err < 0) {
        (void)strbuf_addf(error, "line %zu is not one of a log of inputs", number);
        return -EINVAL;
    }
    bigger = realloc(l->lines, (l->count + 1) * sizeof(*bigger));
    if (bigger == NULL)
        return -ENOMEM;
    l->lines = bigger;
    l->lines[l->count++] = (struct replay_line){text, number, machine};
    return 0;
}

int replay_log_init(struct replay_log *l, char *log, size_t len, struct strbuf *error)
{
    size_t number = 0;

    *l = (struct replay_log){.lines = NULL};
    for (char *at = log, *end; at < log + len; at = end + 1) {
        int err;

        end = memchr(at, '\n', (size_t)(log + len - at));
        if (end == NULL)
            break; /* the daemon was killed while it wrote */
        *end = '\0';
        err = add_line(l, at, ++number, error);
        if (err < 0)
            return err;
    }
    l->next = l->count;
    return 0;
}

void replay_log_done(struct replay_log *l)
{
    cJSON_Delete(l->json);
    free(l->lines);
}

/** Skip to the next line of the machine. */
static void skip_others(struct replay_log *l)
{
    while (l->next < l->count && l->lines[l->next].machine != l->machine)
        l->next++;
}

void replay_log_select(struct replay_log *l, uint64_t machine)
{
    cJSON_Delete(l->json);
    l->json = NULL;
    l->machine = machine;
    l->next = 0;
    skip_others(l);
}

const cJSON *replay_log_peek(struct replay_log *l)
{
    if (l->json == NULL && l->next < l->count)
        l->json = cJSON_Parse(l->lines[l->next].text);
    return l->json;
}

cJSON *replay_log_take(struct replay_log *l)
{
    cJSON *json;

    (void)replay_log_peek(l);
    json = l->json;
    l->json = NULL;
    if (l->next < l->count)
        l->next++;
    skip_others(l);
    return json;
}

size_t replay_log_number(const struct replay_log *l)
{
    if (l->count == 0)
        return 0;
    return l->lines[l->next < l->count ? l->next : l->count - 1].number;
}

/* Values. A number beyond the exact range of a double is a string. */

static int read_int(const cJSON *item, int64_t *out)
{
    char *end;

    if (cJSON_IsNumber(item) && item->valuedouble >= -(double)JSON_EXACT_MAX &&
        item->valuedouble <= (double)JSON_EXACT_MAX) {
        *out = (int64_t)item->valuedouble;
        return 0;
    }
    if (!cJSON_IsString(item) || *item->valuestring == '\0')
        return -EINVAL;
    errno = 0;
    *out = strtoll(item->valuestring, &end, 10);
    return *end == '\0' && errno == 0 ? 0 : -EINVAL;
}

static int read_uint(const cJSON *item, uint64_t *out)
{
    char *end;

    if (cJSON_IsNumber(item) && item->valuedouble >= 0 &&
        item->valuedouble <= (double)JSON_EXACT_MAX) {
        *out = (uint64_t)item->valuedouble;
        return 0;
    }
    if (!cJSON_IsString(item) || item->valuestring[0] < '0' || item->valuestring[0] > '9')
        return -EINVAL;
    errno = 0;
    *out = strtoull(item->valuestring, &end, 10);
    return *end == '\0' && errno == 0 ? 0 : -EINVAL;
}

int replay_get_int(const cJSON *object, const char *key, int64_t *out)
{
    return read_int(cJSON_GetObjectItemCaseSensitive(object, key), out);
}

int replay_get_uint(const cJSON *object, const char *key, uint64_t *out)
{
    return read_uint(cJSON_GetObjectItemCaseSensitive(object, key), out);
}

static int decode(const char *text, char **out, size_t *len)
{
    size_t size = strlen(text);

    *out = malloc(size / 4 * 3 + 1);
    if (*out == NULL)
        return -ENOMEM;
    if (base64_decode(text, size, *out, len) < 0) {
        free(*out);
        return -EINVAL;
    }
    (*out)[*len] = '\0';
    return 0;
}

int replay_get_bytes(const cJSON *item, char **out, size_t *len)
{
    const cJSON *coded = cJSON_GetObjectItemCaseSensitive(item, "base64");

    *out = NULL;
    *len = 0;
    if (cJSON_IsNull(item))
        return 0;
    if (cJSON_IsString(coded))
        return decode(coded->valuestring, out, len);
    if (!cJSON_IsString(item))
        return -EINVAL;
    *out = strdup(item->valuestring);
    *len = strlen(item->valuestring);
    return *out != NULL ? 0 : -ENOMEM;
}

int replay_keep(struct list *owned, char *bytes)
{
    struct replay_bytes *b = malloc(sizeof(*b));

    if (b == NULL) {
        free(bytes);
        return -ENOMEM;
    }
    b->bytes = bytes;
    list_append(owned, &b->link);
    return 0;
}

void replay_free_kept(struct list *owned)
{
    while (!list_empty(owned)) {
        struct replay_bytes *b = container_of(owned->next, struct replay_bytes, link);

        list_del(&b->link);
        free(b->bytes);
        free(b);
    }
}

/** Bytes that @owned keeps; NULL when the line has null. */
static int read_text(const cJSON *item, struct sc_str *out, struct list *owned)
{
    char *bytes;
    int err = replay_get_bytes(item, &bytes, &out->len);

    out->ptr = bytes;
    return err < 0 || bytes == NULL ? err : replay_keep(owned, bytes);
}

/** The same where null is nothing that the log writes. */
static int read_bytes(const cJSON *item, struct sc_str *out, struct list *owned)
{
    return cJSON_IsNull(item) ? -EINVAL : read_text(item, out, owned);
}

static int read_i32(const cJSON *item, int32_t *out)
{
    int64_t value = 0;
    int err = read_int(item, &value);

    *out = (int32_t)value;
    return err;
}

static int read_u32(const cJSON *item, uint32_t *out)
{
    uint64_t value = 0;
    int err = read_uint(item, &value);

    *out = (uint32_t)value;
    return err;
}

int replay_get_value(const cJSON *item, enum input_type type, void *at, struct list *owned)
{
    struct sc_str bytes;
    int err;

    switch (type) {
    case INPUT_TYPE_pid:
    case INPUT_TYPE_i32:
        return read_i32(item, at);
    case INPUT_TYPE_u32:
        return read_u32(item, at);
    case INPUT_TYPE_i64:
        return read_int(item, at);
    case INPUT_TYPE_u64:
        return read_uint(item, at);
    case INPUT_TYPE_flag:
        *(bool *)at = cJSON_IsTrue(item);
        return cJSON_IsBool(item) ? 0 : -EINVAL;
    case INPUT_TYPE_real:
        *(double *)at = cJSON_IsNumber(item) ? item->valuedouble : 0;
        return cJSON_IsNumber(item) ? 0 : -EINVAL;
    case INPUT_TYPE_str:
        err = read_text(item, &bytes, owned);
        *(const char **)at = bytes.ptr;
        return err;
    case INPUT_TYPE_bytes:
        return read_bytes(item, at, owned);
    }
    return -EINVAL;
}
