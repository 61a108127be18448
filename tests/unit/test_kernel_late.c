/* SPDX-License-Identifier: MIT */
/* Mappings that are given up while their store can't take what was written to them. */
#include "server/kernel/late.h"
#include "server/kernel/memory.h"
#include "tests/unit/memory_calls.h"

#include <criterion/criterion.h>

#include <errno.h>

enum {
    PAGE = SC_PAGE_SIZE,
    RW = MM_READ | MM_WRITE,
    RWCM = FM_READ | FM_WRITE | FM_CREATE | FM_MMAP,
    NS_PER_MS = 1000000,
};

static struct world w;
static struct fs_ops locked_ops;
static const struct fs_ops *sound_ops;
static int write_error;

static int64_t maybe_write(struct fs *fs, const char *path, const char *buf, size_t len,
                           int64_t off, struct fs_file *file)
{
    return write_error < 0 ? write_error : sound_ops->write(fs, path, buf, len, off, file);
}

/** A file root:/a whose store then answers what write_error says. Returns its handle. */
static int make_file(struct proc *p)
{
    struct mount *m = container_of(w.m->mounts.next, struct mount, link);
    int fd = w_open(p, "root:/a", RWCM);

    cr_assert_eq(w_write(p, fd, 0, "content"), 7);
    sound_ops = m->fs->ops;
    locked_ops = *sound_ops;
    locked_ops.write = maybe_write;
    m->fs->ops = &locked_ops;
    write_error = 0;
    return fd;
}

static void setup(void)
{
    world_open(&w, CLOCK_VIRTUAL);
}

static void teardown(void)
{
    world_close(&w);
}

TestSuite(late, .init = setup, .fini = teardown);

static void put(struct proc *p, uint64_t addr, const char *text)
{
    char copy[64];

    (void)strcpy(copy, text);
    cr_assert_eq(memory_touch(p, MM_WRITE, addr, copy, strlen(text), NULL), 0);
}

static void expect_file(struct proc *p, int fd, const char *text)
{
    char buf[64] = "";

    cr_assert_eq(w_read(p, fd, 0, buf, sizeof(buf) - 1), (int)strlen(text));
    cr_assert_str_eq(buf, text);
}

/** Let the host's clock go on. */
static void pass(uint64_t ms)
{
    w.now_ns += ms * NS_PER_MS;
    world_run(&w);
}

/** The last mapper is gone, and with it every handle: the pages are stored all the same. */
static void stored_when_it_can_be(int error)
{
    struct proc *q;
    int fd;

    cr_assert_eq(proc_new(w.m->init, &q), 0);
    cr_assert_eq(proc_copy_names(w.m->init, q), 0);
    cr_assert_eq(proc_drive(q, "another"), 0);
    fd = make_file(q);
    cr_assert_eq(map_file(q, fd, 0, 0x10000, PAGE, RW), 0);
    put(q, 0x10000, "C");
    write_error = error;
    proc_end(q, PS_KILLED, 0, NULL);
    proc_reap(q);
    cr_assert_eq(w.m->late_count, 1);
    cr_assert_eq(w.m->memory.bytes, PAGE, "they are memory that the machine holds");
    pass(LATE_RETRY_MS);
    cr_assert_eq(w.m->late_count, 1);
    fd = w_open(w.p, "root:/a", FM_READ | FM_WRITE);
    expect_file(w.p, fd, "Content");
    cr_assert_eq(sync_file(w.p, fd), error, "FSYNC tells it");
    write_error = 0;
    pass(LATE_SLOW_MS);
    cr_assert_eq(w.m->late_count, 0);
    cr_assert_eq(w.m->census.mapped, 0);
    expect_file(w.p, fd, "Content");
    cr_assert_eq(sync_file(w.p, fd), 0);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(late, stored_when_the_lock_is_gone)
{
    stored_when_it_can_be(-EBUSY);
}

Test(late, stored_when_there_is_room)
{
    stored_when_it_can_be(-ENOSPC);
}

Test(late, fsync_stores_it_at_once)
{
    int fd = make_file(w.p);

    cr_assert_eq(map_file(w.p, fd, 0, 0x10000, PAGE, RW), 0);
    put(w.p, 0x10000, "C");
    write_error = -EBUSY;
    cr_assert_eq(unmap(w.p, 0x10000), 0);
    cr_assert_eq(sync_file(w.p, fd), -EBUSY);
    write_error = 0;
    cr_assert_eq(sync_file(w.p, fd), 0);
    write_error = -EIO;
    pass(LATE_SLOW_MS);
    cr_assert_eq(w.m->late_count, 0, "nothing was left to be stored");
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(late, lost_when_it_can_not_be)
{
    int fd = make_file(w.p);

    cr_assert_eq(map_file(w.p, fd, 0, 0x10000, PAGE, RW), 0);
    put(w.p, 0x10000, "C");
    write_error = -EBUSY;
    cr_assert_eq(unmap(w.p, 0x10000), 0);
    write_error = -EIO;
    memset(w.log, 0, sizeof(w.log));
    pass(LATE_RETRY_MS);
    cr_assert_eq(w.m->late_count, 0);
    cr_assert_not_null(strstr(w.log, "lost"), "%s", w.log);
    cr_assert_eq(sync_file(w.p, fd), -EIO);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

/** A part a turn, so that others get theirs. */
Test(late, large_ones_go_in_parts)
{
    enum { PAGES = 2 * LATE_PAGES + 1 };
    int fd = make_file(w.p);

    cr_assert_eq(cut(w.p, "root:/a", (uint64_t)PAGES * PAGE), 0);
    cr_assert_eq(map_file(w.p, fd, 0, 0x10000000, (uint64_t)PAGES * PAGE, RW), 0);
    for (uint64_t i = 0; i < PAGES; i++)
        put(w.p, 0x10000000 + i * PAGE, "x");
    write_error = -EBUSY;
    cr_assert_eq(unmap(w.p, 0x10000000), 0);
    write_error = 0;
    for (int i = 0; i < 2; i++) {
        pass(i == 0 ? LATE_RETRY_MS : LATE_NEXT_MS);
        cr_assert_eq(w.m->late_count, 1, "after part %d", i);
    }
    pass(LATE_NEXT_MS);
    cr_assert_eq(w.m->late_count, 0);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(late, at_and_past_the_limit)
{
    int fd = make_file(w.p);

    write_error = -EBUSY;
    for (uint64_t i = 0; i <= LATE_MAX; i++) {
        cr_assert_eq(map_file(w.p, fd, 0, 0x10000, PAGE, RW), 0);
        put(w.p, 0x10000, "C");
        memset(w.log, 0, sizeof(w.log));
        cr_assert_eq(unmap(w.p, 0x10000), 0);
        cr_assert_not_null(strstr(w.log, i < LATE_MAX ? "later" : "lost"), "%s", w.log);
    }
    cr_assert_eq(w.m->late_count, LATE_MAX);
    write_error = 0;
    for (int i = 0; i <= LATE_MAX; i++)
        pass(LATE_RETRY_MS);
    cr_assert_eq(w.m->late_count, 0);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

/* The end of a machine does not wait. */

static int losses;

static void on_loss(void *user, struct machine *m, const char *what)
{
    (void)user;
    (void)m;
    cr_assert_not_null(strstr(what, "root:/a"), "%s", what);
    losses++;
}

Test(late_end, the_last_attempt)
{
    static const int errors[] = {0, -EBUSY};

    for (size_t i = 0; i < 2; i++) {
        int fd;

        world_open(&w, CLOCK_VIRTUAL);
        w.m->spec.on_loss = on_loss;
        fd = make_file(w.p);
        cr_assert_eq(map_file(w.p, fd, 0, 0x10000, PAGE, RW), 0);
        put(w.p, 0x10000, "C");
        write_error = -EBUSY;
        cr_assert_eq(unmap(w.p, 0x10000), 0);
        cr_assert_eq(w_close(w.p, fd), 0);
        write_error = errors[i];
        losses = 0;
        machine_free(w.m);
        cr_assert_eq(losses, i == 0 ? 0 : 1);
    }
}
