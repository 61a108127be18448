/* SPDX-License-Identifier: MIT */
/*
 * Lines from a person, with history and completion; or from a file or pipe, plainly.
 *
 * Messages of the daemon may arrive while a line is edited. So the editor waits for the keyboard
 * and for one more descriptor; when that is readable, it removes its line from the screen, lets
 * the owner print, and prints the line again.
 *
 * Input that was typed ahead or pasted is read before a line is played, so that the terminal does
 * not echo it between the results. In a paste, which terminals mark on request, the tabulator is a
 * character and control characters are dropped.
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
    /** Called when news_fd is readable: read and print. Returns whether to continue reading
     * lines. */
    bool (*on_news)(void *user);
    void *user;
    const volatile sig_atomic_t *interrupted; /* borrowed; set by a SIGINT handler */
};

/** The result of edit_read(). */
enum edit_read { EDIT_LINE, EDIT_TOO_LONG, EDIT_INTERRUPTED, EDIT_QUIET, EDIT_END };

/** Bytes of a line from a file or pipe; a longer one is read to its end and not played. */
enum { EDIT_LINE_MAX = 1024 * 1024 };

/**
 * Make an editor on stdin and stdout; a plain reader when either is no terminal.
 * @out      returned; edit_free().
 * Returns   0 or -ENOMEM.
 */
int edit_new(const struct edit_spec *spec, struct edit **out);

/** Change the prompt, also of a line that is being edited; NULL: the first one. */
void edit_set_prompt(struct edit *e, const char *prompt);

/** Whether input comes from a terminal. */
bool edit_on_terminal(const struct edit *e);

/**
 * Read a line.
 * @line     borrowed until the next call; without its newline. Set with EDIT_LINE only.
 */
enum edit_read edit_read(struct edit *e, const char **line);

/** Let the next edit_read() return EDIT_QUIET if no key is pressed in this time. */
void edit_quiet_after(struct edit *e, int ms);

/** Let the next edit_read() return the last line again. */
void edit_unread(struct edit *e);

/** Whether more input than the last line was read: from a paste, a file or a pipe. */
bool edit_has_more(const struct edit *e);

/** Whether the last line arrived together with the one before, as in a paste. */
bool edit_came_along(const struct edit *e);

/** Drop input that was typed ahead or pasted. Returns its bytes. */
size_t edit_drop(struct edit *e);

/** Remove the edited line from the screen before printing; it is printed again later. */
void edit_clear(struct edit *e);

/** Save the history and restore the terminal. Accepts NULL. */
void edit_free(struct edit *e);

#endif
