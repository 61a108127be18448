/* SPDX-License-Identifier: MIT */
/*
 * The terminal of a session: bytes that its user typed and nobody has read yet.
 *
 * Every session's process has one, made when it is first needed; all processes below share it, but
 * for those below a process that got one of its own. (A process without a session above it shares
 * init's.) Devices of a driver reach it by fs_env.input.
 *
 *     tty_input(p, "hello\n")  -> queue of 64 KiB ->  READ of a tty or console device, below p's
 *     tty_input(…, end)        -> when all is read, READ gives 0, from then on
 *
 * It ends with its process.
 */
#ifndef SERVER_KERNEL_FS_TTY_H
#define SERVER_KERNEL_FS_TTY_H

#include "server/base/why.h"
#include "server/kernel/call/wait.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes that wait to be read. */
enum { TTY_MAX = 65536 };

struct proc;
struct tty;

/**
 * Type something.
 * @p        whose terminal; has not ended.
 * @end      nothing follows; counts only when all bytes were taken.
 * @why      gets the reason of a refusal; or NULL.
 * Returns   how many of the @len bytes there was room for; -EPIPE the input has ended, -ENOMEM.
 */
int64_t tty_input(struct proc *p, const char *bytes, size_t len, bool end, struct why *why);

/** Give @p, which has not ended, a terminal of its own, unless it has one. Calls that wait already
 * wait for that one from then on. Returns 0, -ENOMEM. */
int tty_own(struct proc *p);

/** Take what was typed for @p. Returns bytes, 0 at the end; -EAGAIN nothing yet. */
int64_t tty_read(struct proc *p, char *buf, size_t len);

/** Whether tty_read() would not answer -EAGAIN. */
bool tty_is_ready(struct proc *p);

/** Where calls wait for that. NULL no memory. */
struct waitq *tty_queue(struct proc *p);

/** Its process has ended; nobody waits any more. NULL is fine. */
void tty_free(struct tty *t);

#endif
