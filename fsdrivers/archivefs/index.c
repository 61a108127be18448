/* SPDX-License-Identifier: MIT */
#include "fsdrivers/archivefs/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FIRST_CAP = 64, FIRST_HEADS = 64 };

/* ---- Memory ---- */

/** Count more bytes. Returns 0; -ENOSPC. */
static int take(const struct index *ix, uint64_t bytes)
{
    return ix->env->take(ix->env->user, bytes) ? 0 : -ENOSPC;
}

static void give(const struct index *ix, uint64_t bytes)
{
    ix->env->give(ix->env->user, bytes);
}

/** Make room for @more elements, at the end and set to zero. Returns 0; -ENOMEM; -ENOSPC. */
static int reserve(const struct index *ix, struct index_block *b, size_t more)
{
    size_t cap = b->cap > 0 ? b->cap : FIRST_CAP;
    size_t added;
    char *ptr;
    int err;

    while (cap - b->count < more)
        cap *= 2;
    added = (cap - b->cap) * b->each;
    if (added == 0)
        return 0;
    err = take(ix, added);
    if (err < 0)
        return err;
    ptr = realloc(b->ptr, cap * b->each);
    if (ptr == NULL) {
        give(ix, added);
        return -ENOMEM;
    }
    memset(ptr + b->cap * b->each, 0, added);
    b->ptr = ptr;
    b->cap = cap;
    return 0;
}

static void drop(const struct index *ix, struct index_block *b)
{
    if (b->cap > 0)
        give(ix, b->cap * b->each);
    free(b->ptr);
    *b = (struct index_block){.each = b->each};
}

void index_done(struct index *ix)
{
    drop(ix, &ix->names);
    drop(ix, &ix->files);
    drop(ix, &ix->text);
    drop(ix, &ix->heads);
}

static int copy_block(const struct index *ix, const struct index_block *from,
                      struct index_block *to)
{
    const int err = reserve(ix, to, from->count);

    if (err == 0 && from->count > 0)
        memcpy(to->ptr, from->ptr, from->count * from->each);
    to->count = err == 0 ? from->count : 0;
    return err;
}

static void empty_blocks(struct index *ix)
{
    ix->names = (struct index_block){.each = sizeof(struct index_name)};
    ix->files = (struct index_block){.each = sizeof(struct index_file)};
    ix->heads = (struct index_block){.each = sizeof(uint32_t)};
    ix->text = (struct index_block){.each = 1};
}

int index_copy(const struct index *from, struct index *out)
{
    int err;

    *out = *from;
    empty_blocks(out);
    err = copy_block(out, &from->names, &out->names);
    if (err == 0)
        err = copy_block(out, &from->files, &out->files);
    if (err == 0)
        err = copy_block(out, &from->text, &out->text);
    if (err == 0)
        err = copy_block(out, &from->heads, &out->heads);
    if (err < 0)
        index_done(out);
    return err;
}

struct index_name *index_name_at(const struct index *ix, uint32_t number)
{
    return (struct index_name *)ix->names.ptr + number;
}

struct index_file *index_file_at(const struct index *ix, uint32_t number)
{
    return (struct index_file *)ix->files.ptr + number;
}

int index_text(struct index *ix, const char *ptr, size_t len, uint64_t *out)
{
    const int err = reserve(ix, &ix->text, len);

    if (err < 0)
        return err;
    if (len > 0)
        memcpy((char *)ix->text.ptr + ix->text.count, ptr, len);
    *out = ix->text.count;
    ix->text.count += len;
    return 0;
}

/* ---- Names ---- */

/** The chain that a name is in. */
static uint32_t *head_of(const struct index *ix, uint32_t dir, const char *ptr, size_t len)
{
    uint64_t hash = (ix->seed ^ dir) * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (hash >> 29) ^ (unsigned char)ptr[i]) * UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t *)ix->heads.ptr + ((hash ^ (hash >> 32)) & (ix->heads.count - 1));
}

static const char *text_of(const struct index *ix, const struct index_name *n)
{
    return (const char *)ix->text.ptr + n->text;
}

static void chain(const struct index *ix, uint32_t number)
{
    struct index_name *n = index_name_at(ix, number);
    uint32_t *head = head_of(ix, n->parent, text_of(ix, n), n->len);

    n->chain = *head;
    *head = number;
}

/** Make the table of chains as big as the block of names. Returns 0; -ENOMEM; -ENOSPC. */
static int grow_heads(struct index *ix)
{
    const size_t more = ix->heads.count > 0 ? ix->heads.count : FIRST_HEADS;
    int err;

    if (ix->names.count <= ix->heads.count)
        return 0;
    err = reserve(ix, &ix->heads, more);
    if (err < 0)
        return err;
    ix->heads.count += more;
    memset(ix->heads.ptr, 0, ix->heads.count * sizeof(uint32_t));
    for (uint32_t i = INDEX_ROOT + 1; i < ix->names.count; i++) {
        if (index_name_at(ix, i)->parent != INDEX_NONE)
            chain(ix, i);
    }
    return 0;
}

uint32_t index_find(const struct index *ix, uint32_t dir, struct fsname name)
{
    uint32_t at = *head_of(ix, dir, name.ptr, name.len);

    while (at != INDEX_NONE) {
        const struct index_name *n = index_name_at(ix, at);

        if (n->parent == dir && n->len == name.len && memcmp(text_of(ix, n), name.ptr, n->len) == 0)
            break;
        at = n->chain;
    }
    return at;
}

int index_walk(const struct index *ix, const char *path, uint32_t *out)
{
    uint32_t at = INDEX_ROOT;
    struct fsname name;

    while (fspath_next(&path, &name)) {
        const struct index_file *f = index_file_at(ix, index_name_at(ix, at)->file);

        if (!index_is_dir(f))
            return S_ISLNK(f->stat.mode) ? -ELOOP : -ENOTDIR;
        at = index_find(ix, at, name);
        if (at == INDEX_NONE)
            return -ENOENT;
    }
    *out = at;
    return 0;
}

/* ---- The tree ---- */

int index_add(struct index *ix, const struct fs_stat *stat, uint32_t *out)
{
    const int err = reserve(ix, &ix->files, 1);
    struct index_file *f;

    if (err < 0)
        return err;
    *out = (uint32_t)ix->files.count++;
    f = index_file_at(ix, *out);
    f->stat = *stat;
    f->stat.ino = *out;
    f->stat.nlink = 0;
    return 0;
}

/** Put a name at the end of its directory. */
static void attach(struct index *ix, uint32_t number)
{
    struct index_name *n = index_name_at(ix, number);
    struct index_name *dir = index_name_at(ix, n->parent);
    struct index_file *f = index_file_at(ix, n->file);

    n->prev = dir->last;
    if (dir->last != INDEX_NONE)
        index_name_at(ix, dir->last)->next = number;
    else
        dir->first = number;
    dir->last = number;
    chain(ix, number);
    ix->named++;
    f->stat.nlink++;
    if (index_is_dir(f)) {
        f->stat.nlink = 2;
        f->name = number;
        index_file_at(ix, dir->file)->stat.nlink++;
    }
}

/** Remove a name that has none in it. */
static void detach(struct index *ix, uint32_t number)
{
    struct index_name *n = index_name_at(ix, number);
    struct index_name *dir = index_name_at(ix, n->parent);
    struct index_file *f = index_file_at(ix, n->file);
    uint32_t *at = head_of(ix, n->parent, text_of(ix, n), n->len);

    while (*at != number)
        at = &index_name_at(ix, *at)->chain;
    *at = n->chain;
    *(n->prev != INDEX_NONE ? &index_name_at(ix, n->prev)->next : &dir->first) = n->next;
    *(n->next != INDEX_NONE ? &index_name_at(ix, n->next)->prev : &dir->last) = n->prev;
    ix->named--;
    f->stat.nlink--;
    if (index_is_dir(f)) {
        f->stat.nlink = 0;
        index_file_at(ix, dir->file)->stat.nlink--;
    }
    n->parent = INDEX_NONE;
}

void index_remove(struct index *ix, uint32_t name)
{
    uint32_t at = name;

    for (;;) {
        const struct index_name *n = index_name_at(ix, at);
        const uint32_t up = n->parent;

        if (n->first != INDEX_NONE) {
            at = n->first;
            continue;
        }
        detach(ix, at);
        if (at == name)
            return;
        at = up;
    }
}

int index_link(struct index *ix, uint32_t dir, struct fsname name, uint32_t file, uint32_t *out)
{
    const uint32_t old = index_find(ix, dir, name);
    uint64_t text;
    uint32_t number;
    int err;

    if (ix->names.count > INDEX_NAMES_MAX + INDEX_ROOT)
        return -ENOSPC;
    err = index_text(ix, name.ptr, name.len, &text);
    if (err == 0)
        err = reserve(ix, &ix->names, 1);
    if (err == 0)
        err = grow_heads(ix);
    if (err < 0)
        return err;
    if (old != INDEX_NONE)
        index_remove(ix, old);
    number = (uint32_t)ix->names.count++;
    *index_name_at(ix, number) = (struct index_name){
        .parent = dir, .file = file, .layer = ix->layer, .text = text, .len = (uint32_t)name.len};
    attach(ix, number);
    if (out != NULL)
        *out = number;
    return 0;
}

int index_new(const struct fs_env *env, struct index *out)
{
    const struct fs_stat root = {.mode = S_IFDIR | 0755u};
    uint32_t number;
    int err;

    *out = (struct index){.env = env};
    empty_blocks(out);
    env->random(env->user, &out->seed, sizeof(out->seed));
    err = reserve(out, &out->names, INDEX_ROOT + 1);
    if (err == 0)
        err = reserve(out, &out->files, INDEX_ROOT + 1);
    if (err == 0) {
        out->names.count = INDEX_ROOT + 1;
        out->files.count = INDEX_ROOT;
        err = index_add(out, &root, &number);
    }
    if (err == 0)
        err = grow_heads(out);
    if (err < 0) {
        index_done(out);
        return err;
    }
    *index_name_at(out, INDEX_ROOT) = (struct index_name){.parent = INDEX_ROOT, .file = INDEX_ROOT};
    index_file_at(out, INDEX_ROOT)->stat.nlink = 2;
    index_file_at(out, INDEX_ROOT)->name = INDEX_ROOT;
    return 0;
}

uint64_t index_bytes(const struct index *ix)
{
    uint64_t sum = 0;

    for (uint32_t i = INDEX_ROOT; i < ix->files.count; i++) {
        const struct fs_stat *st = &index_file_at(ix, i)->stat;

        if (st->nlink == 0 || !S_ISREG(st->mode))
            continue;
        if (st->size > (uint64_t)INT64_MAX - sum)
            return INT64_MAX;
        sum += st->size;
    }
    return sum;
}

/* ---- Layers ---- */

void index_begin(struct index *ix)
{
    ix->layer++;
}

/** Whether all in a directory is of this layer, as it or one above it was swept. */
static bool is_swept(const struct index *ix, uint32_t dir)
{
    while (index_name_at(ix, dir)->swept != ix->layer && dir != INDEX_ROOT)
        dir = index_name_at(ix, dir)->parent;
    return index_name_at(ix, dir)->swept == ix->layer;
}

void index_sweep(struct index *ix, uint32_t dir)
{
    uint32_t at = is_swept(ix, dir) ? INDEX_NONE : index_name_at(ix, dir)->first;

    index_name_at(ix, dir)->swept = ix->layer;
    while (at != INDEX_NONE) {
        const struct index_name *n = index_name_at(ix, at);
        const bool stays = n->layer == ix->layer;
        uint32_t next = n->swept == ix->layer ? INDEX_NONE : n->first;
        uint32_t up = at;

        if (!stays || next == INDEX_NONE) {
            while (up != dir && index_name_at(ix, up)->next == INDEX_NONE)
                up = index_name_at(ix, up)->parent;
            next = up == dir ? INDEX_NONE : index_name_at(ix, up)->next;
        }
        if (!stays)
            index_remove(ix, at);
        at = next;
    }
}
