/* SPDX-License-Identifier: MIT */
/* The bytes of IOCTL's commands: from the caller's memory to the driver, and back. Cites: IOCTL. */
#include "fsdrivers/fs_ops.h"
#include "fsdrivers/registry.h"
#include "server/kernel/proc/memory.h"
#include "tests/slow/slow_world.h"
#include "tests/slow/slowfs.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { ADDR = 0x10000, TURN = 1, BROKEN, LARGE };

/* A filesystem of one file, "/", that turns the bytes of its commands around. */

static const struct fs_command commands[] = {
    {TURN, FS_COMMAND_MAX, FS_COMMAND_MAX, "TURN"},
    {BROKEN, 1, 2, "BROKEN"},
    {LARGE, 0, 0, "LARGE"},
    {.name = NULL},
};

static int turnfs_getattr(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_stat *out, struct fs_file *file)
{
    (void)fs, (void)who, (void)path, (void)file;
    *out = (struct fs_stat){.ino = 1, .mode = S_IFCHR | 0666, .nlink = 1};
    return 0;
}

static int64_t turnfs_ioctl(struct fs *fs, const struct fs_caller *who, const char *path,
                            uint32_t command, struct fs_buf data, struct fs_file *file)
{
    (void)fs, (void)who, (void)path, (void)file;
    if (command == LARGE)
        return data.len == 0 ? INT64_MAX : -EINVAL;
    for (size_t i = 0; i < data.len / 2; i++) {
        const char first = data.ptr[i];

        data.ptr[i] = data.ptr[data.len - 1 - i];
        data.ptr[data.len - 1 - i] = first;
    }
    return command == TURN ? 7 : -EIO;
}

static void turnfs_destroy(struct fs *fs, struct why *why)
{
    (void)why;
    free(fs);
}

static const struct fs_ops ops = {
    .getattr = turnfs_getattr, .ioctl = turnfs_ioctl, .destroy = turnfs_destroy};

static int open_source(const struct fs_driver *driver, const struct fs_open *req, struct fs **out)
{
    struct fs *fs = malloc(sizeof(*fs));

    (void)req;
    cr_assert_not_null(fs);
    *fs = (struct fs){.ops = &ops, .driver = driver, .caps = FS_CAP_NO_OPEN, .commands = commands};
    *out = fs;
    return 0;
}

static const struct fs_opt no_opts[] = {{NULL, NULL}};
static const struct fs_driver turnfs = {
    .name = "turnfs", .opts = no_opts, .open_source = open_source};

/** fs_open_fn */
static int open_turnfs(const char *driver, const struct fs_open *req, struct fs **out)
{
    struct fs *fs;
    int err = registry_open_driver(&turnfs, driver, req, &fs);

    if (err == 0)
        *out = sw_plan.percent > 0 ? slowfs_over(&sw_plan, fs) : fs;
    return err;
}

static struct world w;

/** Make turn:, memory of a page, and open the file. Returns its handle. */
static int open_file(unsigned percent)
{
    struct call c;
    int fd;

    sw_plan = (struct slow_plan){.percent = percent, .seed = 1};
    world_open(&w, CLOCK_REAL);
    w.m->spec.fs_open = open_turnfs;
    (void)BEGIN(&c, w.p, MAKE_FS, make_fs, S("turnfs"), S("turn"), 0, S(""));
    cr_assert_eq(sw_answer(&w, &c), 0);
    cr_assert_eq(BEGIN(&c, w.p, MMAP, mmap, ADDR, SC_PAGE_SIZE, MM_READ | MM_WRITE), 0);
    (void)BEGIN(&c, w.p, OPEN, open, S("turn:/"), FM_IOCTL);
    fd = sw_answer(&w, &c) == 0 ? c.out.open.fd : 0;
    cr_assert_eq(fd, 1);
    return fd;
}

static void close_file(int fd)
{
    struct call c;

    cr_assert_eq(sw_close_file(&w, fd), 0);
    (void)BEGIN(&c, w.p, RM_FS, rm_fs, S("turn"));
    cr_assert_eq(sw_answer(&w, &c), 0);
    cr_assert_eq(BEGIN(&c, w.p, MUNMAP, munmap, ADDR), 0);
    sw_work(&w);
    world_close(&w);
}

/** Returns the status; the result in *@out. */
static int send(int fd, uint32_t command, uint64_t addr, int *out)
{
    struct call c;
    int status;

    (void)BEGIN(&c, w.p, IOCTL, ioctl, fd, command, addr);
    status = sw_answer(&w, &c);
    *out = status == 0 ? c.out.ioctl.result : 0;
    return status;
}

static void look(uint32_t way, uint64_t addr, char *buf, size_t size)
{
    cr_assert_eq(memory_inspect(w.p, way, addr, buf, size, NULL), 0);
}

/** A command of the most bytes, at the very end of the memory, and one byte too far. */
static void turn_bytes(unsigned percent)
{
    const uint64_t at = ADDR + SC_PAGE_SIZE - FS_COMMAND_MAX;
    char bytes[FS_COMMAND_MAX];
    int fd = open_file(percent);
    int result;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7 + i / 256);
    look(MM_WRITE, at, bytes, sizeof(bytes));
    cr_assert_eq(send(fd, TURN, at + 1, &result), -EFAULT);
    cr_assert_eq(send(fd, TURN, at, &result), 0);
    cr_assert_eq(result, 7);
    look(MM_READ, at, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        const size_t was = sizeof(bytes) - 1 - i;

        cr_assert_eq(bytes[i], (char)(was * 7 + was / 256));
    }
    close_file(fd);
}

Test(ioctl, takes_and_stores_bytes_up_to_the_limit_EFAULT)
{
    turn_bytes(0);
}

Test(ioctl, on_a_slow_filesystem_too)
{
    turn_bytes(100);
}

Test(ioctl, a_command_that_fails_stores_nothing)
{
    char bytes[2] = "a";
    int fd = open_file(0);
    int result;

    look(MM_WRITE, ADDR, bytes, sizeof(bytes));
    cr_assert_eq(send(fd, BROKEN, ADDR, &result), -EIO);
    look(MM_READ, ADDR, bytes, sizeof(bytes));
    cr_assert_eq(bytes[0], 'a');
    cr_assert_eq(send(fd, BROKEN, ADDR + SC_PAGE_SIZE - 1, &result), -EFAULT);
    close_file(fd);
}

Test(ioctl, without_bytes_data_is_not_looked_at_and_answers_are_ints)
{
    int fd = open_file(0);
    int result;

    cr_assert_eq(send(fd, LARGE, 1, &result), 0);
    cr_assert_eq(result, INT32_MAX);
    cr_assert_eq(send(fd, 4, ADDR, &result), -ENOTTY);
    close_file(fd);
}
