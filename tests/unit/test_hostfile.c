/* SPDX-License-Identifier: MIT */
/* Files of the host, looked up once: what is found, claimed, made, and left alone. */
#include "server/base/hostfile.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAME_SIZE = 96, STRANGER = 65534 };

static char dir[32];

static const char *at(const char *name)
{
    static char paths[4][NAME_SIZE];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    (void)snprintf(path, NAME_SIZE, "%s/%s", dir, name);
    return path;
}

static void make(const char *name)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_EXCL, 0600);

    cr_assert(fd >= 0);
    (void)close(fd);
}

static void setup(void)
{
    (void)strcpy(dir, "/tmp/scbox-hostfile-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
}

static void teardown(void)
{
    char command[64];

    (void)snprintf(command, sizeof(command), "rm -r %s", dir);
    cr_expect_eq(system(command), 0);
}

TestSuite(hostfile, .init = setup, .fini = teardown, .timeout = 60);

static struct hostfile *found(const char *name, struct hostfiles *claims, bool shared)
{
    struct hostfile *f = NULL;

    cr_assert_eq(hostfile_open(at(name), claims, shared, &f, NULL), 0, "%s", name);
    return f;
}

static int refusal(const char *name, struct hostfiles *claims, bool shared)
{
    struct why why = WHY_INIT;
    struct hostfile *f = NULL;
    int err = hostfile_open(at(name), claims, shared, &f, &why);

    cr_assert(err < 0 && why.count > 0, "%s", name);
    why_done(&why);
    return err;
}

Test(hostfile, is_found_without_links)
{
    struct hostfile *f;

    make("file");
    cr_assert_eq(symlink("file", at("link")), 0);
    f = found("link", NULL, false);
    cr_assert_str_eq(f->name, "file");
    cr_assert(f->file >= 0);
    hostfile_free(f);
    f = found("none", NULL, false);
    cr_assert_str_eq(f->name, "none");
    cr_assert_eq(f->file, -1);
    hostfile_free(f);
    cr_assert_eq(hostfile_open("/", NULL, false, &f, NULL), 0);
    cr_assert_str_eq(f->name, ".");
    hostfile_free(f);
}

Test(hostfile, refusals)
{
    make("file");
    cr_assert_eq(symlink("nowhere", at("broken")), 0);
    cr_assert_eq(mkfifo(at("fifo"), 0600), 0);
    cr_assert_eq(refusal("broken", NULL, false), -ELOOP);
    cr_assert_eq(refusal("fifo", NULL, false), -ENOTBLK);
    cr_assert_eq(refusal("no/file", NULL, false), -ENOENT);
    cr_assert_eq(refusal("file/x", NULL, false), -ENOTDIR);
    cr_assert_eq(refusal("none/..", NULL, false), -ENOENT);
}

Test(hostfile, a_name_that_becomes_a_link_is_not_followed)
{
    struct hostfile *f = NULL;
    int fd = open(dir, O_PATH | O_DIRECTORY);

    make("file");
    cr_assert_eq(symlink("file", at("link")), 0);
    cr_assert_eq(hostfile_at(fd, at("link"), NULL, false, &f, NULL), -EBUSY);
    f = found("new", NULL, false);
    cr_assert_eq(symlink("stray", at("new")), 0);
    cr_assert_eq(hostfile_create(f, 0600, NULL), -EEXIST);
    cr_assert_eq(access(at("stray"), F_OK), -1);
    hostfile_free(f);
}

Test(hostfile, an_inode_is_claimed_once)
{
    struct hostfiles claims;
    struct hostfile *f;
    struct hostfile *g;

    hostfiles_init(&claims);
    make("file");
    cr_assert_eq(link(at("file"), at("hard")), 0);
    f = found("file", &claims, false);
    cr_assert_eq(refusal("file", &claims, false), -EBUSY);
    cr_assert_eq(refusal("hard", &claims, true), -EBUSY);
    hostfile_free(f);
    f = found("hard", &claims, true);
    g = found("hard", &claims, true);
    cr_assert_eq(refusal("hard", &claims, false), -EBUSY);
    cr_assert_eq(refusal("file", &claims, true), -EBUSY, "readers share one name only");
    hostfile_free(f);
    hostfile_free(g);
    hostfile_free(found("file", &claims, false));
    f = found("new", &claims, false);
    cr_assert_eq(hostfile_create(f, 0600, NULL), 0);
    cr_assert_eq(refusal("new", &claims, false), -EBUSY);
    hostfile_free(f);
    cr_assert(list_empty(&claims.list));
}

Test(hostfile, what_was_made_is_removed_unless_it_is_another)
{
    struct hostfile *f = found("new", NULL, false);

    cr_assert_eq(hostfile_create(f, 0600, NULL), 0);
    hostfile_remove(f);
    cr_assert_eq(access(at("new"), F_OK), -1);
    make("new");
    hostfile_remove(f);
    cr_assert_eq(access(at("new"), F_OK), 0);
    hostfile_free(f);
}

Test(hostfile, side_files_are_claimed_until_they_are_forgotten)
{
    struct hostfiles claims;
    struct hostfile *f;
    struct hostfile *g;
    int fd;

    hostfiles_init(&claims);
    make("file");
    f = found("file", &claims, false);
    cr_assert_eq(hostfile_open_beside(f, "-a", O_RDWR, 0, NULL), -ENOENT);
    cr_assert_not(hostfile_has_beside(f, "-a"));
    fd = hostfile_open_beside(f, "-a", O_RDWR | O_CREAT, 0600, NULL);
    cr_assert(fd >= 0);
    (void)close(fd);
    cr_assert(hostfile_has_beside(f, "-a"));
    cr_assert_eq(refusal("file-a", &claims, true), -EBUSY);
    cr_assert_eq(rename(at("file-a"), at("other")), 0);
    cr_assert_eq(refusal("other", &claims, false), -EBUSY);
    hostfile_forget_beside(f, "-a");
    g = found("other", &claims, false);
    cr_assert_eq(rename(at("other"), at("file-b")), 0);
    cr_assert_eq(hostfile_open_beside(f, "-b", O_RDWR, 0, NULL), -EBUSY, "it is another's file");
    hostfile_free(g);
    hostfile_free(f);
}

Test(hostfile, a_side_file_is_removed_unless_it_is_another)
{
    struct hostfiles claims;
    struct hostfile *f;
    struct stat seen;
    int fd;

    hostfiles_init(&claims);
    make("file");
    f = found("file", &claims, false);
    cr_assert_eq(hostfile_stat_beside(f, "-a", &seen), -ENOENT);
    fd = hostfile_open_beside(f, "-a", O_RDWR | O_CREAT, 0600, NULL);
    cr_assert(fd >= 0); /* and open: its number is not used again */
    cr_assert_eq(hostfile_stat_beside(f, "-a", &seen), 0);
    cr_assert_eq(rename(at("file-a"), at("other")), 0);
    cr_assert_eq(hostfile_remove_beside(f, "-a", &seen), -ENOENT);
    make("file-a");
    cr_assert_eq(hostfile_remove_beside(f, "-a", &seen), -EBUSY);
    cr_assert_eq(refusal("other", &claims, false), -EBUSY, "the claim stays");
    cr_assert_eq(rename(at("other"), at("file-a")), 0);
    cr_assert_eq(hostfile_remove_beside(f, "-a", &seen), 0);
    cr_assert_eq(access(at("file-a"), F_OK), -1);
    cr_assert_eq(f->beside[0].suffix[0], '\0');
    (void)close(fd);
    hostfile_free(f);
}

Test(hostfile, side_files_of_a_strange_kind_are_refused)
{
    struct hostfile *f = found("file", NULL, false);

    make("elsewhere");
    cr_assert_eq(symlink("elsewhere", at("file-link")), 0);
    cr_assert_eq(link(at("elsewhere"), at("file-hard")), 0);
    cr_assert_eq(mkfifo(at("file-fifo"), 0600), 0);
    cr_assert_eq(mkdir(at("file-dir"), 0700), 0);
    cr_assert_eq(hostfile_open_beside(f, "-link", O_RDWR | O_CREAT, 0600, NULL), -ENOTSUP);
    cr_assert_eq(hostfile_open_beside(f, "-hard", O_RDWR | O_CREAT, 0600, NULL), -EBUSY);
    cr_assert_eq(hostfile_open_beside(f, "-fifo", O_RDWR | O_CREAT, 0600, NULL), -ENOTSUP);
    cr_assert_eq(hostfile_open_beside(f, "-dir", O_RDWR | O_CREAT, 0600, NULL), -ENOTSUP);
    hostfile_free(f);
}

Test(hostfile, side_files_at_and_past_the_limit)
{
    struct hostfile *f = found("file", NULL, false);
    char suffix[HOSTFILE_SUFFIX_MAX + 2] = "-123456789abcde";
    int fd = hostfile_open_beside(f, suffix, O_RDWR | O_CREAT, 0600, NULL);

    cr_assert(fd >= 0, "a suffix of %d bytes", HOSTFILE_SUFFIX_MAX);
    (void)close(fd);
    (void)strcat(suffix, "f");
    cr_assert_eq(hostfile_open_beside(f, suffix, O_RDWR | O_CREAT, 0600, NULL), -EMFILE);
    for (int i = 1; i < HOSTFILE_BESIDE_MAX; i++) {
        (void)snprintf(suffix, sizeof(suffix), "-%d", i);
        fd = hostfile_open_beside(f, suffix, O_RDWR | O_CREAT, 0600, NULL);
        cr_assert(fd >= 0);
        (void)close(fd);
    }
    cr_assert_eq(hostfile_open_beside(f, "-more", O_RDWR | O_CREAT, 0600, NULL), -EMFILE);
    hostfile_free(f);
}

static bool is_private(const char *name)
{
    struct hostfile *f = found(name, NULL, false);
    bool is = hostfile_is_private(f->file);

    hostfile_free(f);
    return is;
}

Test(hostfile, private_is_what_nobody_else_can_write)
{
    make("file");
    cr_assert(is_private("file"));
    cr_assert_eq(chmod(at("file"), 0644), 0);
    cr_assert(is_private("file"));
    cr_assert_eq(chmod(at("file"), 0620), 0);
    cr_assert_not(is_private("file"));
    cr_assert_eq(chmod(at("file"), 0602), 0);
    cr_assert_not(is_private("file"));
    cr_assert_eq(chmod(at("file"), 0600), 0);
    cr_assert_eq(link(at("file"), at("hard")), 0);
    cr_assert_not(is_private("file"));
    cr_assert_eq(unlink(at("hard")), 0);
    cr_assert(is_private("file"));
    if (geteuid() == 0) {
        cr_assert_eq(chown(at("file"), STRANGER, STRANGER), 0);
        cr_assert_not(is_private("file"));
    }
    cr_assert_not(is_private("."));
}

/** Whether another process finds the file locked. */
static bool is_locked(const char *path)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(path, O_RDWR);

        _exit(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? 0 : 1);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return status == 0;
}

/** Closing any descriptor that a file was opened with would drop this process's locks of it. */
Test(hostfile, looking_drops_no_lock)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct hostfiles claims;
    struct hostfile *f;
    int fd;

    hostfiles_init(&claims);
    make("file");
    f = found("file", &claims, false);
    fd = hostfile_reopen(f, O_RDWR);
    cr_assert(fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0);
    cr_assert_eq(refusal("file", &claims, false), -EBUSY);
    cr_assert(is_private("file"));
    cr_assert(is_locked(at("file")));
    (void)close(fd);
    cr_assert_not(is_locked(at("file")));
    hostfile_free(f);
}
