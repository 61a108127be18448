/* SPDX-License-Identifier: MIT */
/* archivefs over archives that are made to do harm. */
#include "tests/contract/bed.h"
#include "tests/contract/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct bed bed; /* each test has a process of its own */
static struct bed *const b = &bed;

static FILE *begin(void)
{
    FILE *f;

    bed_init(b, "archivefs");
    f = fopen(b->db, "w");
    cr_assert(f != NULL);
    return f;
}

/** Open what was written. */
static void opens(FILE *f)
{
    tar_end(f);
    IS(bed_open(b, NULL), 0);
}

static void note_is(const char *note)
{
    struct fs_statfs st;

    IS(FS(statfs, &st), 0);
    cr_assert_str_eq(st.note, note);
}

Test(archivefs_hostile, names_stay_inside)
{
    FILE *f = begin();

    tar_put(f, (struct tar_head){.name = "../out"}, "1", 1);
    tar_put(f, (struct tar_head){.name = "a/../../out"}, "1", 1);
    tar_put(f, (struct tar_head){.name = "a/.."}, "1", 1);
    tar_put(f, (struct tar_head){.name = "/etc/passwd"}, "2", 1);
    tar_put(f, (struct tar_head){.name = "//x//./y/."}, "3", 1);
    tar_put(f, (struct tar_head){.name = "..."}, "4", 1);
    tar_put(f, (struct tar_head){.name = "\377\376"}, "5", 1);
    tar_put(f, (struct tar_head){.name = ".", .type = '5', .mode = 0700}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "./."}, "6", 1); /* the root as a file */
    opens(f);
    cr_assert_str_eq(names_of(b, "/"), " ... etc x \377\376");
    cr_assert(file_is(b, "/etc/passwd", "2", 1));
    cr_assert(file_is(b, "/x/y", "3", 1));
    cr_assert(file_is(b, "/\377\376", "5", 1));
    IS(stat_of(b, "/").mode, S_IFDIR | 0700);
    note_is("4 entries left out, 0 encrypted");
    bed_done(b);
}

Test(archivefs_hostile, the_last_of_one_name_counts)
{
    FILE *f = begin();

    tar_put(f, (struct tar_head){.name = "f"}, "old", 3);
    tar_put(f, (struct tar_head){.name = "f"}, "newer", 5);
    tar_put(f, (struct tar_head){.name = "d"}, "file", 4);
    tar_put(f, (struct tar_head){.name = "d/in"}, "in", 2); /* a file used as a directory */
    tar_put(f, (struct tar_head){.name = "e/in/deep"}, "in", 2);
    tar_put(f, (struct tar_head){.name = "e"}, "file", 4); /* a directory becomes a file */
    tar_put(f, (struct tar_head){.name = "k/in"}, "in", 2);
    tar_put(f, (struct tar_head){.name = "k", .type = '5', .mode = 0711}, NULL, 0);
    opens(f);
    cr_assert_str_eq(names_of(b, "/"), " d e f k");
    cr_assert(file_is(b, "/f", "newer", 5));
    cr_assert(file_is(b, "/d/in", "in", 2));
    cr_assert(file_is(b, "/e", "file", 4));
    IS(stat_error(b, "/e/in"), -ENOTDIR);
    IS(stat_of(b, "/k").mode, S_IFDIR | 0711);
    cr_assert_str_eq(names_of(b, "/k"), " in");
    bed_done(b);
}

Test(archivefs_hostile, hard_links)
{
    FILE *f = begin();

    tar_put(f, (struct tar_head){.name = "late", .type = '1', .link = "file"}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "file"}, "content", 7);
    tar_put(f, (struct tar_head){.name = "early", .type = '1', .link = "./file"}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "none", .type = '1', .link = "missing"}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "self", .type = '1', .link = "self"}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "file", .type = '1', .link = "file"}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "out", .type = '1', .link = "../../etc/passwd"}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "dir", .type = '5', .mode = 0755}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "todir", .type = '1', .link = "dir"}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "file/below", .type = '1', .link = "early"}, NULL, 0);
    opens(f);
    cr_assert_str_eq(names_of(b, "/"), " dir early file");
    cr_assert_str_eq(names_of(b, "/file"), " below");
    cr_assert(file_is(b, "/early", "content", 7));
    IS(stat_of(b, "/early").nlink, 2);
    IS(stat_of(b, "/early").ino, stat_of(b, "/file/below").ino);
    bed_done(b);
}

Test(archivefs_hostile, a_hard_link_before_its_file)
{
    FILE *f = begin();

    tar_put(f, (struct tar_head){.name = "late", .type = '1', .link = "file"}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "file"}, "content", 7);
    opens(f);
    cr_assert(file_is(b, "/late", "content", 7));
    IS(stat_of(b, "/late").nlink, 2);
    bed_done(b);
}

Test(archivefs_hostile, links_and_devices_are_data)
{
    struct fs_file file = {.flags = FS_O_RDONLY};
    char text[20] = "";
    FILE *f = begin();

    tar_put(f, (struct tar_head){.name = "out", .type = '2', .link = "../../etc/passwd"}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "out/x"}, "1", 1); /* takes the link's place */
    tar_put(f, (struct tar_head){.name = "abs", .type = '2', .link = "/etc/passwd"}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "nothing", .type = '2'}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "chr", .type = '3', .mode = 0666}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "blk", .type = '4'}, NULL, 0);
    tar_put(f, (struct tar_head){.name = "fifo", .type = '6'}, NULL, 0);
    opens(f);
    cr_assert_str_eq(names_of(b, "/"), " abs blk chr fifo out");
    cr_assert(file_is(b, "/out/x", "1", 1));
    IS(FS(readlink, "/abs", text, sizeof(text)), 0);
    cr_assert_str_eq(text, "/etc/passwd");
    IS(stat_of(b, "/chr").mode, S_IFCHR | 0666);
    IS(FS(open, "/chr", &file), -ENXIO);
    IS(FS(open, "/blk", &file), -ENXIO);
    IS(FS(open, "/fifo", &file), -ENXIO);
    IS(bed_read(b, "/fifo", text, 1, 0, NULL), -ENXIO);
    bed_done(b);
}

/** A size of 2^63 - 1, a negative one, and 2^33 of which nothing is there. */
Test(archivefs_hostile, sizes_that_are_none)
{
    static const char *const sizes[] = {"\200\0\0\0\177\377\377\377\377\377\377\377",
                                        "\377\377\377\377\377\377\377\377\377\377\377\376",
                                        "100000000000", "77777777777\0"};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        FILE *f = begin();
        struct fs_statfs st;
        char byte;
        int err;

        tar_put(f, (struct tar_head){.name = "f", .size = sizes[i]}, NULL, 0);
        tar_end(f);
        err = bed_open(b, NULL);
        cr_assert(err == 0 || err == -EIO);
        if (err == 0) {
            IS(FS(statfs, &st), 0);
            (void)bed_read(b, "/f", &byte, 1, 1 << 20, NULL);
        }
        bed_done(b);
    }
}

/** An archive that is cut short is refused as a whole, with a sentence. */
Test(archivefs_hostile, truncated_EIO)
{
    static const char *const forms[][2] = {
        {"pax", "none"}, {"pax", "gzip"}, {"pax", "xz"}, {"pax", "zstd"}, {"newc", "none"}};
    static char content[100000];

    fill(content, sizeof(content), 9);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct archive *a;
        struct stat st;

        bed_init(b, "archivefs");
        a = pack_begin(b->db, forms[i][0], forms[i][1]);
        pack_file(a, "one", S_IFREG | 0644, content, sizeof(content));
        pack_file(a, "two", S_IFREG | 0644, content, sizeof(content));
        pack_end(a);
        IS(stat(b->db, &st), 0);
        IS(truncate(b->db, st.st_size / 2), 0);
        IS(bed_open(b, NULL), -EIO);
        cr_assert(bed_why(b, "damaged one: "));
        bed_done(b);
    }
}

/** A file that shrinks while it is in use. */
Test(archivefs_hostile, a_source_that_shrinks_EIO)
{
    char byte;
    FILE *f = begin();

    tar_put(f, (struct tar_head){.name = "f"}, "content", 7);
    opens(f);
    IS(truncate(b->db, 100), 0);
    IS(bed_read(b, "/f", &byte, 1, 0, NULL), -EIO);
    IS(truncate(b->db, 0), 0);
    IS(bed_read(b, "/f", &byte, 1, 0, NULL), -EIO);
    IS(stat_of(b, "/f").size, 7);
    bed_done(b);
}

/** What is encrypted has a name and a size, and no content. */
Test(archivefs_hostile, encrypted_EACCES)
{
    struct fs_file file = {.flags = FS_O_RDONLY};
    struct archive *a;
    char byte;

    bed_init(b, "archivefs");
    a = archive_write_new();
    IS(archive_write_set_format_zip(a), ARCHIVE_OK);
    IS(archive_write_set_options(a, "zip:encryption=traditional"), ARCHIVE_OK);
    IS(archive_write_set_passphrase(a, "secret"), ARCHIVE_OK);
    IS(archive_write_open_filename(a, b->db), ARCHIVE_OK);
    pack_file(a, "secret", S_IFREG | 0644, "content", 7);
    pack_end(a);
    IS(bed_open(b, NULL), 0);
    cr_assert_str_eq(names_of(b, "/"), " secret");
    IS(FS(open, "/secret", &file), -EACCES);
    IS(bed_read(b, "/secret", &byte, 1, 0, NULL), -EACCES);
    note_is("0 entries left out, 1 encrypted");
    bed_done(b);
}

/** Holes are zeros: 8 GiB of them with a few bytes between. */
Test(archivefs_hostile, sparse_files)
{
    const int64_t size = INT64_C(8) << 30;
    struct archive *a;
    struct archive_entry *e = archive_entry_new();
    char text[9] = "";

    bed_init(b, "archivefs");
    a = pack_begin(b->db, "pax", "none");
    archive_entry_set_pathname(e, "sparse");
    archive_entry_set_mode(e, S_IFREG | 0644);
    archive_entry_set_size(e, size);
    archive_entry_sparse_add_entry(e, 1 << 20, 4);
    archive_entry_sparse_add_entry(e, size, 0);
    IS(archive_write_header(a, e), ARCHIVE_OK);
    IS(archive_write_data(a, text, 1 << 3), 8);
    archive_entry_free(e);
    pack_file(a, "after", S_IFREG | 0644, "1", 1);
    pack_end(a);
    IS(bed_open(b, NULL), 0);
    IS(stat_of(b, "/sparse").size, size);
    IS(bed_read(b, "/sparse", text, 8, (1 << 20) - 4, NULL), 8);
    IS(memcmp(text, "\0\0\0\0", 4), 0);
    cr_assert(file_is(b, "/after", "1", 1));
    bed_done(b);
}

/** Zeros, 64 MiB in a few kilobytes: their size counts, content is made when it is read. */
Test(archivefs_hostile, a_bomb_is_read_lazily)
{
    static char zeros[1 << 20];
    struct archive *a;
    struct fs_statfs st;
    char bytes[3] = "xx";

    bed_init(b, "archivefs");
    a = pack_begin(b->db, "pax", "zstd");
    pack_file(a, "first", S_IFREG | 0644, "1", 1);
    for (int i = 0; i < 64; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "zeros%d", i);
        pack_file(a, name, S_IFREG | 0644, zeros, sizeof(zeros));
    }
    pack_end(a);
    IS(bed_open(b, "quota_bytes=1M"), 0);
    IS(FS(statfs, &st), 0);
    IS(st.bytes_used, 64 * sizeof(zeros) + 1);
    IS(bed_read(b, "/zeros63", bytes, 2, 1000000, NULL), 2);
    IS(memcmp(bytes, "\0\0", 2), 0);
    cr_assert(b->taken < 2 * sizeof(zeros));
    bed_done(b);
}
