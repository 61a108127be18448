/* SPDX-License-Identifier: MIT */
/*
 * Spoilt archives: whatever is in one, archivefs refuses or shows it, its answers are those of the contract, and
 * the helper process survives: neither a bug of libarchive nor a system call that it may not make ends it.
 */
#include "fsdrivers/fs_ops.h"
#include "fsdrivers/registry.h"
#include "server/base/check.h"
#include "tests/fuzz/fs_env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH_MAX = 6, CALLS_MAX = 300, NAMES_MAX = 16 };

static char file_path[64];
static unsigned long opened; /* archives that could be used, and calls made on them */
static unsigned long made;
static int calls;

static const struct fs_caller who = {.pid = 1};
static struct fs *fs;

/* ---- Using it ---- */

static int64_t answer(int64_t result)
{
    static const int errors[] = {ENOENT, EIO, ENOTDIR, EISDIR, ELOOP, EINVAL, EACCES, ENXIO};
    bool known = result >= 0;

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        known = known || result == -errors[i];
    CHECK(known);
    calls++;
    made++;
    return result;
}

#define DO(slot, ...) answer(fs->ops->slot(fs, &who, __VA_ARGS__))

struct names {
    char at[NAMES_MAX][FS_NAME_MAX + 1];
    size_t count;
};

static int take_name(void *user, const char *name, const struct fs_stat *stat)
{
    struct names *n = user;

    CHECK(*name != '\0' && strlen(name) <= FS_NAME_MAX && strchr(name, '/') == NULL);
    CHECK(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    CHECK(stat != NULL && stat->ino != 0 && stat->nlink > 0);
    if (n->count < NAMES_MAX)
        (void)strcpy(n->at[n->count++], name);
    return 0;
}

static void use_path(const char *path)
{
    static char buf[70000];
    static const int64_t offsets[] = {0, 100, 65536, INT64_MAX / 2};
    struct fs_file file = {.flags = FS_O_RDONLY};
    struct fs_stat st = {.mode = 0};

    CHECK(DO(getattr, path, &st, NULL) == 0 && st.ino != 0);
    CHECK((DO(readlink, path, buf, sizeof(buf)) >= 0) == S_ISLNK(st.mode));
    if (DO(open, path, &file) < 0)
        return;
    CHECK(S_ISREG(st.mode));
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
        CHECK(DO(read, NULL, (struct fs_buf){buf, sizeof(buf)}, offsets[i], &file) <=
              (int64_t)sizeof(buf));
    (void)DO(close, NULL, &file);
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
    }
    free(n);
}

/* ---- Inputs ---- */

static void finish(void)
{
    (void)printf("%lu archives opened, %lu calls\n", opened, made);
    (void)unlink(file_path);
}

static void put_input(const uint8_t *data, size_t size)
{
    int fd;

    if (file_path[0] == '\0') {
        (void)snprintf(file_path, sizeof(file_path), "%s/scbox-fuzz-XXXXXX",
                       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        fd = mkstemp(file_path);
        CHECK(fd >= 0);
        (void)close(fd);
        (void)atexit(finish);
    }
    fd = open(file_path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct why why = WHY_INIT;
    struct fs_open req = {.source = file_path, .env = &fuzz_env, .why = &why};
    struct fs_statfs st;
    int err;

    put_input(data, size);
    err = registry_open("archivefs", &req, &fs);
    CHECK(err == 0 || (err == -EIO && why.count > 0));
    CHECK(err == 0 || strstr(why.text[0], "damaged one: ") != NULL);
    why_done(&why);
    if (err == 0) {
        opened++;
        calls = 0;
        walk("/", 0);
        (void)answer(fs->ops->statfs(fs, &who, &st));
        CHECK(strstr(st.note, "helper") == NULL);
        fs->ops->destroy(fs, NULL);
    }
    fs_env_check();
    return 0;
}
