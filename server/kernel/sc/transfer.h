/* SPDX-License-Identifier: MIT */
/*
 * Transfers: READ, WRITE and DBG_PRINT, of any size.
 *
 * A gate's buffer may be smaller than the transfer (struct call_mover). Then the bytes are moved in
 * slices, one a turn of the loop, so that a long transfer does not block others:
 *
 *     handler: move a slice -> call_park_again() -> machine_tick(): the handler again -> ...
 *
 * A slice after the first that finds no room or fails ends the call with the bytes moved so far.
 * Other calls run between slices, but their bytes must not: a WRITE to a file with APPEND and a
 * DBG_PRINT take the line, and other writers to that file, or to the log, wait behind them.
 */
#ifndef SERVER_KERNEL_SC_TRANSFER_H
#define SERVER_KERNEL_SC_TRANSFER_H

#include "server/kernel/call/call.h"
#include "server/kernel/fs/vfs.h"

/**
 * Find the next bytes that a call moves.
 * @data     its argument.
 * @out      filled with their address and count.
 * Returns   0; -EIO the caller is being ended.
 */
int transfer_next(struct call *call, const struct sc_str *data, struct sc_str *out);

/** Find the room for the next bytes of a READ of @size bytes. @out is empty room. */
void transfer_room(const struct call *call, uint64_t size, struct sc_buf *out);

/** Whether bytes are left after @count of @tried were moved. @f: a file without positions moves one
 * slice only; NULL: the log. */
bool transfer_has_more(const struct call *call, const struct open_file *f, uint64_t size,
                       size_t tried, size_t count);

/** Wait behind a sliced transfer to the same file, or to the log (@f NULL). Returns 0 if there is
 * none; SC_PENDING; -EAGAIN the call can't wait. */
int transfer_wait(struct call *call, struct open_file *f);

/** Take the line of @f, as above, until the call is over. */
void transfer_enter_line(struct call *call, struct open_file *f);

/** Leave the line; those behind continue. No effect on a call without a line. */
void transfer_leave_line(struct call *call);

#endif
