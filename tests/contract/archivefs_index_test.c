/* SPDX-License-Identifier: MIT */
/* What the daemon makes of a helper's words: the index, its limits, and words that are none. */
#include "fsdrivers/archivefs/take.h"
#include "fsdrivers/archivefs/wire.h"
#include "tests/contract/bed.h"

#include <stdio.h>
#include <string.h>

struct world {
    struct bed bed;
    struct index ix;
    struct take t;
};

static void begin(struct world *w)
{
    bed_init(&w->bed, "ramfs");
    IS(index_new(&w->bed.env, &w->ix), 0);
    take_init(&w->t, &w->ix);
    index_begin(&w->ix);
}

static void end(struct world *w)
{
    take_done(&w->t);
    index_done(&w->ix);
    IS(w->bed.taken, 0);
    bed_done(&w->bed);
}

/** A record in static memory, good until the next one. */
static struct wire_entry *record(uint32_t mode, uint32_t flags, const char *path,
                                 const char *target)
{
    static _Alignas(8) char bytes[WIRE_PACKET_MAX];
    struct wire_entry *e = (void *)bytes;

    memset(bytes, 0, sizeof(*e) + strlen(path) + strlen(target) + 8);
    e->flags = flags;
    e->mode = mode;
    e->path_len = (uint32_t)strlen(path);
    e->target_len = (uint32_t)strlen(target);
    e->size = (uint32_t)(sizeof(*e) + e->path_len + e->target_len + 7) / 8 * 8;
    memcpy(bytes + sizeof(*e), path, e->path_len);
    memcpy(bytes + sizeof(*e) + e->path_len, target, e->target_len);
    return e;
}

static int put(struct world *w, uint32_t mode, const char *path)
{
    struct wire_entry *e = record(mode, 0, path, "");

    return take_records(&w->t, e, e->size);
}

static bool has(const struct world *w, const char *path)
{
    uint32_t name;

    return index_walk(&w->ix, path, &name) == 0;
}

Test(archivefs_index, records_that_are_none_EPROTO)
{
    struct world w;
    struct wire_entry *e = record(S_IFREG | 0644, 0, "name", "");

    begin(&w);
    IS(take_records(&w.t, e, e->size), 0);
    IS(take_records(&w.t, e, e->size - 8), -EPROTO);
    IS(take_records(&w.t, e, 0), 0);
    IS(take_records(&w.t, e, 8), -EPROTO);
    e->size = 0;
    IS(take_records(&w.t, e, sizeof(*e) + 8), -EPROTO);
    e->size = (uint32_t)sizeof(*e) + 4;
    IS(take_records(&w.t, e, sizeof(*e) + 8), -EPROTO);
    e->size = (uint32_t)sizeof(*e) + 8;
    e->path_len = 9;
    IS(take_records(&w.t, e, sizeof(*e) + 8), -EPROTO);
    e->path_len = UINT32_MAX;
    e->target_len = UINT32_MAX;
    IS(take_records(&w.t, e, sizeof(*e) + 8), -EPROTO);
    e->path_len = 4;
    e->target_len = 5;
    IS(take_records(&w.t, e, sizeof(*e) + 8), -EPROTO);
    e->target_len = 1; /* a NUL */
    IS(take_records(&w.t, e, sizeof(*e) + 8), -EPROTO);
    end(&w);
}

Test(archivefs_index, long_names_are_left_out)
{
    struct world w;
    static char path[FS_PATH_MAX + 300];

    begin(&w);
    memset(path, 'n', FS_NAME_MAX + 1);
    IS(put(&w, S_IFREG | 0644, path), 0);
    IS(w.t.left_out, 1);
    path[FS_NAME_MAX] = '\0';
    IS(put(&w, S_IFREG | 0644, path), 0);
    IS(w.t.left_out, 1);
    /* 16 components of 255 bytes with their slashes are 4096 bytes; the archive's name has no first slash */
    for (int i = 0; i < 16; i++) {
        memset(path + i * 256, 'p', 255);
        path[i * 256 + 255] = i < 15 ? '/' : '\0';
    }
    IS(put(&w, S_IFREG | 0644, path), 0);
    IS(w.t.left_out, 2);
    path[15 * 256 + 254] = '\0';
    IS(put(&w, S_IFREG | 0644, path), 0);
    IS(w.t.left_out, 2);
    end(&w);
}

Test(archivefs_index, deep_names_are_left_out)
{
    struct world w;
    char path[2 * TAKE_DEPTH_MAX + 3] = "";

    begin(&w);
    for (int i = 0; i < TAKE_DEPTH_MAX; i++)
        memcpy(path + 2 * i, "d/", 3);
    IS(put(&w, S_IFDIR | 0755, path), 0);
    IS(w.t.left_out, 0);
    IS(w.ix.named, TAKE_DEPTH_MAX);
    memcpy(path + 2 * TAKE_DEPTH_MAX, "d", 2);
    IS(put(&w, S_IFDIR | 0755, path), 0);
    IS(w.t.left_out, 1);
    IS(put(&w, S_IFREG | 0644, "d"), 0); /* and all of it goes at once */
    IS(w.ix.named, 1);
    end(&w);
}

Test(archivefs_index, files_that_are_none_are_left_out)
{
    struct world w;
    struct wire_entry *e;
    static char target[FS_PATH_MAX + 2];

    begin(&w);
    IS(put(&w, 0, "x"), 0);
    IS(put(&w, 0170000, "x"), 0);
    IS(put(&w, S_IFREG | 0200000 | 0644, "x"), 0);
    IS(put(&w, S_IFLNK | 0777, "x"), 0);
    memset(target, 't', FS_PATH_MAX + 1);
    e = record(S_IFLNK | 0777, 0, "x", target);
    IS(take_records(&w.t, e, e->size), 0);
    e = record(S_IFREG | 0644, 0, "x", "");
    e->bytes = (uint64_t)INT64_MAX + 1;
    IS(take_records(&w.t, e, e->size), 0);
    IS(w.t.left_out, 6);
    cr_assert(!has(&w, "/x"));
    e->bytes = INT64_MAX;
    IS(take_records(&w.t, e, e->size), 0);
    target[FS_PATH_MAX] = '\0';
    e = record(S_IFLNK | 0777, 0, "y", target);
    IS(take_records(&w.t, e, e->size), 0);
    e = record(S_IFREG | 0644, 0, "z", "");
    e->bytes = INT64_MAX;
    IS(take_records(&w.t, e, e->size), 0);
    IS(w.t.left_out, 6);
    IS(index_bytes(&w.ix), INT64_MAX);
    end(&w);
}

Test(archivefs_index, names_have_a_number)
{
    struct world w;
    int err = 0;

    begin(&w);
    for (int i = 0; err == 0 && i < INDEX_NAMES_MAX; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "d%d/%d", i % 1024, i / 1024);
        err = put(&w, S_IFREG | 0644, name);
    }
    IS(err, -ENOSPC); /* with the directories */
    IS(w.ix.named, INDEX_NAMES_MAX);
    cr_assert(has(&w, "/d1023/1"));
    end(&w);
}

Test(archivefs_index, hard_links_that_wait_have_a_limit)
{
    struct world w;
    struct wire_entry *e;
    uint32_t count = 0;
    int err = 0;

    begin(&w);
    e = record(S_IFREG | 0644, WIRE_HARDLINK, "x", "missing");
    while (err == 0) {
        err = take_records(&w.t, e, e->size);
        count += err == 0;
    }
    IS(err, -ENOSPC);
    cr_assert(count <= TAKE_LINKS_MAX / e->size && count >= TAKE_LINKS_MAX / e->size - 1);
    end(&w);
}

/** A later layer removes names, and its own names stay. */
Test(archivefs_index, whiteouts)
{
    struct world w;
    struct wire_entry *e;

    begin(&w);
    IS(put(&w, S_IFREG | 0644, "a/one"), 0);
    IS(put(&w, S_IFREG | 0644, "a/two"), 0);
    IS(put(&w, S_IFREG | 0644, "b/c/old"), 0);
    IS(put(&w, S_IFREG | 0644, "b/d/old"), 0);
    IS(put(&w, S_IFREG | 0644, "b/old"), 0);
    index_begin(&w.ix);
    e = record(0, WIRE_WHITEOUT, "a/one", "");
    IS(take_records(&w.t, e, e->size), 0);
    e = record(0, WIRE_WHITEOUT, "missing/one", "");
    IS(take_records(&w.t, e, e->size), 0);
    IS(put(&w, S_IFREG | 0644, "b/c/new"), 0);
    e = record(0, WIRE_OPAQUE, "b", "");
    IS(take_records(&w.t, e, e->size), 0);
    cr_assert(!has(&w, "/a/one") && has(&w, "/a/two"));
    cr_assert(has(&w, "/b/c/new") && !has(&w, "/b/c/old") && !has(&w, "/b/old") &&
              !has(&w, "/b/d"));
    IS(put(&w, S_IFREG | 0644, "a/one"), 0);
    e = record(0, WIRE_WHITEOUT, "a/one", ""); /* of this layer: whiteouts are of those below */
    IS(take_records(&w.t, e, e->size), 0);
    cr_assert(has(&w, "/a/one"));
    end(&w);
}

/** What was swept once in a layer is not swept again, but in the next one. */
Test(archivefs_index, whiteouts_again)
{
    struct world w;
    const char *const swept[] = {"b/c", "b", "b/c", "b", ""};

    begin(&w);
    IS(put(&w, S_IFREG | 0644, "b/c/old"), 0);
    IS(put(&w, S_IFREG | 0644, "b/old"), 0);
    IS(put(&w, S_IFREG | 0644, "old"), 0);
    for (int layer = 0; layer < 2; layer++) {
        index_begin(&w.ix);
        IS(put(&w, S_IFREG | 0644, layer == 0 ? "b/c/first" : "b/c/second"), 0);
        for (size_t i = 0; i < sizeof(swept) / sizeof(swept[0]); i++) {
            struct wire_entry *e = record(0, WIRE_OPAQUE, swept[i], "");

            IS(take_records(&w.t, e, e->size), 0);
            cr_assert(!has(&w, "/b/c/old") && has(&w, "/b/old") == (layer == 0 && i == 0));
            cr_assert(has(&w, "/old") == (layer == 0 && i < 4));
        }
        cr_assert(has(&w, "/b/c/first") == (layer == 0) && has(&w, "/b/c/second") == (layer == 1));
    }
    end(&w);
}
