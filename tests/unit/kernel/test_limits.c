/* SPDX-License-Identifier: MIT */
/* Limits of a machine as a whole: at each, and one past it; what is released can be had again. */
#include "server/kernel/fs/tty.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct world w;

static int set_args(int pid, size_t size)
{
    char block[64] = "1";
    struct call c;
    int err;

    memset(block + 2, 'a', size - 3);
    block[size - 1] = '\0';
    err = BEGIN(&c, w.p, SET_ARGS, set_args, pid, ((struct sc_str){block, size}));
    w_check_listed(&c);
    if (err == -ENOMEM)
        cr_assert_neq(strstr(c.why.text[0], "limit all_args"), NULL);
    call_done(&c);
    return err;
}

Test(machine_limits, all_args)
{
    const struct machine_limits limits = {.all_args = 100};
    struct sc_proc_status st;
    int a;
    int b;

    world_open_limited(&w, CLOCK_VIRTUAL, &limits);
    a = w_new_proc(w.p);
    b = w_new_proc(w.p);
    cr_assert_eq(set_args(a, 50), 0);
    cr_assert_eq(set_args(b, 51), -ENOMEM);
    cr_assert_eq(w.m->args, 50);
    cr_assert_eq(set_args(b, 50), 0);
    cr_assert_eq(set_args(b, 50), 0, "in the place of those it has");
    cr_assert_eq(set_args(b, 51), -ENOMEM);
    cr_assert_eq(set_args(b, 40), 0);
    cr_assert_eq(set_args(a, 60), 0);
    cr_assert_eq(set_args(a, 61), -ENOMEM);
    cr_assert_eq(w_kill(w.p, a, &st), 0);
    cr_assert_eq(set_args(b, 60), 0);
    cr_assert_eq(w_kill(w.p, b, &st), 0);
    cr_assert_eq(w.m->args, 0);
    world_close(&w);
}

static int map_file(int fd, uint64_t addr)
{
    struct call c;
    int err = BEGIN(&c, w.p, MMAP_FILE, mmap_file, fd, 0, addr, SC_PAGE_SIZE, MM_READ);

    w_check_listed(&c);
    if (err == -ENOMEM && w.memory_error == 0)
        cr_assert_neq(strstr(c.why.text[0], "descriptors"), NULL);
    call_done(&c);
    return err;
}

static int unmap(uint64_t addr)
{
    struct call c;
    int err = BEGIN(&c, w.p, MUNMAP, munmap, addr);

    call_done(&c);
    return err;
}

enum { TO_MAP = FM_READ | FM_WRITE | FM_MMAP | FM_CREATE };

Test(machine_limits, descriptors_of_mapped_files)
{
    const struct machine_limits limits = {.descriptors = 2};
    int fd[3];

    world_open_limited(&w, CLOCK_VIRTUAL, &limits);
    fd[0] = w_open(w.p, "root:/a", TO_MAP);
    fd[1] = w_open(w.p, "root:/b", TO_MAP);
    fd[2] = w_open(w.p, "root:/c", TO_MAP);
    cr_assert_eq(map_file(fd[0], 0x10000), 0);
    cr_assert_eq(map_file(fd[1], 0x20000), 0);
    cr_assert_eq(w.descriptors, 2);
    cr_assert_eq(map_file(fd[2], 0x30000), -ENOMEM);
    cr_assert_eq(map_file(fd[0], 0x30000), 0, "it has its descriptor");
    cr_assert_eq(unmap(0x20000), 0);
    cr_assert_eq(map_file(fd[2], 0x20000), 0);
    cr_assert_eq(unmap(0x10000), 0);
    cr_assert_eq(unmap(0x20000), 0);
    cr_assert_eq(unmap(0x30000), 0);
    cr_assert_eq(w.descriptors, 0);
    w.descriptors_short = true;
    cr_assert_eq(map_file(fd[0], 0x10000), -ENOMEM);
    w.descriptors_short = false;
    w.memory_error = -ENOMEM;
    cr_assert_eq(map_file(fd[0], 0x10000), -ENOMEM);
    cr_assert_eq(w.descriptors, 0);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(w_close(w.p, fd[i]), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
    cr_assert_eq(w_delete(w.p, "root:/b"), 0);
    cr_assert_eq(w_delete(w.p, "root:/c"), 0);
    world_close(&w);
}

/** Open a file that shall be there, or be refused because of a limit. Returns the fd, or -errno. */
static int open_limited(const char *file, const char *limit)
{
    struct call c;
    int err = BEGIN(&c, w.p, OPEN, open, S(file), FM_READ | FM_WRITE | FM_MMAP | FM_CREATE);

    w_check_listed(&c);
    if (err < 0)
        cr_assert_neq(strstr(c.why.text[0], limit), NULL, "%s", c.why.text[0]);
    call_done(&c);
    return err < 0 ? err : c.out.open.fd;
}

Test(machine_limits, labels)
{
    const struct machine_limits limits = {.labels = 2 * sizeof("root:/12345678") - 2};
    int a;
    int b;

    world_open_limited(&w, CLOCK_VIRTUAL, &limits);
    a = open_limited("root:/12345678", "");
    b = open_limited("root:/1234567", "");
    cr_assert(a > 0 && b > 0);
    cr_assert_eq(open_limited("root:/ab", "limit labels"), -EMFILE);
    cr_assert_eq(w_close(w.p, b), 0);
    b = open_limited("root:/12345678", "");
    cr_assert(b > 0, "at the limit");
    cr_assert_eq(w_close(w.p, a), 0);
    cr_assert_eq(w_close(w.p, b), 0);
    cr_assert_eq(w.m->labels, 0);
    cr_assert_eq(w_delete(w.p, "root:/12345678"), 0);
    cr_assert_eq(w_delete(w.p, "root:/1234567"), 0);
    world_close(&w);
}

Test(machine_limits, nodes)
{
    const struct machine_limits limits = {.nodes = 3}; /* root:/ is the first */
    int a;

    world_open_limited(&w, CLOCK_VIRTUAL, &limits);
    cr_assert_eq(w_create(w.p, "root:/d", FT_DIR), 0);
    cr_assert_eq(w_create(w.p, "root:/d/e", FT_DIR), 0);
    cr_assert_eq(open_limited("root:/d/e/f", "limit nodes"), -ENOMEM);
    a = open_limited("root:/d/g", "");
    cr_assert(a > 0, "at the limit");
    cr_assert_eq(open_limited("root:/h", "limit nodes"), -ENOMEM);
    cr_assert_eq(w_subfs(w.p, "sub", "root", "d/e", FM_READ), -ENOMEM);
    cr_assert_eq(w_subfs(w.p, "sub", "root", "d", FM_READ), 0, "it has its name");
    cr_assert_eq(w_rm_fs(w.p, "sub"), 0);
    cr_assert_eq(w_close(w.p, a), 0);
    cr_assert_eq(w_delete(w.p, "root:/d/g"), 0);
    cr_assert_eq(w_delete(w.p, "root:/d/e"), 0);
    cr_assert_eq(w_delete(w.p, "root:/d"), 0);
    world_close(&w);
}

static int map_limited(int fd, int64_t off, uint64_t size)
{
    struct call c;
    int err = BEGIN(&c, w.p, MMAP_FILE, mmap_file, fd, off, 0x100000, size, MM_READ);

    w_check_listed(&c);
    if (err < 0)
        cr_assert_neq(strstr(c.why.text[0], "limit mapping"), NULL);
    call_done(&c);
    return err;
}

Test(machine_limits, mapping)
{
    const struct machine_limits limits = {.mapping = 2 * SC_PAGE_SIZE};
    int fd;

    world_open_limited(&w, CLOCK_VIRTUAL, &limits);
    fd = open_limited("root:/a", "");
    cr_assert_eq(map_limited(fd, 0, 2 * SC_PAGE_SIZE), 0);
    cr_assert_eq(unmap(0x100000), 0);
    cr_assert_eq(map_limited(fd, 0, 2 * SC_PAGE_SIZE + 1), -ENOMEM);
    cr_assert_eq(map_limited(fd, SC_PAGE_SIZE, 3 * SC_PAGE_SIZE), -ENOMEM);
    cr_assert_eq(map_limited(fd, SC_PAGE_SIZE, 2 * SC_PAGE_SIZE), 0);
    cr_assert_eq(unmap(0x100000), 0);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
    world_close(&w);
}

/** Write @size bytes to a channel. Returns how many it took, or -errno. */
static int send(int fd, size_t size)
{
    char *bytes = calloc(1, size);
    struct call c;
    int err = BEGIN(&c, w.p, WRITE, write, fd, 0, ((struct sc_str){bytes, size}));

    w_check_listed(&c);
    if (err == -ENOMEM)
        cr_assert_neq(strstr(c.why.text[0], "limit queued"), NULL);
    call_done(&c);
    free(bytes);
    return err < 0 ? err : (int)c.out.write.size;
}

static int receive(int fd, size_t size)
{
    char *bytes = malloc(size);
    int count = w_read(w.p, fd, 0, bytes, size);

    free(bytes);
    return count;
}

Test(machine_limits, queued)
{
    const struct machine_limits limits = {.queued = 8192};
    struct why why = WHY_INIT;
    struct call c[2];

    world_open_limited(&w, CLOCK_VIRTUAL, &limits);
    cr_assert_eq(BEGIN(&c[0], w.p, MK_CHANNEL, mk_channel, 0), 0);
    cr_assert_eq(BEGIN(&c[1], w.p, MK_CHANNEL, mk_channel, 0), 0);
    cr_assert_eq(send(c[0].out.mk_channel.ends.first, 4096), 4096);
    cr_assert_eq(send(c[1].out.mk_channel.ends.first, 4096), 4096);
    cr_assert_eq(w.m->queued.bytes, 8192);
    cr_assert_eq(send(c[0].out.mk_channel.ends.first, 1), -ENOMEM);
    cr_assert_eq(tty_input(w.p, "x", 1, false, &why), -ENOMEM);
    cr_assert_neq(strstr(why.text[0], "limit queued"), NULL);
    why_done(&why);
    cr_assert_eq(receive(c[0].out.mk_channel.ends.second, 96), 96);
    cr_assert_eq(send(c[0].out.mk_channel.ends.first, 200), 96, "what there is room for");
    cr_assert_eq(w_close(w.p, c[1].out.mk_channel.ends.first), 0);
    cr_assert_eq(w_close(w.p, c[1].out.mk_channel.ends.second), 0);
    cr_assert_eq(tty_input(w.p, "x", 1, false, &why), 1);
    cr_assert_eq(send(c[0].out.mk_channel.ends.first, 200), -ENOMEM, "its next step is 4096");
    cr_assert_eq(w_close(w.p, c[0].out.mk_channel.ends.first), 0);
    cr_assert_eq(w_close(w.p, c[0].out.mk_channel.ends.second), 0);
    world_close(&w);
}

/** Make a filesystem in a file of its own in @dir, with a name of init's. */
static int mount_file(const char *dir, const char *name)
{
    char opts[128];
    struct why why = WHY_INIT;
    int err;

    (void)snprintf(opts, sizeof(opts), "source=%s/%s.db", dir, name);
    err = machine_mount(w.m, name, "sqlitefs", opts, &why);
    if (err == -EMFILE)
        cr_assert_neq(strstr(why.text[0], "limit descriptors"), NULL);
    why_done(&why);
    return err;
}

static void remove_file(const char *dir, const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s.db", dir, name);
    (void)unlink(path);
}

Test(machine_limits, descriptors_of_filesystems)
{
    const struct machine_limits limits = {.descriptors = 11};
    char dir[] = "/tmp/scbox-limits-XXXXXX";
    uint64_t one;

    cr_assert_not_null(mkdtemp(dir));
    world_open_limited(&w, CLOCK_VIRTUAL, &limits);
    cr_assert_eq(machine_mount(w.m, "none", "ramfs", NULL, NULL), 0);
    cr_assert_eq(w.descriptors, 0);
    cr_assert_eq(mount_file(dir, "a"), 0);
    one = w.descriptors;
    cr_assert(one > limits.descriptors / 2, "so that the second is past the limit");
    cr_assert_eq(mount_file(dir, "b"), -EMFILE);
    cr_assert_eq(machine_mount(w.m, "bad", "sqlitefs", "source=/nowhere/at/all", NULL), -EMFILE);
    cr_assert_eq(w_rm_fs(w.m->init, "a"), 0);
    cr_assert_lt(machine_mount(w.m, "bad", "sqlitefs", "source=/nowhere/at/all", NULL), 0);
    cr_assert_eq(w.descriptors, 0);
    cr_assert_eq(mount_file(dir, "b"), 0);
    cr_assert_eq(w.descriptors, one);
    cr_assert_eq(w_rm_fs(w.m->init, "b"), 0);
    cr_assert_eq(w_rm_fs(w.m->init, "none"), 0);
    world_close(&w);
    remove_file(dir, "a");
    remove_file(dir, "b");
    (void)rmdir(dir);
}
