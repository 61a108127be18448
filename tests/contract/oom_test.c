/* SPDX-License-Identifier: MIT */
/* Every allocation fails once: each operation then succeeds or changes nothing, and nothing is
 * leaked. */
#include "tests/contract/alloc.h"
#include "tests/contract/bed.h"

#include <string.h>

enum { STEP_COUNT = 8, OOM_MAX = 400 };

static int step(struct bed *b, int number)
{
    static char bytes[20000];

    memset(bytes, 'x', sizeof(bytes));
    switch (number) {
    case 0:
        return FS(mkdir, "/d", 0755);
    case 1:
        return FS(mknod, "/d/f", S_IFREG | 0644);
    case 2:
        return (int)bed_write(b, "/d/f", bytes, sizeof(bytes), 70000, NULL);
    case 3:
        return FS(symlink, "target", "/d/l");
    case 4:
        return FS(link, "/d/f", "/g");
    case 5:
        return FS(rename, "/d", "/e", FS_RENAME_REPLACE);
    case 6:
        return FS(truncate, "/g", 75000, NULL);
    default:
        return FS(unlink, "/e/f");
    }
}

/* Do all steps with allocation @n failing; a step that failed is done again. Returns whether one
 * failed. */
static bool run_with_failure(struct bed *b, long n)
{
    bool failed = false;

    alloc_fail_after(n);
    for (int i = 0; i < STEP_COUNT; i++) {
        int err = step(b, i);

        if (err >= 0)
            continue;
        cr_assert(err == -ENOSPC || err == -ENOMEM, "step %d: %d", i, err);
        failed = true;
        alloc_fail_after(-1);
        err = step(b, i);
        cr_assert(err >= 0, "step %d again: %d", i, err);
    }
    alloc_fail_after(-1);
    return failed;
}

static void every_allocation(const char *driver)
{
    bool failed = true;

    for (long n = 0; failed && n < OOM_MAX; n++) {
        struct bed b;

        bed_init(&b, driver);
        IS(bed_open(&b, NULL), 0);
        failed = run_with_failure(&b, n);
        cr_assert_str_eq(names_of(&b, "/"), " e g");
        cr_assert_str_eq(names_of(&b, "/e"), " l");
        IS(stat_of(&b, "/g").size, 75000);
        IS(stat_of(&b, "/g").nlink, 1);
        bed_done(&b);
    }
    cr_assert(!failed);
}

#define OPERATIONS_TEST(driver, name, options)                                                     \
    Test(driver, name)                                                                             \
    {                                                                                              \
        every_allocation(#driver);                                                                 \
    }
CONTRACT_OWN_DRIVERS(OPERATIONS_TEST, allocation_fails_nothing_changes, NULL)

static void open_with_failures(const char *driver)
{
    int err = -ENOMEM;

    for (long n = 0; err < 0 && n < OOM_MAX; n++) {
        struct bed b;

        bed_init(&b, driver);
        alloc_fail_after(n);
        err = bed_open(&b, "quota_bytes=1M");
        alloc_fail_after(-1);
        cr_assert(err == 0 || err == -ENOMEM || err == -ENOSPC, "allocation %ld: %d", n, err);
        bed_done(&b);
    }
    IS(err, 0);
}

#define OPEN_TEST(driver, name, options)                                                           \
    Test(driver, name)                                                                             \
    {                                                                                              \
        open_with_failures(#driver);                                                               \
    }
CONTRACT_OWN_DRIVERS(OPEN_TEST, open_allocation_fails_ENOMEM, NULL)
OPEN_TEST(devfs, open_allocation_fails_ENOMEM, NULL)
