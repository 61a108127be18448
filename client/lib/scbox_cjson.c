/* SPDX-License-Identifier: MIT */
#include "client/lib/scbox_cjson.h"

#include "client/lib/conn.h"
#include "server/base/base64.h"
#include "server/base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From here on cJSON prints too few digits; up to 2^53 doubles hold every whole number. */
#define ROUNDED_MIN 1e15
#define EXACT_MAX 9007199254740992.0

/* ---- requests ---- */

/** request_send() of a tree. @params taken; @out_id NULL: a notification. */
static int send_text(struct scbox_conn *conn, const char *method, cJSON *params, int64_t *out_id,
                     struct scbox_error *error)
{
    char *text = params != NULL ? scbox_json(params) : NULL;
    int err;

    if (params != NULL && text == NULL)
        err = error_set(error, -ENOMEM, "out of memory");
    else
        err = request_send(conn, method, text, out_id, error);
    cJSON_Delete(params);
    free(text);
    return err;
}

int scbox_send_tree(struct scbox_conn *conn, const char *method, cJSON *params, int64_t *out_id,
                    struct scbox_error *error)
{
    return send_text(conn, method, params, out_id, error);
}

int scbox_notify_tree(struct scbox_conn *conn, const char *method, cJSON *params,
                      struct scbox_error *error)
{
    return send_text(conn, method, params, NULL, error);
}

/** Make a tree of a result. @text taken. Returns 0 or -ENOMEM: it was read before. */
static int take_tree(char *text, cJSON **out, struct scbox_error *error)
{
    cJSON *tree = cJSON_Parse(text);

    free(text);
    if (tree == NULL)
        return error_set(error, -ENOMEM, "out of memory");
    *out = tree;
    return 0;
}

int scbox_receive_tree(struct scbox_conn *conn, int64_t id, int timeout_ms, cJSON **out_result,
                       struct scbox_error *error)
{
    char *text = NULL;
    int status = scbox_receive(conn, id, timeout_ms, out_result != NULL ? &text : NULL, error);

    return text != NULL ? take_tree(text, out_result, error) : status;
}

int scbox_call_tree(struct scbox_conn *conn, const char *method, cJSON *params, int timeout_ms,
                    cJSON **out_result, struct scbox_error *error)
{
    int64_t id = 0;
    char *text = NULL;
    int status = send_text(conn, method, params, &id, error);

    if (status == 0)
        status = request_await(conn, id, timeout_ms, out_result != NULL ? &text : NULL, error);
    return text != NULL ? take_tree(text, out_result, error) : status;
}

static void deliver_tree(void *user, const char *method, const char *params)
{
    const struct scbox_conn *conn = user;
    cJSON *tree = params != NULL ? cJSON_Parse(params) : NULL;

    conn->on_tree(conn->tree_user, method, tree);
    cJSON_Delete(tree);
}

void scbox_on_event_tree(struct scbox_conn *conn, scbox_event_tree_fn fn, void *user)
{
    conn->on_tree = fn;
    conn->tree_user = user;
    scbox_on_event(conn, fn != NULL ? deliver_tree : NULL, conn);
}

cJSON *scbox_error_tree(const struct scbox_error *error)
{
    return error->data != NULL ? cJSON_Parse(error->data) : NULL;
}

/* ---- bytes ---- */

int scbox_data_tree(const cJSON *object, char **out, size_t *out_len)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(object, "data");
    const cJSON *encoding = cJSON_GetObjectItemCaseSensitive(object, "encoding");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(object, "base64");
    bool coded = cJSON_IsString(encoding) && strcmp(encoding->valuestring, "base64") == 0;
    size_t len;
    char *bytes;

    if (data == NULL && cJSON_IsString(name)) {
        data = name;
        coded = true;
    }
    if (!cJSON_IsString(data))
        return -EINVAL;
    len = strlen(data->valuestring);
    bytes = malloc(len + 1);
    if (bytes == NULL)
        return -ENOMEM;
    if (!coded) {
        memcpy(bytes, data->valuestring, len);
    } else if (base64_decode(data->valuestring, len, bytes, &len) != 0) {
        free(bytes);
        return -EINVAL;
    }
    bytes[len] = '\0';
    *out = bytes;
    *out_len = len;
    return 0;
}

/** Add @len bytes as base64 and say so. Returns 0 or -ENOMEM. */
static int add_base64(cJSON *params, const char *member, const void *bytes, size_t len)
{
    size_t size = base64_encoded_size(len);
    char *text = malloc(size + 1);
    bool ok;

    if (text == NULL)
        return -ENOMEM;
    base64_encode(bytes, len, text);
    text[size] = '\0';
    ok = cJSON_AddStringToObject(params, member, text) != NULL &&
         cJSON_AddStringToObject(params, "encoding", "base64") != NULL;
    free(text);
    return ok ? 0 : -ENOMEM;
}

int scbox_add_data(cJSON *params, const char *member, const void *bytes, size_t len)
{
    char *text;
    bool ok;

    if (!utf8_valid(bytes, len) || (len > 0 && memchr(bytes, '\0', len) != NULL))
        return add_base64(params, member, bytes, len);
    text = strndup(bytes, len);
    if (text == NULL)
        return -ENOMEM;
    ok = cJSON_AddStringToObject(params, member, text) != NULL;
    free(text);
    return ok ? 0 : -ENOMEM;
}

/* ---- numbers ---- */

/** Whether cJSON would print a number with too few digits although it is exact. */
static bool is_rounded(const cJSON *value)
{
    double n = value->valuedouble;

    if (!cJSON_IsNumber(value) || n < -EXACT_MAX || n > EXACT_MAX)
        return false;
    return (n >= ROUNDED_MIN || n <= -ROUNDED_MIN) && (double)(int64_t)n == n;
}

static bool holds_rounded(const cJSON *value)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, value) {
        if (holds_rounded(member))
            return true;
    }
    return is_rounded(value);
}

/** Replace numbers by their digits. Returns 0 or -ENOMEM. */
static int spell_numbers(cJSON *value)
{
    char digits[24];
    cJSON *member;

    cJSON_ArrayForEach(member, value) {
        if (spell_numbers(member) < 0)
            return -ENOMEM;
    }
    if (!is_rounded(value))
        return 0;
    (void)snprintf(digits, sizeof digits, "%" PRId64, (int64_t)value->valuedouble);
    value->valuestring = strdup(digits);
    if (value->valuestring == NULL)
        return -ENOMEM;
    value->type = cJSON_Raw;
    return 0;
}

char *scbox_json(const cJSON *value)
{
    cJSON *copy;
    char *text = NULL;

    if (value == NULL || !holds_rounded(value))
        return cJSON_PrintUnformatted(value);
    copy = cJSON_Duplicate(value, true);
    if (copy != NULL && spell_numbers(copy) == 0)
        text = cJSON_PrintUnformatted(copy);
    cJSON_Delete(copy);
    return text;
}
