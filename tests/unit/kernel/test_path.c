/* SPDX-License-Identifier: MIT */
/* The edge for paths and names, address spaces, timers. Cites: ABI, names and paths; memory. */
#include "server/kernel/abi.h"
#include "server/kernel/fs/path.h"
#include "server/kernel/proc/aspace.h"
#include "server/kernel/timer.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int split(const char *text, char *name, struct path *path)
{
    struct sc_str got;
    int err = path_split((struct sc_str){text, strlen(text)}, &got, path, NULL);

    if (err == 0) {
        memcpy(name, got.ptr, got.len);
        name[got.len] = '\0';
    }
    return err;
}

Test(path, canonical_forms)
{
    static const struct {
        const char *in, *name, *path;
    } rows[] = {
        {"root:/a/b", "root", "/a/b"}, {"root:/a/b/", "root", "/a/b"}, {"root:a", "root", "/a"},
        {"root:", "root", "/"},        {"root:/", "root", "/"},        {"r:/a:b", "r", "/a:b"},
        {"r:...", "r", "/..."},        {"r:/.a/..b", "r", "/.a/..b"},
    };
    char name[200];
    struct path path;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_eq(split(rows[i].in, name, &path), 0, "%s", rows[i].in);
        cr_assert_str_eq(name, rows[i].name);
        cr_assert_str_eq(path.str, rows[i].path);
        cr_assert_eq(path.len, strlen(path.str));
    }
}

Test(path, a_slash_behind_the_last_component_asks_for_a_directory)
{
    char name[200];
    struct path path;

    cr_assert_eq(split("root:/a/b/", name, &path), 0);
    cr_assert(path.asks_dir);
    cr_assert_eq(split("root:a/", name, &path), 0);
    cr_assert(path.asks_dir);
    cr_assert_eq(split("root:/a/b", name, &path), 0);
    cr_assert_not(path.asks_dir);
    cr_assert_eq(split("root:/", name, &path), 0); /* the root may be a file */
    cr_assert_not(path.asks_dir);
}

Test(path, refused_EINVAL)
{
    static const char *const rows[] = {"",         "root",     "/a",         "//",
                                       "ro/ot:/a", "root://",  "root:/a//b", "root:/a//",
                                       "root:/.",  "root:/..", "root:a/./b", "root:a/../b"};
    char name[200];
    struct path path;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(split(rows[i], name, &path), -EINVAL, "%s", rows[i]);
}

Test(path, component_of_255_bytes_fits_256_ENAMETOOLONG)
{
    char text[400] = "root:/";
    char name[200];
    struct path path;

    memset(text + 6, 'x', 255);
    cr_assert_eq(split(text, name, &path), 0);
    text[6 + 255] = 'x';
    cr_assert_eq(split(text, name, &path), -ENAMETOOLONG);
}

Test(path, name_of_126_bytes_fits_127_ENAMETOOLONG)
{
    char text[400];
    char name[200];
    struct path path;

    memset(text, 'n', 126);
    strcpy(text + 126, ":/a");
    cr_assert_eq(split(text, name, &path), 0);
    strcpy(text + 126, "n:/a");
    cr_assert_eq(split(text, name, &path), -ENAMETOOLONG);
}

Test(path, whole_path_of_4095_bytes_fits_4096_ENAMETOOLONG)
{
    char text[5000] = "r:";
    char name[200];
    struct path path;
    size_t at = 2;

    while (at - 2 + 100 <= FS_PATH_MAX) {
        text[at] = '/';
        memset(text + at + 1, 'y', 99);
        at += 100;
    }
    text[at++] = '/';
    memset(text + at, 'z', FS_PATH_MAX - (at - 2));
    text[2 + FS_PATH_MAX] = '\0';
    cr_assert_eq(split(text, name, &path), 0);
    cr_assert_eq(path.len, FS_PATH_MAX);
    strcat(text, "z");
    cr_assert_eq(split(text, name, &path), -ENAMETOOLONG);
}

Test(path, nul_bytes_EINVAL)
{
    struct path path;
    struct sc_str name;

    cr_assert_eq(path_split((struct sc_str){"r:/a\0b", 6}, &name, &path, NULL), -EINVAL);
    cr_assert_eq(path_split((struct sc_str){"r\0:/ab", 6}, &name, &path, NULL), -EINVAL);
}

Test(path, pop_and_push)
{
    struct path p;

    path_set_root(&p);
    cr_assert_eq(path_push(&p, "a", 1), 0);
    cr_assert_eq(path_push(&p, "bc", 2), 0);
    cr_assert_str_eq(p.str, "/a/bc");
    cr_assert_str_eq(path_base(&p), "bc");
    path_pop(&p);
    cr_assert_str_eq(p.str, "/a");
    path_pop(&p);
    path_pop(&p);
    cr_assert_str_eq(p.str, "/");
}

enum { PAGE = 4096, RW = MM_READ | MM_WRITE };

static int add(struct aspace *as, uint64_t addr, uint64_t size)
{
    struct region r = {.addr = addr, .size = size, .mode = RW};

    return aspace_add(as, &r, NULL, NULL);
}

Test(aspace, add_refuses_what_the_ABI_says)
{
    struct aspace as;
    struct region odd = {.addr = 0x10000, .size = PAGE, .mode = 8};

    aspace_init(&as, abi_i386.user_limit, UINT64_MAX, 100);
    cr_assert_eq(add(&as, 0x1001, PAGE), -EINVAL);
    cr_assert_eq(add(&as, 0x1000, 0), -EINVAL);
    cr_assert_eq(add(&as, 0x1000, UINT64_MAX), -EINVAL);
    cr_assert_eq(add(&as, UINT64_MAX - PAGE + 1, PAGE), -EINVAL);
    cr_assert_eq(add(&as, abi_i386.user_limit, 1), -EINVAL);
    cr_assert_eq(add(&as, abi_i386.user_limit - PAGE, PAGE + 1), -EINVAL);
    cr_assert_eq(aspace_add(&as, &odd, NULL, NULL), -EINVAL);
    cr_assert_eq(add(&as, abi_i386.user_limit - PAGE, PAGE), 0);
    cr_assert_eq(add(&as, 0, 1), -EINVAL);
    cr_assert_eq(add(&as, 0, 2 * PAGE), -EINVAL);
    cr_assert_eq(add(&as, PAGE, 1), 0);
    aspace_done(&as);
}

Test(aspace, overlaps_EEXIST_and_neighbours_fit)
{
    struct aspace as;

    aspace_init(&as, abi_i386.user_limit, UINT64_MAX, 100);
    cr_assert_eq(add(&as, 0x10000, 2 * PAGE), 0);
    cr_assert_eq(add(&as, 0x11000, PAGE), -EEXIST);
    cr_assert_eq(add(&as, 0xF000, PAGE + 1), -EEXIST);
    cr_assert_eq(add(&as, 0xF000, 100 * PAGE), -EEXIST);
    cr_assert_eq(add(&as, 0x12000, 1), 0);
    cr_assert_eq(add(&as, 0xF000, PAGE), 0);
    cr_assert_eq(as.bytes, 4 * PAGE);
    aspace_done(&as);
}

Test(aspace, limits_ENOMEM)
{
    struct aspace as;

    aspace_init(&as, abi_i386.user_limit, 3 * PAGE, 2);
    cr_assert_eq(add(&as, 0x10000, 4 * PAGE), -ENOMEM);
    cr_assert_eq(add(&as, 0x10000, PAGE), 0);
    cr_assert_eq(add(&as, 0x20000, PAGE), 0);
    cr_assert_eq(add(&as, 0x30000, PAGE), -ENOMEM);
    aspace_remove(&as, aspace_find(&as, 0x10000));
    cr_assert_eq(add(&as, 0x30000, 2 * PAGE), 0);
    cr_assert_null(aspace_find(&as, 0x10000));
    aspace_done(&as);
}

Test(aspace, check_needs_one_region_with_the_mode)
{
    struct aspace as;
    struct region ro = {.addr = 0x12000, .size = PAGE, .mode = MM_READ};

    aspace_init(&as, abi_i386.user_limit, UINT64_MAX, 100);
    cr_assert_eq(add(&as, 0x10000, 2 * PAGE), 0);
    cr_assert_eq(aspace_add(&as, &ro, NULL, NULL), 0);
    cr_assert_eq(aspace_check(&as, 0x10000, 2 * PAGE, RW), 0);
    cr_assert_eq(aspace_check(&as, 0x11FFF, 1, RW), 0);
    cr_assert_eq(aspace_check(&as, 0x11FFF, 2, MM_READ), -EFAULT, "two regions");
    cr_assert_eq(aspace_check(&as, 0x12000, 1, MM_WRITE), -EFAULT);
    cr_assert_eq(aspace_check(&as, 0x12000, 0, MM_READ), 0);
    cr_assert_eq(aspace_check(&as, 0x13000, 0, MM_READ), -EFAULT, "length 0 needs mapped memory");
    cr_assert_eq(aspace_check(&as, 0x10000, UINT64_MAX, MM_READ), -EFAULT);
    cr_assert_eq(aspace_check(&as, UINT64_MAX, 1, MM_READ), -EFAULT);
    aspace_done(&as);
}

static int fired[64];
static size_t fired_count;

struct numbered {
    struct timer timer;
    int number;
};

static void on_fire(struct timer *t)
{
    fired[fired_count++] = ((struct numbered *)(void *)t)->number;
}

Test(timer, fire_in_order_of_deadline_then_of_setting)
{
    static const uint64_t deadlines[] = {50, 10, 30, 10, 20, 30, 10};
    static const int expected[] = {1, 3, 6, 4, 2, 5, 0};
    struct numbered t[7] = {0};
    struct timer_heap h;

    timer_heap_init(&h);
    for (int i = 0; i < 7; i++) {
        t[i].number = i;
        cr_assert_eq(timer_set(&h, &t[i].timer, deadlines[i], on_fire), 0);
    }
    cr_assert_not(timer_fire_one(&h, 9));
    while (timer_fire_one(&h, 100))
        continue;
    cr_assert_eq(fired_count, 7);
    cr_assert_eq(memcmp(fired, expected, sizeof(expected)), 0);
    cr_assert_eq(timer_next(&h), UINT64_MAX);
    timer_heap_done(&h);
}

Test(timer, clearing_any_keeps_the_order)
{
    struct numbered t[40] = {0};
    struct timer_heap h;
    uint64_t last = 0;

    srand(7);
    timer_heap_init(&h);
    for (int i = 0; i < 40; i++)
        cr_assert_eq(timer_set(&h, &t[i].timer, (uint64_t)rand() % 100, on_fire), 0);
    for (int i = 0; i < 40; i += 3) {
        timer_clear(&h, &t[i].timer);
        timer_clear(&h, &t[i].timer);
        cr_assert_not(timer_is_set(&t[i].timer));
    }
    while (h.count > 0) {
        cr_assert_geq(timer_next(&h), last);
        last = timer_next(&h);
        cr_assert(timer_fire_one(&h, last));
    }
    cr_assert_eq(fired_count, 26);
    timer_heap_done(&h);
}
