/* SPDX-License-Identifier: MIT */
/* A call of a driver's slot, from driver.c, which makes it, to slow.c, which may delay it. */
#ifndef SERVER_KERNEL_DOOR_SLOT_CALL_H
#define SERVER_KERNEL_DOOR_SLOT_CALL_H

#include "fsdrivers/fsdriver.h"

struct mount;

/** For slow.c: which arguments of a slot are pointers. */
enum slot_shape {
    SLOT_PLAIN,        /* only path and file */
    SLOT_TWO_PATHS,    /* to.path */
    SLOT_SYMLINK,      /* target */
    SLOT_FILLS,        /* in.buf */
    SLOT_WRITES,       /* out.bytes */
    SLOT_LISTS,        /* entries */
    SLOT_STATS,        /* stat */
    SLOT_STATS_FS,     /* statfs */
    SLOT_OPENS,        /* none; file is open when it answers 0 */
    SLOT_OPENS_DIR,    /* likewise, a directory */
    SLOT_CLOSES,       /* none; file is closed, whatever it answers */
    SLOT_CLOSES_DIR,   /* likewise, a directory */
    SLOT_TIDIES,       /* has no answer, so it can't answer FS_WOULD_WAIT */
    SLOT_DESTROYS,     /* why; likewise */
    SLOT_EXPLAINS,     /* why */
    SLOT_OPENS_SOURCE, /* opening; there is no instance yet */
    SLOT_IN_PLACE,     /* it never waits, or waits for other filesystems of the machine */
};

/** A call of a slot. Its pointers are borrowed until the slot answers. */
struct slot_call {
    struct mount *mount;
    struct fs *fs;
    enum slot_shape shape;
    const struct fs_caller *who;
    const char *path;
    struct fs_file *file;
    union {
        struct {
            const char *driver;
            const struct fs_open *req;
        } source; /* open_source, add_source */
        struct {
            struct fs_opening *it; /* taken */
            struct why *why;
            struct fs **out;
        } opening;
        struct {
            const char *path;
            enum fs_rename_type type;
        } to;               /* rename, link */
        const char *target; /* symlink */
        struct {
            struct fs_buf buf;
            int64_t off;
            uint32_t command;
        } in; /* read; readlink, without off; ioctl, with command */
        struct {
            struct fs_bytes bytes;
            int64_t off;
        } out; /* write */
        struct {
            fs_readdir_fn callback;
            void *user;
        } entries; /* readdir */
        struct {
            uint32_t uid, gid;
        } owner; /* chown */
        struct {
            int64_t atime, mtime;
        } times;               /* utimens */
        struct fs_space space; /* fallocate */
        struct fs_stat *stat;
        struct fs_statfs *statfs;
        struct why *why;
        uint64_t size;
        uint32_t mode;
        bool data_only;
        bool write;
    };
};

typedef int64_t (*slot_fn)(const struct slot_call *c);

#endif
