/* SPDX-License-Identifier: MIT */
/* Prints what a terminal would obey, and what is no UTF-8. */
#include <sc.h>

int main(void)
{
    static const char text[] = "0 points\r\x1b[2K\x1b[1A10 of 10 points\xc2\x9b"
                               "31m \xff\xfe end\n";

    sc_dbg_print(text, sizeof(text) - 1);
    return 1;
}
