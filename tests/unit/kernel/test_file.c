/* SPDX-License-Identifier: MIT */
/* Files, handles, views and reasons through call_begin(). Cites: ABI, capabilities; calls 20-43. */
#include "server/kernel/door/driver.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

enum { RWC = FM_READ | FM_WRITE | FM_CREATE };

static struct world w;

static void setup(void)
{
    world_open(&w, CLOCK_REAL);
}

static void teardown(void)
{
    world_close(&w);
}

TestSuite(file, .init = setup, .fini = teardown);

Test(file, write_read_at_positions)
{
    char buf[64];
    int fd = w_open(w.p, "root:/a", RWC);

    cr_assert_eq(fd, 1);
    cr_assert_eq(w_write(w.p, fd, 0, "hello"), 5);
    cr_assert_eq(w_write(w.p, fd, 8, "x"), 1);
    cr_assert_eq(w_read(w.p, fd, 0, buf, sizeof(buf)), 9);
    cr_assert_eq(memcmp(buf, "hello\0\0\0x", 9), 0);
    cr_assert_eq(w_read(w.p, fd, 9, buf, sizeof(buf)), 0);
    cr_assert_eq(w_read(w.p, fd, 100, buf, sizeof(buf)), 0);
    cr_assert_eq(w_read(w.p, fd, -1, buf, 1), -EINVAL);
    cr_assert_eq(w_read(w.p, fd, INT64_MAX, buf, 1), -EINVAL);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_close(w.p, fd), -EBADF);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(file, fd_numbers_are_never_reused)
{
    int a = w_open(w.p, "root:/a", RWC);

    cr_assert_eq(w_close(w.p, a), 0);
    cr_assert_eq(w_open(w.p, "root:/a", FM_READ), a + 1);
    cr_assert_eq(w_close(w.p, a + 1), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(file, handle_rights_EBADF)
{
    char buf[4];
    int fd = w_open(w.p, "root:/a", RWC);
    int ro = w_open(w.p, "root:/a", FM_READ);
    int wo = w_open(w.p, "root:/a", FM_WRITE);

    cr_assert_eq(w_write(w.p, ro, 0, "x"), -EBADF);
    cr_assert_eq(w_read(w.p, wo, 0, buf, 1), -EBADF);
    cr_assert_eq(w_read(w.p, 99, 0, buf, 1), -EBADF);
    cr_assert_eq(w_read(w.p, 0, 0, buf, 1), -EBADF);
    cr_assert_eq(w_delete(w.p, "root:/a"), -EBUSY);
    w_close(w.p, fd);
    w_close(w.p, ro);
    w_close(w.p, wo);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(file, open_modes)
{
    cr_assert_eq(w_open(w.p, "root:/none", FM_READ), -ENOENT);
    cr_assert_eq(w_open(w.p, "root:/none/x", RWC), -ENOENT);
    cr_assert_eq(w_open(w.p, "root:/", FM_READ), -EISDIR);
    cr_assert_eq(w_open(w.p, "root:/", FM_READ | FM_READDIR), -EISDIR);
    cr_assert_eq(w_open(w.p, "root:/", 0x80), -EINVAL);
    cr_assert_eq(w_open(w.p, "nope:/", FM_READ), -ENODEV);
    cr_assert_eq(w_open(w.p, "noname", FM_READ), -EINVAL);
    cr_assert_eq(w_create(w.p, "root:/f", FT_REGULAR), 0);
    cr_assert_eq(w_open(w.p, "root:/f", FM_READDIR), -ENOTDIR);
    cr_assert_eq(w_open(w.p, "root:/f/x", RWC), -ENOTDIR);
    cr_assert_eq(w_create(w.p, "root:/f", FT_REGULAR), -EEXIST);
    cr_assert_eq(w_create(w.p, "root:/d", FT_CHARDEV), -EINVAL);
    cr_assert_eq(w_delete(w.p, "root:/f"), 0);
}

Test(file, trunc_acts_at_open_and_append_writes_at_the_end)
{
    struct sc_stat st;
    int fd = w_open(w.p, "root:/a", RWC);

    w_write(w.p, fd, 0, "12345");
    w_close(w.p, fd);
    fd = w_open(w.p, "root:/a", FM_WRITE | FM_APPEND);
    cr_assert_eq(w_write(w.p, fd, 0, "67"), 2);
    cr_assert_eq(w_stat(w.p, "root:/a", &st), 0);
    cr_assert_eq(st.size, 7);
    w_close(w.p, fd);
    fd = w_open(w.p, "root:/a", FM_TRUNC | FM_WRITE);
    cr_assert_eq(w_stat(w.p, "root:/a", &st), 0);
    cr_assert_eq(st.size, 0);
    w_close(w.p, fd);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(file, append_ignores_the_offset)
{
    int fd = w_open(w.p, "root:/a", RWC | FM_APPEND);

    cr_assert_eq(w_write(w.p, fd, -1, "1"), 1);
    cr_assert_eq(w_write(w.p, fd, INT64_MAX, "2"), 1);
    w_close(w.p, fd);
    fd = w_open(w.p, "root:/a", FM_WRITE);
    cr_assert_eq(w_write(w.p, fd, -1, "3"), -EINVAL);
    w_close(w.p, fd);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(file, numbers_used_up_EMFILE_and_nothing_is_created)
{
    struct sc_proc_status st;
    int pid = w_new_proc(w.p);
    struct proc *child = proc_child(w.p, pid);
    int fd = w_open(w.p, "root:/a", RWC);

    cr_assert_eq(proc_drive(child, NULL), 0);
    cr_assert_eq(w_bind_fs(w.p, pid, "root", "root"), 0);
    cr_assert_eq(w_bind_fd(w.p, pid, INT32_MAX - 1, fd), 0);
    cr_assert_eq(w_open(child, "root:/none", FM_READ), -ENOENT);
    cr_assert_eq(w_open(child, "root:/", FM_READ), -EISDIR);
    cr_assert_eq(w_open(child, "root:/a", FM_READ), INT32_MAX, "failures use up no number");
    cr_assert_eq(w_close(child, INT32_MAX), 0);
    cr_assert_eq(w_open(child, "root:/b", RWC), -EMFILE);
    cr_assert_eq(w_delete(w.p, "root:/b"), -ENOENT);
    cr_assert_eq(w_kill(w.p, pid, &st), 0);
    w_close(w.p, fd);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(file, readdir_is_a_snapshot_and_0_takes_a_new_one)
{
    struct call c;
    int fd = w_open(w.p, "root:/", FM_READDIR);

    cr_assert_eq(BEGIN(&c, w.p, READDIR, readdir, fd, 0), -ENOENT);
    call_done(&c);
    w_create(w.p, "root:/a", FT_REGULAR);
    cr_assert_eq(BEGIN(&c, w.p, READDIR, readdir, fd, 1), -ENOENT);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, READDIR, readdir, fd, 0), 0);
    cr_assert_str_eq(c.out.readdir.entry.name.bytes, "a");
    cr_assert_eq(c.out.readdir.entry.type, FT_REGULAR);
    call_done(&c);
    w_delete(w.p, "root:/a");
    w_close(w.p, fd);
}

Test(file, move_keeps_handles_and_follows_directories)
{
    struct call c;
    char buf[8];
    int fd;

    w_create(w.p, "root:/d", FT_DIR);
    fd = w_open(w.p, "root:/d/f", RWC);
    w_write(w.p, fd, 0, "in d");
    cr_assert_eq(w_move(w.p, "root:/d", "root:/e"), 0);
    cr_assert_eq(w_read(w.p, fd, 0, buf, sizeof(buf)), 4);
    cr_assert_eq(w_delete(w.p, "root:/e/f"), -EBUSY, "the handle moved along");
    cr_assert_eq(w_move(w.p, "root:/e", "root:/e/x"), -EINVAL);
    cr_assert_eq(w_move(w.p, "root:/", "root:/x"), -EBUSY);
    cr_assert_eq(BEGIN(&c, w.p, MOVE, move, S("root:/none"), S("root:/x")), -ENOENT);
    cr_assert_str_eq(c.why.text[0], "'none' does not exist in view 'root'");
    call_done(&c);
    cr_assert_eq(w_move(w.p, "root:/e/f", "root:/e/f"), -EEXIST);
    cr_assert_eq(w_move(w.p, "root:/e/f", "root:/a-much-longer-name-than-before"), 0);
    w_close(w.p, fd);
    cr_assert_eq(w_delete(w.p, "root:/e"), 0);
    cr_assert_eq(w_delete(w.p, "root:/a-much-longer-name-than-before"), 0);
}

Test(file, subfs_masks_only_shrink_and_say_why)
{
    struct call c;
    struct sc_stat st;

    w_create(w.p, "root:/home", FT_DIR);
    cr_assert_eq(w_subfs(w.p, "home", "root", "/home", FM_READ | FM_READDIR), 0);
    cr_assert_eq(w_subfs(w.p, "again", "home", "", SC_FM_ALL), 0);
    cr_assert_eq(BEGIN(&c, w.p, OPEN, open, S("again:/f"), FM_WRITE), -EACCES);
    cr_assert_eq(c.why.count, 3);
    cr_assert_not_null(strstr(c.why.text[0], "view 'again' lacks WRITE"));
    cr_assert_not_null(strstr(c.why.text[1], "view 'home' lacks WRITE"));
    cr_assert_not_null(strstr(c.why.text[2], "'root'"));
    call_done(&c);
    cr_assert_eq(w_stat(w.p, "again:", &st), 0);
    cr_assert_eq(st.access, FM_READDIR);
    cr_assert_eq(w_create(w.p, "home:/x", FT_DIR), -EACCES);
    cr_assert_eq(w_delete(w.p, "home:/x"), -EACCES);
    cr_assert_eq(w_move(w.p, "home:/x", "home:/y"), -EACCES);
    cr_assert_eq(w_move(w.p, "home:/x", "root:/y"), -EXDEV);
    cr_assert_eq(w_delete(w.p, "root:/home"), -EBUSY, "root of a view");
    cr_assert_eq(w_rm_fs(w.p, "again"), 0);
    cr_assert_eq(w_rm_fs(w.p, "home"), 0);
    cr_assert_eq(w_rm_fs(w.p, "home"), -ENODEV);
    cr_assert_eq(w_delete(w.p, "root:/home"), 0);
}

Test(file, many_names_in_use_are_found_and_moved)
{
    enum { COUNT = 200 };
    char name[32];
    int fd[COUNT];

    w_create(w.p, "root:/d", FT_DIR);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(name, sizeof(name), "root:/d/%d", i);
        fd[i] = w_open(w.p, name, RWC);
    }
    cr_assert_eq(w_move(w.p, "root:/d", "root:/e"), 0);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(name, sizeof(name), "root:/e/%d", i);
        cr_assert_eq(w_delete(w.p, name), -EBUSY);
        w_close(w.p, fd[i]);
        cr_assert_eq(w_delete(w.p, name), 0);
    }
    cr_assert_eq(w_delete(w.p, "root:/e"), 0);
}

Test(file, views_above_a_view_have_a_limit_EMFILE)
{
    char names[2][2] = {"a", "b"};

    cr_assert_eq(w_subfs(w.p, "a", "root", "", SC_FM_ALL), 0);
    for (int i = 1; i < VIEW_DEPTH_MAX; i++) {
        cr_assert_eq(w_subfs(w.p, names[i % 2], names[(i + 1) % 2], "", SC_FM_ALL), 0);
        cr_assert_eq(w_rm_fs(w.p, names[(i + 1) % 2]), 0);
    }
    cr_assert_eq(w_subfs(w.p, "c", "b", "", SC_FM_ALL), -EMFILE);
    cr_assert_eq(w_rm_fs(w.p, "b"), 0);
}

Test(file, create_on_open_needs_both_create_rights)
{
    cr_assert_eq(w_subfs(w.p, "s", "root", "/", FM_READ | FM_WRITE | FM_CREATE), 0);
    cr_assert_eq(w_open(w.p, "s:/new", RWC), -EACCES);
    cr_assert_eq(w_rm_fs(w.p, "s"), 0);
    cr_assert_eq(w_subfs(w.p, "s", "root", "/", RWC | FM_DCREATE), 0);
    cr_assert_eq(w_close(w.p, w_open(w.p, "s:/new", RWC)), 0);
    cr_assert_eq(w_rm_fs(w.p, "s"), 0);
    cr_assert_eq(w_delete(w.p, "root:/new"), 0);
}

Test(file, a_file_may_be_the_root_of_a_view)
{
    char buf[8];
    int fd = w_open(w.p, "root:/f", RWC);

    w_write(w.p, fd, 0, "hi");
    w_close(w.p, fd);
    cr_assert_eq(w_subfs(w.p, "one", "root", "f", FM_READ), 0);
    fd = w_open(w.p, "one:", FM_READ);
    cr_assert_eq(w_read(w.p, fd, 0, buf, sizeof(buf)), 2);
    cr_assert_eq(w_open(w.p, "one:/x", FM_READ), -ENOTDIR);
    cr_assert_eq(w_move(w.p, "root:/f", "root:/g"), 0, "the view follows");
    w_close(w.p, fd);
    fd = w_open(w.p, "one:", FM_READ);
    cr_assert_gt(fd, 0);
    w_close(w.p, fd);
    w_rm_fs(w.p, "one");
    cr_assert_eq(w_delete(w.p, "root:/g"), 0);
}

Test(file, handle_keeps_its_rights_after_rm_fs)
{
    int fd;

    w_subfs(w.p, "s", "root", "/", SC_FM_ALL);
    fd = w_open(w.p, "s:/f", RWC);
    cr_assert_eq(w_rm_fs(w.p, "s"), 0);
    cr_assert_eq(w_write(w.p, fd, 0, "still"), 5);
    w_close(w.p, fd);
    w_delete(w.p, "root:/f");
}

Test(file, make_fs_refusals)
{
    struct call c;

    cr_assert_eq(BEGIN(&c, w.p, MAKE_FS, make_fs, S("ramfs"), S("root"), 0, S("")), -EEXIST);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, MAKE_FS, make_fs, S("nofs"), S("x"), 0, S("")), -ENODEV);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, MAKE_FS, make_fs, S("ramfs"), S("x:"), 0, S("")), -EINVAL);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, MAKE_FS, make_fs, S("ramfs"), S("x"), 7, S("")), -EBADF);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, MAKE_FS, make_fs, S("ramfs"), S("x"), 0, S("bogus=1")), -EINVAL);
    call_done(&c);
    cr_assert_eq(
        BEGIN(&c, w.p, MAKE_FS, make_fs, S("sqlitefs"), S("x"), 0, S("cache=1M,source=/x.db")),
        -EACCES);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, MAKE_FS, make_fs, S("ramfs"), S("x"), 0, S("")), 0);
    call_done(&c);
    cr_assert_eq(BEGIN(&c, w.p, FS_ADD_SRC, fs_add_src, S("x"), 3, S("")), -EBADF);
    call_done(&c);
    w_rm_fs(w.p, "x");
}

Test(file, make_fs_from_a_handle_without_read_EBADF)
{
    struct call c;
    int fd = w_open(w.p, "root:/db", FM_WRITE | FM_CREATE);

    cr_assert_eq(BEGIN(&c, w.p, MAKE_FS, make_fs, S("sqlitefs"), S("x"), fd, S("")), -EBADF);
    call_done(&c);
    w_close(w.p, fd);
    cr_assert_eq(w_delete(w.p, "root:/db"), 0);
}

static int last_errno(void)
{
    struct call c;

    cr_assert_eq(BEGIN(&c, w.p, ERRNO, last_errno, 0), 0);
    call_done(&c);
    return c.out.last_errno.error;
}

Test(file, last_errno_is_of_the_last_finished_call)
{
    struct sc_stat st;
    struct call c;

    cr_assert_eq(last_errno(), 0, "there was none");
    cr_assert_eq(w_open(w.p, "root:/none", FM_READ), -ENOENT);
    cr_assert_eq(last_errno(), ENOENT);
    cr_assert_eq(last_errno(), ENOENT, "ERRNO does not count");
    cr_assert_eq(BEGIN(&c, w.p, YIELD, yield, 0), SC_PENDING);
    cr_assert_eq(last_errno(), ENOENT, "a call in flight has not finished");
    world_run(&w);
    call_done(&c);
    cr_assert_eq(last_errno(), 0, "it succeeded");
    cr_assert_eq(w_open(w.p, "root:/none", FM_READ), -ENOENT);
    cr_assert_eq(w_stat(w.p, "root:/", &st), 0);
    cr_assert_eq(last_errno(), 0);
}

Test(file_limits, fds_and_names_at_the_limit_EMFILE)
{
    struct machine_limits limits = {.fds = 2, .names = 2};

    world_open_limited(&w, CLOCK_REAL, &limits);
    w_create(w.p, "root:/f", FT_REGULAR);
    cr_assert_eq(w_open(w.p, "root:/f", FM_READ), 1);
    cr_assert_eq(w_open(w.p, "root:/f", FM_READ), 2);
    cr_assert_eq(w_open(w.p, "root:/g", RWC), -EMFILE);
    w_close(w.p, 1);
    w_close(w.p, 2);
    cr_assert_eq(w_delete(w.p, "root:/g"), -ENOENT, "EMFILE created nothing");
    cr_assert_eq(w_subfs(w.p, "a", "root", "", FM_READ), 0);
    cr_assert_eq(w_subfs(w.p, "b", "root", "", FM_READ), -EMFILE);
    w_rm_fs(w.p, "a");
    w_delete(w.p, "root:/f");
    world_close(&w);
}

/** Make a symbolic link, which no call of the ABI does yet, by way of the driver. */
static void make_link(const char *target, const char *path)
{
    struct mount *m = ns_find(&w.p->ns, S("root"))->mount;

    cr_assert_eq(driver_symlink(m, &vfs_nobody, target, path), 0);
}

Test(file, links_are_followed_inside_the_view)
{
    struct sc_stat st;

    w_create(w.p, "root:/d", FT_DIR);
    w_create(w.p, "root:/d/e", FT_DIR);
    w_create(w.p, "root:/d/e/f", FT_REGULAR);
    make_link("e", "/d/rel");
    make_link("/d/e", "/abs");
    make_link("../../../../d/./e/../rel", "/d/e/dots");
    cr_assert_eq(w_stat(w.p, "root:/d/rel/f", &st), 0);
    cr_assert_eq(w_stat(w.p, "root:/abs/f", &st), 0);
    cr_assert_eq(w_stat(w.p, "root:/abs/dots/f", &st), 0);
    cr_assert_eq(st.type, FT_REGULAR);
    cr_assert_eq(w_stat(w.p, "root:/abs/none", &st), -ENOENT);
    cr_assert_eq(w_stat(w.p, "root:/abs/none/x", &st), -ENOENT);
    cr_assert_eq(w_stat(w.p, "root:/abs/f/x", &st), -ENOTDIR);
    cr_assert_eq(w_subfs(w.p, "e", "root", "/d/rel", SC_FM_ALL), 0);
    cr_assert_eq(w_stat(w.p, "e:/f", &st), 0);
    make_link("../../d", "/d/e/up");
    make_link("/d", "/d/e/up2");
    cr_assert_eq(w_stat(w.p, "e:/up", &st), -ENOENT, "a target never leaves the view");
    cr_assert_eq(w_stat(w.p, "e:/up2/x", &st), -ENOENT);
    w_rm_fs(w.p, "e");
    w_delete(w.p, "root:/d/e/up");
    w_delete(w.p, "root:/d/e/up2");
    w_delete(w.p, "root:/d/e/dots");
    w_delete(w.p, "root:/abs");
    cr_assert_eq(w_delete(w.p, "root:/d/rel"), 0, "DELETE takes the link, not its target");
    w_delete(w.p, "root:/d/e/f");
    w_delete(w.p, "root:/d/e");
    cr_assert_eq(w_delete(w.p, "root:/d"), 0);
}

Test(file, links_with_bad_targets)
{
    struct sc_stat st;
    char target[300];

    memset(target, 'n', sizeof(target) - 1);
    target[sizeof(target) - 1] = '\0';
    w_create(w.p, "root:/f", FT_REGULAR);
    make_link("f/../f", "/through");
    make_link("f/.", "/dot");
    make_link(target, "/long");
    cr_assert_eq(w_stat(w.p, "root:/through", &st), -ENOTDIR);
    cr_assert_eq(w_stat(w.p, "root:/dot", &st), -ENOTDIR);
    cr_assert_eq(w_stat(w.p, "root:/long", &st), -ENAMETOOLONG);
    w_delete(w.p, "root:/through");
    w_delete(w.p, "root:/dot");
    w_delete(w.p, "root:/long");
    cr_assert_eq(w_delete(w.p, "root:/f"), 0);
}

Test(file, forty_links_are_followed_not_forty_one_ELOOP)
{
    struct sc_stat st;
    char name[16];
    char target[16];

    w_create(w.p, "root:/l0", FT_REGULAR);
    for (int i = 1; i <= 41; i++) {
        (void)snprintf(name, sizeof(name), "/l%d", i);
        (void)snprintf(target, sizeof(target), "l%d", i - 1);
        make_link(target, name);
    }
    cr_assert_eq(w_stat(w.p, "root:/l40", &st), 0);
    cr_assert_eq(w_stat(w.p, "root:/l41", &st), -ELOOP);
    cr_assert_eq(w_close(w.p, w_open(w.p, "root:/l40", FM_READ)), 0);
    make_link("me", "/me");
    cr_assert_eq(w_stat(w.p, "root:/me", &st), -ELOOP);
    cr_assert_eq(w_create(w.p, "root:/me", FT_DIR), -EEXIST);
    w_delete(w.p, "root:/me");
    for (int i = 0; i <= 41; i++) {
        (void)snprintf(target, sizeof(target), "root:/l%d", i);
        cr_assert_eq(w_delete(w.p, target), 0);
    }
}
