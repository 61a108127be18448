/* SPDX-License-Identifier: MIT */
#include "tests/slow/open.h"

#include "fsdrivers/registry.h"
#include "tests/slow/slowfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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
           (req->opts != NULL && strstr(req->opts, "devices") != NULL);
}

/** slow_plan.on_worker: wait at the gate, a FIFO, until it is gone. Who waits there has it open, so that others
 * can see it. */
static int wait_at_gate(void *user)
{
    const struct timespec moment = {.tv_nsec = MOMENT_NS};
    struct slow_plan *plan = user;
    const char *gate = getenv("SCBOX_SLOW_GATE");
    int fd = gate != NULL ? open(gate, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;

    if (fd < 0)
        return 0;
    while (access(gate, F_OK) == 0 && !atomic_load(&plan->interrupted))
        (void)nanosleep(&moment, NULL);
    (void)close(fd);
    return atomic_exchange(&plan->interrupted, false) ? -EINTR : 0;
}

/** slow_plan.on_interrupt: let who waits there pass, or comes there. */
static void open_gate(void *user)
{
    struct slow_plan *plan = user;

    atomic_store(&plan->interrupted, true);
}

int slow_open(const char *driver, const struct fs_open *req, struct fs **out)
{
    static struct slow_plan plan;
    struct fs *slow;
    struct fs *fs;
    int err = registry_open(driver, req, &fs);

    if (err < 0)
        return err;
    if (plan.user == NULL) { /* once: workers read it */
        plan.percent = (unsigned)number_of("SCBOX_SLOW", SCBOX_SLOW);
        plan.seed = number_of("SCBOX_SLOW_SEED", 1);
        plan.on_worker = wait_at_gate;
        plan.on_interrupt = open_gate;
        plan.user = &plan;
    }
    slow = asks_machine(fs, req) ? NULL : slowfs_over(&plan, fs);
    *out = slow != NULL ? slow : fs;
    return 0;
}
