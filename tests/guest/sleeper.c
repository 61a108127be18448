/* SPDX-License-Identifier: MIT */
/* A program that sleeps for some half an hour, over and over. */
#include <sc.h>

enum { LONG_TIME = 2000000000 };

int main(void)
{
    sc_printf("asleep\n");
    for (;;)
        (void)sc_usleep(LONG_TIME);
}
