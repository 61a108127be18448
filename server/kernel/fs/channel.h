/* SPDX-License-Identifier: MIT */
/*
 * Channels: two open files that are connected, without a filesystem behind them.
 *
 *     channel_open() --> end 0 <== 64 KiB each way ==> end 1
 *                          |                             |
 *                     last close                    last close
 *                          |                             |
 *                          v                             v
 *            the other end reads what is left, then 0; its writes are EPIPE
 *                         both closed: freed
 *
 * An end belongs to one open file, which any number of fds share. The first write makes a queue of
 * bytes, which belongs to the end that reads it: it is dropped with that end.
 */
#ifndef SERVER_KERNEL_FS_CHANNEL_H
#define SERVER_KERNEL_FS_CHANNEL_H

#include "server/kernel/byteq.h"
#include "server/kernel/call/wait.h"

#include <stdbool.h>
#include <stdint.h>

/** The most bytes queued in one direction. */
enum { CHANNEL_MAX = 65536 };

struct channel;
struct machine;
struct open_file;

struct channel_end {
    struct channel *channel;
    struct byteq in; /* bytes to be read at this end */
    struct waitq readable;
    struct waitq writable;
    bool open;
};

/**
 * Make a channel.
 * @mode     FM_*: rights of both handles.
 * @out      returned; open_file_unref() each.
 * Returns   0, -ENOMEM.
 */
int channel_open(struct machine *m, uint32_t mode, struct open_file *out[2]);

/** Close an end: its open file has lost its last reference. */
void channel_close(struct channel_end *e);

/** Take bytes. Returns how many, 0 if the other end is closed and all is read; -EAGAIN. */
int64_t channel_read(struct channel_end *e, char *buf, size_t len);

/** Send bytes. Returns how many were taken, at least 1 unless @len is 0; -EAGAIN no room, -EPIPE
 * the other end is closed, -ENOMEM. */
int64_t channel_write(struct channel_end *e, const char *buf, size_t len);

/** Whether a read, or a write, would not answer -EAGAIN. */
bool channel_is_ready(const struct channel_end *e, bool write);

/** The queue of calls that wait to read, or write. */
struct waitq *channel_queue(struct channel_end *e, bool write);

#endif
