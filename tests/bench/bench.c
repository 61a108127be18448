/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 7, ROUNDS_MAX = 101, NS_PER_S = 1000000000 };

uint64_t bench_now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

void bench_fail(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    exit(1);
}

/** ns of one operation. */
static double measure(bench_run_fn run, void *user, size_t count)
{
    uint64_t start = bench_now_ns();

    run(user, count);
    return (double)(bench_now_ns() - start) / (double)count;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), by_size);
    return values[count / 2];
}

/** Print a duration with a unit that fits, right-aligned. */
static void print_time(double ns)
{
    if (ns < 1e3)
        (void)printf("%9.1f ns", ns);
    else if (ns < 1e6)
        (void)printf("%9.2f µs", ns / 1e3);
    else
        (void)printf("%9.2f ms", ns / 1e6);
}

static void compare(const struct bench_work *w, size_t rounds)
{
    double ours[ROUNDS_MAX];
    double peer[ROUNDS_MAX];
    double ratio[ROUNDS_MAX];

    for (size_t i = 0; i < rounds; i++) {
        ours[i] = measure(w->ours, w->ours_user, w->count);
        peer[i] = measure(w->peer, w->peer_user, w->count);
        ratio[i] = ours[i] / peer[i];
    }
    (void)printf("%-38s", w->name);
    print_time(median(ours, rounds));
    print_time(median(peer, rounds));
    (void)printf("%9.2f", median(ratio, rounds)); /* sorts: the ends are the extremes */
    (void)printf("  (%.2f … %.2f)  %s\n", ratio[0], ratio[rounds - 1], w->goal);
    (void)fflush(stdout);
}

int bench_main(int argc, char **argv, const struct bench_work *works, size_t count)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;

    if (rounds < 1 || rounds > ROUNDS_MAX)
        bench_fail("usage: %s [ROUNDS], 1 to %d; each work runs that often, and the median counts",
                   argv[0], ROUNDS_MAX);
    (void)printf("%-38s%12s%12s%9s  (min … max)    goal\n", "work", "ours", "peer", "ratio");
    for (size_t i = 0; i < count; i++)
        compare(&works[i], rounds);
    return 0;
}
