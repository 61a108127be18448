/* SPDX-License-Identifier: MIT */
#include "server/rpc/codec/envelope.h"

#include "server/base/near.h"

#include <stdlib.h>

/** Bytes of a member's name that a failure shows. */
enum { MEMBER_SHOWN_MAX = 100 };

enum member {
    MEMBER_JSONRPC,
    MEMBER_ID,
    MEMBER_METHOD,
    MEMBER_PARAMS,
    MEMBER_RESULT,
    MEMBER_ERROR
};

static const char *const member_names[] = {"jsonrpc", "id", "method", "params", "result", "error"};

enum { MEMBER_COUNT = sizeof(member_names) / sizeof(member_names[0]) };

/** The members of a request. */
struct members {
    uint32_t at[MEMBER_COUNT]; /* the first value of each; 0: missing */
    uint32_t unknown;          /* the first key that is none of them; 0: none */
    int twice;                 /* the first duplicate; MEMBER_COUNT: none */
    bool nul;                  /* some string holds U+0000 */
};

/** The member of a key; MEMBER_COUNT: none. Written out, it is a comparison of lengths or two. */
static int member_of(const struct json_doc *doc, uint32_t key)
{
    if (json_is(doc, key, "jsonrpc"))
        return MEMBER_JSONRPC;
    if (json_is(doc, key, "id"))
        return MEMBER_ID;
    if (json_is(doc, key, "method"))
        return MEMBER_METHOD;
    if (json_is(doc, key, "params"))
        return MEMBER_PARAMS;
    if (json_is(doc, key, "result"))
        return MEMBER_RESULT;
    return json_is(doc, key, "error") ? MEMBER_ERROR : MEMBER_COUNT;
}

static void collect(const struct json_doc *doc, uint32_t at, struct members *m)
{
    const uint32_t end = doc->tokens[at].next;

    *m = (struct members){.twice = MEMBER_COUNT, .nul = json_has_nul(doc, at)};
    for (uint32_t key = at + 1; key < end; key = json_next_key(doc, key)) {
        int i = member_of(doc, key);

        if (i == MEMBER_COUNT)
            m->unknown = m->unknown == 0 ? key : m->unknown;
        else if (m->at[i] == 0)
            m->at[i] = key + 1;
        else if (m->twice == MEMBER_COUNT)
            m->twice = i;
    }
}

/** fail() about a member that no request has, with the one that may have been meant. */
static int fail_unknown(const struct json_doc *doc, uint32_t key, struct failure *f)
{
    char *name = malloc(doc->tokens[key].len);
    struct near near = {.word = name};

    if (name == NULL)
        return fail(f, RPC_E_INTERNAL, NULL, "out of memory");
    (void)json_string(doc, key, name);
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        near_try(&near, member_names[i]);
    if (near.found != NULL)
        (void)fail(f, RPC_E_INVALID, NULL, "unknown member '%.*s'; did you mean '%s'?",
                   MEMBER_SHOWN_MAX, name, near.found);
    else
        (void)fail(f, RPC_E_INVALID, NULL,
                   "unknown member '%.*s'; a request has jsonrpc, id, method and params",
                   MEMBER_SHOWN_MAX, name);
    free(name);
    return -1;
}

static bool is_kind(const struct json_doc *doc, uint32_t i, enum json_kind kind)
{
    return i != 0 && json_kind(doc, i) == kind;
}

/** Whether the id can be echoed: a string, a number or null. */
static bool id_is_valid(const struct json_doc *doc, uint32_t id)
{
    return is_kind(doc, id, JSON_STRING) || is_kind(doc, id, JSON_NUMBER) ||
           is_kind(doc, id, JSON_NULL);
}

static int check_members(const struct json_doc *doc, const struct members *m, struct failure *f)
{
    const uint32_t *at = m->at;

    if (m->nul)
        return fail(f, RPC_E_INVALID, NULL,
                    "a string holds \\u0000; send such bytes with \"encoding\": \"base64\"");
    if (m->twice != MEMBER_COUNT)
        return fail(f, RPC_E_INVALID, NULL, "member '%s' given twice", member_names[m->twice]);
    if (at[MEMBER_ID] != 0 && !id_is_valid(doc, at[MEMBER_ID]))
        return fail(f, RPC_E_INVALID, NULL, "an id is a string, a number or null");
    if (!is_kind(doc, at[MEMBER_METHOD], JSON_STRING))
        return fail(f, RPC_E_INVALID, NULL, "member 'method' must be a string");
    if (!is_kind(doc, at[MEMBER_JSONRPC], JSON_STRING) || !json_is(doc, at[MEMBER_JSONRPC], "2.0"))
        return fail(f, RPC_E_INVALID, NULL, "member 'jsonrpc' must be \"2.0\"");
    if (at[MEMBER_PARAMS] != 0 && !is_kind(doc, at[MEMBER_PARAMS], JSON_ARRAY) &&
        !is_kind(doc, at[MEMBER_PARAMS], JSON_OBJECT))
        return fail(f, RPC_E_INVALID, NULL, "member 'params' must be an object or an array");
    return m->unknown != 0 ? fail_unknown(doc, m->unknown, f) : 0;
}

/** Whether it is the answer to a request, of which we make none. */
static bool is_answer(const struct members *m)
{
    return !m->nul && m->twice == MEMBER_COUNT && m->at[MEMBER_METHOD] == 0 &&
           (m->at[MEMBER_RESULT] != 0 || m->at[MEMBER_ERROR] != 0);
}

/** What becomes of a request that can't be carried out. One that names a method and has no id asked
 * for no answer. */
static enum envelope_kind reject(const struct json_doc *doc, const struct members *m,
                                 struct envelope *out)
{
    const uint32_t id = m->at[MEMBER_ID];
    const bool id_is_sure = m->nul || m->twice == MEMBER_COUNT;

    if (id == 0 && is_kind(doc, m->at[MEMBER_METHOD], JSON_STRING))
        return ENVELOPE_DROP;
    if (id_is_sure && id_is_valid(doc, id))
        out->id = json_span(doc, id);
    else
        out->id = (struct json_span){"null", 4};
    return ENVELOPE_INVALID;
}

enum envelope_kind envelope_read(const struct json_doc *doc, uint32_t at, struct envelope *out,
                                 struct failure *f)
{
    struct members m;

    *out = (struct envelope){0};
    if (json_kind(doc, at) != JSON_OBJECT) {
        (void)fail(f, RPC_E_INVALID, NULL, "a request is an object");
        out->id = (struct json_span){"null", 4};
        return ENVELOPE_INVALID;
    }
    collect(doc, at, &m);
    if (is_answer(&m))
        return ENVELOPE_DROP;
    if (check_members(doc, &m, f) < 0)
        return reject(doc, &m, out);
    out->method = m.at[MEMBER_METHOD];
    out->params = m.at[MEMBER_PARAMS];
    if (m.at[MEMBER_ID] == 0)
        return ENVELOPE_NOTIFICATION;
    out->id = json_span(doc, m.at[MEMBER_ID]);
    return ENVELOPE_REQUEST;
}
