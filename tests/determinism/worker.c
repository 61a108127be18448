/* SPDX-License-Identifier: MIT */
/* A guest that does a little of everything, in an order of its own: KIND makes the programs differ. */
#include <sc.h>

enum { ROUNDS = 20, PAGE = 4096, MUCH = 600 * 1024 };

static void note(const char *what, int i)
{
    sc_printf("%d: %s %d\n", KIND, what, i);
}

/** Append a line to the file that all share. */
static void write_line(int i)
{
    char line[] = "worker 0 round 00\n";
    int fd = sc_open("root:/log", FM_WRITE | FM_APPEND);

    line[7] = '0' + KIND;
    line[15] = (char)('0' + i / 10);
    line[16] = (char)('0' + i % 10);
    if (fd > 0 && sc_write(fd, 0, sizeof(line) - 1, line) < 0)
        note("can't write in round", i);
    (void)sc_close(fd);
}

/** Keep the processor busy, each worker for another time. */
static unsigned work(int i)
{
    volatile unsigned sum = 0;

    for (unsigned n = 0; n < 20000u * (unsigned)((i * 7 + KIND * 3) % 5); n++)
        sum += n;
    return sum;
}

static void use_memory(int i)
{
    unsigned char *at = (unsigned char *)(uintptr_t)(0x40000000u + (unsigned)i * PAGE);

    if (sc_mmap(at, PAGE, MM_READ | MM_WRITE) < 0)
        return;
    at[0] = (unsigned char)i;
    (void)sc_munmap(at);
}

/** Append more than is moved at once to the file that all share, and read it. */
static void append_much(int i)
{
    char *at = (char *)0x50000000;
    int fd = sc_open("root:/much", FM_READ | FM_WRITE | FM_APPEND | FM_CREATE);

    if (fd < 0 || sc_mmap(at, MUCH, MM_READ | MM_WRITE) < 0)
        return;
    at[0] = (char)i;
    if (sc_write(fd, 0, MUCH, at) != MUCH || sc_read(fd, 0, MUCH, at) != MUCH)
        note("can't append much in round", i);
    (void)sc_munmap(at);
    (void)sc_close(fd);
}

int main(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        (void)work(i);
        write_line(i);
        if (i % 3 == 0)
            (void)sc_usleep(100 * KIND);
        else if (i % 3 == 1)
            (void)sc_yield();
        else
            use_memory(i);
        if (i % 5 == KIND)
            append_much(i);
        note("round", i);
    }
    return KIND;
}
