/* SPDX-License-Identifier: MIT */
/* sc_printf(): text for the debug log, gathered into few DBG_PRINT calls. */
#include "client/guest/format.h"

#include <sc.h>

enum { CHUNK = 256 };

struct printer {
    struct sc_sink sink; /* first: a printer is a sink */
    char text[CHUNK];
    size_t len;
    int error; /* first negative errno */
};

static void flush(struct printer *p)
{
    int err = p->len > 0 ? sc_dbg_print(p->text, p->len) : 0;

    if (p->error == 0)
        p->error = err;
    p->len = 0;
}

static void put(struct sc_sink *sink, const char *text, size_t len)
{
    struct printer *p = (struct printer *)sink;

    for (; len > 0; len--) {
        if (p->len == CHUNK)
            flush(p);
        p->text[p->len++] = *text++;
    }
}

int sc_printf(const char *format, ...)
{
    struct printer p = {.sink = {put}};
    va_list ap;

    va_start(ap, format);
    sc_format(&p.sink, format, ap);
    va_end(ap);
    flush(&p);
    return p.error;
}
