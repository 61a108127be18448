/* SPDX-License-Identifier: MIT */
/* Random numbers generated from a seed. */
#ifndef SERVER_KERNEL_RANDOM_H
#define SERVER_KERNEL_RANDOM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * The next number of a stream, the same on every host.
 * @state    the stream; every initial value is a valid seed.
 * Source    the splitmix64 generator.
 */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/** Make the next numbers of a stream depend on bytes, too. */
static inline void random_mix(uint64_t *state, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        uint64_t word = 0;
        size_t n = len < sizeof(word) ? len : sizeof(word);

        memcpy(&word, at, n);
        *state ^= word;
        *state = random_next(state);
        at += n;
        len -= n;
    }
}

/** Fill with the next bytes of a stream. */
static inline void random_fill(uint64_t *state, void *buf, size_t len)
{
    char *at = buf;

    while (len > 0) {
        uint64_t r = random_next(state);
        size_t n = len < sizeof(r) ? len : sizeof(r);

        memcpy(at, &r, n);
        at += n;
        len -= n;
    }
}

#endif
