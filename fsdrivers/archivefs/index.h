/* SPDX-License-Identifier: MIT */
/*
 * The index of an archive: its tree, in memory.
 *
 * Files have numbers, from INDEX_ROOT on; so have their names. Numbers are never used again: a file that is
 * replaced by a later entry keeps its number, without a name, for those who have it open. Everything lies
 * in four blocks of memory without pointers, so a copy of an index is four copies of bytes: a source is added
 * to a copy, which takes the place of the index if nothing failed.
 */
#ifndef FSDRIVERS_ARCHIVEFS_INDEX_H
#define FSDRIVERS_ARCHIVEFS_INDEX_H

#include "fsdrivers/fsdriver.h"
#include "fsdrivers/fspath.h"

enum {
    INDEX_NONE = 0,            /* no name, no file */
    INDEX_ROOT = 1,            /* the file and the name of the root */
    INDEX_NAMES_MAX = 1 << 20, /* besides the root; past it -ENOSPC */
};

/** A name in a directory. */
struct index_name {
    uint32_t parent; /* names; that of the root is itself */
    uint32_t file;
    uint32_t next, prev;  /* in the directory, in the archive's order */
    uint32_t first, last; /* of the names in it */
    uint32_t chain;       /* the next one of the same hash */
    uint32_t layer;       /* that it was last in: see index_begin() */
    uint32_t swept;       /* the layer in which index_sweep() was last here */
    uint64_t text;        /* where it begins in index.text */
    uint32_t len;
};

struct index_file {
    struct fs_stat stat; /* ino is the file's number */
    uint32_t source;     /* where its content is */
    uint32_t name;       /* of a directory */
    uint64_t entry;      /* in the source */
    uint64_t target;     /* of a link: where it begins in index.text; stat.size is its length */
    bool encrypted;
};

/** A block that grows. */
struct index_block {
    void *ptr;
    size_t count, cap; /* elements */
    size_t each;       /* bytes of an element */
};

struct index {
    struct index_block names; /* struct index_name; the first one is not used */
    struct index_block files; /* struct index_file; likewise */
    struct index_block text;  /* bytes */
    struct index_block heads; /* uint32_t: chains of names; count is cap, a power of 2 */
    const struct fs_env *env; /* borrowed */
    uint64_t seed;            /* of the hash: an archive can't choose names of the same one */
    uint32_t named;           /* names that are in the tree, without the root */
    uint32_t layer;
};

/** Make an index with an empty root. @env borrowed. Returns 0; -ENOMEM; -ENOSPC. */
int index_new(const struct fs_env *env, struct index *out);

/** Copy an index. Returns 0; -ENOMEM; -ENOSPC. */
int index_copy(const struct index *from, struct index *out);

/** Free it. An index of zeros is fine. */
void index_done(struct index *ix);

/** The sizes of regular files that have a name, together, and at most INT64_MAX. */
uint64_t index_bytes(const struct index *ix);

struct index_name *index_name_at(const struct index *ix, uint32_t number);
struct index_file *index_file_at(const struct index *ix, uint32_t number);

/** Find a name in a directory. Returns its number, INDEX_NONE. */
uint32_t index_find(const struct index *ix, uint32_t dir, struct fsname name);

/** Walk a canonical path. @out a name. Returns 0; -ENOENT; -ENOTDIR; -ELOOP a link before the last component. */
int index_walk(const struct index *ix, const char *path, uint32_t *out);

/** Add bytes. @out where they begin. Returns 0; -ENOMEM; -ENOSPC. */
int index_text(struct index *ix, const char *ptr, size_t len, uint64_t *out);

/** Add a file that has no name. @stat its number and links are set here. Returns 0; -ENOMEM; -ENOSPC. */
int index_add(struct index *ix, const struct fs_stat *stat, uint32_t *out);

/**
 * Give a file a name in a directory. What had the name loses it, with all that is in it.
 * @out      NULL or the name's number.
 * Returns   0; -ENOMEM; -ENOSPC: nothing changed.
 */
int index_link(struct index *ix, uint32_t dir, struct fsname name, uint32_t file, uint32_t *out);

/** Remove a name with all names in it. Not the root. */
void index_remove(struct index *ix, uint32_t name);

/** Entries that follow belong to a new layer: index_sweep() spares them. */
void index_begin(struct index *ix);

/** Remove what earlier layers have in a directory. Names of this layer stay, and the directories above them. */
void index_sweep(struct index *ix, uint32_t dir);

static inline bool index_is_dir(const struct index_file *f)
{
    return (f->stat.mode & 0170000) == 0040000;
}

#endif
