/* SPDX-License-Identifier: MIT */
/* Pages of text: headings, and entries with an explanation in a second column. */
#ifndef CLIENT_CLI_HELP_PAGE_H
#define CLIENT_CLI_HELP_PAGE_H

#include <stdbool.h>
#include <stdio.h>

/** Print a heading after a blank line. */
void page_heading(FILE *to, const char *text);

/**
 * Print a name and, in a second column, its meaning; wrapped at 80 columns.
 * @indent   columns before the name.
 * @column   start of the meaning; after a longer name it begins on the next line.
 */
void page_entry(FILE *to, int indent, int column, const char *name, const char *meaning);

struct sc_call_info;

/** Print the page of a call: arguments, results, errors, and how each gate passes them. */
void page_call(FILE *to, const struct sc_call_info *call);

/** Print the daemon's own methods, one line each. */
void page_methods(FILE *to);

/** The n-th method's name; NULL: none. Static. */
const char *page_method_name(size_t n);

/**
 * Print the page of a word of the scenario language: a step, a line below `run`, a word behind
 * `expect`, an
 * @key, a key of `fault`, a mark. Returns whether there is one.
 */
bool page_word(FILE *to, const char *word);

/** Print all words of the language. */
void page_language(FILE *to);

/** The n-th word that page_word() explains; NULL: none. Static. */
const char *page_word_name(size_t n);

/** Print the page of a filesystem driver or of an option. Returns whether there is one. */
bool page_driver(FILE *to, const char *word);

/** Print all drivers, and the options of all drivers. */
void page_drivers(FILE *to);

/** Whether a word is an option of a driver. */
bool page_is_option(const char *word);

/** The n-th driver or option; NULL: none. Static. */
const char *page_driver_name(size_t n);

/** Print the page of a method of the daemon. Returns whether there is one of this name. */
bool page_method(FILE *to, const char *name);

/** Print the commands of the shell, one line each. */
void page_commands(FILE *to);

/** Print the page of a ':' command; @whole: with its details. Returns whether there is one. */
bool page_command(FILE *to, const char *word, bool whole);

/** Names of the ':' commands in the order of their rows, ended by NULL; static. */
const char *const *page_command_names(void);

/** The answers for a held call, as text. */
extern const char page_step_help[];

/**
 * Print the pages of a topic: a call, an error, a constant, a word of the language, a driver, a
 * command.
 * @command  for the error about an unknown topic.
 * Returns   CMD_OK or CMD_USAGE.
 */
int help_explain(const char *command, const char *topic);

/** The n-th topic that is a list, "calls" …; NULL: none. Static. */
const char *help_list_name(size_t n);

#endif
