/* SPDX-License-Identifier: MIT */
#include "fsdrivers/archivefs/take.h"

#include "fsdrivers/archivefs/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/** A record with its strings. */
struct record {
    const struct wire_entry *at;
    struct fsname path;
    struct fsname target;
};

void take_init(struct take *t, struct index *ix)
{
    *t = (struct take){.ix = ix, .links = STRBUF_INIT};
    t->links.max = TAKE_LINKS_MAX;
}

void take_done(struct take *t)
{
    strbuf_done(&t->links);
}

/* ---- Names as archives have them ---- */

/** Take the next component; empty ones and "." are skipped. Returns whether there was one. */
static bool next_part(struct fsname *rest, struct fsname *out)
{
    while (rest->len > 0) {
        const char *slash = memchr(rest->ptr, '/', rest->len);
        const size_t len = slash != NULL ? (size_t)(slash - rest->ptr) : rest->len;
        const size_t skip = slash != NULL ? len + 1 : len;

        *out = (struct fsname){rest->ptr, len};
        rest->ptr += skip;
        rest->len -= skip;
        if (len > 1 || (len == 1 && *out->ptr != '.'))
            return true;
    }
    return false;
}

/** Whether a name can be one here. */
static bool is_sound(struct fsname path)
{
    struct fsname part;
    size_t depth = 0;
    size_t len = 0;

    while (next_part(&path, &part)) {
        if (part.len > FS_NAME_MAX || (part.len == 2 && memcmp(part.ptr, "..", 2) == 0))
            return false;
        depth++;
        len += 1 + part.len;
    }
    return depth <= TAKE_DEPTH_MAX && len <= FS_PATH_MAX;
}

/** Find a name. Returns its number; INDEX_NONE. */
static uint32_t find(const struct index *ix, struct fsname path)
{
    uint32_t at = INDEX_ROOT;
    struct fsname part;

    while (at != INDEX_NONE && next_part(&path, &part))
        at = index_find(ix, at, part);
    return at;
}

/** Find or make a directory in another one. Returns 0; -ENOMEM; -ENOSPC. */
static int step_into(struct index *ix, uint32_t *at, struct fsname part)
{
    const struct fs_stat made = {.mode = S_IFDIR | 0755u};
    const uint32_t found = index_find(ix, *at, part);
    uint32_t file;
    int err;

    if (found != INDEX_NONE && index_is_dir(index_file_at(ix, index_name_at(ix, found)->file))) {
        index_name_at(ix, found)->layer = ix->layer;
        *at = found;
        return 0;
    }
    err = index_add(ix, &made, &file);
    return err < 0 ? err : index_link(ix, *at, part, file, at);
}

/** Find the directory of a name, and make it. @name the last component; of length 0 for the root. Returns 0;
 * -ENOMEM; -ENOSPC. */
static int find_parent(struct index *ix, struct fsname path, uint32_t *dir, struct fsname *name)
{
    struct fsname part;
    int err = 0;

    *dir = INDEX_ROOT;
    *name = (struct fsname){NULL, 0};
    while (err == 0 && next_part(&path, &part)) {
        if (name->len > 0)
            err = step_into(ix, dir, *name);
        *name = part;
    }
    return err;
}

/* ---- Entries ---- */

static int leave_out(struct take *t)
{
    t->left_out++;
    return 0;
}

/** Set what an entry says of its file's content. */
static void set_content(struct take *t, struct index_file *f, const struct wire_entry *e)
{
    f->stat.size = e->bytes;
    f->stat.blocks = e->bytes / 512 + (e->bytes % 512 != 0);
    f->source = e->source;
    f->entry = e->number;
    f->encrypted = (e->flags & WIRE_ENCRYPTED) != 0;
    t->encrypted += f->encrypted;
}

/** Make the file of an entry. Returns 0; -ENOMEM; -ENOSPC. */
static int make_file(struct take *t, const struct record *r, const struct fs_stat *stat,
                     uint32_t *out)
{
    struct index *ix = t->ix;
    struct index_file *f;
    int err = index_add(ix, stat, out);

    if (err < 0)
        return err;
    f = index_file_at(ix, *out);
    if (S_ISREG(stat->mode))
        set_content(t, f, r->at);
    if (!S_ISLNK(stat->mode))
        return 0;
    f->stat.size = r->target.len;
    return index_text(ix, r->target.ptr, r->target.len, &f->target);
}

/** A directory that is there gets other attributes. */
static void merge(struct index *ix, uint32_t name, const struct fs_stat *stat)
{
    struct index_name *n = index_name_at(ix, name);
    struct index_file *f = index_file_at(ix, n->file);
    const struct fs_stat old = f->stat;

    n->layer = ix->layer;
    f->stat = *stat;
    f->stat.ino = old.ino;
    f->stat.nlink = old.nlink;
}

static int take_file(struct take *t, const struct record *r)
{
    const struct wire_entry *e = r->at;
    const struct fs_stat stat = {.mode = e->mode,
                                 .uid = e->uid,
                                 .gid = e->gid,
                                 .rdev = S_ISCHR(e->mode) || S_ISBLK(e->mode) ? e->rdev : 0,
                                 .atime = e->atime,
                                 .mtime = e->mtime,
                                 .ctime = e->ctime,
                                 .btime = e->btime};
    struct fsname name;
    uint32_t dir;
    uint32_t old;
    uint32_t file;
    int err = find_parent(t->ix, r->path, &dir, &name);

    if (err < 0)
        return err;
    old = name.len == 0 ? INDEX_ROOT : index_find(t->ix, dir, name);
    if (S_ISDIR(e->mode) && old != INDEX_NONE &&
        index_is_dir(index_file_at(t->ix, index_name_at(t->ix, old)->file))) {
        merge(t->ix, old, &stat);
        return 0;
    }
    if (name.len == 0)
        return leave_out(t);
    err = make_file(t, r, &stat, &file);
    return err < 0 ? err : index_link(t->ix, dir, name, file, NULL);
}

/** Give a file a further name. @last it will not come later. */
static int take_link(struct take *t, const struct record *r, bool last)
{
    const uint32_t from = is_sound(r->target) ? find(t->ix, r->target) : INDEX_NONE;
    struct index_file *f;
    struct fsname name;
    uint32_t dir;
    uint32_t file;
    int err;

    if (from == INDEX_NONE && !last)
        return strbuf_add(&t->links, r->at, r->at->size) == 0 ? 0
               : t->links.over                                ? -ENOSPC
                                                              : -ENOMEM;
    if (from == INDEX_NONE)
        return leave_out(t);
    file = index_name_at(t->ix, from)->file;
    f = index_file_at(t->ix, file);
    if (index_is_dir(f))
        return leave_out(t);
    if ((r->at->flags & WIRE_CONTENT) != 0 && S_ISREG(f->stat.mode))
        set_content(t, f, r->at);
    err = find_parent(t->ix, r->path, &dir, &name);
    if (err < 0 ||
        index_file_at(t->ix, file)->stat.nlink == 0) /* its parent took the place of the file */
        return err < 0 ? err : leave_out(t);
    if (name.len == 0)
        return leave_out(t);
    return index_find(t->ix, dir, name) == from ? 0 : index_link(t->ix, dir, name, file, NULL);
}

/** Remove what earlier sources have. */
static void take_whiteout(struct take *t, const struct record *r)
{
    const uint32_t at = find(t->ix, r->path);

    if (at == INDEX_NONE)
        return;
    if (at == INDEX_ROOT || (r->at->flags & WIRE_OPAQUE) != 0 ||
        index_name_at(t->ix, at)->layer == t->ix->layer)
        index_sweep(t->ix, at);
    else
        index_remove(t->ix, at);
}

/** Whether an entry can be a file here. */
static bool is_file(const struct record *r)
{
    const uint32_t mode = r->at->mode;

    if ((mode & ~(uint32_t)(S_IFMT | 07777)) != 0)
        return false;
    if (S_ISREG(mode))
        return r->at->bytes <= INT64_MAX;
    if (S_ISLNK(mode))
        return r->target.len > 0 && r->target.len <= FS_PATH_MAX;
    return S_ISDIR(mode) || S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode) || S_ISSOCK(mode);
}

static int take_record(struct take *t, const struct record *r)
{
    const uint32_t flags = r->at->flags;

    if (!is_sound(r->path))
        return leave_out(t);
    if ((flags & (WIRE_WHITEOUT | WIRE_OPAQUE)) != 0) {
        take_whiteout(t, r);
        return 0;
    }
    if ((flags & WIRE_HARDLINK) != 0)
        return r->at->bytes <= INT64_MAX ? take_link(t, r, false) : leave_out(t);
    return is_file(r) ? take_file(t, r) : leave_out(t);
}

/** Read the record at the beginning of some bytes. Returns 0; -EPROTO. */
static int read_record(const char *bytes, size_t len, struct record *out)
{
    const struct wire_entry *e = (const void *)bytes;
    const char *strings = bytes + sizeof(*e);

    if (len < sizeof(*e) || e->size < sizeof(*e) || e->size > len || e->size % 8 != 0)
        return -EPROTO;
    if (e->path_len > e->size - sizeof(*e) || e->target_len > e->size - sizeof(*e) - e->path_len)
        return -EPROTO;
    if (memchr(strings, '\0', (size_t)e->path_len + e->target_len) != NULL)
        return -EPROTO;
    *out = (struct record){e, {strings, e->path_len}, {strings + e->path_len, e->target_len}};
    return 0;
}

int take_records(struct take *t, const void *bytes, size_t len)
{
    const char *at = bytes;
    int err = 0;

    while (err == 0 && len > 0) {
        struct record r;

        err = read_record(at, len, &r);
        if (err < 0)
            break;
        err = take_record(t, &r);
        at += r.at->size;
        len -= r.at->size;
    }
    return err;
}

int take_finish(struct take *t)
{
    int err = 0;

    for (size_t at = 0; err == 0 && at < t->links.len;) {
        struct record r;

        err = read_record(t->links.ptr + at, t->links.len - at, &r);
        if (err == 0)
            err = take_link(t, &r, true);
        at += r.at->size;
    }
    return err;
}
