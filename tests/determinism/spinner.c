/* SPDX-License-Identifier: MIT */
/* A guest that does nothing but YIELD, until somebody kills it. */
#include <sc.h>

int main(void)
{
    for (;;)
        (void)sc_yield();
}
