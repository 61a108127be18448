/* SPDX-License-Identifier: MIT */
#include "tests/slow/open.h"

#include "fsdrivers/registry.h"
#include "tests/slow/slowfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOMENT_NS = 1000000 }; /* between two looks at the gate */

/** A number of the environment, @otherwise when it has none. */
static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/** Whether it asks the machine for what a worker is not told. */
static bool asks_machine(const struct fs *fs, const struct fs_open *req)
{
    return strcmp(fs->driver->name, "devfs") == 0 || strcmp(fs->driver->name, "procfs") == 0 ||
           fs->driver->layered || (req->opts != NULL && strstr(req->opts, "devices") != NULL);
}

/** Whether the gate is the FIFO that is open as @fd. */
static bool is_gate(const char *gate, int fd)
{
    struct stat there;
    struct stat ours;

    return stat(gate, &there) == 0 && fstat(fd, &ours) == 0 && there.st_ino == ours.st_ino;
}

/** slow_plan.on_worker: wait at the gate, a FIFO, until it is gone or another one. The waiting slot has it open,
 * so that others can see it. */
static int wait_at_gate(void *user, atomic_bool *interrupted)
{
    const struct timespec moment = {.tv_nsec = MOMENT_NS};
    const char *gate = getenv("SCBOX_SLOW_GATE");
    int fd = gate != NULL ? open(gate, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;

    (void)user;
    if (fd < 0)
        return 0;
    while (is_gate(gate, fd) && !atomic_load(interrupted))
        (void)nanosleep(&moment, NULL);
    (void)close(fd);
    return atomic_exchange(interrupted, false) ? -EINTR : 0;
}

static struct slow_plan plan;

/** What was opened, as it shall be seen. */
static struct fs *made_slow(struct fs *fs)
{
    struct fs *slow = slowfs_over(&plan, fs);

    return slow != NULL ? slow : fs;
}

/** An instance that waits at the gate to be made. */
struct slow_opening {
    struct fs_opening base;
    struct fs *fs;
};

/** fs_opening.drop */
static void drop(struct fs_opening *base)
{
    struct slow_opening *o = (struct slow_opening *)base;

    slowfs_drop(o->fs);
    free(o);
}

/** fs_opening.open */
static int open_later(struct fs_opening *base, struct why *why, struct fs **out)
{
    struct slow_opening *o = (struct slow_opening *)base;

    atomic_bool interrupted =
        false; /* never: an instance that is being made is given up, not interrupted */

    (void)why;
    (void)wait_at_gate(&plan, &interrupted);
    *out = made_slow(o->fs);
    free(o);
    return 0;
}

static void read_plan(void)
{
    if (plan.user != NULL)
        return; /* once: workers read it */
    plan.percent = (unsigned)number_of("SCBOX_SLOW", SCBOX_SLOW);
    plan.seed = number_of("SCBOX_SLOW_SEED", 1);
    plan.on_worker = wait_at_gate;
    plan.user = &plan;
}

int slow_open(const char *driver, const struct fs_open *req, struct fs **out)
{
    struct slow_opening *o;
    struct fs *fs;
    int err = registry_open(driver, req, &fs);

    if (err < 0)
        return err;
    read_plan();
    o = req->later != NULL && req->handle == NULL && !asks_machine(fs, req) ? calloc(1, sizeof(*o))
                                                                            : NULL;
    if (o == NULL) {
        *out = asks_machine(fs, req) ? fs : made_slow(fs);
        return 0;
    }
    o->base = (struct fs_opening){open_later, drop, fs->timeout_s};
    o->fs = fs;
    *req->later = &o->base;
    return FS_WOULD_WAIT;
}

bool slow_waits(const char *driver)
{
    return strcmp(driver, "devfs") != 0 && strcmp(driver, "procfs") != 0 &&
           strcmp(driver, "unionfs") != 0;
}
