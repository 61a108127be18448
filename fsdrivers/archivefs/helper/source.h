/* SPDX-License-Identifier: MIT */
/*
 * The archives that the helper reads, by libarchive.
 *
 * libarchive reads an archive from its beginning to its end. A cursor is one such reading that stands at some
 * place in some entry; there are a few of them, and the one that was used longest ago is taken for another
 * place. So reading on is linear, also of CURSORS_MAX files in turn. Reading before the place of every
 * cursor begins again: at the entry itself in tar and cpio archives without compression; at the
 * archive's beginning in others, which costs at most one reading of the archive.
 */
#ifndef FSDRIVERS_ARCHIVEFS_HELPER_SOURCE_H
#define FSDRIVERS_ARCHIVEFS_HELPER_SOURCE_H

#include "fsdrivers/archivefs/wire.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CURSORS_MAX = 3, BLOCK_SIZE = 64 * 1024 };

/** A part of a descriptor that holds an archive. */
struct source {
    int fd;
    int64_t base, size;
    bool jumps;        /* an entry can be read without those before it: at its place */
    int64_t *places;   /* where entries begin, from @base */
    size_t count, cap; /* of entries */
};

struct cursor {
    struct archive *reader; /* NULL: not in use */
    const struct source *source;
    int64_t begin; /* where the reading began */
    int64_t pos;   /* where it goes on; both from source->base */
    uint64_t next; /* number of the next entry */
    int64_t off;   /* in the content of the entry before */
    uint64_t used; /* when it was used */
    char block[BLOCK_SIZE];
};

/** Begin to read, at an entry that the source can jump to, or 0. Returns 0; -EIO, -ENOMEM: the reader has a
 * sentence. @out cursor_close(). */
int cursor_open(struct cursor *out, const struct source *source, uint64_t entry);
void cursor_close(struct cursor *c);

/** Go to the next entry. @out borrowed until the next call. Returns 1; 0 at the end; -EIO. -EAGAIN it can't be
 * read, but others after it can. */
int cursor_next(struct cursor *c, struct archive_entry **out);

/** Read content of the entry. Returns bytes, 0 at the end; -EIO. */
int64_t cursor_read(struct cursor *c, void *buf, size_t len);

/** The sentence of the last error; borrowed. */
const char *cursor_error(const struct cursor *c);

/** Note where an entry begins. Returns 0; -ENOMEM. */
int source_note(struct source *s, int64_t place);

#endif
