/* SPDX-License-Identifier: MIT */
/*
 * The terminal of a session: bytes that its user has typed and no process has read.
 *
 * The process of every session has one, made when it is first needed. Its descendants share it,
 * except below a process that got its own terminal. A process without a session above it shares
 * init's. Drivers reach it by fs_env.input.
 *
 *     tty_input(p, "hello\n")  -> queue of 64 KiB ->  READ of a tty or console device, below p's
 *     tty_input(…, end)        -> when all is read, READ answers 0 from then on
 *
 * Its size is what somebody has set, for whoever asks. It ends with its process.
 */
#ifndef SERVER_KERNEL_FS_TTY_H
#define SERVER_KERNEL_FS_TTY_H

#include "fsdrivers/fsdriver.h"
#include "server/base/why.h"
#include "server/kernel/call/wait.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The most bytes that wait to be read. */
enum { TTY_MAX = 65536 };

struct proc;
struct tty;

/**
 * Put bytes into a terminal.
 * @p        its process; has not ended.
 * @end      the input ends behind these bytes; ignored unless all were taken.
 * @why      receives the reason of a refusal; or NULL.
 * Returns   how many of the @len bytes fitted; -EPIPE the input has ended, -ENOMEM.
 */
int64_t tty_input(struct proc *p, const char *bytes, size_t len, bool end, struct why *why);

/** Give @p, which has not ended, its own terminal, unless it has one. Waiting calls wait for the
 * new one from then on. Returns 0, -ENOMEM. */
int tty_own(struct proc *p);

/** Take bytes typed for @p. Returns how many, 0 at the end; -EAGAIN none yet. */
int64_t tty_read(struct proc *p, char *buf, size_t len);

/** Whether tty_read() would not answer -EAGAIN. */
bool tty_is_ready(struct proc *p);

/** How many typed bytes wait to be read. */
size_t tty_count(struct proc *p);

/** The size of the terminal of @p; all 0 unless it was set. */
struct fs_window tty_window(struct proc *p);

/** Set it. Nobody is informed. Returns 0, -ENOMEM. */
int tty_set_window(struct proc *p, struct fs_window window);

/** The queue of calls that wait until tty_is_ready(). NULL: no memory. */
struct waitq *tty_queue(struct proc *p);

/** Free a terminal; its process has ended, and no call waits. NULL is ignored. */
void tty_free(struct tty *t);

#endif
