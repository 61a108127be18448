/* SPDX-License-Identifier: MIT */
#include "fsdrivers/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Cut a value in quotes at @value out of the text. @rest: set to what is behind it, NULL nothing. */
static int unquote(char *value, char **rest, struct why *why)
{
    char *from = value + 1;
    char *to = value;

    while (*from != '"' && *from != '\0') {
        if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
            from++;
        *to++ = *from++;
    }
    if (*from == '\0')
        return why_add(why, -EINVAL, "the options hold a '\"' without its end");
    if (from[1] != ',' && from[1] != '\0')
        return why_add(why, -EINVAL, "the options hold bytes between a closing '\"' and a ','");
    *rest = from[1] == ',' ? from + 2 : NULL;
    *to = '\0';
    return 0;
}

/* Add the first "key=value" of *@rest, and move that behind it. */
static int add(struct options *o, char **rest, const char *repeated, struct why *why)
{
    char *item = *rest;
    char *value = item + strcspn(item, "=,");
    int err = 0;

    if (value[0] == '=' && value[1] == '"') {
        *value++ = '\0';
        err = unquote(value, rest, why);
    } else {
        (void)strsep(rest, ",");
        value = strchr(item, '=');
        if (value != NULL)
            *value++ = '\0';
    }
    if (err < 0)
        return err;
    if (*item == '\0')
        return why_add(why, -EINVAL, "the options hold an empty key");
    if (option_get(o->at, item) != NULL && (repeated == NULL || strcmp(item, repeated) != 0))
        return why_add(why, -EINVAL, "the option %s is given twice", item);
    if (o->count == OPTIONS_MAX)
        return why_add(why, -EINVAL, "more than %d options", OPTIONS_MAX);
    o->at[o->count++] = (struct fs_opt){item, value != NULL ? value : ""};
    return 0;
}

int options_split(const char *text, const char *repeated, struct options *out, struct why *why)
{
    struct options o = {.count = 0};
    char *rest;
    int err = 0;

    if (text != NULL && strlen(text) > OPTIONS_LEN_MAX)
        return why_add(why, -EINVAL, "the options have %zu bytes; the limit is %d", strlen(text),
                       OPTIONS_LEN_MAX);
    if (text != NULL && *text != '\0') {
        o.text = strdup(text);
        if (o.text == NULL)
            return -ENOMEM;
    }
    rest = o.text;
    while (err == 0 && rest != NULL)
        err = add(&o, &rest, repeated, why);
    if (err < 0) {
        options_done(&o);
        return err;
    }
    *out = o;
    return 0;
}

void options_done(struct options *o)
{
    free(o->text);
    *o = (struct options){.count = 0};
}

const char *option_get(const struct fs_opt *opt, const char *key)
{
    for (; opt != NULL && opt->key != NULL; opt++) {
        if (strcmp(opt->key, key) == 0)
            return opt->value;
    }
    return NULL;
}

/* The bits that a suffix shifts by: -1 for an unknown one. */
static int suffix_shift(const char *suffix)
{
    static const char letters[] = "KMGT";
    const char *at;

    if (*suffix == '\0')
        return 0;
    at = strchr(letters, *suffix);
    if (at == NULL || suffix[1] != '\0')
        return -1;
    return 10 * (int)(at - letters + 1);
}

/* A strict strtoull(): no sign, no space. */
static int read_number(const char *value, int base, uint64_t *out, char **end)
{
    if (*value < '0' || *value > '9')
        return -EINVAL;
    errno = 0;
    *out = strtoull(value, end, base);
    return errno == 0 ? 0 : -EINVAL;
}

int option_size(const char *key, const char *value, uint64_t *out, struct why *why)
{
    uint64_t number = 0;
    char *end = NULL;
    int shift = -1;

    if (read_number(value, 10, &number, &end) == 0)
        shift = suffix_shift(end);
    if (shift < 0 || number > ((uint64_t)INT64_MAX >> shift))
        return why_add(why, -EINVAL,
                       "%s=%s is not a size: write a number, with K, M, G or T behind it", key,
                       value);
    *out = number << shift;
    return 0;
}

int option_u32(const char *key, const char *value, int base, uint32_t *out, struct why *why)
{
    uint64_t number = 0;
    char *end = NULL;

    if (read_number(value, base, &number, &end) < 0 || *end != '\0' || number > UINT32_MAX)
        return why_add(why, -EINVAL, "%s=%s is not a %s number of 32 bits", key, value,
                       base == 8 ? "octal" : "decimal");
    *out = (uint32_t)number;
    return 0;
}

int option_flag(const char *key, const char *value, struct why *why)
{
    if (*value == '\0')
        return 0;
    return why_add(why, -EINVAL, "%s takes no value", key);
}
