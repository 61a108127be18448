/* SPDX-License-Identifier: MIT */
/* Flags as the names of flags.def: the text of each stands ready, found by its bit or value. */
#include "server/rpc/kinds.h"

/** A name as a JSON string. */
struct word {
    const char *json;
    size_t len;
};

#define WORD(name)                                                                                 \
    {                                                                                              \
        "\"" #name "\"", sizeof(#name) + 1                                                         \
    }
#define MASK_WORD(group, name, value) [MASK_##group][__builtin_ctz(value)] = WORD(name),
#define VALUE_WORD(group, name, value) [VALUE_##group][value] = WORD(name),
#define NO_WORD(group, name, value)

/* By group and place of the bit. */
static const struct word mask_words[][32] = {
#define SC_FLAG(group, name, value, doc) WORD_##group(group, name, value)
#define WORD_FM MASK_WORD
#define WORD_MM MASK_WORD
#define WORD_RN MASK_WORD
#define WORD_FT NO_WORD
#define WORD_PS NO_WORD
#define WORD_FAIL NO_WORD
#include "schema/flags.def"
#undef WORD_FM
#undef WORD_MM
#undef WORD_RN
#undef WORD_FT
#undef WORD_PS
};

/* By group and value. */
static const struct word value_words[][32] = {
#define SC_FLAG(group, name, value, doc) WORD_##group(group, name, value)
#define WORD_FM NO_WORD
#define WORD_MM NO_WORD
#define WORD_RN NO_WORD
#define WORD_FT VALUE_WORD
#define WORD_PS VALUE_WORD
#include "schema/flags.def"
};

void put_mask(struct json_out *o, enum mask_group group, uint32_t mask)
{
    uint32_t unnamed = 0;

    out_open(o, '[');
    for (; mask != 0; mask &= mask - 1) {
        const struct word *word = &mask_words[group][__builtin_ctz(mask)];

        if (word->json != NULL)
            out_raw(o, word->json, word->len);
        else
            unnamed |= mask & -mask;
    }
    if (unnamed != 0)
        out_uint(o, unnamed);
    out_close(o, ']');
}

void put_value(struct json_out *o, enum value_group group, uint32_t value)
{
    const struct word *words = value_words[group];

    if (value < sizeof(value_words[0]) / sizeof(*words) && words[value].json != NULL)
        out_raw(o, words[value].json, words[value].len);
    else
        out_uint(o, value);
}
