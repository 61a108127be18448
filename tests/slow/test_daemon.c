/* SPDX-License-Identifier: MIT */
/*
 * A daemon with machines that stand still: a FIFO is the gate at which every slot waits as long as it is
 * there. So the tests say when a slot goes on, and depend on no time but a limit of one second.
 */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BRIEF "{\"driver\":\"ramfs\",\"fs_name\":\"brief\",\"opts\":\"timeout=1\"}"

enum { PATH_SIZE = 256, CALL_CANCELLED = -32800 };

static struct daemon d;
static struct client c; /* on the default machine */
static char gate[PATH_SIZE];

/** Slots wait from now on. */
static void close_gate(void)
{
    cr_assert_eq(mkfifo(gate, 0600), 0);
}

/** Those that wait now wait no more; later ones do. */
static void pass_gate(void)
{
    char next[PATH_SIZE + 8];

    (void)text_of(next, sizeof(next), "%s-next", gate);
    cr_assert_eq(mkfifo(next, 0600), 0);
    cr_assert_eq(rename(next, gate), 0);
}

/** They wait no more. */
static void open_gate(void)
{
    cr_assert_eq(unlink(gate), 0);
}

/** Wait until a slot waits at the gate. */
static void await_somebody(void)
{
    int fd;

    while ((fd = open(gate, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
        cr_assert(errno == ENXIO || errno == EINTR);
        (void)sched_yield();
    }
    (void)close(fd);
}

static void begin(void)
{
    char dir[] = "/tmp/scbox-slow-XXXXXX";

    cr_assert_not_null(mkdtemp(dir));
    (void)text_of(gate, sizeof(gate), "%s/gate", dir);
    cr_assert_eq(setenv("SCBOX_SLOW_GATE", gate, 1), 0);
    daemon_program = SCBOXD_SLOW_PATH;
    daemon_start(&d, NULL);
    client_open(&c, d.socket);
    call_done_ok(&c, "SC_ERRNO", "[]"); /* it has a session from now on */
}

static void remove_gate_dir(void)
{
    *strrchr(gate, '/') = '\0';
    (void)rmdir(gate);
}

static void end(void)
{
    client_close(&c);
    daemon_stop(&d);
    remove_gate_dir();
}

TestSuite(slow_daemon, .init = begin, .fini = end);

static void send_open(struct client *to, int id, const char *file)
{
    client_sendf(to,
                 "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"SC_OPEN\",\"params\":[\"%s\","
                 "[\"READ\",\"WRITE\",\"CREATE\"]]}",
                 id, file);
}

/** The next answer is this request's. Returns its error code, 0 none. */
static int answer_to(struct client *from, int id)
{
    cJSON *answer = client_json(from);
    const cJSON *error = cJSON_GetObjectItem(answer, "error");
    int code = error != NULL ? cJSON_GetObjectItem(error, "code")->valueint : 0;

    cr_assert_eq(cJSON_GetObjectItem(answer, "id")->valueint, id);
    cJSON_Delete(answer);
    return code;
}

Test(slow_daemon, other_machines_go_on)
{
    struct client other;

    call_done_ok(&d.control, "machine.create",
                 "{\"name\":\"other\",\"names\":[{\"name\":\"x\",\"driver\":\"devfs\"}]}");
    client_open(&other, d.socket);
    call_done_ok(&other, "session.open", "{\"machine\":\"other\"}");
    close_gate();
    send_open(&c, 100, "root:/a");
    for (int i = 0; i < 100; i++)
        call_done_ok(&other, "SC_ERRNO", "[]");
    call_done_ok(&d.control, "server.info", "{}");
    call_done_ok(&d.control, "machine.list", "{}");
    open_gate();
    cr_assert_eq(answer_to(&c, 100), 0);
    client_close(&other);
    call_done_ok(&d.control, "machine.destroy", "{\"machine\":\"other\"}");
}

Test(slow_daemon, calls_and_inspections_wait_in_order)
{
    struct client second;

    client_open(&second, d.socket);
    call_done_ok(&second, "SC_ERRNO", "[]");
    close_gate();
    send_open(&c, 100, "root:/a");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":101,\"method\":\"proc.tree\"}");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":102,\"method\":\"SC_ERRNO\",\"params\":[]}");
    client_send(&second, "{\"jsonrpc\":\"2.0\",\"id\":200,\"method\":\"fd.list\"}");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":103,\"method\":\"server.info\"}");
    cr_assert_eq(answer_to(&c, 103), 0); /* which is no machine's */
    open_gate();
    for (int id = 100; id <= 102; id++)
        cr_assert_eq(answer_to(&c, id), 0);
    cr_assert_eq(answer_to(&second, 200), 0);
    client_close(&second);
}

Test(slow_daemon, who_waits_is_cancelled)
{
    close_gate();
    send_open(&c, 100, "root:/a");
    await_somebody();
    send_open(&c, 101, "root:/b");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":101}}");
    cr_assert_eq(answer_to(&c, 101), CALL_CANCELLED);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":100}}");
    cr_assert_eq(answer_to(&c, 100), CALL_CANCELLED); /* its slot was interrupted */
    open_gate();
    call_fails(&c, "SC_OPEN", "[\"root:/a\",[\"READ\"]]", ENOENT, NULL);
    call_fails(&c, "SC_OPEN", "[\"root:/b\",[\"READ\"]]", ENOENT, NULL);
}

Test(slow_daemon, a_connection_that_goes_ends_its_session)
{
    struct client other;

    client_open(&other, d.socket);
    call_done_ok(&other, "SC_ERRNO", "[]");
    close_gate();
    send_open(&other, 100, "root:/a");
    send_open(&other, 101, "root:/b");
    client_close(&other);
    call_done_ok(&d.control, "server.info", "{}");
    open_gate();
    /* daemon_stop() sees that nothing is left of it. */
}

Test(slow_daemon, past_the_limit_EIO_and_the_machine_goes_on)
{
    call_done_ok(&c, "SC_MAKE_FS", BRIEF);
    close_gate();
    send_open(&c, 100, "brief:/a");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":101,\"method\":\"SC_ERRNO\",\"params\":[]}");
    cr_assert_eq(answer_to(&c, 100), EIO);
    cr_assert_eq(answer_to(&c, 101), 0);
    call_fails(&c, "SC_OPEN", "[\"brief:/b\",[\"READ\"]]", EIO, NULL);
    call_done_ok(&c, "SC_RM_FS", "[\"brief\"]");
    open_gate(); /* its worker comes back to a mount that is gone */
    call_done_ok(&c, "SC_OPEN", "[\"root:/a\",[\"READ\",\"WRITE\",\"CREATE\"]]");
}

Test(slow_daemon, a_machine_that_stands_is_destroyed)
{
    struct client other;

    call_done_ok(&d.control, "machine.create",
                 "{\"name\":\"other\",\"names\":[{\"name\":\"r\",\"driver\":\"ramfs\"}]}");
    client_open(&other, d.socket);
    call_done_ok(&other, "session.open", "{\"machine\":\"other\"}");
    close_gate();
    send_open(&other, 100, "r:/a");
    await_somebody();
    call_done_ok(&d.control, "machine.destroy", "{\"machine\":\"other\"}");
    call_fails(&d.control, "machine.info", "{\"machine\":\"other\"}", -32602, NULL);
    open_gate();
    client_close(&other);
    daemon_await_stat(&d, "machines", 1);
}

Test(slow_daemon, the_name_of_a_machine_that_ends_is_free_and_others_go_on)
{
    const char *make = "{\"name\":\"other\",\"names\":[{\"name\":\"r\",\"driver\":\"ramfs\"}]}";
    struct client other;

    call_done_ok(&d.control, "machine.create", make);
    client_open(&other, d.socket);
    call_done_ok(&other, "session.open", "{\"machine\":\"other\"}");
    call_done_ok(&other, "SC_OPEN", "[\"r:/a\",[\"WRITE\",\"CREATE\"]]");
    close_gate();
    call_done_ok(&d.control, "machine.destroy", "{\"machine\":\"other\"}"); /* it closes the file */
    await_somebody();
    call_fails(&d.control, "machine.destroy", "{\"machine\":\"other\"}", -32602, NULL);
    call_done_ok(&d.control, "machine.create", "{\"name\":\"other\"}");
    cr_assert_eq(daemon_stat(&d, "machines"), 3);
    for (int i = 0; i < 100; i++)
        call_done_ok(&c, "SC_ERRNO", "[]");
    open_gate();
    client_close(&other);
    daemon_await_stat(&d, "machines", 2);
    call_done_ok(&d.control, "machine.destroy", "{\"machine\":\"other\"}");
    daemon_await_stat(&d, "machines", 1);
}

/** Making filesystems has only their own machine stand, from the first one on. */
Test(slow_daemon, who_makes_filesystems_delays_nobody)
{
    struct client other;

    close_gate();
    client_send(
        &d.control,
        "{\"jsonrpc\":\"2.0\",\"id\":1000,\"method\":\"machine.create\",\"params\":{\"name\":"
        "\"other\",\"names\":[{\"name\":\"r\",\"driver\":\"ramfs\"},"
        "{\"name\":\"s\",\"driver\":\"ramfs\"}]}}");
    await_somebody();
    for (int i = 0; i < 100; i++)
        call_done_ok(&c, "SC_ERRNO", "[]");
    call_fails(&c, "machine.create", "{\"name\":\"other\"}", EEXIST, NULL);
    client_send(&d.control,
                "{\"jsonrpc\":\"2.0\",\"id\":1001,\"method\":\"machine.info\",\"params\":"
                "{\"machine\":\"other\"}}");
    open_gate();
    cr_assert_eq(answer_to(&d.control, 1000), 0);
    cr_assert_eq(answer_to(&d.control, 1001), 0);

    client_open(&other, d.socket);
    call_done_ok(&d.control, "machine.create", "{\"name\":\"bare\"}");
    call_done_ok(&other, "session.open", "{\"machine\":\"bare\"}");
    close_gate();
    client_send(&other, "{\"jsonrpc\":\"2.0\",\"id\":100,\"method\":\"SC_MAKE_FS\",\"params\":"
                        "[\"ramfs\",\"first\"]}");
    send_open(&other, 101, "first:/a");
    await_somebody();
    for (int i = 0; i < 100; i++)
        call_done_ok(&c, "SC_ERRNO", "[]");
    open_gate();
    cr_assert_eq(answer_to(&other, 100), 0);
    cr_assert_eq(answer_to(&other, 101), 0);
    client_close(&other);
    call_done_ok(&d.control, "machine.destroy", "{\"machine\":\"other\"}");
    call_done_ok(&d.control, "machine.destroy", "{\"machine\":\"bare\"}");
    daemon_await_stat(&d, "machines", 1);
}

/** Have a machine made whose second filesystem is r: like its first. */
static void send_make_twice(struct client *to, const char *driver)
{
    client_sendf(to,
                 "{\"jsonrpc\":\"2.0\",\"id\":100,\"method\":\"machine.create\",\"params\":"
                 "{\"name\":\"other\",\"transient\":true,\"names\":"
                 "[{\"name\":\"r\",\"driver\":\"ramfs\"},{\"name\":\"r\",\"driver\":\"%s\"}]}}",
                 driver);
}

Test(slow_daemon, a_machine_that_is_not_to_be_leaves_nothing)
{
    struct client other;

    client_open(&other, d.socket);
    send_make_twice(&other, "ramfs"); /* two of one name */
    cr_assert_eq(answer_to(&other, 100), EEXIST);
    daemon_await_stat(&d, "machines", 1);
    close_gate();
    send_make_twice(&other, "devfs");
    await_somebody();
    client_send(&other,
                "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":100}}");
    open_gate();
    cr_assert_neq(answer_to(&other, 100), 0);
    daemon_await_stat(&d, "machines", 1);
    close_gate();
    send_make_twice(&other, "devfs");
    await_somebody();
    client_close(&other);
    call_done_ok(&d.control, "server.info", "{}");
    open_gate();
    daemon_await_stat(&d, "machines", 1);
}

/** Whoever makes a machine cancels, or goes, at each place where its second filesystem has it stand. */
Test(slow_daemon, the_second_filesystem_of_a_machine_that_is_not_to_be)
{
    const char *names =
        "[{\"name\":\"r\",\"driver\":\"ramfs\"},{\"name\":\"s\",\"driver\":\"ramfs\"},"
        "{\"name\":\"t\",\"driver\":\"ramfs\"}]";

    for (int passes = 1; passes <= 4; passes++) { /* a filesystem has it stand twice */
        const bool cancels = passes % 2 == 0;
        struct client other;

        client_open(&other, d.socket);
        close_gate();
        client_sendf(&other,
                     "{\"jsonrpc\":\"2.0\",\"id\":100,\"method\":\"machine.create\",\"params\":{"
                     "\"name\":\"other\",\"names\":%s}}",
                     names);
        await_somebody();
        for (int i = 0; i < passes; i++) {
            pass_gate();
            await_somebody();
        }
        if (cancels)
            client_send(&other, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\","
                                "\"params\":{\"id\":100}}");
        else
            client_close(&other);
        for (int i = 0; i < 100; i++) /* requests use what others have left */
            call_done_ok(&c, "server.info", "{}");
        open_gate();
        if (cancels) {
            cr_assert_neq(answer_to(&other, 100), 0);
            client_close(&other);
        }
        daemon_await_stat(&d, "machines", 1);
    }
}

/** Nobody waits for a filesystem that is not wanted any more: the gate stays closed. */
Test(slow_daemon, a_filesystem_that_is_being_made_is_given_up)
{
    struct client other;

    close_gate();
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":100,\"method\":\"SC_MAKE_FS\",\"params\":"
                    "[\"ramfs\",\"made\"]}");
    await_somebody();
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":100}}");
    cr_assert_eq(answer_to(&c, 100), CALL_CANCELLED);
    call_fails(&c, "SC_RM_FS", "[\"made\"]", ENODEV, NULL);
    pass_gate();
    client_open(&other, d.socket);
    send_make_twice(&other, "devfs");
    await_somebody();
    call_done_ok(&d.control, "machine.destroy", "{\"machine\":\"other\"}");
    cr_assert_neq(answer_to(&other, 100), 0);
    daemon_await_stat(&d, "machines", 1);
    pass_gate();
    send_make_twice(&other, "devfs");
    await_somebody();
    client_close(&other);
    daemon_await_stat(&d, "machines", 1);
    open_gate();
}

/** Wait until the daemon's log has a text. */
static void await_log(const char *text)
{
    char log[65536];
    ssize_t len;
    int fd;

    do {
        (void)sched_yield();
        fd = open(d.log, O_RDONLY | O_CLOEXEC);
        len = read(fd, log, sizeof(log) - 1);
        (void)close(fd);
        cr_assert_geq(len, 0);
        log[len] = '\0';
    } while (strstr(log, text) == NULL);
}

Test(slow_daemon_stop, what_a_stop_waits_for_is_said)
{
    begin();
    close_gate();
    send_open(&c, 100, "root:/a");
    await_somebody();
    client_close(&c);
    cr_assert_eq(kill(d.pid, SIGTERM), 0);
    await_log("the stop waits for machine default and its filesystem of driver ramfs");
    open_gate();
    cJSON_free(d.census); /* nobody can ask for another one */
    d.census = NULL;
    daemon_stop(&d);
    remove_gate_dir();
}

/** A connection that cannot end, because its request is inside of a slot that cannot be interrupted. */
Test(slow_daemon_stop, so_is_what_a_connection_waits_for)
{
    int64_t fd;

    begin();
    fd = call_int(&c, "SC_OPEN", "[\"root:/a\",[\"WRITE\",\"CREATE\"]]", "fd");
    close_gate();
    client_sendf(&c, "{\"jsonrpc\":\"2.0\",\"id\":100,\"method\":\"SC_CLOSE\",\"params\":[%d]}",
                 (int)fd);
    await_somebody();
    cr_assert_eq(kill(d.pid, SIGTERM), 0);
    await_log("the stop waits for machine default and its filesystem of driver ramfs");
    open_gate();
    client_close(&c);
    cJSON_free(d.census);
    d.census = NULL;
    daemon_stop(&d);
    remove_gate_dir();
}

/** The daemon stops, though a slot does not come back. */
Test(slow_daemon_stop, a_slot_that_hangs_is_left)
{
    begin();
    call_done_ok(&c, "SC_MAKE_FS", BRIEF);
    close_gate();
    send_open(&c, 100, "brief:/a");
    cr_assert_eq(answer_to(&c, 100), EIO);
    cr_assert_eq(unlink(gate), 0);
    client_close(&c);
    daemon_stop(&d);
    remove_gate_dir();
}
