/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/vfs.h"

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

/* ---- Opening ---- */

/* The store that a name of SQLite belongs to, and the rest of the name; NULL: none. */
static struct vfs *owner_of(const char *path, const char **out_name)
{
    char vfs_name[VFS_NAME_SIZE];
    sqlite3_vfs *found;
    char *end;
    unsigned long dir;

    if (strncmp(path, dir_prefix, sizeof(dir_prefix) - 1) != 0)
        return NULL;
    dir = strtoul(path + sizeof(dir_prefix) - 1, &end, 10);
    if (*end != '/')
        return NULL;
    (void)snprintf(vfs_name, sizeof(vfs_name), "scbox-%lu", dir);
    found = sqlite3_vfs_find(vfs_name);
    *out_name = end + 1;
    return found != NULL ? container_of(found, struct vfs, base) : NULL;
}

/* Open a file beside the database. The index is mapped into memory: nobody else may cut it short. */
static int open_side(struct vfs *v, const char *suffix, int flags, mode_t mode)
{
    struct why *why = v->refused == 0 ? &v->why : NULL;
    int fd = hostfile_open_beside(v->hostfile, suffix, flags & ~(O_NOFOLLOW | O_EXCL), mode, why);

    if (fd >= 0 && strcmp(suffix, VFS_INDEX) == 0 && !hostfile_is_private(fd)) {
        (void)close(fd);
        fd = why_add(why, -EACCES, "%s%s can be written by others", v->hostfile->path, suffix);
    }
    if (fd < 0 && v->refused == 0 && v->why.count > 0)
        v->refused = fd;
    return fd;
}

static int open_of(struct vfs *v, const char *name, int flags, mode_t mode)
{
    size_t len = strlen(v->hostfile->name);

    if (strcmp(name, v->hostfile->name) == 0)
        return hostfile_reopen(v->hostfile, flags);
    if (strncmp(name, v->hostfile->name, len) == 0) {
        for (size_t i = 0; i < SIDE_COUNT; i++) {
            if (strcmp(name + len, side_suffixes[i]) == 0)
                return open_side(v, side_suffixes[i], flags, mode);
        }
    }
    return -EACCES;
}

/* What SQLite calls instead of open(). */
static int open_instead(const char *path, int flags, int mode)
{
    const char *name;
    struct vfs *v = owner_of(path, &name);
    int fd;

    if (v == NULL)
        return open(path, flags, mode);
    fd = open_of(v, name, flags, (mode_t)mode);
    if (fd >= 0)
        return fd;
    errno = -fd;
    return -1;
}

static void use_open_instead(void)
{
    sqlite3_vfs *host = sqlite3_vfs_find("unix");

    if (host->xGetSystemCall(host, "open") != (sqlite3_syscall_ptr)open_instead)
        (void)host->xSetSystemCall(host, "open", (sqlite3_syscall_ptr)open_instead);
}

/* ---- The VFS: the default one, but for the meaning of names ---- */

static sqlite3_vfs *under(const sqlite3_vfs *base)
{
    return base->pAppData;
}

static int vfs_open(sqlite3_vfs *base, const char *name, sqlite3_file *f, int flags, int *out)
{
    return under(base)->xOpen(under(base), name, f, flags, out);
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync)
{
    const struct vfs *v = container_of(base, struct vfs, base);
    size_t len = strlen(v->file);
    int rc = under(base)->xDelete(under(base), name, sync);

    if (rc == SQLITE_OK && strncmp(name, v->file, len) == 0)
        hostfile_forget_beside(v->hostfile, name + len);
    return rc;
}

static int vfs_access(sqlite3_vfs *base, const char *name, int what, int *out)
{
    return under(base)->xAccess(under(base), name, what, out);
}

/* Names are what they shall be already: the default would look links up. */
static int vfs_full_path(sqlite3_vfs *base, const char *name, int size, char *out)
{
    (void)base;
    return snprintf(out, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

int vfs_new(struct hostfile *hostfile, struct vfs **out)
{
    sqlite3_vfs *host = sqlite3_vfs_find(NULL);
    struct vfs *v = calloc(1, sizeof(*v));
    struct strbuf file = STRBUF_INIT;

    if (v == NULL || host == NULL) {
        free(v);
        return -ENOMEM;
    }
    use_open_instead();
    (void)strbuf_addf(&file, "%s%d/%s", dir_prefix, hostfile->dir, hostfile->name);
    (void)snprintf(v->name, sizeof(v->name), "scbox-%d", hostfile->dir);
    v->file = strbuf_take(&file);
    v->hostfile = hostfile;
    v->base = *host;
    v->base.pNext = NULL;
    v->base.zName = v->name;
    v->base.pAppData = host;
    v->base.xOpen = vfs_open;
    v->base.xDelete = vfs_delete;
    v->base.xAccess = vfs_access;
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
