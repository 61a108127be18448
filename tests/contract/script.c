/* SPDX-License-Identifier: MIT */
#include "tests/contract/script.h"

#include <stdio.h>
#include <string.h>

enum { PATH_ROOM = 64, DEPTH_MAX = 3, REACH = 200000, PIECE_MAX = 70000, ENTRIES_MAX = 32 };

/* splitmix64 */
static uint64_t draw(struct script *s)
{
    uint64_t z = s->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t below(struct script *s, uint64_t bound)
{
    return draw(s) % bound;
}

static void draw_path(struct script *s, char *out)
{
    static const char *const names[] = {"a", "b", "c", "d\xff"};
    uint64_t depth = 1 + below(s, DEPTH_MAX);

    out[0] = '\0';
    while (depth-- > 0) {
        (void)strcat(out, "/");
        (void)strcat(out, names[below(s, 4)]);
    }
}

void script_init(struct script *s, uint64_t seed)
{
    *s = (struct script){.state = seed};
}

static int64_t do_write(struct script *s, struct bed *b, const char *path, struct fs_file *file)
{
    static char bytes[PIECE_MAX];
    size_t len = below(s, 3) == 0 ? (size_t)below(s, PIECE_MAX) : (size_t)below(s, 100);
    int64_t off = below(s, 2) == 0 ? (int64_t)below(s, 300) : (int64_t)below(s, REACH);

    if (below(s, 5) == 0)
        memset(bytes, 0, len);
    else
        fill(bytes, len, (unsigned)draw(s));
    return bed_write(b, path, bytes, len, off, file);
}

static int64_t do_names(struct script *s, struct bed *b, uint64_t which, const char *path)
{
    char other[PATH_ROOM];

    draw_path(s, other);
    switch (which) {
    case 0:
    case 1:
        return FS(mknod, path, S_IFREG | 0644);
    case 2:
        return FS(mkdir, path, 0755);
    case 3:
        return FS(unlink, path);
    case 4:
        return FS(rmdir, path);
    case 5:
        return FS(symlink, other, path);
    case 6:
        return FS(link, other, path);
    default:
        return FS(rename, path, other, (enum fs_rename_type)below(s, 3));
    }
}

static int64_t do_handle(struct script *s, struct bed *b, const char *path)
{
    uint64_t at = below(s, SCRIPT_HANDLES);
    struct fs_file *f = &s->files[at];
    int64_t result;

    if (!s->open[at]) {
        f->flags = FS_O_RDWR | (below(s, 2) == 0 ? FS_O_APPEND : 0u);
        result = FS(open, path, f);
        s->open[at] = result == 0;
        return result;
    }
    if (below(s, 3) > 0)
        return do_write(s, b, NULL, f);
    s->open[at] = false;
    return FS(close, NULL, f);
}

int64_t script_step(struct script *s, struct bed *b)
{
    uint64_t which = below(s, 16);
    char path[PATH_ROOM];

    draw_path(s, path);
    switch (which) {
    case 8:
    case 9:
        return do_write(s, b, path, NULL);
    case 10:
        return FS(truncate, path, below(s, REACH), NULL);
    case 11:
        return FS(chmod, path, (uint32_t)below(s, 01000), NULL);
    case 12:
        return FS(chown, path, (uint32_t)below(s, 9), (uint32_t)-1, NULL);
    case 13:
    case 14:
    case 15:
        return do_handle(s, b, path);
    default:
        return do_names(s, b, which, path);
    }
}

void script_done(struct script *s, struct bed *b)
{
    for (size_t i = 0; i < SCRIPT_HANDLES; i++) {
        if (s->open[i])
            IS(FS(close, NULL, &s->files[i]), 0);
        s->open[i] = false;
    }
}

/* ---- Digests ---- */

struct digest {
    struct bed *b;
    uint64_t sum; /* of all entries: their order does not matter */
    char path[PATH_ROOM * DEPTH_MAX];
};

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t mix_content(struct bed *b, const char *path, uint32_t mode, uint64_t hash)
{
    static char bytes[FS_IO_MAX];
    int64_t got;

    if (S_ISLNK(mode)) {
        memset(bytes, 0, PATH_ROOM);
        IS(FS(readlink, path, bytes, PATH_ROOM), 0);
        return mix(hash, bytes, PATH_ROOM);
    }
    if (!S_ISREG(mode))
        return hash;
    got = bed_read(b, path, bytes, sizeof(bytes), 0, NULL);
    cr_assert(got >= 0 && got < (int64_t)sizeof(bytes));
    return mix(hash, bytes, (size_t)got);
}

static int digest_entry(void *user, const char *name, const struct fs_stat *stat)
{
    struct digest *d = user;
    struct bed *b = d->b;
    size_t len = strlen(d->path);
    uint64_t hash = 0xcbf29ce484222325u;
    struct fs_stat st;
    int err = 0;

    cr_assert(len + strlen(name) + 2 < sizeof(d->path));
    (void)snprintf(d->path + len, sizeof(d->path) - len, "/%s", name);
    st = stat != NULL ? *stat : stat_of(b, d->path);
    hash = mix(hash, d->path, strlen(d->path));
    hash = mix(hash, (const uint64_t[]){st.mode, st.nlink, st.uid, st.gid, st.size},
               5 * sizeof(uint64_t));
    d->sum += mix_content(b, d->path, st.mode, hash);
    if (S_ISDIR(st.mode))
        err = FS(readdir, d->path, digest_entry, d, NULL);
    d->path[len] = '\0';
    return err;
}

uint64_t tree_digest(struct bed *b)
{
    struct digest d = {.b = b};

    IS(FS(readdir, "/", digest_entry, &d, NULL), 0);
    return d.sum;
}
