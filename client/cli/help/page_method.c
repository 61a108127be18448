/* SPDX-License-Identifier: MIT */
/* Pages of the daemon's own methods, made from schema/methods.def. */
#include "client/cli/help/page.h"
#include "schema/methods.h"

#include "server/base/strbuf.h"

#include <stdbool.h>
#include <string.h>

enum { COLUMN = 16, LIST_COLUMN = 22 };

void page_methods(FILE *to)
{
    for (size_t i = 0; i < METHOD_COUNT; i++)
        page_entry(to, 2, LIST_COLUMN, rpc_methods[i].name, rpc_methods[i].doc);
}

const char *page_method_name(size_t n)
{
    return n < METHOD_COUNT ? rpc_methods[n].name : NULL;
}

/* The JSON form of a type, simplified; the text beside it has the details. */
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

/* The same, by the type's name. */
static const char *json_of(const char *name)
{
    const struct rpc_type_info *type = rpc_type_by_name(name);

    return type != NULL ? plain_json(type->json) : name;
}

static void print_fields(FILE *to, const struct sc_field_info *fields)
{
    for (const struct sc_field_info *f = fields; f->name != NULL; f++) {
        struct strbuf meaning = STRBUF_INIT;

        (void)strbuf_addf(&meaning, "%s%s (%s)", f->optional ? "(optional) " : "", f->doc,
                          json_of(f->type));
        page_entry(to, 2, COLUMN, f->name, strbuf_str(&meaning));
        strbuf_done(&meaning);
    }
}

static void print_method(FILE *to, const struct rpc_method_info *m)
{
    static const char *const result[] = {
        [RPC_VOID] = "Result: null",
        [RPC_OBJECT] = "Result: an object of",
        [RPC_ARRAY] = "Result: an array of objects of",
        [RPC_DOCUMENT] = "Result: a document of its own form",
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
    for (const struct sc_field_info *f = m->params; f->name != NULL; f++) {
        if (!f->optional)
            fprintf(to, "%s\"%s\": …", f == m->params ? " '{" : ", ", f->name);
    }
    fputs(m->params->name != NULL && !m->params->optional ? "}'\n" : "\n", to);
}

bool page_method(FILE *to, const char *name)
{
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (strcmp(rpc_methods[i].name, name) == 0) {
            print_method(to, &rpc_methods[i]);
            return true;
        }
    }
    return false;
}
