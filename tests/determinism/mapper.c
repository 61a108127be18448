/* SPDX-License-Identifier: MIT */
/* A guest that counts in a page that it shares with others, and tells how far all of them came. */
#include <sc.h>

enum { PAGE = 4096, ROUNDS = 10 };

int main(void)
{
    volatile unsigned *page = (volatile unsigned *)0x30000000;
    int fd = sc_open("root:/shared", FM_READ | FM_WRITE | FM_MMAP);

    if (fd < 0 || sc_mmap_file(fd, 0, (void *)page, PAGE, MM_READ | MM_WRITE) < 0)
        return 1;
    for (int i = 0; i < ROUNDS; i++) {
        page[i] += 1000;
        page[ROUNDS]++;
        sc_printf("%u %u\n", page[i], page[ROUNDS]);
        (void)sc_yield();
    }
    return 0;
}
