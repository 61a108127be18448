/* SPDX-License-Identifier: MIT */
/* Files whose pages were written by hand: trees that are in no order, records that no statement would
 * store. What looks at them ends soon, and needs little memory. */
#include "tests/contract/bed.h"
#include "tests/contract/dbcheck.h"

#include "fsdrivers/sqlitefs/db/heap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    CELL_MAX = 64,
    LEAF = 13, /* kinds of pages in SQLite's file format, 1.6 */
    INNER = 5,
    INDEX_LEAF = 10,
    SECONDS_MAX = 5,
    MEMORY_MAX = 200 * 1024, /* KiB that this process may have had */
    ROOM = 96 * 1024 * 1024,
};

/* A page of cells while it is made; they are laid from its end to its begin. */
struct page {
    uint8_t bytes[PAGE];
    unsigned count;
    unsigned end;
};

static void put_u16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put_u32(uint8_t *at, uint32_t value)
{
    put_u16(at, value >> 16);
    put_u16(at + 2, value & 0xffff);
}

/* SQLite's integer of 1 to 8 bytes. Returns how many. */
static size_t put_varint(uint8_t *at, uint64_t value)
{
    size_t len = 1;

    while (len < 8 && value >> (7 * len) != 0)
        len++;
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)((value >> (7 * (len - 1 - i)) & 0x7f) | (i + 1 < len ? 0x80 : 0));
    return len;
}

static struct page page_of(unsigned kind)
{
    struct page p = {.end = PAGE};

    p.bytes[0] = (uint8_t)kind;
    return p;
}

static void add_cell(struct page *p, const uint8_t *cell, size_t len)
{
    unsigned header = p->bytes[0] == INNER ? 12 : 8;

    cr_assert(header + 2 * p->count + 2 + len <= p->end);
    p->end -= (unsigned)len;
    memcpy(p->bytes + p->end, cell, len);
    put_u16(p->bytes + header + 2 * p->count++, p->end);
    put_u16(p->bytes + 3, p->count);
    put_u16(p->bytes + 5, p->end);
}

/* A row of an id, which is the table's key, and one value more: a type of records and its bytes. */
static void add_row(struct page *p, uint64_t id, uint8_t type, char byte)
{
    uint8_t record[] = {3, 0, type, (uint8_t)byte};
    uint8_t cell[CELL_MAX];
    size_t size = type == 12 ? 3 : 4; /* 12 is no bytes, 14 is one */
    size_t len = put_varint(cell, size);

    len += put_varint(cell + len, id);
    memcpy(cell + len, record, size);
    add_cell(p, cell, len + size);
}

static void add_child(struct page *p, uint32_t child, uint64_t key)
{
    uint8_t cell[CELL_MAX];

    put_u32(cell, child);
    add_cell(p, cell, 4 + put_varint(cell + 4, key));
}

/* Give the file's first page another number of pages. */
static void set_count(const struct bed *b, uint32_t pages)
{
    int fd = open(b->db, O_RDWR | O_CLOEXEC);
    uint8_t count[4];

    put_u32(count, pages);
    IS(pwrite(fd, count, sizeof(count), 28), sizeof(count));
    (void)close(fd);
}

/* Write a page: number @at, 0 a new one. Returns its number. The file then has as many pages as its
 * size says. */
static uint32_t write_page(const struct bed *b, uint32_t at, const struct page *p)
{
    int fd = open(b->db, O_RDWR | O_CLOEXEC);
    struct stat st;

    cr_assert(fd >= 0 && fstat(fd, &st) == 0);
    if (at == 0)
        at = (uint32_t)(st.st_size / PAGE) + 1;
    IS(pwrite(fd, p->bytes, PAGE, (off_t)(at - 1) * PAGE), PAGE);
    IS(fstat(fd, &st), 0);
    (void)close(fd);
    set_count(b, (uint32_t)(st.st_size / PAGE));
    return at;
}

static uint32_t root_of(const struct bed *b, const char *table)
{
    char sql[128];

    (void)snprintf(sql, sizeof(sql), "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
    return (uint32_t)db_number(b->db, sql);
}

/* Of this process's work: other processes do not count. */
static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A store with /f, inode 2, and its rows in no order: a search meets ids that lie before what it
 * looked for. */
static void bed_unsorted(struct bed *b)
{
    static const uint64_t ids[] = {10000, 30000, 20000, 1, 10000};
    static const uint64_t keys[] = {10, 9000, 10511, 11000};
    const uint64_t file = 2 << 24;
    struct page root = page_of(INNER);

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "x", 1);
    bed_close(b);
    db_run_sql(b->db, "UPDATE inode SET size = 2000000000 WHERE ino = 2");
    for (size_t i = 0; i < 5; i++) {
        struct page leaf = page_of(LEAF);
        uint32_t at;

        add_row(&leaf, file + ids[i], 14, 'A');
        at = write_page(b, 0, &leaf);
        if (i < 4)
            add_child(&root, at, file + keys[i]);
        else
            put_u32(root.bytes + 8, at);
    }
    (void)write_page(b, root_of(b, "data"), &root);
}

Test(sqlitefs_pages, removing_rows_in_no_order_ends)
{
    struct bed bed;
    struct bed *b = &bed;
    double began = seconds();

    bed_unsorted(b);
    IS(bed_open(b, NULL), 0);
    IS(FS(unlink, "/f"), -EIO);
    put_file(b, "/good", "good", 4);
    cr_assert(file_is(b, "/good", "good", 4));
    bed_done(b);
    cr_assert(seconds() - began < SECONDS_MAX);
}

Test(sqlitefs_pages, an_orphan_with_rows_in_no_order)
{
    struct bed bed;
    struct bed *b = &bed;
    double began = seconds();

    bed_unsorted(b);
    db_run_sql(b->db, "DELETE FROM dentry; UPDATE inode SET nlink = 0 WHERE ino = 2;"
                      "INSERT INTO orphan VALUES (2)");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/good", "good", 4);
    bed_done(b);
    cr_assert(seconds() - began < SECONDS_MAX);
}

/* A name's record with a value more than the table has columns, of @len bytes: no statement asks for
 * that one, and SQLite loads all of a key that it compares. */
static void put_long_record(struct bed *b, uint32_t len)
{
    const uint64_t hash = (uint64_t)db_number(b->db, "SELECT hash FROM dentry");
    struct page leaf = page_of(INDEX_LEAF);
    struct page rest = {.end = PAGE};
    uint8_t record[1024] = {0, 1, 6, 14, 1, 1};
    uint8_t cell[1100];
    size_t at = 6 + put_varint(record + 6, 12 + 2 * (uint64_t)len);
    size_t size;
    size_t local;
    uint32_t next;

    record[0] = (uint8_t)at;
    record[at++] = 1;
    put_u32(record + at, (uint32_t)(hash >> 32));
    put_u32(record + at + 4, (uint32_t)hash);
    at += 8;
    record[at++] = 'f';
    record[at++] = 2;
    record[at++] = 8;
    /* what stays in the cell: SQLite's file format, 1.6 */
    local = 489 + (at + len - 489) % (PAGE - 4);
    local = local <= 1002 ? local : 489;
    size = put_varint(cell, at + len);
    memcpy(cell + size, record, local);
    size += local;
    next = write_page(b, 0, &rest);
    put_u32(rest.bytes, next); /* it follows itself */
    (void)write_page(b, next, &rest);
    put_u32(cell + size, next);
    add_cell(&leaf, cell, size + 4);
    (void)write_page(b, root_of(b, "dentry"), &leaf);
    IS(truncate(b->db, (off_t)len + 100 * PAGE), 0);
    set_count(b, len / PAGE + 100);
}

Test(sqlitefs_pages, a_key_larger_than_any_is_not_loaded)
{
    static const struct {
        uint32_t len;
        int err; /* of a name that must be compared with it */
    } keys[] = {{60000, -ENOENT},
                {HEAP_PIECE_MAX / 2, -ENOENT},
                {HEAP_PIECE_MAX, -EIO},
                {1900000000, -EIO}};
    struct bed bed;
    struct bed *b = &bed;
    struct rusage use;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        bed_init(b, "sqlitefs");
        IS(bed_open(b, NULL), 0);
        put_file(b, "/f", "", 0);
        bed_close(b);
        put_long_record(b, keys[i].len);
        IS(bed_open(b, NULL), 0);
        IS(stat_error(b, "/f"), keys[i].err == -EIO ? -EIO : 0);
        IS(stat_error(b, "/g"), keys[i].err);
        bed_close(b);
        bed_done(b);
    }
    IS(getrusage(RUSAGE_SELF, &use), 0);
    cr_assert(use.ru_maxrss < MEMORY_MAX, "%ld KiB", use.ru_maxrss);
}

/* Pages of one leaf that is met billions of times: a look at all rows would take hours. */
static void put_dense(struct bed *b, uint32_t root)
{
    struct page p = page_of(LEAF);
    uint32_t at;

    for (unsigned i = 1; i <= 500; i++)
        add_row(&p, i, 12, 0);
    at = write_page(b, 0, &p);
    for (int level = 0; level < 4; level++) {
        p = page_of(INNER);
        for (int i = 0; i < 400; i++)
            add_child(&p, at, 1000);
        put_u32(p.bytes + 8, at);
        at = write_page(b, level < 3 ? 0 : root, &p);
    }
}

/* The pages that the file says it has, and those that it has on the disk, are what a look may take. */
Test(sqlitefs_pages, looking_at_all_rows_ends)
{
    static const struct {
        bool counted; /* the room on the disk is said to be pages */
        double seconds;
    } files[] = {{false, 2}, {true, SECONDS_MAX}};
    struct bed bed;
    struct bed *b = &bed;
    double began;
    int err;
    int fd;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        bed_init(b, "sqlitefs");
        IS(bed_open(b, NULL), 0);
        bed_close(b);
        put_dense(b, root_of(b, "data"));
        put_dense(b, root_of(b, "symlink"));
        fd = open(b->db, O_RDWR | O_CLOEXEC);
        IS(posix_fallocate(fd, 0, ROOM), 0);
        (void)close(fd);
        if (files[i].counted)
            set_count(b, ROOM / PAGE);
        began = seconds();
        err = bed_open(b, NULL);
        cr_assert(seconds() - began < files[i].seconds, "%f", seconds() - began);
        cr_assert(err == 0 || bed_why(b, "takes too long"));
        bed_done(b);
    }
}
