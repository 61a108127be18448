/* SPDX-License-Identifier: MIT */
#ifndef SERVER_BASE_BYTES_H
#define SERVER_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/** Whether all bytes are zero; true of none. */
static inline bool bytes_are_zero(const char *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

#endif
