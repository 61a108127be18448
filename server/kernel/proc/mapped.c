/* SPDX-License-Identifier: MIT */
#include "server/kernel/proc/mapped.h"

#include "server/base/bytes.h"
#include "server/kernel/call/late.h"
#include "server/kernel/fs/open_file.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    PART_SIZE = 64 * 1024, /* bytes of one read from a store or write to it; whole pages */
    FIRST_CAP = 8,
};

/* Extents: how often the bytes of a file are mapped. */

/** Index of the extent that holds @off. */
static size_t extent_at(const struct mapped_file *mf, uint64_t off)
{
    size_t low = 0;
    size_t high = mf->extent_count;

    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;

        if (mf->extent[mid].off <= off)
            low = mid;
        else
            high = mid;
    }
    return low;
}

/** Make an extent begin at @off. Returns its index. The room was reserved. */
static size_t split(struct mapped_file *mf, uint64_t off)
{
    size_t i = extent_at(mf, off);

    if (mf->extent[i].off == off)
        return i;
    memmove(mf->extent + i + 2, mf->extent + i + 1,
            (mf->extent_count - i - 1) * sizeof(*mf->extent));
    mf->extent[i + 1] = (struct extent){off, mf->extent[i].mappings};
    mf->extent_count++;
    return i + 1;
}

/** Join neighbours with the same count. */
static void join(struct mapped_file *mf)
{
    size_t kept = 1;

    for (size_t i = 1; i < mf->extent_count; i++) {
        if (mf->extent[i].mappings != mf->extent[kept - 1].mappings)
            mf->extent[kept++] = mf->extent[i];
    }
    mf->extent_count = kept;
}

/** Reserve room for one more mapping: it begins and ends an extent, so it needs two. */
static int reserve_extents(struct mapped_file *mf)
{
    size_t need = 2 * (mf->mapping_count + 1) + 3;
    size_t cap = mf->extent_cap != 0 ? mf->extent_cap : FIRST_CAP;
    struct extent *extent;

    if (need <= mf->extent_cap)
        return 0;
    while (cap < need)
        cap *= 2;
    extent = realloc(mf->extent, cap * sizeof(*extent));
    if (extent == NULL)
        return -ENOMEM;
    mf->extent = extent;
    mf->extent_cap = cap;
    return 0;
}

static void count_mapping(struct mapped_file *mf, uint64_t off, uint64_t size, int change)
{
    size_t i = split(mf, off);
    size_t end = split(mf, off + size);

    for (; i < end; i++)
        mf->extent[i].mappings += (uint32_t)change;
    join(mf);
}

/**
 * Find the next part of [*from, to) that is mapped, or that is not.
 * @from     set to where the part begins.
 * Returns   where it ends; 0 if there is none.
 */
static uint64_t next_part(const struct mapped_file *mf, bool mapped, uint64_t *from, uint64_t to)
{
    for (size_t i = extent_at(mf, *from); i < mf->extent_count; i++) {
        uint64_t end = i + 1 < mf->extent_count ? mf->extent[i + 1].off : UINT64_MAX;

        if (*from < mf->extent[i].off)
            *from = mf->extent[i].off;
        if (*from >= to)
            return 0;
        if ((mf->extent[i].mappings > 0) == mapped)
            return end < to ? end : to;
    }
    return 0;
}

/* Pages: from the store, and back to it. */

/** Emit a note about a mapped file that failed to do something. */
static void note(const struct mapped_file *mf, const char *what, int err)
{
    event_note(mf->mount->machine, 0, "%s: %s of a mapped file: %s", mf->mount->driver, what,
               sc_errno_name(err));
}

/** Copy loaded bytes into zeroed pages. */
static int fill(struct mapped_file *mf, const char *bytes, size_t len, uint64_t off)
{
    for (size_t done = 0; done < len; done += SC_PAGE_SIZE) {
        size_t n = len - done < SC_PAGE_SIZE ? len - done : SC_PAGE_SIZE;
        int err = bytes_are_zero(bytes + done, n)
                      ? 0
                      : mf->memory->ops->write(mf->memory, off + done, bytes + done, n);

        if (err < 0)
            return err;
    }
    return 0;
}

/** Load a part that is not mapped yet. @size the file's. */
static int load_part(struct mapped_file *mf, struct open_file *f, uint64_t from, uint64_t to,
                     uint64_t size)
{
    char *buf;
    int err = 0;

    if (to > size)
        to = size;
    if (from >= to)
        return 0;
    buf = malloc(PART_SIZE);
    if (buf == NULL)
        return -ENOMEM;
    while (err == 0 && from < to) {
        size_t n = to - from < PART_SIZE ? (size_t)(to - from) : PART_SIZE;
        int64_t count = open_file_load(f, &vfs_nobody, buf, n, (int64_t)from);

        err = count < 0 ? (int)count : fill(mf, buf, (size_t)count, from);
        from += n;
    }
    free(buf);
    return err;
}

/** Zero the pages of [off, off + size) that are not mapped. */
static void clear_unmapped(struct mapped_file *mf, uint64_t off, uint64_t size)
{
    uint64_t end;

    for (uint64_t at = off; (end = next_part(mf, false, &at, off + size)) != 0; at = end) {
        int err = mf->memory->ops->clear(mf->memory, at, end - at);

        if (err < 0)
            note(mf, "freeing pages", err);
    }
}

/** Load the pages of a new mapping that no other mapping has loaded. */
static int load(struct mapped_file *mf, const struct mapping *map, uint64_t file_size)
{
    const uint64_t to = map->off + map->size;
    uint64_t end;
    int err = 0;

    if (to > mf->memory_size) {
        err = mf->memory->ops->grow(mf->memory, to);
        if (err < 0)
            return err;
        mf->memory_size = to;
    }
    for (uint64_t at = map->off; err == 0 && (end = next_part(mf, false, &at, to)) != 0; at = end)
        err = load_part(mf, map->file, at, end, file_size);
    if (err < 0)
        clear_unmapped(mf, map->off, map->size);
    return err;
}

/** How many of @len bytes lie in the first page. */
static size_t in_page(size_t len)
{
    return len < SC_PAGE_SIZE ? len : SC_PAGE_SIZE;
}

/** Store bytes of some pages: together or, if the store refuses that, as many as it takes. */
static int store_pages(const struct mapping *map, const char *buf, size_t len, uint64_t off)
{
    int64_t count = open_file_store(map->file, buf, len, (int64_t)off);

    if (count >= 0 || len <= SC_PAGE_SIZE)
        return count < 0 ? (int)count : 0;
    for (size_t done = 0; done < len; done += SC_PAGE_SIZE) {
        count = open_file_store(map->file, buf + done, in_page(len - done), (int64_t)(off + done));
        if (count < 0)
            return (int)count;
    }
    return 0;
}

/** Read memory that running guests may be writing. Returns 0, -EIO. */
static int look(const struct mapped_file *mf, uint64_t off, void *buf, size_t len)
{
    int err = mf->memory->ops->read(mf->memory, off, buf, len);

    return (int)machine_answer(mf->mount->machine, err, buf, err < 0 ? 0 : len);
}

/** The same for shared_memory_ops.next_written(). */
static uint64_t next_written(const struct mapped_file *mf, uint64_t off)
{
    uint64_t at = mf->memory->ops->next_written(mf->memory, off);

    return (uint64_t)machine_answer(mf->mount->machine, (int64_t)at, NULL, 0);
}

/** Store those pages of a part that differ from the store. */
static int store_part(const struct mapping *map, size_t len, uint64_t off)
{
    char now[PART_SIZE];
    char stored[PART_SIZE];
    int64_t count = open_file_load(map->file, &vfs_nobody, stored, len, (int64_t)off);
    int err = count < 0 ? (int)count : look(map->in, off, now, len);
    size_t from = 0; /* start of the pages that differ */

    if (err < 0)
        return err;
    memset(stored + count, 0, len - (size_t)count);
    for (size_t at = 0; err == 0 && at < len; at += SC_PAGE_SIZE) {
        const size_t next = at + in_page(len - at);
        const bool differs = memcmp(now + at, stored + at, next - at) != 0;

        if (from < at && !differs)
            err = store_pages(map, now + from, at - from, off + from);
        else if (differs && next == len)
            err = store_pages(map, now + from, next - from, off + from);
        if (!differs)
            from = next;
    }
    return err;
}

/** How many bytes from @at on lie in written pages and are checked together. They end where a part
 * of the file does, or at @end. @pages counts down. */
static size_t part_at(const struct mapped_file *mf, uint64_t at, uint64_t end, size_t *pages)
{
    const uint64_t part_end = (at / PART_SIZE + 1) * PART_SIZE;
    const uint64_t stop = part_end < end ? part_end : end;
    uint64_t next = at;

    while (next<stop && * pages> 0 && next_written(mf, next) == next) {
        next += SC_PAGE_SIZE;
        --*pages;
    }
    return (size_t)((next < stop ? next : stop) - at);
}

/* Pages that were never written are zero in the store, too, or load() would have written them. So a
 * hole takes no time, however large it is. */
int mapping_store(struct mapping *map, size_t *pages)
{
    uint64_t end = map->off + map->size;
    struct fs_stat st;
    int err;

    if (!map->writer)
        return 0;
    err = vfs_fstat(map->file, &vfs_nobody, &st);
    if (err < 0)
        return err;
    if (end > st.size)
        end = st.size;
    for (uint64_t at = map->off + map->stored; at < end;) {
        size_t len;

        at = next_written(map->in, at);
        if (at >= end)
            return 0;
        map->stored = at - map->off;
        if (*pages == 0)
            return 1;
        len = part_at(map->in, at, end, pages);
        err = store_part(map, len, at);
        if (err < 0)
            return err;
        at += len;
    }
    return 0;
}

/** The writer that holds the first bytes from @at on held by any; NULL if none does. */
static struct mapping *next_writer(const struct mapped_file *mf, uint64_t at)
{
    struct mapping *next = NULL;

    for (struct list *i = mf->mappings.next; i != &mf->mappings; i = i->next) {
        struct mapping *map = container_of(i, struct mapping, link);

        if (!map->writer || map->off + map->size <= at)
            continue;
        if (map->off <= at)
            return map;
        if (next == NULL || map->off < next->off)
            next = map;
    }
    return next;
}

int mapped_write_back(struct mapped_file *mf, uint64_t *at, size_t *pages)
{
    struct mapping *map;
    int err = 0;

    while (err == 0 && (map = next_writer(mf, *at)) != NULL) {
        const uint64_t stored = map->stored; /* a late mapping's progress, restored below */
        size_t left;

        if (*pages == 0)
            return 1;
        left = *pages;
        map->stored = *at > map->off ? *at - map->off : 0;
        err = mapping_store(map, pages);
        *at = map->off + (err == 0 ? map->size : map->stored);
        if (*pages == left)
            --*pages; /* finding it took time, too */
        map->stored = stored;
    }
    return err;
}

/* Life. */

static struct mapped_file *find_ino(const struct mount *m, uint64_t ino)
{
    struct mapped_file *mf;

    HASH_FIND(hh, m->mapped, &ino, sizeof(ino), mf);
    return mf;
}

struct mapped_file *mapped_find(struct open_file *f)
{
    struct fs_stat st;

    if (f->ino == 0 && vfs_fstat(f, &vfs_nobody, &st) == 0)
        f->ino = st.ino;
    return find_ino(f->mount, f->ino);
}

/** Have the host make a memory object, and count its descriptor. */
static int new_memory(struct machine *m, struct why *why, struct shared_memory **out)
{
    int err = machine_take_descriptors(m, SHARED_MEMORY_DESCRIPTORS, -ENOMEM, why);

    if (err < 0)
        return err;
    err = (int)machine_answer(m, m->ops->memory_new(m->host, out), NULL, 0);
    if (err < 0) {
        machine_give_descriptors(m, SHARED_MEMORY_DESCRIPTORS);
        (void)why_add(why, err, "the host has no memory object for another file");
    }
    return err;
}

static void free_memory(struct machine *m, struct shared_memory *memory)
{
    memory->ops->free(memory);
    machine_give_descriptors(m, SHARED_MEMORY_DESCRIPTORS);
}

/** Free a mapped file that has no mappings. */
static void release(struct mapped_file *mf)
{
    HASH_DEL(mf->mount->mapped, mf);
    mf->mount->machine->census.mapped--;
    free_memory(mf->mount->machine, mf->memory);
    free(mf->extent);
    free(mf);
}

static int mapped_new(struct mount *m, uint64_t ino, struct why *why, struct mapped_file **out)
{
    struct machine *machine = m->machine;
    struct mapped_file *mf;
    int err =
        machine_check_room(machine->census.mapped, machine->limits.mapped, -ENOMEM, "mapped", why);

    if (err < 0)
        return err;
    err = -ENOMEM;
    mf = calloc(1, sizeof(*mf));
    if (mf == NULL)
        return err;
    mf->mount = m;
    mf->ino = ino;
    list_init(&mf->mappings);
    if (reserve_extents(mf) < 0)
        goto out;
    mf->extent[0] = (struct extent){0, 0};
    mf->extent_count = 1;
    err = new_memory(machine, why, &mf->memory);
    if (err < 0)
        goto out;
    HASH_ADD(hh, m->mapped, ino, sizeof(mf->ino), mf);
    if (hash_added(mf)) {
        machine->census.mapped++;
        *out = mf;
        return 0;
    }
    err = -ENOMEM;
    free_memory(machine, mf->memory);
out:
    free(mf->extent);
    free(mf);
    return err;
}

/** Check the size of one mapping: it is loaded, and may be written back, at once. */
static int check_size(const struct machine *m, uint64_t size, struct why *why)
{
    if (size <= m->limits.mapping)
        return 0;
    return why_add(
        why, -ENOMEM,
        "one mapping of a file has at most %llu bytes (limit mapping), not %llu: map it in "
        "parts",
        (unsigned long long)m->limits.mapping, (unsigned long long)size);
}

int mapping_new(struct open_file *f, uint64_t off, uint64_t size, bool writer, struct why *why,
                struct mapping **out)
{
    struct mapping *map;
    struct mapped_file *mf;
    struct fs_stat st;
    int err = vfs_fstat(f, &vfs_nobody, &st);

    if (err == 0)
        err = check_size(f->mount->machine, size, why);
    if (err < 0)
        return err;
    f->ino = st.ino;
    map = malloc(sizeof(*map));
    if (map == NULL)
        return -ENOMEM;
    mf = find_ino(f->mount, st.ino);
    if (mf == NULL)
        err = mapped_new(f->mount, st.ino, why, &mf);
    if (err < 0) {
        free(map);
        return err;
    }
    *map = (struct mapping){.in = mf, .file = f, .off = off, .size = size, .writer = writer};
    err = reserve_extents(mf);
    if (err == 0)
        err = load(mf, map, st.size);
    if (err < 0) {
        if (mf->mapping_count == 0)
            release(mf);
        free(map);
        return err;
    }
    (void)open_file_ref(f);
    list_append(&mf->mappings, &map->link);
    mf->mapping_count++;
    count_mapping(mf, off, size, 1);
    *out = map;
    return 0;
}

void mapping_give_up(struct mapping *map, size_t *pages)
{
    int err;

    if (map == NULL)
        return;
    map->stored = 0;
    err = mapping_store(map, pages);
    if (err == 0)
        mapping_drop(map);
    else if (!late_keep(map, err))
        mapping_lose(map, err);
}

void mapping_free(struct mapping *map)
{
    size_t pages = map != NULL ? late_pages(map->in->mount->machine) : 0;

    mapping_give_up(map, &pages);
}

void mapping_lose(struct mapping *map, int err)
{
    map->file->write_error = err;
    machine_loss(map->in->mount->machine, "%s: the changes of its mapped pages are lost: %s",
                 map->file->label, sc_errno_name(err));
    mapping_drop(map);
}

void mapping_drop(struct mapping *map)
{
    struct mapped_file *mf = map->in;

    list_del(&map->link);
    mf->mapping_count--;
    count_mapping(mf, map->off, map->size, -1);
    if (mf->mapping_count == 0)
        release(mf);
    else
        clear_unmapped(mf, map->off, map->size);
    (void)open_file_unref(map->file);
    free(map);
}

/* Content. */

int mapping_read(const struct mapping *map, uint64_t at, void *buf, size_t len)
{
    return look(map->in, map->off + at, buf, len);
}

int mapping_write(struct mapping *map, uint64_t at, const void *buf, size_t len)
{
    return map->in->memory->ops->write(map->in->memory, map->off + at, buf, len);
}

int mapped_read(const struct mapped_file *mf, char *buf, size_t len, uint64_t off)
{
    uint64_t end;
    int err = 0;

    for (uint64_t at = off; err == 0 && (end = next_part(mf, true, &at, off + len)) != 0; at = end)
        err = look(mf, at, buf + (at - off), (size_t)(end - at));
    return err;
}

/** Zero the mapped bytes of [from, to). */
static void zero(struct mapped_file *mf, uint64_t from, uint64_t to)
{
    uint64_t end;

    for (; (end = next_part(mf, true, &from, to)) != 0; from = end) {
        int err = mf->memory->ops->clear(mf->memory, from, end - from);

        if (err < 0)
            note(mf, "clearing pages", err);
    }
}

void mapped_written(struct mapped_file *mf, const char *buf, size_t len, uint64_t off,
                    uint64_t old_size)
{
    uint64_t end;

    zero(mf, old_size, off);
    for (uint64_t at = off; (end = next_part(mf, true, &at, off + len)) != 0; at = end) {
        int err = mf->memory->ops->write(mf->memory, at, buf + (at - off), (size_t)(end - at));

        if (err < 0)
            note(mf, "changing pages", err);
    }
}

void mapped_resized(struct mount *m, uint64_t ino, uint64_t old_size, uint64_t new_size)
{
    struct mapped_file *mf = m->mapped != NULL ? find_ino(m, ino) : NULL;

    if (mf != NULL)
        zero(mf, old_size < new_size ? old_size : new_size, UINT64_MAX);
}
