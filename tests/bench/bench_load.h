/* SPDX-License-Identifier: MIT */
/*
 * A client that asks the same thing over some connections, with some requests in flight on each.
 *
 *     struct load *l = load_open(&server, 16, 16);
 *     load_run(l, 100000);                      until so many are answered; none is in flight then
 *     load_close(l);
 */
#ifndef TESTS_BENCH_BENCH_LOAD_H
#define TESTS_BENCH_BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>

/** Whom to ask what. */
struct load_server {
    const char *socket;
    const char *request;
    unsigned lines; /* line ends of an answer: how answers are told apart */
};

struct load;

/** @server borrowed. Returned; load_close(). */
struct load *load_open(const struct load_server *server, unsigned conns, unsigned depth);
void load_close(struct load *l);

void load_run(struct load *l, size_t count);

/**
 * Ask one at a time on the first connection, with a pause between, so that the times are those of random
 * moments, and not of the moments when answers are quick.
 * @ns       for how long, and @count how often at most.
 * @times    gets how long each took, in ns.
 * Returns   how many were asked.
 */
size_t load_time(struct load *l, uint64_t ns, size_t count, uint64_t *times);

/** Ask for ever, from a process of its own, and count answers. */
struct load_greedy;
struct load_greedy *load_greedy_start(const struct load_server *server, unsigned conns,
                                      unsigned depth);

/** Answers so far. */
uint64_t load_greedy_count(const struct load_greedy *g);
void load_greedy_stop(struct load_greedy *g);

#endif
