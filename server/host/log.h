/* SPDX-License-Identifier: MIT */
/*
 * The daemon's log: lines to stderr, filtered by level.
 *
 * Clients can cause lines, and one thread serves them all, so writing a line never blocks. A line
 * that stderr has no room for is lost and counted; the next line written is preceded by one that
 * gives the count.
 */
#ifndef SERVER_HOST_LOG_H
#define SERVER_HOST_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/** Bytes of a line with its end; the rest is cut. A pipe takes that many atomically. */
enum { LOG_LINE_MAX = 4096 };

/** Log this level and the more severe ones. The default is LOG_INFO. */
void log_set_level(enum log_level level);

/** The level with a name ("warn"), or -1. */
int log_level_by_name(const char *name);

/** Write one line "scboxd: level: text", or lose it. Line ends in the text become spaces. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
