/* SPDX-License-Identifier: MIT */
/*
 * The bridge: real ELF programs as processes of a machine.
 *
 * A guest is a host process without access to the host: it has no fd, only its own memory, and a
 * seccomp filter that lets no system call through. Its system calls arrive here and become calls of
 * the simulated system:
 *
 *     guest: syscall, int $0x80 (patched from int $0x40)
 *        |  seccomp user notification, an fd in the loop            guest_call.c
 *        |  MMAP, MUNMAP, MCHMAP: a ptrace stop, where the host's mmap takes their place
 *        v
 *     marshal.c: registers and memory -> struct call -> call_begin() ... -> result register
 *
 *     guest: fault             a ptrace stop, reported by SIGCHLD in a signalfd   guest_fault.c
 *     guest: end               reported by its pidfd
 *
 * All of it runs on the loop's thread, which is also the tracer; a blocked call is an answer not
 * yet sent. The guest dies with the daemon (EXITKILL and PDEATHSIG). Sample, in the order the
 * daemon does it:
 *
 *     bridge_new(loop, &b);                       before any other thread starts: it blocks SIGCHLD
 *     … host_ops.spawn() = bridge_spawn() …
 *     machine_free(m);                            ends its processes, and so its guests
 *     bridge_close(b, on_closed, user);           waits in the loop until all are reaped
 */
#ifndef SERVER_BRIDGE_BRIDGE_H
#define SERVER_BRIDGE_BRIDGE_H

#include "server/base/why.h"
#include "server/kernel/executor.h"

#include <stdbool.h>
#include <uv.h>

struct bridge;
struct proc;

typedef void (*bridge_closed_fn)(void *user);

/**
 * Make a bridge on the calling thread, which must be the loop's.
 * Context   SIGCHLD is blocked in this thread, and must be in all others. A thread has one bridge at most;
 *           other threads may have their own. Children of the process that are not guests are not
 *           touched, but if it inherits orphans (PID 1, a subreaper) the host reaps them.
 * @out      returned; bridge_close().
 * Returns   0; -ENOMEM, -EMFILE.
 */
int bridge_new(uv_loop_t *loop, struct bridge **out);

/**
 * End all living guests (PS_KILLED), wait until every host process is reaped, and free the bridge.
 * @closed   called from the loop, once; may be NULL.
 */
void bridge_close(struct bridge *b, bridge_closed_fn closed, void *user);

/**
 * Check whether this host can run guests of an ABI: makes one and ends it.
 * Returns   0; -ENOTSUP, -EAGAIN, -ENOMEM with the reason.
 */
int bridge_probe(struct bridge *b, const struct abi *abi, struct why *why);

/**
 * Set whether `int $0x40` sites of i386 guests stay rewritten (the default, and faster), or are
 * rewritten for one call only, for guests that read or check-sum their own code. Applies to guests
 * spawned later. Under a foreign seccomp filter no site stays rewritten.
 */
void bridge_set_patching(struct bridge *b, bool patching);

/** Whether guests' processes have an empty directory as their root: jail.h. */
bool bridge_has_root(const struct bridge *b);

/**
 * Keep the loop's thread on one CPU while there are guests, unless a probe of some ms finds that their
 * calls are slower then: affinity.h. Not done unless called.
 * Returns   whether the thread will be kept.
 */
bool bridge_choose_cpu(struct bridge *b);

/** Start a checked image as a guest: the body of host_ops.spawn(). */
int bridge_spawn(struct bridge *b, struct proc *proc, const struct exec_image *image,
                 struct why *why, struct executor **out);

#endif
