/* SPDX-License-Identifier: MIT */
#include "server/base/utf8.h"

/** Length of the sequence a lead byte starts, 0 when it starts none. */
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

/** Whether the second byte is in the range its lead byte allows (RFC 3629 section 4). */
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

size_t utf8_valid_len(const char *ptr, size_t len)
{
    const unsigned char *p = (const unsigned char *)ptr;
    const unsigned char *end = p + len;

    while (p < end) {
        size_t n = sequence_len(*p);

        if (n == 0 || n > (size_t)(end - p))
            break;
        if (n > 1 && !second_ok(p[0], p[1]))
            break;
        if ((n > 2 && (p[2] & 0xC0) != 0x80) || (n > 3 && (p[3] & 0xC0) != 0x80))
            break;
        p += n;
    }
    return (size_t)(p - (const unsigned char *)ptr);
}

bool utf8_valid(const char *ptr, size_t len)
{
    return utf8_valid_len(ptr, len) == len;
}
