/* SPDX-License-Identifier: MIT */
/*
 * The test bed of the contract suite: an instance of a driver, with a clock, a console and a
 * directory.
 *
 *     CONTRACT(unlink_missing_ENOENT)
 *     {
 *         IS(FS(unlink, "/no"), -ENOENT);
 *     }
 *
 * makes a Criterion test for each writable driver: ramfs::unlink_missing_ENOENT and so on. A
 * bed is made before the body and closed after it; closing checks that all memory was given back.
 * CONTRACT_OPTS() does the same with options. Whoever needs more (reopening, several beds) works
 * with `struct bed` itself.
 *
 * A test that takes more than BED_CPU_S seconds of processor time fails: its driver is in an endless loop,
 * or takes time by the square of what it has.
 */
#ifndef TESTS_CONTRACT_BED_H
#define TESTS_CONTRACT_BED_H

#include "fsdrivers/fs_ops.h"
#include "server/base/strbuf.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sys/stat.h>

enum { BED_PATH_MAX = 256, BED_DESCRIPTORS = 128, BED_LAYERS = 40, BED_CPU_S = 60 };

/** A layer of a unionfs: a ramfs that outlives the instance. */
struct bed_layer {
    const char *name; /* for the option layer */
    struct fs *fs;
    bool written; /* it was given to be written */
};

struct bed {
    struct fs *fs;  /* NULL while closed */
    struct why why; /* of the last refusal */
    const char *driver;
    char dir[BED_PATH_MAX];             /* a directory of its own, removed at the end; "" none */
    char db[BED_PATH_MAX];              /* sqlitefs, archivefs: the file; hostfs: the directory */
    bool hosted;                        /* it is hostfs */
    struct bed_layer layer[BED_LAYERS]; /* of a unionfs */
    unsigned layers;
    struct fs_env env;
    struct fs_caller who; /* for whom slots are called */
    uint32_t descriptors; /* booked; at most BED_DESCRIPTORS */
    uint32_t uid, gid;    /* who makes the instance */
    uint64_t clock;       /* ns; each look moves it by 1 */
    struct strbuf console;
    struct strbuf mixed; /* what env.mix got */
    struct fs_window window;
    int told;          /* how often env.proc_text was asked */
    const char *typed; /* what env.input gives, NULL nothing yet, "" the end; not owned */
    uint64_t taken;    /* bytes of memory that the instance asked for; 0 at the end */
    uint64_t room;     /* how many it gets; 0 any */
};

/** Make a bed without an instance. @driver static. */
void bed_init(struct bed *b, const char *driver);

/** Give the bed of a unionfs one more layer, below the others. Those of bed_init() are "top" and "base". @name static. */
struct fs *bed_add_layer(struct bed *b, const char *name, const char *opts);

/** Open the instance. @opts NULL none. Returns what registry_open() answers; reasons in b->why. */
int bed_open(struct bed *b, const char *opts);

/** Destroy the instance; the store stays. */
void bed_close(struct bed *b);

/** Close and remove the directory; with the last bed of a test, check that nothing was leaked. */
void bed_done(struct bed *b);

/** Whether a reason of the last refusal contains a text. */
bool bed_why(const struct bed *b, const char *text);

/** Fail the test unless @got is @want. */
void bed_is(const char *file, int line, const char *what, int64_t got, int64_t want);

#define IS(what, want) bed_is(__FILE__, __LINE__, #what, (int64_t)(what), (int64_t)(want))
/* Call a slot of the bed `b`, which must have this name, for b->who. FS0 is for slots without arguments;
 * read and write: bed_read(), bed_write(). */
#define FS(slot, ...) b->fs->ops->slot(b->fs, &b->who, __VA_ARGS__)
#define FS0(slot) b->fs->ops->slot(b->fs, &b->who)

/* ---- Shorthands over the slots. Those that return nothing fail the test. ---- */

/** The slots read and write. */
int64_t bed_read(struct bed *b, const char *path, void *buf, size_t len, int64_t off,
                 struct fs_file *file);
int64_t bed_write(struct bed *b, const char *path, const void *bytes, size_t len, int64_t off,
                  struct fs_file *file);

/** The slot ioctl; @data as large as the command says. */
int64_t bed_ioctl(struct bed *b, const char *path, uint32_t command, void *data,
                  struct fs_file *file);

/** Status of a path. */
struct fs_stat stat_of(struct bed *b, const char *path);

/** Status of a path, or -errno. */
int stat_error(struct bed *b, const char *path);

/** Make a regular file with content. */
void put_file(struct bed *b, const char *path, const void *bytes, size_t len);

/** Whether a file's content is exactly this, read by path in one piece. */
bool file_is(struct bed *b, const char *path, const void *bytes, size_t len);

/** Open a file. */
void open_file(struct bed *b, const char *path, uint32_t flags, struct fs_file *out);

/** The names of a directory, sorted, each behind a space: " a b". Borrowed until the next call. */
const char *names_of(struct bed *b, const char *path);

/** Whether the long suite runs: SC_CONTRACT_LONG is set. */
bool bed_is_long(void);

/** Fill a buffer with bytes that follow from the seed; none is zero. */
void fill(void *buf, size_t len, unsigned seed);

/**
 * The drivers of the suite: EACH(driver, name, options) for each. Those whose store is their own decide
 * alone what a file is, and count what is there.
 */
#define CONTRACT_OWN_DRIVERS(EACH, name, options)                                                  \
    EACH(ramfs, name, options)                                                                     \
    EACH(sqlitefs, name, options)                                                                  \
    EACH(unionfs, name, options)
#define CONTRACT_DRIVERS(EACH, name, options)                                                      \
    CONTRACT_OWN_DRIVERS(EACH, name, options)                                                      \
    EACH(hostfs, name, options)

#define CONTRACT(name) CONTRACT_OPTS(name, NULL)
#define CONTRACT_OPTS(name, options)                                                               \
    static void name(struct bed *b);                                                               \
    CONTRACT_DRIVERS(CONTRACT_ON, name, options)                                                   \
    static void name(struct bed *b)
#define CONTRACT_OWN(name, options)                                                                \
    static void name(struct bed *b);                                                               \
    CONTRACT_OWN_DRIVERS(CONTRACT_ON, name, options)                                               \
    static void name(struct bed *b)
/* The same for instances with FS_CAP_EXPORT; the others have no lookup(). */
#define CONTRACT_EXPORT(name, options)                                                             \
    static void name##_body(struct bed *b);                                                        \
    CONTRACT_OPTS(name, options)                                                                   \
    {                                                                                              \
        if ((b->fs->caps & FS_CAP_EXPORT) != 0)                                                    \
            name##_body(b);                                                                        \
        else                                                                                       \
            IS(FS(lookup, 1, &(struct fs_stat){.ino = 0}, NULL), -ENOSYS);                         \
    }                                                                                              \
    static void name##_body(struct bed *b)
#define CONTRACT_ON(driver_name, name, options)                                                    \
    Test(driver_name, name)                                                                        \
    {                                                                                              \
        struct bed bed;                                                                            \
        bed_init(&bed, #driver_name);                                                              \
        IS(bed_open(&bed, options), 0);                                                            \
        name(&bed);                                                                                \
        bed_done(&bed);                                                                            \
    }

#endif
