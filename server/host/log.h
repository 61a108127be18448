/* SPDX-License-Identifier: MIT */
/*
 * The daemon's log: one line an event, to stderr, from a level on.
 *
 * Clients can bring lines about, and the daemon serves all of them on one thread; so a line never
 * waits for whoever reads stderr. When there is no room for it, it is lost, and counted: the next
 * line that has room comes after one that says how many were.
 */
#ifndef SERVER_HOST_LOG_H
#define SERVER_HOST_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/** Bytes of a line, its end counted; the rest is cut. A pipe takes as many at once, or none. */
enum { LOG_LINE_MAX = 4096 };

/** Log this level and those before it; LOG_INFO at the start. */
void log_set_level(enum log_level level);

/** The level of a word ("warn"), or -1. */
int log_level_by_name(const char *name);

/** Write one line "scboxd: level: text", or lose it; line ends inside of the text become spaces. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
