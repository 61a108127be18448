/* SPDX-License-Identifier: MIT */
#include "tests/contract/digest.h"

#include "fsdrivers/fs_ops.h"
#include "server/base/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

uint64_t digest_bytes(uint64_t hash, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * 0x100000001b3u;
    return hash;
}

uint64_t digest_stat(uint64_t hash, const struct fs_stat *st)
{
    const uint64_t facts[] = {st->mode, st->nlink, st->uid, st->gid,
                              S_ISDIR(st->mode) ? 0 : st->size};

    return digest_bytes(hash, facts, sizeof(facts));
}

int64_t digest_sum(const void *bytes, size_t len)
{
    return (int64_t)(digest_bytes(DIGEST_START, bytes, len) >> 1) | 1;
}

struct digest {
    struct fs *fs;
    const struct fs_caller *who;
    uint64_t sum; /* of all entries: their order does not matter */
    char path[FS_PATH_MAX + 1];
};

/** Add a piece of a file, and where it ends. */
static uint64_t add_piece(const struct digest *d, int64_t off, uint64_t hash)
{
    static char bytes[FS_IO_MAX];
    const int64_t got =
        d->fs->ops->read(d->fs, d->who, d->path, (struct fs_buf){bytes, FS_IO_MAX}, off, NULL);

    CHECK(got >= 0);
    off += got;
    return digest_bytes(digest_bytes(hash, bytes, (size_t)got), &off, sizeof(off));
}

static uint64_t add_content(const struct digest *d, const struct fs_stat *st, uint64_t hash)
{
    char target[FS_PATH_MAX] = "";

    if (S_ISLNK(st->mode)) {
        CHECK(d->fs->ops->readlink(d->fs, d->who, d->path, target, sizeof(target)) == 0);
        return digest_bytes(hash, target, strnlen(target, sizeof(target)));
    }
    if (!S_ISREG(st->mode))
        return hash;
    hash = add_piece(d, 0, hash);
    return st->size > FS_IO_MAX ? add_piece(d, (int64_t)st->size - FS_IO_MAX, hash) : hash;
}

/** Of fs_readdir_fn. */
static int add_entry(void *user, const char *name, const struct fs_stat *stat)
{
    struct digest *d = user;
    const size_t len = strlen(d->path);
    uint64_t hash = DIGEST_START;
    struct fs_stat st;
    int err = 0;

    (void)stat; /* a driver need not know it here */
    CHECK(len + strlen(name) + 2 < sizeof(d->path));
    (void)snprintf(d->path + len, sizeof(d->path) - len, "/%s", name);
    CHECK(d->fs->ops->getattr(d->fs, d->who, d->path, &st, NULL) == 0);
    hash = digest_stat(digest_bytes(hash, d->path, strlen(d->path)), &st);
    d->sum += add_content(d, &st, hash);
    if (S_ISDIR(st.mode))
        err = d->fs->ops->readdir(d->fs, d->who, d->path, add_entry, d, NULL);
    d->path[len] = '\0';
    return err;
}

uint64_t digest_tree(struct fs *fs, const struct fs_caller *who)
{
    struct digest d = {.fs = fs, .who = who};

    CHECK(fs->ops->readdir(fs, who, "/", add_entry, &d, NULL) == 0);
    return d.sum;
}
