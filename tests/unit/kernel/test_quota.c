/* SPDX-License-Identifier: MIT */
/* What a machine may hold as a whole: at each limit, one past it, and usable again afterwards. */
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAGE = 4096, MB = 1 << 20 };

static struct world w;

/** A second process beside w.p, with the same names. */
static struct proc *open_limited(const struct machine_limits *limits)
{
    struct proc *p;

    world_open_limited(&w, CLOCK_VIRTUAL, limits);
    p = proc_child(w.p, w_new_proc(w.p));
    cr_assert_not_null(p);
    cr_assert_eq(proc_drive(p, "other"), 0);
    cr_assert_eq(w_bind_fs(w.p, p->pid, "root", "root"), 0);
    return p;
}

static void close_limited(struct proc *p)
{
    struct sc_proc_status status;

    cr_assert_eq(w_kill(w.p, p->pid, &status), 0);
    world_close(&w);
}

/** init and w.p have a name each, and so has the second process. */
Test(quota, all_names_EMFILE)
{
    struct proc *p = open_limited(&(struct machine_limits){.all_names = 5});

    cr_assert_eq(w_subfs(w.p, "a", "root", "/", SC_FM_NAMED), 0);
    cr_assert_eq(w_subfs(p, "a", "root", "/", SC_FM_NAMED), 0);
    cr_assert_eq(w_subfs(w.p, "b", "root", "/", SC_FM_NAMED), -EMFILE);
    cr_assert_eq(w_bind_fs(w.p, p->pid, "b", "root"), -EMFILE);
    cr_assert_eq(w_rm_fs(p, "a"), 0);
    cr_assert_eq(w_bind_fs(w.p, p->pid, "b", "root"), 0);
    cr_assert_eq(w_rm_fs(w.p, "a"), 0);
    close_limited(p);
}

Test(quota, without_room_for_its_name_no_filesystem_is_made)
{
    struct proc *p = open_limited(&(struct machine_limits){.all_names = 3});
    char dir[] = "/tmp/test_kernel_quota-XXXXXX";
    char opts[sizeof(dir) + 16];

    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(opts, sizeof(opts), "source=%s/db", dir);
    cr_assert_eq(machine_mount(w.m, "db", "sqlitefs", opts, NULL), -EMFILE);
    cr_assert_eq(rmdir(dir), 0, "it is empty");
    close_limited(p);
}

Test(quota, all_fds_EMFILE)
{
    struct proc *p = open_limited(&(struct machine_limits){.all_fds = 3});
    int fd = w_open(w.p, "root:/a", FM_WRITE | FM_CREATE);

    cr_assert_gt(fd, 0);
    cr_assert_eq(w_bind_fd(w.p, p->pid, 7, fd), 0);
    cr_assert_eq(w_bind_fd(w.p, p->pid, 8, fd), 0);
    cr_assert_eq(w_bind_fd(w.p, p->pid, 9, fd), -EMFILE);
    cr_assert_eq(w_open(p, "root:/b", FM_WRITE | FM_CREATE), -EMFILE);
    cr_assert_eq(w_open(p, "root:/b", FM_READ), -ENOENT, "nothing was created");
    cr_assert_eq(w_close(p, 7), 0);
    cr_assert_gt(w_open(p, "root:/a", FM_WRITE), 0);
    cr_assert_eq(w_close(w.p, fd), 0);
    close_limited(p);
}

Test(quota, files_EMFILE)
{
    struct proc *p = open_limited(&(struct machine_limits){.files = 2});
    struct call c;
    int fd = w_open(w.p, "root:/a", FM_WRITE | FM_CREATE);

    cr_assert_eq(w_bind_fd(w.p, p->pid, 9, fd), 0, "a second handle of the same open file");
    cr_assert_eq(BEGIN(&c, w.p, MK_CHANNEL, mk_channel, 0), -EMFILE, "which are two");
    w_check_listed(&c);
    call_done(&c);
    cr_assert_gt(w_open(p, "root:/a", FM_WRITE), 0);
    cr_assert_eq(w_open(p, "root:/a", FM_WRITE), -EMFILE);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_open(p, "root:/a", FM_WRITE), -EMFILE, "a handle keeps it open");
    cr_assert_eq(w_close(p, 9), 0);
    cr_assert_gt(w_open(p, "root:/a", FM_WRITE), 0);
    close_limited(p);
}

static int mk_channel(struct proc *p)
{
    struct call c;
    int status = BEGIN(&c, p, MK_CHANNEL, mk_channel, 0);

    w_check_listed(&c);
    call_done(&c);
    return status < 0 ? status : c.out.mk_channel.ends.first;
}

Test(quota, channels_ENOMEM)
{
    struct proc *p = open_limited(&(struct machine_limits){.channels = 2});
    int first = mk_channel(p);

    cr_assert_gt(first, 0);
    cr_assert_gt(mk_channel(p), 0);
    cr_assert_eq(mk_channel(p), -ENOMEM);
    cr_assert_eq(w_close(p, first), 0);
    cr_assert_eq(mk_channel(p), -ENOMEM, "half a channel is one still");
    cr_assert_eq(w_close(p, first + 1), 0);
    cr_assert_gt(mk_channel(p), 0);
    close_limited(p);
    cr_assert_eq(w.ends, 0);
}

/** A chain of views of which only the last has a name. */
Test(quota, views_EMFILE)
{
    struct proc *p = open_limited(&(struct machine_limits){.views = 3});

    cr_assert_eq(w_subfs(p, "a", "root", "/", SC_FM_NAMED), 0);
    cr_assert_eq(w_subfs(p, "b", "a", "/", SC_FM_NAMED), 0);
    cr_assert_eq(w_rm_fs(p, "a"), 0);
    cr_assert_eq(w_subfs(p, "c", "b", "/", SC_FM_NAMED), -EMFILE);
    cr_assert_eq(w_subfs(w.p, "c", "root", "/", SC_FM_NAMED), -EMFILE);
    cr_assert_eq(w_rm_fs(p, "b"), 0);
    cr_assert_eq(w_subfs(p, "c", "root", "/", SC_FM_NAMED), 0);
    close_limited(p);
}

static int make_fs(struct proc *p, const char *name, const char *opts)
{
    struct call c;
    int status = BEGIN(&c, p, MAKE_FS, make_fs, S("ramfs"), S(name), 0, S(opts));

    w_check_listed(&c);
    call_done(&c);
    return status;
}

Test(quota, mounts_EMFILE)
{
    struct proc *p = open_limited(&(struct machine_limits){.mounts = 2});

    cr_assert_eq(make_fs(p, "a", ""), 0);
    cr_assert_eq(make_fs(p, "b", ""), -EMFILE);
    cr_assert_eq(make_fs(w.p, "b", ""), -EMFILE);
    cr_assert_eq(w_rm_fs(p, "a"), 0);
    cr_assert_eq(make_fs(p, "b", ""), 0);
    close_limited(p);
}

static int map(struct proc *p, uint64_t addr, uint64_t size)
{
    struct call c;
    int status = BEGIN(&c, p, MMAP, mmap, addr, size, MM_READ | MM_WRITE);

    w_check_listed(&c);
    call_done(&c);
    return status;
}

static int unmap(struct proc *p, uint64_t addr)
{
    struct call c;
    int status = BEGIN(&c, p, MUNMAP, munmap, addr);

    call_done(&c);
    return status;
}

Test(quota, all_memory_ENOMEM)
{
    struct proc *p = open_limited(&(struct machine_limits){.all_memory = UINT64_C(10) * PAGE});

    cr_assert_eq(map(p, 0x10000, (uint64_t)6 * PAGE), 0);
    cr_assert_eq(map(w.p, 0x10000, (uint64_t)5 * PAGE), -ENOMEM);
    cr_assert_eq(map(w.p, 0x10000, (uint64_t)4 * PAGE), 0);
    cr_assert_eq(map(w.p, 0x90000, 1), -ENOMEM);
    cr_assert_eq(unmap(w.p, 0x10000), 0);
    cr_assert_eq(map(p, 0x90000, (uint64_t)4 * PAGE), 0);
    cr_assert_eq(map(w.p, 0x10000, 1), -ENOMEM);
    close_limited(p);
    cr_assert_eq(w.kills, 0);
}

Test(quota, memory_comes_back_when_a_process_ends)
{
    struct proc *p = open_limited(&(struct machine_limits){.all_memory = UINT64_C(10) * PAGE});
    struct sc_proc_status status;

    cr_assert_eq(map(p, 0x10000, (uint64_t)10 * PAGE), 0);
    cr_assert_eq(map(w.p, 0x10000, 1), -ENOMEM);
    cr_assert_eq(w_kill(w.p, p->pid, &status), 0);
    cr_assert_eq(map(w.p, 0x10000, (uint64_t)10 * PAGE), 0);
    cr_assert_eq(unmap(w.p, 0x10000), 0);
    world_close(&w);
}

/** Write whole pages until there is no more room. Returns how many were written. */
static int fill(struct proc *p, const char *file)
{
    static char page[PAGE + 1];
    int fd = w_open(p, file, FM_WRITE | FM_CREATE);
    int count = 0;
    int64_t got;

    memset(page, 'x', PAGE);
    cr_assert_gt(fd, 0);
    while ((got = w_write(p, fd, (int64_t)count * PAGE, page)) == PAGE)
        count++;
    cr_assert_eq(got, -ENOSPC);
    cr_assert_eq(w_close(p, fd), 0);
    return count;
}

/** READDIR's answer. */
static int w_readdir(struct proc *p, int fd, uint32_t n)
{
    struct call c;
    int status = BEGIN(&c, p, READDIR, readdir, fd, n);

    w_check_listed(&c);
    cr_assert(status == 0 || c.why.count > 0, "a refusal without a reason");
    call_done(&c);
    return status;
}

/** A listing begins with room for 16 entries and 512 bytes of names, and gives back what it has not
 * used. */
Test(quota, listings_of_open_directories_ENOMEM)
{
    enum {
        ENTRY = sizeof(struct dir_entry) + sizeof("a"),
        FIRST = 16 * sizeof(struct dir_entry) + 512
    };
    struct proc *p = open_limited(&(struct machine_limits){.listings = FIRST + ENTRY});
    int one = w_open(w.p, "root:/", FM_READDIR);
    int two = w_open(p, "root:/", FM_READDIR);

    cr_assert_eq(w_readdir(w.p, one, 0), -ENOENT);
    cr_assert_eq(w_create(w.p, "root:/a", FT_DIR), 0);
    cr_assert_eq(w_readdir(w.p, one, 0), 0);
    cr_assert_eq(w_readdir(p, two, 0), 0);
    cr_assert_eq(w.m->listings, 2 * ENTRY);
    cr_assert_eq(w_readdir(w.p, one, 0), -ENOMEM, "the first room, with both listings, is more");
    cr_assert_eq(w_readdir(w.p, one, 1), -ENOENT, "the old listing is still there");
    cr_assert_eq(w_close(p, two), 0);
    cr_assert_eq(w_readdir(w.p, one, 0), 0);
    cr_assert_eq(w_close(w.p, one), 0);
    cr_assert_eq(w.m->listings, 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
    close_limited(p);
}

Test(quota, storage_is_shared_by_all_filesystems_in_memory_ENOSPC)
{
    struct proc *p = open_limited(&(struct machine_limits){.storage = MB});
    struct sc_stat st;
    int count;

    cr_assert_eq(make_fs(p, "a", ""), 0);
    count = fill(p, "a:/file");
    cr_assert_gt(count, MB / PAGE - 16);
    cr_assert_leq(count, MB / PAGE);
    cr_assert_eq(w_create(w.p, "root:/dir", FT_DIR), 0, "there is room for little things");
    for (int i = 0; i < MB / PAGE; i++) {
        char name[] = "root:/dir/0000";

        name[10] = (char)('0' + i / 1000);
        name[11] = (char)('0' + i / 100 % 10);
        name[12] = (char)('0' + i / 10 % 10);
        name[13] = (char)('0' + i % 10);
        if (w_create(w.p, name, FT_REGULAR) == -ENOSPC)
            break;
        cr_assert_eq(w_stat(w.p, name, &st), 0);
    }
    cr_assert_eq(w_create(w.p, "root:/more", FT_REGULAR), -ENOSPC);
    cr_assert_eq(w_rm_fs(p, "a"), 0);
    cr_assert_eq(w_create(w.p, "root:/more", FT_REGULAR), 0);
    cr_assert_gt(fill(w.p, "root:/file"), MB / PAGE - 64);
    close_limited(p);
}

Test(quota, a_machine_that_ends_gives_everything_back)
{
    struct proc *p = open_limited(&(struct machine_limits){.storage = MB});

    cr_assert_eq(make_fs(p, "a", ""), 0);
    (void)fill(p, "a:/file");
    cr_assert_gt(mk_channel(p), 0);
    cr_assert_eq(map(p, 0x10000, MB), 0);
    machine_free(w.m); /* checks its sums itself */
}
