/* SPDX-License-Identifier: MIT */
#include "fsdrivers/devfs/device.h"

#include "schema/calls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CLOCK_TEXT_MAX = 24 }; /* 20 digits, a newline, NUL */

static int64_t read_end(const struct fs_env *env, const struct fs_caller *who, struct fs_buf buf,
                        int64_t off)
{
    (void)off;
    (void)env;
    (void)who;
    (void)buf;
    return 0;
}

static int64_t read_zeros(const struct fs_env *env, const struct fs_caller *who, struct fs_buf buf,
                          int64_t off)
{
    (void)off;
    (void)env;
    (void)who;
    memset(buf.ptr, 0, buf.len);
    return (int64_t)buf.len;
}

static int64_t read_random(const struct fs_env *env, const struct fs_caller *who, struct fs_buf buf,
                           int64_t off)
{
    (void)off;
    (void)who;
    env->random(env->user, buf.ptr, buf.len);
    return (int64_t)buf.len;
}

static int64_t read_clock(const struct fs_env *env, const struct fs_caller *who, struct fs_buf buf,
                          int64_t off)
{
    char text[CLOCK_TEXT_MAX];
    int64_t size = snprintf(text, sizeof(text), "%" PRIu64 "\n", env->now_ns(env->user));
    int64_t count = off < size ? size - off : 0;

    (void)who;
    if ((uint64_t)count > buf.len)
        count = (int64_t)buf.len;
    if (count > 0)
        memcpy(buf.ptr, text + off, (size_t)count);
    return count;
}

static int64_t read_input(const struct fs_env *env, const struct fs_caller *who, struct fs_buf buf,
                          int64_t off)
{
    (void)off;
    return env->input(env->user, who, buf.ptr, buf.len);
}

static int64_t write_console(const struct fs_env *env, const struct fs_caller *who,
                             struct fs_bytes bytes)
{
    env->console(env->user, who, bytes.ptr, bytes.len);
    return (int64_t)bytes.len;
}

static int64_t write_nowhere(const struct fs_env *env, const struct fs_caller *who,
                             struct fs_bytes bytes)
{
    (void)env;
    (void)who;
    return (int64_t)bytes.len;
}

static int64_t write_full(const struct fs_env *env, const struct fs_caller *who,
                          struct fs_bytes bytes)
{
    (void)env;
    (void)who;
    return bytes.len > 0 ? -ENOSPC : 0;
}

static bool input_is_ready(const struct fs_env *env, const struct fs_caller *who)
{
    return env->input_ready(env->user, who);
}

static int command_tty(const struct fs_env *env, const struct fs_caller *who, uint32_t command,
                       struct fs_buf data)
{
    struct fs_window window;
    uint32_t count;

    switch (command) {
    case SC_COMMAND_TTY_GET_WINDOW:
        env->window(env->user, who, &window);
        memcpy(data.ptr, &window, sizeof(window));
        return 0;
    case SC_COMMAND_TTY_SET_WINDOW:
        memcpy(&window, data.ptr, sizeof(window));
        return env->set_window(env->user, who, &window);
    case SC_COMMAND_TTY_GET_TYPED:
        count = (uint32_t)env->input_count(env->user, who);
        memcpy(data.ptr, &count, sizeof(count));
        return 0;
    default:
        return -ENOTTY;
    }
}

static int command_random(const struct fs_env *env, const struct fs_caller *who, uint32_t command,
                          struct fs_buf data)
{
    (void)who;
    if (command != SC_COMMAND_RANDOM_MIX)
        return -ENOTTY;
    env->mix(env->user, data.ptr, data.len);
    return 0;
}

const struct fs_command device_commands[] = {
#define SC_COMMAND(NAME, number, in_size, out_size, doc) {number, in_size, out_size, #NAME},
#include "schema/commands.def"
    {.name = NULL},
};

const struct device device_table[] = {
    {"clock", 10, 135, false, read_clock, write_nowhere, NULL, NULL},
    {"console", 5, 1, true, read_input, write_console, input_is_ready, command_tty},
    {"full", 1, 7, false, read_zeros, write_full, NULL, NULL},
    {"null", 1, 3, false, read_end, write_nowhere, NULL, NULL},
    {"random", 1, 8, false, read_random, write_nowhere, NULL, command_random},
    {"tty", 5, 0, true, read_input, write_console, input_is_ready, command_tty},
    {"zero", 1, 5, false, read_zeros, write_nowhere, NULL, NULL},
};
const size_t device_count = sizeof device_table / sizeof device_table[0];

int device_command(const struct device *dev, const struct fs_env *env, const struct fs_caller *who,
                   uint32_t command, struct fs_buf data)
{
    return dev == NULL || dev->command == NULL ? -ENOTTY : dev->command(env, who, command, data);
}

bool device_is_ready(const struct device *dev, const struct fs_env *env,
                     const struct fs_caller *who, bool write)
{
    return write || dev->is_ready == NULL || dev->is_ready(env, who);
}
