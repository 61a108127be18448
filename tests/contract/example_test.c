/* SPDX-License-Identifier: MIT */
/* The driver to copy, slot by slot: what the contract asks of every driver that can't be written. */
#include "fsdrivers/example/example.h"
#include "fsdrivers/registry.h"
#include "tests/contract/alloc.h"
#include "tests/contract/bed.h"

#include <string.h>

static int open_example(struct bed *b, const char *opts, const char *source)
{
    const struct fs_open req = {.opts = opts, .source = source, .env = &b->env, .why = &b->why};

    why_done(&b->why);
    return registry_open_driver(&example_driver, "example", &req, &b->fs);
}

static void example_body(struct bed *b, void (*body)(struct bed *))
{
    bed_init(b, "example");
    IS(open_example(b, "greeting=good day", NULL), 0);
    body(b);
    bed_done(b);
}

#define EXAMPLE(name)                                                                              \
    static void name(struct bed *b);                                                               \
    Test(example, name)                                                                            \
    {                                                                                              \
        struct bed bed;                                                                            \
        example_body(&bed, name);                                                                  \
    }                                                                                              \
    static void name(struct bed *b)

EXAMPLE(files_have_text)
{
    b->who.uid = 1000;
    cr_assert_str_eq(names_of(b, "/"), " caller clock greeting");
    cr_assert(file_is(b, "/greeting", "good day\n", 9));
    cr_assert(file_is(b, "/caller", "5 1000\n", 7));
    b->clock = 1234;
    IS(stat_of(b, "/clock").size, strlen("1234\n"));
    IS(stat_of(b, "/").mode, S_IFDIR | 0555);
    IS(stat_of(b, "/caller").mode, S_IFREG | 0444);
    cr_assert(stat_of(b, "/clock").ino != stat_of(b, "/caller").ino);
}

EXAMPLE(read_at_positions)
{
    char text[16];

    IS(bed_read(b, "/greeting", text, 4, 5, NULL), 4);
    cr_assert(memcmp(text, "day\n", 4) == 0);
    IS(bed_read(b, "/greeting", text, 16, 8, NULL), 1);
    IS(bed_read(b, "/greeting", text, 16, 9, NULL), 0);
    IS(bed_read(b, "/greeting", text, 16, INT64_MAX - 16, NULL), 0);
    IS(bed_read(b, "/greeting", text, 0, 0, NULL), 0);
}

EXAMPLE(paths_ENOENT_ENOTDIR_EISDIR)
{
    struct fs_file f = {.flags = FS_O_RDONLY};
    char byte;

    IS(stat_error(b, "/greetings"), -ENOENT);
    IS(stat_error(b, "/no/greeting"), -ENOENT);
    IS(stat_error(b, "/greeting/x"), -ENOTDIR);
    IS(FS(open, "/", &f), -EISDIR);
    IS(FS(opendir, "/clock", &f), -ENOTDIR);
    IS(bed_read(b, "/", &byte, 1, 0, NULL), -EISDIR);
    IS(bed_read(b, "/no", &byte, 1, 0, NULL), -ENOENT);
}

EXAMPLE(changes_EROFS)
{
    struct fs_file f = {.flags = FS_O_WRONLY};
    struct fs_statfs st;

    IS(FS(open, "/greeting", &f), -EROFS);
    IS(FS(mknod, "/x", S_IFREG), -EROFS);
    IS(FS(unlink, "/greeting"), -EROFS);
    IS(FS(rename, "/greeting", "/x", FS_RENAME_REPLACE), -EROFS);
    IS(FS(truncate, "/greeting", 0, NULL), -EROFS);
    IS(FS(statfs, &st), 0);
    cr_assert(st.readonly);
    IS(st.inodes_used, 3);
}

EXAMPLE(open_source_refuses)
{
    char longest[] = "greeting=0123456789012345678901234567890123456789"
                     "012345678901234567890123456789012345678";

    bed_close(b);
    IS(open_example(b, NULL, "elsewhere"), -ENOTSUP);
    cr_assert(bed_why(b, "takes no source"));
    IS(open_example(b, "size=1M", NULL), -EINVAL);
    cr_assert(bed_why(b, "has no option size; there are: greeting, source"));
    IS(open_example(b, longest, NULL), -EINVAL);
    cr_assert(bed_why(b, "at most 78 bytes"));
    longest[strlen(longest) - 1] = '\0';
    IS(open_example(b, longest, NULL), 0);
    IS(stat_of(b, "/greeting").size, 79);
}

EXAMPLE(every_allocation_ENOMEM)
{
    int err = -ENOMEM;

    bed_close(b);
    for (long n = 0; err == -ENOMEM; n++) {
        alloc_fail_after(n);
        err = open_example(b, "greeting=x", NULL);
        alloc_fail_after(-1);
    }
    IS(err, 0);
}
