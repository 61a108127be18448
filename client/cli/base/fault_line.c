/* SPDX-License-Identifier: MIT */
#include "client/cli/base/fault_line.h"

#include "client/cli/base/host_file.h"
#include "client/lib/clock.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PROGRAM_MAX = 64 << 20, /* bytes of a program that is read */
    MEMORY_MAX = 256 << 20, /* bytes of address space the child has beside it and us */
    CPU_SECONDS = 2,
    TIME_MS = 3000,
    HEX = 16,
};

/* Sanitizers map memory in the middle of work, and more than any limit. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#else
#define OUR_ARCH 0 /* nothing is looked up */
#endif

static const char callers[] = ", called from 0x";

/** Read the calls that led to a fault: ", called from 0x…, 0x…". */
static size_t take_callers(const char *text, size_t count, uint64_t out[FAULT_ADDRESSES_MAX])
{
    const char *at = strstr(text, callers);
    char *end;

    if (at == NULL)
        return count;
    at += strlen(callers);
    while (count < FAULT_ADDRESSES_MAX) {
        out[count++] = strtoull(at, &end, HEX) - 1;
        if (strncmp(end, ", 0x", 4) != 0)
            break;
        at = end + 4;
    }
    return count;
}

size_t fault_addresses(const char *text, uint64_t out[FAULT_ADDRESSES_MAX])
{
    static const struct {
        const char *words;
        unsigned back; /* bytes to step back, into the call before a return address */
    } forms[] = {
        {"by the instruction at 0x", 0},
        {"the return address on the stack is 0x", 1},
    };

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *at = strstr(text, forms[i].words);

        if (at == NULL)
            continue;
        out[0] = strtoull(at + strlen(forms[i].words), NULL, HEX) - forms[i].back;
        return take_callers(at, 1, out);
    }
    return 0;
}

static void limit(__rlimit_resource_t what, rlim_t value)
{
    const struct rlimit r = {value, value};

    (void)setrlimit(what, &r);
}

#define ALLOW(nr)                                                                                  \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##nr, 0, 1),                                           \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/** Restrict this process to memory, write and exit; other calls fail with EPERM. Returns 0 or
 * -errno. */
static int filter_calls(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(write),
        ALLOW(exit_group),
        ALLOW(exit),
        ALLOW(brk),
        ALLOW(mmap),
        ALLOW(munmap),
        ALLOW(mremap),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    const struct sock_fprog program = {sizeof code / sizeof code[0], code};

    if (OUR_ARCH == 0)
        return -ENOTSUP;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        return -errno;
    return 0;
}

/** Drop everything except some memory, some processor time, and one pipe, which becomes 0.
 * Returns 0 or -errno. */
static int enter_cage(int pipe_fd, size_t image_size)
{
    limit(RLIMIT_CPU, CPU_SECONDS);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    if (dup2(pipe_fd, 0) < 0 || close_range(1, UINT_MAX, 0) < 0)
        return -errno;
    if (SANITIZED)
        return 0;
    limit(RLIMIT_AS, image_size + MEMORY_MAX);
    return filter_calls();
}

/** The child: it does not return. */
static _Noreturn void look(char *image, size_t size, const uint64_t *addrs, size_t count,
                           int pipe_fd)
{
    if (enter_cage(pipe_fd, size) == 0)
        fault_dwarf_find(image, size, addrs, count, 0);
    _exit(0);
}

/** Read the child's output until it ends or the time is over. Returns the number of bytes. */
static size_t take_words(int fd, char *buf, size_t size)
{
    const int64_t deadline = clock_ms() + TIME_MS;
    size_t len = 0;

    while (len < size) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        const int64_t left = deadline - clock_ms();
        ssize_t got = 0;

        if (left <= 0)
            return 0;
        if (poll(&p, 1, (int)left) <= 0)
            continue;
        got = read(fd, buf + len, size - len);
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    return len;
}

/** The child's output as plain text, with other bytes replaced. NULL: none. */
static char *plain(const char *words, size_t len)
{
    char *text = len > 0 ? strndup(words, len) : NULL;

    for (char *c = text; c != NULL && *c != '\0'; c++) {
        if (*c < ' ' || *c > '~')
            *c = '?';
    }
    return text;
}

/** Let a child search a program in memory. */
static char *ask_child(char *image, size_t size, const uint64_t *addrs, size_t count)
{
    char words[FAULT_PLACE_MAX];
    size_t len = 0;
    pid_t child = 0;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    child = fork();
    if (child == 0)
        look(image, size, addrs, count, ends[1]);
    (void)close(ends[1]);
    if (child > 0) {
        len = take_words(ends[0], words, sizeof words);
        (void)kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    (void)close(ends[0]);
    return plain(words, len);
}

char *fault_place(const char *text, int fd)
{
    char *place = NULL;
    void *image = NULL;
    uint64_t addrs[FAULT_ADDRESSES_MAX];
    const size_t count = fault_addresses(text, addrs);
    struct stat st;

    if (count == 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
        st.st_size > PROGRAM_MAX)
        return NULL;
    image = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (image == MAP_FAILED)
        return NULL;
    place = ask_child(image, (size_t)st.st_size, addrs, count);
    (void)munmap(image, (size_t)st.st_size);
    return place;
}

char *fault_words(const char *text, const char *place)
{
    const char *called = place != NULL ? strstr(text, callers) : NULL;
    const size_t len = called != NULL ? (size_t)(called - text) : strlen(text);
    struct strbuf words = STRBUF_INIT;

    (void)strbuf_addf(&words, "%s%s", place != NULL ? place : "", place != NULL ? ": " : "");
    (void)strbuf_add(&words, text, len);
    if (called != NULL)
        (void)strbuf_adds(&words, called + strcspn(called, ";"));
    return strbuf_take(&words);
}

char *fault_place_in(const char *text, const char *path)
{
    int fd = host_open(path, PROGRAM_MAX, 0, NULL, NULL);
    char *place = fd >= 0 ? fault_place(text, fd) : NULL;

    if (fd >= 0)
        (void)close(fd);
    return place;
}
