/* SPDX-License-Identifier: MIT */
/* Files of the host: what is read, what is refused and in which words, and where a walk ends. */
#include "client/cli/base/host_file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char dir[] = "/tmp/scbox-test-XXXXXX";
static struct why why;

static void start(void)
{
    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(chdir(dir), 0);
}

static void stop(void)
{
    char command[64];

    why_done(&why);
    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    (void)!system(command);
}

TestSuite(host_file, .init = start, .fini = stop, .timeout = 55);

/** Make a file of a size, without its bytes. */
static void make_file(const char *path, off_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    cr_assert_geq(fd, 0);
    cr_assert_eq(ftruncate(fd, size), 0);
    (void)close(fd);
}

static void make_socket(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(addr.sun_path, path, strlen(path));
    cr_assert_eq(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    (void)close(fd);
}

/** Nothing but a regular file is read, and what it is instead is said. */
static void refuse(const char *path, int err, const char *words)
{
    struct strbuf out = STRBUF_INIT;

    why_done(&why);
    cr_assert_eq(host_open(path, -1, 0, NULL, &why), err);
    cr_assert_not_null(strstr(host_reason(&why), words), "%s: %s", path, host_reason(&why));
    cr_assert_eq(host_read(path, 10, &out, NULL), err);
    strbuf_done(&out);
}

Test(host_file, what_is_no_regular_file_is_refused_in_words)
{
    cr_assert_eq(mkfifo("fifo", 0600), 0);
    cr_assert_eq(mkdir("below", 0700), 0);
    cr_assert_eq(symlink("b", "a"), 0);
    cr_assert_eq(symlink("a", "b"), 0);
    make_socket("socket");
    refuse("fifo", -EINVAL, "it is a FIFO");
    refuse("socket", -EINVAL, "it is a socket");
    refuse("/dev/zero", -EINVAL, "it is a device");
    refuse("below", -EISDIR, "it is a directory");
    refuse("a", -ELOOP, "symbolic links");
    refuse("nothing", -ENOENT, "No such file");
}

Test(host_file, a_file_is_read_up_to_a_size)
{
    struct strbuf out = STRBUF_INIT;

    make_file("f", 100);
    cr_assert_eq(host_read("f", 100, &out, &why), 0);
    cr_assert_eq(out.len, 100);
    cr_assert_eq(host_read("f", 99, &out, &why), -EFBIG);
    cr_assert_str_eq(host_reason(&why), "it has 100 bytes, and at most 99 are read");
    strbuf_done(&out);
}

Test(host_file, a_file_that_tells_no_size_is_read_up_to_a_size)
{
    struct strbuf out = STRBUF_INIT;

    cr_assert_eq(host_read("/proc/self/status", 100000, &out, &why), 0);
    cr_assert_gt(out.len, 100);
    cr_assert_eq(host_read("/proc/self/status", 10, &out, &why), -EFBIG);
    strbuf_done(&out);
}

Test(host_file, the_largest_file_that_is_copied)
{
    int fd;

    make_file("f", HOST_COPY_MAX);
    fd = host_open("f", HOST_COPY_MAX, 0, NULL, &why);
    cr_assert_geq(fd, 0);
    (void)close(fd);
    make_file("f", HOST_COPY_MAX + 1);
    cr_assert_eq(host_open("f", HOST_COPY_MAX, 0, NULL, &why), -EFBIG);
}

Test(host_file, writing_waits_for_nobody)
{
    int fd;

    cr_assert_eq(mkfifo("fifo", 0600), 0);
    cr_assert_eq(host_create("fifo", HOST_STREAM, &why), -ENXIO);
    cr_assert_str_eq(host_reason(&why), "it is a FIFO without a reader");
    cr_assert_eq(host_create("/dev/null", 0, NULL), -EINVAL);
    fd = host_create("/dev/null", HOST_STREAM, NULL);
    cr_assert_geq(fd, 0);
    (void)close(fd);
    make_file("f", 5);
    cr_assert_eq(host_create("f", HOST_NEW, NULL), -EEXIST);
    fd = host_create("f", 0, NULL);
    cr_assert_eq(lseek(fd, 0, SEEK_END), 0);
    (void)close(fd);
}

struct seen {
    int files;
    int problems;
    char words[64];
};

static int note(void *user, const char *path, const char *problem)
{
    struct seen *seen = user;

    (void)path;
    seen->files += problem == NULL;
    seen->problems += problem != NULL;
    if (problem != NULL)
        (void)snprintf(seen->words, sizeof seen->words, "%s", problem);
    return 0;
}

Test(host_file, a_walk_follows_links_and_ends_on_loops)
{
    struct seen seen = {0};

    cr_assert_eq(mkdir("one", 0700), 0);
    cr_assert_eq(mkdir("one/two", 0700), 0);
    make_file("one/two/f", 1);
    cr_assert_eq(symlink("f", "one/two/link"), 0);
    cr_assert_eq(symlink("..", "one/two/up"), 0);
    cr_assert_eq(symlink(".", "one/two/self"), 0);
    cr_assert_eq(host_walk("one", note, &seen, &why), 0);
    cr_assert_eq(seen.files, 2);
    cr_assert_eq(seen.problems, 2);
    cr_assert_str_eq(seen.words, "it links to a directory above it");
}

/** Make @levels directories inside each other, all named d. */
static void make_levels(int levels)
{
    for (int i = 0; i < levels; i++) {
        cr_assert_eq(mkdir("d", 0700), 0);
        cr_assert_eq(chdir("d"), 0);
    }
    make_file("f", 1);
    cr_assert_eq(chdir(dir), 0);
}

Test(host_file, a_walk_has_a_depth)
{
    struct seen seen = {0};

    make_levels(HOST_LEVELS_MAX);
    cr_assert_eq(host_walk("d", note, &seen, &why), 0);
    cr_assert_eq(seen.files, 1);
    cr_assert_eq(host_walk(dir, note, &seen, &why), -ELOOP);
    cr_assert_str_eq(host_reason(&why), "its directories are nested more than 16 deep");
}

Test(host_file, a_walk_has_a_length)
{
    struct seen seen = {0};
    char path[32];

    cr_assert_eq(mkdir("many", 0700), 0);
    make_file("many/f", 1);
    for (int i = 1; i < HOST_ENTRIES_MAX; i++) {
        (void)snprintf(path, sizeof path, "many/%d", i);
        cr_assert_eq(symlink("f", path), 0);
    }
    cr_assert_eq(host_walk("many", note, &seen, &why), 0);
    cr_assert_eq(seen.files, HOST_ENTRIES_MAX);
    make_file("many/more", 1);
    cr_assert_eq(host_walk("many", note, &seen, &why), -E2BIG);
}
