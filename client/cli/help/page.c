/* SPDX-License-Identifier: MIT */
#include "client/cli/help/page.h"

#include <string.h>

enum { PAGE_COLUMNS = 80 };

void page_heading(FILE *to, const char *text)
{
    fprintf(to, "\n%s\n", text);
}

/* Columns of UTF-8 text; our own texts have no wide or combining characters. */
static int columns(const char *text, size_t len)
{
    int count = 0;

    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

void page_entry(FILE *to, int indent, int column, const char *name, const char *meaning)
{
    int at = indent + columns(name, strlen(name));
    const char *sep = "";

    fprintf(to, "%*s%s", indent, "", name);
    if (at + 2 > column) {
        fputc('\n', to);
        at = 0;
    }
    fprintf(to, "%*s", column - at, "");
    at = column;
    while (*meaning != '\0') {
        size_t len = strcspn(meaning, " ");

        if (*sep != '\0' && at + 1 + columns(meaning, len) > PAGE_COLUMNS) {
            fprintf(to, "\n%*s", column, "");
            at = column;
            sep = "";
        }
        fprintf(to, "%s%.*s", sep, (int)len, meaning);
        at += columns(meaning, len) + (*sep != '\0');
        sep = " ";
        meaning += len;
        meaning += strspn(meaning, " ");
    }
    fputc('\n', to);
}
