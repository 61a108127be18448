/* SPDX-License-Identifier: MIT */
#include "tests/contract/layers.h"
#include "tests/contract/digest.h"

#include "fsdrivers/registry.h"

#include <stdio.h>

static struct bed top_bed;
static struct bed base_bed;
struct bed *const top = &top_bed;
struct bed *const base = &base_bed;

static struct bed *extra; /* of layers_use_store() */

/* What the lower layers had, as of layers_open(); 0: not opened by it. */
static uint64_t digests[BED_LAYERS];

struct bed layers_bed(const struct bed *b, unsigned layer)
{
    struct bed own = *b;

    own.fs = b->layer[layer].fs;
    own.driver = b->layer[layer].name;
    return own;
}

void layers_open(struct bed *b)
{
    for (unsigned i = 1; i < b->layers; i++) {
        struct bed layer = layers_bed(b, i);

        digests[i] = digest_tree(layer.fs, &layer.who);
    }
    IS(bed_open(b, NULL), 0);
}

struct bed layers_add(struct bed *b, const char *name, const char *file)
{
    char path[64];
    struct bed layer;

    (void)bed_add_layer(b, name, NULL);
    layer = layers_bed(b, b->layers - 1);
    (void)snprintf(path, sizeof(path), "%s%s", file[0] == '/' ? "" : "/", file);
    put_file(&layer, path, "", 0);
    return layer;
}

void layers_use_store(struct bed *b, unsigned layer, struct bed *store, const char *driver)
{
    bed_init(store, driver);
    IS(bed_open(store, NULL), 0);
    b->layer[layer].fs->ops->destroy(b->layer[layer].fs, &b->why);
    b->layer[layer].fs = store->fs;
    store->fs = NULL; /* it ends with the layers */
    extra = store;
    if (layer == 0)
        top_bed = layers_bed(b, 0);
}

void layers_replace_top(struct bed *b, const char *opts)
{
    const struct fs_open req = {.opts = opts, .env = &b->env, .why = &b->why};

    b->layer[0].fs->ops->destroy(b->layer[0].fs, NULL);
    IS(registry_open("ramfs", &req, &b->layer[0].fs), 0);
    top_bed = layers_bed(b, 0);
}

void layers_run(layers_fn body)
{
    struct bed b;

    bed_init(&b, "unionfs");
    top_bed = layers_bed(&b, 0);
    base_bed = layers_bed(&b, 1);
    for (unsigned i = 0; i < BED_LAYERS; i++)
        digests[i] = 0;
    body(&b);
    for (unsigned i = 1; i < b.layers; i++) {
        struct bed layer = layers_bed(&b, i);

        if (digests[i] != 0)
            cr_assert(digest_tree(layer.fs, &layer.who) == digests[i], "layer %s has changed",
                      layer.driver);
    }
    bed_done(&b);
    if (extra != NULL)
        bed_done(extra);
}
