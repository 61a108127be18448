/* SPDX-License-Identifier: MIT */
#include "client/cli/base/names.h"
#include "client/cli/ns/ns.h"
#include "schema/calls.h"
#include "server/base/base64.h"
#include "server/base/utf8.h"

#include <stdlib.h>
#include <string.h>

/** The process that makes the call of a line: the one described, or its parent. */
enum caller { PARENT, SELF, CALLERS };

/** A name that the lines make. */
struct made {
    const char *name; /* NULL: none */
    enum caller caller;
};

/** What there is of a view while the lines are played. */
struct known {
    const char *name[CALLERS]; /* for each caller; NULL: it has none */
    bool created;              /* its root was, in a filesystem made anew */
};

struct writer {
    struct strbuf *out;
    const struct ns_tree *tree;
    const struct ns_proc *proc;
    const struct ns_proc *parent; /* NULL of init, which does everything itself */
    struct known *known;          /* by view */
    struct made *anew;            /* by mount: the first name of one that was made anew */
    struct made *passing;         /* owned: names made only to make others from their views */
    size_t passing_count;
};

/* ---- Lines ---- */

static bool is_plain(const char *text, size_t len)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-";

    return len > 0 && strspn(text, plain) == len && (text[0] < '0' || text[0] > '9') &&
           text[0] != '-';
}

/** Add bytes that are not text. */
static void add_base64(struct strbuf *out, const char *bytes, size_t len)
{
    const size_t size = base64_encoded_size(len);

    (void)strbuf_adds(out, "b64\"");
    if (strbuf_reserve(out, size) == 0) {
        base64_encode(bytes, len, out->ptr + out->len);
        out->len += size;
    }
    (void)strbuf_addc(out, '"');
}

/** Add a value: a word, or a string as in JSON that holds no variables. @text NULL: there was no memory. */
static void add_value(struct strbuf *out, const char *text)
{
    const size_t len = text != NULL ? strlen(text) : 0;

    if (text == NULL) {
        out->failed = true;
    } else if (is_plain(text, len)) {
        (void)strbuf_add(out, text, len);
    } else if (!utf8_valid(text, len)) {
        add_base64(out, text, len);
    } else {
        (void)strbuf_addc(out, '"');
        for (; *text != '\0'; text++) {
            if ((unsigned char)*text < 0x20 || strchr("\"\\$", *text) != NULL)
                (void)strbuf_addf(out, "\\u%04x", (unsigned char)*text);
            else
                (void)strbuf_addc(out, *text);
        }
        (void)strbuf_addc(out, '"');
    }
}

static void begin_line(struct writer *w, enum caller caller, const char *word)
{
    (void)strbuf_addf(w->out, "%s%s", caller == SELF ? "[$PID] " : "", word);
}

static void add_arg(struct writer *w, const char *text)
{
    (void)strbuf_addc(w->out, ' ');
    add_value(w->out, text);
}

static void add_comment(struct writer *w, const char *name, const char *text)
{
    (void)strbuf_addc(w->out, '#');
    add_arg(w, name);
    (void)strbuf_addf(w->out, " %s\n", text);
}

/* ---- What can be named ---- */

static struct known *known_of(const struct writer *w, const struct ns_view *v)
{
    return &w->known[v - w->tree->views];
}

/** Note that a view has a name now, and a filesystem, if it was made @anew. */
static void learn(struct writer *w, const struct ns_view *v, enum caller caller, const char *name,
                  bool anew)
{
    struct known *k = known_of(w, v);
    struct made *a = &w->anew[v->mount - w->tree->mounts];

    if (k->name[caller] == NULL)
        k->name[caller] = name;
    if (anew && a->name == NULL)
        *a = (struct made){name, caller};
}

/** Whether a name is, or will be, in use in a caller's namespace. */
static bool is_taken(const struct writer *w, const char *name, enum caller caller)
{
    const struct ns_proc *p = caller == SELF ? w->proc : w->parent;

    for (size_t i = 0; i < w->passing_count; i++) {
        if (w->passing[i].caller == caller && strcmp(w->passing[i].name, name) == 0)
            return true;
    }
    for (size_t i = 0; i < p->name_count; i++) {
        if (strcmp(p->names[i].name, name) == 0)
            return true;
    }
    return false;
}

/** A name for what is made in passing: its old one, marked until it is free. Returned; NULL without memory. */
static char *make_name(const struct writer *w, const char *label, enum caller caller)
{
    char *name = calloc(1, SC_NAME_MAX + 1);
    size_t len = strnlen(label, SC_NAME_MAX - 8);

    if (name == NULL)
        return NULL;
    memcpy(name, label, len);
    while (is_taken(w, name, caller) && len < SC_NAME_MAX)
        name[len++] = '+';
    return name;
}

/* ---- Filesystems and files ---- */

/** Whether a filesystem begins empty when it is made anew. */
static bool begins_empty(const struct ns_mount *m)
{
    return !m->readonly && !m->no_create && !m->from_handle && !m->layered &&
           (m->opts == NULL || strstr(m->opts, "source=") == NULL);
}

/** The bytes of @path, whole components, that were created already as a part of @root. */
static size_t shared_len(const char *path, const char *root)
{
    size_t len = 0;
    size_t shared = 0;

    for (; path[len] == root[len] && path[len] != '\0'; len++) {
        if (path[len] == '/')
            shared = len;
    }
    if ((path[len] == '\0' || path[len] == '/') && (root[len] == '\0' || root[len] == '/'))
        shared = len;
    return shared;
}

/** Create the first @len bytes of a path. */
static void create_file(struct writer *w, const struct made *fs, const char *path, size_t len,
                        const char *type)
{
    struct strbuf file = STRBUF_INIT;

    (void)strbuf_addf(&file, "%s:%.*s", fs->name, (int)len, path);
    begin_line(w, fs->caller, "create");
    add_arg(w, strbuf_failed(&file) ? NULL : strbuf_str(&file));
    (void)strbuf_addf(w->out, " %s\n", type);
    strbuf_done(&file);
}

/** Create a root and the directories above it, if its filesystem begins empty. Devices are there
 * already. */
static void create_root(struct writer *w, const struct ns_view *v)
{
    const struct made *fs = &w->anew[v->mount - w->tree->mounts];
    size_t len = 0;

    if (fs->name == NULL || !begins_empty(v->mount) || v->root == NULL || v->root[1] == '\0')
        return;
    for (const struct ns_view *other = w->tree->views; other < w->tree->views + w->tree->view_count;
         other++) {
        size_t shared = known_of(w, other)->created && other->mount == v->mount
                            ? shared_len(v->root, other->root)
                            : 0;

        len = shared > len ? shared : len;
    }
    known_of(w, v)->created = true;
    while (v->root[len] != '\0' && !strbuf_failed(w->out)) {
        len += 1 + strcspn(v->root + len + 1, "/");
        if (v->root[len] == '/')
            create_file(w, fs, v->root, len, "DIR");
        else if (strcmp(v->type, "DIR") == 0 || strcmp(v->type, "REGULAR") == 0)
            create_file(w, fs, v->root, len, v->type);
    }
}

/* ---- Views ---- */

static void add_make_fs(struct writer *w, const struct ns_mount *m, const char *name,
                        enum caller caller)
{
    if (m->from_handle)
        add_comment(w, name, "was read from a handle: add its number as source_fd");
    begin_line(w, caller, "make_fs");
    add_arg(w, m->driver);
    add_arg(w, name);
    if (m->opts != NULL && (*m->opts != '\0' || m->no_create)) {
        (void)strbuf_adds(w->out, " opts=");
        add_value(w->out, m->opts);
    }
    (void)strbuf_addc(w->out, '\n');
}

/** The path of @v's root below @above's, borrowed; NULL when it is not below. */
static const char *root_below(const struct ns_view *v, const struct ns_view *above)
{
    const char *rest;

    if (v->root == NULL || above->root == NULL)
        return NULL;
    if (above->root[1] == '\0')
        return v->root;
    if (strncmp(v->root, above->root, strlen(above->root)) != 0)
        return NULL;
    rest = v->root + strlen(above->root);
    if (*rest == '\0')
        return "/";
    return *rest == '/' ? rest : NULL;
}

/** The view to take @v from: its parent, or above it when moves have put the root elsewhere. */
static const struct ns_view *source_of(const struct ns_view *v)
{
    const struct ns_view *above = v->parent;

    while (above->parent != NULL && root_below(v, above) == NULL)
        above = above->parent;
    return above;
}

/** SUBFS, or BIND_SUBFS for the process when @bind. */
static void add_subfs(struct writer *w, const struct ns_view *v, const char *name,
                      enum caller caller, bool bind)
{
    const struct ns_view *from = source_of(v);
    const char *below = root_below(v, from);

    if (from != v->parent)
        add_comment(w, name, "was moved out of the view it was made from");
    create_root(w, v);
    begin_line(w, caller, bind ? "bind_subfs" : "subfs");
    add_arg(w, name);
    add_arg(w, known_of(w, from)->name[caller]);
    add_arg(w, below != NULL ? below : "/");
    (void)strbuf_addc(w->out, ' ');
    name_rights(w->out, v->ok_modes, "ALL", "0");
    (void)strbuf_adds(w->out, bind ? " $PID\n" : "\n");
}

static void add_bind(struct writer *w, const char *new_name, const char *name)
{
    begin_line(w, PARENT, "bind_fs $PID");
    add_arg(w, new_name);
    add_arg(w, name);
    (void)strbuf_addc(w->out, '\n');
}

/** Make sure that a caller has a name for a view: make it again if it has none, and those above it. */
static void ensure(struct writer *w, const struct ns_view *v, enum caller caller)
{
    const struct known *k = known_of(w, v);
    const char *theirs = caller == SELF ? k->name[PARENT] : NULL;
    char *name;

    if (k->name[caller] != NULL || strbuf_failed(w->out))
        return;
    if (theirs == NULL && v->parent != NULL)
        ensure(w, source_of(v), caller);
    name = strbuf_failed(w->out) ? NULL : make_name(w, v->label, caller);
    if (name == NULL) {
        w->out->failed = true;
        return;
    }
    add_comment(w, name, "has no name any more: it is made again, and removed at the end");
    if (theirs != NULL)
        add_bind(w, name, theirs);
    else if (v->parent == NULL)
        add_make_fs(w, v->mount, name, caller);
    else
        add_subfs(w, v, name, caller, false);
    learn(w, v, caller, name, theirs == NULL && v->parent == NULL);
    w->passing[w->passing_count++] = (struct made){name, caller};
}

/** Add the lines by which the process made a name itself. */
static void add_own(struct writer *w, const struct ns_view *v, const char *name)
{
    if (v->parent == NULL) {
        add_make_fs(w, v->mount, name, SELF);
        return;
    }
    ensure(w, source_of(v), SELF);
    add_subfs(w, v, name, SELF, false);
}

/** What its parent did: a view that is called as it was made came by BIND_SUBFS. */
static void add_given(struct writer *w, const struct ns_view *v, const char *name)
{
    if (known_of(w, v)->name[PARENT] == NULL && v->parent != NULL && v->maker == w->parent->pid &&
        strcmp(v->label, name) == 0) {
        ensure(w, source_of(v), PARENT);
        add_subfs(w, v, name, PARENT, true);
        return;
    }
    ensure(w, v, PARENT);
    add_bind(w, name, known_of(w, v)->name[PARENT]);
}

static void add_lines(struct writer *w)
{
    for (size_t i = 0; w->parent != NULL && i < w->parent->name_count; i++)
        learn(w, w->parent->names[i].view, PARENT, w->parent->names[i].name, false);
    for (size_t i = 0; i < w->proc->name_count && !strbuf_failed(w->out); i++) {
        const struct ns_view *v = w->proc->names[i].view;
        bool own = v->maker == w->proc->pid || w->parent == NULL;

        (own ? add_own : add_given)(w, v, w->proc->names[i].name);
        learn(w, v, SELF, w->proc->names[i].name, own && v->parent == NULL);
    }
    for (size_t i = w->passing_count; i-- > 0;) { /* take away what was made in passing */
        begin_line(w, w->passing[i].caller, "rm_fs");
        add_arg(w, w->passing[i].name);
        (void)strbuf_addc(w->out, '\n');
    }
}

void ns_add_calls(struct strbuf *out, const struct ns_tree *tree, const struct ns_proc *proc)
{
    struct writer w = {.out = out,
                       .tree = tree,
                       .proc = proc,
                       .parent = ns_tree_proc(tree, proc->parent),
                       .known = calloc(tree->view_count + 1, sizeof(*w.known)),
                       .anew = calloc(tree->mount_count + 1, sizeof(*w.anew)),
                       .passing = calloc(CALLERS * tree->view_count + 1, sizeof(*w.passing))};

    if (w.known != NULL && w.anew != NULL && w.passing != NULL)
        add_lines(&w);
    else
        out->failed = true;
    for (size_t i = 0; i < w.passing_count; i++)
        free((char *)w.passing[i].name);
    free(w.known);
    free(w.anew);
    free(w.passing);
}
