/* SPDX-License-Identifier: MIT */
#include "server/host/host.h"

#include "server/base/hostfile.h"
#include "server/host/alarms.h"
#include "server/host/capacity.h"
#include "server/host/heap.h"
#include "server/host/memory.h"
#include "server/host/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/** A directory that may hold sources. */
struct root {
    char *path; /* owned; without links; "" for the host's own root */
    int fd;     /* O_PATH */
};

struct host {
    struct alarms alarms;
    struct heap heap;
    struct workers *workers; /* NULL before it is made */
    struct root *roots;      /* owned */
    size_t root_count;
    int kept; /* O_PATH; a directory that never holds sources, even below a root; -1: none */
    struct hostfiles claims; /* the sources in use */
    host_spawn_fn spawn;
    void *spawn_user;
    struct descriptor_budget budget;
};

static uint64_t host_now_ns(void *host)
{
    (void)host;
    return uv_hrtime();
}

static uint64_t host_wall_ns(void *host)
{
    struct timespec now;

    (void)host;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void host_wake_at(void *host, struct machine *m, uint64_t deadline_ns)
{
    struct host *h = host;

    alarms_set(&h->alarms, m, deadline_ns);
}

static int host_spawn(void *host, struct proc *proc, const struct exec_image *image,
                      struct why *why, struct executor **out)
{
    struct host *h = host;

    if (h->spawn == NULL)
        return why_add(why, -ENOTSUP, "ELF guests are disabled in this daemon");
    return h->spawn(h->spawn_user, proc, image, why, out);
}

static bool is_below(const char *path, const char *root)
{
    size_t len = strlen(root);

    return strncmp(path, root, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/** The innermost root that holds a path without links; NULL: none does. */
static const struct root *root_of(const struct host *h, const char *path)
{
    const struct root *found = NULL;

    for (size_t i = 0; i < h->root_count; i++) {
        const struct root *root = &h->roots[i];

        if (is_below(path, root->path) &&
            (found == NULL || strlen(root->path) > strlen(found->path)))
            found = root;
    }
    return found;
}

/**
 * Open the directory of a path that its text places below a root. The text may be out of date:
 * nothing outside the root is opened, and no link is followed.
 * Returns a descriptor of O_PATH, -errno.
 */
static int open_beneath(const struct root *root, const char *path)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve =
                               RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    const char *rest = path + strlen(root->path);
    char below[PATH_MAX] = ".";
    const char *name = strrchr(rest, '/');
    long fd;

    if (name != NULL && name > rest)
        (void)snprintf(below, sizeof(below), "%.*s", (int)(name - rest) - 1, rest + 1);
    fd = syscall(SYS_openat2, root->fd, below, &how, sizeof(how));
    return fd >= 0 ? (int)fd : -errno;
}

/** Whether a directory lies in the kept one, by whatever path. A root inside the kept directory is
 * fine: the configuration allowed it. */
static bool is_kept(const struct host *h, const struct root *root, int dir)
{
    struct stat kept;
    struct stat top;

    if (h->kept < 0)
        return false;
    if (fstat(h->kept, &kept) < 0 || fstat(root->fd, &top) < 0)
        return true;
    return hostfile_is_beneath(dir, (struct file_id){kept.st_dev, kept.st_ino},
                               &(struct file_id){top.st_dev, top.st_ino});
}

static int outside(const char *path, struct why *why)
{
    return why_add(why, -EACCES,
                   "source '%s' is outside the daemon's source roots; start scboxd with "
                   "--source-root",
                   path);
}

static bool host_descriptors_take(void *host, uint64_t held, uint64_t count)
{
    struct host *h = host;

    return descriptors_take(&h->budget, held, count);
}

static void host_descriptors_give(void *host, uint64_t count)
{
    struct host *h = host;

    descriptors_give(&h->budget, count);
}

/** Open a source for a client: below a root, and not in the kept directory. */
static int open_client_source(struct host *h, const char *path, bool readonly,
                              struct hostfile **out, struct why *why)
{
    char real[PATH_MAX];
    int err = hostfile_resolve(path, real);
    const struct root *root = root_of(h, err == 0 ? real : path);
    int dir;

    if (err == -ENOENT && root != NULL) /* outside the roots, existence is a secret */
        return why_add(why, -ENOENT, "source '%s': its directory does not exist", path);
    if (err < 0)
        return why_add(why, -EACCES, "source '%s': %s", path, strerror(-err));
    if (root == NULL)
        return outside(path, why);
    if (strcmp(real, root->path) == 0 && strlen(real) + 1 < sizeof(real))
        (void)strcat(real, "/"); /* the root itself, not a name in what is above it */
    dir = open_beneath(root, real);
    if (dir == -ELOOP || dir == -EXDEV || dir == -ENOENT || dir == -ENOTDIR || dir == -EAGAIN)
        return why_add(why, -EACCES, "source '%s' was moved while it was being opened", path);
    if (dir < 0)
        return why_add(why, -EACCES, "source '%s': %s", path, strerror(-dir));
    if (is_kept(h, root, dir)) {
        (void)close(dir);
        return why_add(why, -EACCES,
                       "source '%s' is in the daemon's state directory, which holds its own files",
                       path);
    }
    err = hostfile_at(dir, real, &h->claims, readonly, out, why);
    if (err == 0 && h->kept >= 0 && hostfile_holds(*out, h->kept)) {
        hostfile_free(*out);
        return why_add(why, -EACCES,
                       "source '%s' holds the daemon's state directory, with its own files", path);
    }
    return err;
}

static int host_source_open(void *host, const char *path, bool any, bool readonly,
                            struct hostfile **out, struct why *why)
{
    struct host *h = host;

    if (any)
        return hostfile_open(path, &h->claims, readonly, out, why);
    return open_client_source(h, path, readonly, out, why);
}

static int host_worker_new(void *host, struct host_worker **out, struct why *why)
{
    const struct host *h = host;

    return worker_new(h->workers, out, why);
}

const struct host_ops host_ops = {
    .now_ns = host_now_ns,
    .wall_ns = host_wall_ns,
    .wake_at = host_wake_at,
    .spawn = host_spawn,
    .memory_new = host_memory_new,
    .descriptors_take = host_descriptors_take,
    .descriptors_give = host_descriptors_give,
    .source_open = host_source_open,
    .worker_new = host_worker_new,
    .worker_post = worker_post,
    .worker_wait = worker_wait,
    .worker_free = worker_free,
};

/** Open the configured roots that exist. Returns 0, -ENOMEM. */
static int take_roots(struct host *h, const struct strings *roots)
{
    char real[PATH_MAX];

    h->roots = calloc(roots->count + 1, sizeof(*h->roots));
    if (h->roots == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < roots->count; i++) {
        struct root *root = &h->roots[h->root_count];

        root->fd = realpath(roots->at[i], real) != NULL
                       ? open(real, O_PATH | O_DIRECTORY | O_CLOEXEC)
                       : -1;
        if (root->fd < 0) {
            log_line(LOG_WARN, "source root %s is not used: %s", roots->at[i], strerror(errno));
            continue;
        }
        h->root_count++;
        root->path = strdup(strcmp(real, "/") == 0 ? "" : real);
        if (root->path == NULL)
            return -ENOMEM;
    }
    return 0;
}

int host_new(uv_loop_t *loop, const struct strings *roots, const char *kept, struct host **out)
{
    struct host *h = calloc(1, sizeof(*h));
    int err;

    if (h == NULL)
        return -ENOMEM;
    h->budget.pool = UINT64_MAX;
    h->kept = -1;
    hostfiles_init(&h->claims);
    err = take_roots(h, roots);
    if (err == 0 && kept != NULL) {
        h->kept = open(kept, O_PATH | O_DIRECTORY | O_CLOEXEC);
        err = h->kept < 0 ? -errno : 0;
    }
    if (err == 0)
        err = workers_new(loop, &h->workers);
    if (err == 0)
        err = alarms_init(&h->alarms, loop);
    if (err == 0)
        heap_init(&h->heap, loop);
    if (err < 0) {
        host_free(h);
        return err;
    }
    *out = h;
    return 0;
}

void host_close(struct host *h)
{
    alarms_close(&h->alarms);
    workers_close(h->workers);
    heap_close(&h->heap);
}

void host_set_spawn(struct host *h, host_spawn_fn spawn, void *user)
{
    h->spawn = spawn;
    h->spawn_user = user;
}

void host_set_budget(struct host *h, const struct descriptor_budget *budget)
{
    h->budget = *budget;
}

void host_free(struct host *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; i < h->root_count; i++) {
        (void)close(h->roots[i].fd);
        free(h->roots[i].path);
    }
    free(h->roots);
    if (h->kept >= 0)
        (void)close(h->kept);
    free(h);
}
