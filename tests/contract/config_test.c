/* SPDX-License-Identifier: MIT */
/* What generic honours for every driver: owners, masks, read-only, quotas. */
#include "tests/contract/bed.h"

#include <string.h>

static int see_owner(void *user, const char *name, const struct fs_stat *stat)
{
    uint32_t *uid = user;

    (void)name;
    if (stat != NULL)
        *uid = stat->uid;
    return 0;
}

CONTRACT_OPTS(setuid_shows_the_owner, "setuid=70001,setgid=9")
{
    uint32_t uid = 70001;

    put_file(b, "/f", "", 0);
    IS(stat_of(b, "/f").uid, 70001);
    IS(stat_of(b, "/f").gid, 9);
    IS(stat_of(b, "/").uid, 70001);
    IS(FS(readdir, "/", see_owner, &uid, NULL), 0);
    IS(uid, 70001);
    IS(FS(chown, "/f", 5, 5, NULL), -EPERM);
    IS(FS(chown, "/f", 70001, (uint32_t)-1, NULL), 0);
    IS(FS(chown, "/no", 70001, 9, NULL), -ENOENT);
}

CONTRACT_OPTS(fmask_clears_bits, "fmask=0133,dmask=022")
{
    IS(FS(mknod, "/f", S_IFREG | 0777), 0);
    IS(FS(mkdir, "/d", 0777), 0);
    IS(FS(symlink, "f", "/l"), 0);
    IS(stat_of(b, "/f").mode, S_IFREG | 0644);
    IS(stat_of(b, "/d").mode, S_IFDIR | 0755);
}

CONTRACT(readonly_every_change_EROFS)
{
    struct fs_file f = {.flags = FS_O_RDWR};
    struct fs_statfs use;
    bool kept = b->db[0] != '\0' || b->layers > 0;

    put_file(b, "/f", "abc", 3);
    bed_close(b);
    IS(bed_open(b, "readonly"), 0);
    IS(FS(mknod, "/g", S_IFREG), -EROFS);
    IS(FS(mkdir, "/g", 0755), -EROFS);
    IS(FS(symlink, "x", "/g"), -EROFS);
    IS(FS(link, "/f", "/g"), -EROFS);
    IS(FS(unlink, "/f"), -EROFS);
    IS(FS(rmdir, "/f"), -EROFS);
    IS(FS(rename, "/f", "/g", FS_RENAME_REPLACE), -EROFS);
    IS(FS(chown, "/f", 1, 1, NULL), -EROFS);
    IS(FS(chmod, "/f", 0, NULL), -EROFS);
    IS(FS(truncate, "/f", 0, NULL), -EROFS);
    IS(FS(utimens, "/f", 1, 1, NULL), -EROFS);
    IS(bed_write(b, "/f", "x", 1, 0, NULL), -EROFS);
    IS(FS(open, "/f", &f), -EROFS);
    IS(FS(lookup, stat_of(b, "/").ino, &(struct fs_stat){.ino = 0}, &f), -EROFS);
    IS(FS(statfs, &use), 0);
    IS(use.readonly, true);
    IS(stat_error(b, "/f"), kept ? 0 : -ENOENT);
    f.flags = FS_O_RDONLY;
    IS(FS(open, "/f", &f), kept ? 0 : -ENOENT);
    if (kept)
        IS(FS(close, "/f", &f), 0);
}

CONTRACT_OWN(quota_bytes_EDQUOT, "quota_bytes=64K")
{
    static char bytes[65536];
    struct fs_statfs use;
    struct fs_file f;

    fill(bytes, sizeof(bytes), 1);
    put_file(b, "/f", bytes, 65535);
    open_file(b, "/f", FS_O_WRONLY | FS_O_APPEND, &f);
    IS(bed_write(b, "/f", "xy", 2, 0, &f), -EDQUOT);
    IS(bed_write(b, "/f", "x", 1, 0, &f), 1);
    IS(bed_write(b, NULL, "x", 1, 0, &f), -EDQUOT);
    IS(FS(close, "/f", &f), 0);
    IS(bed_write(b, "/f", "y", 1, 65536, NULL), -EDQUOT);
    IS(FS(truncate, "/f", 65537, NULL), -EDQUOT);
    IS(stat_of(b, "/f").size, 65536);
    IS(bed_write(b, "/f", "y", 1, 100, NULL), 1);
    IS(FS(mknod, "/g", S_IFREG), 0);
    IS(bed_write(b, "/g", "y", 1, 0, NULL), -EDQUOT);
    IS(bed_write(b, "/no", "y", 1, 0, NULL), -ENOENT);
    IS(FS(statfs, &use), 0);
    IS(use.bytes_total, 65536);
    IS(use.bytes_used, 65536);
    IS(FS(truncate, "/f", 10, NULL), 0);
    IS(bed_write(b, "/g", "y", 1, 65525, NULL), 1);
    IS(FS(unlink, "/g"), 0);
    IS(FS(truncate, "/f", 65536, NULL), 0);
}

CONTRACT_OWN(quota_inodes_EDQUOT, "quota_inodes=2")
{
    struct fs_statfs use;

    put_file(b, "/f", "", 0);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(mknod, "/g", S_IFREG), -EDQUOT);
    IS(FS(mkdir, "/d/e", 0755), -EDQUOT);
    IS(FS(symlink, "x", "/l"), -EDQUOT);
    IS(FS(mknod, "/f", S_IFREG), -EEXIST);
    IS(FS(mknod, "/no/f", S_IFREG), -ENOENT);
    IS(FS(mknod, "/f/f", S_IFREG), -ENOTDIR);
    IS(FS(link, "/f", "/g"), 0);
    IS(FS(statfs, &use), 0);
    IS(use.inodes_total, 2);
    IS(use.inodes_used, 2);
    IS(FS(rmdir, "/d"), 0);
    IS(FS(mknod, "/h", S_IFREG), 0);
}
