/* SPDX-License-Identifier: MIT */
/* hostfs in a daemon: what clients reach of the host's directory {dir}/disks, and what they do not. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATH_SIZE = 512, TEXT_SIZE = 1024, FILES_MAX = 64, RACE_TRIES = 1500 };

static struct daemon d;
static struct client c;

static void begin(const char *state)
{
    char path[PATH_SIZE];
    const char *const args[] = {"-s", "{dir}/run/s", "-d", state, "-r", "{dir}/disks", NULL};

    daemon_prepare(&d);
    cr_assert_eq(mkdir(text_of(path, sizeof(path), "%s/disks", d.dir), 0755), 0);
    daemon_spawn(&d, args);
    daemon_await_ready(&d);
    client_open(&c, d.socket);
}

static void end(void)
{
    client_close(&c);
    daemon_stop(&d);
}

/** A file of the host below the source root; "" the root. The answer is good for four calls. */
static const char *at(const char *name)
{
    static char paths[4][PATH_SIZE];
    static unsigned turn;

    return text_of(paths[turn++ % 4], PATH_SIZE, "%s/disks%s", d.dir, name);
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");

    cr_assert_not_null(f);
    (void)fputs(text, f);
    (void)fclose(f);
}

static const char *mount_params(const char *fs, const char *driver, const char *source,
                                const char *more)
{
    static char params[TEXT_SIZE];

    return text_of(params, sizeof(params),
                   "{\"driver\":\"%s\",\"fs_name\":\"%s\",\"opts\":\"source=%s%s\"}", driver, fs,
                   at(source), more);
}

static void mounts(const char *fs, const char *source, const char *more)
{
    call_done_ok(&c, "SC_MAKE_FS", mount_params(fs, "hostfs", source, more));
}

static const char *open_params(const char *path, const char *modes)
{
    static char params[TEXT_SIZE];

    return text_of(params, sizeof(params), "[\"%s\",[%s]]", path, modes);
}

static int64_t opens(const char *path, const char *modes)
{
    return call_int(&c, "SC_OPEN", open_params(path, modes), "fd");
}

static void open_fails(const char *path, const char *modes, int code)
{
    call_fails(&c, "SC_OPEN", open_params(path, modes), code, NULL);
}

static void closes(int64_t fd)
{
    char params[TEXT_SIZE];

    call_done_ok(&c, "SC_CLOSE", text_of(params, sizeof(params), "[%lld]", (long long)fd));
}

/** Whether a file begins with a text. */
static void reads(int64_t fd, const char *text)
{
    char params[TEXT_SIZE];
    cJSON *result =
        call_ok(&c, "SC_READ", text_of(params, sizeof(params), "[%lld,0,100]", (long long)fd));
    const cJSON *data = cJSON_GetObjectItem(result, "data");

    cr_assert_str_eq(cJSON_IsString(data) ? data->valuestring : "no text", text);
    cJSON_Delete(result);
}

Test(hostfs, a_directory_is_readonly_unless_asked, .timeout = 60)
{
    char params[TEXT_SIZE];
    int64_t fd;

    begin("{dir}/state");
    cr_assert_eq(mkdir(at("/d"), 0755), 0);
    put("/d/f", "from the host");
    mounts("h", "", ""); /* the source root itself */
    fd = opens("h:/d/f", "\"READ\"");
    reads(fd, "from the host");
    closes(fd);
    open_fails("h:/d/f", "\"READ\",\"WRITE\"", EROFS);
    open_fails("h:/new", "\"WRITE\",\"CREATE\"", EROFS);
    call_fails(&c, "SC_DELETE", "[\"h:/d/f\"]", EROFS, NULL);
    call_done_ok(&c, "SC_RM_FS", "[\"h\"]");

    mounts("w", "/d", ",write");
    fd = opens("w:/new", "\"READ\",\"WRITE\",\"CREATE\"");
    call_done_ok(&c, "SC_WRITE",
                 text_of(params, sizeof(params), "[%lld,0,\"from inside\"]", (long long)fd));
    reads(fd, "from inside");
    closes(fd);
    call_done_ok(&c, "SC_MOVE", "[\"w:/new\",\"w:/moved\"]");
    cr_assert_eq(access(at("/d/moved"), F_OK), 0);
    call_done_ok(&c, "SC_DELETE", "[\"w:/moved\"]");
    cr_assert_eq(access(at("/d/moved"), F_OK), -1);
    end();
}

Test(hostfs, nothing_but_files_and_directories_is_opened, .timeout = 60)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);

    begin("{dir}/state");
    cr_assert_eq(mkfifo(at("/fifo"), 0666), 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", at("/socket"));
    cr_assert_eq(bind(s, (const struct sockaddr *)&address, sizeof(address)), 0);
    mounts("h", "", ",timeout=5");
    open_fails("h:/fifo", "\"READ\"", ENXIO);
    open_fails("h:/socket", "\"READ\"", ENXIO);
    call_done_ok(&c, "SC_STAT", "[\"h:/fifo\"]");
    (void)close(s);
    end();
}

Test(hostfs, links_stay_in_the_view, .timeout = 60)
{
    int64_t fd;

    begin("{dir}/state");
    cr_assert_eq(mkdir(at("/d"), 0755), 0);
    put("/f", "the root's");
    put("/d/f", "the view's");
    cr_assert_eq(symlink("/f", at("/d/absolute")), 0);
    cr_assert_eq(symlink("../../../../etc/passwd", at("/d/upward")), 0);
    cr_assert_eq(symlink("/etc", at("/d/out")), 0);
    cr_assert_eq(symlink("loop", at("/d/loop")), 0);
    mounts("h", "/d", "");
    fd = opens("h:/absolute", "\"READ\"");
    reads(fd, "the view's");
    closes(fd);
    open_fails("h:/upward", "\"READ\"", ENOENT);
    open_fails("h:/out/passwd", "\"READ\"", ENOENT);
    open_fails("h:/loop", "\"READ\"", ELOOP);
    end();
}

/** Exchanges a directory and a link to what is outside, until told to stop. */
struct flipper {
    atomic_bool stop;
    char inside[PATH_SIZE];
    char link[PATH_SIZE];
};

static void *flip(void *user)
{
    struct flipper *f = user;

    while (!atomic_load(&f->stop))
        (void)renameat2(AT_FDCWD, f->inside, AT_FDCWD, f->link, RENAME_EXCHANGE);
    return NULL;
}

Test(hostfs, a_directory_exchanged_for_a_link_leads_nowhere, .timeout = 60)
{
    struct flipper f = {.stop = false};
    char outside[PATH_SIZE];
    pthread_t thread;

    begin("{dir}/state");
    (void)text_of(outside, sizeof(outside), "%s/outside", d.dir);
    cr_assert_eq(mkdir(outside, 0755), 0);
    cr_assert_eq(mkdir(at("/d"), 0755), 0);
    cr_assert_eq(symlink(outside, at("/l")), 0);
    (void)text_of(f.inside, PATH_SIZE, "%s", at("/d"));
    (void)text_of(f.link, PATH_SIZE, "%s", at("/l"));
    mounts("h", "", ",write");
    cr_assert_eq(pthread_create(&thread, NULL, flip, &f), 0);
    for (int i = 0; i < RACE_TRIES; i++) {
        client_sendf(&c,
                     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_CREATE\",\"params\":"
                     "[\"h:/d/n%d\",\"FILE\"]}",
                     i);
        (void)client_line(&c);
    }
    atomic_store(&f.stop, true);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(rmdir(outside), 0, "something was made outside of the source");
    end();
}

Test(hostfs, a_directory_that_is_written_has_no_other_user, .timeout = 60)
{
    begin("{dir}/state");
    cr_assert_eq(mkdir(at("/d"), 0755), 0);
    cr_assert_eq(mkdir(at("/d/e"), 0755), 0);
    mounts("h", "/d", ",write");
    call_fails(&c, "SC_MAKE_FS", mount_params("db", "sqlitefs", "/d/e/x.db", ""), EBUSY,
               "may change");
    call_fails(&c, "SC_MAKE_FS", mount_params("i", "hostfs", "/d/e", ""), EBUSY, "may change");
    call_fails(&c, "SC_MAKE_FS", mount_params("i", "hostfs", "/d", ""), EBUSY, NULL);
    mounts("above", "", "");
    call_done_ok(&c, "SC_RM_FS", "[\"above\"]");
    call_done_ok(&c, "SC_RM_FS", "[\"h\"]");

    call_done_ok(&c, "SC_MAKE_FS", mount_params("db", "sqlitefs", "/d/e/x.db", ""));
    call_fails(&c, "SC_MAKE_FS", mount_params("h", "hostfs", "/d", ",write"), EBUSY,
               "another filesystem uses it");
    call_fails(&c, "SC_MAKE_FS", mount_params("h", "hostfs", "", ",write"), EBUSY, NULL);
    mounts("h", "/d", "");
    mounts("i", "/d", "");
    call_done_ok(&c, "SC_RM_FS", "[\"db\"]");
    call_fails(&c, "SC_MAKE_FS", mount_params("w", "hostfs", "", ",write"), EBUSY, NULL);
    call_done_ok(&c, "SC_RM_FS", "[\"h\"]");
    call_done_ok(&c, "SC_RM_FS", "[\"i\"]");
    mounts("w", "", ",write");
    end();
}

Test(hostfs, what_is_no_source, .timeout = 60)
{
    begin("{dir}/disks/private/state");
    put("/f", "");
    call_fails(&c, "SC_MAKE_FS", mount_params("h", "hostfs", "/f", ""), ENOTSUP, "no directory");
    call_fails(&c, "SC_MAKE_FS", mount_params("h", "hostfs", "/none", ""), ENOENT, NULL);
    call_fails(&c, "SC_MAKE_FS", "{\"driver\":\"hostfs\",\"fs_name\":\"h\",\"opts\":\"\"}", EINVAL,
               "source=/DIR");
    call_fails(&c, "SC_MAKE_FS",
               "{\"driver\":\"hostfs\",\"fs_name\":\"h\",\"opts\":\"source=/etc\"}", EACCES,
               "outside");
    call_fails(&c, "SC_MAKE_FS", mount_params("h", "hostfs", "/f", ",quota_bytes=1"), EINVAL,
               "quota");
    /* What holds the daemon's own files, or is among them. */
    call_fails(&c, "SC_MAKE_FS", mount_params("h", "hostfs", "", ""), EACCES, "state directory");
    call_fails(&c, "SC_MAKE_FS", mount_params("h", "hostfs", "/private", ""), EACCES,
               "state directory");
    call_fails(&c, "SC_MAKE_FS", mount_params("h", "hostfs", "/private/state", ""), EACCES,
               "state directory");
    end();
}

Test(hostfs, open_files_have_a_limit, .timeout = 60)
{
    begin("{dir}/state");
    put("/f", "x");
    mounts("h", "", "");
    for (int i = 0; i < FILES_MAX; i++)
        (void)opens("h:/f", "\"READ\"");
    open_fails("h:/f", "\"READ\"", EMFILE);
    closes(FILES_MAX);
    closes(opens("h:/f", "\"READ\""));
    end();
}

Test(hostfs, a_file_that_others_take_away_is_read_on, .timeout = 60)
{
    int64_t fd;

    begin("{dir}/state");
    put("/f", "old");
    put("/g", "new");
    mounts("h", "", "");
    fd = opens("h:/f", "\"READ\"");
    cr_assert_eq(rename(at("/g"), at("/f")), 0);
    reads(fd, "old");
    closes(fd);
    fd = opens("h:/f", "\"READ\"");
    cr_assert_eq(truncate(at("/f"), 1), 0);
    reads(fd, "n");
    closes(fd);
    end();
}
