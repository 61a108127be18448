/* SPDX-License-Identifier: MIT */
/* MMAP_FILE as a program sees it: what it maps is the file, for all who have it. */
#include "cases.h"

#define HERE ((char *)0x40000000)
#define THERE ((char *)0x50000000)

enum {
    PAGE = 4096,
    RW = MM_READ | MM_WRITE,
    ALL = FM_READ | FM_WRITE | FM_MMAP,
};

/** Whether two texts begin alike. */
static int is(const char *at, const char *text)
{
    return memcmp(at, text, strlen(text)) == 0;
}

/** A file of two pages and a bit: 'a', 'b', and "end". */
static int make_file(void)
{
    static char page[PAGE];
    int fd = sc_open("home:/shared", ALL | FM_CREATE | FM_TRUNC);

    MUST(fd > 0);
    memset(page, 'a', PAGE);
    MUST(sc_write(fd, 0, PAGE, page) == PAGE);
    memset(page, 'b', PAGE);
    MUST(sc_write(fd, PAGE, PAGE, page) == PAGE);
    MUST(sc_write(fd, 2 * PAGE, 3, "end") == 3);
    return fd;
}

/** Pages show the file, READ and WRITE meet them, two mappings are one. */
static int coherent(void)
{
    char buf[8];
    int fd = make_file();

    MUST(sc_mmap_file(fd, 0, HERE, 3 * PAGE, RW) == 0);
    MUST(sc_mmap_file(fd, PAGE, THERE, 2 * PAGE, MM_READ) == 0);
    MUST(HERE[0] == 'a' && HERE[PAGE] == 'b' && is(HERE + 2 * PAGE, "end"));
    MUST(THERE[0] == 'b' && is(THERE + PAGE, "end") && HERE[2 * PAGE + 3] == 0);
    memcpy(HERE + PAGE, "map", 3);
    MUST(is(THERE, "map"));
    MUST(sc_read(fd, PAGE, 4, buf) == 4 && is(buf, "mapb"));
    MUST(sc_write(fd, PAGE + 1, 3, "xyz") == 3);
    MUST(is(HERE + PAGE, "mxyzb") && is(THERE, "mxyzb"));
    MUST(sc_close(fd) == 0);
    HERE[2 * PAGE] = 'E';
    MUST(THERE[PAGE] == 'E');
    MUST(sc_munmap(HERE) == 0 && sc_munmap(THERE) == 0);
    fd = sc_open("home:/shared", FM_READ);
    MUST(sc_read(fd, 2 * PAGE, 8, buf) == 3 && is(buf, "End"));
    MUST(sc_read(fd, PAGE, 8, buf) == 8 && is(buf, "mxyzbbbb"));
    return PASSED;
}

static int refusals(void)
{
    int fd = make_file();
    int readable = sc_open("home:/shared", FM_READ | FM_MMAP);
    int unmappable = sc_open("home:/shared", FM_READ | FM_WRITE);
    int unreadable = sc_open("home:/shared", FM_WRITE | FM_MMAP);

    MUST(sc_mmap_file(99, 0, HERE, PAGE, MM_READ) == -EBADF);
    MUST(sc_mmap_file(unmappable, 0, HERE, PAGE, MM_READ) == -EACCES);
    MUST(sc_mmap_file(unreadable, 0, HERE, PAGE, MM_WRITE) == -EACCES);
    MUST(sc_mmap_file(readable, 0, HERE, PAGE, RW) == -EACCES);
    MUST(sc_mmap_file(fd, 1, HERE, PAGE, RW) == -EINVAL);
    MUST(sc_mmap_file(fd, 0, HERE + 1, PAGE, RW) == -EINVAL);
    MUST(sc_mmap_file(fd, 0, HERE, 0, RW) == -EINVAL);
    MUST(sc_mmap_file(fd, 0, HERE, PAGE, 0x80) == -EINVAL);
    MUST(sc_mmap_file(readable, 0, HERE, PAGE, MM_READ) == 0);
    MUST(sc_mmap_file(fd, 0, HERE, PAGE, RW) == -EEXIST);
    MUST(sc_mchmap(HERE, RW) == -EACCES);
    MUST(sc_mchmap(HERE, MM_READ | MM_EXEC) == 0);
    MUST(sc_delete("home:/shared") == -EBUSY);
    return PASSED;
}

static int write_read_only(void)
{
    int fd = make_file();

    MUST(sc_mmap_file(fd, 0, HERE, PAGE, MM_READ) == 0);
    HERE[0] = 1;
    return 0;
}

static int write_after_mchmap(void)
{
    int fd = make_file();

    MUST(sc_mmap_file(fd, 0, HERE, PAGE, MM_READ) == 0);
    MUST(sc_mchmap(HERE, RW) == 0);
    HERE[0] = 'A';
    MUST(sc_mchmap(HERE, MM_READ) == 0);
    MUST(HERE[0] == 'A');
    HERE[0] = 1;
    return 0;
}

/** Past the end of the file there are zeros, and what is written there is not kept. */
static int past_the_end(void)
{
    char buf[4];
    int fd = make_file();

    MUST(sc_mmap_file(fd, 2 * PAGE, HERE, 100 * PAGE, RW) == 0);
    MUST(HERE[3] == 0 && HERE[99 * PAGE] == 0);
    HERE[3] = 'x';
    HERE[50 * PAGE] = 'x';
    MUST(sc_munmap(HERE) == 0);
    MUST(sc_read(fd, 2 * PAGE, 4, buf) == 3);
    MUST(sc_mmap_file(fd, 2 * PAGE, HERE, 100 * PAGE, RW) == 0);
    MUST(is(HERE, "end") && HERE[3] == 0 && HERE[50 * PAGE] == 0);
    return PASSED;
}

/** What an exit leaves in the pages is in the file: the next case reads it. */
static int leave(void)
{
    int fd = make_file();

    MUST(sc_mmap_file(fd, 0, HERE, PAGE, RW) == 0);
    memcpy(HERE, "left", 4);
    return PASSED;
}

static int find(void)
{
    char buf[4];
    int fd = sc_open("home:/shared", FM_READ);

    MUST(sc_read(fd, 0, 4, buf) == 4 && is(buf, "left"));
    return PASSED;
}

/** Write, and wait to be killed. */
static int wait_for_kill(void)
{
    int fd = make_file();

    MUST(sc_mmap_file(fd, 0, HERE, PAGE, RW) == 0);
    memcpy(HERE, "left", 4);
    sc_printf("written\n");
    for (;;)
        (void)sc_usleep(1000000);
}

/** Code in a file is run from the file, makes calls there, memory calls too, and stays as it was. */
static int run_code(void)
{
#ifdef __x86_64__
    static const unsigned char munmap_code[] = {0xB8, SC_MUNMAP, 0, 0, 0, 0x0F, 0x05, 0xC3};
    static const unsigned char yield_code[] = {0xB8, SC_YIELD, 0, 0, 0, 0x0F, 0x05, 0xC3};
    enum { DONE = 0 };
#else
    static const unsigned char munmap_code[] = {0x53, 0x8B, 0x5C, 0x24, 0x08, 0xB8, SC_MUNMAP,
                                                0,    0,    0,    0xCD, 0x40, 0x5B, 0xC3};
    static const unsigned char yield_code[] = {0xB8, SC_YIELD, 0, 0, 0, 0xCD, 0x40, 0xC3};
    enum { DONE = 1 };
#endif
    int (*yield)(void) = (int (*)(void))(uintptr_t)HERE;
    int (*unmap)(void *) = (int (*)(void *))(uintptr_t)(HERE + 64);
    char buf[sizeof(yield_code)];
    int fd = make_file();

    MUST(sc_write(fd, 0, sizeof(yield_code), yield_code) == (long)sizeof(yield_code));
    MUST(sc_write(fd, 64, sizeof(munmap_code), munmap_code) == (long)sizeof(munmap_code));
    MUST(sc_mmap_file(fd, 0, HERE, PAGE, RW) == 0);
    MUST(sc_mmap(THERE, PAGE, RW) == 0);
    for (int i = 0; i < 3; i++)
        MUST(yield() == 0);
    MUST(unmap(THERE) == DONE);
    MUST(sc_mmap_file(fd, PAGE, THERE, PAGE, RW) == 0 && THERE[0] == 'b');
    MUST(unmap(THERE) == DONE);
    MUST(sc_read(fd, 0, sizeof(buf), buf) == (long)sizeof(buf));
    MUST(memcmp(buf, yield_code, sizeof(buf)) == 0);
    MUST(memcmp(HERE, yield_code, sizeof(buf)) == 0);
    return PASSED;
}

/** Code in a file maps memory below all that the program has: no call instruction of the host's is
 * there yet, nor memory of the program's own. */
static int map_low(void)
{
#ifdef __x86_64__
    static const unsigned char mmap_code[] = {0xB8, SC_MMAP, 0, 0, 0, 0x0F, 0x05, 0xC3};
    enum { DONE = 0 };
#else
    static const unsigned char mmap_code[] = {0x53, 0x8B, 0x5C, 0x24, 0x08, 0x8B, 0x4C,    0x24,
                                              0x0C, 0x8B, 0x54, 0x24, 0x10, 0xB8, SC_MMAP, 0,
                                              0,    0,    0xCD, 0x40, 0x5B, 0xC3};
    enum { DONE = 1 };
#endif
    char *low = (char *)0x20000;
    int (*map)(void *, size_t, int) = (int (*)(void *, size_t, int))(uintptr_t)HERE;
    int fd = make_file();

    MUST(sc_write(fd, 0, sizeof(mmap_code), mmap_code) == (long)sizeof(mmap_code));
    MUST(sc_mmap_file(fd, 0, HERE, PAGE, RW) == 0);
    MUST(map(low, PAGE, RW) == DONE);
    low[0] = 1;
    MUST(sc_munmap(low) == 0);
    return PASSED;
}

/** Maps and unmaps, so that it is stopped most of the time. */
static int busy(void)
{
    int fd = make_file();

    for (int i = 0; i < 2000; i++) {
        MUST(sc_mmap_file(fd, 0, HERE, 3 * PAGE, RW) == 0);
        HERE[i] = (char)i;
        MUST(sc_munmap(HERE) == 0);
    }
    return PASSED;
}

/** Tells when it has mapped, by the log and by a byte into fd 9 if it has that, and waits for
 * somebody else's word in the pages. */
static int meet(void)
{
    int fd = sc_open("home:/shared", ALL);

    MUST(sc_mmap_file(fd, 0, HERE, PAGE, RW) == 0);
    HERE[0] = 'M';
    sc_printf("mapped\n");
    (void)sc_write(9, 0, 1, "!");
    while (*(volatile char *)(HERE + 1) != 'W')
        (void)sc_usleep(1000);
    HERE[2] = 'D';
    return PASSED;
}

static const struct guest_case cases[] = {
    CASE(coherent),
    CASE(refusals),
    CASE(write_read_only),
    CASE(write_after_mchmap),
    CASE(past_the_end),
    CASE(leave),
    CASE(find),
    CASE(wait_for_kill),
    CASE(run_code),
    CASE(map_low),
    CASE(busy),
    CASE(meet),
};

int main(void)
{
    return run_case(cases, COUNT(cases));
}
