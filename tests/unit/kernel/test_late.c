/* SPDX-License-Identifier: MIT */
/* Mappings that are given up with more than is stored at once, or while their store can't take it. */
#include "fsdrivers/fs_ops.h"
#include "server/kernel/call/late.h"
#include "server/kernel/proc/memory.h"
#include "tests/unit/kernel/memory_calls.h"

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
static size_t write_max; /* longer ones find no room */
static int writes;       /* that were asked for */

static int64_t maybe_write(struct fs *fs, const struct fs_caller *who, const char *path,
                           struct fs_bytes bytes, int64_t off, struct fs_file *file)
{
    writes++;
    if (bytes.len > write_max)
        return -ENOSPC;
    return write_error < 0 ? write_error : sound_ops->write(fs, who, path, bytes, off, file);
}

/** A file root:/a whose store then answers what write_error says. Returns its handle. */
static int make_file(struct proc *p)
{
    struct mount *m = container_of(w.m->mounts.next, struct mount, link);
    int fd = w_open(p, "root:/a", RWCM);

    cr_assert_eq(w_write(p, fd, 0, "content"), 7);
    if (m->fs->ops != &locked_ops)
        sound_ops = m->fs->ops;
    locked_ops = *sound_ops;
    locked_ops.write = maybe_write;
    m->fs->ops = &locked_ops;
    write_error = 0;
    write_max = SIZE_MAX;
    writes = 0;
    return fd;
}

static void set_up(enum clock_kind clock)
{
    world_open(&w, clock);
}

static void setup(void)
{
    set_up(CLOCK_REAL);
}

static void setup_virtual(void)
{
    set_up(CLOCK_VIRTUAL);
}

static void teardown(void)
{
    world_close(&w);
}

TestSuite(late, .init = setup, .fini = teardown);
TestSuite(late_virtual, .init = setup_virtual, .fini = teardown);

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
    cr_assert_eq(w.m->late.count, 1);
    cr_assert_eq(w.m->memory.bytes, PAGE, "they are memory that the machine holds");
    pass(LATE_RETRY_MS);
    cr_assert_eq(w.m->late.count, 1);
    fd = w_open(w.p, "root:/a", FM_READ | FM_WRITE);
    expect_file(w.p, fd, "Content");
    cr_assert_eq(sync_file(w.p, fd), error, "FSYNC tells it");
    write_error = 0;
    pass(LATE_SLOW_MS);
    cr_assert_eq(w.m->late.count, 0);
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
    cr_assert_eq(w.m->late.count, 0, "nothing was left to be stored");
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
    cr_assert_eq(w.m->late.count, 0);
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
        cr_assert_eq(w.m->late.count, 1, "after part %d", i);
    }
    pass(LATE_NEXT_MS);
    cr_assert_eq(w.m->late.count, 0);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

/* Stores that take everything: what is more than a part is stored later. */

enum { AT = 0x10000000, PART = LATE_PAGES * PAGE, TOGETHER = 16 }; /* pages of 64 KiB */

/** Map so many pages of a new file and change them all. Returns its handle. */
static int make_dirty(struct proc *p, uint64_t pages)
{
    int fd = make_file(p);

    cr_assert_eq(cut(p, "root:/a", pages * PAGE), 0);
    cr_assert_eq(map_file(p, fd, 0, AT, pages * PAGE, RW), 0);
    for (uint64_t i = 0; i < pages; i++)
        put(p, AT + i * PAGE, "x");
    return fd;
}

/** Check the first byte of each of some pages. */
static void expect_pages(struct proc *p, int fd, uint64_t pages, char letter)
{
    for (uint64_t i = 0; i < pages; i++) {
        char c = 0;

        cr_assert_eq(w_read(p, fd, (int64_t)(i * PAGE), &c, 1), 1);
        cr_assert_eq(c, letter, "page %d", (int)i);
    }
}

static void end_file(struct proc *p, int fd)
{
    cr_assert_eq(w_close(p, fd), 0);
    cr_assert_eq(w_delete(p, "root:/a"), 0);
}

/** See a call that goes on part by part end after so many turns. */
#define EXPECT_TURNS(c, turns)                                                                     \
    do {                                                                                           \
        for (int turn_ = 0; turn_ < (turns); turn_++) {                                            \
            cr_assert_null((c)->user, "turn %d", turn_);                                           \
            machine_tick(w.m);                                                                     \
        }                                                                                          \
        cr_assert_eq((c)->user, (c));                                                              \
        cr_assert_eq((c)->status, 0);                                                              \
        call_done(c);                                                                              \
    } while (0)

Test(late, a_part_is_stored_at_once)
{
    int fd = make_dirty(w.p, LATE_PAGES);

    cr_assert_eq(unmap(w.p, AT), 0);
    cr_assert_eq(w.m->late.count, 0);
    expect_pages(w.p, fd, LATE_PAGES, 'x');
    end_file(w.p, fd);
}

Test(late, more_than_a_part_is_stored_later)
{
    int fd = make_dirty(w.p, 2 * LATE_PAGES + 1);

    memset(w.log, 0, sizeof(w.log));
    cr_assert_eq(unmap(w.p, AT), 0);
    for (int part = 1; part < 3; part++) {
        cr_assert_eq(w.m->late.count, 1, "after part %d", part);
        cr_assert_eq(w.m->memory.bytes, 2 * PART + PAGE);
        cr_assert_eq(writes, part * LATE_PAGES / TOGETHER);
        expect_pages(w.p, fd, 2 * LATE_PAGES + 1, 'x');
        pass(LATE_NEXT_MS);
    }
    cr_assert_eq(w.m->late.count, 0);
    cr_assert_str_empty(w.log, "that is nothing to tell");
    expect_pages(w.p, fd, 2 * LATE_PAGES + 1, 'x');
    end_file(w.p, fd);
}

/** The stamps of files follow a virtual clock, which must not depend on the host's. */
Test(late_virtual, all_is_stored_at_once)
{
    int fd = make_dirty(w.p, 2 * LATE_PAGES + 1);

    cr_assert_eq(unmap(w.p, AT), 0);
    cr_assert_eq(w.m->late.count, 0);
    expect_pages(w.p, fd, 2 * LATE_PAGES + 1, 'x');
    end_file(w.p, fd);
}

/** All mappings of a process have one part together. */
Test(late, a_kill_stores_one_part)
{
    struct proc *q;
    int fd;

    cr_assert_eq(proc_new(w.m->init, &q), 0);
    cr_assert_eq(proc_copy_names(w.m->init, q), 0);
    cr_assert_eq(proc_drive(q, "another"), 0);
    fd = make_dirty(q, 3 * LATE_PAGES);
    cr_assert_eq(unmap(q, AT), 0);
    cr_assert_eq(map_file(q, fd, 0, AT, PART, RW), 0);
    cr_assert_eq(map_file(q, fd, PART, AT + PART, PART, RW), 0);
    for (uint64_t i = 0; i < 2 * LATE_PAGES; i++)
        put(q, AT + i * PAGE, "y");
    pass(LATE_NEXT_MS);
    pass(LATE_NEXT_MS);
    cr_assert_eq(w.m->late.count, 0);
    for (uint64_t i = 0; i < 2 * LATE_PAGES; i++)
        put(q, AT + i * PAGE, "z");
    writes = 0;
    proc_end(q, PS_KILLED, 0, NULL);
    proc_reap(q);
    cr_assert_eq(writes, LATE_PAGES / TOGETHER);
    cr_assert_eq(w.m->late.count, 1);
    fd = w_open(w.p, "root:/a", FM_READ);
    expect_pages(w.p, fd, 2 * LATE_PAGES, 'z');
    pass(LATE_NEXT_MS);
    cr_assert_eq(w.m->late.count, 0);
    expect_pages(w.p, fd, 2 * LATE_PAGES, 'z');
    end_file(w.p, fd);
}

/** What others do to the file meanwhile is not undone. */
Test(late, others_change_the_file)
{
    char c = 0;
    int fd = make_dirty(w.p, 3 * LATE_PAGES);

    cr_assert_eq(unmap(w.p, AT), 0);
    cr_assert_eq(w_write(w.p, fd, 0, "1"), 1);
    cr_assert_eq(w_write(w.p, fd, PART, "2"), 1);
    cr_assert_eq(cut(w.p, "root:/a", PART + PAGE), 0);
    cr_assert_eq(cut(w.p, "root:/a", 3 * PART), 0);
    cr_assert_eq(map_file(w.p, fd, 0, AT, PAGE, RW), 0);
    put(w.p, AT, "3");
    for (int i = 0; i < 4; i++)
        pass(LATE_NEXT_MS);
    cr_assert_eq(w.m->late.count, 0);
    cr_assert_eq(unmap(w.p, AT), 0);
    cr_assert_eq(w_read(w.p, fd, 0, &c, 1), 1);
    cr_assert_eq(c, '3');
    cr_assert_eq(w_read(w.p, fd, PART, &c, 1), 1);
    cr_assert_eq(c, '2');
    cr_assert_eq(w_read(w.p, fd, 2 * PART, &c, 1), 1);
    cr_assert_eq(c, 0, "it was cut off");
    end_file(w.p, fd);
}

/** Unmap a file of so many parts through whose mapping alone it is still open. */
static void leave_late(uint64_t parts)
{
    int fd = make_file(w.p);

    cr_assert_eq(cut(w.p, "root:/a", parts * PART), 0);
    cr_assert_eq(map_file(w.p, fd, 0, AT, parts * PART, RW), 0);
    cr_assert_eq(w_close(w.p, fd), 0);
    for (uint64_t i = 0; i < parts * LATE_PAGES; i++)
        put(w.p, AT + i * PAGE, "x");
    cr_assert_eq(unmap(w.p, AT), 0);
    cr_assert_eq(w.m->late.count, 1);
}

Test(late, names_wait_for_it)
{
    struct call c;
    int fd;

    leave_late(2);
    cr_assert_eq(BEGIN(&c, w.p, DELETE, delete, S("root:/a")), SC_PENDING);
    EXPECT_TURNS(&c, 1);
    leave_late(2);
    fd = w_open(w.p, "root:/b", RWCM);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(BEGIN(&c, w.p, RENAME, rename, S("root:/b"), S("root:/a"), 0), SC_PENDING);
    EXPECT_TURNS(&c, 1);
    leave_late(2);
    write_error = -EBUSY;
    cr_assert_eq(BEGIN(&c, w.p, DELETE, delete, S("root:/a")), SC_PENDING);
    machine_tick(w.m);
    cr_assert_eq(c.status, -EBUSY, "nobody knows when the store will take it");
    call_done(&c);
    write_error = 0;
    pass(LATE_SLOW_MS);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(late, filesystems_wait_for_it)
{
    struct call c;

    leave_late(2);
    cr_assert_eq(BEGIN(&c, w.p, MAKE_FS, make_fs, S("ramfs"), S("new"), 0, S("")), SC_PENDING);
    EXPECT_TURNS(&c, 1);
    cr_assert_eq(w_rm_fs(w.p, "new"), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

/** A store that fails does not keep back another mapping for longer than a part. */
Test(late, one_that_failed_waits_behind)
{
    int fd = make_dirty(w.p, 2 * LATE_PAGES);

    write_error = -EBUSY;
    cr_assert_eq(unmap(w.p, AT), 0);
    cr_assert_eq(w.m->late.failed, 1);
    for (int i = 0; i < 8; i++)
        pass(LATE_SLOW_MS);
    write_error = 0;
    cr_assert_eq(map_file(w.p, fd, 0, AT, 2 * PART, RW), 0);
    for (uint64_t i = 0; i < 2 * LATE_PAGES; i++)
        put(w.p, AT + i * PAGE, "y");
    cr_assert_eq(unmap(w.p, AT), 0);
    cr_assert_eq(w.m->late.count, 2);
    for (int i = 0; i < 4; i++)
        pass(LATE_NEXT_MS);
    cr_assert_eq(w.m->late.count, 0);
    cr_assert_eq(w.m->late.failed, 0);
    expect_pages(w.p, fd, 2 * LATE_PAGES, 'y');
    end_file(w.p, fd);
}

/** A region that has no room but for what is being stored waits for it; one that never has does not. */
Test(late, regions_wait_for_room)
{
    struct call c;
    int fd = make_dirty(w.p, 3 * LATE_PAGES);

    cr_assert_eq(unmap(w.p, AT), 0);
    w.m->memory.bytes_max = 3 * PART;
    cr_assert_eq(map(w.p, AT, 3 * PART + PAGE, RW), -ENOMEM);
    cr_assert_eq(BEGIN(&c, w.p, MMAP, mmap, AT, PAGE, RW), SC_PENDING);
    EXPECT_TURNS(&c, 2);
    cr_assert_eq(unmap(w.p, AT), 0);
    write_error = -EBUSY;
    cr_assert_eq(map_file(w.p, fd, 0, AT, PAGE, RW), 0);
    put(w.p, AT, "y");
    cr_assert_eq(unmap(w.p, AT), 0);
    cr_assert_eq(map(w.p, AT, 3 * PART, RW), -ENOMEM, "nobody knows when the store will take it");
    write_error = 0;
    pass(LATE_SLOW_MS);
    end_file(w.p, fd);
}

Test(late, files_wait_for_room)
{
    struct call c;
    int fd = make_dirty(w.p, 2 * LATE_PAGES);
    int other = w_open(w.p, "root:/b", RWCM);

    cr_assert_eq(unmap(w.p, AT), 0);
    w.m->limits.mapped = 1;
    cr_assert_eq(BEGIN(&c, w.p, MMAP_FILE, mmap_file, other, 0, AT, PAGE, RW), SC_PENDING);
    EXPECT_TURNS(&c, 1);
    cr_assert_eq(unmap(w.p, AT), 0);
    cr_assert_eq(w_close(w.p, other), 0);
    cr_assert_eq(w_delete(w.p, "root:/b"), 0);
    end_file(w.p, fd);
}

Test(late, fsync_and_close_go_in_parts)
{
    struct call c;
    int fd = make_dirty(w.p, 2 * LATE_PAGES);

    cr_assert_eq(BEGIN(&c, w.p, FSYNC, fsync, fd, 0), SC_PENDING);
    cr_assert_eq(writes, LATE_PAGES / TOGETHER);
    EXPECT_TURNS(&c, 1);
    cr_assert_eq(writes, 2 * LATE_PAGES / TOGETHER);
    for (uint64_t i = 0; i < 2 * LATE_PAGES; i++)
        put(w.p, AT + i * PAGE, "y");
    writes = 0;
    cr_assert_eq(BEGIN(&c, w.p, CLOSE, close, fd), SC_PENDING);
    EXPECT_TURNS(&c, 1);
    cr_assert_eq(writes, 2 * LATE_PAGES / TOGETHER);
    writes = 0;
    cr_assert_eq(unmap(w.p, AT), 0);
    pass(LATE_NEXT_MS);
    cr_assert_eq(w.m->late.count, 0);
    cr_assert_eq(writes, 0, "CLOSE has stored it all");
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

/* Neighbours are stored together. */

Test(late, neighbours_are_stored_together)
{
    enum { PAGES = 2 * TOGETHER };
    int fd = make_dirty(w.p, PAGES);

    cr_assert_eq(sync_file(w.p, fd), 0);
    cr_assert_eq(writes, 2);
    put(w.p, AT, "y");
    for (uint64_t i = 2; i < PAGES - 1; i++)
        put(w.p, AT + i * PAGE, "y");
    writes = 0;
    cr_assert_eq(sync_file(w.p, fd), 0);
    cr_assert_eq(writes, 3, "what has not changed is not written");
    cr_assert_eq(unmap(w.p, AT), 0);
    for (uint64_t i = 0; i < PAGES; i++) {
        char c = 0;

        cr_assert_eq(w_read(w.p, fd, (int64_t)(i * PAGE), &c, 1), 1);
        cr_assert_eq(c, i == 1 || i == PAGES - 1 ? 'x' : 'y');
    }
    end_file(w.p, fd);
}

/** What a store does not take together it is given page by page. */
Test(late, pages_are_stored_as_far_as_there_is_room)
{
    int fd = make_dirty(w.p, TOGETHER);

    write_max = PAGE;
    cr_assert_eq(sync_file(w.p, fd), 0);
    cr_assert_eq(writes, 1 + TOGETHER);
    cr_assert_eq(unmap(w.p, AT), 0);
    expect_pages(w.p, fd, TOGETHER, 'x');
    end_file(w.p, fd);
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
    cr_assert_eq(w.m->late.count, LATE_MAX);
    write_error = 0;
    for (int i = 0; i <= LATE_MAX; i++)
        pass(LATE_RETRY_MS);
    cr_assert_eq(w.m->late.count, 0);
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

        world_open(&w, CLOCK_REAL);
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
