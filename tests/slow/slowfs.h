/* SPDX-License-Identifier: MIT */
/*
 * A filesystem over another one, whose slots would have to wait: at random, or always. What they answer is
 * what the other one answers, so everything that is tested without it must hold with it.
 */
#ifndef TESTS_SLOW_SLOWFS_H
#define TESTS_SLOW_SLOWFS_H

#include "fsdrivers/fsdriver.h"

#include <stdatomic.h>

struct slow_plan {
    unsigned percent; /* of the slots would wait; of 100 all */
    uint64_t seed;    /* of which */
    /** Called on the worker before a slot is carried out, to make it take its time. @interrupted is set when
     * the instance is interrupted. Returns 0; a negative errno, which the slot answers. Or NULL. */
    int (*on_worker)(void *user, atomic_bool *interrupted);
    void (*on_interrupt)(void *user); /* called for each interruption; or NULL */
    void *user;
    atomic_uint waited; /* slots so far that would have waited */
};

/**
 * Put one over an instance.
 * @plan     borrowed as long as the instance.
 * @inner    taken.
 * Returns   it; NULL without memory, and @inner is not taken then.
 */
struct fs *slowfs_over(struct slow_plan *plan, struct fs *inner);

/** Destroy an instance that is over none. */
void slowfs_drop(struct fs *inner);

#endif
