/* SPDX-License-Identifier: MIT */
#include "server/base/why.h"

#include "server/base/strbuf.h"

#include <stdlib.h>

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
    if (line != NULL)
        why->text[why->count++] = line;
}

void why_done(struct why *why)
{
    for (size_t i = 0; i < why->count; i++) {
        free(why->text[i]);
        why->text[i] = NULL;
    }
    why->count = 0;
}
