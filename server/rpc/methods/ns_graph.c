/* SPDX-License-Identifier: MIT */
#include "server/rpc/methods/ns_graph.h"

#include "server/base/utf8.h"
#include "server/kernel/fs/vfs.h"
#include "server/kernel/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** A view or mount that has a number. */
struct numbered {
    UT_hash_handle hh;
    const void *key;
    unsigned number;
};

struct graph {
    struct strbuf *out;
    struct numbered *seen; /* uthash by key */
    const struct proc *proc;
    unsigned count;
    unsigned names; /* of the process */
    int err;
};

/** The number of a view or mount. @is_new set: it was not met before. */
static unsigned number_of(struct graph *g, const void *key, bool *is_new)
{
    struct numbered *n;

    HASH_FIND(hh, g->seen, &key, sizeof(key), n);
    *is_new = n == NULL;
    if (n != NULL)
        return n->number;
    n = calloc(1, sizeof(*n));
    if (n != NULL) {
        n->key = key;
        n->number = g->count++;
        HASH_ADD(hh, g->seen, key, sizeof(n->key), n);
    }
    if (n == NULL || !hash_added(n)) {
        free(n);
        g->err = -ENOMEM;
        *is_new = false;
        return 0;
    }
    return n->number;
}

/** Text inside a quoted string, with all special bytes escaped. */
static void add_text(struct graph *g, const char *text)
{
    const char *end = text + strlen(text);

    while (text < end) {
        size_t hex = utf8_hex_at(text, (size_t)(end - text));
        size_t size = utf8_char_size(*text);

        if (*text == '\t')
            hex = 1;
        for (size_t i = 0; i < hex; i++)
            (void)strbuf_addf(g->out, "\\\\x%02x", (unsigned char)text[i]);
        if (hex == 0 && (*text == '"' || *text == '\\'))
            (void)strbuf_addc(g->out, '\\');
        if (hex == 0)
            (void)strbuf_add(g->out, text, size);
        text += hex != 0 ? hex : size;
    }
}

static void write_mount(struct graph *g, const struct mount *m, unsigned number)
{
    (void)strbuf_addf(g->out, "  n%u [shape=cylinder, label=\"", number);
    add_text(g, m->driver);
    if (m->opts != NULL) {
        (void)strbuf_adds(g->out, "\\n");
        add_text(g, m->opts);
    }
    (void)strbuf_addf(g->out, "\\nmade by process %d\"];\n", m->maker);
}

static void write_view(struct graph *g, const struct view *v, unsigned number)
{
    char modes[VFS_MODES_MAX];
    struct path root;

    (void)strbuf_addf(g->out, "  n%u [shape=box, label=\"view ", number);
    add_text(g, v->label);
    (void)strbuf_adds(g->out, "\\nroot ");
    add_text(g, view_root_path(v, &root) == 0 ? root.str : "?");
    (void)strbuf_addf(g->out, "\\n%s\\nmade by process %d\"];\n",
                      vfs_mode_names(v->ok_modes, modes), v->maker);
}

/** A view and what is above it, each once. Returns its number. */
static unsigned write_chain(struct graph *g, const struct view *v)
{
    bool is_new;
    unsigned first = number_of(g, v, &is_new);
    unsigned number = first;

    while (is_new) {
        const struct view *parent = v->parent;
        unsigned above;

        write_view(g, v, number);
        above = number_of(g, parent != NULL ? (const void *)parent : v->mount, &is_new);
        if (parent == NULL && is_new)
            write_mount(g, v->mount, above);
        (void)strbuf_addf(g->out, "  n%u -> n%u [label=\"%s\"];\n", number, above,
                          parent != NULL ? "taken from" : "of");
        if (parent == NULL)
            break;
        v = parent;
        number = above;
    }
    return first;
}

/** A name inside its process's cluster. */
static int write_name(void *user, struct sc_str name, struct view *view)
{
    struct graph *g = user;

    (void)view;
    (void)strbuf_addf(g->out, "    p%d_%u [shape=ellipse, label=\"", g->proc->pid, g->names++);
    add_text(g, name.ptr);
    (void)strbuf_adds(g->out, "\"];\n");
    return 0;
}

/** The edges of a name: to its view, and from the process that made it. */
static int write_edges(void *user, struct sc_str name, struct view *view)
{
    struct graph *g = user;
    const struct proc *p = g->proc;
    unsigned number = write_chain(g, view);

    (void)name;
    (void)strbuf_addf(g->out, "  p%d_%u -> n%u;\n", p->pid, g->names, number);
    if (p->parent != NULL && view->maker != p->pid)
        (void)strbuf_addf(g->out, "  p%d -> p%d_%u [style=dashed, label=\"bound\"];\n",
                          p->parent->pid, p->pid, g->names);
    g->names++;
    return g->err;
}

static void write_process(struct graph *g, const struct proc *p)
{
    g->proc = p;
    g->names = 0;
    (void)strbuf_addf(g->out,
                      "  subgraph cluster_%d {\n    p%d [shape=plaintext, label=\"process %d",
                      p->pid, p->pid, p->pid);
    if (p->program != NULL) {
        (void)strbuf_adds(g->out, ": ");
        add_text(g, p->program);
    }
    (void)strbuf_adds(g->out, "\"];\n");
    (void)ns_each(&p->ns, write_name, g);
    (void)strbuf_adds(g->out, "  }\n");
    if (p->parent != NULL)
        (void)strbuf_addf(g->out, "  p%d -> p%d [style=bold, label=\"child\"];\n", p->parent->pid,
                          p->pid);
    g->names = 0;
    (void)ns_each(&p->ns, write_edges, g);
}

int ns_graph_write(struct strbuf *out, const struct machine *m)
{
    struct graph g = {.out = out};
    struct numbered *n;
    struct numbered *next;

    (void)strbuf_adds(out, "digraph \"");
    add_text(&g, m->name);
    (void)strbuf_adds(out, "\" {\n  rankdir=LR;\n");
    for (const struct proc *p = m->procs; p != NULL && g.err == 0; p = p->hh.next)
        write_process(&g, p);
    (void)strbuf_adds(out, "}\n");
    HASH_ITER(hh, g.seen, n, next) {
        HASH_DEL(g.seen, n);
        free(n);
    }
    return g.err < 0 || strbuf_failed(out) ? -ENOMEM : 0;
}
