/* SPDX-License-Identifier: MIT */
/*
 * A small program that does a bit of everything: it reads home:/letter, is refused to write it,
 * maps memory, prints to the debug log, to the console too if its parent gave it one as fd 1, and
 * exits with 42.
 */
#include <sc.h>

#define LETTER "home:/letter"
#define HEAP ((char *)0x40000000)

enum { HEAP_SIZE = 8192, CONSOLE = 1, ANSWER = 42 };

/** Read the letter into @to. Returns its length, or -errno. */
static long read_letter(char *to, size_t size)
{
    int fd = sc_open(LETTER, FM_READ);
    long len;

    if (fd < 0)
        return fd;
    len = sc_read(fd, 0, size, to);
    (void)sc_close(fd);
    return len;
}

int main(void)
{
    long len;
    int err;

    sc_printf("hello from a guest of %u bits\n", (unsigned)(8 * sizeof(void *)));
    err = sc_mmap(HEAP, HEAP_SIZE, MM_READ | MM_WRITE);
    if (err < 0)
        return 1;
    len = read_letter(HEAP, HEAP_SIZE);
    if (len < 0) {
        sc_printf("I cannot read %s: error %ld\n", LETTER, -len);
        return 2;
    }
    sc_printf("%s holds %ld bytes: ", LETTER, len);
    (void)sc_dbg_print(HEAP, (size_t)len);
    err = sc_open(LETTER, FM_WRITE);
    if (err >= 0)
        return 3;
    sc_printf("I may not write it: error %d\n", -err);
    if (sc_get_mode(CONSOLE) > 0)
        (void)sc_write(CONSOLE, 0, (size_t)len, HEAP);
    if (sc_munmap(HEAP) < 0)
        return 4;
    return ANSWER;
}
