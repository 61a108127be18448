/* SPDX-License-Identifier: MIT */
/* Limits of machines, as clients meet them; and what the daemon shares among its machines. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct daemon d;
static struct client c;

Test(machine_limits, of_all_machines, .timeout = 60)
{
    daemon_begin(&d, &c,
                 "{\"machine_limits\":{\"procs\":5,\"storage\":65536,\"channels\":1000000}}");
    call_done_ok(&c, "machine.create", "{\"name\":\"y\",\"limits\":{\"channels\":1000000}}");
    call_done_ok(&c, "machine.destroy", "[\"y\"]"); /* the configuration's word counts */
    call_fails(&c, "machine.create", "{\"limits\":{\"procs\":6}}", 22, "limit procs");
    call_done_ok(&c, "machine.create",
                 "{\"name\":\"v\",\"limits\":{\"storage\":4096},\"names\":[]}");
    call_fails(&c, "machine.create",
               "{\"limits\":{\"storage\":100},\"names\":[{\"name\":\"a\",\"driver\":\"ramfs\"}]}",
               28, NULL);
    call_done_ok(&c, "machine.destroy", "[\"v\"]");
    daemon_end(&d, &c);
}

Test(machine_limits, of_a_machine, .timeout = 60)
{
    daemon_begin(&d, &c, NULL);
    call_done_ok(&c, "machine.create",
                 "{\"name\":\"small\",\"limits\":{\"procs\":3,\"fds\":1,\"names\":1,\"memory\":"
                 "8192,\"regions\":1},"
                 "\"names\":[{\"name\":\"root\",\"driver\":\"ramfs\"}]}");
    call_done_ok(&c, "session.open", "{\"machine\":\"small\"}");
    call_expect(&c, "SC_NEW_PROC", NULL, "{\"pid\":3}");
    call_fails(&c, "SC_NEW_PROC", NULL, 11, NULL);
    call_fails(&c, "session.open", "{\"machine\":\"small\"}", 11, NULL);
    call_done_ok(&c, "SC_OPEN", "[\"root:/\",[\"READDIR\"]]");
    call_fails(&c, "SC_OPEN", "[\"root:/\",[\"READDIR\"]]", 24, NULL);
    call_fails(&c, "SC_SUBFS", "{\"new_name\":\"x\",\"from_fs\":\"root\",\"ok_modes\":1}", 24,
               NULL);
    call_fails(&c, "SC_MMAP", "[4096,12288,1]", 12, NULL);
    call_done_ok(&c, "SC_MMAP", "[4096,8192,1]");
    call_fails(&c, "SC_MMAP", "[65536,4096,1]", 12, NULL);
    call_done_ok(&c, "machine.destroy", "[\"small\"]");
    daemon_end(&d, &c);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { OWN_MALLOC = false };
#else
enum { OWN_MALLOC = true };
#endif

/** KiB of memory that the daemon has. */
static long resident(void)
{
    char path[64];
    char line[256];
    long kib = -1;
    FILE *f = fopen(text_of(path, sizeof(path), "/proc/%d/status", (int)d.pid), "r");

    cr_assert_not_null(f);
    while (fgets(line, sizeof(line), f) != NULL)
        (void)sscanf(line, "VmRSS: %ld", &kib);
    (void)fclose(f);
    return kib;
}

/** Write a MiB to root:/FILE. */
static void write_mib(const char *file, const char *piece, size_t len)
{
    char params[64];
    char *line = malloc(len + 128);
    int64_t fd =
        call_int(&c, "SC_OPEN", text_of(params, sizeof(params), "[\"root:/%s\",18]", file), "fd");

    for (size_t done = 0; done < 1 << 20; done += len)
        call_done_ok(&c, "SC_WRITE",
                     text_of(line, len + 128, "[%d,%zu,\"%s\"]", (int)fd, done, piece));
    call_done_ok(&c, "SC_CLOSE", text_of(params, sizeof(params), "[%d]", (int)fd));
    free(line);
}

/** What machines had and gave back is the host's again, even if blocks in use lie in between. */
Test(machine_limits, memory_goes_back_to_the_host, .timeout = 60)
{
    enum { FILES = 40, PIECE = 128 * 1024, WAIT_US = 100000 };
    char *piece = malloc(PIECE + 1);
    char name[32];
    long start;

    if (!OWN_MALLOC) /* a sanitizer keeps what is free on purpose */
        cr_skip_test("another malloc");
    memset(piece, 'x', PIECE);
    piece[PIECE] = '\0';
    daemon_begin(&d, &c, NULL);
    start = resident();
    for (int i = 0; i < FILES; i++)
        write_mib(text_of(name, sizeof(name), "f%d", i), piece, PIECE);
    write_mib("last", piece, PIECE);
    cr_assert(resident() > start + FILES * 1024);
    for (int i = 0; i < FILES; i++)
        call_done_ok(&c, "SC_DELETE", text_of(name, sizeof(name), "[\"root:/f%d\"]", i));
    for (int i = 0; i < 300 && resident() > start + FILES * 1024 / 2; i++)
        (void)usleep(WAIT_US);
    cr_assert(resident() <= start + FILES * 1024 / 2, "%ld KiB, %ld at the start", resident(),
              start);
    call_done_ok(&c, "SC_DELETE", "[\"root:/last\"]");
    daemon_end(&d, &c);
    free(piece);
}

/** Map a page of a new file root:/fN. Returns the error's code, 0 when it was mapped. */
static int map_new(struct client *client, int n)
{
    char params[64];
    const cJSON *error;
    cJSON *answer;
    int code = 0;
    int64_t fd =
        call_int(client, "SC_OPEN", text_of(params, sizeof(params), "[\"root:/f%d\",27]", n), "fd");

    answer = client_call(
        client, "SC_MMAP_FILE",
        text_of(params, sizeof(params), "[%d,0,%d,4096,1]", (int)fd, 0x100000 + n * 4096));
    error = cJSON_GetObjectItemCaseSensitive(answer, "error");
    if (error != NULL) {
        char *text = cJSON_PrintUnformatted(error);

        code = cJSON_GetObjectItemCaseSensitive(error, "code")->valueint;
        cr_assert(strstr(text, "limit descriptors") != NULL, "%s", text);
        cJSON_free(text);
    }
    cJSON_Delete(answer);
    return code;
}

/** A machine that takes all the descriptors it gets leaves some to newcomers. */
Test(machine_limits, descriptors_are_shared, .timeout = 60)
{
    enum { OPEN_FILES = 128, MOST = 100 };
    struct client newcomer;
    char params[64];
    int taken = 0;

    daemon_open_files = OPEN_FILES;
    daemon_begin(&d, &c, NULL);
    while (taken < MOST && map_new(&c, taken) == 0)
        taken++;
    cr_assert(taken >= 8 && taken < MOST, "%d", taken);
    cr_assert_eq(map_new(&c, taken), 12);
    client_open(&newcomer, d.socket);
    call_done_ok(&newcomer, "machine.create",
                 "{\"name\":\"x\",\"names\":[{\"name\":\"root\",\"driver\":\"ramfs\"}]}");
    call_done_ok(&newcomer, "session.open", "{\"machine\":\"x\"}");
    for (int i = 0; i < 8; i++)
        cr_assert_eq(map_new(&newcomer, i), 0);
    call_done_ok(&newcomer, "machine.destroy", "[\"x\"]");
    client_close(&newcomer);
    call_done_ok(&c, "session.close", NULL);
    call_done_ok(&c, "session.open", NULL);
    cr_assert_eq(map_new(&c, 0), 0, "they are free again");
    for (int i = 1; i <= taken; i++)
        call_done_ok(&c, "SC_DELETE", text_of(params, sizeof(params), "[\"root:/f%d\"]", i));
    call_done_ok(&c, "SC_MUNMAP", "[1048576]");
    call_done_ok(&c, "SC_CLOSE", "[1]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/f0\"]");
    call_done_ok(&c, "session.close", NULL);
    daemon_end(&d, &c);
}
