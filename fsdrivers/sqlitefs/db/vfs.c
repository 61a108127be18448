/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/db/vfs.h"

#include "server/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char dir_prefix[] = "/proc/self/fd/";

static const char *const side_suffixes[] = {VFS_LOG, VFS_INDEX, VFS_JOURNAL, VFS_LOCK};

enum { SIDE_COUNT = sizeof(side_suffixes) / sizeof(side_suffixes[0]) };

bool vfs_is_side_name(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < SIDE_COUNT; i++) {
        size_t end = strlen(side_suffixes[i]);

        if (len >= end && strcasecmp(name + len - end, side_suffixes[i]) == 0)
            return true;
    }
    return false;
}

bool vfs_is_own_index(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
           (st->st_mode & (S_IRWXG | S_IRWXO)) == 0 && st->st_nlink == 1;
}

/* ---- Opening ---- */

/* The file that SQLite opens, until SQLite sets its mode: a side file keeps its own mode. */
static _Thread_local int mode_kept = -1;

/* The store that a name of SQLite's belongs to; NULL: none. @out_name: the rest of the name, "" for
 * the directory itself. */
static struct vfs *owner_of(const char *path, const char **out_name)
{
    char vfs_name[VFS_NAME_SIZE];
    sqlite3_vfs *found;
    char *end;
    unsigned long dir = strtoul(path + sizeof(dir_prefix) - 1, &end, 10);

    if (*end != '/' && *end != '\0')
        return NULL;
    (void)snprintf(vfs_name, sizeof(vfs_name), "scbox-%lu", dir);
    found = sqlite3_vfs_find(vfs_name);
    *out_name = *end == '/' ? end + 1 : end;
    return found != NULL ? container_of(found, struct vfs, base) : NULL;
}

/* Whether a side file is as safe from other users as the database. */
static bool is_safe(const struct vfs *v, const char *suffix, const struct stat *st)
{
    struct stat database;

    if (strcmp(suffix, VFS_INDEX) == 0)
        return vfs_is_own_index(st);
    if (!hostfile_is_private(v->hostfile->file))
        return true;
    return fstat(v->hostfile->file, &database) == 0 && st->st_uid == geteuid() &&
           (st->st_mode & ~database.st_mode & (S_IRWXG | S_IRWXO)) == 0 && st->st_nlink == 1;
}

/* Open a side file that other users can neither change nor read, unless they can the database. */
static int open_safe(struct vfs *v, const char *suffix, int flags, struct why *why)
{
    int fd = hostfile_open_beside(v->hostfile, suffix, flags & ~(O_NOFOLLOW | O_EXCL),
                                  S_IRUSR | S_IWUSR, why);
    struct stat st;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        st = (struct stat){.st_size = -1}; /* never safe */
    else if (is_safe(v, suffix, &st))
        return fd;
    (void)close(fd);
    hostfile_forget_beside(v->hostfile, suffix);
    if (strcmp(suffix, VFS_LOG) == 0 && st.st_size == 0 &&
        hostfile_remove_beside(v->hostfile, suffix, &st) == 0)
        return -EAGAIN;
    return why_add(why, -EBUSY,
                   "%s%s is open to others, or not this user's, and the database is not: remove it "
                   "if it is not yours",
                   v->hostfile->path, suffix);
}

/* Open a file beside the database. An empty log of another user is replaced, once. */
static int open_side(struct vfs *v, const char *suffix, int flags)
{
    struct why *why = v->refused == 0 ? &v->why : NULL;
    int fd = open_safe(v, suffix, flags, why);

    if (fd == -EAGAIN)
        fd = open_safe(v, suffix, flags, why);
    if (fd == -EAGAIN)
        fd = why_add(why, -EBUSY, "%s%s is made again by another process", v->hostfile->path,
                     suffix);
    if (fd < 0 && v->refused == 0 && v->why.count > 0)
        v->refused = fd;
    return fd;
}

/* The suffix of a name beside the database: "" for the database itself; NULL: neither. */
static const char *suffix_of(const char *name, const char *database)
{
    size_t len = strlen(database);

    if (name == NULL || strncmp(name, database, len) != 0)
        return NULL;
    if (name[len] == '\0')
        return "";
    for (size_t i = 0; i < SIDE_COUNT; i++) {
        if (strcmp(name + len, side_suffixes[i]) == 0)
            return side_suffixes[i];
    }
    return NULL;
}

static int open_of(struct vfs *v, const char *name, int flags)
{
    const char *suffix = suffix_of(name, v->hostfile->name);
    int fd;

    if (suffix == NULL)
        return -EACCES;
    if (*suffix == '\0')
        return hostfile_reopen(v->hostfile, flags);
    fd = open_side(v, suffix, flags);
    mode_kept = fd;
    return fd;
}

/* SQLite's open(). */
static int open_instead(const char *path, int flags, int mode)
{
    const char *name = "";
    struct vfs *v;
    int fd;

    mode_kept = -1;
    if (strncmp(path, dir_prefix, sizeof(dir_prefix) - 1) != 0)
        return open(path, flags, mode); /* /dev/urandom; other databases of this process */
    v = owner_of(path, &name);
    if (v != NULL && *name == '\0') /* the directory, for fsync() */
        return open(path, (flags & ~O_CREAT) | O_DIRECTORY | O_CLOEXEC);
    fd = v != NULL ? open_of(v, name, flags) : -EACCES;
    if (fd >= 0)
        return fd;
    errno = -fd;
    return -1;
}

/* SQLite's fchmod(), which gives a new side file the mode of its database. */
static int fchmod_instead(int fd, mode_t mode)
{
    return fd == mode_kept ? 0 : fchmod(fd, mode);
}

static void use_instead(const char *name, sqlite3_syscall_ptr function)
{
    sqlite3_vfs *host = sqlite3_vfs_find("unix");

    if (host->xGetSystemCall(host, name) != function)
        (void)host->xSetSystemCall(host, name, function);
}

/* ---- The VFS: the default one, except for names and waiting ---- */

static sqlite3_vfs *under(const sqlite3_vfs *base)
{
    return base->pAppData;
}

static struct vfs *vfs_of(sqlite3_vfs *base)
{
    return container_of(base, struct vfs, base);
}

static int vfs_open(sqlite3_vfs *base, const char *name, sqlite3_file *f, int flags, int *out)
{
    static const struct {
        int kind;
        const char *suffix;
    } files[] = {{SQLITE_OPEN_MAIN_DB, ""},
                 {SQLITE_OPEN_MAIN_JOURNAL, VFS_JOURNAL},
                 {SQLITE_OPEN_WAL, VFS_LOG}};
    const char *suffix = suffix_of(name, vfs_of(base)->file);

    for (size_t i = 0; suffix != NULL && i < sizeof(files) / sizeof(files[0]); i++) {
        if ((flags & files[i].kind) != 0 && strcmp(suffix, files[i].suffix) == 0)
            return under(base)->xOpen(under(base), name, f, flags, out);
    }
    f->pMethods = NULL;
    return SQLITE_CANTOPEN;
}

static bool is_removable(const char *suffix)
{
    return suffix != NULL && (strcmp(suffix, VFS_JOURNAL) == 0 || strcmp(suffix, VFS_LOG) == 0);
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync)
{
    struct vfs *v = vfs_of(base);
    const char *suffix = suffix_of(name, v->file);
    int rc;

    if (!is_removable(suffix))
        return SQLITE_IOERR_DELETE;
    rc = under(base)->xDelete(under(base), name, sync);
    if (rc == SQLITE_OK)
        hostfile_forget_beside(v->hostfile, suffix);
    return rc;
}

/* SQLite asks for one other name, which it reads from a journal: that of a transaction over several
 * databases. If it did not exist, SQLite would discard the journal. */
static int vfs_access(sqlite3_vfs *base, const char *name, int what, int *out)
{
    struct vfs *v = vfs_of(base);

    *out = 0;
    if (suffix_of(name, v->file) != NULL)
        return under(base)->xAccess(under(base), name, what, out);
    if (v->refused == 0)
        v->refused =
            why_add(&v->why, -EIO,
                    "%s" VFS_JOURNAL " is of a change to several databases: sqlitefs makes "
                    "none, and leaves it alone",
                    v->hostfile->path);
    return SQLITE_IOERR_ACCESS;
}

/* Sleep for another process's lock, but not longer than the statement may. */
static int vfs_sleep(sqlite3_vfs *base, int us)
{
    struct vfs *v = vfs_of(base);
    int share = us < *v->sleep_us ? us : *v->sleep_us;

    *v->sleep_us -= share;
    return share > 0 ? under(base)->xSleep(under(base), share) : 0;
}

/* Names are final already: the default VFS would resolve links. */
static int vfs_full_path(sqlite3_vfs *base, const char *name, int size, char *out)
{
    (void)base;
    return snprintf(out, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

int vfs_new(struct hostfile *hostfile, int *sleep_us, struct vfs **out)
{
    sqlite3_vfs *host = sqlite3_vfs_find(NULL);
    struct vfs *v = calloc(1, sizeof(*v));
    struct strbuf file = STRBUF_INIT;

    if (v == NULL || host == NULL) {
        free(v);
        return -ENOMEM;
    }
    use_instead("open", (sqlite3_syscall_ptr)open_instead);
    use_instead("fchmod", (sqlite3_syscall_ptr)fchmod_instead);
    (void)strbuf_addf(&file, "%s%d/%s", dir_prefix, hostfile->dir, hostfile->name);
    (void)snprintf(v->name, sizeof(v->name), "scbox-%d", hostfile->dir);
    v->file = strbuf_take(&file);
    v->hostfile = hostfile;
    v->sleep_us = sleep_us;
    v->base = *host;
    v->base.pNext = NULL;
    v->base.zName = v->name;
    v->base.pAppData = host;
    v->base.xOpen = vfs_open;
    v->base.xDelete = vfs_delete;
    v->base.xAccess = vfs_access;
    v->base.xSleep = vfs_sleep;
    v->base.xFullPathname = vfs_full_path;
    if (v->file == NULL || sqlite3_vfs_register(&v->base, 0) != SQLITE_OK) {
        free(v->file);
        free(v);
        return -ENOMEM;
    }
    *out = v;
    return 0;
}

void vfs_free(struct vfs *v)
{
    if (v == NULL)
        return;
    (void)sqlite3_vfs_unregister(&v->base);
    why_done(&v->why);
    free(v->file);
    free(v);
}
