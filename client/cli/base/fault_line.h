/* SPDX-License-Identifier: MIT */
/*
 * Where in its source a guest has failed: the function, and with debug information file and line.
 *
 * The program is anybody's, so a child process of its own reads it, which may only compute and
 * write to a pipe, with limits on its memory and time. When it dies, there is no line; nothing else
 * happens. Without libdw at build time nothing is ever found.
 */
#ifndef CLIENT_CLI_BASE_FAULT_LINE_H
#define CLIENT_CLI_BASE_FAULT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAULT_PLACE_MAX = 256, FAULT_ADDRESSES_MAX = 4 };

/**
 * The addresses that a fault's text names: of the instruction, or one in the call before a jump; then,
 * of the calls that led there, the nearest first.
 * @text     why a process ended, as the event says it.
 * Returns   how many there are.
 */
size_t fault_addresses(const char *text, uint64_t out[FAULT_ADDRESSES_MAX]);

/**
 * Find the place of a fault: "in deep(), at stack.c:12", or without line information "in deep()". In a
 * function of the SDK, which a program calls with what it got wrong, it is the program's call of that.
 * @text     as fault_addresses().
 * @fd       the program, open for reading; borrowed.
 * Returns   the place, returned, free(); NULL when it is not known.
 */
char *fault_place(const char *text, int fd);

/**
 * A fault in words: its place when that is known, then what happened. The addresses of calls that only
 * the place was found by are left out then.
 * @place    may be NULL.
 * Returns   returned; free(); NULL: no memory.
 */
char *fault_words(const char *text, const char *place);

/** fault_place() of a program by its path on the host. */
char *fault_place_in(const char *text, const char *path);

/* ---- fault_dwarf.c ---- */

/** What the child does: find the place in a program in memory, and write it to @to. Printable or not is
 * for the parent to see to. */
void fault_dwarf_find(char *image, size_t size, const uint64_t *addrs, size_t count, int to);

#endif
