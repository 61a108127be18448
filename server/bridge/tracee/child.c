/* SPDX-License-Identifier: MIT */
/*
 * The first instants of a guest's host process: from clone() to execveat().
 *
 * The child runs in the daemon's address space, on a stack of its own, with the thread area (errno,
 * stack guard) of the thread that made it. So it makes raw system calls only, calls no library
 * function, and touches no memory but its stack and its struct child. It shares the daemon's fd
 * table, too, until CHILD_CLOSE: that is how the fd of the filter's listener arrives in the daemon.
 *
 * The filter kills what makes calls of another architecture. So the child of an i386 guest, which is
 * 64-bit code still, makes the calls behind the filter as i386 code does: by int $0x80, with pointers
 * of 32 bits.
 */
#include "server/bridge/tracee/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* Sanitizers would call into their run-time from the child. */
#define IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread"), noinline))

#define WORD(x) ((long)(x))

/** A system call that leaves errno alone. Returns as the kernel does: -errno on failure. */
IN_CHILD static long raw(long nr, long a, long b, long c, long d, long e)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

/** The same by the i386 way into the host's kernel. */
IN_CHILD static long raw_i386(long nr, long a, long b, long c, long d, long e)
{
    long result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "r8", "r9", "r10", "r11", "memory");
    return (int)result;
}

/** Note the outcome of a step. Returns whether it succeeded. */
IN_CHILD static bool did(struct child *c, enum child_step step, long result)
{
    c->step = step;
    if (result < 0)
        c->error = (int)-result;
    return result >= 0;
}

/** Die with the daemon, also when it died before we asked for it. */
IN_CHILD static long tie_to_parent(const struct child *c)
{
    long err = raw(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);

    if (err == 0 && raw(SYS_getppid, 0, 0, 0, 0, 0) != c->parent)
        err = -ESRCH;
    return err;
}

/** No core dump, and no file grows of it. */
IN_CHILD static long limit_files(void)
{
    struct rlimit none = {0, 0};
    long err = raw(SYS_prlimit64, 0, RLIMIT_CORE, WORD(&none), 0, 0);

    return err < 0 ? err : raw(SYS_prlimit64, 0, RLIMIT_FSIZE, WORD(&none), 0, 0);
}

/** Change the root to the jail's. */
IN_CHILD static long change_root(const struct jail *j)
{
    char here[] = ".";
    long err = raw(SYS_fchdir, j->root_fd, 0, 0, 0, 0);

    return err < 0 ? err : raw(SYS_chroot, WORD(here), 0, 0, 0, 0);
}

/** Drop all capabilities. No exec restores them, not even root's: no_new_privs is set by then. */
IN_CHILD static long drop_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}, {0, 0, 0}};

    return raw(SYS_capset, WORD(&header), WORD(none), 0, 0, 0);
}

/** First of all, since it may change what a parent may do with its child. */
IN_CHILD static bool enter_jail(struct child *c)
{
    const struct jail *j = &c->jail;

    if (j->user_fd >= 0 &&
        !did(c, CHILD_NAMESPACE, raw(SYS_setns, j->user_fd, CLONE_NEWUSER, 0, 0, 0)))
        return false;
    if (j->root_fd >= 0 && !did(c, CHILD_ROOT, change_root(j)))
        return false;
    return did(c, CHILD_CAPABILITIES, drop_capabilities());
}

IN_CHILD static long unblock_signals(void)
{
    unsigned long none = 0;

    return raw(SYS_rt_sigprocmask, SIG_SETMASK, WORD(&none), 0, sizeof(none), 0);
}

IN_CHILD static bool attach(struct child *c)
{
    return did(c, CHILD_DEATHSIG, tie_to_parent(c)) &&
           did(c, CHILD_SETSID, raw(SYS_setsid, 0, 0, 0, 0, 0)) &&
           did(c, CHILD_LIMITS, limit_files()) &&
           did(c, CHILD_TRACEME, raw(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0, 0)) &&
           did(c, CHILD_SIGMASK, unblock_signals()) &&
           did(c, CHILD_STOP, raw(SYS_kill, raw(SYS_getpid, 0, 0, 0, 0, 0), SIGSTOP, 0, 0, 0));
}

IN_CHILD static bool confine(struct child *c)
{
    const long flags =
        SECCOMP_FILTER_FLAG_NEW_LISTENER | (long)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    long listener;

    if (!did(c, CHILD_NO_NEW_PRIVS, raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
        return false;
    listener = raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, WORD(c->filter), 0, 0);
    c->listener = listener < 0 ? -1 : (int)listener; /* at once: a kill here would lose it */
    return did(c, CHILD_FILTER, listener);
}

/** close_range() has one number on all architectures. */
IN_CHILD static long close_between(const struct child *c, long first, long last, long flags)
{
    return c->arch->is_64 ? raw(SYS_close_range, first, last, flags, 0, 0)
                          : raw_i386(SYS_close_range, first, last, flags, 0, 0);
}

/** Leave the daemon's fd table, with only the stub, which closes at exec. */
IN_CHILD static bool close_all(struct child *c)
{
    long err = close_between(c, c->stub_fd + 1, WORD(~0U), CLOSE_RANGE_UNSHARE);

    if (err == 0 && c->stub_fd > 0)
        err = close_between(c, 0, c->stub_fd - 1, 0);
    return did(c, CHILD_CLOSE, err);
}

/** Become the stub. Returns -errno if that fails. */
IN_CHILD static long exec_stub(const struct child *c)
{
    enum { I386_EXECVEAT = 358 };
    char empty[] = "";
    char name[] = "guest";
    char *argv[] = {name, NULL};
    const uint32_t argv_i386[] = {(uint32_t)WORD(name), 0};

    if (!c->arch->is_64)
        return raw_i386(I386_EXECVEAT, c->stub_fd, WORD(empty), WORD(argv_i386),
                        WORD(&argv_i386[1]), AT_EMPTY_PATH);
    return raw(SYS_execveat, c->stub_fd, WORD(empty), WORD(argv), WORD(&argv[1]), AT_EMPTY_PATH);
}

IN_CHILD int child_main(void *arg)
{
    struct child *c = arg;

    if (enter_jail(c) && attach(c) && confine(c) && close_all(c))
        (void)did(c, CHILD_EXEC, exec_stub(c));
    (void)raw(SYS_exit_group, 1, 0, 0, 0, 0);
    return 1;
}

/* ThreadSanitizer puts a clone() of its own before the library's. In the child it makes its books anew, but
 * here these are the parent's. This is another name of the library's. */
#ifdef __SANITIZE_THREAD__
int __clone(int (*main)(void *), void *stack_end, int flags, void *arg, ...);
#define clone __clone
#endif

pid_t child_start(int (*main)(void *), void *arg, void *stack_end, int flags, int *pidfd)
{
    sigset_t all;
    sigset_t old;
    pid_t pid;
    int err;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    pid = clone(main, stack_end, CLONE_VM | flags | SIGCHLD, arg, pidfd);
    err = errno;
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return pid < 0 ? -err : pid;
}

IN_CHILD int child_try_jail(void *arg)
{
    struct child c = {.jail = *(struct jail *)arg};
    long failed = enter_jail(&c) ? 0 : 1;

    (void)raw(SYS_exit_group, failed, 0, 0, 0, 0);
    return 1;
}

IN_CHILD int child_open_namespace(void *arg)
{
    char path[] = "/proc/self/ns/user";
    long fd = raw(SYS_openat, AT_FDCWD, WORD(path), O_RDONLY | O_CLOEXEC, 0, 0);

    ((struct jail *)arg)->user_fd = fd < 0 ? -1 : (int)fd;
    (void)raw(SYS_exit_group, 0, 0, 0, 0, 0);
    return 1;
}

const char *child_step_name(enum child_step step)
{
    static const char *const names[] = {
        [CHILD_NAMESPACE] = "setns()",
        [CHILD_ROOT] = "chroot()",
        [CHILD_CAPABILITIES] = "capset()",
        [CHILD_DEATHSIG] = "prctl(PR_SET_PDEATHSIG)",
        [CHILD_SETSID] = "setsid()",
        [CHILD_LIMITS] = "setrlimit(RLIMIT_CORE, RLIMIT_FSIZE)",
        [CHILD_TRACEME] = "ptrace(PTRACE_TRACEME)",
        [CHILD_SIGMASK] = "sigprocmask()",
        [CHILD_STOP] = "kill(SIGSTOP)",
        [CHILD_NO_NEW_PRIVS] = "prctl(PR_SET_NO_NEW_PRIVS)",
        [CHILD_FILTER] = "seccomp() with a listener (Linux 5.19 or newer)",
        [CHILD_CLOSE] = "close_range()",
        [CHILD_EXEC] = "execveat() of a memfd",
    };

    return names[step];
}
