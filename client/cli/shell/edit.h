/* SPDX-License-Identifier: MIT */
/*
 * Lines from a person, with history and completion; or from a file or pipe, plainly.
 *
 * While a person thinks, the daemon may have news. So the editor waits for the keyboard and for one more
 * descriptor; when that is readable it takes its own line off the screen, lets the owner print, and puts
 * the line back.
 *
 * What is typed ahead or pasted waits in the editor, read off the terminal before a line is played, so that it
 * is not echoed between the answers. In a paste, which terminals mark when they are asked to, the tabulator
 * is a character and control characters are left out.
 */
#ifndef CLIENT_CLI_SHELL_EDIT_H
#define CLIENT_CLI_SHELL_EDIT_H

#include "client/cli/shell/complete.h"

#include <signal.h>

struct edit;

struct edit_spec {
    const char *prompt;                   /* copied */
    const char *history;                  /* file, copied; NULL: not kept */
    const struct complete_source *source; /* borrowed for the editor's life */
    int news_fd;                          /* borrowed */
    /** Something can be read from news_fd: read and print. Returns whether to go on reading lines. */
    bool (*on_news)(void *user);
    void *user;
    const volatile sig_atomic_t *interrupted; /* borrowed; set by a SIGINT handler */
};

/** What edit_read() came back with. */
enum edit_read { EDIT_LINE, EDIT_TOO_LONG, EDIT_INTERRUPTED, EDIT_QUIET, EDIT_END };

/** Bytes of a line from a file or pipe; a longer one is read to its end and not played. */
enum { EDIT_LINE_MAX = 1024 * 1024 };

/**
 * Make an editor on stdin and stdout; a plain reader when either is no terminal.
 * @out      returned; edit_free().
 * Returns   0 or -ENOMEM.
 */
int edit_new(const struct edit_spec *spec, struct edit **out);

/** Ask with another prompt from now on, also below a line that is being edited; NULL: the first one. */
void edit_set_prompt(struct edit *e, const char *prompt);

/** Whether a person is there. */
bool edit_on_terminal(const struct edit *e);

/**
 * Read a line.
 * @line     borrowed until the next call; without its newline. Set with EDIT_LINE only.
 */
enum edit_read edit_read(struct edit *e, const char **line);

/** Let the next edit_read() end with EDIT_QUIET when no key comes for so long. */
void edit_quiet_after(struct edit *e, int ms);

/** Let the next edit_read() give the line of the last one again. */
void edit_unread(struct edit *e);

/** Whether more than the line read last is there: it came from a paste, a file or a pipe. */
bool edit_has_more(const struct edit *e);

/** Whether the line read last came together with the one before it, as in a paste. */
bool edit_came_along(const struct edit *e);

/** Forget what was typed ahead or pasted. Returns how many bytes that were. */
size_t edit_drop(struct edit *e);

/** Something will be printed: take the line that is being edited off the screen; it comes back. */
void edit_clear(struct edit *e);

/** Save the history and give the terminal back. NULL is accepted. */
void edit_free(struct edit *e);

#endif
