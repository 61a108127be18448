/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/source.h"

#include "fsdrivers/options.h"
#include "fsdrivers/sqlitefs/format.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_SIZE_DEFAULT ((uint64_t)64 << 20)
#define MMAP_SIZE_DEFAULT ((uint64_t)1 << 30)

/* ---- Options ---- */

const struct fs_opt source_opts[] = {
    {"sync", "always, group (default) or none: when changes are durable"},
    {"chunk", "64K (default) or 16K: the piece a new file stores content in"},
    {"mmap", "bytes of the file to map into memory, default 1G; 0 where it may be cut short"},
    {"cache", "bytes of SQLite's page cache, default 64M"},
    {"quota", "bytes its files may have at this and every later mount: auto, none or a size"},
    {NULL, NULL},
};

static int read_sync(const char *value, enum sync_mode *out, struct why *why)
{
    static const char *const names[] = {
        [SYNC_GROUP] = "group", [SYNC_ALWAYS] = "always", [SYNC_NONE] = "none"};

    *out = SYNC_GROUP;
    if (value == NULL)
        return 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(value, names[i]) == 0) {
            *out = (enum sync_mode)i;
            return 0;
        }
    }
    return why_add(why, -EINVAL, "sync=%s: write always, group or none", value);
}

static int read_chunk(const char *value, uint32_t *out, struct why *why)
{
    *out = 0;
    if (value == NULL)
        return 0;
    if (strcmp(value, "64K") == 0)
        *out = 16;
    else if (strcmp(value, "16K") == 0)
        *out = 14;
    else
        return why_add(why, -EINVAL, "chunk=%s: write 64K or 16K", value);
    return 0;
}

static int read_options(const struct fs_open *req, struct format_options *out, enum sync_mode *sync)
{
    const char *mmap_size = option_get(req->opt, "mmap");
    const char *cache_size = option_get(req->opt, "cache");
    int err;

    *out =
        (struct format_options){.mmap_size = MMAP_SIZE_DEFAULT, .cache_size = CACHE_SIZE_DEFAULT};
    err = read_sync(option_get(req->opt, "sync"), sync, req->why);
    if (err == 0)
        err = read_chunk(option_get(req->opt, "chunk"), &out->chunk_shift, req->why);
    if (err == 0 && mmap_size != NULL)
        err = option_size("mmap", mmap_size, &out->mmap_size, req->why);
    if (err == 0 && cache_size != NULL)
        err = option_size("cache", cache_size, &out->cache_size, req->why);
    if (err == 0)
        err = quota_read(option_get(req->opt, "quota"), &out->quota, req->why);
    return err;
}

/* ---- The file ---- */

/* Where a file that is not there yet would be: its directory without links, and its name. */
static int new_path(const char *source, char **out, struct why *why)
{
    const char *name = strrchr(source, '/') + 1;
    struct strbuf path = STRBUF_INIT;
    char real[PATH_MAX];

    (void)strbuf_add(&path, source, (size_t)(name - source));
    if (realpath(strbuf_str(&path), real) == NULL) {
        int err = -errno;

        (void)why_add(why, err, "%s: the directory %s: %s", source, strbuf_str(&path),
                      strerror(-err));
        strbuf_done(&path);
        return err;
    }
    strbuf_reset(&path);
    (void)strbuf_addf(&path, "%s/%s", real, name);
    *out = strbuf_take(&path);
    return *out != NULL ? 0 : -ENOMEM;
}

/* The database's path without links, for SQLite's files beside it and for the lock. */
static int real_path(const char *source, bool readonly, char **out, struct why *why)
{
    char real[PATH_MAX];

    if (realpath(source, real) != NULL) {
        *out = strdup(real);
        return *out != NULL ? 0 : -ENOMEM;
    }
    if (errno == ENOENT && !readonly)
        return new_path(source, out, why);
    return why_add(why, -errno, "%s: %s", source, strerror(errno));
}

/* Check what lies at the path, before SQLite or a lock touches it. */
static int check_file(const char *path, bool readonly, struct why *why)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return errno == ENOENT ? 0 : why_add(why, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return why_add(why, -ENOTSUP, "%s is %s, and sqlitefs stores its files in one file", path,
                       S_ISDIR(st.st_mode) ? "a directory" : "no regular file");
    if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0)
        return why_add(why, -errno, "%s: %s", path, strerror(errno));
    if (!readonly && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
        return why_add(why, -EROFS, "%s can't be written: open it with the option readonly", path);
    return 0;
}

/* Check the form of a source. */
static int check_source(const struct fs_open *req)
{
    if (req->handle != NULL)
        return why_add(req->why, -ENOTSUP,
                       "sqlitefs opens local files only, not handles: give source=/path/file.db");
    if (req->source == NULL)
        return why_add(req->why, -EINVAL, "sqlitefs needs source=/path/file.db");
    if (req->source[0] != '/' || req->source[1] == '/')
        return why_add(req->why, -ENOTSUP,
                       "sqlitefs opens local files only, by absolute path, not %s", req->source);
    return 0;
}

/* Whether SQLite left a log beside the database: somebody writes to it, or was killed. */
static bool has_log(const struct store *s)
{
    struct strbuf path = STRBUF_INIT;
    bool found;

    (void)strbuf_addf(&path, "%s-wal", s->path);
    found = !strbuf_failed(&path) && access(strbuf_str(&path), F_OK) == 0;
    strbuf_done(&path);
    return found;
}

/* Lock the file against other openers. A reader that may put no file beside the database goes
 * without. */
static int lock_file(struct store *s, struct why *why)
{
    struct why refusal = WHY_INIT;
    int err;

    if (!s->readonly)
        return lock_take(s->path, false, &s->lock, why);
    err = lock_take(s->path, true, &s->lock, &refusal);
    if (err == -EROFS || err == -EACCES) {
        s->immutable = !has_log(s);
        err = 0;
    }
    if (err < 0)
        (void)why_add(why, err, "%s", refusal.count > 0 ? refusal.text[0] : strerror(-err));
    why_done(&refusal);
    return err;
}

int source_open(struct store *s, const struct fs_open *req)
{
    struct format_options options;
    int err;

    err = check_source(req);
    if (err == 0)
        err = read_options(req, &options, &s->sync);
    if (err == 0)
        err = real_path(req->source, req->readonly, &s->path, req->why);
    if (err == 0)
        err = check_file(s->path, req->readonly, req->why);
    if (err == 0)
        err = lock_file(s, req->why);
    return err < 0 ? err : format_open(s, &options, req->why);
}
