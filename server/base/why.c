/* SPDX-License-Identifier: MIT */
#include "server/base/why.h"

#include "server/base/strbuf.h"

#include <errno.h>
#include <stdlib.h>

/** Make room for one more sentence. The capacity doubles when the count is a power of two. */
static int grow(struct why *why)
{
    size_t count = why->count;
    char **text;

    if (count > 0 && (count & (count - 1)) != 0)
        return 0;
    text = realloc(why->text, (count > 0 ? 2 * count : 1) * sizeof(*text));
    if (text == NULL)
        return -ENOMEM;
    why->text = text;
    return 0;
}

void why_note(struct why *why, const char *fmt, ...)
{
    struct strbuf text = STRBUF_INIT;
    va_list ap;
    char *line;

    if (why == NULL || why->count == WHY_MAX)
        return;
    va_start(ap, fmt);
    (void)strbuf_addv(&text, fmt, ap);
    va_end(ap);
    line = strbuf_take(&text);
    if (line == NULL)
        return;
    if (grow(why) < 0)
        free(line);
    else
        why->text[why->count++] = line;
}

void why_done(struct why *why)
{
    for (size_t i = 0; i < why->count; i++)
        free(why->text[i]);
    free(why->text);
    why->text = NULL;
    why->count = 0;
}
