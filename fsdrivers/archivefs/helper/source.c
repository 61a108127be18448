/* SPDX-License-Identifier: MIT */
#include "fsdrivers/archivefs/helper/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_CAP = 256 };

/* ---- What libarchive asks for ---- */

static la_ssize_t on_read(struct archive *a, void *user, const void **out)
{
    struct cursor *c = user;
    const int64_t left = c->source->size - c->pos;
    size_t want = left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE;
    ssize_t got = 0;

    if (left > 0) {
        do
            got = pread(c->source->fd, c->block, want, (off_t)(c->source->base + c->pos));
        while (got < 0 && errno == EINTR);
    }
    if (got < 0) {
        archive_set_error(a, errno, "the archive can't be read: %s", strerror(errno));
        return -1;
    }
    c->pos += got;
    *out = c->block;
    return got;
}

static la_int64_t on_skip(struct archive *a, void *user, la_int64_t count)
{
    struct cursor *c = user;
    const int64_t left = c->source->size - c->pos;
    const int64_t step = count < left ? count : left;

    (void)a;
    c->pos += step;
    return step;
}

static la_int64_t on_seek(struct archive *a, void *user, la_int64_t off, int whence)
{
    struct cursor *c = user;
    const int64_t from = whence == SEEK_SET   ? c->begin
                         : whence == SEEK_CUR ? c->pos
                                              : c->source->size;
    int64_t to;

    if (__builtin_add_overflow(from, (int64_t)off, &to) || to < c->begin || to > c->source->size) {
        archive_set_error(a, EINVAL, "the archive refers to what is outside of it");
        return ARCHIVE_FATAL;
    }
    c->pos = to;
    return to - c->begin;
}

/* ---- Cursors ---- */

/** No filter that runs a program, and no format whose entries are elsewhere. */
static int choose_formats(struct archive *a)
{
    static int (*const supports[])(struct archive *) = {
        archive_read_support_filter_bzip2,        archive_read_support_filter_compress,
        archive_read_support_filter_gzip,         archive_read_support_filter_lz4,
        archive_read_support_filter_lzip,         archive_read_support_filter_lzma,
        archive_read_support_filter_xz,           archive_read_support_filter_zstd,
        archive_read_support_format_cpio,         archive_read_support_format_empty,
        archive_read_support_format_iso9660,      archive_read_support_format_tar,
        archive_read_support_format_zip_seekable,
    };

    for (size_t i = 0; i < sizeof(supports) / sizeof(supports[0]); i++) {
        if (supports[i](a) != ARCHIVE_OK)
            return -EIO;
    }
    return 0;
}

int cursor_open(struct cursor *out, const struct source *source, uint64_t entry)
{
    const bool jumps = source->jumps && entry < source->count;
    int err;

    out->reader = archive_read_new();
    if (out->reader == NULL)
        return -ENOMEM;
    out->source = source;
    out->begin = jumps ? source->places[entry] : 0;
    out->pos = out->begin;
    out->next = jumps ? entry : 0;
    out->off = 0;
    err = choose_formats(out->reader);
    if (err == 0 && (archive_read_set_read_callback(out->reader, on_read) != ARCHIVE_OK ||
                     archive_read_set_skip_callback(out->reader, on_skip) != ARCHIVE_OK ||
                     archive_read_set_seek_callback(out->reader, on_seek) != ARCHIVE_OK ||
                     archive_read_set_callback_data(out->reader, out) != ARCHIVE_OK ||
                     archive_read_open1(out->reader) != ARCHIVE_OK))
        err = -EIO;
    return err;
}

void cursor_close(struct cursor *c)
{
    if (c->reader != NULL)
        (void)archive_read_free(c->reader);
    c->reader = NULL;
}

const char *cursor_error(const struct cursor *c)
{
    const char *text = c->reader != NULL ? archive_error_string(c->reader) : NULL;

    return text != NULL ? text : "it can't be read";
}

int cursor_next(struct cursor *c, struct archive_entry **out)
{
    const int result = archive_read_next_header(c->reader, out);

    c->off = 0;
    if (result == ARCHIVE_EOF)
        return 0;
    if (result == ARCHIVE_FATAL)
        return -EIO;
    c->next++;
    return result == ARCHIVE_OK || result == ARCHIVE_WARN ? 1 : -EAGAIN;
}

int64_t cursor_read(struct cursor *c, void *buf, size_t len)
{
    const la_ssize_t got = archive_read_data(c->reader, buf, len);

    if (got < 0)
        return -EIO;
    c->off += got;
    return got;
}

int source_note(struct source *s, int64_t place)
{
    if (s->count == s->cap) {
        const size_t cap = s->cap > 0 ? s->cap * 2 : FIRST_CAP;
        int64_t *places = realloc(s->places, cap * sizeof(*places));

        if (places == NULL)
            return -ENOMEM;
        s->places = places;
        s->cap = cap;
    }
    s->places[s->count++] = place;
    return 0;
}
