/* SPDX-License-Identifier: MIT */
/*
 * Prints lines of 16 bytes: argv[1] of them, or without end for "on". The last one reads "last", others
 * "line"; then, so that more than 64 KiB can end in the middle of a character, argv[2] as it is.
 */
#include <sc.h>

enum { LINE = 16, AT_ONCE = 1024 };

static char lines[LINE * AT_ONCE];

static void fill(void)
{
    memset(lines, '.', sizeof lines);
    for (size_t i = 0; i < AT_ONCE; i++) {
        memcpy(lines + i * LINE, "line", 4);
        lines[i * LINE + LINE - 1] = '\n';
    }
}

static long count_of(const char *text)
{
    long n = 0;

    for (; *text >= '0' && *text <= '9'; text++)
        n = n * 10 + (*text - '0');
    return n;
}

int main(int argc, char **argv)
{
    long left = argc > 1 ? count_of(argv[1]) : 0;

    fill();
    while (argc > 1 && argv[1][0] == 'o')
        (void)sc_dbg_print(lines, sizeof lines);
    for (; left > AT_ONCE; left -= AT_ONCE)
        (void)sc_dbg_print(lines, sizeof lines);
    if (left > 0)
        memcpy(lines + (left - 1) * LINE, "last", 4);
    (void)sc_dbg_print(lines, (size_t)left * LINE);
    if (argc > 2)
        (void)sc_dbg_print(argv[2], strlen(argv[2]));
    return 0;
}
