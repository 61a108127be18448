/* SPDX-License-Identifier: MIT */
/*
 * A second, much simpler system that answers calls as the ABI says: what the kernel's answers are
 * compared with. It shares the table of calls with the kernel, and no code.
 *
 *     struct model *m = model_new(&limits);
 *     pid = model_begin(m);                          the first process: what a session is
 *     model_call(m, pid, SC_OPEN, &args, id, &v);    what must the answer be?
 *     verdict_done(&v);
 *     model_tick(m);                                 the machine goes on
 *     model_free(m);
 *
 * Everything is an array or a short chain that is searched from its beginning, nothing is shared or
 * cached, and nothing is freed before the end: so each rule stands in one place, in a few lines.
 *
 *     model.c         processes and whom they may name; which call is which rule
 *     model_proc.c    life and death of processes, waiting, sleeping
 *     model_path.c    name:/path, and where it leads
 *     model_file.c    files, directories and handles
 *     model_link.c    rename, links, owners, times
 *     model_channel.c channels, SELECT, arguments
 *     model_view.c    namespaces
 *     model_memory.c  regions
 *
 * The ABI does not say which of several errors a call answers when several apply. So a rule notes
 * every error that applies, and any of them will do; a call without one must succeed.
 */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include "schema/calls.h"

#include <stdbool.h>
#include <stdint.h>

enum { MODEL_LINK = 0x100 }; /* a file type no call tells: a symbolic link */

/** 4096 bytes of a file's content. Pages that are missing are holes. */
struct mpage {
    struct mpage *next;
    uint64_t index;
    unsigned char bytes[SC_PAGE_SIZE];
};

/** A file, directory or symbolic link. */
struct minode {
    uint32_t type; /* FT_* or MODEL_LINK */
    uint32_t perm;
    uint32_t uid, gid;
    uint32_t nlink; /* of what is no directory */
    uint64_t size;
    struct mpage *pages;
    struct mname *entries; /* of a directory */
    char *target;          /* of a link */
    int64_t atime, mtime;  /* as UTIMES set them, while they are known */
    bool atime_known, mtime_known;
};

/** One name of a file, in its directory. What is open, and the root of a view, is a name. */
struct mname {
    struct mname *next; /* in its directory */
    struct mname *dir;  /* the directory's own name; NULL of the root */
    char *text;
    struct minode *inode;
    int opens; /* open files on it */
    int views; /* views whose root it is */
};

struct mmount {
    struct mname root;
    const char *driver;
    int32_t maker;
};

/** What a name in a namespace means. */
struct mview {
    struct mmount *mount;
    struct mname *root;
    struct mview *parent; /* whom it was taken from; NULL of MAKE_FS's */
    uint32_t ok_modes;
    int depth;
    int refs; /* names and views that mean it; at 0 its root is free */
};

/** An entry of a listing. Which number it has is open until it was told. */
struct mentry {
    struct sc_dirent entry;
    int64_t number; /* -1: not told yet */
};

/** An open file, shared by all handles on it. */
struct mfile {
    struct mname *name;   /* NULL of a channel's end */
    struct minode *inode; /* NULL of a channel's end */
    struct mchannel *channel;
    int end; /* of the channel, 0 or 1 */
    uint32_t mode;
    uint32_t view_modes;
    struct mentry *listing;
    size_t listing_count;
    bool listed;
    int refs; /* handles, and calls that wait for it */
};

struct mhandle {
    int32_t fd;
    int made_by; /* the step whose result it is; 0: its number was chosen */
    bool second; /* it is the second of two results */
    struct mfile *file;
};

struct mlabel {
    char text[SC_NAME_MAX + 1];
    struct mview *view;
};

struct mregion {
    uint64_t addr, size;
    uint32_t mode;
    struct mfile *file;  /* whose bytes these are; NULL of memory */
    uint64_t offset;     /* of the first byte in the file */
    struct minode bytes; /* of memory: content like a file's */
};

struct mproc {
    int32_t pid;
    int made_by; /* the step whose result it is */
    struct mproc *parent;
    uint32_t state;
    int32_t code;
    int ended_at; /* how many had ended before it */
    bool gone;    /* waited for */
    int32_t last_errno;
    uint32_t uid, gid;
    struct mlabel *labels; /* in the order they were given */
    size_t label_count;
    struct mhandle *handles;
    size_t handle_count;
    int64_t next_fd;
    struct mregion *regions;
    size_t region_count;
    char *args; /* as SET_ARGS gave them */
    size_t args_len;
};

/** A call that waits. */
struct mwait {
    int id; /* the step */
    struct mproc *proc;
    int nr;
    int32_t pid;          /* PROC_WAIT */
    uint64_t deadline;    /* USLEEP, SELECT */
    struct mfile *file;   /* READ, WRITE */
    size_t size;          /* READ */
    struct sc_str data;   /* WRITE */
    struct mfile **files; /* SELECT, with their numbers */
    int32_t *fds;
    size_t file_count;
};

/** No clock gets this far (200 years): who sleeps for longer is never woken. */
#define MODEL_CLOCK_END (UINT64_C(200) * 365 * 86400 * 1000000000)

/** A call that has waited. */
struct mwoken {
    int id;
    int nr;
    int status;
    union sc_out out; /* when the status is 0 */
    char *bytes;      /* what it points to; owned */
};

struct model_limits {
    uint32_t procs, fds, names, regions;
    uint64_t memory;
};

/** A rule that is wrong on purpose, so that the test can be tested. */
enum model_bug { BUG_NONE, BUG_HOLES, BUG_LAST_CHILD };

struct model {
    struct model_limits limits;
    enum model_bug bug;
    struct mproc **procs; /* all there ever were, by pid */
    size_t proc_count;
    int ended;
    uint64_t now_ns;
    struct mwait *waits; /* in the order they began */
    size_t wait_count;
    struct mwoken *woken; /* in the order they were told, until model_forget_woken() */
    size_t woken_count;
    void *memory; /* all that was allocated */
};

enum { VERDICT_ERRORS = 12 };

/** What the answer of a call must be. */
struct verdict {
    int errors[VERDICT_ERRORS]; /* negative; any of them, when there are some */
    size_t error_count;
    bool parked;
    union sc_out out;      /* else this; buffers and paths are owned by the verdict */
    char *bytes;           /* what they point to */
    struct mfile *listing; /* READDIR: the entry is any of these that was not told yet … */
    bool atime_open;       /* FSTAT_EX: any time will do */
    bool mtime_open;
};

/** Make a machine with nobody in it but its init. */
struct model *model_new(const struct model_limits *limits);
void model_free(struct model *m);

/** Make a driven child of the youngest process, without names. Returns its pid. */
int32_t model_begin(struct model *m);

/** Give a process a name for a new filesystem that init made. */
void model_mount(struct model *m, int32_t pid, const char *name, const char *driver);

/** A session drives a process that is LOADING. */
void model_drive(struct model *m, int32_t pid);

/** Carry a call out. @id is the step's. @v returned; verdict_done(). */
void model_call(struct model *m, int32_t pid, int nr, const union sc_args *args, int id,
                struct verdict *v);

/** A call failed of something the model has no part in (memory). */
void model_failed(struct model *m, int32_t pid, int err);

/**
 * Read or write memory as the program of a process. A byte that it may not touch ends it.
 * @way      MM_READ or MM_WRITE.
 * @buf      @size bytes.
 * Returns   0; -EFAULT it has ended.
 */
int model_touch(struct model *m, int32_t pid, uint32_t way, uint64_t addr, char *buf, size_t size);

/** Whether a call may read or write memory of its caller: all of it in one region with that mode. */
bool model_may_touch(struct mproc *p, uint32_t mode, uint64_t addr, uint64_t size);

/** Whether a write would touch mapped bytes past the end of their file: what becomes of them is open. */
bool model_is_past_end(struct model *m, int32_t pid, uint64_t addr, size_t size);

/** Let the machine go on once: who yielded first, then a virtual clock jumps to the next sleeper. */
void model_tick(struct model *m);

/** Who was woken has been looked at. */
void model_forget_woken(struct model *m);

/** Take the entry that the kernel told as number @n. Returns whether the listing has it. */
bool model_take_entry(struct mfile *f, uint32_t n, const struct sc_dirent *told);

void verdict_done(struct verdict *v);

/** The process of a pid, which has not been waited for; or NULL. */
struct mproc *model_proc(const struct model *m, int32_t pid);

/* ---- between the model's files ---- */

/** What a rule is given. */
struct mcall {
    struct model *m;
    struct mproc *p;
    int id;
    struct verdict *v;
};

/** Zeroed memory that lives as long as the model. */
void *model_alloc(struct model *m, size_t size);

/** An array of @count elements with room for one more. */
void *model_grow(struct model *m, const void *array, size_t count, size_t size);

char *model_copy(struct model *m, const char *text, size_t len);

/** Note an error that applies. */
void refuse(struct verdict *v, int err);

static inline bool refused(const struct verdict *v)
{
    return v->error_count > 0;
}

bool model_ended(const struct mproc *p);

/** A direct child of the caller that was not waited for; NULL, and ESRCH noted, when there is none. */
struct mproc *model_child(const struct mcall *c, int32_t pid);

/** model_child() that has not ended. */
struct mproc *model_live_child(const struct mcall *c, int32_t pid);

/* model_path.c */

/** A path that was split: a view's name and components. */
struct mpath {
    char view[SC_NAME_MAX + 1];
    size_t count;
    char **parts;
    bool asks_dir; /* a '/' is behind the last of them */
};

/** Where a path leads. */
struct mplace {
    struct mview *view;
    struct mname *dir;  /* the directory; NULL: the place is the view's root */
    struct mname *name; /* NULL: the directory has no such name */
    const char *base;   /* the last component, links followed */
    bool asks_dir;      /* what gets the name must be a directory */
};

enum mfind { FOLLOW, NOFOLLOW };

/** What a '/' at the end of a name has against a file of a type (FT_*, MODEL_LINK) getting it. */
void model_check_slash(const struct mcall *c, const struct mplace *at, uint32_t type);

/** A change of a file's content by the caller: user 0 alone leaves the set-id bits. */
void model_drop_ids(const struct mcall *c, struct minode *i);

/** Check a name for a view. */
void model_check_name(struct sc_str name, struct verdict *v);

/** The view that @p calls @name, or NULL. */
struct mlabel *model_label(struct mproc *p, struct sc_str name);

/**
 * Find the place of name:/path; it may be missing in its directory.
 * @needs    modes that the view must have; else EACCES is noted.
 * Returns   whether there is such a place; else the errors were noted.
 */
bool model_find(const struct mcall *c, struct sc_str file, enum mfind how, uint32_t needs,
                struct mplace *out);

/** model_find() of what exists. */
bool model_find_file(const struct mcall *c, struct sc_str file, enum mfind how, uint32_t needs,
                     struct mplace *out);

/** Find what exists by a path inside a view. */
bool model_find_in(const struct mcall *c, struct mview *view, struct sc_str path,
                   struct mplace *out);

/** EXDEV when two paths are of different view names. */
void model_same_name(const struct mcall *c, struct sc_str a, struct sc_str b);

/** EACCES unless the view has all these modes. */
void model_needs(const struct mview *view, uint32_t modes, struct verdict *v);

/** The entry of a directory, or NULL. */
struct mname *model_entry(const struct mname *dir, const char *text);

/** Whether @name is @above or below it. */
bool model_is_below(const struct mname *name, const struct mname *above);

/** Give an inode a name in a directory. */
struct mname *model_link_name(struct model *m, struct mname *dir, const char *text,
                              struct minode *inode);

/** Take a name out of its directory. */
void model_unlink_name(struct mname *name);

/** Give a name another text and directory; what is open and the root of views stays. */
void model_move_name(struct model *m, struct mname *name, struct mname *dir, const char *text);

struct minode *model_inode(struct model *m, const struct mproc *maker, uint32_t type);

/* model_link.c */

enum { MAY_READ = 4, MAY_WRITE = 2, MAY_EXEC = 1, STICKY = 01000 };

/** Whether the permission bits of a file grant all of MAY_*. */
bool model_may(const struct mproc *p, const struct minode *i, uint32_t bits);

/** EACCES unless the caller may put a name into a directory; NULL is above a view's root. */
void model_may_add(const struct mcall *c, const struct mname *dir);

/** EACCES or EPERM unless the caller may take a name away. */
void model_may_remove(const struct mcall *c, const struct mname *name);

/* model_file.c */

struct mhandle *model_handle(struct mproc *p, int32_t fd);
void model_close(struct mproc *p, struct mhandle *h);
void model_unref(struct mfile *f);
void model_add_handle(const struct mcall *c, struct mproc *p, int32_t fd, int made_by,
                      struct mfile *f);

/** What STAT tells of an inode through a view of these modes. */
struct sc_stat model_stat(const struct minode *i, uint32_t view_modes);

/** Forget what is at and past @size, or add zeroes up to it. */
void model_set_size(struct minode *i, uint64_t size);

/** Content, as far as there are pages of it: the rest is zero. */
void model_read_bytes(const struct model *m, const struct minode *i, uint64_t off, char *out,
                      size_t len);
void model_write_bytes(struct model *m, struct minode *i, uint64_t off, struct sc_str data);

/* model_memory.c */

/** Whether somebody maps a file: when what is written there is stored, and stamped, is open. */
bool model_is_mapped(const struct model *m, const struct minode *i);

/** Forget all regions. */
void model_unmap_all(struct mproc *p);

/* model_view.c */

void model_drop_label(struct mproc *p, size_t at);

/* model_proc.c */

/** End a process that has a parent. */
void model_end(struct model *m, struct mproc *p, uint32_t state, int32_t code);

/** Have a call wait. */
void model_park(struct model *m, const struct mwait *wait, struct verdict *v);

/** Answer a call that waits. @told its id is set here; its bytes are taken. */
void model_wake(struct model *m, size_t at, const struct mwoken *told);

/** When it is @usecs from now. */
uint64_t model_after(const struct model *m, uint64_t usecs);

/* model_channel.c */

size_t model_channel_bytes(const struct mfile *f);
void model_channel_close(struct mfile *f);

/** READ or WRITE of a channel. @w what is asked for: nr, file, and size or data. */
void model_transfer(const struct mcall *c, struct mwait *w);

/** A call does not wait for its files any more. */
void model_leave_files(struct mwait *w);

/** Let everybody go on whose file has become ready. */
void model_settle(struct model *m);

/* ---- the rules: one function a call, in the order of syscalls.def ---- */

#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    void rule_##low(const struct mcall *c, const struct sc_##low##_args *a,                        \
                    struct sc_##low##_out *out);
#include "schema/syscalls.def"

#endif
