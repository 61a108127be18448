/* SPDX-License-Identifier: MIT */
/* Bad pointers and lying lengths handed to calls: both end the guest. */
#include "cases.h"

#define HEAP ((char *)0x40000000)
#ifdef __x86_64__
#define LIMIT 0x7FFF00000000UL
#define HUGE 0x8000000000000000UL
#else
#define LIMIT 0xC0000000UL
#define HUGE 0x80000000UL
#endif

enum { PAGE = 4096, RW = MM_READ | MM_WRITE, CALL_MAX = 256 * 1024 };

static const char constant[] = "constant";

static int print_from(uintptr_t addr, size_t size)
{
    return sc_dbg_print((const void *)addr, size);
}

static int print_zero(void)
{
    return print_from(0, 1);
}

static int print_minus_one(void)
{
    return print_from((uintptr_t)-1, 1);
}

static int print_huge(void)
{
    return print_from(HUGE, 1);
}

static int print_limit(void)
{
    return print_from(LIMIT, 1);
}

static int print_past_end(void)
{
    MUST(sc_mmap(HEAP, PAGE, RW) == 0);
    return print_from((uintptr_t)HEAP + PAGE - 4, 5);
}

static int print_across_regions(void)
{
    MUST(sc_mmap(HEAP, PAGE, RW) == 0 && sc_mmap(HEAP + PAGE, PAGE, RW) == 0);
    return print_from((uintptr_t)HEAP + PAGE - 4, 8);
}

static int print_endless(void)
{
    return print_from((uintptr_t)constant, (size_t)-1);
}

static int print_nothing_nowhere(void)
{
    return print_from((uintptr_t)HEAP, 0);
}

static int print_write_only(void)
{
    MUST(sc_mmap(HEAP, PAGE, MM_WRITE) == 0);
    return print_from((uintptr_t)HEAP, 1);
}

static int print_exact(void)
{
    MUST(sc_mmap(HEAP, PAGE, RW) == 0);
    MUST(print_from((uintptr_t)HEAP + PAGE - 1, 1) == 0);
    MUST(print_from((uintptr_t)HEAP + PAGE - 1, 0) == 0);
    MUST(sc_mmap(HEAP + PAGE, CALL_MAX + PAGE, RW) == 0);
    MUST(print_from((uintptr_t)HEAP + PAGE, CALL_MAX + 1) == 0);
    return PASSED;
}

static int stat_into(uintptr_t addr)
{
    return sc_stat("home:/case", (struct sc_stat *)addr);
}

static int stat_into_zero(void)
{
    return stat_into(0);
}

static int stat_into_constant(void)
{
    return stat_into((uintptr_t)constant);
}

static int stat_into_code(void)
{
    return stat_into((uintptr_t)&stat_into);
}

static int stat_into_edge(void)
{
    MUST(sc_mmap(HEAP, PAGE, RW) == 0);
    return stat_into((uintptr_t)HEAP + PAGE - sizeof(struct sc_stat) + 1);
}

static int stat_into_last_bytes(void)
{
    MUST(sc_mmap(HEAP, PAGE, RW) == 0);
    MUST(stat_into((uintptr_t)HEAP + PAGE - sizeof(struct sc_stat)) == 0);
    return PASSED;
}

static int read_into(uintptr_t addr, size_t size)
{
    int fd = sc_open("home:/case", FM_READ);

    MUST(fd > 0);
    return (int)sc_read(fd, 0, size, (void *)addr);
}

static int read_into_constant(void)
{
    return read_into((uintptr_t)constant, 4);
}

static int read_lying_size(void)
{
    char small[16];

    return read_into((uintptr_t)small, HUGE);
}

static int bad_fd_first(void)
{
    struct sc_stat *nowhere = NULL;

    MUST(sc_read(77, 0, 10, NULL) == -EBADF);
    MUST(sc_write(77, 0, 10, NULL) == -EBADF);
    MUST(sc_stat_open(77, nowhere) == -EBADF);
    MUST(sc_readdir(77, 0, NULL) == -EBADF);
    return PASSED;
}

/** A handle without the right is told before a bad pointer, too. */
static int bad_right_first(void)
{
    int reader = sc_open("home:/case", FM_READ);
    int writer = sc_open("home:/case", FM_WRITE);
    int dir = sc_open("home:/", FM_READDIR);

    MUST(reader > 0 && writer > 0 && dir > 0);
    MUST(sc_read(writer, 0, 10, NULL) == -EBADF);
    MUST(sc_read(dir, 0, 10, NULL) == -EBADF);
    MUST(sc_write(reader, 0, 10, NULL) == -EBADF);
    MUST(sc_readdir(reader, 0, NULL) == -EBADF);
    MUST(sc_call(SC_IOCTL, reader, 40, 0, 0, 0) == -EBADF);
    return PASSED;
}

static int read_right_but_bad_pointer(void)
{
    return read_into(0, 10);
}

static int path_past_end(void)
{
    MUST(sc_mmap(HEAP, PAGE, RW) == 0);
    memcpy(HEAP + PAGE - 6, "home:/", 6);
    return (int)sc_call(SC_OPEN, (long)(HEAP + PAGE - 6), 7, FM_READ, 0, 0);
}

static int path_too_long(void)
{
    struct sc_stat st;

    MUST(sc_mmap(HEAP, 4 * PAGE, RW) == 0);
    memcpy(HEAP, "home:/", 6);
    memset(HEAP + 6, 'x', 3 * PAGE);
    MUST(sc_stat(HEAP, &st) == -ENAMETOOLONG);
    HEAP[6 + 256] = '\0';
    MUST(sc_stat(HEAP, &st) == -ENAMETOOLONG);
    HEAP[6 + 255] = '\0';
    MUST(sc_stat(HEAP, &st) == -ENOENT);
    return PASSED;
}

static int block_nowhere(void)
{
    return (int)sc_call(SC_SUBFS, 8, 0, 0, 0, 0);
}

static int block_past_end(void)
{
    MUST(sc_mmap(HEAP, PAGE, RW) == 0);
    return (int)sc_call(SC_MAKE_FS, (long)(HEAP + PAGE - sizeof(struct sc_make_fs_args) + 1), 0, 0,
                        0, 0);
}

static int block_bad_nested(void)
{
    struct sc_subfs_args args = {"a", 1, "home", 4, (const char *)8, 1, FM_READ, 0};

    return (int)sc_call(SC_SUBFS, (long)&args, 0, 0, 0, 0);
}

static int block_good(void)
{
    struct sc_stat st;

    MUST(sc_subfs("part", "home", "/", FM_READ, 0) == 0);
    MUST(sc_stat("part:/case", &st) == 0 && st.type == FT_REGULAR && (st.access & FM_WRITE) == 0);
    MUST(sc_subfs("part", "home", NULL, FM_READ, 0) == -EEXIST);
    MUST(sc_make_fs("ramfs", "mine", 0, NULL) == 0);
    MUST(sc_create("mine:/a", FT_REGULAR) == 0);
    MUST(sc_make_fs("nonsense", "other", 0, "") == -ENODEV);
    MUST(sc_rm_fs("mine") == 0);
    return PASSED;
}

static const struct guest_case cases[] = {
    CASE(print_zero),           CASE(print_minus_one),
    CASE(print_huge),           CASE(print_limit),
    CASE(print_past_end),       CASE(print_across_regions),
    CASE(print_endless),        CASE(print_nothing_nowhere),
    CASE(print_write_only),     CASE(print_exact),
    CASE(stat_into_zero),       CASE(stat_into_constant),
    CASE(stat_into_code),       CASE(stat_into_edge),
    CASE(stat_into_last_bytes), CASE(read_into_constant),
    CASE(read_lying_size),      CASE(bad_fd_first),
    CASE(path_past_end),        CASE(path_too_long),
    CASE(block_nowhere),        CASE(block_past_end),
    CASE(block_bad_nested),     CASE(block_good),
    CASE(bad_right_first),      CASE(read_right_but_bad_pointer),
};

int main(void)
{
    return run_case(cases, COUNT(cases));
}
