/* SPDX-License-Identifier: MIT */
#include "server/rpc/envelope.h"

#include "server/base/near.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/** The members of a request. */
struct members {
    cJSON *jsonrpc, *id, *method, *params, *result, *error;
    cJSON *unknown; /* the first that is none of them */
};

/** Bytes of a member's name that a failure shows. */
enum { MEMBER_SHOWN_MAX = 100 };

static const char *const member_names[] = {"jsonrpc", "id", "method", "params", "result", "error"};

static cJSON **member_by_name(struct members *m, const char *name)
{
    cJSON **const at[] = {&m->jsonrpc, &m->id, &m->method, &m->params, &m->result, &m->error};

    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        if (strcmp(member_names[i], name) == 0)
            return at[i];
    }
    return NULL;
}

/** Find the members. -1 when one is given twice. */
static int collect(const cJSON *tree, struct members *m, struct failure *f)
{
    for (cJSON *item = tree->child; item != NULL; item = item->next) {
        cJSON **at = member_by_name(m, item->string);

        if (at != NULL && *at != NULL)
            return fail(f, RPC_E_INVALID, NULL, "member '%s' given twice", item->string);
        if (at != NULL)
            *at = item;
        else if (m->unknown == NULL)
            m->unknown = item;
    }
    return 0;
}

/** fail() about a member that no request has, with the one that may have been meant. */
static int fail_unknown(const cJSON *item, struct failure *f)
{
    struct near near = {.word = item->string};

    for (size_t i = 0; i < sizeof(member_names) / sizeof(member_names[0]); i++)
        near_try(&near, member_names[i]);
    if (near.found != NULL)
        return fail(f, RPC_E_INVALID, NULL, "unknown member '%.*s'; did you mean '%s'?",
                    MEMBER_SHOWN_MAX, item->string, near.found);
    return fail(f, RPC_E_INVALID, NULL,
                "unknown member '%.*s'; a request has jsonrpc, id, method and params",
                MEMBER_SHOWN_MAX, item->string);
}

/** Whether the id can be echoed: a string, a number or null. */
static bool id_is_valid(struct json_span id)
{
    enum json_kind kind = json_kind(id);

    return kind == JSON_STRING || kind == JSON_NUMBER || kind == JSON_NULL;
}

static int check_members(const struct members *m, struct json_span id, struct failure *f)
{
    if (m->id != NULL && !id_is_valid(id))
        return fail(f, RPC_E_INVALID, NULL, "an id is a string, a number or null");
    if (!cJSON_IsString(m->method))
        return fail(f, RPC_E_INVALID, NULL, "member 'method' must be a string");
    if (!cJSON_IsString(m->jsonrpc) || strcmp(m->jsonrpc->valuestring, "2.0") != 0)
        return fail(f, RPC_E_INVALID, NULL, "member 'jsonrpc' must be \"2.0\"");
    if (m->params != NULL && !cJSON_IsArray(m->params) && !cJSON_IsObject(m->params))
        return fail(f, RPC_E_INVALID, NULL, "member 'params' must be an object or an array");
    return m->unknown != NULL ? fail_unknown(m->unknown, f) : 0;
}

/**
 * Turn the numbers of a tree that are beyond what a double holds for sure to raw text, so that who
 * is told of them is told what was written. Goes as deep as json_check() lets a text nest.
 * @text     what @item was made of.
 * Returns   0, -ENOMEM.
 */
static int keep_large_numbers(cJSON *item, struct json_span text)
{
    struct json_iter it;
    struct json_span key;
    struct json_span value;
    int err = 0;

    if (cJSON_IsNumber(item) && !(fabs(item->valuedouble) <= (double)JSON_EXACT_MAX)) {
        item->valuestring = cJSON_malloc(text.len + 1);
        if (item->valuestring == NULL)
            return -ENOMEM;
        memcpy(item->valuestring, text.ptr, text.len);
        item->valuestring[text.len] = '\0';
        item->type = cJSON_Raw;
        return 0;
    }
    if (!cJSON_IsArray(item) && !cJSON_IsObject(item))
        return 0;
    json_iter_init(&it, text);
    item = item->child;
    for (; err == 0 && item != NULL && json_iter_next(&it, &key, &value); item = item->next)
        err = keep_large_numbers(item, value);
    return err;
}

static int parse(struct json_span text, struct envelope *out, struct failure *f)
{
    if (json_kind(text) != JSON_OBJECT)
        return fail(f, RPC_E_INVALID, NULL, "a request is an object");
    if (json_has_nul(text))
        return fail(f, RPC_E_INVALID, NULL,
                    "a string holds \\u0000; send such bytes with \"encoding\": \"base64\"");
    out->tree = cJSON_ParseWithLength(text.ptr, text.len);
    if (out->tree == NULL || keep_large_numbers(out->tree, text) < 0)
        return fail(f, RPC_E_INTERNAL, NULL, "out of memory");
    return 0;
}

/** Whether an invalid request asked for no answer: it names a method and has no id. */
static bool wants_no_answer(struct json_span text)
{
    struct json_span member;

    return json_kind(text) == JSON_OBJECT && !json_get(text, "id", &member) &&
           json_get(text, "method", &member) && json_kind(member) == JSON_STRING;
}

/** What becomes of a request that can't be carried out. */
static enum envelope_kind reject(struct json_span text, bool id_is_sure, struct envelope *out)
{
    static const struct json_span null_id = {"null", 4};

    if (wants_no_answer(text))
        return ENVELOPE_DROP;
    if (!id_is_sure || !json_get(text, "id", &out->id) || !id_is_valid(out->id))
        out->id = null_id;
    return ENVELOPE_INVALID;
}

enum envelope_kind envelope_read(struct json_span text, struct envelope *out, struct failure *f)
{
    struct members m = {0};

    *out = (struct envelope){0};
    if (parse(text, out, f) < 0)
        return reject(text, json_kind(text) == JSON_OBJECT, out);
    if (collect(out->tree, &m, f) < 0)
        return reject(text, false, out);
    if (m.method == NULL && (m.result != NULL || m.error != NULL))
        return ENVELOPE_DROP;
    (void)json_get(text, "id", &out->id);
    if (check_members(&m, out->id, f) < 0)
        return reject(text, true, out);
    out->method = m.method->valuestring;
    out->params = m.params;
    if (m.params != NULL)
        (void)json_get(text, "params", &out->params_text);
    return m.id != NULL ? ENVELOPE_REQUEST : ENVELOPE_NOTIFICATION;
}
