/* SPDX-License-Identifier: MIT */
/* What clients may make filesystems from: a daemon with a default machine, whose state directory
 * is below the source root {dir}/disks, and has one inside of it. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 512, TEXT_SIZE = 1024, RACE_TRIES = 1500, CHUNKS = 8, CHUNK_SIZE = 65536 };

static struct daemon d;
static struct client c;
static int64_t fd; /* of the file that fill() or a test opened */

static void begin(void)
{
    const char *const args[] = {"-s", "{dir}/run/s", "-d", "{dir}/disks/state",
                                "-r", "{dir}/disks", "-r", "{dir}/disks/state/mine",
                                NULL};
    char path[PATH_SIZE];

    daemon_prepare(&d);
    cr_assert_eq(mkdir(text_of(path, sizeof(path), "%s/disks", d.dir), 0755), 0);
    cr_assert_eq(mkdir(text_of(path, sizeof(path), "%s/disks/state", d.dir), 0700), 0);
    cr_assert_eq(mkdir(text_of(path, sizeof(path), "%s/disks/state/mine", d.dir), 0700), 0);
    daemon_spawn(&d, args);
    daemon_await_ready(&d);
    client_open(&c, d.socket);
}

static void end(void)
{
    client_close(&c);
    daemon_stop(&d);
}

/** A file below the source root. The answer is good for four calls. */
static const char *at(const char *name)
{
    static char paths[4][PATH_SIZE];
    static unsigned turn;

    return text_of(paths[turn++ % 4], PATH_SIZE, "%s/disks/%s", d.dir, name);
}

static const char *mount_params(const char *fs, const char *source, const char *more)
{
    static char params[TEXT_SIZE];

    return text_of(params, sizeof(params),
                   "{\"driver\":\"sqlitefs\",\"fs_name\":\"%s\",\"opts\":\"source=%s%s\"}", fs,
                   at(source), more);
}

static void mounts(const char *fs, const char *source)
{
    call_done_ok(&c, "SC_MAKE_FS", mount_params(fs, source, ""));
}

static void refused(const char *source, int code, const char *why)
{
    call_fails(&c, "SC_MAKE_FS", mount_params("refused", source, ""), code, why);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    cr_assert_not_null(f);
    (void)fputs(text, f);
    (void)fclose(f);
}

static const char *read_at(int off)
{
    static char params[TEXT_SIZE];

    return text_of(params, sizeof(params), "[%d,%d,9]", (int)fd, off);
}

static void close_file(void)
{
    char params[TEXT_SIZE];

    call_done_ok(&c, "SC_CLOSE", text_of(params, sizeof(params), "[%d]", (int)fd));
}

/** Put a file of some chunks into a filesystem, durably, and leave it open. */
static void fill(const char *fs)
{
    char params[TEXT_SIZE];

    (void)text_of(params, sizeof(params), "[\"%s:/f\",[\"READ\",\"WRITE\",\"CREATE\"]]", fs);
    fd = call_int(&c, "SC_OPEN", params, "fd");
    for (int i = 0; i < CHUNKS; i++) {
        (void)text_of(params, sizeof(params), "[%d,%d,\"some text\"]", (int)fd, i * CHUNK_SIZE);
        call_done_ok(&c, "SC_WRITE", params);
    }
    call_done_ok(&c, "SC_FSYNC", text_of(params, sizeof(params), "[%d,0]", (int)fd));
}

Test(sources, names_of_side_files_are_refused, .timeout = 60)
{
    static const char *const names[] = {"x.db-wal",  "x.db-shm", "x.db-journal",
                                        "x.db-lock", "x.db-WAL", "-wal"};

    begin();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        refused(names[i], EINVAL, "beside a database");
        cr_assert_eq(access(at(names[i]), F_OK), -1);
        write_file(at(names[i]), "");
        refused(names[i], EINVAL, "beside a database");
    }
    cr_assert_eq(symlink("x.db-wal", at("link.db")), 0);
    refused("link.db", EINVAL, "x.db-wal");
    mounts("fs", "x.db-walrus");
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    end();
}

Test(sources, a_side_file_in_use_is_refused_under_any_name, .timeout = 60)
{
    static const char *const sides[] = {"x.db-wal", "x.db-shm", "x.db-lock"};
    struct stat before;
    struct stat after;

    begin();
    mounts("fs", "x.db");
    for (size_t i = 0; i < 3; i++) {
        refused(sides[i], EBUSY, "/disks/x.db");
        cr_assert_eq(rename(at(sides[i]), at("y.db")), 0);
        cr_assert_eq(stat(at("y.db"), &before), 0);
        refused("y.db", EBUSY, sides[i]);
        cr_assert_eq(stat(at("y.db"), &after), 0);
        cr_assert_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
        cr_assert_eq(rename(at("y.db"), at(sides[i])), 0);
    }
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    end();
}

Test(sources, a_file_is_opened_once, .timeout = 60)
{
    begin();
    mounts("fs", "x.db");
    cr_assert_eq(link(at("x.db"), at("hard.db")), 0);
    cr_assert_eq(symlink("x.db", at("soft.db")), 0);
    refused("x.db", EBUSY, "/disks/x.db");
    refused("hard.db", EBUSY, "/disks/x.db");
    refused("soft.db", EBUSY, "/disks/x.db");
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    refused("x.db", EBUSY, "has 2 names");
    refused("hard.db", EBUSY, "has 2 names");
    call_done_ok(&c, "SC_MAKE_FS", mount_params("fs", "hard.db", ",readonly"));
    refused("x.db", EBUSY, "/disks/hard.db");
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    cr_assert_eq(unlink(at("x.db")), 0);
    mounts("fs", "hard.db");
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    end();
}

Test(sources, readers_share_one_name, .timeout = 60)
{
    begin();
    mounts("fs", "x.db");
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    call_done_ok(&c, "SC_MAKE_FS", mount_params("one", "x.db", ",readonly"));
    call_done_ok(&c, "SC_MAKE_FS", mount_params("two", "x.db", ",readonly"));
    refused("x.db", EBUSY, "/disks/x.db");
    call_done_ok(&c, "SC_RM_FS", "[\"one\"]");
    refused("x.db", EBUSY, "/disks/x.db");
    call_done_ok(&c, "SC_RM_FS", "[\"two\"]");
    mounts("fs", "x.db");
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    end();
}

/** A log that is another database by a second name would be written over. */
Test(sources, a_side_file_with_two_names_is_refused, .timeout = 60)
{
    begin();
    mounts("fs", "x.db");
    fill("fs");
    mounts("g", "y.db");
    call_done_ok(&c, "SC_RM_FS", "[\"g\"]");
    cr_assert_eq(link(at("x.db"), at("y.db-wal")), 0);
    refused("y.db", EBUSY, "y.db-wal");
    cr_assert_eq(unlink(at("y.db-wal")), 0);
    cr_assert_eq(link(at("x.db"), at("y.db-lock")), 0);
    refused("y.db", EBUSY, "y.db-lock");
    cr_assert_eq(unlink(at("y.db-lock")), 0);
    cr_assert_eq(rename(at("x.db"), at("y.db-wal")), 0);
    refused("y.db", EBUSY, "y.db-wal");
    cr_assert_eq(rename(at("y.db-wal"), at("x.db")), 0);
    call_expect(&c, "SC_READ", read_at(CHUNK_SIZE), "{\"data\":\"some text\"}");
    close_file();
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    mounts("fs", "x.db");
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    end();
}

Test(sources, a_lock_that_is_somebodys_file_keeps_its_content, .timeout = 60)
{
    char text[32] = "";
    FILE *f;

    begin();
    write_file(at("x.db-lock"), "my own notes");
    refused("x.db", EBUSY, "foreign content");
    f = fopen(at("x.db-lock"), "r");
    cr_assert_not_null(fgets(text, sizeof(text), f));
    (void)fclose(f);
    cr_assert_str_eq(text, "my own notes");
    write_file(at("x.db-lock"), "4711\n"); /* as after a crash */
    mounts("fs", "x.db");
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    end();
}

Test(sources, the_state_directory_is_the_daemons_own, .timeout = 60)
{
    begin();
    refused("state/root.db", EACCES, "state directory");
    refused("state/root.db-wal", EACCES, "state directory");
    refused("state/new.db", EACCES, "state directory");
    cr_assert_eq(mkdir(at("state/deep"), 0700), 0);
    refused("state/deep/new.db", EACCES, "state directory");
    mounts("fs", "state/mine/x.db"); /* below a root of its own */
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    refused("state/mine/../root.db", EACCES, "state directory");
    cr_assert_eq(symlink("../root.db", at("state/mine/door.db")), 0);
    refused("state/mine/door.db", EACCES, "state directory");
    cr_assert_eq(symlink("state", at("door")), 0);
    refused("door/new.db", EACCES, "state directory");
    cr_assert_eq(rename(at("state"), at("elsewhere")), 0);
    refused("elsewhere/new.db", EACCES, "state directory");
    refused("elsewhere/deep/new.db", EACCES, "state directory");
    cr_assert_eq(rename(at("elsewhere"), at("state")), 0);
    cr_assert_eq(link(at("state/root.db"), at("mine.db")), 0);
    refused("mine.db", EBUSY, "root.db");
    end();
}

/** Nothing of these kinds is opened: a FIFO would keep the daemon waiting. */
Test(sources, only_regular_files, .timeout = 60)
{
    begin();
    cr_assert_eq(mkfifo(at("fifo.db"), 0600), 0);
    refused("fifo.db", ENOTBLK, "regular file");
    cr_assert_eq(symlink("fifo.db", at("link.db")), 0);
    refused("link.db", ENOTBLK, "regular file");
    cr_assert_eq(mkdir(at("dir.db"), 0700), 0);
    refused("dir.db", ENOTSUP, "directory");
    if (mknod(at("null.db"), S_IFCHR | 0600, 0x103) == 0)
        refused("null.db", ENOTBLK, "regular file");
    call_fails(&c, "SC_MAKE_FS", "[\"hostfs\", \"n\", 0, \"source=//host/share\"]", ENOTSUP,
               "//host/share: no driver for network targets yet");
    call_fails(&c, "SC_MAKE_FS", "[\"hostfs\", \"n\", 0, \"source=share\"]", ENOTSUP,
               "source=/DIR");
    mounts("fs", "x.db");
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    cr_assert_eq(mkfifo(at("x.db-wal"), 0600), 0);
    refused("x.db", ENOTSUP, "x.db-wal");
    cr_assert_eq(unlink(at("x.db-wal")), 0);
    cr_assert_eq(mkfifo(at("x.db-lock"), 0600), 0);
    refused("x.db", ENOTSUP, "x.db-lock");
    cr_assert_eq(unlink(at("x.db-lock")), 0);
    cr_assert_eq(symlink("../../stray", at("x.db-shm")), 0);
    refused("x.db", ENOTSUP, "x.db-shm");
    end();
}

Test(sources, names_leave_room_for_side_files, .timeout = 60)
{
    char name[256];

    begin();
    memset(name, 'x', sizeof(name));
    name[255 - strlen("-journal")] = '\0';
    mounts("fs", name);
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    name[255 - strlen("-journal")] = 'x';
    name[255 - strlen("-journal") + 1] = '\0';
    refused(name, ENAMETOOLONG, "too long");
    end();
}

/** What others can write to may be cut short at any moment: an error then, and no SIGBUS. */
Test(sources, a_file_of_others_cut_short, .timeout = 60)
{
    begin();
    mounts("fs", "x.db");
    fill("fs");
    close_file();
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    cr_assert_eq(chmod(at("x.db"), 0666), 0);
    mounts("fs", "x.db");
    cr_assert_eq(access(at("x.db-shm"), F_OK), -1);
    fd = call_int(&c, "SC_OPEN", "[\"fs:/f\",[\"READ\"]]", "fd");
    call_expect(&c, "SC_READ", read_at(0), "{\"data\":\"some text\"}");
    cr_assert_eq(truncate(at("x.db"), 4096), 0);
    call_fails(&c, "SC_READ", read_at(7 * CHUNK_SIZE - 9), EIO, NULL);
    close_file();
    call_done_ok(&c, "SC_RM_FS", "[\"fs\"]");
    end();
}

/* ---- The race between looking a path up and opening it ---- */

struct flipper {
    atomic_bool stop;
    bool failed;
    char in[PATH_SIZE], out[PATH_SIZE], fresh[PATH_SIZE], door[PATH_SIZE];
};

static bool put_link(const struct flipper *f, const char *target)
{
    return symlink(target, f->fresh) == 0 && rename(f->fresh, f->door) == 0;
}

/** Make the door a link inwards and outwards in turns. Criterion is not for threads. */
static void *flip(void *arg)
{
    struct flipper *f = arg;

    while (!atomic_load(&f->stop) && !f->failed)
        f->failed = !put_link(f, f->out) || !put_link(f, f->in);
    return NULL;
}

Test(sources, a_directory_swapped_for_a_link_leads_nowhere, .timeout = 60)
{
    struct flipper f = {.stop = false};
    char params[TEXT_SIZE];
    pthread_t thread;

    begin();
    (void)text_of(f.in, PATH_SIZE, "%s", at("in"));
    (void)text_of(f.out, PATH_SIZE, "%s/out", d.dir);
    (void)text_of(f.fresh, PATH_SIZE, "%s", at("fresh"));
    (void)text_of(f.door, PATH_SIZE, "%s", at("door"));
    cr_assert_eq(mkdir(f.in, 0700), 0);
    cr_assert_eq(mkdir(f.out, 0700), 0);
    cr_assert_eq(pthread_create(&thread, NULL, flip, &f), 0);
    for (int i = 0; i < RACE_TRIES; i++) {
        client_sendf(&c,
                     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_MAKE_FS\",\"params\":"
                     "{\"driver\":\"sqlitefs\",\"fs_name\":\"k\",\"opts\":\"source=%s\"}}",
                     text_of(params, sizeof(params), "%s/n%d.db", f.door, i));
        if (strstr(client_line(&c), "\"result\"") != NULL)
            call_done_ok(&c, "SC_RM_FS", "[\"k\"]");
    }
    atomic_store(&f.stop, true);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_not(f.failed);
    cr_assert_eq(rmdir(f.out), 0, "something was made outside of the source root");
    end();
}
