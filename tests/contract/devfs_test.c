/* SPDX-License-Identifier: MIT */
/* The devices: what each reads and takes, and that their tree never changes. */
#include "fsdrivers/devfs/device.h"
#include "schema/calls.h"
#include "schema/drivers.h"
#include "tests/contract/bed.h"

#include <string.h>

static void devfs_body(struct bed *b, void (*body)(struct bed *))
{
    bed_init(b, "devfs");
    IS(bed_open(b, NULL), 0);
    body(b);
    bed_done(b);
}

#define DEVFS(name)                                                                                \
    static void name(struct bed *b);                                                               \
    Test(devfs, name)                                                                              \
    {                                                                                              \
        struct bed bed;                                                                            \
        devfs_body(&bed, name);                                                                    \
    }                                                                                              \
    static void name(struct bed *b)

DEVFS(readdir_lists_devices)
{
    cr_assert_str_eq(names_of(b, "/"), " clock console full null random tty zero");
    for (size_t i = 0; i < device_count; i++)
        cr_assert(strstr(DEVFS_DOC, device_table[i].name) != NULL, "DEVFS_DOC lacks the device %s",
                  device_table[i].name);
    IS(stat_of(b, "/null").mode, S_IFCHR | 0666);
    IS(stat_of(b, "/").mode, S_IFDIR | 0755);
    cr_assert(stat_of(b, "/null").ino != stat_of(b, "/zero").ino);
}

DEVFS(console_write_reaches_env)
{
    struct fs_file f;

    open_file(b, "/console", FS_O_RDWR, &f);
    IS(f.nonseekable, true);
    IS(bed_write(b, "/console", "hel", 3, 0, &f), 3);
    IS(bed_write(b, NULL, "lo\n", 3, 999, &f), 3);
    IS(FS(close, NULL, &f), 0);
    IS(bed_write(b, "/console", "!", 1, 0, NULL), 1);
    cr_assert_str_eq(strbuf_str(&b->console), "hello\n!");
}

DEVFS(tty_and_console_read_what_was_typed_EAGAIN)
{
    static const char *const names[] = {"/console", "/tty"};
    struct fs_file f;
    char buf[8];

    for (int i = 0; i < 2; i++) {
        open_file(b, names[i], FS_O_RDWR, &f);
        IS(f.nonseekable, true);
        b->typed = NULL;
        IS(FS(poll, NULL, false, &f), false);
        IS(FS(poll, names[i], true, NULL), true);
        IS(bed_read(b, NULL, buf, 8, 0, &f), -EAGAIN);
        b->typed = "hello";
        IS(FS(poll, names[i], false, NULL), true);
        IS(bed_read(b, NULL, buf, 3, 77, &f), 3);
        IS(bed_read(b, names[i], buf, 8, 0, NULL), 2);
        cr_assert(memcmp(buf, "lo", 2) == 0);
        IS(bed_read(b, NULL, buf, 8, 0, &f), 0);
        IS(FS(close, NULL, &f), 0);
    }
    IS(bed_write(b, "/tty", "out", 3, 0, NULL), 3);
    cr_assert_str_eq(strbuf_str(&b->console), "out");
    IS(FS(poll, "/null", false, NULL), true);
}

DEVFS(clock_tells_the_time_in_decimal)
{
    char text[32] = "";
    char rest[32] = "";

    b->clock = 1234567890123456789;
    IS(bed_read(b, "/clock", text, 31, 0, NULL), 20);
    cr_assert_str_eq(text, "1234567890123456789\n");
    IS(bed_read(b, "/clock", rest, 31, 18, NULL), 2);
    IS(bed_read(b, "/clock", rest, 31, 20, NULL), 0);
    IS(bed_read(b, "/clock", rest, 4, 0, NULL), 4);
    cr_assert(memcmp(rest, "1234", 4) == 0);
    IS(bed_write(b, "/clock", "0", 1, 0, NULL), 1);
}

DEVFS(devices_read_and_take)
{
    char bytes[4] = "####";

    IS(bed_read(b, "/null", bytes, 4, 0, NULL), 0);
    IS(bytes[0], 0);
    memcpy(bytes, "####", 4);
    IS(bed_read(b, "/zero", bytes, 4, 1 << 20, NULL), 4);
    cr_assert(memcmp(bytes, "\0\0\0", 4) == 0);
    IS(bed_read(b, "/full", bytes, 4, 0, NULL), 4);
    IS(bed_read(b, "/random", bytes, 4, 0, NULL), 4);
    cr_assert(bytes[0] != 0);
    IS(bed_write(b, "/null", "x", 1, 0, NULL), 1);
    IS(bed_write(b, "/zero", "x", 1, 0, NULL), 1);
    IS(bed_write(b, "/random", "x", 1, 0, NULL), 1);
    IS(bed_write(b, "/full", "x", 1, 0, NULL), -ENOSPC);
    IS(FS(truncate, "/null", 0, NULL), 0);
}

DEVFS(tty_commands)
{
    struct fs_window window = {.rows = 9};
    const struct fs_window wide = {50, 132, 1320, 1000};
    struct fs_file f;
    uint32_t count = 1;

    open_file(b, "/tty", FS_O_RDONLY, &f);
    IS(bed_ioctl(b, NULL, SC_COMMAND_TTY_GET_WINDOW, &window, &f), 0);
    IS(window.rows, 0);
    window = wide;
    IS(bed_ioctl(b, NULL, SC_COMMAND_TTY_SET_WINDOW, &window, &f), 0);
    window = (struct fs_window){0};
    IS(bed_ioctl(b, "/console", SC_COMMAND_TTY_GET_WINDOW, &window, NULL), 0);
    cr_assert(memcmp(&window, &wide, sizeof(wide)) == 0);
    IS(bed_ioctl(b, "/console", SC_COMMAND_TTY_GET_TYPED, &count, NULL), 0);
    IS(count, 0);
    b->typed = "hello";
    IS(bed_ioctl(b, NULL, SC_COMMAND_TTY_GET_TYPED, &count, &f), 0);
    IS(count, 5);
    IS(FS(close, NULL, &f), 0);
}

DEVFS(random_mix)
{
    static char bytes[32];

    fill(bytes, sizeof(bytes), 3);
    IS(bed_ioctl(b, "/random", SC_COMMAND_RANDOM_MIX, bytes, NULL), 0);
    IS(b->mixed.len, sizeof(bytes));
    cr_assert(memcmp(b->mixed.ptr, bytes, sizeof(bytes)) == 0);
}

DEVFS(commands_of_others_ENOTTY)
{
    static const struct fs_window zero;
    char bytes[32] = "";

    IS(bed_ioctl(b, "/console", 7, bytes, NULL), -ENOTTY);
    IS(bed_ioctl(b, "/console", SC_COMMAND_BLOCKDEV_GET_BLOCK_SIZE, bytes, NULL), -ENOTTY);
    IS(bed_ioctl(b, "/tty", SC_COMMAND_RANDOM_MIX, bytes, NULL), -ENOTTY);
    IS(bed_ioctl(b, "/random", SC_COMMAND_TTY_SET_WINDOW, bytes, NULL), -ENOTTY);
    IS(bed_ioctl(b, "/null", SC_COMMAND_TTY_GET_WINDOW, bytes, NULL), -ENOTTY);
    IS(bed_ioctl(b, "/", SC_COMMAND_TTY_GET_WINDOW, bytes, NULL), -ENOTTY);
    IS(bed_ioctl(b, "/no", SC_COMMAND_TTY_GET_WINDOW, bytes, NULL), -ENOENT);
    cr_assert(memcmp(&b->window, &zero, sizeof(zero)) == 0);
}

DEVFS(commands_fit_their_buffer)
{
    for (const struct fs_command *c = b->fs->commands; c->name != NULL; c++)
        cr_assert(fs_command_size(c) <= FS_COMMAND_MAX, "%s", c->name);
}

DEVFS(changes_EROFS)
{
    IS(FS(mknod, "/x", S_IFREG), -EROFS);
    IS(FS(mkdir, "/x", 0755), -EROFS);
    IS(FS(symlink, "null", "/x"), -EROFS);
    IS(FS(link, "/null", "/x"), -EROFS);
    IS(FS(mknod, "/null", S_IFREG), -EEXIST);
    IS(FS(mknod, "/null/x", S_IFREG), -ENOTDIR);
    IS(FS(mknod, "/no/x", S_IFREG), -ENOENT);
    IS(FS(unlink, "/null"), -EROFS);
    IS(FS(unlink, "/no"), -ENOENT);
    IS(FS(rmdir, "/null"), -ENOTDIR);
    IS(FS(rmdir, "/"), -EBUSY);
    IS(FS(rename, "/null", "/x", FS_RENAME_REPLACE), -EROFS);
    IS(FS(chmod, "/null", 0, NULL), -EROFS);
    IS(FS(chown, "/null", 1, 1, NULL), -EROFS);
    IS(FS(utimens, "/", 1, 1, NULL), -EROFS);
}

DEVFS(open_errors_of_devices)
{
    struct fs_file f = {.flags = FS_O_RDONLY};
    char byte;

    IS(FS(open, "/", &f), -EISDIR);
    IS(FS(open, "/no", &f), -ENOENT);
    IS(FS(open, "/null/x", &f), -ENOTDIR);
    IS(FS(opendir, "/null", &f), -ENOTDIR);
    IS(bed_read(b, "/", &byte, 1, 0, NULL), -EISDIR);
    IS(FS(readlink, "/null", &byte, 1), -EINVAL);
}
