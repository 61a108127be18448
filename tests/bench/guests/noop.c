/* SPDX-License-Identifier: MIT */
/* As many calls that do nothing as BENCH_CALLS says. */
#include <sc.h>

int main(void)
{
    for (long i = 0; i < BENCH_CALLS; i++)
        (void)sc_call(SC_ERRNO, 0, 0, 0, 0, 0);
    return 0;
}
