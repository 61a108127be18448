/* SPDX-License-Identifier: MIT */
/* The log: it never waits for whoever reads it, and says what it has lost. */
#include "server/host/log.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MANY = 100000, BYTES_MAX = 1024 * 1024 };

static int reader;      /* of what is written to stderr */
static int real_stderr; /* what Criterion has as stderr */
static char text[BYTES_MAX];

/** Make @writer stderr; what comes out at @from is what the tests read. */
static void take_stderr(int from, int writer)
{
    real_stderr = dup(STDERR_FILENO);
    reader = from;
    cr_assert_geq(dup2(writer, STDERR_FILENO), 0);
    (void)close(writer);
    cr_assert_eq(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
}

static void open_pipe(void)
{
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    take_stderr(ends[0], ends[1]);
}

static void open_socket(void)
{
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    take_stderr(ends[0], ends[1]);
}

static void give_stderr_back(void)
{
    (void)dup2(real_stderr, STDERR_FILENO);
    (void)close(real_stderr);
    (void)close(reader);
}

/** All that can be read now. */
static size_t read_all(void)
{
    size_t len = 0;
    ssize_t got;

    while ((got = read(reader, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    return len;
}

/** The numbers of the lines that came, which are in order. Returns how many there are. */
static unsigned count_lines(void)
{
    unsigned count = 0;

    for (char *at = text; *at != '\0'; at = strchr(at, '\n') + 1) {
        unsigned number;

        cr_assert_not_null(strchr(at, '\n'), "a line is cut");
        cr_assert_eq(sscanf(at, "scboxd: warn: line %u of many\n", &number), 1, "%.60s", at);
        cr_assert_eq(number, count++);
    }
    return count;
}

/** Write until nothing fits any more, and after that when there is room again. */
static void overflow(void)
{
    unsigned came;
    char expected[200];

    for (int i = 0; i < MANY; i++)
        log_line(LOG_WARN, "line %d of many", i);
    cr_assert_gt(read_all(), 0);
    came = count_lines();
    cr_assert(came > 0 && came < MANY);
    log_line(LOG_ERROR, "there is\nroom");
    (void)read_all();
    (void)snprintf(expected, sizeof(expected),
                   "scboxd: warn: %u lines were lost: no room\nscboxd: error: there is room\n",
                   MANY - came);
    cr_assert_str_eq(text, expected);
    log_line(LOG_INFO, "nothing is lost");
    (void)read_all();
    cr_assert_str_eq(text, "scboxd: info: nothing is lost\n");
}

Test(log, full_pipe, .init = open_pipe, .fini = give_stderr_back, .timeout = 20)
{
    overflow();
}

Test(log, full_socket, .init = open_socket, .fini = give_stderr_back, .timeout = 20)
{
    overflow();
}

Test(log, longest_line, .init = open_pipe, .fini = give_stderr_back, .timeout = 20)
{
    static char long_text[2 * LOG_LINE_MAX];
    const size_t head = strlen("scboxd: warn: ");

    memset(long_text, 'x', sizeof(long_text) - 1);
    log_line(LOG_WARN, "%.*s", (int)(LOG_LINE_MAX - head - 1), long_text);
    cr_assert_eq(read_all(), LOG_LINE_MAX);
    cr_assert_eq(text[LOG_LINE_MAX - 1], '\n');
    log_line(LOG_WARN, "%s", long_text);
    cr_assert_eq(read_all(), LOG_LINE_MAX);
    cr_assert_eq(text[LOG_LINE_MAX - 1], '\n');
}

Test(log, levels, .init = open_pipe, .fini = give_stderr_back)
{
    log_line(LOG_DEBUG, "not told");
    log_set_level(LOG_DEBUG);
    log_line(LOG_DEBUG, "told");
    (void)read_all();
    cr_assert_str_eq(text, "scboxd: debug: told\n");
    cr_assert_eq(log_level_by_name("debug"), LOG_DEBUG);
    cr_assert_eq(log_level_by_name("loud"), -1);
}
