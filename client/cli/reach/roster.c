/* SPDX-License-Identifier: MIT */
#include "client/cli/reach/roster.h"

#include "client/cli/base/host_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char dir_name[] = "private";

/* The directory of the user's own socket, without a slash at its end. Returns 0 or -errno. */
static int runtime_dir(char *out, size_t size)
{
    const char *named = getenv("SCBOX_SOCKET");
    char *slash;

    if (named != NULL && *named != '\0')
        return -ENOENT; /* a named daemon is used instead */
    if (scbox_default_socket(out, size) < 0)
        return -ENAMETOOLONG;
    slash = strrchr(out, '/');
    if (slash == NULL || slash == out)
        return -ENOENT;
    *slash = '\0';
    return 0;
}

/* Check that a directory is private to the user. Returns 0 or -errno. */
static int check_dir(const char *path, struct why *why)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode))
        return why_add(why, -ENOTDIR, "%s is not a directory", path);
    if (st.st_uid != geteuid())
        return why_add(why, -EPERM, "%s belongs to another user", path);
    if ((st.st_mode & 077) != 0)
        return why_add(why, -EPERM, "other users can enter %s; chmod 700 it", path);
    return 0;
}

/* Make a directory that is private to the user. Returns as check_dir(). */
static int make_dir(const char *path, struct why *why)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return why_add(why, -errno, "%s: %s", path, strerror(errno));
    return check_dir(path, why);
}

int roster_entry(const char *command, char **out, struct why *why)
{
    char dir[PATH_MAX];
    char *path = NULL;
    int err = runtime_dir(dir, sizeof dir);

    if (err == 0)
        err = make_dir(dir, why);
    if (err == 0 && asprintf(&path, "%s/%s", dir, dir_name) < 0)
        return -ENOMEM;
    if (err == 0)
        err = make_dir(path, why);
    if (err == 0 && asprintf(out, "%s/%s-%ld", path, command, (long)getpid()) < 0)
        err = -ENOMEM;
    free(path);
    return err;
}

int roster_add(const char *entry, const char *socket)
{
    if (symlink(socket, entry) == 0)
        return 0;
    if (errno != EEXIST || unlink(entry) < 0) /* of an earlier process with the same number */
        return -errno;
    return symlink(socket, entry) == 0 ? 0 : -errno;
}

/* The target of an entry; NULL: it is not a link. */
static char *target_of(const char *entry)
{
    char target[PATH_MAX];
    ssize_t len = readlink(entry, target, sizeof target - 1);

    return len > 0 && target[0] == '/' ? strndup(target, (size_t)len) : NULL;
}

/* "scbox shell (process 1234)" of the entry shell-1234. */
static char *owner_of(const char *name)
{
    const char *dash = strchr(name, '-');
    char *owner = NULL;

    if (dash == NULL ||
        asprintf(&owner, "scbox %.*s (process %s)", (int)(dash - name), name, dash + 1) < 0)
        return NULL;
    return owner;
}

/* Whether the process that listens is this user's. */
static bool is_ours(const struct scbox_conn *conn)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(scbox_fd(conn), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           peer.uid == geteuid();
}

/* Connect to the daemon of an entry, and remove a stale entry. NULL: no daemon of this user. */
static struct scbox_conn *connect_to(const char *entry, const char *socket)
{
    struct scbox_error error = SCBOX_ERROR_INIT;
    struct scbox_conn *conn = NULL;
    int err = scbox_connect(socket, &conn, &error);

    scbox_error_done(&error);
    if (err == -ECONNREFUSED || err == -ENOENT || err == -ENOTDIR)
        (void)unlink(entry);
    if (err == 0 && is_ours(conn))
        return conn;
    scbox_disconnect(conn);
    return NULL;
}

/* Add the daemon of a directory entry. */
static void take_entry(struct roster *r, const char *dir, const char *name)
{
    struct scbox_conn *conn = NULL;
    char *owner = owner_of(name);
    char *socket = NULL;
    char *entry = NULL;

    if (owner != NULL && asprintf(&entry, "%s/%s", dir, name) >= 0)
        socket = target_of(entry);
    if (socket != NULL)
        conn = connect_to(entry, socket);
    if (conn != NULL) {
        (void)strbuf_addf(&r->list, "  %s  %s\n", socket, owner);
        if (r->count++ == 0) {
            r->conn = conn;
            r->socket = socket;
            r->owner = owner;
            conn = NULL;
            socket = NULL;
            owner = NULL;
        }
    }
    scbox_disconnect(conn);
    free(entry);
    free(socket);
    free(owner);
}

void roster_find(struct roster *out)
{
    char runtime[PATH_MAX];
    struct dirent *entry;
    char *path = NULL;
    DIR *dir = NULL;

    *out = (struct roster){.list = STRBUF_INIT};
    if (runtime_dir(runtime, sizeof runtime) == 0 && check_dir(runtime, NULL) == 0 &&
        asprintf(&path, "%s/%s", runtime, dir_name) < 0)
        path = NULL;
    if (path != NULL && check_dir(path, NULL) == 0)
        dir = host_dir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        take_entry(out, path, entry->d_name);
    if (dir != NULL)
        (void)closedir(dir);
    free(path);
}

void roster_done(struct roster *r)
{
    scbox_disconnect(r->conn);
    free(r->socket);
    free(r->owner);
    strbuf_done(&r->list);
    *r = (struct roster){.list = STRBUF_INIT};
}
