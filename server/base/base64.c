/* SPDX-License-Identifier: MIT */
#include "server/base/base64.h"

#include <errno.h>
#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encoded_size(size_t len)
{
    return (len + 2) / 3 * 4;
}

void base64_encode(const void *in, size_t len, char *out)
{
    const unsigned char *p = in;

    for (; len >= 3; len -= 3, p += 3) {
        uint32_t bits = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        *out++ = alphabet[bits >> 6 & 63];
        *out++ = alphabet[bits & 63];
    }
    if (len > 0) {
        uint32_t bits = (uint32_t)p[0] << 16 | (len > 1 ? (uint32_t)p[1] << 8 : 0);

        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        *out++ = len > 1 ? alphabet[bits >> 6 & 63] : '=';
        *out = '=';
    }
}

/** The value of a character, -1 if it is not in the alphabet. */
static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

int base64_decode(const char *in, size_t len, void *out, size_t *out_len)
{
    unsigned char *p = out;
    size_t pad = 0;

    if (len % 4 != 0)
        return -EINVAL;
    while (pad < 2 && pad < len && in[len - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < len; i += 4) {
        uint32_t bits = 0;
        size_t chars = i + 4 == len ? 4 - pad : 4;

        for (size_t k = 0; k < 4; k++) {
            int v = k < chars ? value_of(in[i + k]) : 0;

            if (v < 0)
                return -EINVAL;
            bits = bits << 6 | (uint32_t)v;
        }
        if (chars < 4 && (bits & (chars == 3 ? 0xFFu : 0xFFFFu)) != 0)
            return -EINVAL;
        *p++ = (unsigned char)(bits >> 16);
        if (chars > 2)
            *p++ = (unsigned char)(bits >> 8);
        if (chars > 3)
            *p++ = (unsigned char)bits;
    }
    *out_len = (size_t)(p - (unsigned char *)out);
    return 0;
}
