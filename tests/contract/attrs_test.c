/* SPDX-License-Identifier: MIT */
/* Owners, permission bits, stamps, and the numbers of a filesystem. */
#include "tests/contract/bed.h"

#include <string.h>

CONTRACT_OWN(chmod_sets_set_id_bits, NULL)
{
    put_file(b, "/f", "", 0);
    IS(FS(chmod, "/f", 04711, NULL), 0);
    IS(stat_of(b, "/f").mode, S_IFREG | 04711);
}

/* They would give the daemon's rights to users of the host. */
static void chmod_sets_no_set_id_bits(struct bed *b)
{
    put_file(b, "/f", "", 0);
    IS(FS(chmod, "/f", 04711, NULL), 0);
    IS(stat_of(b, "/f").mode, S_IFREG | 0711);
}

CONTRACT_ON(hostfs, chmod_sets_no_set_id_bits, NULL)

CONTRACT(chmod_keeps_the_type)
{
    put_file(b, "/f", "", 0);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(chmod, "/f", 0711, NULL), 0);
    IS(stat_of(b, "/f").mode, S_IFREG | 0711);
    IS(FS(chmod, "/d", S_IFREG | 01777, NULL), 0);
    IS(stat_of(b, "/d").mode, S_IFDIR | 01777);
    IS(FS(chmod, "/", 0700, NULL), 0);
    IS(stat_of(b, "/").mode, S_IFDIR | 0700);
    IS(FS(chmod, "/no", 0700, NULL), -ENOENT);
    IS(FS(chmod, "/f/x", 0700, NULL), -ENOTDIR);
    IS(FS(symlink, "f", "/l"), 0);
    IS(FS(chmod, "/l", 0700, NULL), -EINVAL);
}

CONTRACT(chown_minus_one_leaves_it)
{
    put_file(b, "/f", "", 0);
    IS(stat_of(b, "/f").uid, 0);
    IS(FS(chown, "/f", 70000, 5, NULL), 0);
    IS(FS(chown, "/f", (uint32_t)-1, 4000000000u, NULL), 0);
    IS(stat_of(b, "/f").uid, 70000);
    IS(stat_of(b, "/f").gid, 4000000000u);
    IS(FS(chown, "/f", 1, (uint32_t)-1, NULL), 0);
    IS(stat_of(b, "/f").uid, 1);
    IS(FS(chown, "/no", 1, 1, NULL), -ENOENT);
}

CONTRACT(what_is_made_belongs_to_who_creates)
{
    put_file(b, "/before", "", 0);
    b->who.uid = 1000;
    b->who.gid = 4000000000u;
    put_file(b, "/f", "", 0);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(symlink, "f", "/l"), 0);
    IS(FS(link, "/before", "/linked"), 0);
    b->who.uid = 7;
    b->who.gid = 8;
    IS(FS(rename, "/f", "/g", FS_RENAME_REPLACE), 0);
    IS(stat_of(b, "/g").uid, 1000);
    IS(stat_of(b, "/g").gid, 4000000000u);
    IS(stat_of(b, "/d").uid, 1000);
    IS(stat_of(b, "/d").gid, 4000000000u);
    IS(stat_of(b, "/l").uid, 1000);
    IS(stat_of(b, "/l").gid, 4000000000u);
    IS(stat_of(b, "/linked").uid, 0);
    IS(stat_of(b, "/").uid, 0);
}

static void root_belongs_to_the_maker(const char *driver)
{
    struct bed b;

    bed_init(&b, driver);
    b.uid = 1000;
    b.gid = 100;
    IS(bed_open(&b, NULL), 0);
    IS(stat_of(&b, "/").uid, 1000);
    IS(stat_of(&b, "/").gid, 100);
    bed_done(&b);
}

#define ROOT_TEST(driver, name, options)                                                           \
    Test(driver, name)                                                                             \
    {                                                                                              \
        root_belongs_to_the_maker(#driver);                                                        \
    }
ROOT_TEST(ramfs, the_root_belongs_to_the_maker, NULL)
ROOT_TEST(sqlitefs, the_root_belongs_to_the_maker, NULL) /* a union's root is its top layer's */

Test(sqlitefs, the_root_stays_its_makers)
{
    struct bed b;

    bed_init(&b, "sqlitefs");
    b.uid = 1000;
    IS(bed_open(&b, NULL), 0);
    bed_close(&b);
    b.uid = 5;
    IS(bed_open(&b, NULL), 0);
    IS(stat_of(&b, "/").uid, 1000);
    bed_done(&b);
}

CONTRACT(utimens_sets_ns)
{
    struct fs_stat st;

    put_file(b, "/f", "", 0);
    IS(FS(utimens, "/f", -5, 1234567890123456789, NULL), 0);
    st = stat_of(b, "/f");
    IS(st.atime, -5);
    IS(st.mtime, 1234567890123456789);
    IS(FS(utimens, "/f", INT64_MIN, 7, NULL), 0);
    IS(stat_of(b, "/f").atime, -5);
    IS(FS(utimens, "/f", 8, INT64_MIN, NULL), 0);
    IS(stat_of(b, "/f").mtime, 7);
    IS(FS(utimens, "/no", 1, 1, NULL), -ENOENT);
}

CONTRACT_OWN(stamps_follow_posix, NULL)
{
    struct fs_stat file;
    struct fs_stat dir;
    char byte;

    put_file(b, "/f", "abc", 3);
    file = stat_of(b, "/f");
    dir = stat_of(b, "/");
    IS(bed_read(b, "/f", &byte, 1, 0, NULL), 1);
    IS(stat_of(b, "/f").atime, file.atime);
    IS(bed_write(b, "/f", "x", 1, 0, NULL), 1);
    cr_assert(stat_of(b, "/f").mtime > file.mtime);
    cr_assert(stat_of(b, "/f").ctime > file.ctime);
    IS(stat_of(b, "/f").btime, file.btime);
    IS(stat_of(b, "/").mtime, dir.mtime);
    file = stat_of(b, "/f");
    IS(FS(chmod, "/f", 0600, NULL), 0);
    IS(stat_of(b, "/f").mtime, file.mtime);
    cr_assert(stat_of(b, "/f").ctime > file.ctime);
    file = stat_of(b, "/f");
    IS(FS(truncate, "/f", 3, NULL), 0);
    cr_assert(stat_of(b, "/f").mtime > file.mtime);
    IS(FS(link, "/f", "/g"), 0);
    cr_assert(stat_of(b, "/").mtime > dir.mtime);
    cr_assert(stat_of(b, "/").ctime > dir.ctime);
}

CONTRACT_OWN(stamps_of_directories, NULL)
{
    struct fs_stat one;
    struct fs_stat two;

    IS(FS(mkdir, "/1", 0755), 0);
    IS(FS(mkdir, "/2", 0755), 0);
    put_file(b, "/1/f", "", 0);
    one = stat_of(b, "/1");
    two = stat_of(b, "/2");
    IS(FS(rename, "/1/f", "/2/f", FS_RENAME_REPLACE), 0);
    cr_assert(stat_of(b, "/1").mtime > one.mtime);
    cr_assert(stat_of(b, "/2").mtime > two.mtime);
    two = stat_of(b, "/2");
    IS(FS(unlink, "/2/f"), 0);
    cr_assert(stat_of(b, "/2").mtime > two.mtime);
}

CONTRACT_OWN(statfs_counts, NULL)
{
    struct fs_statfs use;

    IS(FS(statfs, &use), 0);
    IS(use.bytes_used, 0);
    IS(use.inodes_used, 0);
    IS(use.bytes_total, 0);
    IS(use.readonly, false);
    put_file(b, "/f", "abc", 3);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(symlink, "f", "/d/l"), 0);
    IS(FS(link, "/f", "/d/g"), 0);
    IS(FS(truncate, "/f", 100000, NULL), 0);
    IS(FS(statfs, &use), 0);
    IS(use.bytes_used, 100000);
    IS(use.inodes_used, 3);
    IS(FS(truncate, "/f", 10, NULL), 0);
    IS(FS(unlink, "/d/l"), 0);
    IS(FS(statfs, &use), 0);
    IS(use.bytes_used, 10);
    IS(use.inodes_used, 2);
}

CONTRACT(blocks_tell_the_storage)
{
    static char bytes[131072];

    fill(bytes, sizeof(bytes), 1);
    put_file(b, "/f", bytes, sizeof(bytes));
    IS(stat_of(b, "/f").blocks, sizeof(bytes) / 512);
    IS(FS(truncate, "/f", 65536, NULL), 0);
    IS(stat_of(b, "/f").blocks, 65536 / 512);
    IS(FS(truncate, "/f", 1 << 20, NULL), 0);
    IS(stat_of(b, "/f").blocks, 65536 / 512);
    IS(FS(truncate, "/f", 0, NULL), 0);
    IS(stat_of(b, "/f").blocks, 0);
}

CONTRACT(commit_and_sync)
{
    put_file(b, "/f", "abc", 3);
    IS(FS0(commit), 0);
    IS(b->fs->pending, false);
    put_file(b, "/g", "abc", 3);
    IS(FS0(sync), 0);
    IS(b->fs->pending, false);
    IS(FS0(commit), 0);
}
