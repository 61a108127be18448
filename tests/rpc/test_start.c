/* SPDX-License-Identifier: MIT */
/* Start and stop of scboxd: what it refuses and how it says so, what it leaves behind. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/** A user that is neither root nor the daemon's. */
enum { STRANGER = 65534 };

static const char *const plain[] = {"-s", "{dir}/run/s", "-d", "{dir}/state", "-n", NULL};

/** Run with arguments that must be refused: exit status and a word of the one line it says. */
static void expect_refusal(struct daemon *d, const char *const *args, int status, const char *word)
{
    char *log;

    daemon_spawn(d, args);
    cr_assert_eq(daemon_wait(d), status);
    log = daemon_log_text(d);
    cr_assert(strstr(log, word) != NULL, "expected '%s' in: %s", word, log);
    cr_assert_eq(strchr(log, '\n'), log + strlen(log) - 1, "more than one line: %s", log);
    free(log);
}

static void write_file(const struct daemon *d, const char *name, const char *text)
{
    char path[256];
    FILE *f = fopen(text_of(path, sizeof(path), "%s/%s", d->dir, name), "w");

    cr_assert_not_null(f);
    (void)fputs(text, f);
    (void)fclose(f);
}

Test(start, makes_private_directories_and_says_ready, .timeout = 60)
{
    struct daemon d;
    struct stat st;
    char path[256];
    char *log;

    daemon_prepare(&d);
    daemon_spawn(&d, plain);
    daemon_await_ready(&d);
    cr_assert_eq(stat(text_of(path, sizeof(path), "%s/run", d.dir), &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0700);
    cr_assert_eq(stat(text_of(path, sizeof(path), "%s/state", d.dir), &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0700);
    log = daemon_log_text(&d);
    cr_assert(strncmp(log, "scboxd ready: ", 14) == 0, "%s", log);
    free(log);
    daemon_stop(&d);
}

Test(start, without_guests_it_says_so, .timeout = 60)
{
    static const char *const args[] = {"-s", "{dir}/run/s", "-d", "{dir}/state",
                                       "-n", "--no-guests", NULL};
    struct daemon d;
    cJSON *info;
    char *text;

    daemon_prepare(&d);
    daemon_spawn(&d, args);
    daemon_await_ready(&d);
    info = call_ok(&d.control, "server.info", NULL);
    text = cJSON_PrintUnformatted(info);
    cr_assert_not_null(strstr(text, "\"i386\":\"ELF guests are disabled in this daemon"), "%s",
                       text);
    cr_assert_null(strstr(text, "\"x86_64\":true"), "%s", text);
    cJSON_free(text);
    cJSON_Delete(info);
    daemon_stop(&d);
}

Test(start, a_daemon_already_running_is_left_alone, .timeout = 60)
{
    struct daemon d;
    pid_t first;

    daemon_prepare(&d);
    daemon_spawn(&d, plain);
    daemon_await_ready(&d);
    first = d.pid;
    expect_refusal(&d, plain, 1, "is already running there");
    d.pid = first;
    call_done_ok(&d.control, "server.info", NULL);
    daemon_stop(&d);
}

Test(start, a_dead_daemons_socket_is_taken_over, .timeout = 60)
{
    struct daemon d;

    daemon_prepare(&d);
    daemon_spawn(&d, plain);
    daemon_await_ready(&d);
    (void)kill(d.pid, SIGKILL);
    cr_assert_eq(daemon_wait(&d), 128 + SIGKILL);
    cr_assert_eq(access(d.socket, F_OK), 0);
    client_close(&d.control);
    daemon_spawn(&d, plain);
    daemon_await_ready(&d);
    daemon_stop(&d);
}

Test(start, places_that_do_not_do_are_refused, .timeout = 60)
{
    const char *const open_dir[] = {"-s", "{dir}/open/s", "-d", "{dir}/state", NULL};
    const char *const no_socket[] = {"-s", "{dir}/file", "-d", "{dir}/state", NULL};
    const char *const below_file[] = {"-s", "{dir}/file/s", "-d", "{dir}/state", NULL};
    const char *const bad_state[] = {"-s", "{dir}/run/s", "-d", "{dir}/file", NULL};
    char long_path[256];
    const char *const too_long[] = {"-s", long_path, "-d", "{dir}/state", NULL};
    struct daemon d;
    char path[256];

    daemon_prepare(&d);
    cr_assert_eq(mkdir(text_of(path, sizeof(path), "%s/open", d.dir), 0700), 0);
    cr_assert_eq(chmod(path, 0755), 0);
    write_file(&d, "file", "");
    expect_refusal(&d, open_dir, 1, "chmod 700");
    expect_refusal(&d, no_socket, 1, "not a socket");
    expect_refusal(&d, below_file, 1, "directory");
    expect_refusal(&d, bad_state, 1, "file");
    memset(long_path, 'x', sizeof(long_path));
    (void)memcpy(long_path, "/tmp/", 5);
    long_path[108] = '\0';
    expect_refusal(&d, too_long, 1, "at most 107 bytes");
    daemon_clean(&d);
}

Test(start, a_disk_that_is_no_database_is_refused, .timeout = 60)
{
    const char *const args[] = {"-s", "{dir}/run/s", "-d", "{dir}", NULL};
    struct daemon d;
    char path[256];

    daemon_prepare(&d);
    write_file(&d, "root.db", "certainly not a database");
    expect_refusal(&d, args, 1, "the default machine's root: Input/output error; ");
    cr_assert_neq(access(d.socket, F_OK), 0, "the socket is left behind");
    cr_assert_eq(access(text_of(path, sizeof(path), "%s/root.db", d.dir), F_OK), 0);
    daemon_clean(&d);
}

Test(start, the_default_machines_disk_outlives_the_daemon, .timeout = 60)
{
    const char *const args[] = {"-s", "{dir}/run/s", "-d", "{dir}/state", NULL};
    struct daemon d;

    daemon_prepare(&d);
    daemon_spawn(&d, args);
    daemon_await_ready(&d);
    call_done_ok(&d.control, "SC_OPEN", "[\"root:/kept\",[\"WRITE\",\"CREATE\"]]");
    call_done_ok(&d.control, "SC_WRITE", "[1,0,\"still here\"]");
    (void)kill(d.pid, SIGTERM);
    cr_assert_eq(daemon_wait(&d), 0);
    client_close(&d.control);
    daemon_spawn(&d, args);
    daemon_await_ready(&d);
    call_done_ok(&d.control, "SC_OPEN", "[\"root:/kept\",[\"READ\"]]");
    call_expect(&d.control, "SC_READ", "[1,0,100]", "{\"data\":\"still here\"}");
    daemon_stop(&d);
}

/** The state directory is where the daemon was started, for a relative one; sources in it, too. */
static void expect_state(struct daemon *d, const char *const *args, const char *disk)
{
    char path[256];

    daemon_spawn(d, args);
    daemon_await_ready(d);
    call_done_ok(&d->control, "SC_STAT", "[\"root:/\"]");
    (void)kill(d->pid, SIGTERM);
    cr_assert_eq(daemon_wait(d), 0);
    client_close(&d->control);
    cr_assert_eq(access(text_of(path, sizeof(path), "%s/%s", d->dir, disk), F_OK), 0);
}

Test(start, a_relative_state_directory_is_below_where_it_was_started, .timeout = 60)
{
    const char *const option[] = {"-s", "{dir}/run/s", "-d", "mine", NULL};
    const char *const dots[] = {"-s", "{dir}/run/s", "-d", "./run/../other", NULL};
    const char *const config[] = {"-s", "{dir}/run/s", "-c", "{dir}/config.json", NULL};
    struct daemon d;

    daemon_prepare(&d);
    write_file(&d, "config.json", "{\"state\":\"from/config\"}");
    cr_assert_eq(chdir(d.dir), 0);
    expect_state(&d, option, "mine/root.db");
    expect_state(&d, dots, "other/root.db");
    expect_state(&d, config, "from/config/root.db");
    cr_assert_eq(chdir("/"), 0);
    daemon_clean(&d);
}

/** Run a daemon whose default disk gets this option, and end it again. */
static void run_with_quota(struct daemon *d, const char *quota, bool may_grow)
{
    const char *const args[] = {"-s", "{dir}/run/s", "-d", "{dir}/state", "-q", quota, NULL};

    daemon_spawn(d, args);
    daemon_await_ready(d);
    call_done_ok(&d->control, "SC_OPEN", "[\"root:/f\",[\"WRITE\",\"CREATE\",\"APPEND\"]]");
    if (may_grow)
        call_done_ok(&d->control, "SC_WRITE", "[1,0,\"0123456789\"]");
    else
        call_fails(&d->control, "SC_WRITE", "[1,0,\"0123456789\"]", EDQUOT, "holds 20 of 20 bytes");
    (void)kill(d->pid, SIGTERM);
    cr_assert_eq(daemon_wait(d), 0);
    client_close(&d->control);
}

static bool has_logged(const struct daemon *d, const char *text)
{
    char *log = daemon_log_text(d);
    bool found = strstr(log, text) != NULL;

    free(log);
    return found;
}

Test(start, the_default_machines_disk_has_a_quota, .timeout = 60)
{
    struct daemon d;

    daemon_prepare(&d);
    run_with_quota(&d, "10", true);
    run_with_quota(&d, "none", true);
    cr_assert(!has_logged(&d, "quota"));
    run_with_quota(&d, "15", false);
    cr_assert(has_logged(&d, "holds 20 bytes, more than its quota of 15"));
    run_with_quota(&d, "auto", false);
    run_with_quota(&d, "1K", true);
    daemon_clean(&d);
}

/** Connect as another user and tell whether the daemon lets it in. */
static bool stranger_gets_in(const struct daemon *d)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct client c;
        const char *line;

        if (setresuid(STRANGER, STRANGER, STRANGER) < 0)
            _exit(2);
        client_open(&c, d->socket);
        client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.info\"}");
        line = client_line(&c);
        if (line == NULL)
            _exit(2);
        _exit(strstr(line, "\"code\":-32005") != NULL ? 1 : 0);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 0;
}

/** Let everybody reach the socket, so that only the check of the peer's user is left. */
static void open_doors(const struct daemon *d)
{
    char path[256];

    cr_assert_eq(chmod(d->dir, 0711), 0);
    cr_assert_eq(chmod(text_of(path, sizeof(path), "%s/run", d->dir), 0711), 0);
    cr_assert_eq(chmod(d->socket, 0666), 0);
}

Test(start, only_listed_users_get_in, .timeout = 60)
{
    struct daemon d;

    if (geteuid() != 0)
        cr_skip_test("only root can become another user");
    daemon_start(&d, NULL);
    open_doors(&d);
    cr_assert_not(stranger_gets_in(&d));
    cr_assert_eq(daemon_stat(&d, "connections_refused"), 1);
    daemon_stop(&d);
    daemon_start(&d, "{\"allow_uids\":[7, 65534]}");
    open_doors(&d);
    cr_assert(stranger_gets_in(&d));
    daemon_stop(&d);
}

/** How often a word stands in a text. */
static int count_of(const char *text, const char *word)
{
    int count = 0;

    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        count++;
    return count;
}

Test(start, a_lack_of_file_descriptors_is_told_and_logged_once, .timeout = 60)
{
    enum { FILES = 64, CLIENTS = 80 };
    const struct rlimit few = {FILES, FILES};
    struct client all[CLIENTS];
    struct daemon d;
    int open_count = 0;
    int refused = 0;
    char *log;

    daemon_start(&d, NULL);
    cr_assert_eq(prlimit(d.pid, RLIMIT_NOFILE, &few, NULL), 0);
    while (open_count < CLIENTS && refused < 3) {
        struct client *c = &all[open_count++];

        client_open(c, d.socket);
        client_send(c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.info\"}");
        refused += strstr(client_line(c), "\"code\":24,\"message\":\"EMFILE\"") != NULL;
    }
    cr_assert_eq(refused, 3);
    log = daemon_log_text(&d);
    cr_assert_eq(count_of(log, "ulimit -n"), 1, "%s", log);
    free(log);
    while (open_count > 0)
        client_close(&all[--open_count]);
    daemon_stop(&d);
}

Test(start, bad_usage_is_one_line_and_exit_2, .timeout = 60)
{
    const char *const level[] = {"-l", "loud", NULL};
    const char *const extra[] = {"file", NULL};
    const char *const empty[] = {"-s", "", NULL};
    const char *const missing[] = {"-c", "{dir}/none.json", NULL};
    struct daemon d;

    daemon_prepare(&d);
    expect_refusal(&d, level, 2, "loud");
    expect_refusal(&d, extra, 2, "file");
    expect_refusal(&d, empty, 2, "--socket");
    expect_refusal(&d, missing, 2, "No such file");
    daemon_clean(&d);
}

Test(start, bad_configuration_names_line_and_column, .timeout = 60)
{
    static const struct {
        const char *text, *word;
    } cases[] = {
        {"", "config.json:1:1: the text ends too early"},
        {"{\n  \"socket\": 5\n}", "config.json:2:13: a string was expected"},
        {"{\n  \"sockets\": \"x\"\n}", "config.json:2:3: unknown key \"sockets\""},
        {"{\"log_level\":\"loud\"}", "config.json:1:14: none of error"},
        {"{\"limits\":{\"sessions\":0}}", "config.json:1:23: the number is outside 1 to 65536"},
        {"{\"limits\":{\"sessions\":1.5}}", "config.json:1:23: a whole number"},
        {"{\"limits\":{\"seasons\":1}}", "config.json:1:12: unknown limit \"seasons\""},
        {"{\"limits\":[]}", "config.json:1:11: an object was expected"},
        {"{\"allow_uids\":[1,-1]}", "config.json:1:18: a whole number"},
        {"{\"source_roots\":\"/\"}", "config.json:1:17: an array"},
        {"{\"default_machine\":1}", "config.json:1:20: true or false"},
        {"{\"state\":\"a\",\n\"state\":\"b\"}", "config.json:2:1: key \"state\" given twice"},
        {"[]", "config.json:1:1: an object was expected"},
        {"{\"socket\":\"a\"", "config.json:1:14: the text ends too early"},
        {"{\"socket\":\"a\"}}", "config.json:1:15: there is text behind the value"},
    };
    const char *const args[] = {"-c", "{dir}/config.json", NULL};
    struct daemon d;

    daemon_prepare(&d);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_file(&d, "config.json", cases[i].text);
        expect_refusal(&d, args, 2, cases[i].word);
    }
    daemon_clean(&d);
}

Test(start, flags_override_configuration_overrides_defaults, .timeout = 60)
{
    const char *const args[] = {"-c", "{dir}/config.json", "-s", "{dir}/run/s", "-l", "debug",
                                NULL};
    struct daemon d;
    char config[512];
    char path[256];

    daemon_prepare(&d);
    write_file(&d, "config.json",
               text_of(config, sizeof(config),
                       "{\"socket\":\"%s/other\",\"state\":\"%s/mine\",\"log_level\":\"error\","
                       "\"default_machine\":false,\"allow_uids\":[1,2],\"source_roots\":[\"%s\"]}",
                       d.dir, d.dir, d.dir));
    daemon_spawn(&d, args);
    daemon_await_ready(&d);
    cr_assert_eq(access(text_of(path, sizeof(path), "%s/mine", d.dir), F_OK), 0);
    cr_assert_neq(access(text_of(path, sizeof(path), "%s/other", d.dir), F_OK), 0);
    call_expect(&d.control, "machine.list", NULL, "[]");
    daemon_stop(&d);
}

Test(start, help_and_version_exit_0, .timeout = 60)
{
    const char *const help[] = {"--help", NULL};
    const char *const version[] = {"--version", NULL};
    struct daemon d;

    daemon_prepare(&d);
    daemon_spawn(&d, help);
    cr_assert_eq(daemon_wait(&d), 0);
    daemon_spawn(&d, version);
    cr_assert_eq(daemon_wait(&d), 0);
    daemon_clean(&d);
}

/** Let calls of all kinds wait on a connection. */
static void park_some(struct client *c)
{
    client_send(c,
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_USLEEP\",\"params\":[3600000000]}");
    call_done_ok(c, "SC_NEW_PROC", NULL);
    client_send(c, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"SC_PROC_WAIT_ANY\"}");
    client_send(c, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"call.wait\",\"params\":[2]}");
    client_expect_silence(c);
}

static void expect_shutdown_answers(struct client *c)
{
    for (int i = 0; i < 2; i++)
        cr_assert(strstr(client_line(c), "\"code\":-32003,\"message\":\"Shutting down\"") != NULL);
    client_expect(
        c, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":null}"); /* what it waited for was answered */
    client_expect_end(c);
}

Test(start, signals_stop_it_with_calls_waiting, .timeout = 60)
{
    const int signals[] = {SIGTERM, SIGINT};
    struct daemon d;
    struct client c;

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        daemon_start(&d, NULL);
        client_open(&c, d.socket);
        park_some(&c);
        (void)kill(d.pid, signals[i]);
        expect_shutdown_answers(&c);
        cr_assert_eq(daemon_wait(&d), 0);
        cr_assert_neq(access(d.socket, F_OK), 0, "the socket is left behind");
        client_close(&c);
        client_close(&d.control);
        cJSON_free(d.census);
        daemon_clean(&d);
    }
}

Test(start, server_shutdown_answers_first, .timeout = 60)
{
    struct daemon d;
    struct client c;

    daemon_start(&d, NULL);
    client_open(&c, d.socket);
    park_some(&c);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"server.shutdown\"}");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":null}");
    expect_shutdown_answers(&c);
    cr_assert_eq(daemon_wait(&d), 0);
    client_close(&c);
    client_close(&d.control);
    cJSON_free(d.census);
    daemon_clean(&d);
}

Test(start, a_client_that_never_reads_does_not_stop_the_stop, .timeout = 60)
{
    struct daemon d;
    struct client c;

    daemon_start(&d, NULL);
    client_open(&c, d.socket);
    client_flood(&c, "rpc.discover", 100);
    daemon_await_stat(&d, "connections", 2);
    (void)kill(d.pid, SIGTERM);
    cr_assert_eq(daemon_wait(&d), 0);
    client_close(&c);
    client_close(&d.control);
    cJSON_free(d.census);
    daemon_clean(&d);
}

Test(start, more_signals_do_not_change_how_it_ends, .timeout = 60)
{
    enum { ROUNDS = 10, PAUSE_US = 200 };

    for (int i = 0; i < ROUNDS; i++) {
        struct daemon d;
        siginfo_t end = {.si_pid = 0};

        daemon_start(&d, NULL);
        client_close(&d.control);
        while (end.si_pid == 0) {
            (void)kill(d.pid, i % 2 == 0 ? SIGTERM : SIGINT);
            (void)usleep(PAUSE_US);
            cr_assert_eq(waitid(P_PID, (id_t)d.pid, &end, WEXITED | WNOHANG | WNOWAIT), 0);
        }
        cr_assert_eq(daemon_wait(&d), 0);
        daemon_clean(&d);
    }
}
