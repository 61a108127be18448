/* SPDX-License-Identifier: MIT */
/* Flags as the names of flags.def: a table of ready texts by bit or value. */
#include "server/rpc/codec/kinds.h"

#include <string.h>

/** A name as a JSON string, of a size that is copied at once. */
struct word {
    char json[15];
    unsigned char len; /* 0: none */
};

#define WORD(name)                                                                                 \
    {                                                                                              \
        "\"" #name "\"", sizeof(#name) + 1                                                         \
    }
enum { WORDS = 32 }; /* of a group: bits, and values below that */

/* By group, and by place of the bit or by value. */
static const struct word words[][WORDS] = {
#define SC_FLAG(group, name, value, doc) WORD_##group(group, name, value)
#define MASK_WORD(group, name, value) [SC_JSON_##group][__builtin_ctz(value)] = WORD(name),
#define CHOICE_WORD(group, name, value) [SC_JSON_##group][value] = WORD(name),
#define WORD_FM MASK_WORD
#define WORD_MM MASK_WORD
#define WORD_RN MASK_WORD
#define WORD_FT CHOICE_WORD
#define WORD_PS CHOICE_WORD
#define WORD_FAIL(group, name, value)
#include "schema/flags.def"
};

void put_mask(struct json_out *o, enum sc_json group, uint32_t mask)
{
    char text[1 + WORDS * (sizeof(struct word) + 1)];
    char *at = text;
    uint32_t unnamed = 0;

    *at++ = '[';
    for (; mask != 0; mask &= mask - 1) {
        const struct word *word = &words[group][__builtin_ctz(mask)];

        if (word->len == 0) {
            unnamed |= mask & -mask;
            continue;
        }
        memcpy(at, word, sizeof(*word));
        at += word->len;
        *at++ = ',';
    }
    if (unnamed == 0) {
        at -= at[-1] == ',';
        *at++ = ']';
        out_raw(o, text, (size_t)(at - text));
        return;
    }
    out_raw(o, text, (size_t)(at - text));
    o->comma = false;
    out_uint(o, unnamed);
    out_close(o, ']');
}

void put_choice(struct json_out *o, enum sc_json group, uint32_t value)
{
    const struct word *word = value < WORDS ? &words[group][value] : NULL;

    if (word != NULL && word->len > 0)
        out_raw(o, word->json, word->len);
    else
        out_uint(o, value);
}
