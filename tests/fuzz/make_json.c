/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/make_json.h"

enum { DEPTH_MAX = 40 };

struct source {
    const uint8_t *at;
    const uint8_t *end;
};

/** One of @count choices; 0 at the end. */
static unsigned choose(struct source *s, unsigned count)
{
    return s->at < s->end ? *s->at++ % count : 0;
}

#define COUNT(list) (unsigned)(sizeof(list) / sizeof((list)[0]))

static void make_value(struct source *s, struct strbuf *out, unsigned depth);

static void make_space(struct source *s, struct strbuf *out)
{
    static const char *const spaces[] = {"", "", "", "", "", " ", "\t\n", "\r "};

    (void)strbuf_adds(out, spaces[choose(s, COUNT(spaces))]);
}

static void make_string(struct source *s, struct strbuf *out)
{
    static const char *const pieces[] = {
        "",
        "a",
        "id",
        "method",
        "READ",
        "root:/a",
        "base64",
        "12345678",
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\u0041",
        "\\u00e9",
        "\\u20AC",
        "é",
        "€",
        "\\ud83d\\ude00",
        "\xF0\x9F\x98\x80",
        "\\u0000",
        "\\ud83d",
        "\\u12",
        "\\x",
        "\x01",
        "\xC3",
        "\xED\xA0\x80",
        "\x7f",
    };
    const unsigned usual = 20; /* what is behind them is refused, or rare */

    (void)strbuf_addc(out, '"');
    for (unsigned n = choose(s, 5); n > 0; n--) {
        unsigned all = choose(s, 16) == 1 ? COUNT(pieces) : usual;

        (void)strbuf_adds(out, pieces[choose(s, all)]);
    }
    (void)strbuf_addc(out, '"');
}

static void make_number(struct source *s, struct strbuf *out)
{
    static const char *const numbers[] = {
        "0",
        "-0",
        "7",
        "-1",
        "4294967296",
        "2147483648",
        "9007199254740991",
        "9007199254740992",
        "-9007199254740993",
        "18446744073709551615",
        "123456789012345",
        "1234567890123456",
        "0.5",
        "1e3",
        "-1.5E-3",
        "1E400",
        "1e-400",
        "0.1e+2",
        "1234567890123456789012345678901234567890123456789012345678901234567890",
        "01",
        "1.",
        "-",
    };

    (void)strbuf_adds(out, numbers[choose(s, COUNT(numbers))]);
}

static void make_key(struct source *s, struct strbuf *out)
{
    static const char *const keys[] = {
        "\"jsonrpc\"",  "\"id\"",           "\"method\"", "\"params\"", "\"result\"", "\"error\"",
        "\"\\u0069d\"", "\"meth\\u006fd\"", "\"file\"",   "\"mode\"",   "\"fd\"",     "\"as\"",
    };
    unsigned i = choose(s, COUNT(keys) + 4);

    if (i < COUNT(keys))
        (void)strbuf_adds(out, keys[i]);
    else
        make_string(s, out);
}

static void make_members(struct source *s, struct strbuf *out, unsigned depth, bool keyed)
{
    (void)strbuf_addc(out, keyed ? '{' : '[');
    for (unsigned n = choose(s, 5); n > 0; n--) {
        make_space(s, out);
        if (keyed) {
            make_key(s, out);
            (void)strbuf_addc(out, ':');
        }
        make_value(s, out, depth + 1);
        if (n > 1)
            (void)strbuf_addc(out, ',');
    }
    make_space(s, out);
    (void)strbuf_addc(out, keyed ? '}' : ']');
}

static void make_value(struct source *s, struct strbuf *out, unsigned depth)
{
    static const char *const words[] = {"null", "true", "false", "\"2.0\"", "nul"};

    make_space(s, out);
    switch (choose(s, depth < DEPTH_MAX ? 6 : 4)) {
    case 0:
        (void)strbuf_adds(out, words[choose(s, COUNT(words))]);
        break;
    case 1:
        make_number(s, out);
        break;
    case 2:
    case 3:
        make_string(s, out);
        break;
    default:
        make_members(s, out, depth, choose(s, 2) == 1);
        break;
    }
}

static void make_request(struct source *s, struct strbuf *out)
{
    static const char *const methods[] = {"\"SC_OPEN\"",        "\"SC_READ\"",
                                          "\"machine.create\"", "\"$/cancelRequest\"",
                                          "\"SC_PROC_EXEC\"",   "\"proc.\\u0074ree\""};

    (void)strbuf_adds(out, "{\"jsonrpc\":\"2.0\",\"method\":");
    (void)strbuf_adds(out, methods[choose(s, COUNT(methods))]);
    for (unsigned n = choose(s, 4); n > 0; n--) {
        static const char *const members[] = {"id", "params", "result", "other"};
        unsigned usual = choose(s, 2);

        (void)strbuf_addf(out, ",\"%s\":", members[n == 1 ? usual : choose(s, COUNT(members))]);
        if (n == 1 && usual == 1)
            make_members(s, out, 1, choose(s, 2) == 1);
        else
            make_value(s, out, 1);
    }
    (void)strbuf_addc(out, '}');
}

void make_json(const uint8_t *bytes, size_t size, struct strbuf *out)
{
    struct source s = {bytes, bytes + size};

    switch (choose(&s, 4)) {
    case 0:
        make_value(&s, out, 0);
        break;
    case 1:
        (void)strbuf_addc(out, '[');
        make_request(&s, out);
        (void)strbuf_addc(out, ',');
        make_value(&s, out, 1);
        (void)strbuf_addc(out, ']');
        break;
    default:
        make_request(&s, out);
        break;
    }
}
