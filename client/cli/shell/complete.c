/* SPDX-License-Identifier: MIT */
#include "client/cli/shell/complete.h"

#include "client/cli/base/cmd.h"
#include "client/cli/base/host_file.h"
#include "client/cli/help/page.h"
#include "client/cli/scenario/scn_words.h"
#include "schema/calls.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS_MAX = 32, TOKEN_SIZE = 512 };

/* A line cut into words; the last one is the one to complete, and may be empty. */
struct tokens {
    const char *ptr[TOKENS_MAX];
    size_t len[TOKENS_MAX];
    size_t count;
};

void candidates_add(struct candidates *c, const char *prefix, const char *word, const char *suffix)
{
    char *text = NULL;

    if (c->count == CANDIDATES_MAX)
        return;
    if (c->count == c->room) {
        size_t room = c->room != 0 ? c->room * 2 : 32;
        char **grown = realloc(c->word, room * sizeof *grown);

        if (grown == NULL)
            return;
        c->word = grown;
        c->room = room;
    }
    if (asprintf(&text, "%s%s%s", prefix, word, suffix) >= 0)
        c->word[c->count++] = text;
}

void candidates_done(struct candidates *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->word[i]);
    free(c->word);
    *c = (struct candidates){0};
}

size_t candidates_common(const struct candidates *c)
{
    size_t len = c->count > 0 ? strlen(c->word[0]) : 0;

    for (size_t i = 1; i < c->count; i++) {
        size_t same = 0;

        while (same < len && c->word[i][same] == c->word[0][same])
            same++;
        len = same;
    }
    /* Never stop inside a UTF-8 character. */
    while (len > 0 && ((unsigned char)c->word[0][len] & 0xC0) == 0x80)
        len--;
    return len;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Keep what begins with the typed prefix; sort; drop doubles. */
static void settle(struct candidates *c, const char *prefix, size_t len)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->count; i++) {
        if (strncmp(c->word[i], prefix, len) == 0)
            c->word[kept++] = c->word[i];
        else
            free(c->word[i]);
    }
    c->count = kept;
    if (kept > 0)
        qsort(c->word, kept, sizeof *c->word, compare);
    kept = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (kept > 0 && strcmp(c->word[i], c->word[kept - 1]) == 0)
            free(c->word[i]);
        else
            c->word[kept++] = c->word[i];
    }
    c->count = kept;
}

/* Blanks separate, quotes hold together, a leading [actor] is not a word. */
static void split(const char *line, struct tokens *out)
{
    const char *p = line + strspn(line, " \t");

    out->count = 0;
    if (*p == '[' && strchr(p, ']') != NULL)
        p = strchr(p, ']') + 1;
    for (;;) {
        bool quoted = false;
        const char *start = NULL;

        p += strspn(p, " \t");
        if (out->count == TOKENS_MAX)
            out->count--;
        start = p;
        while (*p != '\0' && (quoted || (*p != ' ' && *p != '\t'))) {
            quoted ^= *p == '"';
            p += *p == '\\' && p[1] != '\0' ? 2 : 1;
        }
        out->ptr[out->count] = start;
        out->len[out->count++] = (size_t)(p - start);
        if (*p == '\0')
            return;
    }
}

static void add_words(struct candidates *out, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        candidates_add(out, "", words[i], "");
}

static void add_calls(struct candidates *out)
{
    for (size_t i = 0; i < sc_calls_count; i++)
        candidates_add(out, "", sc_calls[i].word, "");
}

static void add_errnos(struct candidates *out)
{
    for (const struct sc_errno_info *e = sc_errnos; e->name != NULL; e++)
        candidates_add(out, "", e->name, "");
}

/* Whether a flag stands in "READ,WRITE," already. */
static bool is_given(const char *before, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = before; *p != '\0'; p += strcspn(p, ",") + 1) {
        if (strcspn(p, ",") == len && strncmp(p, name, len) == 0)
            return true;
    }
    return false;
}

/* Flags of a group; @before is empty or "FLAG,FLAG,". */
static void add_flags(struct candidates *out, const char *group, const char *before)
{
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, group) == 0 && !is_given(before, f->name))
            candidates_add(out, before, f->name, "");
    }
}

/* Files of this host, for the words that take one. */
static void add_host_files(struct candidates *out, const char *typed)
{
    const char *slash = strrchr(typed, '/');
    char dir_path[TOKEN_SIZE];
    struct dirent *entry = NULL;
    DIR *dir = NULL;

    (void)snprintf(dir_path, sizeof dir_path, "%.*s", slash ? (int)(slash - typed + 1) : 0, typed);
    dir = host_dir(*dir_path != '\0' ? dir_path : ".");
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.' || (slash != NULL ? slash[1] : typed[0]) == '.')
            candidates_add(out, dir_path, entry->d_name, entry->d_type == DT_DIR ? "/" : "");
    }
    if (dir != NULL)
        closedir(dir);
}

static void add_paths(const struct complete_source *source, const char *typed,
                      struct candidates *out)
{
    const char *colon = strchr(typed, ':');
    const char *slash = strrchr(typed, '/');
    char dir[TOKEN_SIZE];

    if (colon == NULL) {
        source->views(source->user, out);
        return;
    }
    if (slash == NULL)
        (void)snprintf(dir, sizeof dir, "%.*s", (int)(colon - typed + 1), typed);
    else
        (void)snprintf(dir, sizeof dir, "%.*s", (int)(slash - typed + 1), typed);
    source->entries(source->user, dir, out);
}

/* The view names alone, for arguments that take one. */
static void add_view_names(const struct complete_source *source, struct candidates *out)
{
    source->views(source->user, out);
    for (size_t i = 0; i < out->count; i++)
        out->word[i][strcspn(out->word[i], ":")] = '\0';
}

/* What fits an argument of a call; @typed may begin with "name=". */
static void add_for_kind(const struct complete_source *source, enum sc_kind kind, const char *typed,
                         struct candidates *out)
{
    const char *json = sc_kinds[kind].json;
    const char *comma = strrchr(typed, ',');
    char before[TOKEN_SIZE];

    if (kind == SC_K_path) {
        add_paths(source, typed, out);
    } else if (kind == SC_K_name) {
        add_view_names(source, out);
    } else if (sc_group_is_mask(json)) {
        (void)snprintf(before, sizeof before, "%.*s", comma ? (int)(comma - typed + 1) : 0, typed);
        add_flags(out, json, before);
    } else {
        add_flags(out, json, "");
    }
}

static void complete_argument(const struct complete_source *source, const struct sc_call_info *call,
                              const struct tokens *t, struct candidates *out)
{
    const char *typed = t->ptr[t->count - 1];
    size_t name_len = strcspn(typed, "=");
    const struct sc_field_info *arg = call->args;

    if (typed[name_len] == '=') {
        while (arg->name != NULL &&
               (strlen(arg->name) != name_len || strncmp(arg->name, typed, name_len) != 0))
            arg++;
        out->start += name_len + 1;
        typed += name_len + 1;
    } else {
        for (size_t i = 2; i < t->count && arg->name != NULL; i++)
            arg++;
        for (const struct sc_field_info *a = call->args; arg->name != NULL && a->name != NULL; a++)
            candidates_add(out, "", a->name, "=");
    }
    if (arg->name != NULL)
        add_for_kind(source, arg->kind, typed, out);
}

static bool token_is(const struct tokens *t, size_t i, const char *text)
{
    return i < t->count && t->len[i] == strlen(text) && memcmp(t->ptr[i], text, t->len[i]) == 0;
}

static const struct sc_call_info *call_of(const struct tokens *t)
{
    char word[64];

    if (t->len[0] >= sizeof word)
        return NULL;
    memcpy(word, t->ptr[0], t->len[0]);
    word[t->len[0]] = '\0';
    return sc_call_by_name(word);
}

/* What stands behind a word that takes one of a few. */
static const char *const *few_words(const struct tokens *t)
{
    static const char *const on_off[] = {"on", "off", NULL};
    static const char *const ways[] = {"--calls", "--graph", NULL};
    static const char *const things[] = {"file", "census", "trace", "never", NULL};

    if (t->count != 2)
        return NULL;
    if (token_is(t, 0, ":step") || token_is(t, 0, ":trace"))
        return on_off;
    if (token_is(t, 0, ":ns"))
        return ways;
    return token_is(t, 0, "expect") ? things : NULL;
}

/* fault CALL key=… ERRNO */
static void complete_fault(const struct tokens *t, struct candidates *out)
{
    static const char *const keys[] = {
        "pid=", "path=", "nth=", "every=", "p=", "times=", "delay=", "short=", NULL};

    if (t->count == 2) {
        add_calls(out);
        candidates_add(out, "", "clear", "");
    } else {
        add_words(out, keys);
        add_errnos(out);
    }
}

/* The words behind `expect trace`, as if they began the line. */
static void complete_expected(const struct complete_source *source, const struct tokens *t,
                              struct candidates *out)
{
    const struct sc_call_info *call;
    struct tokens rest = {.count = t->count - 2};

    memcpy(rest.ptr, t->ptr + 2, rest.count * sizeof rest.ptr[0]);
    memcpy(rest.len, t->len + 2, rest.count * sizeof rest.len[0]);
    call = call_of(&rest);
    if (rest.count == 1)
        add_calls(out);
    else if (call != NULL)
        complete_argument(source, call, &rest, out);
}

/* Every word that has a page. */
static void add_topics(const struct complete_source *source, struct candidates *out)
{
    const char *word;

    for (size_t i = 0; (word = help_list_name(i)) != NULL; i++)
        candidates_add(out, "", word, "");
    for (size_t i = 0; (word = page_word_name(i)) != NULL; i++)
        candidates_add(out, "", word, "");
    for (size_t i = 0; (word = page_driver_name(i)) != NULL; i++)
        candidates_add(out, "", word, "");
    for (size_t i = 0; (word = page_method_name(i)) != NULL; i++)
        candidates_add(out, "", word, "");
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++)
        candidates_add(out, "", f->name, "");
    add_words(out, source->commands);
    add_calls(out);
    add_errnos(out);
}

/* fs NAME DRIVER key=value … */
static void complete_fs(const struct tokens *t, struct candidates *out)
{
    const char *word;

    for (size_t i = 0; t->count >= 3 && (word = page_driver_name(i)) != NULL; i++) {
        if (page_is_option(word) == (t->count > 3))
            candidates_add(out, "", word, "");
    }
}

/* A word behind the first one. */
static void complete_rest(const struct complete_source *source, const struct tokens *t,
                          struct candidates *out)
{
    const char *typed = t->ptr[t->count - 1];
    const struct sc_call_info *call = call_of(t);
    bool host = token_is(t, 0, "run") || token_is(t, 0, "copy") || token_is(t, 0, "include") ||
                token_is(t, 0, ":save");
    bool watch = token_is(t, 0, "expect") && (token_is(t, 1, "trace") || token_is(t, 1, "never"));

    if (few_words(t) != NULL)
        add_words(out, few_words(t));
    else if (token_is(t, t->count - 2, "!") || token_is(t, t->count - 2, "!?"))
        add_errnos(out);
    else if (typed[0] == '$')
        source->variables(source->user, out);
    else if (token_is(t, 0, "fault") || token_is(t, 0, ":fault"))
        complete_fault(t, out);
    else if (watch && t->count > 2)
        complete_expected(source, t, out);
    else if (token_is(t, 0, ":help") || token_is(t, 0, "help"))
        add_topics(source, out);
    else if (token_is(t, 0, "fs"))
        complete_fs(t, out);
    else if (call != NULL)
        complete_argument(source, call, t, out);
    else if (host && strchr(typed, ':') == NULL)
        add_host_files(out, typed);
    else
        add_paths(source, typed, out);
}

void complete_line(const struct complete_source *source, const char *line, struct candidates *out)
{
    struct tokens t;

    *out = (struct candidates){0};
    split(line, &t);
    out->start = (size_t)(t.ptr[t.count - 1] - line);
    if (t.ptr[t.count - 1][0] == '"')
        return;
    if (t.count > 1) {
        complete_rest(source, &t, out);
    } else if (t.ptr[0][0] == ':') {
        add_words(out, source->commands);
    } else if (t.ptr[0][0] == '@') {
        for (size_t i = 0; scn_key_name(i) != NULL; i++)
            candidates_add(out, "@", scn_key_name(i), "");
    } else {
        if (t.ptr[0] > line) /* maybe below run */
            add_words(out, scn_run_words);
        add_calls(out);
        add_words(out, scn_words);
    }
    settle(out, line + out->start, strlen(line + out->start));
}
