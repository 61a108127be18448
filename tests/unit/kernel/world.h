/* SPDX-License-Identifier: MIT */
/*
 * A machine in a test tube: fake host, clock in the test's hand, one driven process with root: (ramfs).
 *
 *     struct world w;
 *     world_open(&w, CLOCK_VIRTUAL);
 *     fd = w_open(w.p, "root:/a", FM_READ | FM_WRITE | FM_CREATE);
 *     world_close(&w);      ends with the census it began with, or the test fails
 */
#ifndef TESTS_UNIT_KERNEL_WORLD_H
#define TESTS_UNIT_KERNEL_WORLD_H

#include "server/kernel/call/call.h"
#include "server/kernel/machine.h"

#include <string.h>

struct world {
    struct machine *m;
    struct proc *p; /* a child of init, driven, with root: */
    struct census start;
    struct listener listener;
    uint64_t now_ns;         /* what the fake host's clock says */
    uint64_t wake_ns;        /* the last wake_at() */
    char log[1024];          /* what DBG_PRINT and notes gave */
    struct executor fake;    /* the executor of the one fake guest */
    struct exec_image image; /* what spawn() was given */
    int spawn_error;         /* what spawn() shall answer */
    bool descriptors_short;  /* descriptors_take() shall refuse */
    uint64_t descriptors;    /* taken */
    int memory_error;        /* what memory_new() shall answer */
    int map_error;           /* what the fake guest's map_shared() shall answer */
    struct region shared;    /* what it was given */
    int shared_fd;
    uint64_t shared_offset;
    int kills;         /* how often the fake guest was killed */
    int ends;          /* how often on_end was called */
    struct list jobs;  /* struct host_job.link: posted to fake workers */
    unsigned workers;  /* fake workers there are */
    bool worker_short; /* worker_new() shall refuse */
    bool worker_hangs; /* worker_wait() shall wait in vain */
};

/** @limits may be NULL. */
void world_open_limited(struct world *w, enum clock_kind clock,
                        const struct machine_limits *limits);
void world_open(struct world *w, enum clock_kind clock);
void world_close(struct world *w);

/** Let the fake workers carry out the job that was posted first, and tell the machine. Returns whether there
 * was one. */
bool world_work(struct world *w);

/** Tick the machine as long as it asks to be woken by now. */
void world_run(struct world *w);

#define S(text) ((struct sc_str){(text), strlen(text)})

/** Set up @c and begin it; the value is call_begin()'s. Count @c's end in *(int *)c->user when parked. */
#define BEGIN(c, proc, UP, low, ...)                                                               \
    (call_init((c), (proc), &abi_driven, SC_##UP, w_on_done, NULL),                                \
     (c)->args.low = (struct sc_##low##_args){__VA_ARGS__}, call_begin(c))

/** Marks a parked call as finished: call->user becomes the call itself. */
void w_on_done(struct call *call);

/** Whether a finished call succeeded, or answered an error that its row in syscalls.def lists, or one that was made up:
 * by a fault rule, or by who stepped it. */
bool w_is_listed(const struct call *call);

/** Fail the test when a finished call answered an error that w_is_listed() does not know. */
void w_check_listed(const struct call *call);

/* One call each; they answer the result or -errno, and forget the reasons. */
int w_open(struct proc *p, const char *file, uint32_t mode);
int w_close(struct proc *p, int fd);
int w_create(struct proc *p, const char *file, uint32_t type);
int w_delete(struct proc *p, const char *file);
int w_move(struct proc *p, const char *from, const char *to);
int w_write(struct proc *p, int fd, int64_t off, const char *text);
int w_read(struct proc *p, int fd, int64_t off, char *buf, size_t size);
int w_stat(struct proc *p, const char *file, struct sc_stat *out);
int w_subfs(struct proc *p, const char *name, const char *from, const char *root, uint32_t modes);
int w_rm_fs(struct proc *p, const char *name);
int w_new_proc(struct proc *p);
int w_bind_fs(struct proc *p, int pid, const char *name, const char *fs);
int w_bind_fd(struct proc *p, int pid, int new_fd, int fd);
int w_exec(struct proc *p, int pid, const char *file);
int w_kill(struct proc *p, int pid, struct sc_proc_status *out);
int w_exit(struct proc *p, int code);

#endif
