/* SPDX-License-Identifier: MIT */
/*
 * Messages of clients: lines from bytes, the pass over the text, trees, envelopes, and parameters of every
 * method. Text, trees and envelopes are compared with what many plain passes make of them: reference.h.
 */
#include "server/base/check.h"
#include "server/rpc/codec/codec.h"
#include "server/rpc/codec/json_tree.h"
#include "server/rpc/peer/frame.h"
#include "server/rpc/peer/names.h"
#include "tests/fuzz/make_json.h"
#include "tests/fuzz/reference.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_MAX_BYTES = 200 };

static struct names names;

static const struct json_limits limits = {32, 4096};

static bool same_span(struct json_span a, struct json_span b)
{
    return a.ptr == b.ptr && a.len == b.len;
}

/** The same piece of the text, or both null. */
static bool same_id(struct json_span a, struct json_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/** Tokens are what a walk over the text finds. Returns the index behind the value. */
static uint32_t compare_tokens(const struct json_doc *doc, uint32_t i, struct json_span value)
{
    const uint32_t end = json_next(doc, i);
    struct json_span key;
    struct json_span member;
    struct ref_iter it;

    CHECK(same_span(json_span(doc, i), value));
    CHECK(json_kind(doc, i) == ref_kind(value));
    CHECK(json_has_nul(doc, i) == ref_has_nul(value));
    if (ref_kind(value) != JSON_ARRAY && ref_kind(value) != JSON_OBJECT)
        return i + 1;
    ref_iter_init(&it, value);
    for (i++; ref_iter_next(&it, &key, &member); i = compare_tokens(doc, i, member)) {
        if (key.len == 0)
            continue;
        CHECK(same_span(json_span(doc, i), key) && json_next(doc, i) == i + 1);
        CHECK(json_is(doc, i, "id") == ref_string_is(key, "id"));
        i++;
    }
    CHECK(i == end);
    return end;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/** Our tree is cJSON's. */
static void compare_trees(const cJSON *ours, const cJSON *theirs)
{
    const cJSON *last = NULL;

    CHECK(ours->type == theirs->type && ours->valueint == theirs->valueint);
    CHECK(memcmp(&ours->valuedouble, &theirs->valuedouble, sizeof(double)) == 0); /* and -0 */
    CHECK(same_text(ours->string, theirs->string));
    CHECK(same_text(ours->valuestring, theirs->valuestring));
    theirs = theirs->child;
    for (const cJSON *i = ours->child; i != NULL; i = i->next, theirs = theirs->next) {
        CHECK(theirs != NULL);
        compare_trees(i, theirs);
        CHECK(last == NULL || i->prev == last);
        last = i;
    }
    CHECK(theirs == NULL && (last == NULL || ours->child->prev == last));
}

static void decode_call(const struct sc_call_info *info, const cJSON *params)
{
    struct failure f = FAILURE_INIT;
    struct decoder d = {.info = info, .transfer_max = 4096, .failure = &f};
    union sc_args args;
    union sc_out out;

    if (codec_decode(&d, params, &args) < 0 || codec_lend(&d, &args, &out) < 0)
        CHECK(f.code != 0 && f.why.count > 0);
    codec_done(&d);
    failure_done(&f);
}

static void decode_method(int method, const cJSON *params, const struct json_doc *doc, uint32_t at)
{
    struct failure f = FAILURE_INIT;
    union rpc_params out;

    if (params_decode(method, params, doc, at, &out, &f) < 0)
        CHECK(f.code != 0 && f.why.count > 0);
    failure_done(&f);
}

/** What a request asks for: its method and parameters are those of the reference, and can be decoded. */
static void take_params(const struct json_doc *doc, const struct envelope *env,
                        const struct ref_envelope *ref)
{
    struct arena arena;
    const cJSON *params = NULL;
    const struct method_name *method;
    const cJSON *name;

    arena_init(&arena);
    name = json_tree(doc, env->method, &arena);
    CHECK(name != NULL && same_text(name->valuestring, ref->method));
    if (env->params != 0) {
        params = json_tree(doc, env->params, &arena);
        CHECK(params != NULL && same_span(json_span(doc, env->params), ref->params_text));
    }
    method = names_find(&names, name->valuestring, strlen(name->valuestring));
    if (method != NULL && method->call != NULL)
        decode_call(method->call, params);
    else if (method != NULL)
        decode_method(method->method, params, doc, env->params);
    arena_done(&arena);
}

static void compare_failures(const struct failure *ours, const struct failure *theirs)
{
    CHECK(ours->code == theirs->code && ours->why.count == theirs->why.count);
    for (size_t i = 0; i < ours->why.count; i++)
        CHECK(strcmp(ours->why.text[i], theirs->why.text[i]) == 0);
}

static void take_request(const struct json_doc *doc, uint32_t at)
{
    struct failure f = FAILURE_INIT;
    struct failure ref_f = FAILURE_INIT;
    struct ref_envelope ref;
    struct envelope env;
    struct arena arena;
    enum envelope_kind kind = envelope_read(doc, at, &env, &f);
    enum envelope_kind ref_kind = ref_envelope_read(json_span(doc, at), &ref, &ref_f);

    CHECK(kind != ENVELOPE_INVALID || (f.code != 0 && env.id.len > 0));
    CHECK(kind != ENVELOPE_REQUEST || env.id.len > 0);
    if (ref_f.code != RPC_E_INTERNAL) { /* cJSON takes no numbers of more than 63 characters */
        CHECK(kind == ref_kind && (kind == ENVELOPE_DROP || same_id(env.id, ref.id)));
        compare_failures(&f, &ref_f);
    }
    if (ref.tree != NULL) {
        arena_init(&arena);
        compare_trees(json_tree(doc, at, &arena), ref.tree);
        arena_done(&arena);
    }
    if (ref.tree != NULL && (kind == ENVELOPE_REQUEST || kind == ENVELOPE_NOTIFICATION))
        take_params(doc, &env, &ref);
    cJSON_Delete(ref.tree);
    failure_done(&f);
    failure_done(&ref_f);
}

static void take_line(const char *text, size_t len)
{
    static struct json_doc doc = JSON_DOC_INIT; /* read into again and again, as the daemon does */
    struct json_span line = json_trim((struct json_span){text, len});
    struct json_error error = {0};
    struct json_error ref_error = {0};
    int err = json_read(&doc, line.ptr, line.len, &limits, &error);

    CHECK(err == ref_check(line.ptr, line.len, &limits, &ref_error));
    if (err < 0) {
        CHECK(error.at == ref_error.at && error.what != NULL && error.at <= line.len);
        CHECK(strcmp(error.what, ref_error.what) == 0);
        return;
    }
    CHECK(compare_tokens(&doc, 0, line) == doc.count);
    if (json_kind(&doc, 0) != JSON_ARRAY) {
        take_request(&doc, 0);
        return;
    }
    for (uint32_t i = 1; i < doc.count; i = json_next(&doc, i))
        take_request(&doc, i);
}

/** Lines that a frame makes of bytes pushed @step at a time. Returns how frame_next() ended. */
static int frame_lines(const char *bytes, size_t size, size_t step, struct strbuf *lines)
{
    struct json_span line;
    struct frame f;
    int got = 0;

    frame_init(&f, LINE_MAX_BYTES);
    for (size_t at = 0; got == 0 && at < size; at += step) {
        CHECK(frame_push(&f, bytes + at, size - at < step ? size - at : step) == 0);
        while ((got = frame_next(&f, at + step >= size, &line)) == 1) {
            CHECK(line.len > 0 && line.len <= LINE_MAX_BYTES && frame_size(&f) <= size);
            CHECK(memchr(line.ptr, '\n', line.len) == NULL);
            CHECK(same_span(json_trim(line), line));
            (void)strbuf_add(lines, line.ptr, line.len);
            (void)strbuf_addc(lines, '\n');
        }
    }
    frame_done(&f);
    return got;
}

/** However bytes arrive, the lines are the same, and so is what is wrong with them. */
static void take_bytes(const char *bytes, size_t size)
{
    struct strbuf whole = STRBUF_INIT;
    struct strbuf parts = STRBUF_INIT;
    const size_t step = 1 + (unsigned char)bytes[size - 1] % 61;

    CHECK(frame_lines(bytes, size, size, &whole) == frame_lines(bytes, size, step, &parts));
    CHECK(whole.len == parts.len && memcmp(strbuf_str(&whole), strbuf_str(&parts), whole.len) == 0);
    strbuf_done(&whole);
    strbuf_done(&parts);
}

/** Bytes that begin with 1 are what a message is grown from; all others are one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf text = STRBUF_INIT;

    if (names.slots[0].name == NULL)
        names_init(&names);
    if (size == 0 || data[0] != 1) {
        take_line((const char *)data, size);
        if (size > 0)
            take_bytes((const char *)data, size);
        return 0;
    }
    make_json(data + 1, size - 1, &text);
    take_line(strbuf_str(&text), text.len);
    strbuf_done(&text);
    return 0;
}
