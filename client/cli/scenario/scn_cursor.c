/* SPDX-License-Identifier: MIT */
/* The state of the parser: its place in a line, known variables, and the first mistake. */
#include "client/cli/scenario/scn_parse.h"
#include "server/base/strbuf.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

/* ---- mistakes ---- */

int scn_column(const struct scn_parser *p, const char *at)
{
    return (int)(at - p->text) + 1;
}

void scn_fail(struct scn_parser *p, int column, const char *fmt, ...)
{
    struct strbuf text = STRBUF_INIT;
    va_list ap;

    if (p->error != NULL)
        return;
    va_start(ap, fmt);
    (void)strbuf_addv(&text, fmt, ap);
    va_end(ap);
    p->error = scn_strndup(p->arena, strbuf_str(&text), text.len);
    p->error_file = p->file;
    p->error_line = p->line;
    p->error_column = column != 0 ? column : scn_column(p, p->at);
    strbuf_done(&text);
}

void scn_fail_near(struct scn_parser *p, int column, const char *nearest, const char *fmt, ...)
{
    struct strbuf text = STRBUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    (void)strbuf_addv(&text, fmt, ap);
    va_end(ap);
    if (nearest != NULL)
        (void)strbuf_addf(&text, "; did you mean %s?", nearest);
    scn_fail(p, column, "%s", strbuf_str(&text));
    strbuf_done(&text);
}

/* ---- names ---- */

void scn_begin_line(struct scn_parser *p, const char *text, int line)
{
    p->text = text;
    p->at = text;
    p->stated = NULL;
    p->line = line;
}

void scn_know(struct scn_parser *p, const char *name, bool given)
{
    if (scn_known(p, name) != NULL)
        return;
    if (p->name_count == SCN_NAMES_MAX) {
        scn_fail(p, 0, "more than %d variables", SCN_NAMES_MAX);
        return;
    }
    p->names = scn_grow(p->arena, p->names, p->name_count, sizeof p->names[0]);
    p->names[p->name_count++] = (struct scn_name){scn_strndup(p->arena, name, strlen(name)), given};
}

const struct scn_name *scn_known(const struct scn_parser *p, const char *name)
{
    for (size_t i = 0; i < p->name_count; i++) {
        if (strcmp(p->names[i].name, name) == 0)
            return &p->names[i];
    }
    return NULL;
}

/** Report a variable that was neither set nor captured. */
void scn_fail_unknown(struct scn_parser *p, int column, const char *name)
{
    struct scn_near near = {.word = name};

    for (size_t i = 0; i < p->name_count; i++)
        scn_nearer(&near, p->names[i].name);
    if (near.found != NULL)
        scn_fail(p, column, "unknown variable $%s; did you mean $%s?", name, near.found);
    else if (isupper((unsigned char)name[0]))
        scn_fail(p, column, "$%s has no value; give it one with --set %s=VALUE", name, name);
    else
        scn_fail(p, column, "unknown variable $%s; a step before this one must capture it", name);
}

/* ---- the cursor ---- */

void scn_skip(struct scn_parser *p)
{
    while (*p->at == ' ' || *p->at == '\t')
        p->at++;
}

bool scn_at_end(struct scn_parser *p)
{
    scn_skip(p);
    return *p->at == '\0' || *p->at == '#';
}

char *scn_take_word(struct scn_parser *p)
{
    const char *start = p->at;

    while (isalnum((unsigned char)*p->at) || *p->at == '_' || *p->at == '.')
        p->at++;
    return scn_strndup(p->arena, start, (size_t)(p->at - start));
}

/** Whether a word typed without quotes ends here: at a blank, and inside brackets at , ] } too. */
bool scn_ends_word(char c, int depth)
{
    return c == '\0' || c == ' ' || c == '\t' || (depth > 0 && (c == ',' || c == ']' || c == '}'));
}

bool scn_take_star(struct scn_parser *p, int depth)
{
    if (*p->at != '*' || !scn_ends_word(p->at[1], depth))
        return false;
    p->at++;
    return true;
}
