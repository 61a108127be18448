/* SPDX-License-Identifier: MIT */
/* Finding files by their inode numbers: FS_CAP_EXPORT. */
#include "tests/contract/bed.h"

#include <string.h>

static int lookup(struct bed *b, uint64_t ino, struct fs_file *file)
{
    struct fs_stat st = {.ino = 0};
    int err = FS(lookup, ino, &st, file);

    if (err == 0)
        IS(st.ino, ino);
    return err;
}

/* What a mount of the host serves. */
static void lookup_is_declared(struct bed *b)
{
    IS(b->fs->caps & FS_CAP_EXPORT, FS_CAP_EXPORT);
}

CONTRACT_ON(ramfs, lookup_is_declared, NULL)
CONTRACT_ON(sqlitefs, lookup_is_declared, NULL)

CONTRACT_EXPORT(lookup_tells_what_getattr_tells, NULL)
{
    static const char *const paths[] = {"/", "/d", "/d/f", "/d/l", "/second"};

    IS(FS(mkdir, "/d", 0700), 0);
    put_file(b, "/d/f", "text", 4);
    IS(FS(symlink, "f", "/d/l"), 0);
    IS(FS(link, "/d/f", "/second"), 0);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct fs_stat want = stat_of(b, paths[i]);
        struct fs_stat got;

        IS(FS(lookup, want.ino, &got, NULL), 0);
        cr_assert_eq(memcmp(&got, &want, sizeof(got)), 0, "%s", paths[i]);
    }
}

CONTRACT_EXPORT(lookup_of_no_file_ESTALE, NULL)
{
    static const uint64_t numbers[] = {0, 1000000, UINT64_C(1) << 39, INT64_MAX, UINT64_MAX};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        IS(lookup(b, numbers[i], NULL), -ESTALE);
}

CONTRACT_EXPORT(lookup_follows_no_name, NULL)
{
    uint64_t ino;
    uint64_t replaced;

    put_file(b, "/f", "one", 3);
    put_file(b, "/g", "two", 3);
    ino = stat_of(b, "/f").ino;
    replaced = stat_of(b, "/g").ino;
    IS(FS(rename, "/f", "/g", FS_RENAME_REPLACE), 0);
    IS(lookup(b, ino, NULL), 0);
    IS(lookup(b, replaced, NULL), -ESTALE);
    IS(FS(unlink, "/g"), 0);
    IS(lookup(b, ino, NULL), -ESTALE);
    put_file(b, "/new", "", 0);
    IS(lookup(b, ino, NULL), -ESTALE);
    IS(lookup(b, replaced, NULL), -ESTALE);
}

CONTRACT_EXPORT(lookup_opens_files, NULL)
{
    struct fs_file f = {.flags = FS_O_RDWR};
    struct fs_file again = {.flags = FS_O_RDWR};
    uint64_t ino;
    char buf[8];

    put_file(b, "/f", "text", 4);
    ino = stat_of(b, "/f").ino;
    IS(lookup(b, ino, &f), 0);
    IS(bed_write(b, NULL, "T", 1, 0, &f), 1);
    IS(FS(unlink, "/f"), 0);
    IS(lookup(b, ino, &again), -ESTALE);
    IS(bed_read(b, NULL, buf, sizeof(buf), 0, &f), 4);
    IS(memcmp(buf, "Text", 4), 0);
    IS(FS(close, NULL, &f), 0);
    IS(lookup(b, ino, &again), -ESTALE);
}

static int count_entry(void *user, const char *name, const struct fs_stat *stat)
{
    (void)name;
    (void)stat;
    (*(int *)user)++;
    return 0;
}

CONTRACT_EXPORT(lookup_opens_directories_but_no_links, NULL)
{
    struct fs_file f = {.flags = FS_O_RDONLY};
    int count = 0;

    IS(FS(mkdir, "/d", 0755), 0);
    put_file(b, "/d/f", "", 0);
    IS(FS(symlink, "f", "/d/l"), 0);
    IS(lookup(b, stat_of(b, "/d/l").ino, &f), -ELOOP);
    IS(lookup(b, stat_of(b, "/d").ino, &f), 0);
    IS(FS(readdir, NULL, count_entry, &count, &f), 0);
    IS(count, 2);
    IS(FS(closedir, NULL, &f), 0);
}

CONTRACT_EXPORT(lookup_honours_the_configuration, "setuid=7,fmask=077")
{
    struct fs_stat st;

    put_file(b, "/f", "", 0);
    IS(FS(lookup, stat_of(b, "/f").ino, &st, NULL), 0);
    IS(st.uid, 7);
    IS(st.mode, S_IFREG | 0600);
}

Test(sqlitefs, lookup_by_a_number_of_an_earlier_mount)
{
    struct bed bed;
    struct bed *b = &bed;
    uint64_t kept;
    uint64_t lost;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/kept", "", 0);
    put_file(b, "/lost", "", 0);
    kept = stat_of(b, "/kept").ino;
    lost = stat_of(b, "/lost").ino;
    IS(FS(unlink, "/lost"), 0);
    bed_close(b);
    IS(bed_open(b, NULL), 0);
    IS(lookup(b, kept, NULL), 0);
    IS(lookup(b, lost, NULL), -ESTALE);
    bed_done(b);
}

static void has_no_lookup(const char *driver)
{
    struct bed bed;
    struct bed *b = &bed;

    bed_init(b, driver);
    IS(bed_open(b, NULL), 0);
    IS(b->fs->caps & FS_CAP_EXPORT, 0);
    IS(lookup(b, 1, NULL), -ENOSYS);
    bed_done(b);
}

Test(devfs, lookup_ENOSYS)
{
    has_no_lookup("devfs");
}

Test(procfs, lookup_ENOSYS)
{
    has_no_lookup("procfs");
}
