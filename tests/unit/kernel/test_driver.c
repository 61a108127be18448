/* SPDX-License-Identifier: MIT */
/* On whose behalf the slots of a driver are called. */
#include "fsdrivers/fs_ops.h"
#include "server/kernel/door/driver.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>

enum { RWC = FM_READ | FM_WRITE | FM_CREATE, UID = 1000, GID = 2000 };

static struct world w;
static struct fs_ops watched_ops;
static const struct fs_ops *sound_ops;
static struct fs_caller last; /* whom the last slot was called for */
static struct fs_caller closer;
static int committed;

/* WATCH(SLOT, parameters, arguments): a slot that notes its caller. */
#define WATCH(type, slot, params, ...)                                                             \
    static type watch_##slot params                                                                \
    {                                                                                              \
        last = *who;                                                                               \
        return sound_ops->slot(fs, who, __VA_ARGS__);                                              \
    }
#define WHO struct fs *fs, const struct fs_caller *who

WATCH(int, getattr, (WHO, const char *path, struct fs_stat *out, struct fs_file *file), path, out,
      file)
WATCH(int, mknod, (WHO, const char *path, uint32_t mode), path, mode)
WATCH(int, mkdir, (WHO, const char *path, uint32_t mode), path, mode)
WATCH(int, unlink, (WHO, const char *path), path)
WATCH(int, rename, (WHO, const char *from, const char *to, enum fs_rename_type type), from, to,
      type)
WATCH(int64_t, read, (WHO, const char *path, struct fs_buf buf, int64_t off, struct fs_file *file),
      path, buf, off, file)
WATCH(int64_t, write,
      (WHO, const char *path, struct fs_bytes bytes, int64_t off, struct fs_file *file), path,
      bytes, off, file)
WATCH(int, readdir,
      (WHO, const char *path, fs_readdir_fn callback, void *user, struct fs_file *file), path,
      callback, user, file)

static int watch_close(WHO, const char *path, struct fs_file *file)
{
    closer = *who;
    return sound_ops->close(fs, who, path, file);
}

static int watch_commit(WHO)
{
    cr_assert_eq(who->pid, 0);
    committed++;
    fs->pending = false;
    return sound_ops->commit(fs, who);
}

static int64_t gather_write(WHO, const char *path, struct fs_bytes bytes, int64_t off,
                            struct fs_file *file)
{
    int64_t count = watch_write(fs, who, path, bytes, off, file);

    fs->pending = true;
    return count;
}

static void setup(void)
{
    struct mount *m;

    world_open(&w, CLOCK_REAL);
    m = container_of(w.m->mounts.next, struct mount, link);
    sound_ops = m->fs->ops;
    watched_ops = *sound_ops;
    watched_ops.getattr = watch_getattr;
    watched_ops.mknod = watch_mknod;
    watched_ops.mkdir = watch_mkdir;
    watched_ops.unlink = watch_unlink;
    watched_ops.rename = watch_rename;
    watched_ops.read = watch_read;
    watched_ops.write = watch_write;
    watched_ops.readdir = watch_readdir;
    watched_ops.close = watch_close;
    watched_ops.commit = watch_commit;
    m->fs->ops = &watched_ops;
}

static void teardown(void)
{
    world_close(&w);
}

TestSuite(driver, .init = setup, .fini = teardown);

/** The last slot was called for @p, and another one will have to be. */
static void expect_for(const struct proc *p, const char *what)
{
    cr_expect_eq(last.pid, p->pid, "%s: for process %d", what, (int)last.pid);
    cr_expect_eq(last.uid, p->uid, "%s: for user %u", what, last.uid);
    cr_expect_eq(last.gid, p->gid, "%s: for group %u", what, last.gid);
    last = (struct fs_caller){.pid = -1};
}

/** A child that has root: and another user. */
static struct proc *other_user(void)
{
    int pid = w_new_proc(w.p);
    struct proc *p;

    cr_assert_eq(w_bind_fs(w.p, pid, "root", "root"), 0);
    p = proc_find(w.m, pid);
    p->uid = UID;
    p->gid = GID;
    return p;
}

Test(driver, slots_are_called_for_the_process_that_asks)
{
    struct proc *p = other_user();
    struct sc_dirent entry;
    struct sc_stat st;
    struct sc_proc_status end;
    struct call c;
    char buf[8];
    int fd;

    cr_assert_eq(w_create(w.p, "root:/d", FT_DIR), 0);
    expect_for(w.p, "CREATE of another");
    cr_assert_eq(BEGIN(&c, w.p, CHMOD, chmod, .file = S("root:/d"), .mode = 0777), 0);
    call_done(&c);
    fd = w_open(p, "root:/d/f", RWC);
    expect_for(p, "OPEN with CREATE");
    cr_assert_eq(w_write(p, fd, 0, "text"), 4);
    expect_for(p, "WRITE");
    cr_assert_eq(w_read(p, fd, 0, buf, sizeof(buf)), 4);
    expect_for(p, "READ");
    cr_assert_eq(w_stat(p, "root:/d/f", &st), 0);
    expect_for(p, "STAT");
    cr_assert_eq(w_stat(w.p, "root:/d/f", &st), 0);
    expect_for(w.p, "STAT by another");
    cr_assert_eq(w_close(p, fd), 0);
    fd = w_open(p, "root:/d", FM_READDIR);
    cr_assert_eq(BEGIN(&c, p, READDIR, readdir, fd, 0), 0);
    entry = c.out.readdir.entry;
    call_done(&c);
    cr_assert_str_eq(entry.name.bytes, "f");
    expect_for(p, "READDIR");
    cr_assert_eq(w_close(p, fd), 0);
    cr_assert_eq(w_move(p, "root:/d/f", "root:/d/g"), 0);
    expect_for(p, "MOVE");
    cr_assert_eq(w_delete(p, "root:/d/g"), 0);
    expect_for(p, "DELETE");
    cr_assert_eq(w_delete(w.p, "root:/d"), 0);
    cr_assert_eq(w_kill(w.p, p->pid, &end), 0);
}

Test(driver, what_is_made_belongs_to_the_process_that_asks)
{
    struct proc *p = other_user();
    struct mount *m = ns_find(&p->ns, S("root"))->mount;
    struct fs_stat st;
    struct sc_proc_status end;
    struct call c;

    cr_assert_eq(BEGIN(&c, w.p, CHMOD, chmod, .file = S("root:"), .mode = 0777), 0);
    call_done(&c);
    cr_assert_eq(w_create(p, "root:/mine", FT_DIR), 0);
    cr_assert_eq(driver_getattr(m, &vfs_nobody, "/mine", &st, NULL), 0);
    cr_assert_eq(st.uid, UID);
    cr_assert_eq(st.gid, GID);
    cr_assert_eq(w_delete(p, "root:/mine"), 0);
    cr_assert_eq(w_kill(w.p, p->pid, &end), 0);
}

Test(driver, closing_and_committing_are_for_nobody)
{
    int fd = w_open(w.p, "root:/f", RWC);

    watched_ops.write = gather_write;
    cr_assert_eq(w_write(w.p, fd, 0, "x"), 1);
    w.now_ns += (uint64_t)FS_COMMIT_MS * 1000000;
    world_run(&w);
    cr_assert_eq(committed, 1);
    closer = (struct fs_caller){.pid = -1};
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(closer.pid, 0);
    cr_assert_eq(w_delete(w.p, "root:/f"), 0);
}
