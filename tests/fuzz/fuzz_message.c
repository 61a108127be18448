/* SPDX-License-Identifier: MIT */
/* Messages of clients: the check of the text, walking it, envelopes, parameters of every method. */
#include "server/base/check.h"
#include "server/rpc/codec.h"
#include "server/rpc/envelope.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits limits = {32, 4096};

/** What is inside of checked text is checked text, and a tree parser sees as many members. */
static size_t check_members(struct json_span value)
{
    struct json_error error;
    struct json_span key;
    struct json_span member;
    struct json_iter it;
    size_t count = 0;

    if (json_kind(value) != JSON_ARRAY && json_kind(value) != JSON_OBJECT)
        return 0;
    json_iter_init(&it, value);
    while (json_iter_next(&it, &key, &member)) {
        CHECK(json_check(member.ptr, member.len, &limits, &error) == 0);
        CHECK(key.len == 0 || json_check(key.ptr, key.len, &limits, &error) == 0);
        (void)check_members(member);
        count++;
    }
    return count;
}

static void decode_call(const struct sc_call_info *info, const struct envelope *env)
{
    struct failure f = FAILURE_INIT;
    struct decoder d = {.info = info, .transfer_max = 4096, .failure = &f};
    union sc_args args;
    union sc_out out;

    if (codec_decode(&d, env->params, &args) < 0 || codec_lend(&d, &args, &out) < 0)
        CHECK(f.code != 0 && f.why.count > 0);
    codec_done(&d);
    failure_done(&f);
}

static void decode_method(int method, const struct envelope *env)
{
    struct failure f = FAILURE_INIT;
    union rpc_params params;

    if (params_decode(method, env->params, env->params_text, &params, &f) < 0)
        CHECK(f.code != 0 && f.why.count > 0);
    failure_done(&f);
}

static void take_request(struct json_span text)
{
    struct failure f = FAILURE_INIT;
    struct envelope env;
    enum envelope_kind kind = envelope_read(text, &env, &f);

    CHECK(kind != ENVELOPE_INVALID || (f.code != 0 && env.id.len > 0));
    CHECK(kind != ENVELOPE_REQUEST || env.id.len > 0);
    if (env.tree != NULL && !json_has_nul(text))
        CHECK((size_t)cJSON_GetArraySize(env.tree) == check_members(text));
    if (kind == ENVELOPE_REQUEST || kind == ENVELOPE_NOTIFICATION) {
        const struct sc_call_info *info = sc_call_by_name(env.method);
        int method = rpc_method_by_name(env.method);

        if (info != NULL)
            decode_call(info, &env);
        if (method >= 0)
            decode_method(method, &env);
    }
    cJSON_Delete(env.tree);
    failure_done(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_span line = json_trim((struct json_span){(const char *)data, size});
    struct json_error error;
    struct json_span key;
    struct json_span member;
    struct json_iter it;

    if (json_check(line.ptr, line.len, &limits, &error) < 0) {
        CHECK(error.what != NULL && error.at <= line.len);
        return 0;
    }
    (void)check_members(line);
    if (json_kind(line) != JSON_ARRAY) {
        take_request(line);
        return 0;
    }
    json_iter_init(&it, line);
    while (json_iter_next(&it, &key, &member))
        take_request(member);
    return 0;
}
