/* SPDX-License-Identifier: MIT */
/* The quota that a file of sqlitefs keeps. */
#include "fsdrivers/sqlitefs/quota.h"
#include "tests/contract/bed.h"
#include "tests/contract/dbcheck.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

static uint64_t quota_of(struct bed *b)
{
    struct fs_statfs st;

    IS(FS(statfs, &st), 0);
    return st.bytes_total;
}

static void reopen(struct bed *b, const char *opts)
{
    bed_close(b);
    IS(bed_open(b, opts), 0);
}

Test(sqlitefs_quota, is_kept)
{
    static const char bytes[200];
    struct bed bed;
    struct bed *b = &bed;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    IS(quota_of(b), 0);
    reopen(b, "quota=100");
    IS(quota_of(b), 100);
    IS(FS(mknod, "/f", S_IFREG), 0);
    IS(bed_write(b, "/f", bytes, 100, 0, NULL), 100);
    IS(bed_write(b, "/f", bytes, 1, 100, NULL), -EDQUOT);
    IS(FS(truncate, "/f", 101, NULL), -EDQUOT);
    IS(bed_write(b, "/f", bytes, 100, 0, NULL), 100);
    reopen(b, NULL);
    IS(quota_of(b), 100);
    IS(bed_write(b, "/f", bytes, 101, 0, NULL), -EDQUOT);
    reopen(b, "quota=auto");
    IS(quota_of(b), 100);
    reopen(b, "quota_bytes=50");
    IS(quota_of(b), 50);
    reopen(b, "quota=1K,quota_bytes=2K");
    IS(quota_of(b), 1024);
    reopen(b, "quota=none");
    IS(quota_of(b), 0);
    IS(FS(truncate, "/f", 1 << 20, NULL), 0);
    reopen(b, "quota=auto");
    IS(quota_of(b), 0);
    bed_close(b);
    db_check(b->db);
    bed_done(b);
}

Test(sqlitefs_quota, a_part_of_the_free_space)
{
    struct bed bed;
    struct bed *b = &bed;
    struct statvfs st;
    uint64_t quota;
    uint64_t part;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, "quota=auto"), 0);
    quota = quota_of(b);
    IS(statvfs(b->dir, &st), 0);
    part = (uint64_t)st.f_bavail * st.f_frsize / QUOTA_AUTO_PART;
    cr_assert(quota <= QUOTA_AUTO_MAX && quota >= QUOTA_AUTO_MIN);
    if (part < QUOTA_AUTO_MAX / 2) /* others use the disk, too */
        cr_assert(quota > part / 2 && quota < part * 2, "%llu of %llu", (unsigned long long)quota,
                  (unsigned long long)part);
    else if (part > 2 * (uint64_t)QUOTA_AUTO_MAX)
        IS(quota, QUOTA_AUTO_MAX);
    reopen(b, NULL);
    IS(quota_of(b), quota);
    bed_done(b);
}

/* A file that holds more than it is to have keeps what it has, and can't grow. */
Test(sqlitefs_quota, a_larger_file)
{
    static const char bytes[500];
    struct bed bed;
    struct bed *b = &bed;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", bytes, sizeof(bytes));
    reopen(b, "quota=499");
    cr_assert(bed_why(b, "holds 500 bytes, more than its quota of 499"));
    IS(quota_of(b), 500);
    IS(bed_write(b, "/f", bytes, 1, 500, NULL), -EDQUOT);
    reopen(b, NULL);
    IS(quota_of(b), 500);
    IS(b->why.count, 0);
    reopen(b, "quota=500");
    IS(b->why.count, 0);
    IS(FS(truncate, "/f", 10, NULL), 0);
    IS(bed_write(b, "/f", bytes, 490, 10, NULL), 490);
    bed_done(b);
}

Test(sqlitefs_quota, of_a_readonly_mount)
{
    struct bed bed;
    struct bed *b = &bed;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, "quota=100"), 0);
    reopen(b, "readonly,quota=200");
    IS(quota_of(b), 100);
    reopen(b, NULL);
    IS(quota_of(b), 100);
    bed_done(b);
}

Test(sqlitefs_quota, refusals)
{
    static const char *const bad[] = {"quota",    "quota=0",  "quota=x",
                                      "quota=-1", "quota=1Q", "quota=9223372036854775808"};
    static const char *const kept[] = {"'x'", "-1", "1.5", "NULL"};
    struct bed bed;
    struct bed *b = &bed;
    char sql[128];

    bed_init(b, "sqlitefs");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert(bed_open(b, bad[i]) == -EINVAL, "%s", bad[i]);
        cr_assert(bed_why(b, "quota="), "%s", bad[i]);
    }
    IS(bed_open(b, "quota=9223372036854775807"), 0);
    bed_close(b);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        (void)snprintf(sql, sizeof(sql), "UPDATE meta SET value = %s WHERE key = 'quota_bytes'",
                       kept[i]);
        db_run_sql(b->db, sql);
        cr_assert(bed_open(b, NULL) == -EIO, "%s", kept[i]);
    }
    bed_done(b);
}
