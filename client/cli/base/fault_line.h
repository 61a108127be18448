/* SPDX-License-Identifier: MIT */
/*
 * The source line of a guest's fault: the function, and with debug information file and line.
 *
 * The program is not trusted. So a child process reads it, which may only compute and write to a
 * pipe, with limits on its memory and time. If the child dies, there is no line. Without libdw at
 * build time nothing is found.
 */
#ifndef CLIENT_CLI_BASE_FAULT_LINE_H
#define CLIENT_CLI_BASE_FAULT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAULT_PLACE_MAX = 256, FAULT_ADDRESSES_MAX = 4 };

/**
 * The addresses in a fault's text: of the instruction, or one in the call before a jump; then
 * those of its callers, innermost first.
 * @text     why a process ended, as the event says it.
 * Returns   their number.
 */
size_t fault_addresses(const char *text, uint64_t out[FAULT_ADDRESSES_MAX]);

/**
 * Find the place of a fault: "in deep(), at stack.c:12", or without line information "in deep()".
 * For a fault in a function of the SDK it is the program's call of that function.
 * @text     as fault_addresses().
 * @fd       the program, open for reading; borrowed.
 * Returns   the place, returned, free(); NULL: not known.
 */
char *fault_place(const char *text, int fd);

/**
 * A fault as a sentence: its place, if known, and the kind of fault. If the place is known, the
 * addresses of callers are omitted.
 * @place    may be NULL.
 * Returns   returned; free(); NULL: no memory.
 */
char *fault_words(const char *text, const char *place);

/** fault_place() of a program by its path on the host. */
char *fault_place_in(const char *text, const char *path);

/* ---- fault_dwarf.c ---- */

/** For the child: find the place in a program in memory, and write it to @to. The parent replaces what is not
 * printable. */
void fault_dwarf_find(char *image, size_t size, const uint64_t *addrs, size_t count, int to);

#endif
