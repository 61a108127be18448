/* SPDX-License-Identifier: MIT */
/*
 * Scenario files: @keys at the head, then a step a line; indented lines belong to the `run` above
 * them.
 *
 * An included file has steps and no @keys. Its steps stand where the include stood.
 */
#include "client/cli/base/host_file.h"
#include "client/cli/scenario/scn_bytes.h"
#include "client/cli/scenario/scn_output.h"
#include "client/cli/scenario/scn_parse.h"
#include "client/cli/scenario/scn_words.h"
#include "server/base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_SIZE_MAX = 1024 * 1024,
    INCLUDE_DEPTH_MAX = 8,
    DURATION_MAX_MS = 24 * 3600 * 1000,
    POINTS_MAX = 1000000, /* of one file */
};

/* Some editors write it at the begin of UTF-8 files. */
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

static bool parse_lines(struct scn_parser *p, char *text, int depth, struct scn_scenario *out);

/* ---- @keys ---- */

/** Read 2s, 500ms or 1m. Returns milliseconds, 0 when it is none of these. */
static int parse_duration(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    long unit = strcmp(end, "ms") == 0  ? 1
                : strcmp(end, "s") == 0 ? 1000
                : strcmp(end, "m") == 0 ? 60 * 1000
                                        : 0;

    if (end == text || n <= 0 || n > DURATION_MAX_MS / (unit > 0 ? unit : 1))
        return 0;
    return (int)(n * unit);
}

static bool key_timeout(struct scn_parser *p, const char *text, struct scn_header *h)
{
    h->timeout_ms = parse_duration(text);
    if (h->timeout_ms == 0)
        scn_fail(p, 0, "a duration is written 500ms, 2s or 1m, and is at most a day");
    return h->timeout_ms != 0;
}

static bool key_output(struct scn_parser *p, const char *text, struct scn_header *h)
{
    h->output_max = scn_output_size(text);
    if (h->output_max == 0)
        scn_fail(p, 0, "a size is written 4096, 64K or 1M, and is at most %dM",
                 SCN_OUTPUT_MAX / (1024 * 1024));
    return h->output_max != 0;
}

static bool key_points(struct scn_parser *p, const char *text, struct scn_header *h)
{
    char *end;

    h->points = strtod(text, &end);
    if (end == text || *end != '\0' || !(h->points >= 0 && h->points <= POINTS_MAX))
        scn_fail(p, 0, "points are a number, 0 or more and at most %d", POINTS_MAX);
    return p->error == NULL;
}

static bool key_clock(struct scn_parser *p, const char *text, struct scn_header *h)
{
    (void)p;
    h->lockstep = strcmp(text, "lockstep") == 0;
    h->virtual_clock = h->lockstep || strcmp(text, "virtual") == 0;
    return true;
}

static bool key_cite(struct scn_parser *p, const char *text, struct scn_header *h)
{
    h->cites_len += strlen(text);
    if (h->cites_len > SCN_CITES_MAX) {
        scn_fail(p, 0, "the texts of all @cite together have at most %d bytes", SCN_CITES_MAX);
        return false;
    }
    h->cites = scn_grow(p->arena, h->cites, h->cite_count, sizeof *h->cites);
    h->cites[h->cite_count++] = scn_strndup(p->arena, text, strlen(text));
    return true;
}

/** One @key: a function reads its text, or that is stored where @text_at tells. */
struct key {
    const char *name;
    bool (*parse)(struct scn_parser *p, const char *text, struct scn_header *h);
    size_t text_at;
    const char *const *choices; /* the texts there are; NULL: any */
};

static const char *const clocks[] = {"real", "virtual", "lockstep", NULL};
static const char *const visibilities[] = {"visible", "hidden", "after_due_date", "after_published",
                                           NULL};
static const char *const shows[] = {"full", "input", "none", NULL};
static const char *const guests[] = {"i386", "x86_64", NULL};

static const struct key keys[] = {
    {"title", NULL, offsetof(struct scn_header, title), NULL},
    {"cite", key_cite, 0, NULL},
    {"set", NULL, offsetof(struct scn_header, set), NULL},
    {"hint", NULL, offsetof(struct scn_header, hint), NULL},
    {"visibility", NULL, offsetof(struct scn_header, visibility), visibilities},
    {"show", NULL, offsetof(struct scn_header, show), shows},
    {"needs", NULL, offsetof(struct scn_header, needs), guests},
    {"points", key_points, 0, NULL},
    {"clock", key_clock, 0, clocks},
    {"timeout", key_timeout, 0, NULL},
    {"output", key_output, 0, NULL},
};
enum { KEY_COUNT = sizeof keys / sizeof keys[0] };

const char *scn_key_name(size_t n)
{
    return n < KEY_COUNT ? keys[n].name : NULL;
}

const char *const *scn_key_choices(const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].name, name) == 0)
            return keys[i].choices;
    }
    return NULL;
}

/** The key of this name; NULL after a mistake. */
static const struct key *key_by_name(struct scn_parser *p, int column, const char *name)
{
    struct scn_near near = {.word = name};

    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
        scn_nearer(&near, keys[i].name);
    }
    if (near.found != NULL)
        scn_fail(p, column, "no key is named @%s; did you mean @%s?", name, near.found);
    else
        scn_fail(p, column, "no key is named @%s", name);
    return NULL;
}

/** The text behind a key: a string, or the words up to the comment. NULL after a mistake. */
static char *parse_key_text(struct scn_parser *p)
{
    const char *start = p->at;
    const char *end = start;

    if (*start == '"') {
        struct scn_value *v = scn_parse_value(p, SCN_ARGUMENT);
        const char *text = v != NULL ? scn_literal(v) : NULL;

        return text != NULL && scn_parse_end(p) ? scn_strndup(p->arena, text, strlen(text)) : NULL;
    }
    while (*end != '\0' && !(*end == '#' && end > start && isspace((unsigned char)end[-1])))
        end++;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    if (end == start)
        scn_fail(p, 0, "the text behind the key is missing");
    return end > start ? scn_strndup(p->arena, start, (size_t)(end - start)) : NULL;
}

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words != NULL && strcmp(*words, text) != 0)
        words++;
    return *words != NULL;
}

/** Whether a key takes @text; if not, the mistake names what it takes. */
static bool is_choice(struct scn_parser *p, const struct key *key, const char *text)
{
    struct strbuf all = STRBUF_INIT;

    if (key->choices == NULL || is_one_of(text, key->choices))
        return true;
    for (size_t i = 0; key->choices[i] != NULL; i++) {
        (void)strbuf_addf(&all, "%s%s",
                          i == 0                        ? ""
                          : key->choices[i + 1] == NULL ? " or "
                                                        : ", ",
                          key->choices[i]);
    }
    scn_fail_near(p, 0, scn_nearest(text, key->choices), "@%s is %s, not %s", key->name,
                  strbuf_str(&all), text);
    strbuf_done(&all);
    return false;
}

/** Where the text of a key is stored. */
static char **key_text(struct scn_header *h, const struct key *key)
{
    return (char **)(void *)((char *)h + key->text_at);
}

/** Note that a key was given. Only @cite may be given again. */
static bool is_first(struct scn_parser *p, const struct key *key, struct scn_header *h)
{
    const unsigned bit = 1u << (key - keys);

    if ((h->given & bit) != 0 && key->parse != key_cite)
        scn_fail(p, 1, "@%s is given twice", key->name);
    h->given |= bit;
    return p->error == NULL;
}

static bool parse_key(struct scn_parser *p, struct scn_header *h)
{
    const struct key *key;
    const char *start;
    char *text;

    p->at++;
    key = key_by_name(p, 1, scn_take_word(p));
    if (key == NULL || !is_first(p, key, h))
        return false;
    scn_skip(p);
    start = p->at;
    text = parse_key_text(p);
    if (text == NULL)
        return false;
    p->at = start;
    if (strlen(text) > SCN_KEY_MAX) {
        scn_fail(p, 0, "the text behind a key has at most %d bytes", SCN_KEY_MAX);
        return false;
    }
    if (!is_choice(p, key, text))
        return false;
    if (key->parse != NULL)
        return key->parse(p, text, h);
    *key_text(h, key) = text;
    return true;
}

/* ---- files and their lines ---- */

/** Read a whole file into the arena; NULL after a mistake, which is reported at the cursor. */
static char *read_text(struct scn_parser *p, const char *path)
{
    struct strbuf read = STRBUF_INIT;
    struct why why = WHY_INIT;
    int err = host_read(path, FILE_SIZE_MAX, &read, &why);
    char *text = scn_strndup(p->arena, strbuf_str(&read), read.len);

    if (err == -EFBIG)
        scn_fail(p, 0, "%s is larger than %d bytes, the limit of a scenario", path, FILE_SIZE_MAX);
    else if (err < 0)
        scn_fail(p, 0, "can't read %s: %s", path, host_reason(&why));
    else if (!utf8_valid(text, read.len) || memchr(text, '\0', read.len) != NULL)
        scn_fail(p, 0, "%s is not UTF-8 text", path);
    p->source_size += read.len;
    if (p->source_size > SCN_SOURCE_MAX)
        scn_fail(p, 0, "with %s the scenario is larger than %d bytes", path, SCN_SOURCE_MAX);
    strbuf_done(&read);
    why_done(&why);
    if (strncmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
        text += strlen(BYTE_ORDER_MARK);
    return p->error == NULL ? text : NULL;
}

/** A path in the current file: relative ones begin at that file's directory. */
static char *beside(struct scn_parser *p, const char *path)
{
    const char *slash = p->file != NULL ? strrchr(p->file, '/') : NULL;

    if (path[0] == '/' || slash == NULL)
        return scn_strf(p->arena, "%s", path);
    return scn_strf(p->arena, "%.*s/%s", (int)(slash - p->file), p->file, path);
}

/** The path that a value without variables is; NULL when it has some, or a NUL. */
static const char *fixed_path(struct scn_parser *p, const struct scn_value *v)
{
    char *bytes = v->kind == SCN_BYTES ? scn_bytes_path(v, &(struct scn_vars){0}) : NULL;
    const char *path = bytes != NULL ? scn_strf(p->arena, "%s", bytes) : scn_literal(v);

    free(bytes);
    return path;
}

/** Parse the steps of another file here. The cursor is behind the word. */
static bool parse_include(struct scn_parser *p, int depth, struct scn_scenario *out)
{
    struct scn_parser inner = *p;
    struct scn_value *v;
    const char *path;
    char *text;

    scn_skip(p);
    v = scn_parse_value(p, SCN_ARGUMENT);
    if (v == NULL || !scn_parse_end(p))
        return false;
    path = fixed_path(p, v);
    if (path == NULL || depth == INCLUDE_DEPTH_MAX) {
        scn_fail(p, v->column,
                 depth == INCLUDE_DEPTH_MAX ? "files include each other too deeply"
                                            : "include takes a path without variables");
        return false;
    }
    p->at = p->text + v->column - 1;
    inner.file = beside(p, path);
    text = read_text(p, inner.file);
    inner.source_size = p->source_size;
    if (text == NULL || !parse_lines(&inner, text, depth + 1, out)) {
        if (p->error == NULL) {
            p->error = inner.error;
            p->error_file = inner.error_file;
            p->error_line = inner.error_line;
            p->error_column = inner.error_column;
        }
        return false;
    }
    p->names = inner.names;
    p->name_count = inner.name_count;
    p->source_size = inner.source_size;
    p->background_count = inner.background_count;
    p->waited = inner.waited;
    return true;
}

static void add_step(struct scn_parser *p, struct scn_scenario *out, const struct scn_step *step)
{
    if (out->step_count == SCN_STEPS_MAX) {
        scn_fail(p, 1, "a scenario has at most %d steps and comments", SCN_STEPS_MAX);
        return;
    }
    out->steps = scn_grow(p->arena, out->steps, out->step_count, sizeof *step);
    out->steps[out->step_count++] = *step;
}

/** Parse a line below `run`; the step it belongs to is the last one. */
static bool parse_indented(struct scn_parser *p, struct scn_scenario *out)
{
    struct scn_step *last = NULL;

    for (size_t i = out->step_count; i > 0 && last == NULL; i--) {
        if (out->steps[i - 1].kind != SCN_COMMENT)
            last = &out->steps[i - 1];
    }
    if (last == NULL || last->kind != SCN_RUN || last->file != p->file) {
        scn_skip(p);
        scn_fail(p, 0, "only lines below run are indented");
        return false;
    }
    return scn_parse_run_line(p, last);
}

static bool has_steps(const struct scn_scenario *s)
{
    for (size_t i = 0; i < s->step_count; i++) {
        if (s->steps[i].kind != SCN_COMMENT)
            return true;
    }
    return false;
}

/** Parse one line of a file. */
static bool parse_file_line(struct scn_parser *p, int depth, struct scn_scenario *out)
{
    bool indented = *p->at == ' ' || *p->at == '\t';
    struct scn_step step;

    if (indented && !scn_at_end(p))
        return parse_indented(p, out);
    if (*p->at == '@') {
        if (depth > 0)
            scn_fail(p, 0, "an included file has no @keys");
        else if (has_steps(out))
            scn_fail(p, 0, "@keys stand before the first step");
        return p->error == NULL && parse_key(p, &out->header);
    }
    if (strncmp(p->at, "include", 7) == 0 && scn_ends_word(p->at[7], 0)) {
        p->at += 7;
        return parse_include(p, depth, out);
    }
    if (!scn_parse_step(p, &step))
        return false;
    if (step.kind != SCN_COMMENT || step.method[0] != '\0')
        add_step(p, out, &step);
    return p->error == NULL;
}

/** Parse all lines of a text, which is cut into them. */
static bool parse_lines(struct scn_parser *p, char *text, int depth, struct scn_scenario *out)
{
    char *line = text;

    for (int number = 1; line != NULL; number++) {
        char *end = strchr(line, '\n');

        if (end != NULL)
            *end = '\0';
        if (end != NULL && end > line && end[-1] == '\r')
            end[-1] = '\0';
        if (end == NULL && *line == '\0')
            break;
        scn_begin_line(p, line, number);
        if (!parse_file_line(p, depth, out))
            return false;
        line = end != NULL ? end + 1 : NULL;
    }
    return true;
}

/** If a line is a key with a list of values, store its value. */
static void note_choice(struct scn_parser *p, const struct key *key, const char *line,
                        struct scn_header *h)
{
    size_t len = strlen(key->name);
    const char *word;

    if (line[0] != '@' || strncmp(line + 1, key->name, len) != 0)
        return;
    word = line + 1 + len;
    word += strspn(word, " \t\"");
    for (size_t i = 0; key->choices[i] != NULL; i++) {
        if (strncmp(word, key->choices[i], strlen(key->choices[i])) == 0)
            *key_text(h, key) = scn_strf(p->arena, "%s", key->choices[i]);
    }
}

/**
 * Find @visibility and @show before the parse: they also apply to a file with a mistake above them.
 */
static void find_privacy(struct scn_parser *p, const char *text, struct scn_header *h)
{
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        for (size_t i = 0; i < KEY_COUNT; i++) {
            if (keys[i].choices == visibilities || keys[i].choices == shows)
                note_choice(p, &keys[i], line, h);
        }
    }
}

/** Every background step must be waited for: its outcome is part of the scenario. */
static bool check_waited(struct scn_parser *p, const struct scn_scenario *s)
{
    for (size_t i = 0; i < s->step_count; i++) {
        const struct scn_step *step = &s->steps[i];

        if (step->kind == SCN_WAIT || step->background == 0 || p->waited[step->background - 1])
            continue;
        p->file = step->file;
        p->line = step->line;
        scn_fail(p, 1, "no step waits for this one; add a line: wait &%d", step->background);
        return false;
    }
    return true;
}

bool scn_parse_text(struct scn_parser *p, char *text, struct scn_scenario *out)
{
    *out = (struct scn_scenario){0};
    return parse_lines(p, text, 0, out);
}

bool scn_parse_file(struct scn_parser *p, const char *path, struct scn_scenario *out)
{
    char *text;

    *out = (struct scn_scenario){0};
    p->file = scn_strf(p->arena, "%s", path);
    scn_begin_line(p, "", 0);
    text = read_text(p, path);
    if (text != NULL)
        find_privacy(p, text, &out->header);
    if (text == NULL || !parse_lines(p, text, 0, out) || !check_waited(p, out))
        return false;
    return true;
}
