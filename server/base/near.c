/* SPDX-License-Identifier: MIT */
#include "server/base/near.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 48 };

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/**
 * The edit distance: insertions, deletions, replacements and swaps of neighbours, without case.
 */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1];
    size_t alen = strlen(a);
    size_t blen = strlen(b);

    if (alen > LONGEST || blen > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= blen; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= alen; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= blen; j++) {
            int x = tolower((unsigned char)a[i - 1]);
            int y = tolower((unsigned char)b[j - 1]);

            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]) && rows[(i - 2) % 3][j - 2] + 1 < row[j])
                row[j] = rows[(i - 2) % 3][j - 2] + 1;
        }
    }
    return rows[alen % 3][blen];
}

void near_try(struct near *best, const char *candidate)
{
    size_t d = distance(best->word, candidate);
    size_t len = strlen(best->word);

    /* The most edits: a quarter of the letters, and one in a short word. */
    if (d > (len + 2) / 4 + (len < 2))
        return;
    if (best->found == NULL || d < best->distance) {
        best->found = candidate;
        best->distance = d;
    }
}
