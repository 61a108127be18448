/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/source.h"

#include "fsdrivers/options.h"
#include "fsdrivers/sqlitefs/db/vfs.h"
#include "fsdrivers/sqlitefs/format.h"
#include "schema/drivers.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_SIZE_DEFAULT ((uint64_t)64 << 20)
#define CACHE_SIZE_MIN ((uint64_t)1 << 20) /* a smaller cache thrashes */
#define CACHE_SIZE_MAX ((uint64_t)1 << 30) /* its index takes HEAP_PIECE_MAX */
#define MMAP_SIZE_DEFAULT ((uint64_t)1 << 30)

/* ---- Options ---- */

const struct fs_opt source_opts[] = {
    SQLITEFS_OPTIONS(FS_OPTION_ROW){NULL, NULL},
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

static int read_cache(const char *value, uint64_t *out, struct why *why)
{
    int err;

    *out = CACHE_SIZE_DEFAULT;
    if (value == NULL)
        return 0;
    err = option_size("cache", value, out, why);
    if (err < 0 || (*out >= CACHE_SIZE_MIN && *out <= CACHE_SIZE_MAX))
        return err;
    return why_add(why, -EINVAL, "cache=%s: write a size from 1M to 1G", value);
}

static int read_options(const struct fs_open *req, struct format_options *out, enum sync_mode *sync)
{
    const char *mmap_size = option_get(req->opt, "mmap");
    int err;

    *out = (struct format_options){.mmap_size = MMAP_SIZE_DEFAULT};
    err = read_sync(option_get(req->opt, "sync"), sync, req->why);
    if (err == 0)
        err = read_chunk(option_get(req->opt, "chunk"), &out->chunk_shift, req->why);
    if (err == 0 && mmap_size != NULL)
        err = option_size("mmap", mmap_size, &out->mmap_size, req->why);
    if (err == 0)
        err = read_cache(option_get(req->opt, "cache"), &out->cache_size, req->why);
    if (err == 0)
        err = quota_read(option_get(req->opt, "quota"), &out->quota, req->why);
    return err;
}

/* ---- The file ---- */

/* Check the file before SQLite or a lock touches it. */
static int check_file(const struct hostfile *p, bool readonly, struct why *why)
{
    struct stat st;
    int err;

    if (vfs_is_side_name(p->name))
        return why_add(why, -EINVAL,
                       "%s is named like what SQLite and sqlitefs keep beside a database: it can't "
                       "be one",
                       p->path);
    if (strlen(p->name) + strlen(VFS_JOURNAL) > NAME_MAX)
        return why_add(why, -ENAMETOOLONG, "%s: the names of its side files would be too long",
                       p->path);
    if (p->file < 0)
        return readonly ? why_add(why, -ENOENT, "%s: %s", p->path, strerror(ENOENT)) : 0;
    if (fstat(p->file, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return why_add(why, -ENOTSUP,
                       "%s is a directory, and sqlitefs stores its files in one file", p->path);
    if (!readonly && st.st_nlink != 1)
        return why_add(
            why, -EBUSY,
            "%s has %u names: its log lies beside one of them, and would be missed under "
            "the others",
            p->path, (unsigned)st.st_nlink);
    err = hostfile_access(p, R_OK);
    if (err < 0)
        return why_add(why, err, "%s: %s", p->path, strerror(-err));
    if (!readonly && hostfile_access(p, W_OK) < 0)
        return why_add(why, -EROFS, "%s can't be written: open it with the option readonly",
                       p->path);
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
    if (req->hostfile == NULL)
        return why_add(req->why, -ENOTSUP,
                       "sqlitefs opens local files only, by absolute path, not %s", req->source);
    return 0;
}

/* Lock the file against other openers. A reader that can't make files beside the database goes
 * without a lock. */
static int lock_file(struct store *s, struct why *why)
{
    struct why refusal = WHY_INIT;
    int err;

    if (!s->readonly)
        return lock_take(s->hostfile, false, &s->lock, why);
    err = lock_take(s->hostfile, true, &s->lock, &refusal);
    if (err == -EROFS || err == -EACCES) {
        s->immutable = !hostfile_has_beside(s->hostfile, VFS_LOG);
        err = 0;
    }
    if (err < 0)
        (void)why_add(why, err, "%s", refusal.count > 0 ? refusal.text[0] : strerror(-err));
    why_done(&refusal);
    return err;
}

/* Whether an index exists that others can lock, or more. A link or the like is refused later. */
static bool has_shared_index(const struct store *s)
{
    struct stat st;

    return hostfile_stat_beside(s->hostfile, VFS_INDEX, &st) == 0 && S_ISREG(st.st_mode) &&
           st.st_nlink == 1 && !vfs_is_own_index(&st);
}

/* Choose how SQLite may use this file. A file that others can truncate is never mapped, nor is
 * SQLite's index of its log: then the connection has the file exclusively. */
static int choose_access(struct store *s, struct format_options *o, struct why *why)
{
    bool is_private = hostfile_is_private(s->hostfile->file);

    if (is_private && !has_shared_index(s))
        return 0;
    if (!is_private)
        o->mmap_size = 0;
    if (!s->readonly) {
        s->exclusive = true;
        return 0;
    }
    if (hostfile_has_beside(s->hostfile, VFS_LOG))
        return why_add(why, -EBUSY,
                       "%s has a log, and others can change or lock it: open it for writing once",
                       s->path);
    s->immutable = true;
    return 0;
}

/* Remove an index that is unused, as this connection has the database exclusively; the next one
 * makes it again. If that fails it stays. */
static void remove_index(struct store *s)
{
    struct stat st;

    if (hostfile_stat_beside(s->hostfile, VFS_INDEX, &st) == 0 && S_ISREG(st.st_mode))
        (void)hostfile_remove_beside(s->hostfile, VFS_INDEX, &st);
}

/* Lock the file, create it if it does not exist, and open the database in it. */
static int open_file(struct store *s, struct format_options *o, struct why *why)
{
    bool made = false;
    int err = lock_file(s, why);

    if (err == 0 && s->hostfile->file < 0) {
        err = hostfile_create(s->hostfile, 0644, why);
        made = err == 0;
        if (err == -EEXIST) /* another process has just created it */
            err = -EBUSY;
    }
    if (err == 0)
        err = choose_access(s, o, why);
    if (err == 0)
        err = vfs_new(s->hostfile, &s->db.sleep_us, &s->vfs);
    if (err == 0)
        err = format_open(s, o, why);
    if (err == 0 && s->exclusive)
        remove_index(s);
    if (err < 0 && made)
        hostfile_remove(s->hostfile);
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
        err = check_file(req->hostfile, req->readonly, req->why);
    if (err < 0)
        return err;
    s->hostfile = req->hostfile;
    s->path = strdup(s->hostfile->path);
    return s->path != NULL ? open_file(s, &options, req->why) : -ENOMEM;
}
