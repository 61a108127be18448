/* SPDX-License-Identifier: MIT */
/*
 * Floating point as text, exactly: every digit that is printed is the number's own, and the last one
 * is rounded to nearest, to even when in the middle.
 *
 * A number is mantissa * 2^exponent. That is a whole number, or mantissa * 5^-exponent with so many
 * decimals; both are kept in limbs of nine decimal digits, the lowest first.
 */
#include "client/guest/format.h"

#include <sc.h>

#include <float.h>

#if LDBL_MANT_DIG != 64
#error "long double is not the 80-bit kind"
#endif

enum {
    LIMB_DIGITS = 9,
    LIMB = 1000000000,
    LIMBS_MAX = 1290, /* the least long double has 11514 digits */
    DECIMAL = 10,
    FIVES = 12, /* powers of five in a step, */
    FIVE_TO_12 = 244140625,
    FIVE = 5,
    TWOS = 28, /* and of two */
    BIAS = 16383 + 63,
    EXPONENT_ALL = 0x7FFF,
    SIGN_BIT = 0x8000,
    DEFAULT_PRECISION = 6,
    EXPONENT_G_MIN = -4,
    EXPONENT_DIGITS = 2, /* at least */
    EXPONENT_TEXT = 8,
};

/** A number in decimal: a whole number, and how many of its digits are decimals. */
struct decimal {
    uint32_t limb[LIMBS_MAX];
    int limbs;
    int digits; /* without leading zeros; 1 of zero */
    int scale;
};

static const uint32_t power_of_ten[LIMB_DIGITS] = {1,      10,      100,      1000,     10000,
                                                   100000, 1000000, 10000000, 100000000};

static void multiply(struct decimal *d, uint32_t by)
{
    uint64_t carry = 0;

    for (int i = 0; i < d->limbs; i++) {
        carry += (uint64_t)d->limb[i] * by;
        d->limb[i] = (uint32_t)(carry % LIMB);
        carry /= LIMB;
    }
    if (carry > 0)
        d->limb[d->limbs++] = (uint32_t)carry;
}

static void count_digits(struct decimal *d)
{
    while (d->limbs > 1 && d->limb[d->limbs - 1] == 0)
        d->limbs--;
    d->digits = (d->limbs - 1) * LIMB_DIGITS + 1;
    for (uint32_t top = d->limb[d->limbs - 1]; top >= DECIMAL; top /= DECIMAL)
        d->digits++;
}

static void to_decimal(struct decimal *d, uint64_t mantissa, int exponent)
{
    while (mantissa != 0 && exponent < 0 && mantissa % 2 == 0) {
        mantissa /= 2;
        exponent++;
    }
    if (mantissa == 0)
        exponent = 0;
    d->limb[0] = (uint32_t)(mantissa % LIMB);
    d->limb[1] = (uint32_t)(mantissa / LIMB % LIMB);
    d->limb[2] = (uint32_t)(mantissa / LIMB / LIMB);
    d->limbs = 3;
    d->scale = exponent < 0 ? -exponent : 0;
    for (; exponent >= TWOS; exponent -= TWOS)
        multiply(d, UINT32_C(1) << TWOS);
    for (; exponent <= -FIVES; exponent += FIVES)
        multiply(d, FIVE_TO_12);
    for (; exponent > 0; exponent--)
        multiply(d, 2);
    for (; exponent < 0; exponent++)
        multiply(d, FIVE);
    count_digits(d);
}

/** The digit that stands for 10^@place of the whole number. */
static char digit_at(const struct decimal *d, int place)
{
    if (place < 0 || place >= d->digits)
        return '0';
    return (char)('0' + d->limb[place / LIMB_DIGITS] / power_of_ten[place % LIMB_DIGITS] % DECIMAL);
}

static bool is_zero_below(const struct decimal *d, int place)
{
    while (place > 0 && digit_at(d, place - 1) == '0')
        place--;
    return place <= 0;
}

/** Whether rounding to a multiple of 10^@place goes up. */
static bool rounds_up(const struct decimal *d, int place)
{
    const char dropped = digit_at(d, place - 1);
    const bool odd = (digit_at(d, place) - '0') % 2 != 0;

    return dropped > '5' || (dropped == '5' && (odd || !is_zero_below(d, place - 1)));
}

static void add_at(struct decimal *d, int place)
{
    uint32_t carry = power_of_ten[place % LIMB_DIGITS];

    for (int i = place / LIMB_DIGITS; carry > 0; i++) {
        if (i == d->limbs)
            d->limb[d->limbs++] = 0;
        d->limb[i] += carry;
        carry = d->limb[i] >= LIMB;
        d->limb[i] -= carry > 0 ? (uint32_t)LIMB : 0;
    }
}

/** Round to a multiple of 10^@place. */
static void round_at(struct decimal *d, int place)
{
    const bool up = rounds_up(d, place);
    const int at = place / LIMB_DIGITS;

    if (place <= 0)
        return;
    for (int i = 0; i < at && i < d->limbs; i++)
        d->limb[i] = 0;
    if (at < d->limbs)
        d->limb[at] -= d->limb[at] % power_of_ten[place % LIMB_DIGITS];
    if (up)
        add_at(d, place);
    count_digits(d);
}

/** What of a number is printed: digits from a place down, a point, decimals, an exponent. */
struct shape {
    int top; /* the place of the first digit */
    int whole;
    int decimals;
    bool point;
    char exponent[EXPONENT_TEXT]; /* as text; "" none */
    size_t exponent_len;
};

static void put_digits(struct sc_sink *sink, const struct decimal *d, int top, int count)
{
    for (int i = 0; i < count; i++) {
        const char digit = digit_at(d, top - i);

        sink->put(sink, &digit, 1);
    }
}

static void put_number(struct sc_sink *sink, const struct sc_spec *spec, const char *sign,
                       const struct decimal *d, const struct shape *s)
{
    const size_t len = (size_t)s->whole + s->point + (size_t)s->decimals + s->exponent_len;

    sc_field_begin(sink, spec, sign, len, spec->zero && !spec->left);
    put_digits(sink, d, s->top, s->whole);
    sink->put(sink, ".", s->point);
    put_digits(sink, d, s->top - s->whole, s->decimals);
    sink->put(sink, s->exponent, s->exponent_len);
    sc_field_end(sink, spec, sign, len);
}

/** The number with so many decimals. */
static struct shape plain_shape(struct decimal *d, int decimals)
{
    struct shape s = {.decimals = decimals};

    if (decimals < d->scale)
        round_at(d, d->scale - decimals);
    s.whole = d->digits > d->scale ? d->digits - d->scale : 1;
    s.top = d->scale + s.whole - 1;
    return s;
}

static void write_exponent(struct shape *s, char letter, int value)
{
    char digits[EXPONENT_TEXT];
    int rest = value < 0 ? -value : value;
    size_t count = 0;

    for (; rest > 0 || count < EXPONENT_DIGITS; rest /= DECIMAL)
        digits[count++] = (char)('0' + rest % DECIMAL);
    s->exponent[s->exponent_len++] = letter;
    s->exponent[s->exponent_len++] = value < 0 ? '-' : '+';
    while (count > 0)
        s->exponent[s->exponent_len++] = digits[--count];
}

/** The power of ten of the first digit, once the number is rounded to one digit and @decimals. */
static int round_significant(struct decimal *d, int decimals)
{
    if (d->digits - 1 > decimals)
        round_at(d, d->digits - 1 - decimals);
    return d->digits - 1 - d->scale;
}

static struct shape scientific_shape(struct decimal *d, int decimals, char letter)
{
    struct shape s = {.whole = 1, .decimals = decimals};
    const int exponent = round_significant(d, decimals);

    s.top = d->digits - 1;
    write_exponent(&s, letter, exponent);
    return s;
}

/** %g: so many significant digits, without zeros at the end unless # is given. */
static struct shape general_shape(struct decimal *d, const struct sc_spec *spec, int precision)
{
    const int significant = precision == 0 ? 1 : precision;
    const int exponent = round_significant(d, significant - 1);
    struct shape s;

    if (exponent >= EXPONENT_G_MIN && exponent < significant)
        s = plain_shape(d, significant - 1 - exponent);
    else
        s = scientific_shape(d, significant - 1, spec->conversion == 'g' ? 'e' : 'E');
    while (!spec->alt && s.decimals > 0 && digit_at(d, s.top - s.whole - s.decimals + 1) == '0')
        s.decimals--;
    return s;
}

static void put_finite(struct sc_sink *sink, const struct sc_spec *spec, const char *sign,
                       struct decimal *d)
{
    const int precision = spec->precision < 0 ? DEFAULT_PRECISION : spec->precision;
    struct shape s;

    switch (spec->conversion) {
    case 'f':
    case 'F':
        s = plain_shape(d, precision);
        break;
    case 'e':
    case 'E':
        s = scientific_shape(d, precision, spec->conversion);
        break;
    default:
        s = general_shape(d, spec, precision);
        break;
    }
    s.point = s.decimals > 0 || spec->alt;
    put_number(sink, spec, sign, d, &s);
}

static void put_special(struct sc_sink *sink, const struct sc_spec *spec, const char *sign,
                        bool infinite)
{
    const bool upper = spec->conversion < 'a';
    const char *text = infinite ? (upper ? "INF" : "inf") : (upper ? "NAN" : "nan");

    sc_field_begin(sink, spec, sign, strlen(text), false);
    sink->put(sink, text, strlen(text));
    sc_field_end(sink, spec, sign, strlen(text));
}

void sc_format_float(struct sc_sink *sink, const struct sc_spec *spec, long double value)
{
    union {
        long double value;
        struct {
            uint64_t mantissa;
            uint16_t sign_exponent;
        } part;
    } bits = {.part = {0, 0}};
    struct decimal d;
    const char *sign = spec->plus ? "+" : spec->space ? " " : "";
    int exponent;

    bits.value = value;
    exponent = bits.part.sign_exponent & EXPONENT_ALL;
    if ((bits.part.sign_exponent & SIGN_BIT) != 0)
        sign = "-";
    if (exponent == EXPONENT_ALL) {
        put_special(sink, spec, sign, (bits.part.mantissa << 1) == 0);
        return;
    }
    to_decimal(&d, bits.part.mantissa, (exponent == 0 ? 1 : exponent) - BIAS);
    put_finite(sink, spec, sign, &d);
}
