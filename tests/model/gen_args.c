/* SPDX-License-Identifier: MIT */
/* Arguments of calls. */
#include "tests/model/gen.h"

#include <stdlib.h>
#include <string.h>

#define LONG_127                                                                                   \
    "long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-"             \
    "long-long-long-long-long-long-long-long-long-!!"

/** A view's name of one byte too much, and a component: from the second byte on, they are longest. */
static const char long_name[] = LONG_127;
static const char long_component[] = LONG_127 LONG_127 "!!";

static const char *const components[] = {"a",           "b", "c", "d", "e", long_component + 1,
                                         long_component};
static const char *const labels[] = {"r", "s", "t", "u", "v", long_name + 1, long_name, "", "a/b"};
static const int64_t sizes[] = {0, 1, 2, 4095, 4096, 4097, 8191, 8192, 10000, 12289, 20000};

struct step_arg gen_number(int64_t num)
{
    return (struct step_arg){.num = num};
}

struct step_arg gen_string(const char *text)
{
    return (struct step_arg){.text = text, .len = strlen(text)};
}

struct step_arg gen_copy(struct gen *g, const char *text)
{
    return gen_string(strcpy(gen_text(g, strlen(text) + 1), text));
}

bool gen_one_in(struct gen *g, uint32_t n)
{
    return gen_draw(g, n) == 0;
}

/* ---- arguments ---- */

/** Mostly the first elements, which are the plain ones. */
uint32_t gen_lean(struct gen *g, uint32_t count)
{
    uint32_t i = gen_draw(g, count);

    return gen_one_in(g, 4) ? i : gen_draw(g, i + 1);
}

/** A name for a view: mostly a short one. */
struct step_arg gen_new_label(struct gen *g)
{
    return gen_string(labels[gen_one_in(g, 10) ? gen_draw(g, COUNT(labels)) : gen_draw(g, 5)]);
}

struct step_arg gen_label(struct gen *g, const struct mproc *of)
{
    if (of->label_count > 0 && !gen_one_in(g, 16))
        return gen_copy(g, of->labels[gen_draw(g, (uint32_t)of->label_count)].text);
    return gen_new_label(g);
}

static void append_component(struct gen *g, char *text)
{
    (void)strcat(text, "/");
    (void)strcat(text,
                 components[gen_one_in(g, 16) ? gen_draw(g, COUNT(components)) : gen_draw(g, 4)]);
}

/** An entry of a directory, drawn; NULL when there is none. */
static struct mname *draw_entry(struct gen *g, const struct mname *dir, bool only_dirs)
{
    struct mname *drawn = NULL;
    uint32_t seen = 0;

    if (dir == NULL || dir->inode->type != FT_DIR)
        return NULL;
    for (struct mname *e = dir->inode->entries; e != NULL; e = e->next) {
        if (!only_dirs || e->inode->type == FT_DIR) {
            if (gen_draw(g, ++seen) == 0)
                drawn = e;
        }
    }
    return drawn;
}

/** Append a walk below a name: to what is there, or to a new name. */
static void append_walk(struct gen *g, const struct mname *at, enum gen_want want, char *text)
{
    bool to_new = want == GEN_NEW ? !gen_one_in(g, 6) : gen_one_in(g, 8);
    uint32_t depth = gen_draw(g, to_new ? 3 : 4);

    if (!to_new && depth == 0 && !gen_one_in(g, 4))
        depth = 1;
    for (; depth > 0; depth--) {
        struct mname *e = draw_entry(g, at, to_new && !gen_one_in(g, 10));

        if (e == NULL)
            break;
        (void)strcat(text, "/");
        (void)strcat(text, e->text);
        at = e;
    }
    if (to_new || gen_one_in(g, 20))
        append_component(g, text);
}

/** A path without a name, sometimes in another spelling or wrong. */
static void append_path(struct gen *g, const struct mname *root, enum gen_want want, char *text)
{
    static const char *const odd[] = {"",      "/",    "/../a", "/./a", "/a//b",
                                      "/a/..", "a/b/", "..",    "/.",   "/.../a"};

    if (gen_one_in(g, 40)) {
        (void)strcat(text, odd[gen_draw(g, COUNT(odd))]);
        return;
    }
    append_walk(g, root, want, text);
    if (gen_one_in(g, 16) && text[strlen(text) - 1] != ':' && text[0] != '\0')
        (void)strcat(text, "/");
}

static const struct mlabel *any_label(struct gen *g, const struct mproc *of)
{
    return of->label_count > 0 ? &of->labels[gen_draw(g, (uint32_t)of->label_count)] : NULL;
}

struct step_arg gen_path(struct gen *g, struct mproc *actor, enum gen_want want)
{
    char *text = gen_text(g, 2048);
    const struct mlabel *l = any_label(g, actor);

    if (l == NULL || gen_one_in(g, 30))
        (void)strcat(text, labels[gen_lean(g, COUNT(labels))]);
    else
        (void)strcat(text, l->text);
    if (!gen_one_in(g, 80))
        (void)strcat(text, ":");
    append_path(g, l != NULL ? l->view->root : NULL, want, text);
    return gen_string(text);
}

/** A path inside a view of the actor. */
struct step_arg gen_root_path(struct gen *g, const struct mproc *actor, const char *view)
{
    char *text = gen_text(g, 2048);
    const struct mname *root = NULL;

    for (size_t i = 0; i < actor->label_count; i++) {
        if (strcmp(actor->labels[i].text, view) == 0)
            root = actor->labels[i].view->root;
    }
    append_path(g, root, GEN_THERE, text);
    return gen_string(text);
}

struct step_arg gen_handle(struct gen *g, const struct mproc *actor, uint32_t mode)
{
    const struct mhandle *h = NULL;

    if (actor->handle_count == 0 || gen_one_in(g, 20))
        return gen_number((int64_t)gen_draw(g, 8) - 1);
    for (int tries = 0; tries < 6 && (h == NULL || (h->file->mode & mode) != mode); tries++)
        h = &actor->handles[gen_draw(g, (uint32_t)actor->handle_count)];
    if (h->made_by == 0)
        return gen_number(h->fd);
    return (struct step_arg){.num = h->second ? 2 : 1, .ref = h->made_by};
}

/** A child of the actor, or sometimes anybody. */
struct step_arg gen_loading_child(struct gen *g, const struct mproc *actor)
{
    const struct model *m = g->play->m;

    for (size_t i = 0; i < m->proc_count; i++) {
        const struct mproc *p = m->procs[i];

        if (p->parent == actor && !p->gone && p->state == PS_LOADING && !gen_one_in(g, 3))
            return (struct step_arg){.ref = p->made_by};
    }
    return gen_child(g, actor);
}

struct step_arg gen_child(struct gen *g, const struct mproc *actor)
{
    const struct model *m = g->play->m;
    bool anybody = gen_one_in(g, 12);
    struct step_arg arg = {.num = STEP_NOBODY};
    uint32_t seen = 0;

    for (size_t i = 0; i < m->proc_count; i++) {
        const struct mproc *p = m->procs[i];

        if (p->made_by == 0 || (!anybody && (p->parent != actor || p->gone)))
            continue;
        if (gen_draw(g, ++seen) == 0)
            arg = (struct step_arg){.ref = p->made_by};
    }
    return arg;
}

bool gen_has_child(struct gen *g, const struct mproc *actor)
{
    const struct model *m = g->play->m;

    for (size_t i = 0; i < m->proc_count; i++) {
        if (m->procs[i]->parent == actor && !m->procs[i]->gone)
            return true;
    }
    return false;
}

struct step_arg gen_size(struct gen *g)
{
    return gen_number(gen_one_in(g, 8) ? gen_draw(g, 20000) : sizes[gen_draw(g, COUNT(sizes))]);
}

struct step_arg gen_offset(struct gen *g)
{
    static const int64_t odd[] = {
        -1, INT64_MAX, INT64_MAX - 4096, INT64_C(1) << 38, (INT64_C(1) << 38) - 1, INT64_MIN};

    return gen_one_in(g, 25) ? gen_number(odd[gen_draw(g, COUNT(odd))]) : gen_size(g);
}

struct step_arg gen_modes(struct gen *g)
{
    static const uint32_t common[] = {FM_READ | FM_WRITE | FM_CREATE,
                                      FM_READ,
                                      FM_READDIR,
                                      FM_READ | FM_WRITE,
                                      FM_WRITE | FM_CREATE | FM_TRUNC,
                                      FM_READ | FM_WRITE | FM_APPEND | FM_CREATE,
                                      FM_READ | FM_WRITE | FM_MMAP | FM_CREATE,
                                      FM_READ | FM_MMAP,
                                      SC_FM_ALL,
                                      SC_FM_NAMED,
                                      FM_IOCTL | FM_READ,
                                      FM_READDIR | FM_READ,
                                      FM_READDIR | FM_CREATE,
                                      FM_TRUNC,
                                      0};

    return gen_number(gen_one_in(g, 10) ? gen_draw(g, 0x10000) & SC_FM_NAMED
                                        : common[gen_lean(g, COUNT(common))]);
}

/** Modes of a view: mostly all, mostly without one. */
struct step_arg gen_view_modes(struct gen *g)
{
    uint32_t bits = SC_FM_ALL;

    for (uint32_t n = gen_draw(g, 3); n > 0; n--)
        bits &= ~(UINT32_C(1) << gen_draw(g, 15));
    return gen_number(gen_one_in(g, 8) ? gen_draw(g, 0x10000) : bits);
}

struct step_arg gen_data(struct gen *g)
{
    size_t len = gen_one_in(g, 10) ? 65530 + gen_draw(g, 12) : (size_t)gen_size(g).num;
    char *text = gen_text(g, len + 1);

    memset(text, 'a' + g->last_id % 26, len);
    if (len > 0)
        text[len - 1] = (char)('A' + g->last_id % 26);
    return (struct step_arg){.text = text, .len = len};
}

struct step_arg gen_address(struct gen *g, const struct mproc *actor)
{
    static const int64_t odd[] = {0, 1, 0xBFFFF000, 0xC0000000, INT64_C(-4096), 0x7FF};

    if (gen_one_in(g, 10))
        return gen_number(odd[gen_draw(g, COUNT(odd))]);
    if (actor->region_count > 0 && gen_one_in(g, 2)) {
        const struct mregion *r = &actor->regions[gen_draw(g, (uint32_t)actor->region_count)];

        switch (gen_draw(g, 4)) {
        case 0:
            return gen_number((int64_t)r->addr);
        case 1:
            return gen_number((int64_t)(r->addr + r->size));
        case 2:
            return gen_number((int64_t)(r->addr + r->size - 1));
        default:
            return gen_number((int64_t)r->addr - SC_PAGE_SIZE);
        }
    }
    return gen_number(0x1000 * (1 + (int64_t)gen_draw(g, 16)));
}

struct step_arg gen_memory_mode(struct gen *g)
{
    return gen_number(gen_draw(g, gen_one_in(g, 10) ? 10 : 8));
}
