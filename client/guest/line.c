/* SPDX-License-Identifier: MIT */
/* Lines from the terminal. */
#include <sc.h>

enum { CHUNK = 256 };

static char chunk[CHUNK];
static long chunk_len;
static long chunk_pos;
static int terminal;

/** The next byte, -1 at the end of the input, or -errno below that. */
static int next_byte(void)
{
    if (terminal == 0)
        terminal = sc_open("io:/tty", FM_READ | FM_BLOCKING);
    if (terminal < 0)
        return terminal - 1;
    if (chunk_pos == chunk_len) {
        chunk_pos = 0;
        chunk_len = sc_read(terminal, 0, sizeof(chunk), chunk);
    }
    if (chunk_len <= 0) {
        int end = (int)chunk_len - 1;

        chunk_len = 0;
        return end;
    }
    return (unsigned char)chunk[chunk_pos++];
}

long sc_read_line(char *line, size_t size)
{
    size_t len = 0;
    int byte = 0;

    if (size == 0)
        return -EINVAL;
    while (len + 1 < size && byte != '\n') {
        byte = next_byte();
        if (byte < 0)
            break;
        line[len++] = (char)byte;
    }
    line[len] = '\0';
    return len == 0 && byte < -1 ? byte + 1 : (long)len;
}
