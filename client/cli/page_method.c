/* SPDX-License-Identifier: MIT */
/* Pages of the daemon's own methods, made from schema/methods.def. */
#include "client/cli/page.h"
#include "schema/events.h"
#include "schema/machine_limits.h"

#include "server/base/strbuf.h"

#include <stdbool.h>
#include <string.h>

enum { COLUMN = 16, LIST_COLUMN = 22 };

struct field {
    const char *name; /* NULL ends a list */
    const char *type;
    const char *doc;
    bool optional;
};

enum result_shape { SHAPE_VOID, SHAPE_OBJECT, SHAPE_ARRAY, SHAPE_DOCUMENT };

struct method {
    const char *name;
    enum result_shape shape;
    const char *doc;
    const struct field *params;
    const struct field *results;
};

#define RPC_METHOD(name, id, shape, doc, params, results)                                          \
    static const struct field id##_params[] = {params{0}};                                         \
    static const struct field id##_results[] = {results{0}};
#define RPC_PARAM(type, name, doc) {#name, #type, doc, false},
#define RPC_OPT(type, name, doc) {#name, #type, doc, true},
#define RPC_NO_PARAMS
#define RPC_RESULT(type, name, doc) {#name, #type, doc, false},
#define RPC_RESULT_OPT(type, name, doc) {#name, #type, doc, true},
#define RPC_NO_RESULTS
#include "schema/methods.def"

static const struct method methods[] = {
#define RPC_METHOD(name, id, shape, doc, params, results)                                          \
    {name, SHAPE_##shape, doc, id##_params, id##_results},
#include "schema/methods.def"
};

static const struct {
    const char *name, *json;
} types[] = {
#define RPC_TYPE(type, ctype, json, doc) {#type, json},
#include "schema/methods.def"
};

enum { METHOD_COUNT = sizeof methods / sizeof methods[0] };

void page_methods(FILE *to)
{
    for (size_t i = 0; i < METHOD_COUNT; i++)
        page_entry(to, 2, LIST_COLUMN, methods[i].name, methods[i].doc);
}

const char *page_method_name(size_t n)
{
    return n < METHOD_COUNT ? methods[n].name : NULL;
}

/* What a type is in JSON, for people: finer points are in the words beside it. */
static const char *plain_json(const char *json)
{
    static const char *const rows[][2] = {
        {"natural", "integer"},
        {"name", "string"},
        {"name[]", "string[]"},
        {"name or null", "string or null"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i][0], json) == 0)
            return rows[i][1];
    }
    return json;
}

/* The same by the name of the type. */
static const char *json_of(const char *type)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, type) == 0)
            return plain_json(types[i].json);
    }
    return type;
}

static void print_fields(FILE *to, const struct field *fields)
{
    for (const struct field *f = fields; f->name != NULL; f++) {
        struct strbuf meaning = STRBUF_INIT;

        (void)strbuf_addf(&meaning, "%s%s (%s)", f->optional ? "(may be missing) " : "", f->doc,
                          json_of(f->type));
        page_entry(to, 2, COLUMN, f->name, strbuf_str(&meaning));
        strbuf_done(&meaning);
    }
}

static void print_method(FILE *to, const struct method *m)
{
    static const char *const result[] = {
        [SHAPE_VOID] = "Result: null",
        [SHAPE_OBJECT] = "Result: an object of",
        [SHAPE_ARRAY] = "Result: an array of objects of",
        [SHAPE_DOCUMENT] = "Result: a document of its own form",
    };

    fprintf(to, "%s - method of the daemon\n\n", m->name);
    page_entry(to, 0, 2, "", m->doc);
    if (m->params->name != NULL)
        page_heading(to, "Parameters");
    print_fields(to, m->params);
    page_heading(to, result[m->shape]);
    print_fields(to, m->results);
    page_heading(to, "Example");
    fprintf(to, "  scbox call %s", m->name);
    for (const struct field *f = m->params; f->name != NULL; f++) {
        if (!f->optional)
            fprintf(to, "%s\"%s\": …", f == m->params ? " '{" : ", ", f->name);
    }
    fputs(m->params->name != NULL && !m->params->optional ? "}'\n" : "\n", to);
}

bool page_method(FILE *to, const char *name)
{
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (strcmp(methods[i].name, name) == 0) {
            print_method(to, &methods[i]);
            return true;
        }
    }
    return false;
}
