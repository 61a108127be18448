/* SPDX-License-Identifier: MIT */
#include "server/kernel/fs/node.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int view_new(struct mount *mount, struct node *root, struct view *parent, struct sc_str label,
             uint32_t ok_modes, int32_t maker, struct view **out)
{
    struct view *v = calloc(1, sizeof(*v));

    if (v == NULL)
        return -ENOMEM;
    v->label = strndup(label.ptr, label.len);
    if (v->label == NULL) {
        free(v);
        return -ENOMEM;
    }
    v->mount = mount_ref(mount);
    v->root = node_ref(root);
    v->root->root_count++;
    v->parent = parent != NULL ? view_ref(parent) : NULL;
    v->type = FT_DIR;
    v->ok_modes = ok_modes;
    v->depth = parent != NULL ? parent->depth + 1 : 0;
    v->maker = maker;
    v->refs = 1;
    mount->machine->census.views++;
    *out = v;
    return 0;
}

struct view *view_ref(struct view *v)
{
    v->refs++;
    return v;
}

struct view *view_unref(struct view *v)
{
    while (v != NULL && --v->refs == 0) {
        struct view *parent = v->parent;

        v->mount->machine->census.views--;
        v->root->root_count--;
        (void)node_unref(v->root);
        (void)mount_unref(v->mount);
        free(v->label);
        free(v);
        v = parent;
    }
    return NULL;
}

const char *vfs_mode_names(uint32_t modes, char *out)
{
    size_t len = 0;

    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        size_t name_len = strlen(f->name);

        if (strcmp(f->group, "FM") != 0 || (modes & f->value) == 0)
            continue;
        if (len > 0)
            out[len++] = ',';
        memcpy(out + len, f->name, name_len);
        len += name_len;
    }
    out[len] = '\0';
    return len > 0 ? out : strcpy(out, "nothing");
}

int view_root_path(const struct view *v, struct path *out)
{
    return node_path(v->root, out);
}

/** Add the reason: which of @missing the view lacks, and whether it was the one that removed it. */
static void explain_view(const struct view *v, uint32_t missing, struct why *why)
{
    char lacks[VFS_MODES_MAX];
    char took[VFS_MODES_MAX];
    struct path root;

    (void)vfs_mode_names(missing & ~v->ok_modes, lacks);
    if (v->parent == NULL) {
        why_note(why, "filesystem '%s' was made by process %d without %s", v->label, v->maker,
                 lacks);
        return;
    }
    (void)vfs_mode_names(missing & ~v->ok_modes & v->parent->ok_modes, took);
    why_note(why,
             "view '%s' lacks %s (made by process %d as a subfs of '%s', root %s; that removed %s)",
             v->label, lacks, v->maker, v->parent->label,
             view_root_path(v, &root) == 0 ? root.str : "?", took);
}

int view_allows(const struct view *v, uint32_t modes, struct why *why)
{
    uint32_t missing = modes & ~v->ok_modes;
    char names[VFS_MODES_MAX];

    if (missing == 0)
        return 0;
    if (why == NULL)
        return -EACCES;
    for (; v != NULL && (missing & ~v->ok_modes) != 0; v = v->parent)
        explain_view(v, missing, why);
    if (v != NULL)
        why_note(why, "view '%s' above it has %s", v->label, vfs_mode_names(missing, names));
    return -EACCES;
}
