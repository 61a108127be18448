/* SPDX-License-Identifier: MIT */
/* Forgets an allocation: LeakSanitizer must say so. */
#include <stdlib.h>

static void *volatile kept;

int main(void)
{
    kept = malloc(16);
    kept = NULL;
    return 0;
}
