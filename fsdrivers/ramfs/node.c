/* SPDX-License-Identifier: MIT */
#include "fsdrivers/ramfs/node.h"

#include "fsdrivers/fshash.h"
#include "fsdrivers/ramfs/xattr.h"

#include <string.h>
#include <sys/stat.h>

struct entry {
    UT_hash_handle hh;
    struct node *node;
    uint16_t len;
    char name[]; /* NUL-terminated */
};

static size_t entry_size(size_t len)
{
    return sizeof(struct entry) + len + 1;
}

static int64_t now(const struct ramfs *r)
{
    return (int64_t)r->env.now_ns(r->env.user);
}

void touch_content(const struct ramfs *r, struct node *n)
{
    n->stat.mtime = now(r);
    n->stat.ctime = n->stat.mtime;
}

void touch(const struct ramfs *r, struct node *n)
{
    n->stat.ctime = now(r);
}

bool node_is_dir(const struct node *n)
{
    return S_ISDIR(n->stat.mode);
}

int node_new(struct ramfs *r, const struct fs_caller *who, uint32_t mode, struct node **out)
{
    struct node *n = budget_calloc(&r->budget, sizeof(*n));
    int64_t stamp = now(r);

    if (n == NULL)
        return -ENOSPC;
    n->stat.ino = r->next_ino++;
    n->stat.mode = mode;
    n->stat.uid = who->uid;
    n->stat.gid = who->gid;
    n->stat.atime = stamp;
    n->stat.mtime = stamp;
    n->stat.ctime = stamp;
    n->stat.btime = stamp;
    list_init(&n->link);
    list_append(&r->nodes, &n->link);
    r->inodes++;
    *out = n;
    return 0;
}

struct node *node_by_ino(const struct ramfs *r, uint64_t ino)
{
    for (const struct list *i = r->nodes.next; i != &r->nodes; i = i->next) {
        struct node *n = container_of(i, struct node, link);

        if (n->stat.ino == ino)
            return n->stat.nlink > 0 ? n : NULL;
    }
    return NULL;
}

static void free_entries(struct ramfs *r, struct node *dir)
{
    struct entry *e;
    struct entry *next;

    HASH_ITER(hh, dir->entries, e, next) {
        HASH_DEL(dir->entries, e);
        budget_free(&r->budget, e, entry_size(e->len));
    }
}

void node_free(struct ramfs *r, struct node *n)
{
    if (S_ISREG(n->stat.mode)) {
        pages_drop(&n->pages, &r->budget, 0, UINT64_MAX);
        r->bytes -= n->stat.size;
    } else if (S_ISDIR(n->stat.mode)) {
        free_entries(r, n);
    } else if (S_ISCHR(n->stat.mode)) {
        r->devices--;
    } else {
        budget_free(&r->budget, n->target, n->stat.size + 1);
    }
    xattrs_free(r, n);
    list_del(&n->link);
    r->inodes--;
    budget_free(&r->budget, n, sizeof(*n));
}

void node_put(struct ramfs *r, struct node *n)
{
    if (n->refs == 0 && n->stat.nlink == 0)
        node_free(r, n);
}

struct entry *entry_find(const struct node *dir, struct fsname name)
{
    struct entry *e = NULL;

    HASH_FIND(hh, dir->entries, name.ptr, name.len, e);
    return e;
}

struct node *entry_node(const struct entry *e)
{
    return e->node;
}

int entry_add(struct ramfs *r, struct node *dir, struct fsname name, struct node *n)
{
    struct entry *e = budget_calloc(&r->budget, entry_size(name.len));

    if (e == NULL)
        return -ENOSPC;
    e->node = n;
    e->len = (uint16_t)name.len;
    memcpy(e->name, name.ptr, name.len);
    HASH_ADD_KEYPTR(hh, dir->entries, e->name, name.len, e);
    if (e->hh.tbl == NULL) {
        budget_free(&r->budget, e, entry_size(name.len));
        return -ENOSPC;
    }
    return 0;
}

void entry_remove(struct ramfs *r, struct node *dir, struct entry *e)
{
    HASH_DEL(dir->entries, e);
    budget_free(&r->budget, e, entry_size(e->len));
}

void entry_set(struct entry *e, struct node *n)
{
    e->node = n;
}

int entry_each(const struct node *dir, fs_readdir_fn callback, void *user)
{
    struct fs_stat st;
    int result = 0;

    for (const struct entry *e = dir->entries; result == 0 && e != NULL; e = e->hh.next) {
        node_stat(e->node, &st);
        result = callback(user, e->name, &st);
    }
    return result;
}

void node_stat(const struct node *n, struct fs_stat *out)
{
    *out = n->stat;
    out->blocks = S_ISREG(n->stat.mode) ? n->pages.count * (PAGES_SIZE / 512) : 0;
}
