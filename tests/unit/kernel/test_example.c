/* SPDX-License-Identifier: MIT */
/* The driver to copy, as processes see it: what the kernel makes of five slots. */
#include "fsdrivers/example/example.h"
#include "fsdrivers/registry.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct world w;

static int open_example(const char *driver, const struct fs_open *req, struct fs **out)
{
    return registry_open_driver(&example_driver, driver, req, out);
}

static int make_fs(const char *name)
{
    struct call c;
    int status;

    call_init(&c, w.p, &abi_driven, SC_MAKE_FS, w_on_done, NULL);
    c.args.make_fs = (struct sc_make_fs_args){.driver = S("example"), .fs_name = S(name)};
    status = call_begin(&c);
    call_done(&c);
    return status;
}

static void setup(void)
{
    world_open(&w, CLOCK_VIRTUAL);
    w.m->spec.fs_open = open_example;
    cr_assert_eq(make_fs("ex"), 0);
}

static void teardown(void)
{
    (void)w_rm_fs(w.p, "ex");
    world_close(&w);
}

TestSuite(example, .init = setup, .fini = teardown);

Test(example, files_are_read)
{
    struct sc_stat st;
    char text[16] = "";
    int fd = w_open(w.p, "ex:/greeting", FM_READ);

    cr_assert_eq(w_read(w.p, fd, 2, text, sizeof(text)), 4);
    cr_assert_str_eq(text, "llo\n");
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_stat(w.p, "ex:/greeting", &st), 0);
    cr_assert_eq(st.type, FT_REGULAR);
    cr_assert_eq(st.size, 6);
    cr_assert_eq(st.access & (FM_READ | FM_WRITE), FM_READ);
    fd = w_open(w.p, "ex:", FM_READDIR);
    cr_assert_gt(fd, 0);
    cr_assert_eq(w_close(w.p, fd), 0);
}

Test(example, changes_EROFS)
{
    cr_assert_eq(w_open(w.p, "ex:/greeting", FM_WRITE), -EROFS);
    cr_assert_eq(w_create(w.p, "ex:/x", FT_REGULAR), -EROFS);
    cr_assert_eq(w_delete(w.p, "ex:/clock"), -EROFS);
    cr_assert_eq(w_move(w.p, "ex:/clock", "ex:/x"), -EROFS);
    cr_assert_eq(w_open(w.p, "ex:/no", FM_READ), -ENOENT);
    cr_assert_eq(w_open(w.p, "ex:/clock/x", FM_READ), -ENOTDIR);
}
