/* SPDX-License-Identifier: MIT */
/*
 * Tests of unionfs with layers that have something.
 *
 *     UNION(name)
 *     {
 *         put_file(base, "/f", "x", 1);     the lower layer, a bed without the union
 *         layers_open(b);                   from here on it must not change
 *         IS(FS(unlink, "/f"), 0);          the union
 *     }
 */
#ifndef TESTS_CONTRACT_LAYERS_H
#define TESTS_CONTRACT_LAYERS_H

#include "tests/contract/script.h"

/** Call a slot of a layer. */
#define L(layer, slot, ...) (layer)->fs->ops->slot((layer)->fs, &(layer)->who, __VA_ARGS__)

#define UNION(name)                                                                                \
    static void name(struct bed *b);                                                               \
    Test(unionfs, layers_##name)                                                                   \
    {                                                                                              \
        layers_run(name);                                                                          \
    }                                                                                              \
    static void name(struct bed *b)

typedef void (*layers_fn)(struct bed *b);

/** The layers of the test, each alone. */
extern struct bed *const top;
extern struct bed *const base;

/** Run a test in a bed of two empty layers; check that what layers_open() saw has not changed. */
void layers_run(layers_fn body);

/** Open the union. */
void layers_open(struct bed *b);

/** A bed for a layer alone. */
struct bed layers_bed(const struct bed *b, unsigned layer);

/** Another layer below the others, with a file. @name static. */
struct bed layers_add(struct bed *b, const char *name, const char *file);

/** Let a layer be a filesystem of another driver, in a bed of its own, @store: static, or done by bed_done() after the
 * union's. */
void layers_use_store(struct bed *b, unsigned layer, struct bed *store, const char *driver);

/** A new top, before the union is opened. */
void layers_replace_top(struct bed *b, const char *opts);

#endif
