/* SPDX-License-Identifier: MIT */
/*
 * procfs: a machine's processes as read-only text files.
 *
 *     /machine            the machine
 *     /self/…             the directory of the caller
 *     /PID/status         its state, and how much it holds
 *     /PID/names          its namespace
 *     /PID/fds            its handles
 *     /PID/maps           its memory
 *     /PID/args           its arguments and environment
 *     /PID/children       pids of its children
 *
 * A process sees itself and its descendants; others are -ENOENT. A file has one item a line, in the
 * form of enum fs_proc_item. OPEN takes a snapshot, which READ and STAT_OPEN use; STAT has the size
 * that a snapshot would have. The driver is read-only.
 */
#include "fsdrivers/procfs/procfs.h"

#include "fsdrivers/fs_ops.h"
#include "fsdrivers/fspath.h"
#include "schema/drivers.h"
#include "server/base/list.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DECIMAL = 10, PID_TEXT_MAX = 12 };

struct procfs {
    struct fs fs;
    struct fs_env env;
    int64_t born; /* stamp of all files */
};

enum kind { ROOT, PROCESS, ITEM };

/** What a path means. */
struct node {
    enum kind kind;
    int32_t pid; /* 0: the root or /machine */
    enum fs_proc_item item;
};

/** The content of an open file; for a directory only its node. */
struct snapshot {
    struct node node;
    struct strbuf text;
    uint64_t taken; /* bytes of the machine's memory counted for the text */
};

static const struct {
    const char *name;
    enum fs_proc_item item;
} items[] = {
    {"args", FS_PROC_ARGS}, {"children", FS_PROC_CHILDREN}, {"fds", FS_PROC_FDS},
    {"maps", FS_PROC_MAPS}, {"names", FS_PROC_NAMES},       {"status", FS_PROC_STATUS},
};

enum { ITEM_COUNT = sizeof(items) / sizeof(items[0]) };

static struct procfs *procfs_of(struct fs *fs)
{
    return container_of(fs, struct procfs, fs);
}

/* ---- Paths ---- */

static bool is_name(const struct fsname *n, const char *name)
{
    return strlen(name) == n->len && memcmp(name, n->ptr, n->len) == 0;
}

/** The pid of a name that is one in decimal, else 0. */
static int32_t parse_pid(const struct fsname *n)
{
    int64_t pid = 0;

    for (size_t i = 0; i < n->len; i++) {
        if (n->ptr[i] < '0' || n->ptr[i] > '9' || (n->ptr[i] == '0' && i == 0))
            return 0;
        pid = pid * DECIMAL + (n->ptr[i] - '0');
        if (pid > INT32_MAX)
            return 0;
    }
    return (int32_t)pid;
}

struct search {
    int32_t pid;
};

static int on_sought(void *user, int32_t pid)
{
    return ((struct search *)user)->pid == pid;
}

/** Whether the caller may see a process. */
static bool is_visible(const struct procfs *p, const struct fs_caller *who, int32_t pid)
{
    struct search s = {pid};

    return p->env.each_proc(p->env.user, who, on_sought, &s) > 0;
}

/** The directory of a first component. */
static int find_process(const struct procfs *p, const struct fs_caller *who,
                        const struct fsname *first, struct node *out)
{
    int32_t pid = is_name(first, "self") ? who->pid : parse_pid(first);

    if (pid == 0 || !is_visible(p, who, pid))
        return -ENOENT;
    *out = (struct node){.kind = PROCESS, .pid = pid};
    return 0;
}

static int walk(const struct procfs *p, const struct fs_caller *who, const char *path,
                struct node *out)
{
    const char *at = path;
    struct fsname name;
    int err;

    *out = (struct node){.kind = ROOT};
    if (!fspath_next(&at, &name))
        return 0;
    if (is_name(&name, "machine")) {
        *out = (struct node){.kind = ITEM, .item = FS_PROC_MACHINE};
        return fspath_next(&at, &name) ? -ENOTDIR : 0;
    }
    err = find_process(p, who, &name, out);
    if (err < 0 || !fspath_next(&at, &name))
        return err;
    for (size_t i = 0; i < ITEM_COUNT; i++) {
        if (!is_name(&name, items[i].name))
            continue;
        out->kind = ITEM;
        out->item = items[i].item;
        return fspath_next(&at, &name) ? -ENOTDIR : 0;
    }
    return -ENOENT;
}

/** The snapshot of an open file or directory. */
static struct snapshot *snapshot_of(const struct fs_file *file)
{
    return (struct snapshot *)(uintptr_t)file->handle;
}

/** Take a snapshot. @out released by strbuf_done(). */
static int take_text(const struct procfs *p, const struct fs_caller *who, const struct node *n,
                     struct strbuf *out)
{
    int err = p->env.proc_text(p->env.user, who, n->pid, n->item, out);

    if (err == 0 && strbuf_failed(out))
        err = -ENOMEM;
    if (err < 0)
        strbuf_done(out);
    return err;
}

static void fill_stat(const struct procfs *p, const struct node *n, uint64_t size,
                      struct fs_stat *out)
{
    const uint64_t base = ((uint64_t)(uint32_t)n->pid + 1) * (FS_PROC_ITEM_COUNT + 1);

    *out = (struct fs_stat){
        .ino = n->kind == ROOT ? 1 : base + (n->kind == ITEM ? 1 + (uint64_t)n->item : 0),
        .mode = n->kind == ITEM ? S_IFREG | 0444u : S_IFDIR | 0555u,
        .nlink = n->kind == ITEM ? 1 : 2,
        .size = size,
        .atime = p->born,
        .mtime = p->born,
        .ctime = p->born,
        .btime = p->born,
    };
}

/* ---- Slots ---- */

static int procfs_getattr(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_stat *out, struct fs_file *file)
{
    const struct procfs *p = procfs_of(fs);
    const struct snapshot *s = file != NULL ? snapshot_of(file) : NULL;
    struct strbuf text = STRBUF_INIT;
    struct node n;
    int err;

    if (s != NULL) {
        fill_stat(p, &s->node, s->text.len, out);
        return 0;
    }
    err = walk(p, who, path, &n);
    if (err == 0 && n.kind == ITEM)
        err = take_text(p, who, &n, &text);
    if (err == 0)
        fill_stat(p, &n, text.len, out);
    strbuf_done(&text);
    return err;
}

static int64_t procfs_readlink(struct fs *fs, const struct fs_caller *who, const char *path,
                               char *buf, size_t size)
{
    struct node n;
    int err = walk(procfs_of(fs), who, path, &n);

    (void)buf;
    (void)size;
    return err < 0 ? err : -EINVAL;
}

static int open_snapshot(const struct procfs *p, const struct fs_caller *who, const char *path,
                         struct snapshot *s)
{
    int err = walk(p, who, path, &s->node);

    if (err == 0 && s->node.kind != ITEM)
        err = -EISDIR;
    return err < 0 ? err : take_text(p, who, &s->node, &s->text);
}

/** open_snapshot() for a handle: a process can keep as many as it has handles. */
static int open_kept_snapshot(const struct procfs *p, const struct fs_caller *who, const char *path,
                              struct snapshot *s)
{
    int err = open_snapshot(p, who, path, s);

    if (err < 0)
        return err;
    if (!p->env.take(p->env.user, s->text.cap)) {
        strbuf_done(&s->text);
        return -ENOSPC;
    }
    s->taken = s->text.cap;
    return 0;
}

static int open_dir(const struct procfs *p, const struct fs_caller *who, const char *path,
                    struct snapshot *s)
{
    int err = walk(p, who, path, &s->node);

    return err == 0 && s->node.kind == ITEM ? -ENOTDIR : err;
}

/** open() and opendir(). */
static int open_any(struct fs *fs, const struct fs_caller *who, const char *path,
                    struct fs_file *file,
                    int (*fill)(const struct procfs *p, const struct fs_caller *who,
                                const char *path, struct snapshot *s))
{
    struct snapshot *s = calloc(1, sizeof(*s));
    int err;

    if (s == NULL)
        return -ENOMEM;
    err = fill(procfs_of(fs), who, path, s);
    if (err < 0)
        free(s);
    else
        file->handle = (uintptr_t)s;
    return err;
}

/** close() and closedir(). */
static int procfs_close(struct fs *fs, const struct fs_caller *who, const char *path,
                        struct fs_file *file)
{
    const struct procfs *p = procfs_of(fs);
    struct snapshot *s = snapshot_of(file);

    (void)who;
    (void)path;
    p->env.give(p->env.user, s->taken);
    strbuf_done(&s->text);
    free(s);
    return 0;
}

static int procfs_open(struct fs *fs, const struct fs_caller *who, const char *path,
                       struct fs_file *file)
{
    return open_any(fs, who, path, file, open_kept_snapshot);
}

static int procfs_opendir(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_file *file)
{
    return open_any(fs, who, path, file, open_dir);
}

static int64_t procfs_read(struct fs *fs, const struct fs_caller *who, const char *path,
                           struct fs_buf buf, int64_t off, struct fs_file *file)
{
    struct snapshot own = {.text = STRBUF_INIT};
    const struct snapshot *s = file != NULL ? snapshot_of(file) : &own;
    size_t count = 0;
    int err = file == NULL ? open_snapshot(procfs_of(fs), who, path, &own) : 0;

    if (err < 0)
        return err;
    if (s->node.kind != ITEM)
        return -EISDIR;
    if ((uint64_t)off < s->text.len)
        count = s->text.len - (size_t)off < buf.len ? s->text.len - (size_t)off : buf.len;
    if (count > 0)
        memcpy(buf.ptr, s->text.ptr + off, count);
    strbuf_done(&own.text);
    return (int64_t)count;
}

/* fsync() and fsyncdir(): nothing is stored. */
static int procfs_fsync(struct fs *fs, const struct fs_caller *who, const char *path,
                        bool data_only, struct fs_file *file)
{
    struct node n;

    (void)data_only;
    return file != NULL ? 0 : walk(procfs_of(fs), who, path, &n);
}

/** A listing of the root. */
struct lister {
    const struct procfs *fs;
    const struct fs_caller *who;
    fs_readdir_fn callback;
    void *user;
};

static int list_process(void *user, int32_t pid)
{
    const struct lister *l = user;
    const struct node n = {.kind = PROCESS, .pid = pid};
    char text[PID_TEXT_MAX] = "";
    char *at = text + PID_TEXT_MAX - 1;
    struct fs_stat st;

    do
        *--at = (char)('0' + pid % DECIMAL);
    while ((pid /= DECIMAL) > 0);
    fill_stat(l->fs, &n, 0, &st);
    return l->callback(l->user, at, &st);
}

static int list_root(const struct lister *l)
{
    struct node self = {.kind = PROCESS, .pid = l->who->pid};
    struct fs_stat st;
    int err = l->callback(l->user, "machine", NULL);

    fill_stat(l->fs, &self, 0, &st);
    if (err == 0 && is_visible(l->fs, l->who, l->who->pid))
        err = l->callback(l->user, "self", &st);
    return err != 0 ? err : l->fs->env.each_proc(l->fs->env.user, l->who, list_process, (void *)l);
}

static int procfs_readdir(struct fs *fs, const struct fs_caller *who, const char *path,
                          fs_readdir_fn callback, void *user, struct fs_file *file)
{
    struct lister l = {procfs_of(fs), who, callback, user};
    struct node n;
    int err = 0;

    if (file != NULL)
        n = snapshot_of(file)->node;
    else
        err = walk(l.fs, who, path, &n);
    if (err < 0)
        return err;
    if (n.kind == ROOT)
        return list_root(&l);
    if (n.kind == ITEM)
        return -ENOTDIR;
    for (size_t i = 0; err == 0 && i < ITEM_COUNT; i++)
        err = callback(user, items[i].name, NULL);
    return err;
}

static int procfs_statfs(struct fs *fs, const struct fs_caller *who, struct fs_statfs *out)
{
    (void)fs;
    (void)who;
    *out = (struct fs_statfs){.readonly = true};
    return 0;
}

/* commit() and sync(): nothing is gathered. */
static int procfs_sync(struct fs *fs, const struct fs_caller *who)
{
    (void)fs;
    (void)who;
    return 0;
}

static void procfs_destroy(struct fs *fs, struct why *why)
{
    (void)why;
    free(procfs_of(fs));
}

/* `generic` refuses changes before they get here. */
static const struct fs_ops procfs_ops = {
    .getattr = procfs_getattr,
    .readlink = procfs_readlink,
    .open = procfs_open,
    .read = procfs_read,
    .fsync = procfs_fsync,
    .close = procfs_close,
    .opendir = procfs_opendir,
    .readdir = procfs_readdir,
    .fsyncdir = procfs_fsync,
    .closedir = procfs_close,
    .statfs = procfs_statfs,
    .commit = procfs_sync,
    .sync = procfs_sync,
    .destroy = procfs_destroy,
};

static const struct fs_opt procfs_opts[] = {PROCFS_OPTIONS(FS_OPTION_ROW){NULL, NULL}};

static int procfs_open_source(const struct fs_driver *driver, const struct fs_open *req,
                              struct fs **out)
{
    struct procfs *p;

    if (req->source != NULL || req->handle != NULL)
        return why_add(req->why, -ENOTSUP, "procfs takes no source: it shows the machine");
    p = calloc(1, sizeof(*p));
    if (p == NULL)
        return -ENOMEM;
    p->fs = (struct fs){.ops = &procfs_ops, .driver = driver, .caps = 0};
    p->env = *req->env;
    p->born = (int64_t)p->env.now_ns(p->env.user);
    *out = &p->fs;
    return 0;
}

const struct fs_driver procfs_driver = {
    .name = "procfs",
    .doc = PROCFS_DOC,
    .opts = procfs_opts,
    .readonly = true,
    .open_source = procfs_open_source,
};
