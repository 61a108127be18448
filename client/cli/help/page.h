/* SPDX-License-Identifier: MIT */
/* Pages of text for people: headings, and entries whose explanation is wrapped beside their name. */
#ifndef CLIENT_CLI_HELP_PAGE_H
#define CLIENT_CLI_HELP_PAGE_H

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

/**
 * Explain a word of the scenario language: a step, what stands below `run` or behind `expect`, an @key, a key
 * of `fault`, a mark. Returns whether it is one.
 */
bool page_word(FILE *to, const char *word);

/** Print the language by its words. */
void page_language(FILE *to);

/** The n-th word that page_word() explains, NULL behind the last one. Static. */
const char *page_word_name(size_t n);

/** Explain a filesystem driver, or an option by the drivers that take it. Returns whether it is one. */
bool page_driver(FILE *to, const char *word);

/** Print all drivers and the options that all of them take. */
void page_drivers(FILE *to);

/** Whether a word of these is an option. */
bool page_is_option(const char *word);

/** The n-th driver or option, NULL behind the last one. Static. */
const char *page_driver_name(size_t n);

/** Print the page of a method of the daemon. Returns whether there is one of this name. */
bool page_method(FILE *to, const char *name);

/** Print the commands of the shell, one line each. */
void page_commands(FILE *to);

/** Print what a ':' command is; @whole: with all there is to say. Returns whether there is one. */
bool page_command(FILE *to, const char *word, bool whole);

/** Names of the ':' commands in the order of their rows, ended by NULL; static. */
const char *const *page_command_names(void);

/** What can be answered about a held call, as text. */
extern const char page_step_help[];

/**
 * Print the pages of a topic: a call, an error, a constant, a word of the language, a driver, a command.
 * @command  for the complaint about an unknown topic.
 * Returns   CMD_OK or CMD_USAGE.
 */
int help_explain(const char *command, const char *topic);

/** The n-th topic that is a list, "calls" …; NULL behind the last one. Static. */
const char *help_list_name(size_t n);

#endif
