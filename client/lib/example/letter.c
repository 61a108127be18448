/* SPDX-License-Identifier: MIT */
/*
 * Write a letter in a running scboxd, and let a child process find that it may only read it.
 *
 *     cc -o letter letter.c $(pkg-config --cflags --libs scbox)
 *     ./letter
 */
#include <errno.h>
#include <scbox.h>
#include <scbox_calls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scbox_error error = SCBOX_ERROR_INIT;

/** End the program unless a call did what it should. */
static void need(int outcome, const char *doing)
{
    if (outcome == SCBOX_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", doing, error.name, error.reason);
    if (error.hint != NULL)
        fprintf(stderr, "try this: %s\n", error.hint);
    exit(1);
}

/** Put a file into the filesystem "disk". */
static void write_letter(struct scbox_conn *conn, const char *text)
{
    int32_t fd;

    need(scbox_make_fs(conn, "ramfs", "disk", 0, NULL, &error), "make_fs");
    need(scbox_create(conn, "disk:/home", SCBOX_FT_DIR, &error), "create");
    need(scbox_open(conn, "disk:/home/letter", SCBOX_FM_WRITE | SCBOX_FM_CREATE, &fd, &error),
         "open");
    need(scbox_write(conn, fd, 0, text, strlen(text), NULL, &error), "write");
    need(scbox_close(conn, fd, &error), "close");
}

/** Make a process that has one name, "home", which may be read. Returns its pid. */
static int32_t make_child(struct scbox_conn *conn)
{
    char params[64];
    int32_t pid;

    need(scbox_new_proc(conn, &pid, &error), "new_proc");
    need(scbox_bind_subfs(conn, "home", "disk", "/home", SCBOX_FM_READ, pid, &error), "bind_subfs");
    snprintf(params, sizeof params, "{\"pid\": %d}", (int)pid);
    need(scbox_call(conn, "proc.drive", params, SCBOX_FOREVER, NULL, &error), "proc.drive");
    return pid;
}

int main(void)
{
    struct scbox_conn *conn = NULL;
    struct scbox_proc_status status;
    char text[64];
    int32_t pid, fd;
    size_t len;

    need(scbox_connect(NULL, &conn, &error), "connect");
    write_letter(conn, "Dear reader,\n");
    pid = make_child(conn);

    scbox_act_as(conn, pid); /* what follows is done by the child */
    need(scbox_open(conn, "home:/letter", SCBOX_FM_READ, &fd, &error), "open");
    need(scbox_read(conn, fd, 0, sizeof text, text, &len, &error), "read");
    printf("the child reads: %.*s", (int)len, text);
    if (scbox_open(conn, "home:/letter", SCBOX_FM_WRITE, &fd, &error) == SCBOX_REFUSED)
        printf("it may not write: %s: %s\n", error.name, error.reason);
    need(scbox_exit(conn, 42, &error), "exit");

    scbox_act_as(conn, 0);
    need(scbox_proc_wait(conn, pid, &status, &error), "proc_wait");
    printf("it ended with %d\n", (int)status.return_code);
    scbox_error_done(&error);
    scbox_disconnect(conn);
    return 0;
}
