/* SPDX-License-Identifier: MIT */
#include "client/cli/edit.h"

#include "client/cli/host_file.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HISTORY_LINES = 1000,
    DEFAULT_COLUMNS = 80,
    EDIT_FILE_MAX = 16 * 1024 * 1024, /* bytes of a history or of settings */
};

struct edit {
    struct edit_spec spec;
    char *prompt;
    char *other_prompt; /* instead of that one; NULL: none */
    char *history_file;
    EditLine *el;      /* NULL: a plain reader */
    History *history;  /* NULL: none */
    char *line;        /* of the last read; owned */
    mbstate_t partial; /* of a character that came in pieces */
    bool over;         /* on_news() said so */
};

static struct edit *self_of(EditLine *el)
{
    void *self = NULL;

    (void)el_get(el, EL_CLIENTDATA, &self);
    return self;
}

static char *give_prompt(EditLine *el)
{
    const struct edit *e = self_of(el);

    return e->other_prompt != NULL ? e->other_prompt : e->prompt;
}

/* Let the owner print above the line that is being edited. */
static void take_news(struct edit *e)
{
    fputs("\r\033[K", stdout);
    fflush(stdout);
    e->over = !e->spec.on_news(e->spec.user);
    fflush(stdout);
    if (!e->over)
        (void)el_set(e->el, EL_REFRESH);
}

/* Wait for a key. Returns 1, 0 at the end, -1 when interrupted. */
static int wait_for_key(struct edit *e)
{
    struct pollfd fds[2] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = e->spec.news_fd, .events = POLLIN},
    };

    while (!e->over && !*e->spec.interrupted) {
        int ready = poll(fds, 2, -1);

        if (ready < 0 && errno != EINTR)
            return 0;
        if (ready > 0 && fds[1].revents != 0)
            take_news(e);
        if (ready > 0 && fds[0].revents != 0)
            return 1;
    }
    return *e->spec.interrupted ? -1 : 0;
}

/* EL_GETCFN: one character of the keyboard. */
static int get_char(EditLine *el, wchar_t *out)
{
    struct edit *e = self_of(el);
    size_t made = (size_t)-2;
    char byte = 0;

    while (made == (size_t)-2) {
        int ready = wait_for_key(e);

        if (ready <= 0)
            return ready;
        if (read(STDIN_FILENO, &byte, 1) != 1)
            return 0;
        made = mbrtowc(out, &byte, 1, &e->partial);
    }
    if (made == (size_t)-1) {
        e->partial = (mbstate_t){0};
        *out = L'?';
    }
    return 1;
}

static int screen_columns(void)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return DEFAULT_COLUMNS;
    return size.ws_col;
}

/* Bytes of every candidate that need not be shown: a path's directory, flags already typed. */
static size_t shared_part(const struct candidates *c)
{
    size_t len = candidates_common(c);

    while (len > 0 && c->word[0][len - 1] != '/' && c->word[0][len - 1] != ',')
        len--;
    return len;
}

/* Print all candidates in columns under the line. */
static void list_candidates(const struct candidates *c)
{
    size_t skip = shared_part(c);
    int width = 0;
    int per_line = 0;

    for (size_t i = 0; i < c->count; i++) {
        int len = (int)strlen(c->word[i] + skip) + 2;

        width = len > width ? len : width;
    }
    per_line = screen_columns() / width;
    per_line = per_line > 0 ? per_line : 1;
    for (size_t i = 0; i < c->count; i++) {
        if (i % (size_t)per_line == 0)
            fputc('\n', stdout);
        printf("%-*s", width, c->word[i] + skip);
    }
    fputc('\n', stdout);
}

/* The rest of the only candidate is put in with what separates it from the next word. */
static void insert(EditLine *el, const struct candidates *c, size_t typed, size_t common)
{
    char *rest = strndup(c->word[0] + typed, common - typed);
    char last = common > 0 ? c->word[0][common - 1] : ' ';

    if (rest != NULL && *rest != '\0')
        (void)el_insertstr(el, rest);
    if (c->count == 1 && strchr(":/=", last) == NULL)
        (void)el_insertstr(el, " ");
    free(rest);
}

/* Bound to the tabulator key. */
static unsigned char complete(EditLine *el, int ch)
{
    struct edit *e = self_of(el);
    const LineInfo *info = el_line(el);
    char *line = strndup(info->buffer, (size_t)(info->cursor - info->buffer));
    struct candidates c = {0};
    unsigned char answer = CC_REFRESH_BEEP;
    size_t typed = 0;
    size_t common = 0;

    (void)ch;
    if (line == NULL)
        return CC_ERROR;
    complete_line(e->spec.source, line, &c);
    typed = strlen(line) - c.start;
    common = candidates_common(&c);
    if (c.count == 1 || (c.count > 1 && common > typed)) {
        insert(el, &c, typed, common);
        answer = CC_REFRESH;
    } else if (c.count > 1) {
        list_candidates(&c);
        answer = CC_REDISPLAY;
    }
    candidates_done(&c);
    free(line);
    return answer;
}

/* Whether libedit, which opens files by itself, may open this one: it would wait at a FIFO. */
static bool is_readable(const char *path)
{
    int fd = host_open(path, EDIT_FILE_MAX, 0, NULL, NULL);

    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

/* The user's settings for all programs with libedit. */
static void source_settings(EditLine *el)
{
    const char *given = getenv("EDITRC");
    const char *home = getenv("HOME");
    struct strbuf path = STRBUF_INIT;

    if (given != NULL)
        (void)strbuf_adds(&path, given);
    else if (home != NULL)
        (void)strbuf_addf(&path, "%s/.editrc", home);
    if (is_readable(strbuf_str(&path)))
        (void)el_source(el, strbuf_str(&path));
    strbuf_done(&path);
}

static void load_history(struct edit *e)
{
    HistEvent event;

    e->history = history_init();
    if (e->history == NULL)
        return;
    (void)history(e->history, &event, H_SETSIZE, HISTORY_LINES);
    (void)history(e->history, &event, H_SETUNIQUE, 1);
    if (e->history_file != NULL && is_readable(e->history_file))
        (void)history(e->history, &event, H_LOAD, e->history_file);
    (void)el_set(e->el, EL_HIST, history, e->history);
}

static int start_editor(struct edit *e)
{
    /* Lines are UTF-8 whatever the locale says; in plain C every letter beyond ASCII would be lost. */
    if (MB_CUR_MAX == 1)
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    e->el = el_init("scbox", stdin, stdout, stderr);
    if (e->el == NULL)
        return -ENOMEM;
    (void)el_set(e->el, EL_CLIENTDATA, e);
    (void)el_set(e->el, EL_PROMPT, give_prompt);
    (void)el_set(e->el, EL_EDITOR, "emacs");
    (void)el_set(e->el, EL_SIGNAL, 0);
    (void)el_set(e->el, EL_GETCFN, get_char);
    /* The wide variant keeps these pointers; the narrow one would leak copies. */
    (void)el_wset(e->el, EL_ADDFN, L"scbox-complete", L"complete the word", complete);
    (void)el_set(e->el, EL_BIND, "^I", "scbox-complete", NULL);
    (void)el_set(e->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    load_history(e);
    source_settings(e->el);
    return 0;
}

int edit_new(const struct edit_spec *spec, struct edit **out)
{
    struct edit *e = calloc(1, sizeof *e);
    int err = 0;

    if (e == NULL)
        return -ENOMEM;
    e->spec = *spec;
    e->prompt = strdup(spec->prompt);
    e->history_file = spec->history != NULL ? strdup(spec->history) : NULL;
    if (e->prompt == NULL || (spec->history != NULL && e->history_file == NULL))
        err = -ENOMEM;
    if (err == 0 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        err = start_editor(e);
    if (err < 0)
        edit_free(e);
    else
        *out = e;
    return err;
}

void edit_set_prompt(struct edit *e, const char *prompt)
{
    free(e->other_prompt);
    e->other_prompt = prompt != NULL ? strdup(prompt) : NULL;
}

bool edit_on_terminal(const struct edit *e)
{
    return e->el != NULL;
}

static enum edit_read read_plain(struct edit *e, const char **line)
{
    struct strbuf text = STRBUF_INIT;
    size_t len = 0;
    int c;

    for (c = getchar(); c != EOF && c != '\n'; c = getchar()) {
        if (len++ < EDIT_LINE_MAX)
            (void)strbuf_addc(&text, (char)c);
    }
    free(e->line);
    e->line = strbuf_take(&text);
    if (*e->spec.interrupted)
        return EDIT_INTERRUPTED;
    if ((c == EOF && len == 0) || e->line == NULL)
        return EDIT_END;
    e->line[strcspn(e->line, "\r\n")] = '\0';
    *line = e->line;
    return len <= EDIT_LINE_MAX ? EDIT_LINE : EDIT_TOO_LONG;
}

static void remember(struct edit *e)
{
    HistEvent event;

    if (e->history != NULL && e->line[strspn(e->line, " \t")] != '\0')
        (void)history(e->history, &event, H_ENTER, e->line);
}

enum edit_read edit_read(struct edit *e, const char **line)
{
    const char *got = NULL;
    int len = 0;

    if (e->el == NULL)
        return read_plain(e, line);
    got = el_gets(e->el, &len);
    if (*e->spec.interrupted) {
        fputs("^C\n", stdout);
        el_reset(e->el);
        return EDIT_INTERRUPTED;
    }
    if (got == NULL || len <= 0 || e->over) {
        fputc('\n', stdout);
        return EDIT_END;
    }
    free(e->line);
    e->line = strndup(got, strcspn(got, "\r\n"));
    if (e->line == NULL)
        return EDIT_END;
    remember(e);
    *line = e->line;
    return EDIT_LINE;
}

/* Whether libedit may write a file: there is none, or it is a regular one. */
static bool may_be_written(const char *path)
{
    struct stat st;

    return stat(path, &st) != 0 || S_ISREG(st.st_mode);
}

void edit_free(struct edit *e)
{
    HistEvent event;

    if (e == NULL)
        return;
    if (e->history != NULL && e->history_file != NULL && may_be_written(e->history_file))
        (void)history(e->history, &event, H_SAVE, e->history_file);
    if (e->el != NULL)
        el_end(e->el);
    if (e->history != NULL)
        history_end(e->history);
    free(e->prompt);
    free(e->other_prompt);
    free(e->history_file);
    free(e->line);
    free(e);
}
