/* SPDX-License-Identifier: MIT */
#include "server/rpc/methods/ns_calls.h"

#include "server/base/base64.h"
#include "server/base/utf8.h"
#include "server/kernel/door/driver.h"
#include "server/kernel/fs/vfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/** The process that makes the call of a line: the one described, or its parent. */
enum caller { PARENT, SELF };

/** A view that a caller has a name for. */
struct known {
    const struct view *view;
    enum caller caller;
    bool anew;    /* its filesystem was made anew for it */
    bool passing; /* made only to make others from it */
    char *name;   /* owned */
};

/** A file that was created in a filesystem made anew. */
struct created {
    const struct mount *mount;
    char *path; /* owned */
};

struct writer {
    struct json_out *out;
    struct strbuf line;
    const struct proc *proc;
    struct known *known;
    size_t known_count;
    struct created *created;
    size_t created_count;
    int err;
};

/* ---- Lines ---- */

static bool is_plain(const char *text, size_t len)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-";

    if (len == 0 || (text[0] >= '0' && text[0] <= '9') || text[0] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (strchr(plain, text[i]) == NULL)
            return false;
    }
    return true;
}

/** Add bytes that are not text. */
static void add_base64(struct writer *w, const char *bytes, size_t len)
{
    const size_t size = base64_encoded_size(len);

    (void)strbuf_adds(&w->line, "b64\"");
    if (strbuf_reserve(&w->line, size) == 0) {
        base64_encode(bytes, len, w->line.ptr + w->line.len);
        w->line.len += size;
    }
    (void)strbuf_addc(&w->line, '"');
}

/** Add a value: a word, or a string as in JSON that holds no variables. */
static void add_value(struct writer *w, const char *text)
{
    size_t len = strlen(text);

    if (is_plain(text, len)) {
        (void)strbuf_add(&w->line, text, len);
        return;
    }
    if (!utf8_valid(text, len)) {
        add_base64(w, text, len);
        return;
    }
    (void)strbuf_addc(&w->line, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < 0x20 || c == '"' || c == '\\' || c == '$')
            (void)strbuf_addf(&w->line, "\\u%04x", c);
        else
            (void)strbuf_addc(&w->line, (char)c);
    }
    (void)strbuf_addc(&w->line, '"');
}

static void add_arg(struct writer *w, const char *text)
{
    (void)strbuf_addc(&w->line, ' ');
    add_value(w, text);
}

static void add_modes(struct writer *w, uint32_t modes)
{
    char names[VFS_MODES_MAX];

    if (modes == 0)
        (void)strbuf_adds(&w->line, " 0");
    else if (modes == SC_FM_NAMED)
        (void)strbuf_adds(&w->line, " ALL");
    else
        (void)strbuf_addf(&w->line, " %s", vfs_mode_names(modes, names));
}

static void begin_line(struct writer *w, enum caller caller, const char *word)
{
    strbuf_reset(&w->line);
    (void)strbuf_addf(&w->line, "%s%s", caller == SELF ? "[$PID] " : "", word);
}

static void end_line(struct writer *w)
{
    if (strbuf_failed(&w->line))
        w->err = -ENOMEM;
    else
        out_string(w->out, strbuf_str(&w->line));
}

static void comment(struct writer *w, const char *name, const char *text)
{
    strbuf_reset(&w->line);
    (void)strbuf_addc(&w->line, '#');
    add_arg(w, name);
    (void)strbuf_addf(&w->line, " %s", text);
    end_line(w);
}

/* ---- What can be named ---- */

struct search {
    const struct view *view; /* or NULL: by name */
    struct sc_str name;
};

static int match(void *user, struct sc_str name, struct view *view)
{
    struct search *s = user;

    if (s->view != NULL ? view != s->view
                        : name.len != s->name.len || memcmp(name.ptr, s->name.ptr, name.len) != 0)
        return 0;
    s->name = name;
    return 1;
}

/** The parent of the process; NULL of init, which does everything itself. */
static const struct proc *parent_of(const struct writer *w)
{
    return w->proc->parent;
}

/** Note that a view has a name now. The name is copied. */
static void learn(struct writer *w, struct known k, const char *name)
{
    struct known *more = realloc(w->known, (w->known_count + 1) * sizeof(*more));

    if (more != NULL)
        w->known = more;
    k.name = more != NULL ? strdup(name) : NULL;
    if (k.name == NULL)
        w->err = -ENOMEM;
    else
        w->known[w->known_count++] = k;
}

/** The name of a view for a caller, borrowed; NULL: there is none. */
static const char *name_of(struct writer *w, const struct view *v, enum caller caller)
{
    const struct proc *parent = parent_of(w);
    struct search s = {.view = v};

    for (size_t i = 0; i < w->known_count; i++) {
        if (w->known[i].view == v && w->known[i].caller == caller)
            return w->known[i].name;
    }
    if (caller == PARENT && parent != NULL && ns_each(&parent->ns, match, &s) != 0)
        return s.name.ptr;
    return NULL;
}

/** Whether a name is, or will be, in use in a caller's namespace. */
static bool is_taken(const struct writer *w, const char *name, enum caller caller)
{
    const struct proc *p = caller == SELF ? w->proc : parent_of(w);

    for (size_t i = 0; i < w->known_count; i++) {
        if (w->known[i].caller == caller && strcmp(w->known[i].name, name) == 0)
            return true;
    }
    return ns_find(&p->ns, (struct sc_str){name, strlen(name)}) != NULL;
}

/** A name for what is made in passing: its old one, marked until it is free. */
static void make_name(const struct writer *w, const char *label, enum caller caller,
                      char out[SC_NAME_MAX + 1])
{
    size_t len = strnlen(label, SC_NAME_MAX - 8);

    (void)memcpy(out, label, len);
    out[len] = '\0';
    for (size_t i = len; is_taken(w, out, caller) && i < SC_NAME_MAX; i++) {
        out[i] = '+';
        out[i + 1] = '\0';
    }
}

/* ---- Filesystems and files ---- */

/** Whether the file of a path was created already; else note that it is now. */
static bool was_created(struct writer *w, const struct mount *m, const char *path)
{
    struct created *more;
    char *copy;

    for (size_t i = 0; i < w->created_count; i++) {
        if (w->created[i].mount == m && strcmp(w->created[i].path, path) == 0)
            return true;
    }
    more = realloc(w->created, (w->created_count + 1) * sizeof(*more));
    copy = strdup(path);
    if (more != NULL)
        w->created = more;
    if (more != NULL && copy != NULL) {
        w->created[w->created_count++] = (struct created){m, copy};
        return false;
    }
    free(copy);
    w->err = -ENOMEM;
    return true;
}

/** The name under which a filesystem was made anew, NULL when it was not or does not begin empty. */
static const char *empty_fs(const struct writer *w, const struct mount *m, enum caller *caller)
{
    if (m->readonly || m->no_create != NULL || m->from_handle || m->kind->layered ||
        (m->opts != NULL && strstr(m->opts, "source=") != NULL))
        return NULL;
    for (size_t i = 0; i < w->known_count; i++) {
        const struct known *k = &w->known[i];

        if (k->view->mount == m && k->anew) {
            *caller = k->caller;
            return k->name;
        }
    }
    return NULL;
}

/** Create one file of a path that becomes a root; devices are there already. */
static void create_file(struct writer *w, struct mount *m, const char *fs_name, enum caller caller,
                        const char *path)
{
    struct strbuf file = STRBUF_INIT;
    struct fs_stat st;

    if (driver_getattr(m, &vfs_nobody, path, &st, NULL) < 0 ||
        (!S_ISDIR(st.mode) && !S_ISREG(st.mode)) || was_created(w, m, path))
        return;
    (void)strbuf_addf(&file, "%s:%s", fs_name, path);
    begin_line(w, caller, "create");
    add_arg(w, strbuf_failed(&file) ? "" : strbuf_str(&file));
    (void)strbuf_adds(&w->line, S_ISDIR(st.mode) ? " DIR" : " REGULAR");
    if (strbuf_failed(&file))
        w->err = -ENOMEM;
    end_line(w);
    strbuf_done(&file);
}

/** Create a root and the directories above it, if its filesystem begins empty. */
static void create_root(struct writer *w, const struct view *v)
{
    enum caller caller = PARENT;
    const char *fs_name = empty_fs(w, v->mount, &caller);
    struct path root;
    char *slash;

    if (fs_name == NULL || view_root_path(v, &root) < 0 || root.len == 1)
        return;
    for (slash = strchr(root.str + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        create_file(w, v->mount, fs_name, caller, root.str);
        *slash = '/';
    }
    create_file(w, v->mount, fs_name, caller, root.str);
}

/* ---- Views ---- */

static void write_make_fs(struct writer *w, const struct view *v, const char *name,
                          enum caller caller)
{
    if (v->mount->from_handle)
        comment(w, name, "was read from a handle: add its number as source_fd");
    begin_line(w, caller, "make_fs");
    add_arg(w, v->mount->driver);
    add_arg(w, name);
    if (v->mount->opts != NULL && (*v->mount->opts != '\0' || v->mount->no_create != NULL)) {
        (void)strbuf_adds(&w->line, " opts=");
        add_value(w, v->mount->opts);
    }
    end_line(w);
}

/** The path of @v's root below @above's, borrowed from @root; NULL when it is not below. */
static const char *root_below(const struct view *v, const struct view *above, struct path *root)
{
    struct path top;

    if (view_root_path(v, root) < 0 || view_root_path(above, &top) < 0)
        return NULL;
    if (top.len == 1)
        return root->str;
    if (strncmp(root->str, top.str, top.len) != 0)
        return NULL;
    if (root->str[top.len] == '\0')
        return "/";
    return root->str[top.len] == '/' ? root->str + top.len : NULL;
}

/** The view to take @v from: its parent, or above it when moves have put the root elsewhere. */
static const struct view *source_of(const struct view *v)
{
    const struct view *above = v->parent;
    struct path root;

    while (above->parent != NULL && root_below(v, above, &root) == NULL)
        above = above->parent;
    return above;
}

/** SUBFS, or BIND_SUBFS for the process when @bind. */
static void write_subfs(struct writer *w, const struct view *v, const char *name,
                        enum caller caller, bool bind)
{
    const struct view *from = source_of(v);
    struct path root;
    const char *below = root_below(v, from, &root);

    if (from != v->parent)
        comment(w, name, "was moved out of the view it was made from");
    create_root(w, v);
    begin_line(w, caller, bind ? "bind_subfs" : "subfs");
    add_arg(w, name);
    add_arg(w, name_of(w, from, caller));
    add_arg(w, below != NULL ? below : "/");
    add_modes(w, v->ok_modes);
    if (bind)
        (void)strbuf_adds(&w->line, " $PID");
    end_line(w);
}

static void write_bind(struct writer *w, const char *new_name, const char *name)
{
    begin_line(w, PARENT, "bind_fs $PID");
    add_arg(w, new_name);
    add_arg(w, name);
    end_line(w);
}

/** Make one view again that has no name, what it is taken from having one. */
static void remake(struct writer *w, const struct view *v, enum caller caller)
{
    const char *theirs = caller == SELF ? name_of(w, v, PARENT) : NULL;
    char name[SC_NAME_MAX + 1];

    make_name(w, v->label, caller, name);
    comment(w, name, "has no name any more: it is made again, and removed at the end");
    if (theirs != NULL)
        write_bind(w, name, theirs);
    else if (v->parent == NULL)
        write_make_fs(w, v, name, caller);
    else
        write_subfs(w, v, name, caller, false);
    learn(w,
          (struct known){.view = v,
                         .caller = caller,
                         .anew = theirs == NULL && v->parent == NULL,
                         .passing = true},
          name);
}

/** Make sure that a caller has a name for a view. */
static void ensure(struct writer *w, const struct view *v, enum caller caller)
{
    const struct view *chain[VIEW_DEPTH_MAX + 1];
    size_t count = 0;

    while (v != NULL && name_of(w, v, caller) == NULL) {
        bool bound = caller == SELF && name_of(w, v, PARENT) != NULL;

        chain[count++] = v;
        v = bound || v->parent == NULL ? NULL : source_of(v);
    }
    while (count > 0 && w->err == 0)
        remake(w, chain[--count], caller);
}

/** Write the lines by which the process made a name itself. */
static void write_own(struct writer *w, const struct view *v, const char *name)
{
    if (v->parent == NULL) {
        write_make_fs(w, v, name, SELF);
        return;
    }
    ensure(w, source_of(v), SELF);
    if (w->err == 0)
        write_subfs(w, v, name, SELF, false);
}

/** What its parent did: a view that is called as it was made came by BIND_SUBFS. */
static void write_given(struct writer *w, const struct view *v, const char *name)
{
    if (name_of(w, v, PARENT) == NULL && v->parent != NULL && v->maker == parent_of(w)->pid &&
        strcmp(v->label, name) == 0) {
        ensure(w, source_of(v), PARENT);
        if (w->err == 0)
            write_subfs(w, v, name, PARENT, true);
        return;
    }
    ensure(w, v, PARENT);
    if (w->err == 0)
        write_bind(w, name, name_of(w, v, PARENT));
}

static int write_name(void *user, struct sc_str name, struct view *view)
{
    struct writer *w = user;
    bool own = view->maker == w->proc->pid || parent_of(w) == NULL;

    if (own)
        write_own(w, view, name.ptr);
    else
        write_given(w, view, name.ptr);
    learn(w, (struct known){.view = view, .caller = SELF, .anew = own && view->parent == NULL},
          name.ptr);
    return w->err < 0 || strbuf_failed(w->out->to) ? -ENOMEM : 0;
}

/** Take away what was made in passing. */
static void write_ends(struct writer *w)
{
    for (size_t i = w->known_count; i-- > 0;) {
        if (!w->known[i].passing)
            continue;
        begin_line(w, w->known[i].caller, "rm_fs");
        add_arg(w, w->known[i].name);
        end_line(w);
    }
}

int ns_calls_write(struct json_out *o, const struct proc *p)
{
    struct writer w = {.out = o, .line = STRBUF_INIT, .proc = p};

    out_open(o, '[');
    if (ns_each(&p->ns, write_name, &w) == 0)
        write_ends(&w);
    out_close(o, ']');
    for (size_t i = 0; i < w.known_count; i++)
        free(w.known[i].name);
    for (size_t i = 0; i < w.created_count; i++)
        free(w.created[i].path);
    free(w.known);
    free(w.created);
    strbuf_done(&w.line);
    return w.err;
}
