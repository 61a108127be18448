/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/data.h"

#include "fsdrivers/fslimits.h"
#include "server/base/bytes.h"

#include <errno.h>
#include <string.h>

/* The part of a transfer that lies in one chunk. */
struct piece {
    uint64_t index; /* of the chunk */
    size_t at;      /* bytes into the chunk */
    size_t len;
};

static size_t chunk_size(const struct store *s)
{
    return (size_t)1 << s->chunk_shift;
}

static struct piece piece_at(const struct store *s, uint64_t off, size_t left)
{
    size_t at = (size_t)(off & (chunk_size(s) - 1));
    size_t room = chunk_size(s) - at;

    return (struct piece){off >> s->chunk_shift, at, room < left ? room : left};
}

static int64_t chunk_id(uint64_t ino, uint64_t index)
{
    return (int64_t)(ino << DATA_INDEX_BITS | index);
}

/* The length of a chunk's row in a file of @size bytes. */
static size_t chunk_len(const struct store *s, uint64_t index, uint64_t size)
{
    uint64_t start = index << s->chunk_shift;

    if (size <= start)
        return 0;
    return size - start < chunk_size(s) ? (size_t)(size - start) : chunk_size(s);
}

static uint64_t blocks_of(size_t len)
{
    return (len + 511) / 512;
}

/* ---- Parts of rows ---- */

void data_close_blob(struct store *s)
{
    (void)sqlite3_blob_close(s->blob);
    s->blob = NULL;
}

/* Open a row to read or write; the last one is reused. Returns 1, 0 a hole or no blob, -errno. */
static int open_blob(struct store *s, int64_t id, bool write)
{
    int rc;

    db_allow(&s->db, DB_STEPS);
    if (s->blob != NULL && !write && sqlite3_blob_reopen(s->blob, id) == SQLITE_OK)
        return 1;
    data_close_blob(s);
    rc = sqlite3_blob_open(s->db.sqlite, "main", "data", "chunk", id, write, &s->blob);
    if (rc == SQLITE_OK)
        return 1;
    data_close_blob(s);
    return (rc & 0xff) == SQLITE_ERROR ? 0 : db_error(s->db.sqlite, rc);
}

/*
 * The length of a chunk's row; 0 for a hole; -EIO if it differs from its chunk's, or is not a blob.
 * All copying between rows and chunks below checks this first.
 */
static int64_t stored_len(struct store *s, const struct inode *i, uint64_t index)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_CHUNK_LEN, chunk_id(i->stat.ino, index));
    int64_t want = (int64_t)chunk_len(s, index, i->stat.size);
    int64_t len = db_row(q);

    if (len > 0) {
        len = sqlite3_column_int64(q, 1);
        if (sqlite3_column_int64(q, 0) != 1 || len != want || len == 0)
            len = -EIO;
    }
    db_end(q);
    return len;
}

/* Read a part of a chunk before the end of its file. A hole reads as zeros. */
static int read_part(struct store *s, const struct inode *i, struct piece p, char *buf)
{
    int found = open_blob(s, chunk_id(i->stat.ino, p.index), false);
    int64_t have;
    int rc;

    if (found < 0)
        return found;
    if (found == 0) {
        have = stored_len(s, i, p.index);
        memset(buf, 0, p.len);
        return have > 0 ? -EIO : (int)have;
    }
    if ((size_t)sqlite3_blob_bytes(s->blob) != chunk_len(s, p.index, i->stat.size))
        return -EIO;
    rc = sqlite3_blob_read(s->blob, buf, (int)p.len, (int)p.at);
    return db_error(s->db.sqlite, rc);
}

/* Overwrite a part of a chunk whose row exists. */
static int write_part(struct store *s, const struct inode *i, struct piece p, const char *buf)
{
    int found = open_blob(s, chunk_id(i->stat.ino, p.index), true);
    int rc;

    if (found <= 0)
        return found < 0 ? found : -EIO;
    rc = sqlite3_blob_write(s->blob, buf, (int)p.len, (int)p.at);
    data_close_blob(s);
    return db_error(s->db.sqlite, rc);
}

/* ---- Whole rows ---- */

/* Update an inode's blocks after a change of rows. Wrong ones of a foreign file stay wrong. */
static void count_blocks(struct inode *i, uint64_t more, uint64_t less)
{
    uint64_t blocks = i->stat.blocks + more;

    i->stat.blocks = blocks > less ? blocks - less : 0;
}

/* Store a row of @len bytes, which replaces one of @have bytes (0: none). */
static int store_row(struct store *s, struct inode *i, int64_t id, const void *bytes, size_t len,
                     size_t have)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_CHUNK_SET, id);
    int err;

    data_close_blob(s);
    db_bind_bytes(q, 2, bytes, len);
    err = db_run(q);
    if (err == 0)
        count_blocks(i, blocks_of(len), blocks_of(have));
    return err;
}

static int delete_row(struct store *s, struct inode *i, int64_t id, size_t have)
{
    int err = db_run(DB_USE(&s->db, SQL_CHUNK_DEL, id, id));

    if (err == 0)
        count_blocks(i, 0, blocks_of(have));
    return err;
}

/* Fill scratch with a chunk's first bytes, at most stored_len(), and zeros behind them. */
static int load_row(struct store *s, const struct inode *i, uint64_t index, size_t len)
{
    struct piece p = {index, 0, len};

    memset(s->scratch + len, 0, chunk_size(s) - len);
    return len > 0 ? read_part(s, i, p, (char *)s->scratch) : 0;
}

/* Change the length of a row: truncate it, or append zeros. A hole stays one. */
static int resize_row(struct store *s, struct inode *i, uint64_t index, size_t len)
{
    int64_t id = chunk_id(i->stat.ino, index);
    int64_t have = stored_len(s, i, index);
    int err;

    if (have <= 0 || (size_t)have == len)
        return have < 0 ? (int)have : 0;
    err = load_row(s, i, index, (size_t)have < len ? (size_t)have : len);
    return err < 0 ? err : store_row(s, i, id, s->scratch, len, (size_t)have);
}

/* Write one piece into its chunk, whose row becomes @want bytes long. */
static int write_piece(struct store *s, struct inode *i, struct piece p, const char *buf,
                       size_t want)
{
    int64_t id = chunk_id(i->stat.ino, p.index);
    int64_t have = 0;
    int err;

    if ((p.index << s->chunk_shift) < i->stat.size)
        have = stored_len(s, i, p.index);
    if (have < 0)
        return (int)have;
    if ((have == 0 || p.len == want) && bytes_are_zero(buf, p.len))
        return have == 0 ? 0 : delete_row(s, i, id, (size_t)have);
    if (p.len == want)
        return store_row(s, i, id, buf, want, (size_t)have);
    if ((size_t)have == want)
        return write_part(s, i, p, buf);
    err = load_row(s, i, p.index, (size_t)have);
    if (err < 0)
        return err;
    memcpy(s->scratch + p.at, buf, p.len);
    return store_row(s, i, id, s->scratch, want, (size_t)have);
}

/* ---- Files ---- */

int64_t data_read(struct store *s, const struct inode *i, char *buf, size_t len, uint64_t off)
{
    size_t done = 0;

    if (off >= i->stat.size)
        return 0;
    if (len > i->stat.size - off)
        len = (size_t)(i->stat.size - off);
    while (done < len) {
        struct piece p = piece_at(s, off + done, len - done);
        int err = read_part(s, i, p, buf + done);

        if (err < 0)
            return err;
        done += p.len;
    }
    return (int64_t)len;
}

static void set_size(struct store *s, struct inode *i, uint64_t size)
{
    s->totals.bytes = s->totals.bytes - i->stat.size + size;
    i->stat.size = size;
}

int data_write(struct store *s, struct inode *i, const char *buf, size_t len, uint64_t off)
{
    uint64_t end = off + len;
    uint64_t last = i->stat.size >> s->chunk_shift;
    uint64_t size = end > i->stat.size ? end : i->stat.size;
    size_t done = 0;
    int err = 0;

    if (end > FS_FILE_SIZE_MAX)
        return -EFBIG;
    if (off >> s->chunk_shift > last)
        err = resize_row(s, i, last, chunk_len(s, last, size));
    while (err == 0 && done < len) {
        struct piece p = piece_at(s, off + done, len - done);

        err = write_piece(s, i, p, buf + done, chunk_len(s, p.index, size));
        done += p.len;
    }
    if (err == 0)
        set_size(s, i, size);
    return err;
}

/* Find the first row in [*from, to]. Returns 1 with its id in *from, 0 none, -errno. */
static int next_row(struct store *s, int64_t *from, int64_t to)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_CHUNK_NEXT, *from, to);
    int err = db_row(q);
    int64_t id = sqlite3_column_int64(q, 0);

    db_end(q);
    if (err <= 0)
        return err;
    if (id < *from || id > to)
        return -EIO; /* the table is not in order */
    *from = id;
    return 1;
}

/*
 * Remove the rows of chunks [first, last], in statements that each stay within DB_STEPS. It ends
 * even if the rows of a damaged table are in another order: each round begins behind the last one,
 * and removes at least one row.
 * Returns the number of rows, -errno.
 */
static int64_t delete_rows(struct store *s, uint64_t ino, uint64_t first, uint64_t last)
{
    int64_t from = chunk_id(ino, first);
    int64_t to = chunk_id(ino, last);
    int64_t rows = 0;

    while (from <= to) {
        int64_t end;
        int err = next_row(s, &from, to);

        if (err <= 0)
            return err < 0 ? err : rows;
        end = to - from < DB_DELETE_ROWS ? to : from + DB_DELETE_ROWS - 1;
        err = db_run(DB_USE(&s->db, SQL_CHUNK_DEL, from, end));
        if (err < 0)
            return err;
        if (sqlite3_changes64(s->db.sqlite) == 0)
            return -EIO; /* the two statements disagree about a row */
        rows += sqlite3_changes64(s->db.sqlite);
        from = end + 1;
    }
    return rows;
}

/* Remove the rows past a new, smaller size. */
static int cut_rows(struct store *s, struct inode *i, uint64_t size)
{
    uint64_t first = (size + chunk_size(s) - 1) >> s->chunk_shift;
    uint64_t last = (i->stat.size - 1) >> s->chunk_shift;
    int64_t tail;
    int64_t rows;

    if (first > last)
        return 0;
    tail = stored_len(s, i, last);
    if (tail < 0)
        return (int)tail;
    rows = delete_rows(s, i->stat.ino, first, last);
    if (rows < 0)
        return (int)rows;
    rows -= tail > 0 ? 1 : 0;
    count_blocks(i, 0, (uint64_t)rows * blocks_of(chunk_size(s)) + blocks_of((size_t)tail));
    return 0;
}

int data_resize(struct store *s, struct inode *i, uint64_t size)
{
    uint64_t edge = (size < i->stat.size ? size : i->stat.size) >> s->chunk_shift;
    int err = 0;

    if (size > FS_FILE_SIZE_MAX)
        return -EFBIG;
    if (size < i->stat.size)
        err = cut_rows(s, i, size);
    if (err == 0 && chunk_len(s, edge, size) > 0)
        err = resize_row(s, i, edge, chunk_len(s, edge, size));
    if (err == 0)
        set_size(s, i, size);
    return err;
}

/* Write zeros to a part of a file that lies in one chunk. */
static int zero_piece(struct store *s, struct inode *i, uint64_t off, uint64_t end)
{
    static const char zeros[4096];
    int err = 0;

    for (size_t len; err == 0 && off < end; off += len) {
        len = end - off < sizeof(zeros) ? (size_t)(end - off) : sizeof(zeros);
        err = data_write(s, i, zeros, len, off);
    }
    return err;
}

int data_zero(struct store *s, struct inode *i, uint64_t off, uint64_t end)
{
    const uint64_t size = chunk_size(s);
    uint64_t first = (off + size - 1) >> s->chunk_shift;
    uint64_t past = end >> s->chunk_shift;
    int64_t rows;
    int err;

    if (first > past) /* within one chunk */
        return zero_piece(s, i, off, end);
    err = zero_piece(s, i, off, first << s->chunk_shift);
    if (err == 0 && end == i->stat.size && first << s->chunk_shift < end)
        return cut_rows(s, i, first << s->chunk_shift); /* the last row is a whole chunk, too */
    if (err == 0)
        err = zero_piece(s, i, past << s->chunk_shift, end);
    if (err < 0 || first == past)
        return err;
    data_close_blob(s);
    rows = delete_rows(s, i->stat.ino, first, past - 1);
    if (rows > 0)
        count_blocks(i, 0, (uint64_t)rows * blocks_of(size));
    return rows < 0 ? (int)rows : 0;
}

int data_remove(struct store *s, uint64_t ino)
{
    int64_t rows;

    data_close_blob(s);
    rows = delete_rows(s, ino, 0, (1 << DATA_INDEX_BITS) - 1);
    return rows < 0 ? (int)rows : 0;
}
