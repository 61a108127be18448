/* SPDX-License-Identifier: MIT */
/* Calls of all forms through the installed library, and what a daemon makes of them. Prints nothing. */
#include <errno.h>
#include <pthread.h>
#include <scbox.h>
#include <scbox_calls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 50 };

static struct scbox_error error = SCBOX_ERROR_INIT;
static struct scbox_conn *conn;

#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s: %s %s\n", __LINE__, #condition, error.name,              \
                    error.reason);                                                                 \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define OK(call) NEED((call) == SCBOX_OK)
#define REFUSED(call, errno_value) NEED((call) == SCBOX_REFUSED && error.code == (errno_value))

static void files(void)
{
    struct scbox_dirent entry;
    struct scbox_stat stat;
    struct scbox_stat_ex more;
    char buf[16];
    size_t len = 0;
    uint64_t length = 0;
    uint32_t mode = 0;
    int32_t fd = 0;

    OK(scbox_make_fs(conn, "ramfs", "t", 0, "", &error));
    OK(scbox_create(conn, "t:/d", SCBOX_FT_DIR, &error));
    OK(scbox_open(conn, "t:/d/\xFF", SCBOX_FM_READ | SCBOX_FM_WRITE | SCBOX_FM_CREATE, &fd,
                  &error));
    OK(scbox_get_mode(conn, fd, &mode, &error));
    NEED((mode & SCBOX_FM_WRITE) != 0 && (mode & SCBOX_FM_READDIR) == 0);
    OK(scbox_write(conn, fd, 1, "\xFE\0x", 3, &length, &error));
    NEED(length == 3);
    OK(scbox_read(conn, fd, 0, sizeof buf, buf, &len, &error));
    NEED(len == 4 && memcmp(buf, "\0\xFE\0x", 4) == 0);
    OK(scbox_stat_open(conn, fd, &stat, &error));
    NEED(stat.size == 4 && stat.type == SCBOX_FT_REGULAR);
    OK(scbox_close(conn, fd, &error));
    REFUSED(scbox_read(conn, fd, 0, 1, buf, &len, &error), EBADF);
    OK(scbox_utimes(conn, "t:/d/\xFF", INT64_MIN, INT64_MAX, &error));
    OK(scbox_fstat_ex(conn, "t:/d/\xFF", &more, &error));
    NEED(more.mtime == INT64_MAX && more.size == 4);
    OK(scbox_symlink(conn, "\xFF", "t:/d/l", &error));
    OK(scbox_readlink(conn, "t:/d/l", sizeof buf, buf, &len, &length, &error));
    NEED(len == 1 && length == 1 && buf[0] == '\xFF');
    OK(scbox_open(conn, "t:/d", SCBOX_FM_READDIR, &fd, &error));
    OK(scbox_readdir(conn, fd, 0, &entry, &error));
    REFUSED(scbox_readdir(conn, fd, 9, &entry, &error), ENOENT);
    NEED(strcmp(entry.name, "\xFF") == 0 || strcmp(entry.name, "l") == 0);
}

static void names(void)
{
    struct scbox_fs_entry entry;
    uint32_t n = 0;

    OK(scbox_subfs(conn, "s", "t", "/d", SCBOX_FM_READ, 0, &error));
    while (scbox_fs_enum(conn, n, &entry, &error) == SCBOX_OK && strcmp(entry.name, "s") != 0)
        n++;
    NEED(strcmp(entry.name, "s") == 0 && strcmp(entry.driver, "ramfs") == 0);
    NEED(strcmp(entry.root, "/d") == 0 && entry.ok_modes == SCBOX_FM_READ);
    REFUSED(scbox_delete(conn, "s:/l", &error), EACCES);
    NEED(strstr(error.reason, "lacks DDELETE") != NULL && error.hint != NULL);
    OK(scbox_rm_fs(conn, "s", &error));
    REFUSED(scbox_stat(conn, "s:/l", NULL, &error), ENODEV);
}

static void channels(void)
{
    struct scbox_channel ends;
    int32_t fds[2];
    int32_t ready = -1;

    OK(scbox_mk_channel(conn, 0, &ends, &error));
    fds[0] = ends.first;
    fds[1] = ends.second;
    REFUSED(scbox_read(conn, ends.second, 0, 1, NULL, NULL, &error), EAGAIN);
    OK(scbox_write(conn, ends.first, 0, "x", 1, NULL, &error));
    OK(scbox_select(conn, fds + 1, 1, 0, &ready, &error));
    NEED(ready == ends.second);
}

static void processes(void)
{
    static const char *const argv[] = {"prog", "\xFF", NULL};
    static const char *const env[] = {"A=b", NULL};
    struct scbox_proc_status status;
    char params[64];
    char block[64];
    size_t len = 0;
    uint64_t length = 0;
    int32_t pid = 0;

    REFUSED(scbox_proc_wait_any(conn, &status, &error), ECHILD);
    OK(scbox_new_proc(conn, &pid, &error));
    OK(scbox_set_args(conn, pid, argv, env, &error));
    OK(scbox_proc_status(conn, pid, &status, &error));
    NEED(status.pid == pid && status.state == SCBOX_PS_LOADING);
    snprintf(params, sizeof params, "{\"pid\":\n%d}", (int)pid);
    OK(scbox_call(conn, "proc.drive", params, SCBOX_FOREVER, NULL, &error));
    NEED(scbox_act_as(conn, pid) == 0);
    OK(scbox_args(conn, sizeof block, block, &len, &length, &error));
    NEED(len == 13 && length == 13 && memcmp(block, "2\0prog\0\xFF\0A=b", 13) == 0);
    OK(scbox_exit(conn, -7, &error));
    NEED(scbox_act_as(conn, 0) == pid);
    OK(scbox_proc_wait(conn, pid, &status, &error));
    NEED(status.state == SCBOX_PS_DONE && status.return_code == -7);
}

static char printed[64];

static void on_event(void *user, const char *method, const char *params)
{
    char *bytes = NULL;
    size_t len = 0;

    NEED(user == printed && strcmp(method, "event") == 0);
    if (scbox_data(params, &bytes, &len) == 0)
        snprintf(printed, sizeof printed, "%s", bytes);
    free(bytes);
}

static void events(void)
{
    scbox_on_event(conn, on_event, printed);
    OK(scbox_subscribe(conn, "log", false, SCBOX_FOREVER, &error));
    OK(scbox_dbg_print(conn, "hello", 5, &error));
    while (printed[0] == '\0')
        OK(scbox_poll(conn, SCBOX_FOREVER, &error));
    NEED(strcmp(printed, "hello") == 0);
    scbox_on_event(conn, NULL, NULL);
}

static void mistakes(void)
{
    static char large[SCBOX_TRANSFER_MAX + 1];
    char *result = NULL;
    int32_t fd = 0;

    NEED(scbox_call(conn, "no.such", "{}", 1000, &result, &error) == SCBOX_REFUSED);
    NEED(error.code == SCBOX_E_METHOD && error.hint != error.reason && result == NULL);
    REFUSED(scbox_open(conn, "", SCBOX_FM_READ, &fd, &error), EINVAL);
    OK(scbox_open(conn, "t:/large", SCBOX_FM_WRITE | SCBOX_FM_CREATE, &fd, &error));
    OK(scbox_write(conn, fd, 0, large, SCBOX_TRANSFER_MAX, NULL, &error));
    NEED(scbox_write(conn, fd, 0, large, sizeof large, NULL, &error) == SCBOX_REFUSED);
    NEED(error.code == SCBOX_E_PARAMS);
    NEED(scbox_read(conn, fd, 0, sizeof large, large, NULL, &error) == SCBOX_REFUSED);
    OK(scbox_call(conn, "server.info", NULL, SCBOX_FOREVER, &result, &error));
    NEED(strstr(result, scbox_version()) != NULL);
    free(result);
}

/** A connection of its own, used at the same time as others. */
static void *thread(void *user)
{
    struct scbox_error why = SCBOX_ERROR_INIT;
    struct scbox_conn *own = NULL;
    int *good = user;

    if (scbox_connect(NULL, &own, &why) != SCBOX_OK)
        return NULL;
    for (int i = 0; i < ROUNDS && *good == i; i++)
        *good += scbox_stat(own, "nosuch:/", NULL, &why) == SCBOX_REFUSED && why.code == ENODEV;
    scbox_error_done(&why);
    scbox_disconnect(own);
    return NULL;
}

static void threads(void)
{
    pthread_t ids[THREADS];
    int rounds[THREADS] = {0};

    for (int i = 0; i < THREADS; i++)
        NEED(pthread_create(&ids[i], NULL, thread, &rounds[i]) == 0);
    for (int i = 0; i < THREADS; i++)
        NEED(pthread_join(ids[i], NULL) == 0 && rounds[i] == ROUNDS);
}

int main(void)
{
    OK(scbox_connect(NULL, &conn, &error));
    scbox_set_timeout(conn, 30 * 1000);
    files();
    names();
    channels();
    processes();
    events();
    mistakes();
    threads();
    scbox_error_done(&error);
    scbox_disconnect(conn);
    return 0;
}
