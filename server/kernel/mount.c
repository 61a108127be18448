/* SPDX-License-Identifier: MIT */
#include "server/kernel/mount.h"
#include "server/base/check.h"
#include "server/kernel/machine.h"
#include "server/kernel/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NS_PER_MS = 1000000 };

int mount_new(struct machine *m, struct fs *fs, const char *driver, int32_t maker,
              struct mount **out)
{
    struct mount *mount = calloc(1, sizeof(*mount));
    struct fs_statfs st = {0};
    int err = -ENOMEM;

    if (mount == NULL)
        return -ENOMEM;
    mount->machine = m;
    mount->maker = maker;
    mount->refs = 1;
    mount->driver = strdup(driver);
    if (mount->driver == NULL)
        goto out;
    err = node_new_root(mount, &mount->root);
    if (err < 0)
        goto out;
    mount->readonly = fs->ops->statfs(fs, &st) == 0 && st.readonly;
    mount->fs = fs;
    list_append(&m->mounts, &mount->link);
    m->census.mounts++;
    *out = mount;
    return 0;
out:
    free(mount->driver);
    free(mount);
    return err;
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
    timer_clear(&m->machine->host_timers, &m->commit_timer);
    list_del(&m->link);
    m->fs->ops->destroy(m->fs, &why);
    for (size_t i = 0; i < why.count; i++)
        event_note(m->machine, 0, "%s: %s", m->driver, why.text[i]);
    why_done(&why);
    (void)node_unref(m->root);
    m->machine->census.mounts--;
    free(m->driver);
    free(m);
    return NULL;
}

static void on_commit_timer(struct timer *t)
{
    struct mount *m = container_of(t, struct mount, commit_timer);
    int err = m->fs->ops->commit(m->fs);

    if (err < 0)
        event_note(m->machine, 0, "%s: writing gathered changes failed: %s", m->driver,
                   sc_errno_name(err));
}

void mount_changed(struct mount *m)
{
    struct machine *machine = m->machine;
    uint64_t deadline;

    if (!m->fs->pending || timer_is_set(&m->commit_timer))
        return;
    deadline = machine->ops->now_ns(machine->host) + (uint64_t)FS_COMMIT_MS * NS_PER_MS;
    if (timer_set(&machine->host_timers, &m->commit_timer, deadline, on_commit_timer) < 0)
        (void)m->fs->ops->commit(m->fs); /* no memory for a timer: now instead of later */
    else
        machine_arm(machine);
}
