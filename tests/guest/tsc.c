/* SPDX-License-Identifier: MIT */
/* Ask the processor for the time, which differs from run to run. */
#include <sc.h>

static unsigned long long read_tsc(void)
{
    unsigned low;
    unsigned high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (unsigned long long)high << 32 | low;
}

static unsigned long long read_tscp(unsigned *cpu)
{
    unsigned low;
    unsigned high;

    __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(*cpu));
    return (unsigned long long)high << 32 | low;
}

int main(void)
{
    unsigned cpu = 99;
    unsigned long long first = read_tsc();
    unsigned long long second = read_tscp(&cpu);

    sc_printf("tsc %u, then %u, processor %u\n", (unsigned)first, (unsigned)second, cpu);
    sc_usleep(1000);
    sc_printf("tsc %u\n", (unsigned)read_tsc());
    while (read_tsc() < 2000000) /* it moves even if nothing else does */
        continue;
    return 0;
}
