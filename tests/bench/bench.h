/* SPDX-License-Identifier: MIT */
/*
 * Benchmarks are comparisons. Each work has two sides, ours and a peer's, which run alternately in one process;
 * the ratio of a round is what counts, and the median of several rounds is what is printed. Absolute
 * times depend on the machine and on who else uses it; they are printed for orientation.
 *
 *     work                           ours        peer       ratio  (min … max)      goal
 *     no-op call, x86_64         1.61 µs     3.02 µs         0.53  (0.51 … 0.58)    ≤ 0.75
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

/** One side of a comparison: do the work @count times. */
typedef void (*bench_run_fn)(void *user, size_t count);

struct bench_work {
    const char *name;
    const char *goal; /* what ours / peer shall be, for people; "" none */
    size_t count;     /* operations a round */
    bench_run_fn ours;
    void *ours_user;
    bench_run_fn peer;
    void *peer_user;
};

/** Run works and print a line each. Rounds: the first argument of the program, or 7. Returns 0. */
int bench_main(int argc, char **argv, const struct bench_work *works, size_t count);

/** A side that measures by itself. Returns ns. */
typedef double (*bench_value_fn)(void *user);

struct bench_value {
    const char *name;
    const char *goal;
    bench_value_fn ours;
    void *ours_user;
    bench_value_fn peer;
    void *peer_user;
};

/** The same of such sides, without a headline. */
int bench_values(int argc, char **argv, const struct bench_value *values, size_t count);

/** Monotonic time in ns. */
uint64_t bench_now_ns(void);

/** End the program with a sentence when a benchmark can't go on. */
_Noreturn void bench_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** bench_fail() unless @ok. */
#define BENCH_NEED(ok)                                                                             \
    do {                                                                                           \
        if (!(ok))                                                                                 \
            bench_fail("%s:%d: %s", __FILE__, __LINE__, #ok);                                      \
    } while (0)

#endif
