/* SPDX-License-Identifier: MIT */
/*
 * The tree that unionfs shows, made of the trees of its layers. Private to the driver.
 *
 *     layer[0]   the top, the only one that is ever changed
 *     layer[1]…  the lower ones, in the order they were given
 *
 * The highest layer that has a name has the file. Directories of one path are merged, down to the
 * first layer that has another kind of file there, or that hides what is below it:
 *
 *     .wh.NAME        hides NAME in the layers below; NAME beside it, in the same layer, stays
 *     .wh..wh..opq    in a directory: hides that directory in the layers below
 *
 * These are the names of whiteouts in OCI images, so an unpacked image layer can be a layer, and
 * every driver can store them. NAMEs for which that is too long have a whiteout with a hash. A
 * union never shows names that begin with ".wh.", and refuses to make them (-EINVAL).
 *
 * A union itself makes only the first kind. A directory with a whiteout beside it is opaque, and a
 * new file may stand beside the whiteout of the old one. So every change is one atomic operation on
 * the top layer, before which come steps that change nothing that can be seen: directories and
 * files are copied up, a whiteout is put beside a name that stands for all of itself. If a step
 * fails, or the host crashes between two of them, the tree is as it was.
 *
 * Copying up makes a temporary file ".wh..wh.tmp…" in the top's root, with the content, the owner,
 * the mode and the times, and renames it into place; the directories on the way are copied before.
 * Opening a file for writing copies it. Handles that were open before, and the file's other names in
 * its layer, follow to the copy, so all of them go on showing one file. To rename a directory copies
 * up all that is in it. The copy has new times of birth and of status change. Devices are not copied,
 * nor FIFOs that the top can't store: they are read and hidden, but to write, change or move one is
 * -EROFS.
 *
 * Numbers: a file has the number of its layer's file, mixed with the number of the layer; a copied
 * one keeps its number while the instance exists.
 *
 * Nothing else may change a layer meanwhile. If something does, the answers are those of either
 * tree or errors of the layers, and nothing worse.
 *
 * find.c has the lookup, listing.c the merged directories, raise.c the copying up, links.c files
 * with several names in a lower layer, handle.c what is open, names.c the slots that change names,
 * unionfs.c the rest.
 */
#ifndef FSDRIVERS_UNIONFS_UNION_H
#define FSDRIVERS_UNIONFS_UNION_H

#include "fsdrivers/fs_ops.h"
#include "fsdrivers/fspath.h"
#include "server/base/list.h"

#include <sys/stat.h>

enum { UNION_LAYERS_MAX = 32 };

/** A set of layers: bit i is layer[i]. */
enum { UNION_TOP = 1 };

/** The highest layer of a set; 32 of none. */
static inline unsigned union_highest(uint32_t layers)
{
    return layers != 0 ? (unsigned)__builtin_ctz(layers) : UNION_LAYERS_MAX;
}

struct moved;
struct linked;

struct unionfs {
    struct fs fs;
    struct fs_env env;
    struct fs *layer[UNION_LAYERS_MAX]; /* env.give_lower() */
    unsigned count;
    uint32_t root_parts; /* layers whose root shows */
    bool readonly;       /* nothing is changed, the top neither */
    struct list handles;
    struct moved *moved;   /* uthash: numbers of copied files */
    struct linked *linked; /* links.c */
    size_t linked_count;
    uint32_t indexed; /* layers whose names are in `linked` */
    uint64_t temps;   /* temporary names given so far */
};

static inline struct unionfs *union_of(struct fs *fs)
{
    return container_of(fs, struct unionfs, fs);
}

/** Call a slot of a layer. */
#define LAYER(u, i, slot, ...) ((u)->layer[i]->ops->slot((u)->layer[i], __VA_ARGS__))

/** Where a path leads. */
struct spot {
    bool found;
    unsigned layer;    /* the highest that has it */
    uint32_t parts;    /* of a directory: the layers that make it */
    uint32_t around;   /* the same of the directory that it is in */
    uint64_t own_ino;  /* its number in its layer */
    struct fs_stat st; /* with the number that is shown; nlink of a directory is its layer's */
};

/**
 * Look up a path.
 * Returns   0, with @out->found whether there is such a file; -ENOENT its directory does not exist,
 *           -ENOTDIR, -ELOOP; other -errno of a layer.
 */
int find(struct unionfs *u, const struct fs_caller *who, const char *path, struct spot *out);

/** find() of a file that must exist: else -ENOENT. */
int find_existing(struct unionfs *u, const struct fs_caller *who, const char *path,
                  struct spot *out);

/** find_existing() at the beginning of a slot: FS_WOULD_WAIT where a layer may block. */
int find_first(struct unionfs *u, const struct fs_caller *who, const char *path, struct spot *out);

/** Whether a name that is not in the top, or no longer, would show one of the layers below.
 * @around as in its struct spot. Returns 0, 1, -errno. */
int find_below(struct unionfs *u, const struct fs_caller *who, const char *path, uint32_t around);

/** Whether a layer hides what is below it at @path. @dir: it has a directory there. Returns 0, 1, -errno. */
int find_hidden(struct unionfs *u, const struct fs_caller *who, unsigned layer, const char *path,
                bool dir);

/** Whether a name is of those that are never shown. */
bool find_reserved(const char *name);

enum { WHITEOUT_ROOM = FS_NAME_MAX + 1 };

/** The name that hides @name. */
void find_whiteout_name(struct fsname name, char out[WHITEOUT_ROOM]);

/** The path of the whiteout of a path. -ENAMETOOLONG. */
int find_whiteout(const char *path, char out[FS_PATH_MAX + 1]);

/** The path of the directory that @path is in: free(). NULL: no memory. */
char *find_parent(const char *path);

/** The number that a file of a layer shows. */
uint64_t find_ino(const struct unionfs *u, unsigned layer, uint64_t ino);

/** A file of the top shows another number from now on. Returns 0, -ENOSPC. */
int find_move(struct unionfs *u, uint64_t ino, uint64_t shown);
/** And no more: it is gone. */
void find_unmove(struct unionfs *u, uint64_t ino);
void find_done(struct unionfs *u);

/* ---- listing.c ---- */

struct handle;

/**
 * Call @fn for every name of a directory, as readdir().
 * @parts    the layers that make it.
 * @h        its handle, or NULL.
 */
int listing_each(struct unionfs *u, const struct fs_caller *who, const char *path, uint32_t parts,
                 struct handle *h, fs_readdir_fn fn, void *user);

/** Set st->nlink of a directory. */
int listing_count(struct unionfs *u, const struct fs_caller *who, const char *path, uint32_t parts,
                  struct handle *h, struct fs_stat *st);

/** Return 0; -ENOTEMPTY. */
int listing_check_empty(struct unionfs *u, const struct fs_caller *who, const char *path,
                        uint32_t parts);

/** Paths to be looked at. */
struct paths {
    char **at;
    size_t count;
    size_t room;
};

/** Add a name of a directory. -ENOMEM. */
int paths_add(struct paths *p, const char *dir, const char *name);
void paths_done(struct paths *p);

/* ---- raise.c ---- */

/** Copy up the directories that a path is in. */
int raise_parents(struct unionfs *u, const struct fs_caller *who, const char *path);

/** Copy up a file or directory, not what is in it. @limit: at most so many bytes of its content.
 * @at is that of @path; found. Returns 0; 1 it was cut to @limit; -EROFS a device; -ENOSPC, other -errno of a
 * layer. */
int raise_file(struct unionfs *u, const struct fs_caller *who, const char *path, uint64_t limit,
               const struct spot *at);

/** Copy up a directory and all that is in it. */
int raise_tree(struct unionfs *u, const struct fs_caller *who, const char *path);

/** Copy up the file of a handle. Returns as raise_file(). */
int raise_handle(struct unionfs *u, const struct fs_caller *who, struct handle *h, uint64_t limit);

/** Remove temporary files that a crash has left. */
int raise_clean(struct unionfs *u, const struct fs_caller *who);

/* ---- links.c ---- */

/** Give the copy @temp of a file of a lower layer its other names, too, except @path. */
int links_copy(struct unionfs *u, const struct fs_caller *who, const char *temp, const char *path,
               const struct spot *at);

/** Undo links_copy(). */
void links_undo(struct unionfs *u, const struct fs_caller *who, const char *temp,
                const struct spot *at);
void links_done(struct unionfs *u);

/* ---- handle.c ---- */

struct handle {
    struct list link; /* in unionfs->handles */
    uint64_t ino;     /* that is shown */
    bool dir;
    bool orphan;          /* it has no name any more */
    uint32_t parts;       /* the layers where it is open; of a file one */
    struct fs_stat last;  /* of an orphan without parts */
    char *path;           /* as it was opened: its path as long as it is open in a lower layer */
    struct fs_file fresh; /* while it is copied up: in the top */
    bool has_fresh;
    struct fs_file file[]; /* by layer */
};

/** Before the file that shows @ino gets a copy: open the copy, @temp, for its handles. */
int handle_prepare(struct unionfs *u, const struct fs_caller *who, uint64_t ino, const char *temp);
/** Then use it. Or give it up. */
void handle_commit(struct unionfs *u, const struct fs_caller *who, uint64_t ino);
void handle_cancel(struct unionfs *u, const struct fs_caller *who, uint64_t ino);

/** A file or directory without a copy has lost its name. */
void handle_orphan(struct unionfs *u, const struct fs_caller *who, uint64_t ino,
                   const struct fs_stat *st);

/** All of a directory is in the top: its handles, and those below, are open only there. */
void handle_narrow(struct unionfs *u, const struct fs_caller *who, const char *path);

/** What a slot works on: by path, or by handle. */
struct aim {
    unsigned layer;
    const char *path;
    struct fs_file *file;
};

enum aim_kind {
    AIM_LOOK,   /* at anything */
    AIM_READ,   /* content */
    AIM_CHANGE, /* anything */
    AIM_WRITE,  /* content */
};

/** Find what a slot works on; copy it up if it is changed, at most @limit bytes. Returns as raise_file(). */
int handle_aim(struct unionfs *u, const struct fs_caller *who, const char *path,
               struct fs_file *file, enum aim_kind kind, uint64_t limit, struct aim *out);

int union_getattr(struct fs *fs, const struct fs_caller *who, const char *path, struct fs_stat *out,
                  struct fs_file *file);
int union_open(struct fs *fs, const struct fs_caller *who, const char *path, struct fs_file *file);
int union_opendir(struct fs *fs, const struct fs_caller *who, const char *path,
                  struct fs_file *file);
int union_close(struct fs *fs, const struct fs_caller *who, const char *path, struct fs_file *file);
int union_closedir(struct fs *fs, const struct fs_caller *who, const char *path,
                   struct fs_file *file);
int union_readdir(struct fs *fs, const struct fs_caller *who, const char *path,
                  fs_readdir_fn callback, void *user, struct fs_file *file);

/* ---- names.c ---- */

int union_mknod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode);
int union_mkdir(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode);
int union_symlink(struct fs *fs, const struct fs_caller *who, const char *target, const char *path);
int union_link(struct fs *fs, const struct fs_caller *who, const char *from, const char *to);
int union_unlink(struct fs *fs, const struct fs_caller *who, const char *path);
int union_rmdir(struct fs *fs, const struct fs_caller *who, const char *path);
int union_rename(struct fs *fs, const struct fs_caller *who, const char *from, const char *to,
                 enum fs_rename_type type);

/** A slot that may have to wait does nothing yet. */
static inline bool union_waits(const struct unionfs *u, const struct fs_caller *who)
{
    return who->nowait && (u->fs.caps & FS_CAP_BLOCKING) != 0;
}

#endif
