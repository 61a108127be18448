/* SPDX-License-Identifier: MIT */
/*
 * A laboratory for guests: kernel, ramfs, bridge and a loop in one process and thread.
 *
 *     lab_open(&l);
 *     lab_put(&l, "home:/letter", "Dear guest");
 *     status = lab_run(&l, "hello", &abi_i386, NULL);     loads, runs and waits
 *     lab_close(&l);     census, fds and children are as at the start, or the test fails
 *
 * Guests are the programs of tests/guest, built by its script `build` into LAB_GUESTS. lab.c has
 * the test program's main(), which exits with 77 where the host can't run guests.
 */
#ifndef TESTS_GUEST_HOST_LAB_H
#define TESTS_GUEST_HOST_LAB_H

#include "server/bridge/bridge.h"
#include "server/kernel/call/call.h"
#include "server/kernel/machine.h"

#include <stdio.h>
#include <sys/types.h>

enum {
    LAB_LOG_MAX = 16 * 1024,
    LAB_PASSED = 7, /* cases.h: what a case that went well exits with */
    LAB_HOST_PIDS_MAX = 256,
};

struct lab {
    uv_loop_t loop;
    uv_timer_t alarm; /* the machine's wake_at() */
    uv_timer_t limit; /* a test that hangs is aborted */
    struct bridge *bridge;
    struct machine *m;
    struct proc *p;   /* a driven child of init: home: is a ramfs, io: is devfs */
    const char *view; /* which of its views guests get as home: */
    struct listener listener;
    struct listener recorder; /* writes what guests called to a file in $SCBOXD_RECORD, if set */
    FILE *record;             /* or NULL */
    struct census start;
    int fds_before;
    size_t log_len;
    char log[LAB_LOG_MAX]; /* DBG_PRINT, notes as "note: …\n", ends of failures as "end: …\n" */
};

/** What clock the machine of a laboratory has. */
enum lab_clock { LAB_REAL, LAB_VIRTUAL, LAB_LOCKSTEP, LAB_CLOCKS };

/** Open a laboratory whose machine has a real clock. */
void lab_open(struct lab *l);

void lab_open_on(struct lab *l, enum lab_clock clock);

/** Close a laboratory. Guests that still run are ended by machine_free() or by bridge_close(). */
void lab_close(struct lab *l);

/** lab_close() that does not look for host processes and fds: another laboratory has some. */
void lab_end(struct lab *l);

/** Turn the loop until no call of @c's kind is parked any more: wait for one call. */
void lab_finish(struct lab *l, struct call *c);

/** Turn the loop until the log holds a text. */
void lab_await_log(struct lab *l, const char *text);

/** Turn the loop for a while, @ms of real time. */
void lab_turn(struct lab *l, unsigned ms);

/** Write a file through calls; its name is created or cut. */
void lab_put(struct lab *l, const char *file, const void *bytes, size_t size);

/** Write into a file that exists. */
void lab_put_at(struct lab *l, const char *file, int64_t off, const void *bytes, size_t size);

/** Make a view of home: that can only be read, and give guests that one from now on. */
void lab_read_only(struct lab *l);

/** Read a guest's image. @out returned, free(). Returns its size. */
size_t lab_image(const char *program, const struct abi *abi, unsigned char **out);

/** Copy a guest's image to home:/NAME. */
void lab_install(struct lab *l, const char *program, const struct abi *abi, const char *file);

/** Start an installed image in a new child that has home:. Returns its pid, or what PROC_EXEC
 * answers below 0; the child is then killed. */
int lab_start(struct lab *l, const char *file);

/** Wait for a child. */
struct sc_proc_status lab_wait(struct lab *l, int pid);

/** PROC_KILL. */
struct sc_proc_status lab_kill(struct lab *l, int pid);

/** Install a program, run it with @which in home:/case (if not NULL), and wait for its end. */
struct sc_proc_status lab_run(struct lab *l, const char *program, const struct abi *abi,
                              const char *which);

/** The host's pids of the guests that live now: the children of this process. Returns how many. */
int lab_host_pids(pid_t parent, pid_t pids[LAB_HOST_PIDS_MAX]);

/** Fail unless a status is as expected; tells the log. */
void lab_expect(const struct lab *l, const char *what, struct sc_proc_status got, uint32_t state,
                int32_t code);

#endif
