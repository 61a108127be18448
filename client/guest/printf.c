/* SPDX-License-Identifier: MIT */
/* sc_printf(): text for the debug log, gathered into few DBG_PRINT calls. */
#include <sc.h>

#include <stdarg.h>

enum { CHUNK = 256, DIGITS_MAX = 20, DECIMAL = 10, HEX = 16 };

struct printer {
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

static void put(struct printer *p, char c)
{
    if (p->len == CHUNK)
        flush(p);
    p->text[p->len++] = c;
}

static void put_string(struct printer *p, const char *s)
{
    for (s = s != NULL ? s : "(null)"; *s != '\0'; s++)
        put(p, *s);
}

static void put_number(struct printer *p, unsigned long long value, unsigned base)
{
    char digits[DIGITS_MAX];
    size_t count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    while (count > 0)
        put(p, digits[--count]);
}

static void put_signed(struct printer *p, long long value)
{
    if (value < 0)
        put(p, '-');
    put_number(p, value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value, DECIMAL);
}

/** How wide the next integer argument is. */
enum width { INT, LONG, LONG_LONG };

/** Read l, ll, z and advance behind them. */
static enum width take_width(const char **format)
{
    enum width width = INT;

    for (; **format == 'l' || **format == 'z'; (*format)++)
        width = width == LONG ? LONG_LONG : LONG;
    return width;
}

/* A va_list in a struct can be handed on and keeps its place, whatever its type is. */
struct arguments {
    va_list ap;
};

static long long take_signed(struct arguments *a, enum width width)
{
    if (width == LONG_LONG)
        return va_arg(a->ap, long long);
    return width == LONG ? va_arg(a->ap, long) : va_arg(a->ap, int);
}

static unsigned long long take_unsigned(struct arguments *a, enum width width)
{
    if (width == LONG_LONG)
        return va_arg(a->ap, unsigned long long);
    return width == LONG ? va_arg(a->ap, unsigned long) : va_arg(a->ap, unsigned);
}

static void put_conversion(struct printer *p, const char **format, struct arguments *a)
{
    enum width width = take_width(format);
    char conversion = **format;

    switch (conversion) {
    case 'd':
    case 'i':
        put_signed(p, take_signed(a, width));
        break;
    case 'u':
        put_number(p, take_unsigned(a, width), DECIMAL);
        break;
    case 'x':
        put_number(p, take_unsigned(a, width), HEX);
        break;
    case 'p':
        put_string(p, "0x");
        put_number(p, (uintptr_t)va_arg(a->ap, void *), HEX);
        break;
    case 's':
        put_string(p, va_arg(a->ap, const char *));
        break;
    case 'c':
        put(p, (char)va_arg(a->ap, int));
        break;
    default: /* %% and what is not known: as it stands */
        put(p, conversion != '\0' ? conversion : '%');
        break;
    }
    if (conversion != '\0')
        (*format)++;
}

int sc_printf(const char *format, ...)
{
    struct printer p = {.len = 0};
    struct arguments a;

    va_start(a.ap, format);
    while (*format != '\0') {
        char c = *format++;

        if (c == '%')
            put_conversion(&p, &format, &a);
        else
            put(&p, c);
    }
    va_end(a.ap);
    flush(&p);
    return p.error;
}
