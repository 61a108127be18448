/* SPDX-License-Identifier: MIT */
/* Pages of the filesystem drivers and their options, made from schema/drivers.h. */
#include "client/cli/help/page.h"
#include "schema/drivers.h"

#include <string.h>

enum { COLUMN = 16, INDENT = 2 };

struct option_row {
    const char *key; /* NULL ends the list */
    const char *doc;
};

#define OPTION_ROW(key, doc) {key, doc},

/* The last row has the options of all drivers. */
static const struct {
    const char *name, *alias, *doc;
    const struct option_row *options;
} drivers[] = {
#define DRIVER_ROW(name, alias, doc, OPTIONS)                                                      \
    {name, alias, doc, (const struct option_row[]){OPTIONS(OPTION_ROW){NULL, NULL}}},
    FS_DRIVERS(DRIVER_ROW)
#undef DRIVER_ROW
        {"", "", "", (const struct option_row[]){FS_COMMON_OPTIONS(OPTION_ROW){NULL, NULL}}},
};
enum { DRIVER_COUNT = sizeof drivers / sizeof drivers[0] - 1 };

/** Print the options of a driver; DRIVER_COUNT: those of all drivers. */
static void print_options(FILE *to, size_t driver)
{
    for (const struct option_row *o = drivers[driver].options; o->key != NULL; o++)
        page_entry(to, INDENT, COLUMN, o->key, o->doc);
}

void page_drivers(FILE *to)
{
    fputs("The filesystem drivers of `fs NAME DRIVER [key=value …]` and MAKE_FS;\n"
          "`help DRIVER` explains one and its options.\n\n",
          to);
    for (size_t i = 0; i < DRIVER_COUNT; i++)
        page_entry(to, INDENT, COLUMN, drivers[i].name, drivers[i].doc);
    page_heading(to, "Options of all drivers");
    print_options(to, DRIVER_COUNT);
}

static void print_driver(FILE *to, size_t i)
{
    fprintf(to, "%s - %s\n", drivers[i].name, drivers[i].doc);
    if (*drivers[i].alias != '\0')
        fprintf(to, "Also called %s, by which its letters may stand in one word: \"cmd\".\n",
                drivers[i].alias);
    page_heading(to, "Its own options");
    print_options(to, i);
    page_heading(to, "Options of all drivers");
    print_options(to, DRIVER_COUNT);
    page_heading(to, "Examples");
    if (strcmp(drivers[i].name, "unionfs") == 0) {
        fputs("  fs u unionfs layer=changes layer=system\n", to);
        fputs("  make_fs unionfs u $dir opts=layer=system\n", to);
        return;
    }
    fprintf(to, "  fs t %s readonly\n", drivers[i].name);
    fprintf(to, "  make_fs %s t\n", drivers[i].name);
}

bool page_driver(FILE *to, const char *word)
{
    bool found = false;

    for (size_t i = 0; i < DRIVER_COUNT; i++) {
        if (strcmp(drivers[i].name, word) == 0 ||
            (*word != '\0' && strcmp(drivers[i].alias, word) == 0)) {
            print_driver(to, i);
            return true;
        }
    }
    for (size_t i = 0; i <= DRIVER_COUNT; i++) {
        for (const struct option_row *o = drivers[i].options; o->key != NULL; o++) {
            if (strcmp(o->key, word) != 0)
                continue;
            fprintf(to, "%s - an option of %s\n\n", word,
                    i < DRIVER_COUNT ? drivers[i].name : "every filesystem driver");
            page_entry(to, 0, INDENT, "", o->doc);
            found = true;
        }
    }
    return found;
}

bool page_is_option(const char *word)
{
    for (size_t i = 0; i <= DRIVER_COUNT; i++) {
        for (const struct option_row *o = drivers[i].options; o->key != NULL; o++) {
            if (strcmp(o->key, word) == 0)
                return true;
        }
    }
    return false;
}

const char *page_driver_name(size_t n)
{
    if (n < DRIVER_COUNT)
        return drivers[n].name;
    if (n < (size_t)DRIVER_COUNT * 2)
        return *drivers[n - DRIVER_COUNT].alias != '\0' ? drivers[n - DRIVER_COUNT].alias
                                                        : drivers[n - DRIVER_COUNT].name;
    n -= (size_t)DRIVER_COUNT * 2;
    for (size_t i = 0; i <= DRIVER_COUNT; i++) {
        for (const struct option_row *o = drivers[i].options; o->key != NULL; o++) {
            if (n-- == 0)
                return o->key;
        }
    }
    return NULL;
}
