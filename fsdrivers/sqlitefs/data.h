/* SPDX-License-Identifier: MIT */
/*
 * The content of regular files: rows of data, one for each chunk.
 *
 * A chunk is 1 << chunk_shift bytes of a file. An existing row is as long as its chunk, and the
 * last chunk of a file ends with the file:
 *
 *     length(row of index i) = min(chunk size, file size - i * chunk size)
 *
 * A missing row is a hole. Chunks of zeros are not stored. A part of a chunk is read and written in
 * place (incremental blob I/O), so its row does not pass through SQL.
 */
#ifndef FSDRIVERS_SQLITEFS_DATA_H
#define FSDRIVERS_SQLITEFS_DATA_H

#include "fsdrivers/sqlitefs/inode.h"

enum { DATA_INDEX_BITS = 24 };

/** Read. Returns bytes stored, less than @len only at the end of the file; -errno. */
int64_t data_read(struct store *s, const struct inode *i, char *buf, size_t len, uint64_t off);

/** Write, inside a change; a gap before @off reads as zero. Returns 0, -EFBIG, -errno. */
int data_write(struct store *s, struct inode *i, const char *buf, size_t len, uint64_t off);

/** Change the size, inside a change. Returns 0, -EFBIG, -errno. */
int data_resize(struct store *s, struct inode *i, uint64_t size);

/** Make the bytes from @off up to @end, at most the size, read as zero, inside a change. Whole chunks are
 * removed. Returns 0, -errno. */
int data_zero(struct store *s, struct inode *i, uint64_t off, uint64_t end);

/** Remove all content of an inode, inside a change. */
int data_remove(struct store *s, uint64_t ino);

/**
 * Close the chunk that is kept open for the next read. It must be closed at BEGIN and COMMIT.
 */
void data_close_blob(struct store *s);

#endif
