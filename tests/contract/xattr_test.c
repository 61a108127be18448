/* SPDX-License-Identifier: MIT */
/* Extended attributes, over every driver that has them, and the refusal of the others. */
#include "tests/contract/bed.h"
#include "tests/contract/dbcheck.h"

#include <stdio.h>
#include <string.h>

/* A case for drivers with FS_CAP_XATTR; hostfs has it where its host's filesystem does. */
#define XATTR(name)                                                                                \
    static void name##_if_there(struct bed *b);                                                    \
    CONTRACT(name)                                                                                 \
    {                                                                                              \
        if ((b->fs->caps & FS_CAP_XATTR) != 0)                                                     \
            name##_if_there(b);                                                                    \
    }                                                                                              \
    static void name##_if_there(struct bed *b)

static int set(struct bed *b, const char *path, const char *name, const char *value, uint32_t flags)
{
    const struct fs_xattr attr = {name, {value, strlen(value)}, flags};

    return FS(setxattr, path, &attr, NULL);
}

/** Whether an attribute has this value. */
static bool has(struct bed *b, const char *path, const char *name, const char *value)
{
    char buf[64];
    int64_t got = FS(getxattr, path, name, (struct fs_buf){buf, sizeof(buf)}, NULL);

    return got == (int64_t)strlen(value) && memcmp(buf, value, (size_t)got) == 0;
}

XATTR(xattr_of_files_and_directories)
{
    static const char *const paths[] = {"/f", "/d", "/"};
    char list[64];

    put_file(b, "/f", "abc", 3);
    IS(FS(mkdir, "/d", 0755), 0);
    for (int i = 0; i < 3; i++) {
        const struct fs_buf room = {list, sizeof(list)};

        IS(FS(listxattr, paths[i], room, NULL), 0);
        IS(FS(getxattr, paths[i], "user.a", room, NULL), -ENODATA);
        IS(FS(removexattr, paths[i], "user.a", NULL), -ENODATA);
        IS(set(b, paths[i], "user.a", "first", 0), 0);
        IS(set(b, paths[i], "user.b", "", 0), 0);
        cr_assert(has(b, paths[i], "user.a", "first"));
        cr_assert(has(b, paths[i], "user.b", ""));
        IS(set(b, paths[i], "user.a", "2", 0), 0);
        cr_assert(has(b, paths[i], "user.a", "2"));
        IS(FS(listxattr, paths[i], room, NULL), 14);
        cr_assert(memcmp(list, "user.a\0user.b", 14) == 0 ||
                  memcmp(list, "user.b\0user.a", 14) == 0);
        IS(FS(removexattr, paths[i], "user.a", NULL), 0);
        IS(FS(getxattr, paths[i], "user.a", room, NULL), -ENODATA);
        IS(FS(listxattr, paths[i], room, NULL), 7);
    }
    cr_assert(file_is(b, "/f", "abc", 3));
}

XATTR(xattr_flags_EEXIST_ENODATA_EINVAL)
{
    put_file(b, "/f", "", 0);
    IS(set(b, "/f", "user.a", "1", FS_XATTR_REPLACE), -ENODATA);
    IS(set(b, "/f", "user.a", "1", FS_XATTR_CREATE), 0);
    IS(set(b, "/f", "user.a", "2", FS_XATTR_CREATE), -EEXIST);
    cr_assert(has(b, "/f", "user.a", "1"));
    IS(set(b, "/f", "user.a", "2", FS_XATTR_REPLACE), 0);
    cr_assert(has(b, "/f", "user.a", "2"));
    IS(set(b, "/f", "user.a", "3", FS_XATTR_CREATE | FS_XATTR_REPLACE), -EINVAL);
    IS(set(b, "/f", "user.a", "3", FS_XATTR_REPLACE << 1), -EINVAL);
    cr_assert(has(b, "/f", "user.a", "2"));
}

XATTR(xattr_sizes_are_asked_for_ERANGE)
{
    char buf[8] = "########";

    put_file(b, "/f", "", 0);
    IS(set(b, "/f", "user.a", "12345", 0), 0);
    IS(FS(getxattr, "/f", "user.a", (struct fs_buf){buf, 0}, NULL), 5);
    IS(FS(getxattr, "/f", "user.a", (struct fs_buf){buf, 4}, NULL), -ERANGE);
    IS(FS(getxattr, "/f", "user.a", (struct fs_buf){buf, 5}, NULL), 5);
    cr_assert(memcmp(buf, "12345###", 8) == 0);
    IS(FS(listxattr, "/f", (struct fs_buf){buf, 0}, NULL), 7);
    IS(FS(listxattr, "/f", (struct fs_buf){buf, 6}, NULL), -ERANGE);
    IS(FS(listxattr, "/f", (struct fs_buf){buf, 7}, NULL), 7);
    cr_assert_str_eq(buf, "user.a");
}

XATTR(xattr_names_ERANGE_ENOTSUP)
{
    char name[FS_XATTR_NAME_MAX + 2];

    put_file(b, "/f", "", 0);
    memset(name, 'n', sizeof(name));
    memcpy(name, "user.", 5);
    name[FS_XATTR_NAME_MAX + 1] = '\0';
    IS(set(b, "/f", name, "x", 0), -ERANGE);
    name[FS_XATTR_NAME_MAX] = '\0';
    IS(set(b, "/f", name, "x", 0), 0);
    cr_assert(has(b, "/f", name, "x"));
    IS(set(b, "/f", "", "x", 0), -ERANGE);
    IS(set(b, "/f", "user.", "x", 0), -ENOTSUP);
    IS(set(b, "/f", "plain", "x", 0), -ENOTSUP);
    IS(set(b, "/f", "security.x", "x", 0), -ENOTSUP);
    IS(FS(getxattr, "/f", "trusted.x", (struct fs_buf){name, 8}, NULL), -ENOTSUP);
    IS(FS(removexattr, "/f", "system.x", NULL), -ENOTSUP);
}

XATTR(xattr_of_links_EPERM)
{
    char buf[8];

    put_file(b, "/f", "", 0);
    IS(FS(symlink, "f", "/l"), 0);
    IS(set(b, "/l", "user.a", "x", 0), -EPERM);
    IS(FS(removexattr, "/l", "user.a", NULL), -EPERM);
    IS(FS(getxattr, "/l", "user.a", (struct fs_buf){buf, 8}, NULL), -ENODATA);
    IS(FS(listxattr, "/l", (struct fs_buf){buf, 8}, NULL), 0);
    IS(set(b, "/no", "user.a", "x", 0), -ENOENT);
    IS(set(b, "/f/x", "user.a", "x", 0), -ENOTDIR);
    IS(FS(listxattr, "/no", (struct fs_buf){buf, 8}, NULL), -ENOENT);
}

XATTR(xattr_by_handle_and_with_all_names)
{
    const struct fs_xattr attr = {"user.a", {"1", 1}, 0};
    struct fs_stat before;
    struct fs_file f;
    char buf[8];

    put_file(b, "/f", "", 0);
    IS(FS(link, "/f", "/g"), 0);
    before = stat_of(b, "/f");
    open_file(b, "/f", FS_O_RDONLY, &f);
    IS(FS(setxattr, NULL, &attr, &f), 0);
    cr_assert(has(b, "/g", "user.a", "1"));
    IS(FS(rename, "/g", "/h", FS_RENAME_REPLACE), 0);
    IS(FS(unlink, "/f"), 0);
    cr_assert(has(b, "/h", "user.a", "1"));
    IS(FS(unlink, "/h"), 0);
    IS(FS(getxattr, NULL, "user.a", (struct fs_buf){buf, 8}, &f), 1);
    IS(FS(listxattr, NULL, (struct fs_buf){buf, 8}, &f), 7);
    IS(FS(removexattr, NULL, "user.a", &f), 0);
    IS(FS(close, NULL, &f), 0);
    put_file(b, "/f", "", 0);
    IS(FS(listxattr, "/f", (struct fs_buf){buf, 8}, NULL), 0);
    cr_assert(before.mtime <= stat_of(b, "/f").mtime);
}

XATTR(xattr_changes_are_stamped_in_ctime)
{
    struct fs_stat st;
    struct fs_stat before;

    put_file(b, "/f", "", 0);
    before = stat_of(b, "/f");
    IS(set(b, "/f", "user.a", "1", 0), 0);
    st = stat_of(b, "/f");
    IS(st.mtime, before.mtime);
    cr_assert(b->hosted || st.ctime > before.ctime);
    IS(FS(removexattr, "/f", "user.a", NULL), 0);
    cr_assert(b->hosted || stat_of(b, "/f").ctime > st.ctime);
}

static void xattr_limits_E2BIG_ENOSPC(struct bed *b)
{
    static char value[FS_XATTR_SIZE_MAX + 1];
    static char back[FS_XATTR_SIZE_MAX + 1];
    struct fs_xattr attr = {"user.a", {value, sizeof(value)}, 0};
    char name[16];
    int err = 0;
    int count = 0;

    put_file(b, "/f", "", 0);
    fill(value, sizeof(value), 5);
    IS(FS(setxattr, "/f", &attr, NULL), -E2BIG);
    attr.value.len = FS_XATTR_SIZE_MAX;
    IS(FS(setxattr, "/f", &attr, NULL), 0);
    IS(FS(getxattr, "/f", "user.a", (struct fs_buf){back, sizeof(back)}, NULL), FS_XATTR_SIZE_MAX);
    cr_assert(memcmp(value, back, FS_XATTR_SIZE_MAX) == 0);
    IS(FS(removexattr, "/f", "user.a", NULL), 0);
    for (; err == 0; count += err == 0) {
        (void)snprintf(name, sizeof(name), "user.%010d", count);
        err = set(b, "/f", name, "", 0);
    }
    IS(err, -ENOSPC);
    IS(count, FS_XATTR_LIST_MAX / 16);
    IS(FS(listxattr, "/f", (struct fs_buf){back, FS_XATTR_LIST_MAX}, NULL), count * 16);
    IS(set(b, "/f", "user.0000000000", "again", 0), 0);
}

CONTRACT_ON(ramfs, xattr_limits_E2BIG_ENOSPC, NULL)
CONTRACT_ON(sqlitefs, xattr_limits_E2BIG_ENOSPC, NULL)

static void xattr_takes_of_the_size_ENOSPC(struct bed *b)
{
    static char value[FS_XATTR_SIZE_MAX];
    struct fs_xattr attr = {"user.a", {value, 4000}, 0};

    put_file(b, "/f", "", 0);
    IS(FS(setxattr, "/f", &attr, NULL), 0);
    attr.value.len = sizeof(value);
    IS(FS(setxattr, "/f", &attr, NULL), -ENOSPC);
    IS(FS(getxattr, "/f", "user.a", (struct fs_buf){value, 0}, NULL), 4000);
}

CONTRACT_ON(ramfs, xattr_takes_of_the_size_ENOSPC, "size=32K")

static void xattr_readonly_EROFS(struct bed *b)
{
    IS(set(b, "/", "user.a", "x", 0), -EROFS);
    IS(FS(removexattr, "/", "user.a", NULL), -EROFS);
}

CONTRACT_ON(ramfs, xattr_readonly_EROFS, "readonly")
CONTRACT_ON(hostfs, xattr_readonly_EROFS, "readonly")

Test(sqlitefs, xattr_is_stored)
{
    struct bed bed;
    struct bed *b = &bed;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "", 0);
    put_file(b, "/gone", "", 0);
    IS(set(b, "/f", "user.a", "kept", 0), 0);
    IS(set(b, "/gone", "user.a", "x", 0), 0);
    IS(FS(unlink, "/gone"), 0);
    bed_close(b);
    IS(bed_open(b, NULL), 0);
    cr_assert(has(b, "/f", "user.a", "kept"));
    bed_close(b);
    db_check(b->db);
    bed_done(b);
}

/* A driver without the capability. */
Test(procfs, xattr_ENOTSUP)
{
    struct bed bed;
    struct bed *b = &bed;
    char buf[8];

    bed_init(b, "procfs");
    IS(bed_open(b, NULL), 0);
    IS(set(b, "/", "user.a", "x", 0), -EROFS);
    IS(FS(getxattr, "/", "user.a", (struct fs_buf){buf, 8}, NULL), -ENOTSUP);
    IS(FS(listxattr, "/", (struct fs_buf){buf, 8}, NULL), -ENOTSUP);
    bed_done(b);
}

Test(sqlitefs, xattr_rows_that_no_slot_made_EIO)
{
    struct bed bed;
    struct bed *b = &bed;
    char buf[32];

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "", 0);
    put_file(b, "/many", "", 0);
    bed_close(b);
    db_run_sql(
        b->db,
        "INSERT INTO xattr SELECT ino, CAST('plain' AS BLOB), x'00' FROM dentry;"
        "INSERT INTO xattr SELECT ino, x'757365722e6100', x'00' FROM dentry;"
        "INSERT INTO xattr SELECT ino, CAST('user.big' AS BLOB), zeroblob(65537) FROM dentry;"
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " INSERT INTO xattr SELECT ino, CAST(printf('user.%010d', i) AS BLOB), x'' FROM n,"
        " dentry WHERE name = CAST('many' AS BLOB)");
    IS(bed_open(b, NULL), 0);
    IS(FS(getxattr, "/f", "user.big", (struct fs_buf){buf, 0}, NULL), -EIO);
    IS(FS(listxattr, "/f", (struct fs_buf){buf, sizeof(buf)}, NULL), sizeof("user.big"));
    cr_assert_str_eq(buf, "user.big");
    IS(FS(listxattr, "/many", (struct fs_buf){buf, 0}, NULL), -EIO);
    IS(set(b, "/many", "user.new", "x", 0), -EIO);
    IS(FS(unlink, "/many"), 0);
    IS(FS(unlink, "/f"), 0);
    bed_close(b);
    db_check(b->db);
    bed_done(b);
}
