/* SPDX-License-Identifier: MIT */
/*
 * Namespaces as text, made of the answer of ns.tree.
 *
 * **Calls** that rebuild the namespace of a process, as lines of the language:
 *
 *     make_fs ramfs root                      by the process's parent
 *     bind_subfs tmp root /tmp READ,WRITE $PID
 *     [$PID] subfs log tmp /log WRITE         by the process itself
 *
 * Each name is made as it was: by the process itself, or by its parent, which then binds it. The view
 * above a view must have a name there. If it has none any more, it is made again under its old name,
 * from the nearest view above it that can be named, or else from its filesystem; the last lines remove
 * these names. A new filesystem is empty, unless it is read-only or has a source: the files that
 * become roots of views are created first.
 *
 * A **graph** in the DOT language has the origin of every view: a cluster for each process with its
 * names, the views of these names, the views above them, and the filesystems at the end.
 *
 *     process 3: "home" --> view home, /home, READ --"taken from"--> view root --> ramfs
 *          ^
 *          +- - "bound" - - process 2, its parent, unless the process made the view itself
 *
 * Nodes are numbered in the order of the walk, so the same machine has the same graph.
 */
#ifndef CLIENT_CLI_NS_NS_H
#define CLIENT_CLI_NS_NS_H

#include "server/base/strbuf.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/** Views above a view; a machine has no more. */
enum { NS_DEPTH_MAX = 64 };

struct ns_mount {
    const char *driver;
    const char *opts; /* NULL: none */
    int32_t maker;
    bool from_handle;
    bool layered;
    bool readonly;
    bool no_create;
};

struct ns_view {
    const char *label;
    const char *root; /* NULL: not known */
    const char *type; /* of the root: "DIR" … */
    const cJSON *ok_modes;
    int32_t maker;
    const struct ns_view *parent; /* NULL: it was made with its filesystem */
    const struct ns_mount *mount;
};

struct ns_name {
    int32_t pid;
    const char *name;
    const struct ns_view *view;
};

struct ns_proc {
    int32_t pid;
    int32_t parent;      /* 0 of init */
    const char *program; /* NULL: none yet */
    const struct ns_name *names;
    size_t name_count;
};

/** An answer of ns.tree in arrays. Texts are bytes, NUL-terminated, which may not be UTF-8. */
struct ns_tree {
    cJSON *answer; /* owned; the texts are its own */
    const char *machine;
    struct ns_proc *procs;
    struct ns_name *names;
    struct ns_view *views;
    struct ns_mount *mounts;
    size_t proc_count, name_count, view_count, mount_count;
    bool wrong; /* something is not as ns.tree gives it */
};

/**
 * Take an answer apart.
 * @answer   taken, always.
 * @tree     ns_tree_done(), also after a failure.
 * Returns   0; -EPROTO it is not one that ns.tree gives, -ENOMEM.
 */
int ns_tree_init(struct ns_tree *tree, cJSON *answer);
void ns_tree_done(struct ns_tree *tree);

/** The process with a pid, borrowed; NULL: none. */
const struct ns_proc *ns_tree_proc(const struct ns_tree *tree, int32_t pid);

/** Append the calls that rebuild the namespace of a process, a line each. @proc of the tree. */
void ns_add_calls(struct strbuf *out, const struct ns_tree *tree, const struct ns_proc *proc);

/** Append the graph of all processes of the tree. */
void ns_add_graph(struct strbuf *out, const struct ns_tree *tree);

/**
 * Print the graph of an answer of ns.tree, or the calls of a process.
 * @command  complains.
 * @answer   taken, always.
 * @pid      0: the graph.
 * Returns   whether it was printed; else it has complained.
 */
bool ns_show(const char *command, cJSON *answer, int32_t pid);

#endif
