/* SPDX-License-Identifier: MIT */
/* The parts of server/rpc that need no connection: frames, writing JSON, envelopes, the codec. */
#include "server/rpc/codec/codec.h"
#include "server/rpc/codec/envelope.h"
#include "server/rpc/peer/frame.h"
#include "server/rpc/peer/names.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* frame */

static void expect_line(struct frame *f, bool ended, const char *text)
{
    struct json_span line;

    cr_assert_eq(frame_next(f, ended, &line), 1);
    cr_assert(line.len == strlen(text) && memcmp(line.ptr, text, line.len) == 0, "%.*s",
              (int)line.len, line.ptr);
}

Test(frame, lines_come_out_whole_however_they_arrive)
{
    static const char text[] = "{one\n\n \r\ntwo\r\n  three  \nrest";
    struct json_span line;

    for (size_t step = 1; step <= strlen(text); step++) {
        struct strbuf all = STRBUF_INIT;
        struct frame f;

        frame_init(&f, 16);
        for (size_t at = 0; at < strlen(text); at += step) {
            size_t len = strlen(text) - at < step ? strlen(text) - at : step;

            cr_assert_eq(frame_push(&f, text + at, len), 0);
            while (frame_next(&f, false, &line) == 1)
                (void)strbuf_addf(&all, "%.*s|", (int)line.len, line.ptr);
        }
        cr_assert_str_eq(strbuf_str(&all), "{one|two|three|");
        expect_line(&f, true, "rest");
        cr_assert_eq(frame_next(&f, true, &line), 0);
        frame_done(&f);
        strbuf_done(&all);
    }
}

Test(frame, limit_at_and_past)
{
    struct json_span line;
    struct frame f;

    frame_init(&f, 4);
    cr_assert_eq(frame_push(&f, "[234\n1234\r\n12345\n", 17), 0);
    expect_line(&f, false, "[234");
    expect_line(&f, false, "1234");
    cr_assert_eq(frame_next(&f, false, &line), -EMSGSIZE);
    frame_done(&f);
    frame_init(&f, 4);
    cr_assert_eq(frame_push(&f, "[2345", 5), 0);
    cr_assert_eq(frame_next(&f, false, &line), 0); /* a CR may follow */
    cr_assert_eq(frame_push(&f, "6", 1), 0);
    cr_assert_eq(frame_next(&f, false, &line), -EMSGSIZE);
    frame_done(&f);
}

Test(frame, what_begins_with_something_else_is_no_stream_of_ours)
{
    static const char *const texts[] = {"x", " \r\nGET / HTTP/1.1\r\n{", "\"a\"\n", "}", "]"};
    struct json_span line;
    struct frame f;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        frame_init(&f, 16);
        cr_assert_eq(frame_push(&f, texts[i], strlen(texts[i])), 0);
        cr_assert_eq(frame_next(&f, false, &line), -EPROTO);
        frame_done(&f);
    }
    cr_assert_eq(line.len, 1);
    frame_init(&f, 16);
    cr_assert_eq(frame_push(&f, " \n ", 3), 0);
    cr_assert_eq(frame_next(&f, false, &line), 0);
    cr_assert_eq(frame_push(&f, "[]\nx\n", 5), 0);
    expect_line(&f, false, "[]");
    expect_line(&f, false, "x"); /* a line among others: a parse error, no more */
    frame_done(&f);
}

/* json_out */

Test(json_out, everything_written_is_valid)
{
    static const struct json_limits limits = {8, 100};
    static const char every_byte[] =
        "\x01\x1f \"\\/\b\f\n\r\t\x7f\x80\xC3\xA9\xC3\xFF\xED\xA0\x80 end";
    struct strbuf text = STRBUF_INIT;
    struct json_out o = json_out_to(&text);
    struct json_error error;

    out_open(&o, '{');
    out_key(&o, "text");
    out_text(&o, every_byte, strlen(every_byte));
    out_key(&o, "list");
    out_open(&o, '[');
    out_null(&o);
    out_bool(&o, true);
    out_int(&o, INT64_MIN);
    out_int(&o, -1);
    out_uint(&o, UINT64_MAX);
    out_string(&o, NULL);
    out_close(&o, ']');
    out_data(&o, "data", "a\0b", 3, false);
    out_close(&o, '}');
    cr_assert_eq(json_check(text.ptr, text.len, &limits, &error), 0, "%s", text.ptr);
    cr_assert_str_eq(text.ptr,
                     "{\"text\":\"\\u0001\\u001f \\\"\\\\/\\b\\f\\n\\r\\t\x7f\\\\x80\xC3\xA9"
                     "\\\\xc3\\\\xff\\\\xed\\\\xa0\\\\x80 end\",\"list\":[null,true,"
                     "\"-9223372036854775808\",-1,\"18446744073709551615\",null],"
                     "\"data\":\"YQBi\",\"encoding\":\"base64\"}");
    strbuf_done(&text);
}

Test(json_out, exact_integers_are_numbers)
{
    struct strbuf text = STRBUF_INIT;
    struct json_out o = json_out_to(&text);

    out_open(&o, '[');
    out_int(&o, JSON_EXACT_MAX);
    out_int(&o, JSON_EXACT_MAX + 1);
    out_int(&o, -JSON_EXACT_MAX);
    out_int(&o, -JSON_EXACT_MAX - 1);
    out_close(&o, ']');
    cr_assert_str_eq(
        text.ptr,
        "[9007199254740991,\"9007199254740992\",-9007199254740991,\"-9007199254740992\"]");
    strbuf_done(&text);
}

/* envelope */

static enum envelope_kind read_kind(const char *text, const char *id)
{
    static const struct json_limits limits = {8, 100};
    struct json_doc doc = JSON_DOC_INIT;
    struct failure f = FAILURE_INIT;
    struct json_error error;
    struct envelope env;
    enum envelope_kind kind;

    cr_assert_eq(json_read(&doc, text, strlen(text), &limits, &error), 0, "%s", text);
    kind = envelope_read(&doc, 0, &env, &f);
    if (id != NULL)
        cr_assert(env.id.len == strlen(id) && memcmp(env.id.ptr, id, env.id.len) == 0, "%s", text);
    json_doc_done(&doc);
    failure_done(&f);
    return kind;
}

Test(envelope, kinds)
{
    cr_assert_eq(read_kind("{\"jsonrpc\":\"2.0\",\"id\":1.50,\"method\":\"m\"}", "1.50"),
                 ENVELOPE_REQUEST);
    cr_assert_eq(read_kind("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}", "null"),
                 ENVELOPE_REQUEST);
    cr_assert_eq(read_kind("{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", NULL), ENVELOPE_NOTIFICATION);
    cr_assert_eq(read_kind("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":1}", NULL),
                 ENVELOPE_DROP);
    cr_assert_eq(read_kind("{\"id\":1,\"result\":1}", NULL), ENVELOPE_DROP);
    cr_assert_eq(read_kind("{\"id\":1,\"method\":\"m\"}", "1"), ENVELOPE_INVALID);
    cr_assert_eq(read_kind("{\"id\":[],\"method\":\"m\"}", "null"), ENVELOPE_INVALID);
    cr_assert_eq(read_kind("{\"id\":1,\"id\":1,\"method\":\"m\"}", "null"), ENVELOPE_INVALID);
    cr_assert_eq(read_kind("[]", "null"), ENVELOPE_INVALID);
    cr_assert_eq(read_kind("{\"id\":7,\"method\":\"\\u0000\"}", "7"), ENVELOPE_INVALID);
}

/* names */

Test(names, every_method_is_found_by_its_exact_name)
{
    static struct names n;

    names_init(&n);
    for (size_t i = 0; i < sc_calls_count; i++)
        cr_assert_eq(names_find(&n, sc_calls[i].name, strlen(sc_calls[i].name))->call,
                     &sc_calls[i]);
    for (int i = 0; i < METHOD_COUNT; i++) {
        const char *name = rpc_methods[i].name;

        cr_assert_eq(names_find(&n, name, strlen(name))->method, i);
        cr_assert_null(names_find(&n, name, strlen(name))->call);
    }
    cr_assert_null(names_find(&n, "", 0));
    cr_assert_null(names_find(&n, "sc_open", 7));
    cr_assert_null(names_find(&n, "open", 4));
    cr_assert_null(names_find(&n, "SC_OPENX", 8));
    cr_assert_null(names_find(&n, "SC_OPEN", 6));
}

/* codec */

/** Decode params of a call. Returns 0 or -1; the failure's text is copied to @why. */
static int decode(const char *method, const char *params, union sc_args *args, struct strbuf *why)
{
    struct failure f = FAILURE_INIT;
    struct decoder dec = {.info = sc_call_by_name(method), .transfer_max = 100, .failure = &f};
    cJSON *tree = params != NULL ? cJSON_Parse(params) : NULL;
    int err = codec_decode(&dec, tree, args);
    struct json_out o = json_out_to(why);

    if (err < 0)
        failure_write(&f, &o);
    failure_done(&f);
    codec_done(&dec);
    cJSON_Delete(tree);
    return err;
}

Test(codec, every_call_tells_its_missing_arguments)
{
    for (size_t i = 0; i < sc_calls_count; i++) {
        const struct sc_field_info *arg = sc_calls[i].args;
        struct strbuf why = STRBUF_INIT;
        union sc_args args;
        char wanted[64];

        while (arg->name != NULL && arg->optional)
            arg++;
        cr_assert_eq(decode(sc_calls[i].name, NULL, &args, &why), arg->name != NULL ? -1 : 0);
        (void)snprintf(wanted, sizeof(wanted), "\"arg\":\"%s\"", arg->name);
        cr_assert(arg->name == NULL || strstr(why.ptr, wanted) != NULL, "%s: %s", sc_calls[i].name,
                  strbuf_str(&why));
        strbuf_done(&why);
    }
}

Test(codec, every_call_refuses_unknown_arguments)
{
    for (size_t i = 0; i < sc_calls_count; i++) {
        struct strbuf why = STRBUF_INIT;
        union sc_args args;

        cr_assert_eq(decode(sc_calls[i].name, "{\"nonsense\":1}", &args, &why), -1);
        cr_assert(strstr(why.ptr, "unknown argument 'nonsense'") != NULL);
        strbuf_done(&why);
    }
}

Test(codec, numbers_at_their_ends)
{
    struct strbuf why = STRBUF_INIT;
    union sc_args args;

    cr_assert_eq(decode("SC_EXIT", "[-2147483648]", &args, &why), 0);
    cr_assert_eq(args.exit.code, INT32_MIN);
    cr_assert_eq(decode("SC_EXIT", "[-2147483649]", &args, &why), -1);
    cr_assert_eq(
        decode("SC_READ", "[1,\"-9223372036854775808\",\"18446744073709551615\"]", &args, &why), 0);
    cr_assert_eq(args.read.offset, INT64_MIN);
    cr_assert_eq(args.read.size, UINT64_MAX);
    cr_assert_eq(decode("SC_READ", "[1,0,\"18446744073709551616\"]", &args, &why), -1);
    cr_assert_eq(decode("SC_READ", "[1,9007199254740991,0]", &args, &why), 0);
    cr_assert_eq(args.read.offset, INT64_C(9007199254740991));
    cr_assert_eq(decode("SC_READ", "[1,9007199254740992,0]", &args, &why), -1);
    cr_assert_eq(decode("SC_READ", "[1,1e300,0]", &args, &why), -1);
    cr_assert_eq(decode("SC_READDIR", "[1,4294967295]", &args, &why), 0);
    cr_assert_eq(decode("SC_READDIR", "[1,4294967296]", &args, &why), -1);
    cr_assert_eq(decode("SC_READDIR", "[1,-1]", &args, &why), -1);
    strbuf_done(&why);
}

Test(codec, strings_stand_only_for_64_bits)
{
    struct strbuf why = STRBUF_INIT;
    union sc_args args;

    cr_assert_eq(decode("SC_READ", "[1,\"2\",\"3\"]", &args, &why), 0);
    cr_assert(args.read.offset == 2 && args.read.size == 3);
    cr_assert_eq(decode("SC_READ", "[\"1\",2,3]", &args, &why), -1);
    cr_assert_eq(decode("SC_EXIT", "[\"0\"]", &args, &why), -1);
    cr_assert_eq(decode("SC_READDIR", "[1,\"0\"]", &args, &why), -1);
    cr_assert_eq(decode("SC_OPEN", "[\"a:\",\"1\"]", &args, &why), -1);
    strbuf_done(&why);
}

Test(codec, masks_by_name_and_number)
{
    struct strbuf why = STRBUF_INIT;
    union sc_args args;

    cr_assert_eq(decode("SC_OPEN", "[\"a:\",[\"READ\",\"DDELETE\",\"READ\"]]", &args, &why), 0);
    cr_assert_eq(args.open.mode, FM_READ | FM_DDELETE);
    cr_assert_eq(decode("SC_OPEN", "[\"a:\",[\"ALL\"]]", &args, &why), 0);
    cr_assert_eq(args.open.mode, SC_FM_ALL);
    cr_assert_eq(decode("SC_OPEN", "[\"a:\",[]]", &args, &why), 0);
    cr_assert_eq(args.open.mode, 0);
    cr_assert_eq(decode("SC_OPEN", "[\"a:\",65535]", &args, &why), 0);
    cr_assert_eq(decode("SC_MMAP", "[4096,1,[\"ALL\"]]", &args, &why), -1);
    cr_assert_eq(decode("SC_CREATE", "[\"a:\",\"CHARDEV\"]", &args, &why), 0);
    cr_assert_eq(args.create.type, FT_CHARDEV);
    cr_assert_eq(decode("SC_CREATE", "[\"a:\",99]", &args, &why), 0); /* the kernel refuses it */
    strbuf_done(&why);
}

Test(codec, optional_arguments_are_empty_and_told_from_given_ones)
{
    struct strbuf why = STRBUF_INIT;
    union sc_args args;

    cr_assert_eq(decode("SC_MAKE_FS", "[\"ramfs\",\"x\"]", &args, &why), 0);
    cr_assert_eq(args.make_fs.source_fd, 0);
    cr_assert(args.make_fs.opts.ptr == NULL && args.make_fs.opts.len == 0);
    cr_assert_eq(decode("SC_MAKE_FS", "[\"ramfs\",\"x\",0,\"\"]", &args, &why), 0);
    cr_assert(args.make_fs.opts.ptr != NULL && args.make_fs.opts.len == 0);
    strbuf_done(&why);
}

Test(codec, names_that_are_no_text_are_base64)
{
    union sc_out out = {.readdir = {.entry = {.name = {"\xFF"}, .type = FT_DIR, .access = 0x8001}}};
    struct strbuf text = STRBUF_INIT;
    struct json_out o = json_out_to(&text);
    struct decoder dec = {.info = sc_call_by_name("SC_READDIR")};

    codec_encode(&dec, &out, &o);
    cr_assert_str_eq(text.ptr,
                     "{\"name\":{\"base64\":\"/w==\"},\"type\":\"DIR\",\"access\":[\"READ\",32768],"
                     "\"size\":0}");
    strbuf_done(&text);
}
