/* SPDX-License-Identifier: MIT */
/* hostfs over directories that mean harm: what others put into one, and what they do to it meanwhile. Each
 * call ends with one clear answer, nothing outside is reached, and no descriptor is left. */
#include "tests/contract/bed.h"
#include "tests/count_fds.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

enum { SWAPS = 20000, NOBODY = 65534, NULL_MAJOR = 1, NULL_MINOR = 3, PIECE = 100, LARGE = 200000 };

static struct bed *b;
static struct bed bed;
static int descriptors;

static void begin(void)
{
    b = &bed;
    descriptors = count_fds();
    bed_init(b, "hostfs");
    IS(bed_open(b, NULL), 0);
}

static void end(void)
{
    bed_close(b);
    IS(count_fds(), descriptors);
    bed_done(b);
}

/** A path of the host: in the source for "/name", beside it for "name". Good for four calls. */
static const char *at(const char *name)
{
    static char paths[4][BED_PATH_MAX * 2];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    (void)snprintf(path, BED_PATH_MAX * 2, "%s%s%s", *name == '/' ? b->db : b->dir,
                   *name == '/' ? "" : "/", name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");

    cr_assert(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static int try_open(const char *path, uint32_t flags)
{
    struct fs_file file = {.flags = flags};
    const int err = FS(open, path, &file);

    return err == 0 ? FS(close, NULL, &file) : err;
}

static int ignore_name(void *user, const char *name, const struct fs_stat *stat)
{
    (void)user;
    (void)name;
    (void)stat;
    return 0;
}

static int list(const char *path)
{
    return FS(readdir, path, ignore_name, NULL, NULL);
}

/** What a file begins with, read by its handle, or by its path. */
static const char *text_of(const char *path, struct fs_file *file)
{
    static char text[PIECE];

    memset(text, 1, sizeof(text));
    cr_assert(bed_read(b, path, text, sizeof(text) - 1, 0, file) >= 0);
    text[sizeof(text) - 1] = '\0';
    return text;
}

/* ---- What is there ---- */

Test(hostfs_hostile, links_lead_nowhere)
{
    char target[PIECE] = "";

    begin();
    IS(symlink("loop", at("/loop")), 0);
    IS(symlink("two", at("/one")), 0);
    IS(symlink("one", at("/two")), 0);
    IS(symlink("/etc", at("/out")), 0);
    IS(symlink("../..", at("/up")), 0);
    for (const char *const *path = (const char *const[]){"/loop", "/one", "/out", "/up", NULL};
         *path != NULL; path++) {
        char below[PIECE];

        (void)snprintf(below, sizeof(below), "%s/passwd", *path);
        IS(stat_of(b, *path).mode & S_IFMT, S_IFLNK);
        IS(stat_error(b, below), -ELOOP);
        IS(try_open(*path, FS_O_RDWR), -ELOOP);
        IS(try_open(below, FS_O_RDONLY), -ELOOP);
        IS(list(*path), -ENOTDIR);
        IS(FS(mknod, below, S_IFREG | 0644), -ELOOP);
        IS(FS(truncate, *path, 0, NULL), -EINVAL);
        IS(FS(chmod, *path, 0777, NULL), -EINVAL);
    }
    IS(FS(readlink, "/out", target, sizeof(target)), 0);
    cr_assert_str_eq(target, "/etc");
    end();
}

/** A file that must never be opened. */
static void check_special(const char *path, uint32_t type)
{
    char below[PIECE];
    char byte;

    (void)snprintf(below, sizeof(below), "%s/x", path);
    IS(stat_of(b, path).mode & S_IFMT, type);
    IS(try_open(path, FS_O_RDONLY), -ENXIO);
    IS(try_open(path, FS_O_WRONLY), -ENXIO);
    IS(try_open(path, FS_O_RDWR | FS_O_NONBLOCK), -ENXIO);
    IS(bed_read(b, path, &byte, 1, 0, NULL), -EINVAL);
    IS(bed_write(b, path, "x", 1, 0, NULL), -EINVAL);
    IS(FS(truncate, path, 0, NULL), -EINVAL);
    IS(FS(fsync, path, false, NULL), -EINVAL);
    IS(list(path), -ENOTDIR);
    IS(stat_error(b, below), -ENOTDIR);
    IS(FS(chmod, path, 0600, NULL), 0);
    IS(FS(rename, path, "/moved", FS_RENAME_REPLACE), 0);
    IS(FS(unlink, "/moved"), 0);
}

Test(hostfs_hostile, a_fifo_a_socket_and_a_device_are_never_opened)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const dev_t null = makedev(NULL_MAJOR, NULL_MINOR);
    int s;

    begin();
    s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", at("/socket"));
    IS(bind(s, (const struct sockaddr *)&address, sizeof(address)), 0);
    IS(mkfifo(at("/fifo"), 0666), 0);
    check_special("/fifo", S_IFIFO);
    check_special("/socket", S_IFSOCK);
    if (mknod(at("/device"), S_IFCHR | 0666, null) == 0) {
        IS(stat_of(b, "/device").rdev, null);
        check_special("/device", S_IFCHR);
    }
    (void)close(s);
    end();
}

Test(hostfs_hostile, names_are_bytes)
{
    static const char *const names[] = {"/\xff\xfe", "/\n", "/\\x41", "/...", "/ ", "/\xc0\xaf"};
    char longest[FS_NAME_MAX + 2];

    begin();
    memset(longest, 'n', FS_NAME_MAX + 1);
    longest[0] = '/';
    longest[FS_NAME_MAX + 1] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        put(names[i], names[i]);
        cr_assert_str_eq(text_of(names[i], NULL), names[i]);
        IS(FS(unlink, names[i]), 0);
    }
    put(longest, "long");
    cr_assert_str_eq(text_of(longest, NULL), "long");
    cr_assert_str_eq(names_of(b, "/") + 1, longest + 1);
    IS(FS(rename, longest, "/\xff", FS_RENAME_REPLACE), 0);
    IS(FS(rename, "/\xff", longest, FS_RENAME_REPLACE), 0);
    IS(access(at(longest), F_OK), 0);
    end();
}

/** Mount a filesystem beneath the source, where only this test sees it. Returns whether it could. */
static bool mount_beneath(const char *name)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", at(name), "tmpfs", 0, NULL) == 0;
}

Test(hostfs_hostile, a_mount_point_is_not_entered)
{
    begin();
    bed_close(b);
    IS(mkdir(at("/m"), 0755), 0);
    put("/f", "f");
    if (!mount_beneath("/m")) {
        end();
        cr_skip_test("no mount point can be made here: %s", strerror(errno));
    }
    IS(bed_open(b, NULL), 0);
    put("/m/x", "other");
    IS(stat_error(b, "/m"), -EACCES);
    IS(stat_error(b, "/m/x"), -EACCES);
    IS(try_open("/m/x", FS_O_RDONLY), -EACCES);
    IS(list("/m"), -EACCES);
    IS(FS(mknod, "/m/y", S_IFREG | 0644), -EACCES);
    IS(FS(unlink, "/m/x"), -EACCES);
    IS(FS(link, "/f", "/m/y"), -EACCES);
    IS(FS(rename, "/m/x", "/y", FS_RENAME_REPLACE), -EACCES);
    IS(FS(rename, "/m", "/n", FS_RENAME_REPLACE), -EBUSY);
    IS(FS(rmdir, "/m"), -EBUSY);
    cr_assert_str_eq(names_of(b, "/"), " f m");
    IS(umount2(at("/m"), MNT_DETACH), 0);
    IS(FS(rmdir, "/m"), 0);
    end();
}

Test(hostfs_hostile, what_the_daemon_may_not_is_refused)
{
    const bool root = geteuid() == 0;
    char byte;

    begin();
    bed_close(b);
    IS(mkdir(at("/private"), 0700), 0);
    put("/private/f", "x");
    put("/f", "x");
    IS(chmod(at("/f"), 0), 0);
    if (root) {
        IS(chmod(b->dir, 0755), 0);
        IS(chown(b->db, NOBODY, NOBODY), 0);
        IS(setresuid(NOBODY, NOBODY, 0), 0);
    } else {
        IS(chmod(at("/private"), 0), 0);
    }
    IS(bed_open(b, NULL), 0);
    IS(list("/private"), -EACCES);
    IS(stat_error(b, "/private/f"), -EACCES);
    IS(FS(mkdir, "/private/d", 0755), -EACCES);
    IS(FS(unlink, "/private/f"), -EACCES);
    IS(FS(rename, "/private/f", "/g", FS_RENAME_REPLACE), -EACCES);
    IS(FS(link, "/private/f", "/g"), -EACCES);
    IS(bed_read(b, "/f", &byte, 1, 0, NULL), -EACCES);
    IS(try_open("/f", FS_O_RDWR), -EACCES);
    IS(FS(truncate, "/f", 0, NULL), -EACCES);
    IS(FS(chown, "/f", 0, 0, NULL), -EACCES);
    bed_close(b);
    IS(chmod(b->db, 0), 0);
    IS(bed_open(b, NULL), -EROFS);
    cr_assert(bed_why(b, "can't be written"));
    IS(chmod(b->db, 0755), 0);
    if (root)
        IS(setresuid(0, 0, 0), 0);
    IS(chmod(at("/private"), 0700), 0);
    end();
}

/* ---- What happens meanwhile ---- */

Test(hostfs_hostile, an_open_file_is_truncated_replaced_and_removed)
{
    struct fs_file file;

    begin();
    put("/f", "old");
    put("/g", "new");
    open_file(b, "/f", FS_O_RDWR, &file);
    IS(truncate(at("/f"), 1), 0);
    cr_assert_str_eq(text_of(NULL, &file), "o");
    IS(bed_write(b, NULL, "ld", 2, 1, &file), 2);
    IS(rename(at("/g"), at("/f")), 0);
    cr_assert_str_eq(text_of(NULL, &file), "old");
    cr_assert_str_eq(text_of("/f", NULL), "new");
    IS(unlink(at("/f")), 0);
    IS(try_open("/f", FS_O_RDONLY), -ENOENT);
    cr_assert_str_eq(text_of(NULL, &file), "old");
    IS(FS(truncate, NULL, 2, &file), 0);
    IS(mkdir(at("/f"), 0755), 0);
    IS(try_open("/f", FS_O_RDONLY), -EISDIR);
    cr_assert_str_eq(text_of(NULL, &file), "ol");
    IS(rmdir(at("/f")), 0);
    IS(symlink("/etc/passwd", at("/f")), 0);
    IS(try_open("/f", FS_O_RDONLY), -ELOOP);
    IS(FS(chmod, NULL, 0600, &file), 0);
    cr_assert_str_eq(text_of(NULL, &file), "ol");
    IS(FS(close, NULL, &file), 0);
    end();
}

Test(hostfs_hostile, an_open_directory_is_removed)
{
    struct fs_file dir = {.flags = FS_O_RDONLY};
    struct fs_stat st;

    begin();
    IS(mkdir(at("/d"), 0755), 0);
    put("/d/f", "f");
    IS(FS(opendir, "/d", &dir), 0);
    IS(unlink(at("/d/f")), 0);
    IS(rmdir(at("/d")), 0);
    put("/d", "a file");
    IS(FS(readdir, NULL, ignore_name, NULL, &dir), 0);
    IS(FS(getattr, NULL, &st, &dir), 0);
    IS(st.mode & S_IFMT, S_IFDIR);
    IS(list("/d"), -ENOTDIR);
    IS(stat_error(b, "/d/f"), -ENOTDIR);
    IS(FS(closedir, NULL, &dir), 0);
    end();
}

Test(hostfs_hostile, the_source_is_removed)
{
    struct fs_statfs st;

    begin();
    put("/f", "f");
    IS(unlink(at("/f")), 0);
    IS(rmdir(b->db), 0);
    IS(stat_of(b, "/").mode & S_IFMT, S_IFDIR);
    IS(stat_error(b, "/f"), -ENOENT);
    IS(list("/"), 0);
    IS(FS(mknod, "/f", S_IFREG | 0644), -ENOENT);
    IS(FS(mkdir, "/d", 0755), -ENOENT);
    IS(FS(statfs, &st), 0);
    IS(FS0(sync), 0);
    bed_close(b);
    IS(bed_open(b, NULL), -ENOENT);
    cr_assert(b->why.count == 1);
    end();
}

Test(hostfs_hostile, the_source_is_replaced)
{
    begin();
    put("/f", "first");
    IS(rename(b->db, at("moved")), 0);
    IS(mkdir(b->db, 0755), 0);
    put("/f", "second");
    cr_assert_str_eq(text_of("/f", NULL), "first");
    IS(FS(unlink, "/f"), 0);
    IS(access(at("/f"), F_OK), 0);
    IS(unlink(at("/f")), 0);
    IS(rmdir(b->db), 0);
    IS(symlink("/etc", b->db), 0);
    IS(stat_error(b, "/passwd"), -ENOENT);
    end();
}

/** Exchanges two names of the source, SWAPS times. */
struct swapper {
    pthread_t thread;
    atomic_bool done;
    char one[BED_PATH_MAX * 2];
    char two[BED_PATH_MAX * 2];
};

static void *swap(void *user)
{
    struct swapper *s = user;

    for (int i = 0; i < SWAPS; i++)
        (void)renameat2(AT_FDCWD, s->one, AT_FDCWD, s->two, RENAME_EXCHANGE);
    atomic_store(&s->done, true);
    return NULL;
}

static void swap_begin(struct swapper *s, const char *one, const char *two)
{
    atomic_init(&s->done, false);
    (void)snprintf(s->one, sizeof(s->one), "%s", at(one));
    (void)snprintf(s->two, sizeof(s->two), "%s", at(two));
    IS(pthread_create(&s->thread, NULL, swap, s), 0);
}

/** What is outside of the source, and must stay as it is. */
static void make_canary(struct stat *out)
{
    IS(mkdir(at("outside"), 0700), 0);
    IS(chown(at("outside"), geteuid(), getegid()), 0);
    put("outside/canary", "");
    put("outside/f", "canary");
    IS(chmod(at("outside/f"), 0640), 0);
    IS(lstat(at("outside/f"), out), 0);
}

static void check_canary(const struct stat *before)
{
    char text[PIECE] = "";
    struct stat now;
    FILE *f = fopen(at("outside/f"), "r");

    cr_assert(f != NULL && fgets(text, sizeof(text), f) != NULL && fclose(f) == 0);
    cr_assert_str_eq(text, "canary");
    IS(lstat(at("outside/f"), &now), 0);
    IS(now.st_mode, before->st_mode);
    IS(now.st_uid, before->st_uid);
    IS(now.st_nlink, 1);
    IS(now.st_mtim.tv_nsec, before->st_mtim.tv_nsec);
    IS(unlink(at("outside/f")), 0);
    IS(unlink(at("outside/canary")), 0);
    IS(lstat(at("outside"), &now), 0);
    IS(now.st_mode & 07777, 0700);
    IS(now.st_uid, geteuid());
    IS(rmdir(at("outside")), 0); /* nothing was made in it */
}

/** Of fs_readdir_fn: no name of the directory outside is seen. */
static int take_inside(void *user, const char *name, const struct fs_stat *stat)
{
    (void)user;
    (void)stat;
    cr_assert_str_neq(name, "canary");
    return 0;
}

/** Every answer of a walk through a name that is a directory or a link. */
static void walked(int64_t answer)
{
    cr_assert(answer >= 0 || answer == -ELOOP || answer == -ENOTDIR || answer == -EEXIST ||
                  answer == -ENOENT || answer == FS_WOULD_WAIT || answer == -EISDIR,
              "%lld", (long long)answer);
}

static void walk_through(int round)
{
    char text[PIECE] = "";
    int64_t got;

    b->who.nowait = round % 2 == 1;
    got = bed_read(b, "/d/f", text, sizeof(text) - 1, 0, NULL);
    cr_assert(got < 0 || strcmp(text, "inside") == 0, "%s", text);
    b->who.nowait = false;
    walked(FS(readdir, "/d", take_inside, NULL, NULL));
    walked(FS(mknod, "/d/g", S_IFREG | 0644));
    walked(FS(link, "/d/f", "/d/h"));
    walked(FS(rename, "/d/g", "/d/h", FS_RENAME_REPLACE));
    walked(FS(chmod, "/d/f", 0600 + (uint32_t)round % 8, NULL));
    walked(FS(utimens, "/d/f", 1, 2, NULL));
    walked(FS(unlink, "/d/h"));
    walked(FS(mkdir, "/d/sub", 0755));
    walked(FS(rmdir, "/d/sub"));
}

Test(hostfs_hostile, a_directory_that_becomes_a_link_is_not_left)
{
    struct swapper s;
    struct stat canary;

    begin();
    make_canary(&canary);
    IS(mkdir(at("/d"), 0755), 0);
    put("/d/f", "inside");
    IS(symlink("../outside", at("/l")), 0);
    swap_begin(&s, "/d", "/l");
    for (int round = 0; !atomic_load(&s.done); round++)
        walk_through(round);
    IS(pthread_join(s.thread, NULL), 0);
    check_canary(&canary);
    end();
}

Test(hostfs_hostile, what_was_just_made_becomes_a_link)
{
    struct swapper s;
    struct stat canary;

    begin();
    b->who.uid = NOBODY;
    b->who.gid = NOBODY;
    make_canary(&canary);
    IS(symlink("../outside", at("/l")), 0);
    swap_begin(&s, "/new", "/l");
    while (!atomic_load(&s.done)) {
        walked(FS(mkdir, "/new", 0755));
        (void)FS(rmdir, "/new");
    }
    IS(pthread_join(s.thread, NULL), 0);
    check_canary(&canary);
    end();
}

/** Makes a file short and long, until told to stop. */
static void *resize(void *user)
{
    struct swapper *s = user;

    for (int i = 0; i < SWAPS; i++)
        (void)truncate(s->one, i % 2 == 0 ? 0 : LARGE);
    atomic_store(&s->done, true);
    return NULL;
}

Test(hostfs_hostile, a_file_is_truncated_while_it_is_read)
{
    static char bytes[LARGE];
    struct swapper s;
    struct fs_file file;

    begin();
    put("/f", "x");
    open_file(b, "/f", FS_O_RDONLY, &file);
    atomic_init(&s.done, false);
    (void)snprintf(s.one, sizeof(s.one), "%s", at("/f"));
    IS(pthread_create(&s.thread, NULL, resize, &s), 0);
    for (int round = 0; !atomic_load(&s.done); round++) {
        int64_t got;

        b->who.nowait = round % 2 == 1;
        got = bed_read(b, NULL, bytes, sizeof(bytes), 0, &file);
        cr_assert((got >= 0 && got <= LARGE) || (b->who.nowait && got == FS_WOULD_WAIT));
    }
    b->who.nowait = false;
    IS(pthread_join(s.thread, NULL), 0);
    IS(FS(close, NULL, &file), 0);
    end();
}
