/* SPDX-License-Identifier: MIT */
/*
 * Spoilt files of sqlitefs: whatever is in one, opening and using it through the driver contract
 * ends soon, and answers errors of the contract.
 */
#include "fsdrivers/fs_ops.h"
#include "fsdrivers/registry.h"
#include "server/base/check.h"
#include "tests/fuzz/fs_env.h"
#include "tests/fuzz/spoil.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    PATH_SIZE = 256,
    BASE_MAX = 1024 * 1024,
    FILE_SIZE = 70000,
    DEPTH_MAX = 4,
    CALLS_MAX = 600,
    CALL_SECONDS_MAX = 2, /* of the processor: far more than any takes, with sanitizers too */
};

static char dir[PATH_SIZE];
static char file_path[PATH_SIZE + 16];
static char base[BASE_MAX];
static size_t base_size;
static char bytes[FILE_SIZE];
static unsigned long opened; /* files that could be used, and calls made on them */
static unsigned long made;

static const struct fs_caller who = {.pid = 1};

static int open_fs(const char *opts, struct fs **out)
{
    struct why why = WHY_INIT;
    struct fs_open req = {.source = file_path, .opts = opts, .env = &fuzz_env, .why = &why};
    int err = registry_open("sqlitefs", &req, out);

    CHECK(err == 0 || why.count > 0 || err == -ENOMEM);
    why_done(&why);
    return err;
}

/* ---- The sound file ---- */

static struct fs *fs;

static void make_file(const char *path, size_t len)
{
    CHECK(fs->ops->mknod(fs, &who, path, S_IFREG | 0644u) == 0);
    CHECK(len == 0 ||
          fs->ops->write(fs, &who, path, (struct fs_bytes){bytes, len}, 0, NULL) == (int64_t)len);
}

/** A file of everything that the format has, as bytes that inputs begin with. */
static void make_base(void)
{
    bool has_shm = access("/dev/shm", W_OK) == 0; /* where a sync takes no time */
    int fd;

    (void)snprintf(dir, sizeof(dir), "%s/scbox-fuzz-XXXXXX", has_shm ? "/dev/shm" : "/tmp");
    CHECK(mkdtemp(dir) != NULL);
    (void)snprintf(file_path, sizeof(file_path), "%s/f.db", dir);
    memset(bytes, 'x', sizeof(bytes));
    CHECK(open_fs(NULL, &fs) == 0);
    make_file("/f", FILE_SIZE);
    make_file("/small", 10);
    CHECK(fs->ops->mkdir(fs, &who, "/d", 0755) == 0);
    make_file("/d/x", 100);
    CHECK(fs->ops->mkdir(fs, &who, "/d/e", 0755) == 0);
    CHECK(fs->ops->symlink(fs, &who, "d/x", "/link") == 0);
    CHECK(fs->ops->link(fs, &who, "/small", "/d/e/other") == 0);
    make_file("/hole", 0);
    CHECK(fs->ops->truncate(fs, &who, "/hole", 1 << 20, NULL) == 0);
    fs->ops->destroy(fs, NULL);
    fd = open(file_path, O_RDONLY | O_CLOEXEC);
    base_size = (size_t)read(fd, base, sizeof(base));
    CHECK(base_size > 0 && base_size < sizeof(base));
    (void)close(fd);
}

static void remove_side(const char *suffix)
{
    char path[PATH_SIZE + 32];

    (void)snprintf(path, sizeof(path), "%s%s", file_path, suffix);
    (void)unlink(path);
}

static void remove_files(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", "-lock"};

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        remove_side(suffixes[i]);
}

static void finish(void)
{
    (void)printf("%lu files opened, %lu calls\n", opened, made);
    remove_files();
    (void)rmdir(dir);
}

static void put_base(void)
{
    int fd;

    if (base_size == 0) {
        make_base();
        (void)atexit(finish);
    }
    remove_files();
    fd = open(file_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, base, base_size) == (ssize_t)base_size);
    (void)close(fd);
}

/* ---- Using it ---- */

static int calls;
static struct timespec began;

static double seconds_since(const struct timespec *then)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

/** Every answer passes here: it is a count, or an errno of the contract, and came in time. */
static int64_t answer(int64_t result)
{
    static const int errors[] = {ENOENT,    EIO,    ENOTDIR,      EISDIR,  ELOOP,  EEXIST, EINVAL,
                                 ENOTEMPTY, EROFS,  ENOSPC,       EFBIG,   EMLINK, EPERM,  EBUSY,
                                 EDQUOT,    ESTALE, ENAMETOOLONG, ENODATA, ERANGE};
    bool known = result >= 0;

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        known = known || result == -errors[i];
    CHECK(known);
    CHECK(seconds_since(&began) < CALL_SECONDS_MAX);
    calls++;
    made++;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
    return result;
}

#define DO(slot, ...) answer(fs->ops->slot(fs, &who, __VA_ARGS__))

static void use_content(const char *path, struct fs_file *file)
{
    static const uint64_t sizes[] = {FILE_SIZE + 5, 65536, 65537, 100, 0, 3};
    static const int64_t offsets[] = {0, 5, 65530, FILE_SIZE - 1, 300000};
    static char buf[FILE_SIZE + 100];

    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        CHECK(DO(read, path, (struct fs_buf){buf, sizeof(buf)}, offsets[i], file) <=
              (int64_t)sizeof(buf));
        (void)DO(write, path, (struct fs_bytes){"hello", 5}, offsets[i], file);
    }
    (void)DO(write, path, (struct fs_bytes){bytes, sizeof(bytes)}, 30, file);
    (void)DO(fsync, path, false, file);
    (void)DO(fallocate, path, &(struct fs_space){100, 70000, FS_SPACE_ZERO_RANGE}, file);
    (void)DO(fallocate, path,
             &(struct fs_space){0, 1 << 20, FS_SPACE_PUNCH_HOLE | FS_SPACE_KEEP_SIZE}, file);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        (void)DO(truncate, path, sizes[i], file);
}

static int take_no_name(void *user, const char *name, const struct fs_stat *stat)
{
    (void)user;
    CHECK(*name != '\0' && (stat == NULL || stat->ino != 0));
    return 0;
}

static void use_path(const char *path)
{
    struct fs_file file = {.flags = FS_O_RDWR};
    struct fs_stat st = {.mode = 0};
    char target[FS_PATH_MAX];

    if (DO(getattr, path, &st, NULL) == 0)
        CHECK(st.ino != 0 && (S_ISREG(st.mode) || S_ISDIR(st.mode) || S_ISLNK(st.mode)));
    if (DO(lookup, st.ino, &st, &file) == 0) {
        (void)DO(readdir, NULL, take_no_name, NULL, &file);
        (void)answer(fs->ops->close(fs, &who, NULL, &file));
    }
    (void)DO(readlink, path, target, sizeof(target));
    (void)DO(listxattr, path, (struct fs_buf){target, sizeof(target)}, NULL);
    (void)DO(getxattr, path, "user.a", (struct fs_buf){target, sizeof(target)}, NULL);
    (void)DO(setxattr, path, &(struct fs_xattr){"user.b", {"value", 5}, 0}, NULL);
    (void)DO(removexattr, path, "user.a", NULL);
    if (DO(open, path, &file) == 0) {
        use_content(NULL, &file);
        (void)answer(fs->ops->close(fs, &who, NULL, &file));
    }
    (void)DO(chmod, path, 0600, NULL);
    (void)DO(chown, path, 5, 6, NULL);
    (void)DO(utimens, path, 1, 2, NULL);
}

/** Change names, with a handle open over it. */
static void move_path(const char *path)
{
    struct fs_file file = {.flags = FS_O_RDWR};
    bool is_open = DO(open, path, &file) == 0;

    (void)DO(link, path, "/linked");
    (void)DO(rename, path, "/moved", FS_RENAME_REPLACE);
    (void)DO(rename, "/moved", path, FS_RENAME_NOREPLACE);
    (void)DO(rename, path, "/d", FS_RENAME_EXCHANGE);
    (void)DO(unlink, path);
    (void)DO(rmdir, path);
    (void)DO(unlink, "/linked");
    if (is_open) {
        use_content(NULL, &file);
        (void)answer(fs->ops->close(fs, &who, NULL, &file));
    }
}

/** Entries of a directory, to be used when its listing is over. */
struct names {
    char at[32][FS_NAME_MAX + 1];
    size_t count;
};

static int take_name(void *user, const char *name, const struct fs_stat *stat)
{
    struct names *n = user;

    CHECK(*name != '\0' && strlen(name) <= FS_NAME_MAX && strchr(name, '/') == NULL);
    CHECK(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    CHECK(stat == NULL || stat->ino != 0);
    if (n->count < sizeof(n->at) / sizeof(n->at[0]))
        (void)strcpy(n->at[n->count++], name);
    return 0;
}

static void walk(const char *path, int depth)
{
    struct names *n = calloc(1, sizeof(*n));
    char below[FS_PATH_MAX];

    CHECK(n != NULL);
    (void)DO(readdir, path, take_name, n, NULL);
    for (size_t i = 0; i < n->count && calls < CALLS_MAX; i++) {
        (void)snprintf(below, sizeof(below), "%s/%s", depth == 0 ? "" : path, n->at[i]);
        use_path(below);
        if (depth < DEPTH_MAX)
            walk(below, depth + 1);
        move_path(below);
    }
    free(n);
}

static void use(void)
{
    struct fs_statfs st;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
    (void)answer(fs->ops->statfs(fs, &who, &st));
    CHECK(st.note[sizeof(st.note) - 1] == '\0');
    use_path("/f");
    use_path("/d/x");
    walk("/", 0);
    (void)DO(mknod, "/new", S_IFREG | 0644u);
    use_path("/new");
    (void)DO(mkdir, "/newdir", 0755);
    (void)DO(symlink, "target", "/newlink");
    (void)answer(fs->ops->sync(fs, &who));
    for (int i = 0; i < 3; i++)
        fs->ops->tidy(fs, &who);
    (void)answer(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const opts[] = {"cache=1M,mmap=0", "cache=2M", "readonly", "sync=always"};
    struct recipe r = {data, size};
    const char *opt = opts[recipe_byte(&r) % 4];

    put_base();
    spoil(file_path, &r);
    for (int again = 0; again < 2; again++) { /* what it did to the file must do no harm either */
        calls = 0;
        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
        if (answer(open_fs(opt, &fs)) < 0)
            break;
        opened++;
        use();
        fs->ops->destroy(fs, NULL);
        fs_env_check();
        (void)answer(0);
    }
    return 0;
}
