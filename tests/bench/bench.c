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

/** What the rounds of a comparison measured. */
struct rounds {
    size_t count;
    double ours[ROUNDS_MAX];
    double peer[ROUNDS_MAX];
};

static void report(const char *name, const char *goal, struct rounds *r)
{
    double ratio[ROUNDS_MAX];

    for (size_t i = 0; i < r->count; i++)
        ratio[i] = r->ours[i] / r->peer[i];
    (void)printf("%-38s", name);
    print_time(median(r->ours, r->count));
    print_time(median(r->peer, r->count));
    (void)printf("%9.2f", median(ratio, r->count)); /* sorts: the ends are the extremes */
    (void)printf("  (%.2f … %.2f)  %s\n", ratio[0], ratio[r->count - 1], goal);
    (void)fflush(stdout);
}

static size_t count_rounds(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;

    if (rounds < 1 || rounds > ROUNDS_MAX)
        bench_fail("usage: %s [ROUNDS], 1 to %d; each work runs that often, and the median counts",
                   argv[0], ROUNDS_MAX);
    return rounds;
}

int bench_main(int argc, char **argv, const struct bench_work *works, size_t count)
{
    struct rounds r = {.count = count_rounds(argc, argv)};

    (void)printf("%-38s%12s%12s%9s  (min … max)    goal\n", "work", "ours", "peer", "ratio");
    for (const struct bench_work *w = works; w < works + count; w++) {
        for (size_t i = 0; i < r.count; i++) {
            r.ours[i] = measure(w->ours, w->ours_user, w->count);
            r.peer[i] = measure(w->peer, w->peer_user, w->count);
        }
        report(w->name, w->goal, &r);
    }
    return 0;
}

int bench_values(int argc, char **argv, const struct bench_value *values, size_t count)
{
    struct rounds r = {.count = count_rounds(argc, argv)};

    for (const struct bench_value *v = values; v < values + count; v++) {
        for (size_t i = 0; i < r.count; i++) {
            r.ours[i] = v->ours(v->ours_user);
            r.peer[i] = v->peer(v->peer_user);
        }
        report(v->name, v->goal, &r);
    }
    return 0;
}
