/* SPDX-License-Identifier: MIT */
/*
 * Calls of slots: an input is a sequence of them, on few names, with handles, wild places and sizes. ramfs and
 * a second driver do the same calls; their answers and their trees must be equal.
 *
 * The first byte has the second driver and the options, each call is four bytes: what to do, a path, another
 * path or a handle, a number. The calls keep to what the core promises to drivers (fsdriver.h). Where the
 * answers differ, the calls are printed, before the program ends.
 */
#include "fsdrivers/fs_ops.h"
#include "fsdrivers/fslimits.h"
#include "fsdrivers/registry.h"
#include "server/base/check.h"
#include "server/base/strbuf.h"
#include "tests/contract/digest.h"
#include "tests/count_fds.h"
#include "tests/fuzz/fs_env.h"

#include <errno.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    HANDLES = 8,
    CALLS_MAX = 400,
    CALL_SIZE = 4,
    DIR_SIZE = 64,
    PATH_SIZE = 600,
    PIECE_MAX = 70000,
    FTW_DESCRIPTORS = 16,
};

/** An instance, and what is open in it. */
struct twin {
    struct fs *fs;
    struct fs_file files[HANDLES];
};

/** What is open in both. */
enum handle { CLOSED, IS_FILE, IS_DIR };

static struct fs_caller who = {.pid = 1};
static struct twin twins[2];
static enum handle handles[HANDLES];
static char dir[DIR_SIZE];
static struct strbuf said; /* the calls of this input, for people */

/* ---- A call ---- */

/** What a call is about. */
struct call {
    uint8_t what;
    const char *path;
    const char *other;
    size_t handle;
    uint8_t number;
    bool by_handle; /* of a slot that takes either */
};

static const char *path_of(uint8_t byte)
{
    static char long_name[FS_NAME_MAX + 2];
    static const char *const paths[] = {"/a",   "/b",   "/a", "/b", "/a/a",   "/a/b",
                                        "/b/a", "/b/b", "/",  "/c", "/a/a/a", "/a/b/c\xff"};
    const size_t count = sizeof(paths) / sizeof(paths[0]);

    memset(long_name, 'n', FS_NAME_MAX + 1);
    long_name[0] = '/';
    return byte % (count + 1) == count ? long_name : paths[byte % (count + 1)];
}

static int64_t place_of(uint8_t byte)
{
    static const int64_t places[] = {0,
                                     1,
                                     100,
                                     4095,
                                     4096,
                                     65535,
                                     65536,
                                     70000,
                                     1 << 20,
                                     (int64_t)1 << 32,
                                     (int64_t)FS_FILE_SIZE_MAX - 1,
                                     (int64_t)FS_FILE_SIZE_MAX,
                                     (int64_t)FS_FILE_SIZE_MAX + 1,
                                     INT64_MAX - PIECE_MAX};

    return places[byte % (sizeof(places) / sizeof(places[0]))];
}

static size_t length_of(uint8_t byte)
{
    static const size_t lengths[] = {0, 1, 3, 100, 4096, 5000, 65536, PIECE_MAX};

    return lengths[byte / 16 % (sizeof(lengths) / sizeof(lengths[0]))];
}

/** The file of a slot that takes a path or a file, and the path. */
static struct fs_file *file_of(struct twin *t, const struct call *c, const char **path)
{
    *path = c->by_handle ? NULL : c->path;
    return c->by_handle ? &t->files[c->handle] : NULL;
}

#define DO(slot, ...) t->fs->ops->slot(t->fs, &who, __VA_ARGS__)

/* ---- Content ---- */

static int64_t do_read(struct twin *t, const struct call *c)
{
    static char bytes[PIECE_MAX];
    const size_t len = length_of(c->number);
    const char *path;
    struct fs_file *file = file_of(t, c, &path);
    int64_t got;

    if (file != NULL && (file->flags & FS_O_RDONLY) == 0)
        return 0; /* the core refuses it */
    memset(bytes, 1, len);
    got = DO(read, path, (struct fs_buf){bytes, len}, place_of(c->number), file);
    CHECK(got <= (int64_t)len);
    for (size_t i = got > 0 ? (size_t)got : 0; i < len; i++)
        CHECK(bytes[i] == 0);
    return got > 0 ? digest_sum(bytes, (size_t)got) : got;
}

static int64_t do_write(struct twin *t, const struct call *c)
{
    static char bytes[PIECE_MAX];
    const size_t len = length_of(c->number);
    const char *path;
    struct fs_file *file = file_of(t, c, &path);

    if (file != NULL && (file->flags & FS_O_WRONLY) == 0)
        return 0; /* the core refuses it */
    memset(bytes, c->number % 3 * 'x', len);
    return DO(write, path, (struct fs_bytes){bytes, len}, place_of(c->number), file);
}

static int64_t do_truncate(struct twin *t, const struct call *c)
{
    const char *path;
    struct fs_file *file = file_of(t, c, &path);

    return DO(truncate, path, (uint64_t)place_of(c->number), file);
}

/** fsync() of a regular file, fsyncdir() of a directory: the core asks nothing else. */
static int64_t do_fsync(struct twin *t, const struct call *c)
{
    const char *path;
    struct fs_file *file = file_of(t, c, &path);
    struct fs_stat st;
    const int err = DO(getattr, path, &st, file);

    if (err < 0 || S_ISLNK(st.mode))
        return err;
    return S_ISDIR(st.mode) ? DO(fsyncdir, path, c->number % 2 == 0, file)
                            : DO(fsync, path, c->number % 2 == 0, file);
}

/* ---- Names ---- */

static int64_t do_make(struct twin *t, const struct call *c)
{
    static const uint32_t types[] = {0, S_IFREG, S_IFREG, S_IFREG, S_IFREG, S_IFREG, S_IFIFO};

    if (c->number % 3 == 0)
        return DO(mkdir, c->path, 0755);
    return DO(mknod, c->path, types[c->number % 7] | 0644);
}

static int64_t do_remove(struct twin *t, const struct call *c)
{
    return c->number % 2 == 0 ? DO(unlink, c->path) : DO(rmdir, c->path);
}

static int64_t do_rename(struct twin *t, const struct call *c)
{
    return DO(rename, c->path, c->other, (enum fs_rename_type)(c->number % 3));
}

static int64_t do_link(struct twin *t, const struct call *c)
{
    return c->number % 3 == 0 ? DO(symlink, c->other, c->path) : DO(link, c->other, c->path);
}

static int64_t do_readlink(struct twin *t, const struct call *c)
{
    char target[FS_PATH_MAX] = "";
    const size_t len = c->number % 2 == 0 ? sizeof(target) : c->number % 5;
    const int64_t result = DO(readlink, c->path, target, len);

    return result != 0 ? result : digest_sum(target, sizeof(target));
}

/** A listing that stops. */
struct listing {
    struct twin *twin;
    const char *path; /* of the directory; NULL it may have none */
    uint64_t sum;
    int left; /* entries until it stops; negative: never */
};

/** Of fs_readdir_fn. */
static int take_entry(void *user, const char *name, const struct fs_stat *stat)
{
    struct listing *l = user;
    struct twin *t = l->twin;
    char path[PATH_SIZE];
    struct fs_stat st;

    CHECK(*name != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    CHECK(strlen(name) <= FS_NAME_MAX && strchr(name, '/') == NULL);
    if (l->path != NULL) {
        (void)snprintf(path, sizeof(path), "%s/%s", l->path[1] != '\0' ? l->path : "", name);
        CHECK(DO(getattr, path, &st, NULL) == 0);
        CHECK(stat == NULL || (stat->ino == st.ino && stat->mode == st.mode));
    }
    l->sum += digest_bytes(DIGEST_START, name, strlen(name)); /* in any order */
    return l->left-- == 0 ? 1 : 0;
}

static int64_t do_readdir(struct twin *t, const struct call *c)
{
    const char *path;
    struct fs_file *file = file_of(t, c, &path);
    struct listing l = {.twin = t, .path = path, .left = (int)(c->number % 6) - 1};
    const int64_t result = DO(readdir, path, take_entry, &l, file);

    return result != 0 ? result : (int64_t)(l.sum >> 1) | 2;
}

/* ---- Attributes ---- */

static int64_t status_sum(const struct fs_stat *st)
{
    return (int64_t)(digest_stat(DIGEST_START, st) >> 1) | 1;
}

static int64_t do_getattr(struct twin *t, const struct call *c)
{
    const char *path;
    struct fs_file *file = file_of(t, c, &path);
    struct fs_stat st;
    const int err = DO(getattr, path, &st, file);

    return err < 0 ? err : status_sum(&st);
}

static int64_t do_change(struct twin *t, const struct call *c)
{
    const char *path;
    struct fs_file *file = file_of(t, c, &path);

    switch (c->number % 4) {
    case 0:
        return DO(chmod, path, c->number * 2u, file); /* below 01000 */
    case 1:
        return DO(chown, path, c->number, (uint32_t)-1, file);
    case 2:
        return DO(chown, path, (uint32_t)-1, c->number, file);
    default:
        return DO(utimens, path, INT64_MIN, -(int64_t)c->number, file);
    }
}

/** What only answers whether the file is there. */
static int64_t do_ask(struct twin *t, const struct call *c)
{
    const char *path;
    struct fs_file *file = file_of(t, c, &path);

    if (c->number % 2 == 0)
        return DO(ioctl, path, c->number, (struct fs_buf){NULL, 0}, file);
    return DO(poll, path, c->number % 4 == 1, file);
}

static int64_t do_whole(struct twin *t, const struct call *c)
{
    struct fs_statfs st;
    int err;

    switch (c->number % 4) {
    case 0:
        return t->fs->ops->commit(t->fs, &who);
    case 1:
        return t->fs->ops->sync(t->fs, &who);
    case 2:
        t->fs->ops->tidy(t->fs, &who);
        return 0;
    default:
        err = DO(statfs, &st);
        return err < 0 || twins[1].fs->driver->uncounted
                   ? err
                   : (int64_t)(st.bytes_used + 1000 * st.inodes_used);
    }
}

/* ---- Handles ---- */

static int64_t do_open(struct twin *t, const struct call *c)
{
    static const uint32_t flags[] = {FS_O_RDONLY,
                                     FS_O_WRONLY,
                                     FS_O_RDWR,
                                     FS_O_RDWR | FS_O_APPEND,
                                     FS_O_RDWR | FS_O_SYNC,
                                     FS_O_WRONLY | FS_O_APPEND | FS_O_DSYNC,
                                     FS_O_RDONLY | FS_O_DIRECTORY};
    struct fs_file *file = &t->files[c->handle];

    *file = (struct fs_file){.flags = flags[c->number % 7]};
    if (c->number % 4 == 3) {
        file->flags = FS_O_RDONLY;
        return DO(opendir, c->path, file);
    }
    return DO(open, c->path, file);
}

static int64_t do_close(struct twin *t, const struct call *c)
{
    return handles[c->handle] == IS_DIR ? DO(closedir, NULL, &t->files[c->handle])
                                        : DO(close, NULL, &t->files[c->handle]);
}

/** Find a file by its number and open it; where a driver can't, by its path. */
static int64_t do_lookup(struct twin *t, const struct call *c)
{
    struct fs_file *file = &t->files[c->handle];
    struct fs_stat st;
    struct fs_stat found;
    int err = DO(getattr, c->path, &st, NULL);

    if (err < 0)
        return err;
    *file = (struct fs_file){.flags = S_ISDIR(st.mode) ? FS_O_RDONLY : FS_O_RDWR};
    if ((t->fs->caps & FS_CAP_EXPORT) == 0)
        return S_ISDIR(st.mode) ? DO(opendir, c->path, file) : DO(open, c->path, file);
    err = DO(lookup, st.ino, &found, file);
    CHECK(err < 0 || status_sum(&found) == status_sum(&st));
    return err;
}

/* ---- Both ---- */

static const struct {
    const char *name;
    int64_t (*act)(struct twin *t, const struct call *c);
    bool either; /* by path or by handle */
} slots[] = {
    {"open", do_open, false},
    {"open", do_open, false},
    {"close", do_close, false},
    {"make", do_make, false},
    {"make", do_make, false},
    {"make", do_make, false},
    {"remove", do_remove, false},
    {"rename", do_rename, false},
    {"rename", do_rename, false},
    {"link", do_link, false},
    {"read", do_read, true},
    {"read", do_read, true},
    {"write", do_write, true},
    {"write", do_write, true},
    {"truncate", do_truncate, true},
    {"fsync", do_fsync, true},
    {"change", do_change, true},
    {"getattr", do_getattr, true},
    {"readlink", do_readlink, false},
    {"readdir", do_readdir, true},
    {"ask", do_ask, true},
    {"whole", do_whole, false},
    {"lookup", do_lookup, false},
};

enum { SLOT_COUNT = sizeof(slots) / sizeof(slots[0]) };

/** Whether a handle is there for a call, or room for one. */
static bool is_possible(const struct call *c)
{
    const bool opens = slots[c->what].act == do_open || slots[c->what].act == do_lookup;

    if (opens)
        return handles[c->handle] == CLOSED;
    if (slots[c->what].act == do_close)
        return handles[c->handle] != CLOSED;
    return true;
}

/** Keep what a call has opened or closed. */
static void keep_handle(const struct call *c, int64_t answer)
{
    struct fs_stat st;
    const struct twin *t = &twins[0];

    if (slots[c->what].act == do_close)
        handles[c->handle] = CLOSED;
    if (answer != 0 || (slots[c->what].act != do_open && slots[c->what].act != do_lookup))
        return;
    CHECK(DO(getattr, NULL, &st, &twins[0].files[c->handle]) == 0);
    handles[c->handle] = S_ISDIR(st.mode) ? IS_DIR : IS_FILE;
}

static void say(const struct call *c, const int64_t answers[2])
{
    (void)strbuf_addf(&said, "%s %s %.20s %.20s handle %zu number %u: %lld", slots[c->what].name,
                      c->by_handle ? "by handle" : "by path", c->path, c->other, c->handle,
                      c->number, (long long)answers[0]);
    (void)strbuf_addf(&said, answers[0] == answers[1] ? "\n" : ", but %s: %lld\n",
                      twins[1].fs->driver->name, (long long)answers[1]);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static int remove_dir(void)
{
    return nftw(dir, remove_one, FTW_DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

/** Fail unless both say the same. */
static void compare(uint64_t one, uint64_t two, const char *what)
{
    if (one == two)
        return;
    (void)fprintf(stderr, "%s%s of %s and %s differ\n", strbuf_str(&said), what,
                  twins[0].fs->driver->name, twins[1].fs->driver->name);
    (void)remove_dir();
    abort();
}

/** Do a call of one instance. @nowait: first so that it must not wait, if its slots may. */
static int64_t answer_of(struct twin *t, const struct call *c, bool nowait)
{
    int64_t answer = FS_WOULD_WAIT;

    who.nowait = nowait && (t->fs->caps & FS_CAP_BLOCKING) != 0;
    if (who.nowait)
        answer = slots[c->what].act(t, c);
    who.nowait = false;
    return answer == FS_WOULD_WAIT ? slots[c->what].act(t, c) : answer;
}

static void do_call(const uint8_t *bytes)
{
    struct call c = {.what = bytes[0] % SLOT_COUNT,
                     .path = path_of(bytes[1]),
                     .other = path_of(bytes[2]),
                     .handle = bytes[2] % HANDLES,
                     .number = bytes[3]};
    int64_t answers[2];

    c.by_handle = slots[c.what].either && bytes[0] >= 128 && handles[c.handle] != CLOSED;
    if (!is_possible(&c))
        return;
    for (size_t i = 0; i < 2; i++)
        answers[i] = answer_of(&twins[i], &c, bytes[2] >= 128);
    say(&c, answers);
    compare((uint64_t)answers[0], (uint64_t)answers[1], "the answers");
    keep_handle(&c, answers[0]);
}

/* ---- Instances ---- */

static void open_twin(struct twin *t, const char *driver, const char *source, const char *opts)
{
    struct why why = WHY_INIT;
    struct fs_open req = {.source = source, .opts = opts, .env = &fuzz_env, .why = &why};

    CHECK(registry_open(driver, &req, &t->fs) == 0);
    why_done(&why);
}

static void open_twins(uint8_t choice)
{
    static const char *const opts[] = {"", "quota_bytes=200K,quota_inodes=6"};
    static const char *const own[] = {"sync=none", "sync=none,chunk=16K", "write"};
    const bool hosted = choice % 3 == 2 && geteuid() == 0; /* only root may give files away */
    const char *more = hosted ? "" : opts[choice / 3 % 2];
    const bool shm = access("/dev/shm", W_OK) == 0; /* where nothing is written to a disk */
    char path[DIR_SIZE + 16];
    char all[DIR_SIZE + 64];

    (void)snprintf(dir, sizeof(dir), "%s/scbox-fuzz-XXXXXX", shm ? "/dev/shm" : "/tmp");
    CHECK(mkdtemp(dir) != NULL && chmod(dir, 0755) == 0); /* as the root of the others */
    (void)snprintf(path, sizeof(path), "%s/%s", dir, hosted ? "" : "f.db");
    (void)snprintf(all, sizeof(all), "%s%s%s", hosted ? own[2] : own[choice / 6 % 2],
                   *more != '\0' ? "," : "", more);
    open_twin(&twins[0], "ramfs", NULL, more);
    open_twin(&twins[1], hosted ? "hostfs" : "sqlitefs", path, all);
}

static void close_twins(void)
{
    for (size_t i = 0; i < HANDLES; i++) {
        const struct call c = {.handle = i};

        for (size_t n = 0; n < 2 && handles[i] != CLOSED; n++)
            CHECK(do_close(&twins[n], &c) == 0);
        handles[i] = CLOSED;
    }
    compare(digest_tree(twins[0].fs, &who), digest_tree(twins[1].fs, &who), "the trees");
    for (size_t n = 0; n < 2; n++)
        twins[n].fs->ops->destroy(twins[n].fs, NULL);
    CHECK(remove_dir() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int descriptors = count_fds();

    open_twins(size > 0 ? data[0] : 0);
    for (size_t i = 0; i < CALLS_MAX && 1 + (i + 1) * CALL_SIZE <= size; i++)
        do_call(data + 1 + i * CALL_SIZE);
    close_twins();
    fs_env_check();
    strbuf_done(&said);
    CHECK(sqlite3_memory_used() == 0);
    CHECK(count_fds() == descriptors);
    return 0;
}
