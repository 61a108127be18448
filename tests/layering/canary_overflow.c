/* SPDX-License-Identifier: MIT */
/* Reads one byte past an allocation: AddressSanitizer must say so. */
#include <stdlib.h>

int main(void)
{
    volatile size_t past = 16;
    char *bytes = calloc(16, 1);
    int byte = bytes != NULL ? bytes[past] : 0;

    free(bytes);
    return byte;
}
