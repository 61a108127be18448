/* SPDX-License-Identifier: MIT */
/*
 * Transfers: READ, WRITE and DBG_PRINT, of any size.
 *
 * A gate's buffer may hold less than the call is to move (struct call_mover). Then it is moved in
 * slices, one a turn of the loop, so that a long transfer keeps nobody waiting:
 *
 *     handler: move a slice -> call_park_again() -> machine_tick(): the handler once more -> ...
 *
 * What finds no room or fails after the first slice ends the call, with what is moved by then.
 * Other calls come in between, but nobody else's bytes: a WRITE to a file with APPEND and a
 * DBG_PRINT stand in line, and who would write to that file, or print, waits behind them.
 */
#ifndef SERVER_KERNEL_SC_TRANSFER_H
#define SERVER_KERNEL_SC_TRANSFER_H

#include "server/kernel/call/call.h"
#include "server/kernel/fs/vfs.h"

/**
 * Find the bytes that a call is to move next.
 * @data     its argument.
 * @out      filled: where they are, and how many.
 * Returns   0; -EIO the caller is being ended.
 */
int transfer_next(struct call *call, const struct sc_str *data, struct sc_str *out);

/** Room for the bytes that a READ of @size bytes gets next. @out is empty room. */
void transfer_room(const struct call *call, uint64_t size, struct sc_buf *out);

/** Whether bytes are left after @count of @tried were moved. @f: what has no positions moves one slice;
 * NULL of the log. */
bool transfer_has_more(const struct call *call, const struct open_file *f, uint64_t size,
                       size_t tried, size_t count);

/** Wait behind a transfer in slices to the same file, or to the log with @f NULL. Returns 0 there is
 * none; SC_PENDING; -EAGAIN the call can't wait. */
int transfer_wait(struct call *call, struct open_file *f);

/** Have others wait until the call is over. @f as above. */
void transfer_enter_line(struct call *call, struct open_file *f);

/** Those who wait go on. Harmless on a call that is in no line. */
void transfer_leave_line(struct call *call);

#endif
