/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fs_env.h"

#include "server/base/check.h"

#include <errno.h>
#include <string.h>

/** What instances have taken. */
static uint64_t bytes_held;
static uint32_t descriptors_held;

static uint64_t now_ns(void *user)
{
    static uint64_t now = 1000;

    (void)user;
    return now++;
}

static void random_bytes(void *user, void *buf, size_t len)
{
    (void)user;
    memset(buf, 7, len);
}

static void console(void *user, const struct fs_caller *who, const char *bytes, size_t len)
{
    (void)user;
    (void)who;
    (void)bytes;
    (void)len;
}

static int64_t input(void *user, const struct fs_caller *who, char *buf, size_t len)
{
    (void)user;
    (void)who;
    (void)buf;
    (void)len;
    return -EAGAIN;
}

static bool input_ready(void *user, const struct fs_caller *who)
{
    (void)user;
    (void)who;
    return false;
}

static int each_proc(void *user, const struct fs_caller *who, fs_proc_fn fn, void *fn_user)
{
    (void)user;
    return fn(fn_user, who->pid);
}

static int proc_text(void *user, const struct fs_caller *who, int32_t pid, enum fs_proc_item item,
                     struct strbuf *out)
{
    (void)user;
    (void)who;
    (void)pid;
    (void)item;
    (void)out;
    return -ENOENT;
}

static bool take(void *user, uint64_t bytes)
{
    (void)user;
    bytes_held += bytes;
    return true;
}

static void give(void *user, uint64_t bytes)
{
    (void)user;
    CHECK(bytes <= bytes_held);
    bytes_held -= bytes;
}

static int take_descriptors(void *user, uint32_t count, struct why *why)
{
    (void)user;
    (void)why;
    descriptors_held += count;
    return 0;
}

static void give_descriptors(void *user, uint32_t count)
{
    (void)user;
    CHECK(count <= descriptors_held);
    descriptors_held -= count;
}

static int lower(void *user, const char *name, bool write, struct fs **out, struct why *why)
{
    (void)user;
    (void)write;
    (void)out;
    return why_add(why, -ENODEV, "there is no %s here", name != NULL ? name : "handle");
}

static void give_lower(void *user, struct fs *fs)
{
    (void)user;
    (void)fs;
    CHECK(false); /* none was given out */
}

const struct fs_env fuzz_env = {.now_ns = now_ns,
                                .random = random_bytes,
                                .console = console,
                                .input = input,
                                .input_ready = input_ready,
                                .each_proc = each_proc,
                                .proc_text = proc_text,
                                .take = take,
                                .give = give,
                                .take_descriptors = take_descriptors,
                                .give_descriptors = give_descriptors,
                                .lower = lower,
                                .give_lower = give_lower};

void fs_env_check(void)
{
    CHECK(bytes_held == 0 && descriptors_held == 0);
}
