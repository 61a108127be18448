/* SPDX-License-Identifier: MIT */
#include "fsdrivers/ramfs/file.h"

#include "fsdrivers/fslimits.h"

#include <string.h>

enum { PAGES_PER_WRITE = FS_IO_MAX / PAGES_SIZE + 1 };

/* The part of a transfer that lies in one page. */
struct piece {
    uint64_t index; /* of the page */
    size_t at;      /* bytes into the page */
    size_t len;
};

static struct piece piece_at(uint64_t off, size_t left)
{
    struct piece p = {off >> PAGES_SHIFT, (size_t)(off % PAGES_SIZE), 0};

    p.len = PAGES_SIZE - p.at < left ? PAGES_SIZE - p.at : left;
    return p;
}

int64_t file_read(const struct node *n, char *buf, size_t len, uint64_t off)
{
    size_t done = 0;

    if (off >= n->stat.size)
        return 0;
    if (len > n->stat.size - off)
        len = (size_t)(n->stat.size - off);
    while (done < len) {
        struct piece p = piece_at(off + done, len - done);
        const unsigned char *page = pages_get(&n->pages, p.index);

        if (page != NULL)
            memcpy(buf + done, page + p.at, p.len);
        else
            memset(buf + done, 0, p.len);
        done += p.len;
    }
    return (int64_t)len;
}

/* Make all pages of a write exist; on failure none was added. */
static int make_pages(struct ramfs *r, struct node *n, uint64_t first, uint64_t last)
{
    bool made[PAGES_PER_WRITE + 1];
    uint64_t i;

    for (i = first; i <= last; i++) {
        if (pages_make(&n->pages, &r->budget, i, &made[i - first]) == NULL)
            break;
    }
    if (i > last)
        return 0;
    while (i-- > first) {
        if (made[i - first])
            pages_drop(&n->pages, &r->budget, i, i);
    }
    return -ENOSPC;
}

static void set_size(struct ramfs *r, struct node *n, uint64_t size)
{
    r->bytes = r->bytes - n->stat.size + size;
    n->stat.size = size;
}

int64_t file_write(struct ramfs *r, struct node *n, const char *buf, size_t len, uint64_t off)
{
    uint64_t end = off + len;
    size_t done = 0;
    int err;

    if (len == 0)
        return 0;
    if (end > FS_FILE_SIZE_MAX)
        return -EFBIG;
    err = make_pages(r, n, off >> PAGES_SHIFT, (end - 1) >> PAGES_SHIFT);
    if (err < 0)
        return err;
    while (done < len) {
        struct piece p = piece_at(off + done, len - done);

        memcpy(pages_get(&n->pages, p.index) + p.at, buf + done, p.len);
        done += p.len;
    }
    if (end > n->stat.size)
        set_size(r, n, end);
    return (int64_t)len;
}

int file_resize(struct ramfs *r, struct node *n, uint64_t size)
{
    size_t used = (size_t)(size % PAGES_SIZE);
    unsigned char *tail;

    if (size > FS_FILE_SIZE_MAX)
        return -EFBIG;
    if (size < n->stat.size) {
        pages_drop(&n->pages, &r->budget, (size + PAGES_SIZE - 1) >> PAGES_SHIFT, UINT64_MAX);
        tail = used > 0 ? pages_get(&n->pages, size >> PAGES_SHIFT) : NULL;
        if (tail != NULL)
            memset(tail + used, 0, PAGES_SIZE - used);
    }
    set_size(r, n, size);
    return 0;
}

/* Make bytes read as zero; pages that lie in the range are freed, if @free_pages. */
static void zero(struct ramfs *r, struct node *n, uint64_t off, uint64_t end, bool free_pages)
{
    const uint64_t first = (off + PAGES_SIZE - 1) >> PAGES_SHIFT;
    const uint64_t past = end >> PAGES_SHIFT;

    if (free_pages && first < past)
        pages_drop(&n->pages, &r->budget, first, past - 1);
    while (off < end) {
        uint64_t index = pages_next(&n->pages, off >> PAGES_SHIFT);
        struct piece p;

        if (index > (end - 1) >> PAGES_SHIFT)
            return;
        if (index > off >> PAGES_SHIFT)
            off = index << PAGES_SHIFT;
        p = piece_at(off, (size_t)(end - off < PAGES_SIZE ? end - off : PAGES_SIZE));
        memset(pages_get(&n->pages, p.index) + p.at, 0, p.len);
        off += p.len;
    }
}

/* Make all pages of a range exist. */
static int reserve(struct ramfs *r, struct node *n, uint64_t off, uint64_t end)
{
    const uint64_t last = (end - 1) >> PAGES_SHIFT;
    int err = 0;

    for (uint64_t i = off >> PAGES_SHIFT; err == 0 && i <= last; i += PAGES_PER_WRITE)
        err = make_pages(r, n, i, last - i < PAGES_PER_WRITE ? last : i + PAGES_PER_WRITE - 1);
    return err;
}

int file_allocate(struct ramfs *r, struct node *n, const struct fs_space *space)
{
    const uint64_t off = (uint64_t)space->off;
    const uint64_t end = off + (uint64_t)space->len;
    int err = 0;

    if ((space->flags & FS_SPACE_PUNCH_HOLE) != 0)
        zero(r, n, off, end, true);
    else
        err = reserve(r, n, off, end);
    if (err < 0)
        return err;
    if ((space->flags & FS_SPACE_ZERO_RANGE) != 0)
        zero(r, n, off, end, false);
    if ((space->flags & FS_SPACE_KEEP_SIZE) == 0 && end > n->stat.size)
        set_size(r, n, end);
    return 0;
}

int64_t file_seek(const struct node *n, uint64_t off, enum fs_seek what)
{
    uint64_t index = off >> PAGES_SHIFT;

    if (what == FS_SEEK_DATA)
        index = pages_next(&n->pages, index);
    else
        while (pages_get(&n->pages, index) != NULL)
            index++;
    if (index > (n->stat.size - 1) >> PAGES_SHIFT)
        return what == FS_SEEK_DATA ? -ENXIO : (int64_t)n->stat.size;
    return (int64_t)(index > off >> PAGES_SHIFT ? index << PAGES_SHIFT : off);
}
