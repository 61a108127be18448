/* SPDX-License-Identifier: MIT */
/*
 * Channels, SELECT and arguments. With arguments it is a part of a pipeline, which reads fd 1 and
 * writes fd 2; without, home:/case says what to try, and children run home:/child, which is this
 * program, too.
 */
#include "cases.h"

enum { IN = 1, OUT = 2, BUF_SIZE = 64, MS = 1000 };

static char buf[BUF_SIZE];

/* ---- Parts of a pipeline ---- */

/** Write each byte twice. */
static int twice(void)
{
    long len;

    while ((len = sc_read(IN, 0, BUF_SIZE / 2, buf)) > 0) {
        for (long i = len; i-- > 0;)
            buf[2 * i] = buf[2 * i + 1] = buf[i];
        if (sc_write(OUT, 0, (size_t)(2 * len), buf) != 2 * len)
            return NO_CASE;
    }
    return len == 0 ? PASSED : NO_CASE;
}

/** Exit with the number of bytes. */
static int count_bytes(void)
{
    int count = 0;
    long len;

    while ((len = sc_read(IN, 0, BUF_SIZE, buf)) > 0)
        count += (int)len;
    return len == 0 ? count : -1;
}

static int be_part(int argc, char **argv)
{
    MUST(argc == 3 && argv[3] == NULL && strcmp(argv[0], "part") == 0);
    MUST(strcmp(argv[2], "") == 0);
    MUST(getenv("MODE") != NULL && strcmp(getenv("MODE"), "a=b") == 0);
    MUST(getenv("MOD") == NULL && getenv("MODE=") == NULL && environ[1] == NULL);
    return strcmp(argv[1], "twice") == 0 ? twice() : count_bytes();
}

/* ---- Cases ---- */

/** A child that will run a part, with handles of ours as its fds 1 and 2. Returns its pid. */
static int make_part(char *which, int in, int out)
{
    char *argv[] = {"part", which, "", NULL};
    char *envp[] = {"MODE=a=b", NULL};
    int pid = sc_new_proc();

    if (pid <= 0 || sc_bind_fs(pid, "home", "home") < 0 || sc_bind_fd(pid, IN, in) < 0 ||
        (out != 0 && sc_bind_fd(pid, OUT, out) < 0) || sc_set_argv(pid, argv, envp) < 0)
        return -1;
    return sc_proc_exec(pid, "home:/child") == 0 ? pid : -1;
}

static int pipeline(void)
{
    struct sc_channel a;
    struct sc_channel b;
    struct sc_proc_status st;
    int first;
    int last;

    MUST(sc_mk_channel(FM_BLOCKING, &a) == 0 && sc_mk_channel(FM_BLOCKING, &b) == 0);
    first = make_part("twice", a.second, b.first);
    last = make_part("count", b.second, 0);
    MUST(first > 0 && last > 0);
    MUST(sc_set_args(first, "0", 2) == -EBUSY);
    MUST(sc_close(a.second) == 0 && sc_close(b.first) == 0 && sc_close(b.second) == 0);
    for (int i = 0; i < 1000; i++)
        MUST(sc_write(a.first, 0, 3, "abc") == 3);
    MUST(sc_close(a.first) == 0);
    MUST(sc_proc_wait(first, &st) == 0 && st.state == PS_DONE && st.return_code == PASSED);
    MUST(sc_proc_wait(last, &st) == 0 && st.state == PS_DONE && st.return_code == 6000);
    return PASSED;
}

static int killed_reader(void)
{
    struct sc_channel a;
    struct sc_proc_status st;
    int pid;

    MUST(sc_mk_channel(FM_BLOCKING, &a) == 0);
    pid = make_part("count", a.second, 0);
    MUST(pid > 0 && sc_close(a.second) == 0);
    MUST(sc_write(a.first, 0, 1, "x") == 1);
    MUST(sc_proc_kill(pid, &st) == 0 && st.state == PS_KILLED);
    MUST(sc_write(a.first, 0, 1, "x") == -EPIPE);
    return PASSED;
}

static int select_handles(void)
{
    struct sc_channel a;
    struct sc_channel b;
    int fds[2];

    MUST(sc_mk_channel(0, &a) == 0 && sc_mk_channel(0, &b) == 0);
    fds[0] = a.first;
    fds[1] = b.first;
    MUST(sc_select(fds, 2, 0) == 0);
    MUST(sc_select(fds, 2, MS) == 0);
    MUST(sc_read(a.first, 0, 1, buf) == -EAGAIN);
    MUST(sc_write(b.second, 0, 1, "x") == 1);
    MUST(sc_select(fds, 2, -1) == b.first);
    MUST(sc_close(a.second) == 0);
    MUST(sc_select(fds, 2, -1) == a.first);
    MUST(sc_read(a.first, 0, 1, buf) == 0);
    MUST(sc_select(fds, 0, 0) == -EINVAL);
    MUST(sc_select(fds, SC_SELECT_MAX + 1, 0) == -EINVAL);
    fds[1] = 99;
    MUST(sc_select(fds, 2, 0) == -EBADF);
    return PASSED;
}

static int no_arguments(void)
{
    MUST(sc_args(BUF_SIZE, buf) == 0);
    MUST(environ[0] == NULL);
    return PASSED;
}

static const struct guest_case cases[] = {CASE(pipeline), CASE(killed_reader), CASE(select_handles),
                                          CASE(no_arguments)};

int main(int argc, char **argv)
{
    return argc > 1 ? be_part(argc, argv) : run_case(cases, COUNT(cases));
}
