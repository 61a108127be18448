/* SPDX-License-Identifier: MIT */
/*
 * What a helper that was taken over may say: its records make an index, or are refused; the index is a sound
 * tree in either case, and all memory comes back.
 */
#include "fsdrivers/archivefs/take.h"
#include "fsdrivers/archivefs/wire.h"
#include "server/base/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t taken;
static uint64_t room;

static void random_bytes(void *user, void *buf, size_t len)
{
    (void)user;
    memset(buf, 7, len);
}

static bool take(void *user, uint64_t bytes)
{
    (void)user;
    if (bytes > room - taken)
        return false;
    taken += bytes;
    return true;
}

static void give(void *user, uint64_t bytes)
{
    (void)user;
    CHECK(bytes <= taken);
    taken -= bytes;
}

static const struct fs_env env = {.random = random_bytes, .take = take, .give = give};

/** Check the names in a directory. Returns how many there are, with those below. */
static uint32_t check_dir(const struct index *ix, uint32_t dir)
{
    const struct index_file *f = index_file_at(ix, index_name_at(ix, dir)->file);
    uint32_t links = 2;
    uint32_t count = 0;
    uint32_t last = INDEX_NONE;

    CHECK(index_is_dir(f) && f->name == dir);
    for (uint32_t at = index_name_at(ix, dir)->first; at != INDEX_NONE;) {
        const struct index_name *n = index_name_at(ix, at);
        const struct fsname name = {(const char *)ix->text.ptr + n->text, n->len};
        const struct index_file *of = index_file_at(ix, n->file);

        CHECK(n->parent == dir && n->prev == last && n->len > 0 && n->len <= FS_NAME_MAX);
        CHECK(memchr(name.ptr, '/', name.len) == NULL && memchr(name.ptr, '\0', name.len) == NULL);
        CHECK(index_find(ix, dir, name) == at && of->stat.nlink > 0);
        count++;
        if (index_is_dir(of)) {
            links++;
            count += check_dir(ix, at);
        }
        last = at;
        at = n->next;
    }
    CHECK(index_name_at(ix, dir)->last == last && f->stat.nlink == links);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size + 1); /* exact, so that a read past it is seen; aligned */
    struct index ix;
    struct index copy;
    struct take t;
    int err;

    CHECK(bytes != NULL && taken == 0);
    room = size > 0 && data[0] % 8 == 7 ? 20000 : 1 << 20; /* sometimes there is little */
    CHECK(index_new(&env, &ix) == 0);
    take_init(&t, &ix);
    for (int layer = 0; layer < 2; layer++) { /* the same over itself */
        index_begin(&ix);
        if (size > 0)
            memcpy(bytes, data, size);
        err = take_records(&t, bytes, size);
        CHECK(err == 0 || err == -EPROTO || err == -ENOSPC);
        if (err == 0)
            err = take_finish(&t);
        CHECK(err == 0 || err == -EPROTO || err == -ENOSPC);
        CHECK(check_dir(&ix, INDEX_ROOT) == ix.named);
        (void)index_bytes(&ix);
    }
    if (index_copy(&ix, &copy) == 0) {
        CHECK(check_dir(&copy, INDEX_ROOT) == ix.named);
        index_done(&copy);
    }
    take_done(&t);
    index_done(&ix);
    free(bytes);
    CHECK(taken == 0);
    return 0;
}
