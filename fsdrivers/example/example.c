/* SPDX-License-Identifier: MIT */
/*
 * The driver to copy: a directory of files whose text is made when somebody looks.
 *
 *     /greeting   what the option greeting says, else "hello"
 *     /clock      the machine's time in ns
 *     /caller     the pid and the user of the process that looks
 *
 * Five slots do: `generic` answers -ENOSYS for the others, and the kernel translates that.
 */
#include "fsdrivers/example/example.h"

#include "fsdrivers/fs_ops.h"
#include "fsdrivers/fspath.h"
#include "fsdrivers/options.h"
#include "server/base/list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ROOT, GREETING, CLOCK, CALLER, FILE_COUNT, TEXT_MAX = 80 };

static const char *const paths[FILE_COUNT] = {"/", "/greeting", "/clock", "/caller"};

/** An instance. The core knows its first member; container_of() finds the rest. */
struct example {
    struct fs fs;
    struct fs_env env; /* what an instance may ask of whoever runs it */
    char greeting[TEXT_MAX - 1];
};

/** The file of a path, which the core has checked: it is canonical. */
static int find(const char *path)
{
    for (int f = ROOT; f < FILE_COUNT; f++) {
        if (strcmp(path, paths[f]) == 0)
            return f;
        if (f != ROOT && fspath_below(path, paths[f]))
            return -ENOTDIR;
    }
    return -ENOENT;
}

/** Print a file's text. Returns its size. */
static int print(struct fs *fs, const struct fs_caller *who, int f, char out[TEXT_MAX])
{
    struct example *e = container_of(fs, struct example, fs);

    if (f == GREETING)
        return snprintf(out, TEXT_MAX, "%s\n", e->greeting);
    if (f == CLOCK)
        return snprintf(out, TEXT_MAX, "%" PRIu64 "\n", e->env.now_ns(e->env.user));
    return snprintf(out, TEXT_MAX, "%" PRId32 " %" PRIu32 "\n", who->pid, who->uid);
}

/** Slots return 0, or a count, or -errno. The kernel checks the bits that are set here. */
static int example_getattr(struct fs *fs, const struct fs_caller *who, const char *path,
                           struct fs_stat *out, struct fs_file *file)
{
    char text[TEXT_MAX];
    int f = find(path);

    (void)file; /* FS_CAP_NO_OPEN: nothing is kept for an open file, and a path is always given */
    if (f < 0)
        return f;
    *out = (struct fs_stat){.ino = (uint64_t)f + 1, /* never 0 */
                            .mode = f == ROOT ? S_IFDIR | 0555u : S_IFREG | 0444u,
                            .nlink = f == ROOT ? 2 : 1,
                            .size = f == ROOT ? 0 : (uint64_t)print(fs, who, f, text)};
    return 0;
}

static int64_t example_read(struct fs *fs, const struct fs_caller *who, const char *path,
                            struct fs_buf buf, int64_t off, struct fs_file *file)
{
    char text[TEXT_MAX];
    int f = find(path);
    int64_t count;

    (void)file;
    if (f <= ROOT)
        return f < 0 ? f : -EISDIR;
    count = print(fs, who, f, text) - off;
    if (count <= 0)
        return 0; /* at or past the end */
    if ((uint64_t)count > buf.len)
        count = (int64_t)buf.len;
    memcpy(buf.ptr, text + off, (size_t)count);
    return count;
}

static int example_readdir(struct fs *fs, const struct fs_caller *who, const char *path,
                           fs_readdir_fn callback, void *user, struct fs_file *file)
{
    int err = find(path);

    (void)fs, (void)who, (void)file;
    if (err > ROOT)
        err = -ENOTDIR;
    for (int f = GREETING; err == 0 && f < FILE_COUNT; f++)
        err = callback(user, paths[f] + 1, NULL); /* a result other than 0 ends the listing */
    return err;
}

static int example_statfs(struct fs *fs, const struct fs_caller *who, struct fs_statfs *out)
{
    (void)fs, (void)who;
    *out = (struct fs_statfs){.inodes_used = FILE_COUNT - 1}; /* `generic` adds: readonly */
    return 0;
}

static void example_destroy(struct fs *fs, struct why *why)
{
    (void)why;
    free(container_of(fs, struct example, fs));
}

static const struct fs_ops example_ops = {
    .getattr = example_getattr,
    .read = example_read,
    .readdir = example_readdir,
    .statfs = example_statfs,
    .destroy = example_destroy,
};

/** Make an instance: check, then acquire. Each refusal gives its reason. */
static int example_open_source(const struct fs_driver *driver, const struct fs_open *req,
                               struct fs **out)
{
    const char *greeting = option_get(req->opt, "greeting");
    struct example *e;

    if (req->source != NULL || req->handle != NULL)
        return why_add(req->why, -ENOTSUP, "example takes no source: its files are computed");
    if (greeting != NULL && strlen(greeting) >= sizeof(e->greeting))
        return why_add(req->why, -EINVAL, "option greeting has at most %zu bytes",
                       sizeof(e->greeting) - 1);
    e = calloc(1, sizeof(*e));
    if (e == NULL)
        return -ENOMEM;
    e->fs = (struct fs){.ops = &example_ops, .driver = driver, .caps = FS_CAP_NO_OPEN};
    e->env = *req->env;
    (void)strcpy(e->greeting, greeting != NULL ? greeting : "hello");
    *out = &e->fs;
    return 0;
}

static const struct fs_opt example_opts[] = {{"greeting", "text of the file"}, {NULL, NULL}};

const struct fs_driver example_driver = {
    .name = "example",
    .doc = "a few files of text, made when they are read",
    .readonly = true, /* `generic` refuses changes: -EROFS */
    .opts = example_opts,
    .open_source = example_open_source,
};
