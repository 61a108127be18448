/* SPDX-License-Identifier: MIT */
#include "server/kernel/fs/mount.h"

#include "server/base/check.h"
#include "server/kernel/door/driver.h"
#include "server/kernel/door/slow.h"
#include "server/kernel/fs/node.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NS_PER_MS = 1000000 };

/** Free a mount whose instance is destroyed. */
static void mount_free(struct mount *m)
{
    const bool kept = slow_free(m->slow);

    free(m->driver);
    free(m->opts);
    if (!kept)
        free(m);
}

static int copy_origin(struct mount *m, const struct mount_origin *origin)
{
    m->machine = origin->machine;
    m->from_handle = origin->source != NULL;
    m->maker = origin->maker;
    m->driver = strdup(origin->driver);
    if (m->driver == NULL)
        return -ENOMEM;
    if (origin->opts == NULL)
        return 0;
    m->opts = strdup(origin->opts);
    return m->opts != NULL ? 0 : -ENOMEM;
}

/** Ask the driver about the instance. */
static void take_status(struct mount *m, const struct fs_caller *who)
{
    struct fs_statfs st = {0};

    if (driver_statfs(m, who, &st) < 0)
        return;
    m->readonly = st.readonly;
    m->no_create = st.no_create;
    m->no_move = st.no_move;
    m->no_delete = st.no_delete;
}

/** Make the instance, with the mount as its environment. */
static int open_source(struct mount *m, const struct mount_origin *origin,
                       const struct fs_open *req)
{
    struct fs_env env = *req->env;
    struct fs_open own = *req;
    int err = 0;

    env.user = m;
    own.env = &env;
    if (origin->source != NULL && !own.directory)
        err = mount_stand_on(m, origin->source->mount, req->why);
    m->offered = own.directory ? origin->source : NULL;
    if (err == 0)
        err = driver_open_source(m, origin->driver, &own);
    m->offered = NULL;
    return err;
}

int mount_stand_on(struct mount *above, const struct mount *below, struct why *why)
{
    if (above == below || above->stood_on > 0)
        return why_add(
            why, -ELOOP,
            "a filesystem can't stand on itself, and one that another stands on takes no "
            "more sources");
    if (below->depth >= MOUNT_DEPTH_MAX)
        return why_add(why, -EMFILE, "more than %d filesystems would stand on each other",
                       MOUNT_DEPTH_MAX);
    if (above->depth <= below->depth)
        above->depth = below->depth + 1;
    return 0;
}

int mount_new(const struct mount_origin *origin, const struct fs_open *req, struct mount **out)
{
    struct mount *mount = calloc(1, sizeof(*mount));
    int err;

    if (mount == NULL)
        return -ENOMEM;
    mount->refs = 1;
    err = copy_origin(mount, origin);
    if (err == 0)
        err = node_new_root(mount, &mount->root);
    if (err == 0)
        err = open_source(mount, origin, req);
    if (err < 0) {
        (void)node_unref(mount->root);
        mount_free(mount);
        return err;
    }
    mount->kind = mount->fs->driver;
    mount->machine->helpers += mount->kind->helper;
    take_status(mount, &req->who);
    list_append(&mount->machine->mounts, &mount->link);
    mount->machine->census.mounts++;
    *out = mount;
    return 0;
}

struct mount *mount_ref(struct mount *m)
{
    m->refs++;
    return m;
}

struct mount *mount_unref(struct mount *m)
{
    struct why why = WHY_INIT;

    if (m == NULL || --m->refs > 0)
        return NULL;
    timer_clear(&m->machine->clock.host_timers, &m->commit_timer);
    timer_clear(&m->machine->clock.host_timers, &m->tidy_timer);
    list_del(&m->link);
    driver_destroy(m, &why);
    for (size_t i = 0; i < why.count; i++)
        machine_loss(m->machine, "%s: %s", m->driver, why.text[i]);
    why_done(&why);
    (void)node_unref(m->root);
    m->machine->helpers -= m->kind->helper;
    m->machine->census.mounts--;
    mount_free(m);
    return NULL;
}

/** Let a timer fire in @ms. Returns 0, -ENOMEM. */
static int set_timer(struct mount *m, struct timer *t, uint64_t ms, timer_fn fire)
{
    struct machine *machine = m->machine;
    uint64_t deadline = machine_host_ns(machine) + ms * NS_PER_MS;
    int err = timer_set(&machine->clock.host_timers, t, deadline, fire);

    if (err == 0)
        machine_arm(machine);
    return err;
}

static void on_tidy_timer(struct timer *t);

/** Schedule tidy(). Without memory for the timer the next change does it. */
static void tidy_later(struct mount *m)
{
    if (!m->fs->untidy || timer_is_set(&m->tidy_timer))
        return;
    m->changes_seen = m->changes;
    (void)set_timer(m, &m->tidy_timer, FS_TIDY_MS, on_tidy_timer);
}

static void on_tidy_timer(struct timer *t)
{
    struct mount *m = container_of(t, struct mount, tidy_timer);

    if (m->changes == m->changes_seen && !m->fs->pending)
        driver_tidy(m);
    tidy_later(m);
}

static void on_commit_timer(struct timer *t)
{
    struct mount *m = container_of(t, struct mount, commit_timer);
    int err = driver_commit(m);

    if (err < 0)
        machine_loss(m->machine, "%s: writing gathered changes failed: %s", m->driver,
                     sc_errno_name(err));
    tidy_later(m);
}

int mount_answer(struct mount *m, int err, const char *what, struct why *why)
{
    mount_changed(m);
    if (err == -ENOSYS && what != NULL)
        return why_add(why, -ENOTSUP, "driver %s can't %s", m->driver, what);
    if (err == -EROFS || err == -ENOSYS)
        return why_add(why, -EROFS, "this filesystem of driver %s is read-only", m->driver);
    if (err == -EBUSY)
        return why_add(
            why, -EBUSY,
            "another process of the host holds the write lock of this filesystem's store "
            "(driver %s): try again when it is done",
            m->driver);
    return err;
}

int mount_granted(const struct mount *m, int err, const char *option, const char *act,
                  struct why *why)
{
    if (err != -EACCES || option == NULL)
        return err;
    return why_add(why, err,
                   "this filesystem of driver %s was made without the option %s: nobody may %s "
                   "names in it",
                   m->driver, option, act);
}

void mount_changed(struct mount *m)
{
    m->changes++;
    tidy_later(m);
    if (!m->fs->pending || timer_is_set(&m->commit_timer))
        return;
    if (set_timer(m, &m->commit_timer, FS_COMMIT_MS, on_commit_timer) < 0)
        (void)driver_commit(m); /* no memory for a timer: now, not later */
}
