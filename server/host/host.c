/* SPDX-License-Identifier: MIT */
#include "server/host/host.h"

#include "server/host/alarms.h"
#include "server/host/capacity.h"
#include "server/host/heap.h"
#include "server/host/memory.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct host {
    struct alarms alarms;
    struct heap heap;
    struct strings roots; /* real paths */
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
        return why_add(why, -ENOTSUP, "this daemon runs no ELF guests");
    return h->spawn(h->spawn_user, proc, image, why, out);
}

/** The real path of @path, whose last component need not exist yet. @out has PATH_MAX bytes. */
static int real_path(const char *path, char *out)
{
    char parent[PATH_MAX];
    struct stat st;
    char *slash;

    if (realpath(path, out) != NULL)
        return 0;
    if (errno != ENOENT || strlen(path) >= sizeof(parent))
        return -errno;
    (void)strcpy(parent, path);
    slash = strrchr(parent, '/');
    if (slash == NULL || strcmp(slash, "/..") == 0 || slash[1] == '\0')
        return -ENOENT;
    *slash = '\0';
    if (realpath(slash == parent ? "/" : parent, out) == NULL)
        return -errno;
    if (strlen(out) + strlen(slash + 1) + 2 > PATH_MAX)
        return -ENAMETOOLONG;
    if (strcmp(out, "/") != 0)
        (void)strcat(out, "/");
    (void)strcat(out, slash + 1);
    return lstat(out, &st) == 0 ? -ELOOP : 0; /* a link to nowhere: who opens it would follow it */
}

static bool is_below(const char *path, const char *root)
{
    size_t len = strlen(root);

    if (strcmp(root, "/") == 0)
        return true;
    return strncmp(path, root, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static bool is_below_any(const char *path, const struct strings *roots)
{
    for (size_t i = 0; i < roots->count; i++) {
        if (is_below(path, roots->at[i]))
            return true;
    }
    return false;
}

static int host_source_allowed(void *host, const char *path, struct why *why)
{
    const struct host *h = host;
    char real[PATH_MAX];
    int err;

    if (path[0] != '/' || path[1] == '/')
        return why_add(why, -EACCES, "source '%s' is no absolute path of the host", path);
    err = real_path(path, real);
    if (err == -ENOENT && is_below_any(path, &h->roots)) /* elsewhere nobody learns what exists */
        return why_add(why, -ENOENT, "source '%s': its folder does not exist", path);
    if (err < 0)
        return why_add(why, -EACCES, "source '%s': %s", path, strerror(-err));
    if (is_below_any(real, &h->roots))
        return 0;
    return why_add(why, -EACCES,
                   "source '%s' is outside of the daemon's source roots; start scboxd with "
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

const struct host_ops host_ops = {
    .now_ns = host_now_ns,
    .wall_ns = host_wall_ns,
    .wake_at = host_wake_at,
    .spawn = host_spawn,
    .memory_new = host_memory_new,
    .descriptors_take = host_descriptors_take,
    .descriptors_give = host_descriptors_give,
    .source_allowed = host_source_allowed,
};

/** Take over the roots there are. Returns 0, -ENOMEM. */
static int take_roots(struct host *h, const struct strings *roots)
{
    char real[PATH_MAX];

    for (size_t i = 0; i < roots->count; i++) {
        if (realpath(roots->at[i], real) == NULL)
            log_line(LOG_WARN, "source root %s is not used: %s", roots->at[i], strerror(errno));
        else if (strings_add(&h->roots, real) < 0)
            return -ENOMEM;
    }
    return 0;
}

int host_new(uv_loop_t *loop, const struct strings *roots, struct host **out)
{
    struct host *h = calloc(1, sizeof(*h));
    int err;

    if (h == NULL)
        return -ENOMEM;
    h->budget.pool = UINT64_MAX;
    err = take_roots(h, roots);
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
    for (size_t i = 0; i < h->roots.count; i++)
        free(h->roots.at[i]);
    free(h->roots.at);
    free(h);
}
