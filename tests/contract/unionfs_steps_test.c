/* SPDX-License-Identifier: MIT */
/*
 * Changes of a unionfs that fail at each of their steps in turn: a slot of a layer answers -EIO, or an allocation
 * fails. Then the tree is as it was, no layer has temporary files, and the change can be made.
 */
#include "tests/contract/alloc.h"
#include "tests/contract/digest.h"
#include "tests/contract/layers.h"
#include "tests/slow/slowfs.h"

#include <string.h>

enum { STEPS_MAX = 3000 };

static int left; /* slots of layers that will succeed; < 0 all */

/* slow_plan.on_worker */
static int fail_one(void *user, atomic_bool *interrupted)
{
    (void)user;
    (void)interrupted;
    return left >= 0 && left-- == 0 ? -EIO : 0;
}

static struct slow_plan plan = {.on_worker = fail_one};

/* What the lower layer has. */
static void populate(struct bed *b)
{
    static char bytes[100000];

    fill(bytes, sizeof(bytes), 9);
    IS(FS(mkdir, "/d", 0711), 0);
    IS(FS(mkdir, "/d/e", 0755), 0);
    put_file(b, "/d/e/f", bytes, sizeof(bytes));
    put_file(b, "/d/g", "g", 1);
    IS(FS(link, "/d/g", "/h"), 0);
    IS(FS(symlink, "to", "/d/l"), 0);
    IS(FS(mkdir, "/empty", 0755), 0);
    IS(FS(chown, "/d/g", 3, 4, NULL), 0);
    IS(FS(chmod, "/d/g", 04600, NULL), 0);
}

typedef int (*change_fn)(struct bed *b);

static int write_file(struct bed *b)
{
    int64_t put = bed_write(b, "/d/e/f", "x", 1, 7, NULL);

    return put < 0 ? (int)put : 0;
}

static int write_linked(struct bed *b)
{
    int64_t put = bed_write(b, "/h", "x", 1, 0, NULL);

    return put < 0 ? (int)put : 0;
}

static int cut(struct bed *b)
{
    return FS(truncate, "/d/e/f", 100, NULL);
}

static int unlink_file(struct bed *b)
{
    return FS(unlink, "/d/e/f");
}

static int unlink_linked(struct bed *b)
{
    return FS(unlink, "/d/g");
}

static int remove_dir(struct bed *b)
{
    return FS(rmdir, "/empty");
}

static int move_tree(struct bed *b)
{
    return FS(rename, "/d", "/empty", FS_RENAME_REPLACE);
}

static int move_over(struct bed *b)
{
    return FS(rename, "/d/e/f", "/h", FS_RENAME_REPLACE);
}

static int exchange(struct bed *b)
{
    return FS(rename, "/d", "/h", FS_RENAME_EXCHANGE);
}

static int link_file(struct bed *b)
{
    return FS(link, "/d/l", "/m");
}

static int make_dir(struct bed *b)
{
    return FS(mkdir, "/d/e/new", 0755);
}

static int change_dir(struct bed *b)
{
    return FS(chmod, "/d/e", 0700, NULL);
}

static const change_fn changes[] = {write_file,    write_linked, cut,       unlink_file,
                                    unlink_linked, remove_dir,   move_tree, move_over,
                                    exchange,      link_file,    make_dir,  change_dir};

enum { CHANGE_COUNT = sizeof(changes) / sizeof(changes[0]) };

/* A bed whose layers may fail, with an open file and an open directory. */
struct steps {
    struct bed bed;
    struct fs_file file;
    struct fs_file dir;
    uint64_t before; /* digests */
    uint64_t lower;
};

static void steps_open(struct steps *s)
{
    struct bed *b = &s->bed;
    struct bed lower;

    bed_init(b, "unionfs");
    lower = layers_bed(b, 1);
    populate(&lower);
    s->lower = digest_tree(lower.fs, &lower.who);
    left = -1;
    for (unsigned i = 0; i < 2; i++)
        b->layer[i].fs = slowfs_over(&plan, b->layer[i].fs);
    IS(bed_open(b, NULL), 0);
    open_file(b, "/d/e/f", FS_O_RDONLY, &s->file);
    s->dir = (struct fs_file){.flags = FS_O_RDONLY};
    IS(FS(opendir, "/d", &s->dir), 0);
    s->before = digest_tree(b->fs, &b->who);
}

/* Check that nothing has happened, or only the change. */
static void steps_check(struct steps *s, change_fn change, int err, int number, long step)
{
    struct bed *b = &s->bed;
    struct bed lower = layers_bed(b, 1);
    struct bed upper = layers_bed(b, 0);
    const char *names;
    char byte;

    if (err < 0) {
        cr_assert(err == -EIO || err == -ENOMEM || err == -ENOSPC, "change %d, step %ld: %d",
                  number, step, err);
        cr_assert(digest_tree(b->fs, &b->who) == s->before, "change %d, step %ld", number, step);
        IS(bed_read(b, NULL, &byte, 1, 0, &s->file), 1);
        err = change(b);
        cr_assert(err == 0, "change %d, again after step %ld: %d", number, step, err);
    }
    cr_assert(digest_tree(lower.fs, &lower.who) == s->lower,
              "change %d, step %ld: the lower layer has changed", number, step);
    names = names_of(&upper, "/");
    cr_assert(strstr(names, ".tmp") == NULL, "change %d, step %ld: %s", number, step, names);
}

static void steps_close(struct steps *s)
{
    struct bed *b = &s->bed;

    IS(FS(close, NULL, &s->file), 0);
    IS(FS(closedir, NULL, &s->dir), 0);
    bed_done(b);
}

Test(unionfs, a_slot_of_a_layer_fails)
{
    for (int i = 0; i < CHANGE_COUNT; i++) {
        bool failed = true;

        for (int n = 0; failed; n++) {
            struct steps s;
            int err;

            steps_open(&s);
            left = n;
            err = changes[i](&s.bed);
            failed = left < 0;
            left = -1;
            steps_check(&s, changes[i], err, i, n);
            steps_close(&s);
            cr_assert(n < STEPS_MAX);
        }
    }
}

Test(unionfs, an_allocation_fails)
{
    for (int i = 0; i < CHANGE_COUNT; i++) {
        bool failed = true;

        for (long n = 0; failed; n++) {
            struct steps s;
            int err;

            steps_open(&s);
            alloc_fail_after(n);
            err = changes[i](&s.bed);
            failed = alloc_failed();
            alloc_fail_after(-1);
            steps_check(&s, changes[i], err, i, n);
            steps_close(&s);
            cr_assert(n < STEPS_MAX);
        }
    }
}
