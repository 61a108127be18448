/* SPDX-License-Identifier: MIT */
/* name:/path: what it is split into, and where it leads. */
#include "tests/model/model.h"

#include <errno.h>
#include <string.h>

enum { LINKS_MAX = 40, PATH_BYTES_MAX = 4095 };

/* ---- splitting ---- */

/** Append the components of a path. Those of links may be empty, "." or "..": they are not checked. */
static void add_parts(struct model *m, struct mpath *path, const char *text, size_t len)
{
    size_t begin = 0;

    for (size_t i = 0; i <= len; i++) {
        if (i < len && text[i] != '/')
            continue;
        path->parts = model_grow(m, path->parts, path->count, sizeof(*path->parts));
        path->parts[path->count++] = model_copy(m, text + begin, i - begin);
        begin = i + 1;
    }
}

static void check_part(const char *part, struct verdict *v)
{
    if (part[0] == '\0' || strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
        refuse(v, EINVAL);
    if (strlen(part) > SC_COMPONENT_MAX)
        refuse(v, ENAMETOOLONG);
}

/** Split the path behind the name. */
static void split_tail(struct model *m, const char *text, size_t len, struct mpath *out,
                       struct verdict *v)
{
    if (len > 0 && text[0] == '/') {
        text++;
        len--;
    }
    if (len > 0 && text[len - 1] == '/') {
        out->asks_dir = true;
        len--;
    }
    if (len == 0)
        return;
    if (len >= PATH_BYTES_MAX)
        refuse(v, ENAMETOOLONG);
    add_parts(m, out, text, len);
    for (size_t i = 0; i < out->count; i++)
        check_part(out->parts[i], v);
}

void model_check_name(struct sc_str name, struct verdict *v)
{
    if (name.len == 0 || memchr(name.ptr, ':', name.len) != NULL ||
        memchr(name.ptr, '/', name.len) != NULL || memchr(name.ptr, '\0', name.len) != NULL)
        refuse(v, EINVAL);
    if (name.len > SC_NAME_MAX)
        refuse(v, ENAMETOOLONG);
}

struct mlabel *model_label(struct mproc *p, struct sc_str name)
{
    for (size_t i = 0; i < p->label_count; i++) {
        struct mlabel *l = &p->labels[i];

        if (strlen(l->text) == name.len && memcmp(l->text, name.ptr, name.len) == 0)
            return l;
    }
    return NULL;
}

/* ---- the tree ---- */

struct mname *model_entry(const struct mname *dir, const char *text)
{
    struct mname *e = dir->inode->entries;

    while (e != NULL && strcmp(e->text, text) != 0)
        e = e->next;
    return e;
}

bool model_is_below(const struct mname *name, const struct mname *above)
{
    while (name != NULL && name != above)
        name = name->dir;
    return name != NULL;
}

struct mname *model_link_name(struct model *m, struct mname *dir, const char *text,
                              struct minode *inode)
{
    struct mname *name = model_alloc(m, sizeof(*name));

    name->dir = dir;
    name->text = model_copy(m, text, strlen(text));
    name->inode = inode;
    name->next = dir->inode->entries;
    dir->inode->entries = name;
    dir->inode->mtime_known = false;
    inode->nlink++;
    return name;
}

void model_unlink_name(struct mname *name)
{
    struct mname **at = &name->dir->inode->entries;

    while (*at != name)
        at = &(*at)->next;
    *at = name->next;
    name->dir->inode->mtime_known = false;
    name->inode->nlink--;
}

void model_move_name(struct model *m, struct mname *name, struct mname *dir, const char *text)
{
    model_unlink_name(name);
    name->text = model_copy(m, text, strlen(text));
    name->dir = dir;
    name->next = dir->inode->entries;
    dir->inode->entries = name;
    dir->inode->mtime_known = false;
    name->inode->nlink++;
}

/* ---- walking ---- */

/** A walk: where it is, and the components that are left. */
struct walk {
    struct mview *view;
    struct mname *at;
    struct mpath left;
    size_t next; /* in left */
    int links;
};

/** Put the components of a link's target before those that are left. */
static void enter_link(struct model *m, struct walk *w, const char *target)
{
    struct mpath path = {.count = 0};

    add_parts(m, &path, target, strlen(target));
    path.asks_dir = w->left.asks_dir;
    for (; w->next < w->left.count; w->next++) {
        path.parts = model_grow(m, path.parts, path.count, sizeof(*path.parts));
        path.parts[path.count++] = w->left.parts[w->next];
    }
    w->left = path;
    w->next = 0;
    if (target[0] == '/')
        w->at = w->view->root; /* the root of the view is all there is */
}

/** Whether only empty components and "." are left. */
static bool at_last(const struct walk *w)
{
    for (size_t i = w->next; i < w->left.count; i++) {
        if (w->left.parts[i][0] != '\0' && strcmp(w->left.parts[i], ".") != 0)
            return false;
    }
    return true;
}

/**
 * Go one component on.
 * Returns   whether the walk goes on; if not, @out is missing in its directory, or an error was noted.
 */
static bool go(const struct mcall *c, struct walk *w, enum mfind how, struct mplace *out)
{
    const char *part = w->left.parts[w->next++];
    struct mname *next;

    if (w->at->inode->type != FT_DIR) {
        refuse(c->v, ENOTDIR);
        return false;
    }
    if (part[0] == '\0') /* a '/' at the end: nothing is looked up in the directory */
        return true;
    if (!model_may(c->p, w->at->inode, MAY_EXEC)) {
        refuse(c->v, EACCES);
        return false;
    }
    if (strcmp(part, ".") == 0)
        return true;
    if (strcmp(part, "..") == 0) {
        w->at = w->at != w->view->root ? w->at->dir : w->at;
        return true;
    }
    if (strlen(part) > SC_COMPONENT_MAX) {
        refuse(c->v, ENAMETOOLONG);
        return false;
    }
    next = model_entry(w->at, part);
    if (next == NULL) {
        *out = (struct mplace){.view = w->view, .dir = w->at, .base = part};
        out->asks_dir = w->left.asks_dir || w->next < w->left.count;
        if (!at_last(w))
            refuse(c->v, ENOENT);
        return false;
    }
    if (next->inode->type != MODEL_LINK || (how == NOFOLLOW && at_last(w))) {
        w->at = next;
        return true;
    }
    if (++w->links > LINKS_MAX) {
        refuse(c->v, ELOOP);
        return false;
    }
    enter_link(c->m, w, next->inode->target);
    return true;
}

/** A '/' at the end asks for a directory. */
static void refuse_no_dir(const struct mcall *c, uint32_t type)
{
    if (type != FT_DIR)
        refuse(c->v, ENOTDIR);
}

void model_check_slash(const struct mcall *c, const struct mplace *at, uint32_t type)
{
    if (at->asks_dir)
        refuse_no_dir(c, type);
}

static bool walk_to(const struct mcall *c, struct walk *w, enum mfind how, struct mplace *out)
{
    w->at = w->view->root;
    while (w->next < w->left.count) {
        if (!go(c, w, how, out))
            return !refused(c->v);
    }
    *out = (struct mplace){.view = w->view,
                           .dir = w->at->dir,
                           .name = w->at,
                           .base = w->at->text,
                           .asks_dir = w->left.asks_dir};
    if (w->at == w->view->root)
        out->dir = NULL;
    if (w->left.asks_dir)
        refuse_no_dir(c, w->at->inode->type);
    return !refused(c->v);
}

void model_needs(const struct mview *view, uint32_t modes, struct verdict *v)
{
    if ((modes & ~view->ok_modes) != 0)
        refuse(v, EACCES);
}

/** The name before the ':' of a path as the caller has it; NULL when it has none. */
static struct mlabel *label_of_path(const struct mcall *c, struct sc_str file)
{
    const char *colon = memchr(file.ptr, ':', file.len);

    if (colon == NULL)
        return NULL;
    return model_label(c->p, (struct sc_str){file.ptr, (size_t)(colon - file.ptr)});
}

void model_same_name(const struct mcall *c, struct sc_str a, struct sc_str b)
{
    struct mlabel *of_a = label_of_path(c, a);
    struct mlabel *of_b = label_of_path(c, b);

    if (of_a != NULL && of_b != NULL && of_a != of_b)
        refuse(c->v, EXDEV);
}

bool model_find(const struct mcall *c, struct sc_str file, enum mfind how, uint32_t needs,
                struct mplace *out)
{
    const char *colon = memchr(file.ptr, ':', file.len);
    struct walk w = {.next = 0};
    struct verdict path = {.error_count = 0};
    struct mcall mine = {c->m, c->p, c->id, &path};
    struct mlabel *label;
    struct sc_str name;
    bool found = false;

    if (colon == NULL) {
        refuse(c->v, EINVAL);
        return false;
    }
    name = (struct sc_str){file.ptr, (size_t)(colon - file.ptr)};
    if (name.len > 0) /* the empty name is one that nobody has */
        model_check_name(name, &path);
    split_tail(c->m, colon + 1, file.len - name.len - 1, &w.left, &path);
    label = model_label(c->p, name);
    w.view = label != NULL ? label->view : NULL;
    if (w.view == NULL)
        refuse(&path, ENODEV);
    else
        model_needs(w.view, needs, c->v);
    if (!refused(&path))
        found = walk_to(&mine, &w, how, out);
    for (size_t i = 0; i < path.error_count; i++)
        refuse(c->v, -path.errors[i]);
    return found;
}

static bool must_exist(const struct mcall *c, const struct mplace *at)
{
    if (at->name == NULL)
        refuse(c->v, ENOENT);
    return at->name != NULL;
}

bool model_find_file(const struct mcall *c, struct sc_str file, enum mfind how, uint32_t needs,
                     struct mplace *out)
{
    return model_find(c, file, how, needs, out) && must_exist(c, out);
}

bool model_find_in(const struct mcall *c, struct mview *view, struct sc_str path,
                   struct mplace *out)
{
    struct walk w = {.view = view};
    struct verdict mine = {.error_count = 0};
    struct mcall as_mine = {c->m, c->p, c->id, &mine};
    bool found = false;

    split_tail(c->m, path.ptr, path.len, &w.left, &mine);
    if (!refused(&mine))
        found = walk_to(&as_mine, &w, FOLLOW, out);
    for (size_t i = 0; i < mine.error_count; i++)
        refuse(c->v, -mine.errors[i]);
    return found && must_exist(c, out);
}
