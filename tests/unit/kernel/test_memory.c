/* SPDX-License-Identifier: MIT */
/* Memory of processes: simulated pages, touches, and mapped files on a store that may fail. */
#include "fsdrivers/fs_ops.h"
#include "server/kernel/fs/open_file.h"
#include "server/kernel/proc/mapped.h"
#include "server/kernel/proc/memory.h"
#include "tests/unit/kernel/memory_calls.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <unistd.h>

enum {
    PAGE = SC_PAGE_SIZE,
    RW = MM_READ | MM_WRITE,
    RWCM = FM_READ | FM_WRITE | FM_CREATE | FM_MMAP,
};

static struct world w;

static void setup(void)
{
    world_open(&w, CLOCK_VIRTUAL);
}

static void teardown(void)
{
    world_close(&w);
}

TestSuite(memory, .init = setup, .fini = teardown);

static int put(struct proc *p, uint64_t addr, const char *text)
{
    char copy[64];

    (void)strcpy(copy, text);
    return memory_touch(p, MM_WRITE, addr, copy, strlen(text), NULL);
}

/** Expect text in memory. */
static void expect_at(struct proc *p, uint64_t addr, const char *text)
{
    char buf[64] = "";

    cr_assert_eq(memory_touch(p, MM_READ, addr, buf, strlen(text), NULL), 0);
    cr_assert_str_eq(buf, text);
}

/** Expect what READ gives. */
static void expect_file(struct proc *p, int fd, int64_t off, const char *text)
{
    char buf[64] = "";

    cr_assert_eq(w_read(p, fd, off, buf, sizeof(buf) - 1), (int)strlen(text));
    cr_assert_str_eq(buf, text);
}

/** Another driven child of init with init's names. */
static struct proc *another(void)
{
    struct proc *p;

    cr_assert_eq(proc_new(w.m->init, &p), 0);
    cr_assert_eq(proc_copy_names(w.m->init, p), 0);
    cr_assert_eq(proc_drive(p, "another"), 0);
    return p;
}

static void end(struct proc *p)
{
    proc_end(p, PS_KILLED, 0, NULL);
    proc_reap(p);
}

/* A store that fails: the only mount's operations, some of them replaced. */

static struct fs_ops broken_ops;
static const struct fs_ops *sound_ops;
static int write_error;
static int read_error;
static int writes;
static int reads;

static int64_t maybe_read(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_buf buf, int64_t off, struct fs_file *file)
{
    reads++;
    return read_error < 0 ? read_error : sound_ops->read(fs, who, path, buf, off, file);
}

static int64_t maybe_write(struct fs *fs, const struct fs_caller *who, const char *path,
                           struct fs_bytes bytes, int64_t off, struct fs_file *file)
{
    writes++;
    return write_error < 0 ? write_error : sound_ops->write(fs, who, path, bytes, off, file);
}

/** From now on reads and writes of root: answer what read_error and write_error say. */
static void break_store(void)
{
    struct mount *m = container_of(w.m->mounts.next, struct mount, link);

    sound_ops = m->fs->ops;
    broken_ops = *sound_ops;
    broken_ops.read = maybe_read;
    broken_ops.write = maybe_write;
    m->fs->ops = &broken_ops;
    write_error = 0;
    read_error = 0;
    writes = 0;
    reads = 0;
}

/* Simulated pages. */

Test(memory, pages_are_zero_until_written)
{
    struct sparse s = {NULL};
    char buf[3 * PAGE];
    char zeros[3 * PAGE] = {0};

    sparse_read(&s, 100, buf, sizeof(buf));
    cr_assert_eq(memcmp(buf, zeros, sizeof(buf)), 0);
    cr_assert_eq(sparse_write(&s, 2 * PAGE - 2, "abcd", 4), 0);
    cr_assert_eq(sparse_write(&s, UINT64_C(1) << 46, "far", 3), 0);
    sparse_read(&s, 2 * PAGE - 4, buf, 8);
    cr_assert_eq(memcmp(buf, "\0\0abcd\0\0", 8), 0);
    sparse_drop(&s, 2 * PAGE, PAGE);
    sparse_read(&s, 2 * PAGE - 4, buf, 8);
    cr_assert_eq(memcmp(buf, "\0\0ab\0\0\0\0", 8), 0);
    sparse_drop(&s, 0, UINT64_C(1) << 40);
    sparse_read(&s, 2 * PAGE - 4, buf, 8);
    cr_assert_eq(memcmp(buf, zeros, 8), 0);
    sparse_read(&s, UINT64_C(1) << 46, buf, 3);
    cr_assert_eq(memcmp(buf, "far", 3), 0);
    sparse_done(&s);
    cr_assert_null(s.table);
}

/** Touch, expect a fault, and expect how the process ended. */
static void expect_fault(uint32_t way, uint64_t addr, size_t size, int32_t code)
{
    struct proc *p = another();
    struct why why = WHY_INIT;
    char buf[2 * PAGE] = "";

    cr_assert_eq(map(p, 0x10000, PAGE, RW), 0);
    cr_assert_eq(map(p, 0x11000, PAGE, MM_EXEC), 0);
    cr_assert_eq(map(p, abi_i386.user_limit - PAGE, PAGE, RW), 0);
    cr_assert_eq(memory_touch(p, way, addr, buf, size, &why), -EFAULT);
    cr_assert_eq(why.count, 1);
    why_done(&why);
    cr_assert_eq(p->state, PS_FAILURE);
    cr_assert_eq(p->return_code, code, "at 0x%llx: %d", (unsigned long long)addr, p->return_code);
    proc_reap(p);
}

Test(memory, a_bad_touch_ends_the_process)
{
    expect_fault(MM_WRITE, 0, 1, FAIL_ZEROPTR);
    expect_fault(MM_WRITE, 0xFFF, 1, FAIL_ZEROPTR);
    expect_fault(MM_READ, 0xFFF, 2, FAIL_ZEROPTR);
    expect_fault(MM_READ, 0x1000, 1, FAIL_SEGFAULT);
    expect_fault(MM_READ, 0x11FFF, 2, FAIL_SEGFAULT);
    expect_fault(MM_WRITE, 0x11000, 1, FAIL_SEGFAULT);
    expect_fault(MM_WRITE, 0x10FFF, 2, FAIL_SEGFAULT);
    expect_fault(MM_READ, abi_i386.user_limit - 1, 2, FAIL_EXCEPTION);
    expect_fault(MM_READ, abi_i386.user_limit, 1, FAIL_EXCEPTION);
    expect_fault(MM_READ, UINT64_MAX, 2, FAIL_EXCEPTION);
}

Test(memory, a_touch_crosses_regions_and_only_write_is_enforced)
{
    char buf[3] = "xyz";

    cr_assert_eq(map(w.p, 0x10000, PAGE, RW), 0);
    cr_assert_eq(map(w.p, 0x11000, 1, 0), 0);
    cr_assert_eq(put(w.p, 0x10FFE, "ab"), 0);
    cr_assert_eq(memory_touch(w.p, MM_READ, 0x10FFE, buf, 3, NULL), 0);
    cr_assert_eq(memcmp(buf, "ab", 3), 0);
    cr_assert_eq(memory_touch(w.p, MM_READ, 0x5000, buf, 0, NULL), 0, "nothing is touched");
    cr_assert_eq(memory_inspect(w.p, MM_WRITE, 0x10FFE, buf, 3, NULL), -EFAULT);
    cr_assert_eq(w.p->state, PS_RUNNING);
    cr_assert_eq(unmap(w.p, 0x10000), 0);
    cr_assert_eq(unmap(w.p, 0x11000), 0);
}

/* Mapped files. */

Test(memory, two_processes_and_all_handles_share_the_pages)
{
    struct proc *q = another();
    int fd = w_open(w.p, "root:/a", RWCM);
    int other;

    cr_assert_eq(w_write(w.p, fd, 0, "content"), 7);
    cr_assert_eq(link_file(w.p, "root:/a", "root:/b"), 0);
    other = w_open(q, "root:/b", RWCM);
    cr_assert_eq(map_file(w.p, fd, 0, 0x10000, PAGE, RW), 0);
    cr_assert_eq(map_file(q, other, 0, 0x50000, 3 * PAGE, RW), 0);
    cr_assert_eq(map_file(q, other, PAGE, 0x60000, PAGE, MM_READ), 0);
    expect_at(q, 0x50000, "content");
    cr_assert_eq(put(w.p, 0x10000, "C"), 0);
    cr_assert_eq(put(q, 0x50001, "O"), 0);
    expect_at(w.p, 0x10000, "COntent");
    expect_file(q, other, 0, "COntent");
    cr_assert_eq(w_write(q, other, PAGE - 1, "ab"), 2);
    expect_at(w.p, 0x10FFF, "a");
    expect_at(q, 0x60000, "b");
    cr_assert_eq(w_delete(w.p, "root:/a"), -EBUSY);
    end(q);
    expect_at(w.p, 0x10000, "COntent");
    expect_file(w.p, fd, PAGE - 1, "ab");
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), -EBUSY, "the mapping is a handle, too");
    cr_assert_eq(unmap(w.p, 0x10FFF), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
    cr_assert_eq(w_delete(w.p, "root:/b"), 0);
}

Test(memory, only_what_differs_is_written_back)
{
    int fd = w_open(w.p, "root:/a", RWCM);

    cr_assert_eq(w_write(w.p, fd, 3 * PAGE, "end"), 3);
    break_store();
    cr_assert_eq(map_file(w.p, fd, 0, 0x10000, 100 * PAGE, RW), 0);
    cr_assert_eq(sync_file(w.p, fd), 0);
    cr_assert_eq(writes, 0);
    cr_assert_eq(put(w.p, 0x11000, "x"), 0);
    cr_assert_eq(put(w.p, 0x13002, "Dlost"), 0);
    cr_assert_eq(put(w.p, 0x14000, "lost"), 0);
    cr_assert_eq(sync_file(w.p, fd), 0);
    cr_assert_eq(writes, 2);
    cr_assert_eq(unmap(w.p, 0x10000), 0);
    cr_assert_eq(writes, 2);
    expect_file(w.p, fd, 3 * PAGE, "enD");
    cr_assert_eq(map_file(w.p, fd, 0, 0x10000, PAGE, MM_READ), 0);
    cr_assert_eq(change(w.p, 0x10000, RW), 0);
    cr_assert_eq(put(w.p, 0x10000, "y"), 0);
    cr_assert_eq(change(w.p, 0x10000, MM_READ), 0);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(writes, 3, "CLOSE writes back what was writable once");
    cr_assert_eq(unmap(w.p, 0x10000), 0);
    cr_assert_eq(writes, 3);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

/** Writing back looks at pages that were written, however many others there are. */
Test(memory, what_nobody_wrote_is_not_compared)
{
    enum { PAGES = 50000 };
    int fd = w_open(w.p, "root:/a", RWCM);

    cr_assert_eq(cut(w.p, "root:/a", (uint64_t)PAGES * PAGE), 0);
    cr_assert_eq(w_write(w.p, fd, 7 * PAGE, "seven"), 5);
    cr_assert_eq(map_file(w.p, fd, 0, 0x10000000, (uint64_t)PAGES * PAGE, RW), 0);
    break_store();
    cr_assert_eq(put(w.p, 0x10000000 + (uint64_t)(PAGES - 1) * PAGE, "last"), 0);
    cr_assert_eq(sync_file(w.p, fd), 0);
    cr_assert_eq(reads, 2);
    cr_assert_eq(writes, 1);
    cr_assert_eq(put(w.p, 0x10000000 + 7 * PAGE, "S"), 0);
    cr_assert_eq(cut(w.p, "root:/a", 7 * PAGE + 3), 0);
    cr_assert_eq(unmap(w.p, 0x10000000), 0);
    cr_assert_eq(reads, 3, "what was cut off is not compared either");
    expect_file(w.p, fd, 7 * PAGE, "Sev");
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(memory, a_failed_write_back_is_told)
{
    int fd = w_open(w.p, "root:/a", RWCM);
    int other = w_open(w.p, "root:/a", RWCM);

    cr_assert_eq(w_write(w.p, fd, 0, "content"), 7);
    break_store();
    cr_assert_eq(map_file(w.p, fd, 0, 0x10000, PAGE, RW), 0);
    cr_assert_eq(put(w.p, 0x10000, "C"), 0);
    write_error = -ENOSPC;
    cr_assert_eq(sync_file(w.p, other), -ENOSPC);
    write_error = -EDQUOT;
    cr_assert_eq(sync_file(w.p, fd), -EDQUOT);
    read_error = -EIO;
    cr_assert_eq(sync_file(w.p, fd), -EIO);
    read_error = 0;
    cr_assert_eq(w_close(w.p, other), 0);
    cr_assert_not_null(strstr(w.log, "EDQUOT"), "CLOSE: %s", w.log);
    write_error = 0;
    cr_assert_eq(sync_file(w.p, fd), 0, "it can be tried again");
    cr_assert_eq(put(w.p, 0x10001, "O"), 0);
    write_error = -EIO;
    memset(w.log, 0, sizeof(w.log));
    cr_assert_eq(unmap(w.p, 0x10000), 0);
    cr_assert_not_null(strstr(w.log, "root:/a"), "MUNMAP: %s", w.log);
    cr_assert_not_null(strstr(w.log, "EIO"), "MUNMAP: %s", w.log);
    write_error = 0;
    expect_file(w.p, fd, 0, "Content");
    cr_assert_eq(sync_file(w.p, fd), -EIO, "FSYNC tells it, too");
    cr_assert_eq(sync_file(w.p, fd), 0, "but once");
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(memory, a_failed_write_back_of_one_that_is_killed_is_told)
{
    struct proc *q = another();
    int fd = w_open(q, "root:/a", RWCM);

    cr_assert_eq(w_write(q, fd, 0, "content"), 7);
    break_store();
    cr_assert_eq(map_file(q, fd, 0, 0x10000, PAGE, RW), 0);
    cr_assert_eq(put(q, 0x10000, "C"), 0);
    write_error = -EIO;
    end(q);
    cr_assert_not_null(strstr(w.log, "EIO"), "%s", w.log);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

/** What can't be mapped leaves nothing behind. */
Test(memory, refusals)
{
    int fd = w_open(w.p, "root:/a", RWCM);
    int dir = w_open(w.p, "root:/", FM_READDIR);
    int mute = w_open(w.p, "root:/a", FM_WRITE | FM_MMAP);

    cr_assert_eq(w_write(w.p, fd, 0, "content"), 7);
    cr_assert_eq(map_file(w.p, 99, 0, 0x10000, PAGE, MM_READ), -EBADF);
    cr_assert_eq(map_file(w.p, dir, 0, 0x10000, PAGE, MM_READ), -EACCES);
    cr_assert_eq(map_file(w.p, mute, 0, 0x10000, PAGE, MM_WRITE), -EACCES);
    cr_assert_eq(map_file(w.p, fd, -PAGE, 0x10000, PAGE, MM_READ), -EINVAL);
    cr_assert_eq(map_file(w.p, fd, 512, 0x10000, PAGE, MM_READ), -EINVAL);
    cr_assert_eq(map_file(w.p, fd, INT64_MAX / PAGE * PAGE, 0x10000, 1, MM_READ), -EINVAL);
    cr_assert_eq(map_file(w.p, fd, 0, 0x10000, UINT64_MAX, MM_READ), -EINVAL);
    cr_assert_eq(map_file(w.p, fd, 0, 0x10000, 0, MM_READ), -EINVAL);
    cr_assert_eq(map_file(w.p, fd, 0, 0x10000, (UINT64_C(1) << 30) + 1, MM_READ), -ENOMEM);
    w.memory_error = -ENOMEM;
    cr_assert_eq(map_file(w.p, fd, 0, 0x10000, PAGE, MM_READ), -ENOMEM);
    w.memory_error = 0;
    break_store();
    read_error = -EIO;
    cr_assert_eq(map_file(w.p, fd, 0, 0x10000, PAGE, MM_READ), -EIO);
    read_error = 0;
    cr_assert_eq(w.p->memory.count, 0);
    cr_assert_eq(map_file(w.p, fd, INT64_MAX / PAGE * PAGE - PAGE, 0x10000, PAGE, RW), 0);
    cr_assert_eq(put(w.p, 0x10000, "at the end of all offsets"), 0);
    cr_assert_eq(unmap(w.p, 0x10000), 0);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_close(w.p, dir), 0);
    cr_assert_eq(w_close(w.p, mute), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

/** Make a guest, as far as the kernel knows: its executor is the world's fake one. */
static struct proc *fake_guest(void)
{
    struct exec_image image = {.abi = &abi_i386};
    struct proc *p = another();

    cr_assert_eq(machine_take_descriptors(w.m, EXECUTOR_DESCRIPTORS, -EAGAIN, NULL), 0);
    cr_assert_eq(w.m->ops->spawn(w.m->host, p, &image, NULL, &p->task.executor), 0);
    return p;
}

Test(memory, guests_map_the_object_that_driven_processes_have)
{
    struct proc *g = fake_guest();
    int fd = w_open(g, "root:/a", RWCM);
    char buf[4] = "";

    cr_assert_eq(w_write(g, fd, PAGE, "content"), 7);
    cr_assert_eq(map_file(g, fd, PAGE, 0x50000, 100, RW), 0);
    cr_assert_eq(w.shared.addr, 0x50000);
    cr_assert_eq(w.shared.size, PAGE);
    cr_assert_eq(w.shared.mode, RW);
    cr_assert_eq(w.shared_offset, PAGE);
    cr_assert_eq(pread(w.shared_fd, buf, 3, PAGE), 3);
    cr_assert_str_eq(buf, "con");
    cr_assert_eq(pwrite(w.shared_fd, "CON", 3, PAGE), 3);
    expect_file(g, fd, PAGE, "CONtent");
    cr_assert_eq(ftruncate(w.shared_fd, 0), -1, "nobody makes it smaller");
    cr_assert_eq(memory_inspect(g, MM_READ, 0x50042, buf, 3, NULL), 0);
    cr_assert_str_eq(buf, "BBB", "the executor reads");
    cr_assert_eq(memory_inspect(g, MM_READ, 0x50FFF, buf, 3, NULL), -EFAULT);
    w.map_error = -ENOMEM;
    cr_assert_eq(map_file(g, fd, 0, 0x60000, PAGE, MM_READ), -ENOMEM);
    cr_assert_eq(g->memory.count, 1);
    w.map_error = 0;
    end(g);
    fd = w_open(w.p, "root:/a", RWCM);
    expect_file(w.p, fd, PAGE, "CONtent");
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(memory, limits_at_and_past)
{
    int fd = w_open(w.p, "root:/a", RWCM);
    const uint64_t most = w.m->limits.memory;

    cr_assert_eq(map(w.p, 0x10000, most - PAGE, MM_READ), 0);
    cr_assert_eq(map_file(w.p, fd, 0, 0x80000000, PAGE, MM_READ), 0);
    cr_assert_eq(map_file(w.p, fd, 0, 0x80001000, 1, MM_READ), -ENOMEM);
    cr_assert_eq(map(w.p, 0x80001000, 1, MM_READ), -ENOMEM);
    cr_assert_eq(unmap(w.p, 0x10000), 0);
    cr_assert_eq(unmap(w.p, 0x80000000), 0);
    for (uint64_t i = 0; i < w.m->limits.regions; i++)
        cr_assert_eq(map_file(w.p, fd, 0, 0x10000 + i * PAGE, PAGE, RW), 0);
    cr_assert_eq(map_file(w.p, fd, 0, 0x80000000, PAGE, MM_READ), -ENOMEM);
    cr_assert_eq(w_write(w.p, fd, 0, "seen by all"), 11);
    expect_at(w.p, 0x10000 + (w.m->limits.regions - 1) * PAGE, "seen by all");
    for (uint64_t i = 0; i < w.m->limits.regions; i++)
        cr_assert_eq(unmap(w.p, 0x10000 + i * PAGE), 0);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

/** A machine maps so many files at once; mappings of one that is mapped are not more. */
Test(memory_limits, mapped_files_at_and_past_the_limit)
{
    struct machine_limits limits = {.mapped = 2};
    int fd[3];

    world_open_limited(&w, CLOCK_VIRTUAL, &limits);
    fd[0] = w_open(w.p, "root:/a", RWCM);
    fd[1] = w_open(w.p, "root:/b", RWCM);
    fd[2] = w_open(w.p, "root:/c", RWCM);
    cr_assert_eq(map_file(w.p, fd[0], 0, 0x10000, PAGE, RW), 0);
    cr_assert_eq(map_file(w.p, fd[1], 0, 0x20000, PAGE, RW), 0);
    cr_assert_eq(map_file(w.p, fd[2], 0, 0x30000, PAGE, RW), -ENOMEM);
    cr_assert_eq(map_file(w.p, fd[0], 0, 0x30000, PAGE, RW), 0);
    cr_assert_eq(unmap(w.p, 0x20000), 0);
    cr_assert_eq(map_file(w.p, fd[2], 0, 0x40000, PAGE, RW), 0);
    cr_assert_eq(unmap(w.p, 0x10000), 0);
    cr_assert_eq(unmap(w.p, 0x30000), 0);
    cr_assert_eq(unmap(w.p, 0x40000), 0);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(w_close(w.p, fd[i]), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
    cr_assert_eq(w_delete(w.p, "root:/b"), 0);
    cr_assert_eq(w_delete(w.p, "root:/c"), 0);
    world_close(&w);
}

/* Against a model. */

enum { MODEL_PAGES = 8, MODEL_SIZE = MODEL_PAGES * PAGE, SLOTS = 6, STEPS = 4000 };

struct model {
    struct proc *p;
    int fd;
    unsigned random;
    size_t size; /* of the file */
    char bytes[MODEL_SIZE];
    struct {
        bool mapped;
        bool writable;
        size_t off, size;
    } slot[SLOTS];
};

static size_t pick(struct model *m, size_t below)
{
    m->random = m->random * 1103515245 + 12345;
    return (m->random >> 8) % below;
}

static uint64_t slot_addr(size_t i)
{
    return 0x100000 + i * 0x100000;
}

static void toggle(struct model *m, size_t i)
{
    size_t off = pick(m, MODEL_PAGES) * PAGE;

    if (m->slot[i].mapped) {
        cr_assert_eq(unmap(m->p, slot_addr(i)), 0);
        m->slot[i].mapped = false;
        return;
    }
    m->slot[i].mapped = true;
    m->slot[i].off = off;
    m->slot[i].size = (1 + pick(m, MODEL_PAGES - off / PAGE)) * PAGE;
    m->slot[i].writable = pick(m, 3) > 0;
    cr_assert_eq(map_file(m->p, m->fd, (int64_t)off, slot_addr(i), m->slot[i].size,
                          m->slot[i].writable ? RW : MM_READ),
                 0);
}

/** Write through a mapping, below the end of the file. */
static void write_page(struct model *m, size_t i)
{
    size_t at = pick(m, MODEL_SIZE);
    char bytes[300];
    size_t len = 1 + pick(m, sizeof(bytes));

    if (!m->slot[i].mapped || !m->slot[i].writable || at < m->slot[i].off ||
        at + len > m->slot[i].off + m->slot[i].size || at + len > m->size)
        return;
    memset(bytes, 'a' + (int)pick(m, 26), len);
    memcpy(m->bytes + at, bytes, len);
    cr_assert_eq(memory_touch(m->p, MM_WRITE, slot_addr(i) + at - m->slot[i].off, bytes, len, NULL),
                 0);
}

static void write_file(struct model *m)
{
    size_t at = pick(m, MODEL_SIZE - 64);
    char text[60];

    memset(text, 'A' + (int)pick(m, 26), sizeof(text));
    text[1 + pick(m, sizeof(text) - 1)] = '\0';
    text[sizeof(text) - 1] = '\0';
    cr_assert_eq(w_write(m->p, m->fd, (int64_t)at, text), (int)strlen(text));
    memcpy(m->bytes + at, text, strlen(text));
    if (m->size < at + strlen(text))
        m->size = at + strlen(text);
}

static void resize(struct model *m)
{
    size_t size = pick(m, MODEL_SIZE + 1);

    cr_assert_eq(cut(m->p, "root:/model", size), 0);
    if (size < m->size)
        memset(m->bytes + size, 0, MODEL_SIZE - size);
    m->size = size;
}

/** Everybody sees what the model has. */
static void compare(struct model *m, size_t i)
{
    static char buf[MODEL_SIZE];

    cr_assert_eq(w_read(m->p, m->fd, 0, buf, MODEL_SIZE), (int)m->size);
    cr_assert_eq(memcmp(buf, m->bytes, m->size), 0);
    if (!m->slot[i].mapped)
        return;
    cr_assert_eq(memory_touch(m->p, MM_READ, slot_addr(i), buf, m->slot[i].size, NULL), 0);
    cr_assert_eq(memcmp(buf, m->bytes + m->slot[i].off, m->slot[i].size), 0);
}

/** The store has what the model has, once it is synced. */
static void compare_store(struct model *m)
{
    static char buf[MODEL_SIZE];

    cr_assert_eq(sync_file(m->p, m->fd), 0);
    cr_assert_eq(open_file_load(fd_find(&m->p->fds, m->fd), &vfs_nobody, buf, MODEL_SIZE, 0),
                 (int64_t)m->size);
    cr_assert_eq(memcmp(buf, m->bytes, m->size), 0);
}

Test(memory, random_mappings_writes_and_cuts_are_as_a_plain_file)
{
    static struct model m;

    m = (struct model){.p = w.p, .fd = w_open(w.p, "root:/model", RWCM), .random = 3};
    for (int step = 0; step < STEPS; step++) {
        size_t i = pick(&m, SLOTS);

        switch (pick(&m, 8)) {
        case 0:
        case 1:
            toggle(&m, i);
            break;
        case 2:
            write_file(&m);
            break;
        case 3:
            resize(&m);
            break;
        case 4:
            compare_store(&m);
            break;
        default:
            write_page(&m, i);
            break;
        }
        compare(&m, i);
    }
    for (size_t i = 0; i < SLOTS; i++) {
        if (m.slot[i].mapped)
            toggle(&m, i);
    }
    compare_store(&m);
    cr_assert_eq(w_close(w.p, m.fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/model"), 0);
}
