/* SPDX-License-Identifier: MIT */
#include "server/base/utf8.h"

#include <string.h>

/** The length of the sequence that @lead begins, 0 if it begins none. */
static size_t sequence_len(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 3;
    if (lead >= 0xF0 && lead <= 0xF4)
        return 4;
    return 0;
}

/** Whether the second byte is in the range that its lead byte allows (RFC 3629 section 4). */
static bool second_ok(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= 0x9F;
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return (second & 0xC0) == 0x80;
    }
}

size_t utf8_sequence(const char *ptr, size_t left)
{
    const unsigned char *p = (const unsigned char *)ptr;
    size_t n = left > 0 ? sequence_len(*p) : 0;

    if (n < 2)
        return n;
    if (n > left || !second_ok(p[0], p[1]) || (n > 2 && (p[2] & 0xC0) != 0x80) ||
        (n > 3 && (p[3] & 0xC0) != 0x80))
        return 0;
    return n;
}

size_t utf8_encode(uint32_t c, char *out)
{
    const size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};

    for (size_t i = len; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(leads[len] | c);
    return len;
}

/** The number of leading ASCII bytes in whole words; up to seven more may follow. */
static size_t ascii_words(const char *ptr, size_t len)
{
    const uint64_t high_bits = UINT64_MAX / 0xFF * 0x80;
    uint64_t word;
    size_t at = 0;

    for (; len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, ptr + at, sizeof(word));
        if ((word & high_bits) != 0)
            break;
    }
    return at;
}

size_t utf8_valid_len(const char *ptr, size_t len)
{
    size_t at = ascii_words(ptr, len);
    size_t n;

    while ((n = utf8_sequence(ptr + at, len - at)) > 0) {
        at += n;
        if (n == 1 && at < len && (ptr[at] & 0x80) == 0) /* ASCII comes in runs */
            at += ascii_words(ptr + at, len - at);
    }
    return at;
}

bool utf8_valid(const char *ptr, size_t len)
{
    return utf8_valid_len(ptr, len) == len;
}

size_t utf8_char_size(char first)
{
    const unsigned char lead = (unsigned char)first;

    if (lead < 0x80)
        return 1;
    return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
}

unsigned utf8_code_point(const char *ptr)
{
    static const unsigned char lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    const unsigned char *p = (const unsigned char *)ptr;
    const size_t size = utf8_char_size(*ptr);
    unsigned code = p[0] & lead_bits[size];

    for (size_t i = 1; i < size; i++)
        code = code << 6 | (p[i] & 0x3FU);
    return code;
}

size_t utf8_hex_at(const char *ptr, size_t len)
{
    static const struct {
        unsigned first;
        unsigned last;
    } hidden[] = {
        {0x80, 0x9F},     {0x61C, 0x61C},   /* C1; the Arabic letter mark */
        {0x200E, 0x200F}, {0x2028, 0x202E}, /* direction marks; separators, embeddings */
        {0x2066, 0x2069},                   /* isolates */
    };
    const unsigned char *p = (const unsigned char *)ptr;
    const size_t size = utf8_char_size(*ptr);
    unsigned code;

    if ((*p < ' ' && *p != '\t') || *p == 0x7F || size > len || !utf8_valid(ptr, size))
        return 1;
    code = utf8_code_point(ptr);
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (code >= hidden[i].first && code <= hidden[i].last)
            return size;
    }
    return 0;
}
