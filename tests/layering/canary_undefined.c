/* SPDX-License-Identifier: MIT */
/* Overflows a signed integer: UndefinedBehaviorSanitizer must say so. */
#include <limits.h>

int main(void)
{
    volatile int most = INT_MAX;

    return most + 1 == 0;
}
