/* SPDX-License-Identifier: MIT */
#include "client/cli/shell/edit.h"

#include "client/cli/base/host_file.h"
#include "client/cli/shell/edit_input.h"

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
    EditLine *el;     /* NULL: a plain reader */
    History *history; /* NULL: none */
    char *line;       /* of the last read; owned */
    struct edit_input in;
    mbstate_t partial; /* of a character that came in pieces */
    int quiet_ms;      /* how long the next line may not begin; 0: for ever */
    bool over;         /* on_news() said so */
    bool quiet;        /* it did not begin in time */
    bool unread;       /* return the last line again */
    bool came_along;   /* the last line had arrived before it was read */
    bool editing;      /* a line is on the screen */
    bool cleared;      /* it was removed */
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

static int screen_columns(void);

/* Rows of the screen between the prompt and the cursor. */
static int rows_above(EditLine *el)
{
    const LineInfo *info = el_line(el);
    size_t columns = strlen(give_prompt(el));

    for (const char *p = info->buffer; p < info->cursor; p++)
        columns += ((unsigned char)*p & 0xC0) != 0x80;
    return (int)columns / screen_columns();
}

void edit_clear(struct edit *e)
{
    int rows;

    if (e == NULL || !e->editing || e->cleared)
        return;
    rows = rows_above(e->el);
    if (rows > 0)
        printf("\033[%dA", rows);
    fputs("\r\033[J", stdout);
    e->cleared = true;
}

/* Let the owner print above the line that is being edited. */
static void take_news(struct edit *e)
{
    edit_clear(e);
    fflush(stdout);
    e->over = !e->spec.on_news(e->spec.user);
    fflush(stdout);
    if (!e->over)
        (void)el_set(e->el, EL_REFRESH);
    e->cleared = false;
}

/* Wait for a key. Returns 1, 0 at the end or when it became quiet, -1 when interrupted. */
static int wait_for_key(struct edit *e)
{
    struct pollfd fds[2] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = e->spec.news_fd, .events = POLLIN},
    };

    while (!e->over && !*e->spec.interrupted) {
        int ready = poll(fds, 2, e->quiet_ms > 0 ? e->quiet_ms : -1);

        if (ready < 0 && errno != EINTR)
            return 0;
        if (ready == 0) {
            e->quiet = true;
            return 0;
        }
        if (ready > 0 && fds[1].revents != 0)
            take_news(e);
        if (ready > 0 && fds[0].revents != 0)
            return 1;
    }
    return *e->spec.interrupted ? -1 : 0;
}

/* The next byte of the keyboard; as wait_for_key(). */
static int next_byte(struct edit *e, char *out)
{
    for (;;) {
        int ready = edit_input_ahead(&e->in) > 0 ? 1 : wait_for_key(e);

        if (ready <= 0)
            return ready;
        if (edit_input_ahead(&e->in) == 0 && !edit_input_read(&e->in))
            return 0;
        e->quiet_ms = 0;
        if (edit_input_take(&e->in, out))
            return 1;
    }
}

/* EL_GETCFN: one character of the keyboard. */
static int get_char(EditLine *el, wchar_t *out)
{
    struct edit *e = self_of(el);
    size_t made = (size_t)-2;
    char byte = 0;

    while (made == (size_t)-2) {
        int ready = next_byte(e, &byte);

        if (ready <= 0)
            return ready;
        made = mbrtowc(out, &byte, 1, &e->partial);
    }
    if (made == (size_t)-1) {
        e->partial = (mbstate_t){0};
        *out = L'?';
    }
    if (byte == '\n' || byte == '\r')
        edit_input_read_ahead(
            &e->in); /* what is read while the line is played would be echoed between the answers */
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

/* Print all candidates in columns under the line, which is cleared. */
static void list_candidates(struct edit *e, const struct candidates *c)
{
    const LineInfo *info = el_line(e->el);
    size_t skip = shared_part(c);
    int width = 0;
    int per_line = 0;

    for (size_t i = 0; i < c->count; i++) {
        int len = (int)strlen(c->word[i] + skip) + 2;

        width = len > width ? len : width;
    }
    per_line = screen_columns() / width;
    per_line = per_line > 0 ? per_line : 1;
    printf("%s%.*s", give_prompt(e->el), (int)(info->lastchar - info->buffer), info->buffer);
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

/* Whether a tabulator is a character of a text, not the key: it was pasted, marked or not. */
static bool is_text(const struct edit *e, const char *line)
{
    return e->in.pasting || (edit_input_ahead(&e->in) > 0 && line[strspn(line, " \t")] == '\0');
}

/* Complete the word that ends at the cursor. Returns what libedit is to do. */
static unsigned char complete_word(struct edit *e, const char *line)
{
    struct candidates c = {0};
    unsigned char answer = CC_REFRESH_BEEP;
    size_t typed = 0;
    size_t common = 0;

    complete_line(e->spec.source, line, &c);
    typed = strlen(line) - c.start;
    common = candidates_common(&c);
    if (c.count == 1 || (c.count > 1 && common > typed)) {
        insert(e->el, &c, typed, common);
        answer = CC_REFRESH;
    } else if (c.count > 1) {
        edit_clear(e);
        list_candidates(e, &c);
    }
    candidates_done(&c);
    return answer;
}

/* Bound to the tabulator key. */
static unsigned char complete(EditLine *el, int ch)
{
    struct edit *e = self_of(el);
    const LineInfo *info = el_line(el);
    char *line = strndup(info->buffer, (size_t)(info->cursor - info->buffer));
    unsigned char answer = CC_REFRESH;

    (void)ch;
    if (line == NULL)
        return CC_ERROR;
    if (is_text(e, line))
        (void)el_insertstr(el, "\t");
    else
        answer = complete_word(e, line);
    if (e->cleared) { /* candidates or news were printed; what is edited stands below them */
        take_news(e);
        answer = CC_NORM;
    }
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
    /* Lines are UTF-8 whatever the locale says; in plain C every letter beyond ASCII would be
     * lost. */
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
    e->in = (struct edit_input){.bytes = STRBUF_INIT};
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

/* ---- without a person ---- */

/* Wait for more lines. Returns 1, 0 when it became quiet, -1 when interrupted. */
static int wait_for_more(struct edit *e)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready = -1;

    while (ready < 0 && !*e->spec.interrupted)
        ready = poll(&fd, 1, e->quiet_ms > 0 && edit_input_ahead(&e->in) == 0 ? e->quiet_ms : -1);
    return ready;
}

/* Let what was read hold a whole line, or all that comes: EDIT_LINE then, else why not. */
static enum edit_read read_until_line(struct edit *e)
{
    while (memchr(edit_input_at(&e->in), '\n', edit_input_ahead(&e->in)) == NULL) {
        int ready = wait_for_more(e);

        if (ready < 0)
            return EDIT_INTERRUPTED;
        if (ready == 0)
            return EDIT_QUIET;
        if (edit_input_ahead(&e->in) > EDIT_LINE_MAX) /* only its end is still looked for */
            edit_input_cut(&e->in, EDIT_LINE_MAX + 1);
        if (!edit_input_read(&e->in))
            return edit_input_ahead(&e->in) > 0 ? EDIT_LINE : EDIT_END;
    }
    return EDIT_LINE;
}

static enum edit_read read_plain(struct edit *e, const char **line)
{
    enum edit_read got = read_until_line(e);
    const char *start = edit_input_at(&e->in);
    const char *end = memchr(start, '\n', edit_input_ahead(&e->in));
    size_t len = end != NULL ? (size_t)(end - start) : edit_input_ahead(&e->in);

    if (*e->spec.interrupted)
        return EDIT_INTERRUPTED;
    if (got != EDIT_LINE)
        return got;
    free(e->line);
    e->line = strndup(start, len);
    e->in.at += len + (end != NULL);
    if (e->line == NULL)
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

/* Terminals mark pastes only on request; a dumb one would print the request. */
static void ask_for_marks(bool on)
{
    const char *term = getenv("TERM");

    if (term == NULL || strcmp(term, "dumb") == 0)
        return;
    fputs(on ? "\033[?2004h" : "\033[?2004l", stdout);
    fflush(stdout);
}

/* Let the person edit a line; NULL at its end. */
static const char *edit_line(struct edit *e)
{
    const char *got;
    int len = 0;

    ask_for_marks(true);
    e->editing = true;
    got = el_gets(e->el, &len);
    e->editing = false;
    e->cleared = false;
    ask_for_marks(false);
    return len > 0 ? got : NULL;
}

/* Remove the prompt of a line that did not arrive. */
static enum edit_read leave_quiet(struct edit *e)
{
    fputs("\r\033[K", stdout);
    fflush(stdout);
    el_reset(e->el);
    return EDIT_QUIET;
}

static enum edit_read read_edited(struct edit *e, const char **line)
{
    const char *got = edit_line(e);

    if (*e->spec.interrupted) {
        fputs("^C\n", stdout);
        el_reset(e->el);
        (void)edit_input_drop(&e->in);
        return EDIT_INTERRUPTED;
    }
    if (e->quiet && !e->over)
        return leave_quiet(e);
    if (got == NULL || e->over) {
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

enum edit_read edit_read(struct edit *e, const char **line)
{
    enum edit_read answer;

    if (e->unread && e->line != NULL) {
        e->unread = false;
        *line = e->line;
        return EDIT_LINE;
    }
    e->quiet = false;
    e->came_along = edit_input_ahead(&e->in) > 0;
    answer = e->el != NULL ? read_edited(e, line) : read_plain(e, line);
    e->quiet_ms = 0;
    return answer;
}

void edit_quiet_after(struct edit *e, int ms)
{
    e->quiet_ms = ms;
}

void edit_unread(struct edit *e)
{
    e->unread = true;
}

size_t edit_drop(struct edit *e)
{
    return edit_input_drop(&e->in);
}

bool edit_has_more(const struct edit *e)
{
    return edit_input_ahead(&e->in) > 0;
}

bool edit_came_along(const struct edit *e)
{
    return e->came_along;
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
    strbuf_done(&e->in.bytes);
    free(e);
}
