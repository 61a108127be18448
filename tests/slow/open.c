/* SPDX-License-Identifier: MIT */
#include "tests/slow/open.h"

#include "fsdrivers/registry.h"
#include "tests/slow/slowfs.h"

#include <stdlib.h>
#include <string.h>

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

int slow_open(const char *driver, const struct fs_open *req, struct fs **out)
{
    static struct slow_plan plan;
    struct fs *slow;
    struct fs *fs;
    int err = registry_open(driver, req, &fs);

    if (err < 0)
        return err;
    plan.percent = (unsigned)number_of("SCBOX_SLOW", SCBOX_SLOW);
    plan.seed = number_of("SCBOX_SLOW_SEED", 1);
    slow = asks_machine(fs, req) ? NULL : slowfs_over(&plan, fs);
    *out = slow != NULL ? slow : fs;
    return 0;
}
