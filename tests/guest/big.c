/* SPDX-License-Identifier: MIT */
/*
 * READ, WRITE and DBG_PRINT of more than a gate moves at once. With arguments it appends its letter;
 * without, home:/case says what to try, and children run home:/child, which is this program, too.
 */
#include "cases.h"

#define HEAP ((char *)0x40000000)
#define BACK ((char *)0x50000000)

enum {
    PAGE = 4096,
    RW = MM_READ | MM_WRITE,
    AT_ONCE = 256 * 1024, /* what the gate moves at once */
    LARGE = 10 * 1024 * 1024,
    APPENDED = 3 * AT_ONCE + 77,
    ROUNDS = 3,
};

/** A byte of a pattern that no slice repeats. */
static char byte_at(size_t i)
{
    return (char)(i % 251 + i / 65521);
}

static int open_new(const char *file)
{
    return sc_open(file, FM_READ | FM_WRITE | FM_CREATE | FM_TRUNC);
}

/** Write @size bytes that end with their region, read them to the end of another, compare. */
static int there_and_back(size_t size)
{
    const size_t mapped = (size + PAGE - 1) / PAGE * PAGE;
    char *from = HEAP + mapped - size;
    char *to = BACK + mapped - size;
    int fd = open_new("home:/big");
    struct sc_stat st;

    MUST(fd > 0 && sc_mmap(HEAP, mapped, RW) == 0 && sc_mmap(BACK, mapped, RW) == 0);
    for (size_t i = 0; i < size; i++)
        from[i] = byte_at(i);
    MUST(sc_write(fd, 0, size, from) == (long)size);
    MUST(sc_stat("home:/big", &st) == 0 && st.size == size);
    MUST(sc_read(fd, 0, size, to) == (long)size);
    MUST(memcmp(from, to, size) == 0);
    memset(to, 0, size);
    MUST(sc_read(fd, 1, size, to) == (long)size - 1); /* short at the end only */
    MUST(memcmp(from + 1, to, size - 1) == 0 && to[size - 1] == 0);
    MUST(sc_read(fd, (long)size, size, to) == 0);
    MUST(sc_munmap(HEAP) == 0 && sc_munmap(BACK) == 0 && sc_close(fd) == 0);
    return PASSED;
}

static int sizes(void)
{
    static const size_t tried[] = {AT_ONCE - 1,     AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE,
                                   2 * AT_ONCE + 1, LARGE,   LARGE + 1};

    for (size_t i = 0; i < COUNT(tried); i++) {
        int result = there_and_back(tried[i]);

        if (result != PASSED)
            return result;
    }
    return PASSED;
}

/** The last byte lies past the region: the guest ends before anything is written. */
static int write_past_region(void)
{
    int fd = open_new("home:/untouched");

    MUST(fd > 0 && sc_mmap(HEAP, LARGE, RW) == 0);
    return (int)sc_write(fd, 0, LARGE, HEAP + 1);
}

static int read_past_region(void)
{
    int fd = sc_open("home:/big", FM_READ);

    MUST(fd > 0 && sc_mmap(HEAP, LARGE, RW) == 0);
    return (int)sc_read(fd, 0, LARGE, HEAP + 1);
}

static int read_to_read_only(void)
{
    int fd = sc_open("home:/big", FM_READ);

    MUST(fd > 0 && sc_mmap(HEAP, LARGE, MM_READ) == 0);
    return (int)sc_read(fd, 0, LARGE, HEAP);
}

/** What has no room in the middle answers what was written; what has none at all, the error. */
static int no_space(void)
{
    struct sc_stat st;
    int fd;

    MUST(sc_mmap(HEAP, LARGE, RW) == 0);
    MUST(sc_make_fs("ramfs", "small", 0, "quota_bytes=1M") == 0);
    fd = open_new("small:/a");
    MUST(fd > 0 && sc_write(fd, 0, LARGE, HEAP) == 4 * AT_ONCE);
    MUST(sc_write(fd, 4 * AT_ONCE, 1, HEAP) == -EDQUOT);
    MUST(sc_write(fd, 4 * AT_ONCE, LARGE, HEAP) == -EDQUOT);
    MUST(sc_stat("small:/a", &st) == 0 && st.size == 4 * AT_ONCE);
    MUST(sc_truncate("small:/a", 3 * AT_ONCE + 1) == 0); /* a slice has no room */
    MUST(sc_write(fd, 3 * AT_ONCE + 1, AT_ONCE + 1, HEAP) == -EDQUOT);
    MUST(sc_write(fd, 2 * AT_ONCE + 1, LARGE, HEAP) == AT_ONCE);
    return PASSED;
}

/** Bytes of a channel come as they are there, whatever was asked for. */
static int channels_are_short(void)
{
    struct sc_channel ends;

    MUST(sc_mmap(HEAP, LARGE, RW) == 0 && sc_mk_channel(0, &ends) == 0);
    MUST(sc_write(ends.first, 0, LARGE, HEAP) == 65536);
    MUST(sc_write(ends.first, 0, LARGE, HEAP) == -EAGAIN);
    MUST(sc_read(ends.second, 0, LARGE, HEAP) == 65536);
    MUST(sc_read(ends.second, 0, LARGE, HEAP) == -EAGAIN);
    return PASSED;
}

static int print(void)
{
    MUST(sc_mmap(HEAP, LARGE, RW) == 0);
    memset(HEAP, '.', LARGE);
    MUST(sc_dbg_print(HEAP, AT_ONCE) == 0);
    MUST(sc_dbg_print(HEAP, AT_ONCE + 1) == 0);
    MUST(sc_dbg_print(HEAP, LARGE) == 0);
    return PASSED;
}

/* ---- Several that append to one file ---- */

static int append(char letter)
{
    int fd = sc_open("home:/log", FM_WRITE | FM_APPEND);

    MUST(fd > 0 && sc_mmap(HEAP, APPENDED, RW) == 0);
    memset(HEAP, letter, APPENDED);
    for (int i = 0; i < ROUNDS; i++)
        MUST(sc_write(fd, 0, APPENDED, HEAP) == APPENDED);
    return PASSED;
}

static int start_appending(char *letter)
{
    char *argv[] = {"append", letter, NULL};
    int pid = sc_new_proc();

    if (pid <= 0 || sc_bind_fs(pid, "home", "home") < 0 || sc_set_argv(pid, argv, NULL) < 0)
        return -1;
    return sc_proc_exec(pid, "home:/child") == 0 ? pid : -1;
}

/** Whole records, in any order. */
static int append_together(void)
{
    static char *const letters[] = {"a", "b", "c"};
    const size_t whole = COUNT(letters) * ROUNDS * APPENDED;
    struct sc_proc_status st;
    int fd = open_new("home:/log");

    MUST(fd > 0 && sc_mmap(HEAP, whole, RW) == 0);
    for (size_t i = 0; i < COUNT(letters); i++)
        MUST(start_appending(letters[i]) > 0);
    for (size_t i = 0; i < COUNT(letters); i++)
        MUST(sc_proc_wait_any(&st) == 0 && st.state == PS_DONE && st.return_code == PASSED);
    MUST(sc_read(fd, 0, whole, HEAP) == (long)whole);
    for (size_t i = 0; i < whole; i++)
        MUST(HEAP[i] == HEAP[i / APPENDED * APPENDED]);
    return PASSED;
}

/** Until it is killed. */
static int for_ever(void)
{
    int fd = sc_open("home:/log", FM_READ | FM_WRITE | FM_CREATE | FM_APPEND);

    MUST(fd > 0 && sc_mmap(HEAP, LARGE, RW) == 0);
    sc_printf("ready\n");
    for (;;) {
        MUST(sc_write(fd, 0, LARGE, HEAP) > 0);
        MUST(sc_read(fd, 0, LARGE, HEAP) >= 0); /* others cut it */
        MUST(sc_truncate("home:/log", 0) == 0);
    }
}

int main(int argc, char **argv)
{
    static const struct guest_case cases[] = {
        CASE(sizes),    CASE(write_past_region),  CASE(read_past_region),
        CASE(no_space), CASE(channels_are_short), CASE(read_to_read_only),
        CASE(print),    CASE(append_together),    CASE(for_ever),
    };

    if (argc == 2)
        return append(argv[1][0]);
    return run_case(cases, COUNT(cases));
}
