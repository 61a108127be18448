/* SPDX-License-Identifier: MIT */
#include "fsdrivers/archivefs/helper/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/** What it may do. */
static const int allowed[] = {
    SCMP_SYS(read),         SCMP_SYS(pread64),
    SCMP_SYS(recvmsg),      SCMP_SYS(sendmsg),
    SCMP_SYS(close),        SCMP_SYS(lseek),
    SCMP_SYS(brk),          SCMP_SYS(munmap),
    SCMP_SYS(mremap),       SCMP_SYS(madvise),
    SCMP_SYS(futex),        SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(getrandom),    SCMP_SYS(alarm),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(exit),
    SCMP_SYS(exit_group),   SCMP_SYS(restart_syscall),
#ifdef SCBOX_SANITIZED
    SCMP_SYS(write),        SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_yield),  SCMP_SYS(getpid),
    SCMP_SYS(gettid),       SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction), SCMP_SYS(mprotect),
    SCMP_SYS(prctl),        SCMP_SYS(tgkill),
#endif
};

/** What libraries try, and can do without: it fails. newfstatat(), which fstat() may be, takes any path. */
static const int refused[] = {
    SCMP_SYS(open),    SCMP_SYS(openat),   SCMP_SYS(stat),   SCMP_SYS(lstat), SCMP_SYS(access),
    SCMP_SYS(sysinfo), SCMP_SYS(readlink), SCMP_SYS(getcwd), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
};

/** Set a limit, or keep the one of the daemon that is lower. */
static int limit(__rlimit_resource_t resource, rlim_t to)
{
    struct rlimit both;

    if (getrlimit(resource, &both) < 0)
        return -errno;
    if (both.rlim_max > to)
        both.rlim_max = to;
    both.rlim_cur = both.rlim_max;
    return setrlimit(resource, &both) == 0 ? 0 : -errno;
}

static int set_limits(void)
{
    int err = limit(RLIMIT_CPU, CAGE_CPU_S);

#ifndef SCBOX_SANITIZED /* they map terabytes */
    if (err == 0)
        err = limit(RLIMIT_AS, (rlim_t)CAGE_MEMORY_MIB << 20);
#endif
    if (err == 0)
        err = limit(RLIMIT_FSIZE, 0);
    if (err == 0)
        err = limit(RLIMIT_CORE, 0);
    return err == 0 ? limit(RLIMIT_NOFILE, CAGE_DESCRIPTORS) : err;
}

/** Memory can't become code. */
static int allow_memory(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp no_code = SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code);

#ifndef SCBOX_SANITIZED
    if (err == 0)
        err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code);
#endif
    return err;
}

/** When the host has no memory left, helpers end before the daemon. */
static void end_first(void)
{
    const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    (void)!write(fd, "1000", 4);
    (void)close(fd);
}

int cage_close(void)
{
    scmp_filter_ctx filter;
    int err;

    end_first(); /* before no file may be written */
    err = set_limits();
    if (err < 0)
        return err;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return -errno;
    filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        return -ENOMEM;
    for (size_t i = 0; err == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
        err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; err == 0 && i < sizeof(refused) / sizeof(refused[0]); i++)
        err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOENT), refused[i], 0);
    if (err == 0)
        err = allow_memory(filter);
    if (err == 0)
        err = seccomp_load(filter);
    seccomp_release(filter);
    return err;
}
