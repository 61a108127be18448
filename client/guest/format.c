/* SPDX-License-Identifier: MIT */
/* Formatted text: reading the format, and all conversions but those of floating point. */
#include "client/guest/format.h"

#include <sc.h>

#include <limits.h>

enum {
    DIGITS_MAX = 22, /* of 64 bits in octal */
    OCTAL = 8,
    DECIMAL = 10,
    HEX = 16,
};

/* A va_list in a struct can be handed on and keeps its place, whatever its type is. */
struct arguments {
    va_list ap;
};

void sc_repeat(struct sc_sink *sink, char c, size_t count)
{
    while (count-- > 0)
        sink->put(sink, &c, 1);
}

static size_t fill_of(const struct sc_spec *spec, const char *prefix, size_t len)
{
    const size_t used = strlen(prefix) + len;

    return spec->width > used ? spec->width - used : 0;
}

void sc_field_begin(struct sc_sink *sink, const struct sc_spec *spec, const char *prefix,
                    size_t len, bool zero)
{
    const size_t fill = spec->left ? 0 : fill_of(spec, prefix, len);

    sc_repeat(sink, ' ', zero ? 0 : fill);
    sink->put(sink, prefix, strlen(prefix));
    sc_repeat(sink, '0', zero ? fill : 0);
}

void sc_field_end(struct sc_sink *sink, const struct sc_spec *spec, const char *prefix, size_t len)
{
    sc_repeat(sink, ' ', spec->left ? fill_of(spec, prefix, len) : 0);
}

static void put_field(struct sc_sink *sink, const struct sc_spec *spec, const char *text,
                      size_t len)
{
    sc_field_begin(sink, spec, "", len, false);
    sink->put(sink, text, len);
    sc_field_end(sink, spec, "", len);
}

static void put_string(struct sc_sink *sink, const struct sc_spec *spec, const char *s)
{
    size_t len = 0;

    s = s != NULL ? s : "(null)";
    while ((spec->precision < 0 || len < (size_t)spec->precision) && s[len] != '\0')
        len++;
    put_field(sink, spec, s, len);
}

/** Write digits before @end. Returns the first; none of 0. */
static const char *digits_of(unsigned long long value, unsigned base, bool upper, char *end)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

    for (; value > 0; value /= base)
        *--end = digits[value % base];
    return end;
}

/** Print an integer: its digits, after as many zeros as the precision asks for. */
static void put_integer(struct sc_sink *sink, const struct sc_spec *spec, const char *prefix,
                        unsigned long long value, unsigned base)
{
    char text[DIGITS_MAX];
    const char *first = digits_of(value, base, spec->conversion == 'X', text + DIGITS_MAX);
    const size_t count = (size_t)(text + DIGITS_MAX - first);
    size_t least = spec->precision < 0 ? 1 : (size_t)spec->precision;
    const bool fill = spec->zero && !spec->left && spec->precision < 0;

    if (base == OCTAL && spec->alt && least <= count)
        least = count + 1; /* # lets an octal number begin with 0 */
    least = least > count ? least : count;
    sc_field_begin(sink, spec, prefix, least, fill);
    sc_repeat(sink, '0', least - count);
    sink->put(sink, first, count);
    sc_field_end(sink, spec, prefix, least);
}

static long long take_signed(struct arguments *a, enum sc_length length)
{
    int value;

    if (length == SC_LENGTH_LONG_LONG)
        return va_arg(a->ap, long long);
    if (length == SC_LENGTH_LONG)
        return va_arg(a->ap, long);
    value = va_arg(a->ap, int);
    if (length == SC_LENGTH_CHAR)
        return (signed char)value;
    return length == SC_LENGTH_SHORT ? (short)value : value;
}

static unsigned long long take_unsigned(struct arguments *a, enum sc_length length)
{
    unsigned value;

    if (length == SC_LENGTH_LONG_LONG)
        return va_arg(a->ap, unsigned long long);
    if (length == SC_LENGTH_LONG)
        return va_arg(a->ap, unsigned long);
    value = va_arg(a->ap, unsigned);
    if (length == SC_LENGTH_CHAR)
        return (unsigned char)value;
    return length == SC_LENGTH_SHORT ? (unsigned short)value : value;
}

static void put_signed(struct sc_sink *sink, const struct sc_spec *spec, long long value)
{
    const unsigned long long magnitude =
        value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;
    const char *sign = spec->plus ? "+" : spec->space ? " " : "";

    put_integer(sink, spec, value < 0 ? "-" : sign, magnitude, DECIMAL);
}

static void put_unsigned(struct sc_sink *sink, const struct sc_spec *spec, unsigned long long value)
{
    const bool upper = spec->conversion == 'X';

    if (spec->conversion == 'u')
        put_integer(sink, spec, "", value, DECIMAL);
    else if (spec->conversion == 'o')
        put_integer(sink, spec, "", value, OCTAL);
    else
        put_integer(sink, spec, !spec->alt || value == 0 ? "" : upper ? "0X" : "0x", value, HEX);
}

static void put_pointer(struct sc_sink *sink, const struct sc_spec *spec, const void *pointer)
{
    put_integer(sink, spec, "0x", (uintptr_t)pointer, HEX);
}

static long double take_float(struct arguments *a, enum sc_length length)
{
    return length == SC_LENGTH_LONG_DOUBLE ? va_arg(a->ap, long double) : va_arg(a->ap, double);
}

/** Take the argument of a conversion that is not supported, and say so. */
static void refuse(struct sc_sink *sink, const struct sc_spec *spec, struct arguments *a)
{
    static const char text[] = " is not supported)";

    if (spec->conversion == 'a' || spec->conversion == 'A')
        (void)take_float(a, spec->length);
    else if (spec->conversion == 'c')
        (void)va_arg(a->ap, int);
    else
        (void)va_arg(a->ap, void *);
    sink->put(sink, "(%", 2);
    sink->put(sink, "l", spec->length == SC_LENGTH_LONG ? 1 : 0);
    sink->put(sink, &spec->conversion, 1);
    sink->put(sink, text, sizeof(text) - 1);
}

static void put_text(struct sc_sink *sink, const struct sc_spec *spec, struct arguments *a)
{
    char c;

    if (spec->length == SC_LENGTH_LONG) {
        refuse(sink, spec, a);
    } else if (spec->conversion == 's') {
        put_string(sink, spec, va_arg(a->ap, const char *));
    } else {
        c = (char)va_arg(a->ap, int);
        put_field(sink, spec, &c, 1);
    }
}

/** Print one conversion. Returns whether it is known. */
static bool put_conversion(struct sc_sink *sink, const struct sc_spec *spec, struct arguments *a)
{
    switch (spec->conversion) {
    case 'd':
    case 'i':
        put_signed(sink, spec, take_signed(a, spec->length));
        return true;
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        put_unsigned(sink, spec, take_unsigned(a, spec->length));
        return true;
    case 'p':
        put_pointer(sink, spec, va_arg(a->ap, void *));
        return true;
    case 'c':
    case 's':
        put_text(sink, spec, a);
        return true;
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
        sc_format_float(sink, spec, take_float(a, spec->length));
        return true;
    case 'a':
    case 'A':
    case 'n':
        refuse(sink, spec, a);
        return true;
    case '%':
        sink->put(sink, "%", 1);
        return true;
    default:
        return false;
    }
}

static const char *read_flags(const char *at, struct sc_spec *spec)
{
    for (;; at++) {
        if (*at == '-')
            spec->left = true;
        else if (*at == '+')
            spec->plus = true;
        else if (*at == ' ')
            spec->space = true;
        else if (*at == '#')
            spec->alt = true;
        else if (*at == '0')
            spec->zero = true;
        else
            return at;
    }
}

/** Read a number in the format, INT_MAX at most. */
static const char *read_number(const char *at, int *out)
{
    long long value = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        value = value * DECIMAL + (*at - '0');
        value = value < INT_MAX ? value : INT_MAX;
    }
    *out = (int)value;
    return at;
}

static const char *read_width(const char *at, struct sc_spec *spec, struct arguments *a)
{
    int width;

    if (*at != '*')
        at = read_number(at, &width);
    else {
        width = va_arg(a->ap, int);
        at++;
    }
    spec->left |= width < 0;
    spec->width = width < 0 ? 0 - (unsigned)width : (unsigned)width;
    return at;
}

static const char *read_precision(const char *at, struct sc_spec *spec, struct arguments *a)
{
    spec->precision = SC_NO_PRECISION;
    if (*at != '.')
        return at;
    if (at[1] != '*')
        return read_number(at + 1, &spec->precision);
    spec->precision = va_arg(a->ap, int); /* a negative one counts as none */
    return at + 2;
}

/** The length of z, j and t: they are as wide as a long or a long long. */
static enum sc_length length_of_size(size_t size)
{
    return size == sizeof(long) ? SC_LENGTH_LONG : SC_LENGTH_LONG_LONG;
}

static const char *read_length(const char *at, struct sc_spec *spec)
{
    const bool twice = at[0] != '\0' && at[0] == at[1];

    spec->length = SC_LENGTH_INT;
    if (*at == 'h')
        spec->length = twice ? SC_LENGTH_CHAR : SC_LENGTH_SHORT;
    else if (*at == 'l')
        spec->length = twice ? SC_LENGTH_LONG_LONG : SC_LENGTH_LONG;
    else if (*at == 'L')
        spec->length = SC_LENGTH_LONG_DOUBLE;
    else if (*at == 'j')
        spec->length = length_of_size(sizeof(intmax_t));
    else if (*at == 'z' || *at == 't')
        spec->length = length_of_size(sizeof(size_t));
    else
        return at;
    return at + (twice && (*at == 'h' || *at == 'l') ? 2 : 1);
}

/** Print what begins behind a '%'. One that is not known is printed as it stands. Returns where the
 * format goes on. */
static const char *put_percent(struct sc_sink *sink, const char *format, struct arguments *a)
{
    struct sc_spec spec = {.left = false};
    const char *at = read_flags(format, &spec);

    at = read_width(at, &spec, a);
    at = read_precision(at, &spec, a);
    at = read_length(at, &spec);
    spec.conversion = *at;
    if (*at != '\0')
        at++;
    if (!put_conversion(sink, &spec, a)) {
        sink->put(sink, "%", 1);
        sink->put(sink, format, (size_t)(at - format));
    }
    return at;
}

void sc_format(struct sc_sink *sink, const char *format, va_list ap)
{
    struct arguments a;

    va_copy(a.ap, ap);
    while (*format != '\0') {
        size_t len = 0;

        while (format[len] != '\0' && format[len] != '%')
            len++;
        sink->put(sink, format, len);
        format += len;
        if (*format == '%')
            format = put_percent(sink, format + 1, &a);
    }
    va_end(a.ap);
}
