/* SPDX-License-Identifier: MIT */
/* When a store may do what can wait. */
#include "fsdrivers/fs_ops.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

enum { NS_PER_MS = 1000000 };

static struct world w;
static struct fs_ops ops;
static const struct fs_ops *sound_ops;
static int tidied; /* how often the store was told to */
static bool more;  /* what it answers */

static void count_tidy(struct fs *fs, const struct fs_caller *who)
{
    (void)who;
    tidied++;
    fs->untidy = more;
}

static int64_t untidy_write(struct fs *fs, const struct fs_caller *who, const char *path,
                            struct fs_bytes bytes, int64_t off, struct fs_file *file)
{
    int64_t count = sound_ops->write(fs, who, path, bytes, off, file);

    fs->untidy = true;
    return count;
}

/** Let the host's clock go on, and expect that the store was told so often since the start. */
static void pass(uint64_t ms, int expected)
{
    w.now_ns += ms * NS_PER_MS;
    world_run(&w);
    cr_assert_eq(tidied, expected, "%d, not %d", tidied, expected);
}

Test(tidy, a_second_after_the_last_change)
{
    struct mount *m;
    int fd;

    world_open(&w, CLOCK_VIRTUAL);
    m = container_of(w.m->mounts.next, struct mount, link);
    fd = w_open(w.p, "root:/a", FM_WRITE | FM_CREATE);
    sound_ops = m->fs->ops;
    ops = *sound_ops;
    ops.write = untidy_write;
    ops.tidy = count_tidy;
    m->fs->ops = &ops;
    cr_assert_eq(w_write(w.p, fd, 0, "x"), 1);
    pass(FS_TIDY_MS - 1, 0);
    cr_assert_eq(w_write(w.p, fd, 0, "y"), 1);
    pass(1, 0);
    pass(FS_TIDY_MS - 1, 0);
    more = true;
    pass(1, 1);
    pass(FS_TIDY_MS - 1, 1);
    more = false;
    pass(1, 2);
    pass(10 * FS_TIDY_MS, 2);
    cr_assert_eq(w.m->clock.host_timers.count, 0);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
    world_close(&w);
}
