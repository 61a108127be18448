/* SPDX-License-Identifier: MIT */
#include "client/cli/base/names.h"
#include "client/cli/ns/ns.h"
#include "server/base/utf8.h"

#include <stdlib.h>
#include <string.h>

struct graph {
    struct strbuf *out;
    const struct ns_tree *tree;
    unsigned *views;  /* the number of each view's node, from 1; 0: it was not met yet */
    unsigned *mounts; /* the same of mounts */
    unsigned count;
};

/** Text inside a quoted string, with all special bytes escaped. */
static void add_text(struct strbuf *out, const char *text)
{
    const char *end = text + strlen(text);

    while (text < end) {
        size_t hex = utf8_hex_at(text, (size_t)(end - text));
        size_t size = utf8_char_size(*text);

        if (*text == '\t')
            hex = 1;
        for (size_t i = 0; i < hex; i++)
            (void)strbuf_addf(out, "\\\\x%02x", (unsigned char)text[i]);
        if (hex == 0 && (*text == '"' || *text == '\\'))
            (void)strbuf_addc(out, '\\');
        if (hex == 0)
            (void)strbuf_add(out, text, size);
        text += hex != 0 ? hex : size;
    }
}

static void add_mount(const struct graph *g, const struct ns_mount *m, unsigned number)
{
    (void)strbuf_addf(g->out, "  n%u [shape=cylinder, label=\"", number - 1);
    add_text(g->out, m->driver);
    if (m->opts != NULL) {
        (void)strbuf_adds(g->out, "\\n");
        add_text(g->out, m->opts);
    }
    (void)strbuf_addf(g->out, "\\nmade by process %d\"];\n", m->maker);
}

static void add_view(const struct graph *g, const struct ns_view *v, unsigned number)
{
    (void)strbuf_addf(g->out, "  n%u [shape=box, label=\"view ", number - 1);
    add_text(g->out, v->label);
    (void)strbuf_adds(g->out, "\\nroot ");
    add_text(g->out, v->root != NULL ? v->root : "?");
    (void)strbuf_adds(g->out, "\\n");
    name_rights(g->out, v->ok_modes, NULL, "nothing");
    (void)strbuf_addf(g->out, "\\nmade by process %d\"];\n", v->maker);
}

/** The number of a node; @is_new set: it has got one now. */
static unsigned number_of(struct graph *g, unsigned *number, bool *is_new)
{
    *is_new = *number == 0;
    if (*is_new)
        *number = ++g->count;
    return *number;
}

/** Add a view and what is above it, each once. */
static void add_chain(struct graph *g, const struct ns_view *v)
{
    bool is_new;
    unsigned number = number_of(g, &g->views[v - g->tree->views], &is_new);

    while (is_new) {
        const struct ns_view *parent = v->parent;
        unsigned above;

        add_view(g, v, number);
        above = number_of(g,
                          parent != NULL ? &g->views[parent - g->tree->views]
                                         : &g->mounts[v->mount - g->tree->mounts],
                          &is_new);
        if (parent == NULL && is_new)
            add_mount(g, v->mount, above);
        (void)strbuf_addf(g->out, "  n%u -> n%u [label=\"%s\"];\n", number - 1, above - 1,
                          parent != NULL ? "taken from" : "of");
        if (parent == NULL)
            break;
        v = parent;
        number = above;
    }
}

/** Add the edges of a process's names: to their views, and from the process that made these. */
static void add_edges(struct graph *g, const struct ns_proc *p)
{
    for (size_t i = 0; i < p->name_count; i++) {
        const struct ns_view *v = p->names[i].view;

        add_chain(g, v);
        (void)strbuf_addf(g->out, "  p%d_%zu -> n%u;\n", p->pid, i,
                          g->views[v - g->tree->views] - 1);
        if (p->parent != 0 && v->maker != p->pid)
            (void)strbuf_addf(g->out, "  p%d -> p%d_%zu [style=dashed, label=\"bound\"];\n",
                              p->parent, p->pid, i);
    }
}

static void add_proc(struct graph *g, const struct ns_proc *p)
{
    (void)strbuf_addf(g->out,
                      "  subgraph cluster_%d {\n    p%d [shape=plaintext, label=\"process %d",
                      p->pid, p->pid, p->pid);
    if (p->program != NULL) {
        (void)strbuf_adds(g->out, ": ");
        add_text(g->out, p->program);
    }
    (void)strbuf_adds(g->out, "\"];\n");
    for (size_t i = 0; i < p->name_count; i++) {
        (void)strbuf_addf(g->out, "    p%d_%zu [shape=ellipse, label=\"", p->pid, i);
        add_text(g->out, p->names[i].name);
        (void)strbuf_adds(g->out, "\"];\n");
    }
    (void)strbuf_adds(g->out, "  }\n");
    if (p->parent != 0)
        (void)strbuf_addf(g->out, "  p%d -> p%d [style=bold, label=\"child\"];\n", p->parent,
                          p->pid);
    add_edges(g, p);
}

void ns_add_graph(struct strbuf *out, const struct ns_tree *tree)
{
    struct graph g = {.out = out,
                      .tree = tree,
                      .views = calloc(tree->view_count + 1, sizeof(unsigned)),
                      .mounts = calloc(tree->mount_count + 1, sizeof(unsigned))};

    out->failed = out->failed || g.views == NULL || g.mounts == NULL;
    (void)strbuf_adds(out, "digraph \"");
    add_text(out, tree->machine);
    (void)strbuf_adds(out, "\" {\n  rankdir=LR;\n");
    for (size_t i = 0; i < tree->proc_count && !strbuf_failed(out); i++)
        add_proc(&g, &tree->procs[i]);
    (void)strbuf_adds(out, "}\n");
    free(g.views);
    free(g.mounts);
}
