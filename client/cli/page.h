/* SPDX-License-Identifier: MIT */
/* Pages of text for people: headings, and entries whose explanation is wrapped beside their name. */
#ifndef CLIENT_CLI_PAGE_H
#define CLIENT_CLI_PAGE_H

#include <stdio.h>

/** Print a heading after a blank line. */
void page_heading(FILE *to, const char *text);

/**
 * Print a name and, in a column of its own, what it means; wrapped at 80 columns.
 * @indent   columns before the name.
 * @column   where the meaning starts; a longer name pushes it to the next line.
 */
void page_entry(FILE *to, int indent, int column, const char *name, const char *meaning);

/** Print the page of a call: arguments, results, errors, and how each gate passes them. */
struct sc_call_info;
void page_call(FILE *to, const struct sc_call_info *call);

#endif
