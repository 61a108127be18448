/* SPDX-License-Identifier: MIT */
/*
 * Formatted text, as C's printf() makes it: what sc_printf() prints.
 *
 * Supported are the conversions d i u o x X c s p % and, for floating point, f F e E g G; the flags
 * - + space # 0; width and precision, also by *; the lengths hh h l ll z j t and L. What is not
 * supported (%a, %n, wide characters) says so in the text and takes its argument, so that those
 * behind it stay in their places.
 */
#ifndef CLIENT_GUEST_FORMAT_H
#define CLIENT_GUEST_FORMAT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/** Where the text goes, piece by piece. */
struct sc_sink {
    void (*put)(struct sc_sink *sink, const char *text, size_t len);
};

enum { SC_NO_PRECISION = -1 };

enum sc_length {
    SC_LENGTH_INT,
    SC_LENGTH_CHAR,
    SC_LENGTH_SHORT,
    SC_LENGTH_LONG,
    SC_LENGTH_LONG_LONG,
    SC_LENGTH_LONG_DOUBLE,
};

/** One conversion as the format has it. */
struct sc_spec {
    bool left;  /* - */
    bool plus;  /* + */
    bool space; /* the space */
    bool alt;   /* # */
    bool zero;  /* 0 */
    unsigned width;
    int precision;
    enum sc_length length;
    char conversion;
};

/** Print @format with its arguments. */
void sc_format(struct sc_sink *sink, const char *format, va_list ap);

/** Print @count times @c. */
void sc_repeat(struct sc_sink *sink, char c, size_t count);

/**
 * Print what stands before the body of a field: spaces, the prefix, zeros.
 * @prefix   sign or base; borrowed.
 * @len      bytes of the body.
 * @zero     the width is filled by zeros behind the prefix.
 */
void sc_field_begin(struct sc_sink *sink, const struct sc_spec *spec, const char *prefix,
                    size_t len, bool zero);

/** Print the spaces behind a field; same arguments. */
void sc_field_end(struct sc_sink *sink, const struct sc_spec *spec, const char *prefix, size_t len);

/** Print a floating-point number by f F e E g G. */
void sc_format_float(struct sc_sink *sink, const struct sc_spec *spec, long double value);

#endif
