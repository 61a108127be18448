/* SPDX-License-Identifier: MIT */
/* Tells its arguments, a variable of its environment and each line of its input; exits with their count. */
#include <sc.h>

int main(int argc, char **argv)
{
    char line[80];
    int lines = 0;

    for (int i = 1; i < argc; i++)
        sc_printf("argument %d: %s\n", i, argv[i]);
    if (getenv("GREETING") != NULL)
        sc_printf("GREETING is %s\n", getenv("GREETING"));
    while (sc_read_line(line, sizeof line) > 0) {
        sc_printf("line: %s", line);
        lines++;
    }
    return lines;
}
