/* SPDX-License-Identifier: MIT */
/* What a helper of archivefs can still do when an archive has taken it over. */
#include "fsdrivers/archivefs/helper/cage.h"
#include "tests/contract/bed.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ESCAPED = 1, CAGED = 2 };

/** Make a system call in a cage. Returns the signal that ended the process; 0 the call failed; -1 it did not. */
static int call(long number, long a, long b, long c, long d)
{
    const pid_t pid = fork();
    int status;

    cr_assert(pid >= 0);
    if (pid == 0) {
        if (cage_close() < 0)
            _exit(0);
        _exit(syscall(number, a, b, c, d, -1, 0) < 0 ? CAGED : ESCAPED);
    }
    IS(waitpid(pid, &status, 0), pid);
    cr_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == ESCAPED ||
              WEXITSTATUS(status) == CAGED);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) == ESCAPED ? -1 : 0;
}

/** No file of the host is opened, and nothing is learnt of one. */
Test(archivefs_cage, files_are_not_seen)
{
    static const char root[] = "/";
    static char room[4096];

    IS(call(SYS_newfstatat, AT_FDCWD, (long)root, (long)room, 0), 0);
    IS(call(SYS_stat, (long)root, (long)room, 0, 0), 0);
    IS(call(SYS_open, (long)root, O_RDONLY, 0, 0), 0);
    IS(call(SYS_openat, AT_FDCWD, (long)root, O_RDONLY, 0), 0);
    IS(call(SYS_access, (long)root, 0, 0, 0), 0);
    IS(call(SYS_readlink, (long)root, (long)room, sizeof(room), 0), 0);
    IS(call(SYS_statx, AT_FDCWD, (long)root, 0, 0), SIGSYS);
    IS(call(SYS_openat2, AT_FDCWD, (long)root, 0, 0), SIGSYS);
}

/** No other process is reached, none is made, and memory does not become code. */
Test(archivefs_cage, what_is_left_is_computing)
{
    IS(call(SYS_kill, getpid(), 0, 0, 0), SIGSYS);
    IS(call(SYS_ptrace, 0, 0, 0, 0), SIGSYS);
    IS(call(SYS_process_vm_writev, getpid(), 0, 0, 0), SIGSYS);
    IS(call(SYS_pidfd_open, getpid(), 0, 0, 0), SIGSYS);
    IS(call(SYS_clone, 0, 0, 0, 0), SIGSYS);
    IS(call(SYS_execve, 0, 0, 0, 0), SIGSYS);
    IS(call(SYS_socket, 1, 1, 0, 0), SIGSYS);
    IS(call(SYS_prlimit64, getpid(), 0, 0, 0), SIGSYS);
    IS(call(SYS_io_uring_setup, 1, 0, 0, 0), SIGSYS);
    IS(call(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS), SIGSYS);
    IS(call(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS), -1); /* this one is made */
}

/** A daemon may have lower limits than the cage, and no right to raise them. */
Test(archivefs_cage, lower_limits_stay)
{
    const struct rlimit low = {CAGE_CPU_S - 1, CAGE_CPU_S - 1};
    const struct rlimit files = {CAGE_DESCRIPTORS - 1, CAGE_DESCRIPTORS - 1};

    (void)setrlimit(RLIMIT_CPU, &low); /* it fails where the limit is lower already */
    IS(setrlimit(RLIMIT_NOFILE, &files), 0);
    IS(call(SYS_getppid, 0, 0, 0, 0), SIGSYS); /* it is closed */
}
