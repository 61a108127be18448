/* SPDX-License-Identifier: MIT */
/* Pages of text for people: headings, and entries whose explanation is wrapped beside their name. */
#ifndef CLIENT_CLI_PAGE_H
#define CLIENT_CLI_PAGE_H

#include <stdbool.h>
#include <stdio.h>

/** Print a heading after a blank line. */
void page_heading(FILE *to, const char *text);

/**
 * Print a name and, in a column of its own, what it means; wrapped at 80 columns.
 * @indent   columns before the name.
 * @column   where the meaning starts; a longer name pushes it to the next line.
 */
void page_entry(FILE *to, int indent, int column, const char *name, const char *meaning);

struct sc_call_info;

/** Print the page of a call: arguments, results, errors, and how each gate passes them. */
void page_call(FILE *to, const struct sc_call_info *call);

/** Print the daemon's own methods, one line each. */
void page_methods(FILE *to);

/** The n-th method's name, NULL behind the last one. Static. */
const char *page_method_name(size_t n);

/** Print the page of a method of the daemon. Returns whether there is one of this name. */
bool page_method(FILE *to, const char *name);

#endif
