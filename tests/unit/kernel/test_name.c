/* SPDX-License-Identifier: MIT */
/* Names and their books: RENAME, LINK, SYMLINK, READLINK, FS_ENUM; chains of views and of links. Cites:
 * ABI, names and paths; calls 65-69. */
#include "fsdrivers/fs_ops.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

TestSuite(name, .init = setup, .fini = teardown);

/** What a finished call answered; its reasons are forgotten. */
static int answer(struct call *c)
{
    int status = c->status;

    w_check_listed(c);
    call_done(c);
    return status;
}

static int w_rename(const char *from, const char *to, uint32_t flags)
{
    struct call c;

    (void)BEGIN(&c, w.p, RENAME, rename, S(from), S(to), flags);
    return answer(&c);
}

static int w_link(const char *from, const char *to)
{
    struct call c;

    (void)BEGIN(&c, w.p, LINK, link, S(from), S(to));
    return answer(&c);
}

static int w_symlink(const char *target, const char *file)
{
    struct call c;

    (void)BEGIN(&c, w.p, SYMLINK, symlink, S(target), S(file));
    return answer(&c);
}

/** READLINK with room for @size bytes. Returns the length of the whole, or -errno. */
static int w_readlink(const char *file, char *buf, size_t size, size_t *stored)
{
    struct call c;
    int length;

    call_init(&c, w.p, &abi_driven, SC_READLINK, NULL, NULL);
    c.args.readlink = (struct sc_readlink_args){S(file), size};
    c.out.readlink.target = (struct sc_buf){.ptr = buf, .cap = size};
    (void)call_begin(&c);
    *stored = c.out.readlink.target.len;
    length = (int)c.out.readlink.length;
    return c.status < 0 ? answer(&c) : (call_done(&c), length);
}

/** Whether a file begins with a text. */
static bool holds(const char *file, const char *text)
{
    char buf[64];
    int fd = w_open(w.p, file, FM_READ);
    int len = fd < 0 ? fd : w_read(w.p, fd, 0, buf, sizeof(buf));

    if (fd > 0)
        w_close(w.p, fd);
    return len == (int)strlen(text) && memcmp(buf, text, (size_t)len) == 0;
}

static int make_file(const char *file, const char *text)
{
    int fd = w_open(w.p, file, RWC);

    w_write(w.p, fd, 0, text);
    return fd;
}

/** Delete what a test made; a NULL ends the list. */
static void clean(const char *const *files)
{
    for (; *files != NULL; files++)
        cr_assert_eq(w_delete(w.p, *files), 0, "%s stays", *files);
}

Test(name, exchange_swaps_what_handles_and_views_stand_for)
{
    int one;
    int two;
    struct path root;

    w_create(w.p, "root:/a", FT_DIR);
    w_create(w.p, "root:/b", FT_DIR);
    w_create(w.p, "root:/a/deep", FT_DIR);
    one = make_file("root:/a/deep/f", "of a");
    two = make_file("root:/b/g", "of b");
    cr_assert_eq(w_subfs(w.p, "va", "root", "/a/deep", SC_FM_NAMED), 0);
    cr_assert_eq(w_subfs(w.p, "vb", "root", "/b", SC_FM_NAMED), 0);
    cr_assert_eq(w_rename("root:/a", "root:/b", RN_EXCHANGE), 0);
    cr_assert(holds("root:/b/deep/f", "of a"));
    cr_assert(holds("root:/a/g", "of b"));
    cr_assert(holds("va:/f", "of a"));
    cr_assert(holds("vb:/g", "of b"));
    cr_assert_eq(view_root_path(ns_find(&w.p->ns, S("va")), &root), 0);
    cr_assert_str_eq(root.str, "/b/deep");
    cr_assert_eq(view_root_path(ns_find(&w.p->ns, S("vb")), &root), 0);
    cr_assert_str_eq(root.str, "/a");
    cr_assert_eq(w_delete(w.p, "root:/b/deep/f"), -EBUSY);
    cr_assert_eq(w_delete(w.p, "root:/a/g"), -EBUSY);
    cr_assert_eq(w_delete(w.p, "root:/b/deep"), -EBUSY);

    /* Only one of the two in use, the other way round, and in directories of different depth. */
    w_close(w.p, two);
    cr_assert_eq(w_rename("root:/a/g", "root:/b/deep/f", RN_EXCHANGE), 0);
    cr_assert_eq(w_delete(w.p, "root:/a/g"), -EBUSY);
    cr_assert(holds("root:/b/deep/f", "of b"));
    cr_assert_eq(w_delete(w.p, "root:/b/deep/f"), 0);
    w_close(w.p, one);
    cr_assert_eq(w_rm_fs(w.p, "va"), 0);
    cr_assert_eq(w_rm_fs(w.p, "vb"), 0);
    clean((const char *const[]){"root:/a/g", "root:/a", "root:/b/deep", "root:/b", NULL});
}

Test(name, replace_spares_what_is_in_use_EBUSY)
{
    int fd;

    w_close(w.p, make_file("root:/f", "new"));
    fd = make_file("root:/g", "old");
    cr_assert_eq(w_rename("root:/f", "root:/g", 0), -EBUSY);
    cr_assert(holds("root:/g", "old"));
    w_close(w.p, fd);
    cr_assert_eq(w_subfs(w.p, "v", "root", "/g", FM_READ), 0);
    cr_assert_eq(w_rename("root:/f", "root:/g", 0), -EBUSY);
    cr_assert_eq(w_rm_fs(w.p, "v"), 0);
    cr_assert_eq(w_rename("root:/f", "root:/g", 0), 0);
    cr_assert(holds("root:/g", "new"));
    cr_assert_eq(w_rename("root:/g", "root:/g", 0), 0);
    cr_assert_eq(w_rename("root:/g", "root:/g", RN_NOREPLACE), -EEXIST);
    clean((const char *const[]){"root:/g", NULL});
}

Test(name, two_names_of_one_file_both_stay_and_so_do_their_handles)
{
    int fd = make_file("root:/f", "one");

    cr_assert_eq(w_link("root:/f", "root:/g"), 0);
    cr_assert_eq(w_rename("root:/f", "root:/g", 0), 0);
    cr_assert_eq(w_rename("root:/f", "root:/g", RN_EXCHANGE), 0);
    cr_assert_eq(w_rename("root:/f", "root:/g", RN_NOREPLACE), -EEXIST);
    cr_assert_eq(w_delete(w.p, "root:/f"), -EBUSY, "the handle is still on its own name");
    cr_assert_eq(w_delete(w.p, "root:/g"), 0);
    w_close(w.p, fd);
    clean((const char *const[]){"root:/f", NULL});
}

/** A driver that can't swap names, and fails to give others. */
static int failing_rename(struct fs *fs, const struct fs_caller *who, const char *from,
                          const char *to, enum fs_rename_type type)
{
    (void)fs;
    (void)who;
    (void)from;
    (void)to;
    return type == FS_RENAME_EXCHANGE ? -ENOSYS : -EIO;
}

Test(name, what_the_driver_refuses_leaves_the_books)
{
    struct fs *fs = ns_find(&w.p->ns, S("root"))->mount->fs;
    const struct fs_ops *ops = fs->ops;
    struct fs_ops failing = *ops;
    int one = make_file("root:/f", "f");
    int two = make_file("root:/g", "g");

    failing.rename = failing_rename;
    fs->ops = &failing;
    cr_assert_eq(w_rename("root:/f", "root:/g", RN_EXCHANGE), -ENOTSUP);
    cr_assert_eq(w_rename("root:/f", "root:/h", 0), -EIO);
    fs->ops = ops;
    w_close(w.p, two);
    cr_assert_eq(w_delete(w.p, "root:/f"), -EBUSY);
    cr_assert_eq(w_delete(w.p, "root:/g"), 0);
    w_close(w.p, one);
    clean((const char *const[]){"root:/f", NULL});
}

Test(name, link_EMLINK_at_the_drivers_limit)
{
    enum { LINKS = 65000 };
    char name[32];

    w_close(w.p, make_file("root:/f", ""));
    for (int i = 1; i < LINKS; i++) {
        (void)snprintf(name, sizeof(name), "root:/%d", i);
        cr_assert_eq(w_link("root:/f", name), 0);
    }
    cr_assert_eq(w_link("root:/f", "root:/more"), -EMLINK);
    for (int i = 1; i < LINKS; i++) {
        (void)snprintf(name, sizeof(name), "root:/%d", i);
        (void)w_delete(w.p, name);
    }
    clean((const char *const[]){"root:/f", NULL});
}

Test(name, targets_of_links_at_and_past_the_limit)
{
    char target[FS_PATH_MAX + 2];
    char buf[FS_PATH_MAX + 1];
    struct sc_stat st;
    size_t stored;

    memset(target, 'x', sizeof(target) - 1);
    target[FS_PATH_MAX + 1] = '\0';
    cr_assert_eq(w_symlink(target, "root:/l"), -ENAMETOOLONG);
    cr_assert_eq(w_symlink("", "root:/l"), -EINVAL);
    target[FS_PATH_MAX] = '\0';
    cr_assert_eq(w_symlink(target, "root:/l"), 0);
    cr_assert_eq(w_readlink("root:/l", buf, sizeof(buf), &stored), FS_PATH_MAX);
    cr_assert_eq(stored, FS_PATH_MAX);
    cr_assert_eq(memcmp(buf, target, FS_PATH_MAX), 0);
    cr_assert_eq(w_readlink("root:/l", buf, 10, &stored), FS_PATH_MAX);
    cr_assert_eq(stored, 10);
    cr_assert_eq(w_readlink("root:/l", buf, 0, &stored), FS_PATH_MAX);
    cr_assert_eq(stored, 0);
    cr_assert_eq(w_stat(w.p, "root:/l", &st), -ENAMETOOLONG);
    clean((const char *const[]){"root:/l", NULL});
}

Test(name, a_target_with_a_NUL_is_EINVAL)
{
    struct call c;

    (void)BEGIN(&c, w.p, SYMLINK, symlink, ((struct sc_str){"a\0b", 3}), S("root:/l"));
    cr_assert_eq(answer(&c), -EINVAL);
}

Test(name, paths_at_and_past_the_limit)
{
    static char path[FS_PATH_MAX + 16];
    struct sc_stat st;
    size_t len = strlen(strcpy(path, "root:"));

    /* 32 directories of 126 bytes fill 4064; the last name has 30, then 31. */
    for (int i = 0; i < 32; i++) {
        path[len] = '/';
        memset(path + len + 1, 'd', 126);
        len += 127;
        path[len] = '\0';
        cr_assert_eq(w_create(w.p, path, FT_DIR), 0);
    }
    (void)strcpy(path + len, "/012345678901234567890123456789");
    cr_assert_eq(w_symlink("x", path), 0);
    cr_assert_eq(w_delete(w.p, path), 0);
    (void)strcat(path, "0");
    cr_assert_eq(w_symlink("x", path), -ENAMETOOLONG);
    cr_assert_eq(w_link(path, path), -ENAMETOOLONG);
    cr_assert_eq(w_rename(path, path, 0), -ENAMETOOLONG);
    cr_assert_eq(w_stat(w.p, path, &st), -ENAMETOOLONG);
    for (; len > 5; len -= 127) {
        path[len] = '\0';
        cr_assert_eq(w_delete(w.p, path), 0);
    }
}

Test(name, forty_links_are_followed_one_more_is_ELOOP)
{
    char target[16];
    char name[32];
    struct sc_stat st;

    w_close(w.p, make_file("root:/0", ""));
    for (int i = 1; i <= 41; i++) {
        (void)snprintf(target, sizeof(target), "%d", i - 1);
        (void)snprintf(name, sizeof(name), "root:/%d", i);
        cr_assert_eq(w_symlink(target, name), 0);
    }
    cr_assert_eq(w_stat(w.p, "root:/40", &st), 0);
    cr_assert_eq(w_stat(w.p, "root:/41", &st), -ELOOP);
    for (int i = 0; i <= 41; i++) {
        (void)snprintf(name, sizeof(name), "root:/%d", i);
        cr_assert_eq(w_delete(w.p, name), 0);
    }
}

/** The answer of FS_ENUM, its root in @root. */
static int w_fs_enum(uint32_t n, struct sc_fs_entry *out, char root[FS_PATH_MAX + 1])
{
    struct call c;

    (void)BEGIN(&c, w.p, FS_ENUM, fs_enum, n);
    if (c.status == 0) {
        *out = c.out.fs_enum.entry;
        (void)snprintf(root, FS_PATH_MAX + 1, "%.*s", (int)out->root.len, out->root.ptr);
    }
    return answer(&c);
}

Test(name, fs_enum_ENAMETOOLONG_when_moves_made_the_root_too_long)
{
    static char path[FS_PATH_MAX + 16];
    static char root[FS_PATH_MAX + 1];
    struct sc_fs_entry entry;
    size_t len = strlen(strcpy(path, "root:"));

    cr_assert_eq(w_create(w.p, "root:/d", FT_DIR), 0);
    cr_assert_eq(w_create(w.p, "root:/d/0123456789", FT_DIR), 0);
    cr_assert_eq(w_create(w.p, "root:/d/0123456789/0123456789", FT_DIR), 0);
    cr_assert_eq(w_subfs(w.p, "v", "root", "/d/0123456789/0123456789", FM_READ), 0);
    cr_assert_eq(w_fs_enum(1, &entry, root), 0);
    cr_assert_str_eq(entry.name.bytes, "v");
    cr_assert_str_eq(entry.driver.bytes, "ramfs");
    cr_assert_str_eq(root, "/d/0123456789/0123456789");
    for (int i = 0; i < 32; i++) {
        path[len] = '/';
        memset(path + len + 1, 'd', 126);
        len += 127;
        path[len] = '\0';
        cr_assert_eq(w_create(w.p, path, FT_DIR), 0);
    }
    (void)strcpy(path + len, "/0123456789");
    cr_assert_eq(w_move(w.p, "root:/d", path), 0);
    cr_assert_eq(w_fs_enum(1, &entry, root), -ENAMETOOLONG);
    cr_assert_eq(w_move(w.p, path, "root:/d"), 0);
    cr_assert_eq(w_fs_enum(1, &entry, root), 0);
    cr_assert_eq(w_fs_enum(2, &entry, root), -ENOENT);
    cr_assert_eq(w_rm_fs(w.p, "v"), 0);
    for (; len > 5; len -= 127) {
        path[len] = '\0';
        cr_assert_eq(w_delete(w.p, path), 0);
    }
    clean((const char *const[]){"root:/d/0123456789/0123456789", "root:/d/0123456789", "root:/d",
                                NULL});
}

/** Make a chain of subfs in one process: "v1" of "root", "v2" of "v1" … Every second view takes a
 * right away. */
static void make_chain(int depth)
{
    static const uint32_t takes[] = {FM_WRITE, FM_TRUNC, FM_APPEND, FM_DCREATE};
    uint32_t modes = SC_FM_NAMED;
    char from[16] = "root";
    char name[16];

    for (int i = 1; i <= depth; i++) {
        if (i % 16 == 8)
            modes &= ~takes[i / 16];
        (void)snprintf(name, sizeof(name), "v%d", i);
        cr_assert_eq(w_subfs(w.p, name, from, "", modes), 0);
        (void)strcpy(from, name);
    }
}

Test(name, why_names_every_view_of_64_and_what_each_took)
{
    struct call c;
    char want[128];

    make_chain(VIEW_DEPTH_MAX);
    (void)BEGIN(&c, w.p, OPEN, open, S("v64:/f"), FM_READ | FM_WRITE | FM_TRUNC | FM_APPEND);
    cr_assert_eq(c.status, -EACCES);
    cr_assert_eq(c.why.count, VIEW_DEPTH_MAX - 8 + 2, "from v64 up to v8, and who has it all");
    for (int i = VIEW_DEPTH_MAX; i >= 8; i--) {
        const char *took = i == 8    ? "that removed WRITE)"
                           : i == 24 ? "that removed TRUNC)"
                           : i == 40 ? "that removed APPEND)"
                                     : "that removed nothing)";
        const char *text = c.why.text[VIEW_DEPTH_MAX - i];

        (void)snprintf(want, sizeof(want), "view 'v%d' lacks WRITE", i);
        cr_assert_eq(strncmp(text, want, strlen(want)), 0, "%s", text);
        (void)snprintf(want, sizeof(want), "made by process %d as a subfs of 'v%d'", w.p->pid,
                       i - 1);
        cr_assert_not_null(strstr(text, want), "%s", text);
        cr_assert_not_null(strstr(text, took), "%s", text);
    }
    cr_assert_str_eq(c.why.text[c.why.count - 1], "view 'v7' above it has WRITE,TRUNC,APPEND");
    call_done(&c);
    for (int i = 1; i <= VIEW_DEPTH_MAX; i++) {
        (void)snprintf(want, sizeof(want), "v%d", i);
        cr_assert_eq(w_rm_fs(w.p, want), 0);
    }
}

/** Bind a part of what a process has to a new child of it, under the same name. */
static struct proc *bind_down(struct proc *p, const char *name, const char *from, uint32_t modes)
{
    struct call c;
    int pid = w_new_proc(p);

    (void)BEGIN(&c, p, BIND_SUBFS, bind_subfs, S(name), S(from), S("/"), modes, pid);
    cr_assert_eq(answer(&c), 0);
    return proc_child(p, pid);
}

Test(name, why_goes_through_three_generations_of_bindings)
{
    struct proc *kid = bind_down(w.p, "one", "root", SC_FM_NAMED & ~(uint32_t)FM_WRITE);
    struct proc *grandkid = bind_down(kid, "two", "one", SC_FM_NAMED);
    struct proc *last = bind_down(grandkid, "three", "two", FM_WRITE);
    struct sc_proc_status status;
    struct call c;
    char want[128];

    cr_assert_eq(w_bind_fs(grandkid, last->pid, "renamed", "two"), 0);
    (void)BEGIN(&c, last, OPEN, open, S("three:/f"), FM_READ | FM_WRITE);
    cr_assert_eq(c.status, -EACCES);
    cr_assert_eq(c.why.count, 4);
    (void)snprintf(want, sizeof(want),
                   "view 'three' lacks READ,WRITE (made by process %d as a subfs of 'two', root /; "
                   "that removed READ)",
                   grandkid->pid);
    cr_assert_str_eq(c.why.text[0], want);
    (void)snprintf(want, sizeof(want),
                   "made by process %d as a subfs of 'one', root /; that removed n", kid->pid);
    cr_assert_not_null(strstr(c.why.text[1], want));
    (void)snprintf(want, sizeof(want),
                   "made by process %d as a subfs of 'root', root /; that removed W", w.p->pid);
    cr_assert_not_null(strstr(c.why.text[2], want));
    cr_assert_str_eq(c.why.text[3], "view 'root' above it has READ,WRITE");
    call_done(&c);
    (void)BEGIN(&c, last, OPEN, open, S("renamed:/f"), FM_WRITE);
    cr_assert_eq(c.status, -EACCES);
    cr_assert_eq(c.why.count, 4,
                 "a view that was bound is named as the caller and its maker call it");
    cr_assert_str_eq(c.why.text[0], "the caller's name 'renamed' is view 'two'");
    cr_assert_not_null(strstr(c.why.text[1], "view 'two' lacks WRITE"));
    call_done(&c);
    cr_assert_eq(w_kill(w.p, kid->pid, &status), 0);
}
