/* SPDX-License-Identifier: MIT */
/* The characters of JSON, for json.c and json_read.c. */
#ifndef SERVER_BASE_JSON_CHARS_H
#define SERVER_BASE_JSON_CHARS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool json_is_space(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}

static inline bool json_is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

/** The value of a hexadecimal digit, or -1. */
static inline int json_hex_value(char ch)
{
    if (json_is_digit(ch))
        return ch - '0';
    if (ch >= 'a' && ch <= 'f')
        return ch - 'a' + 10;
    return ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : -1;
}

/** The four hexadecimal digits at @p, or -1. */
static inline int32_t json_hex4(const char *p, const char *end)
{
    int32_t unit = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = json_hex_value(p[i]);

        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

#endif
